use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use hyper::http::uri::Authority;

/// By which names a browser may call this machine.
///
/// A page from elsewhere can have its own name resolved to 127.0.0.1, and would then be of one
/// origin with this server and free to read it ("DNS rebinding"). Its requests still name it in
/// `Host`, so other names than the known ones are refused.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Whether only this machine is listened to.
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    /// Of a server at an address, which the user has called by these names. Beyond this machine its
    /// own names are known, too.
    pub(crate) fn new(bound: IpAddr, mut names: Vec<String>) -> Self {
        let loopback = bound.is_loopback();
        names.push("localhost".to_owned());
        if !loopback {
            names.extend(own_names());
        }
        Self { loopback, names }
    }

    /// Whether a name, with or without a port, is of this server. An address is no name that
    /// anybody could have made resolve to it, but on the loopback other addresses have nothing
    /// to be there for.
    pub(super) fn know(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let named = self.names.iter().any(|known| bare.eq_ignore_ascii_case(known));
        named || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || !self.loopback)
    }
}

/// The names by which others may call this machine: its own, without its domain, and as it
/// announces itself in a local network.
pub(crate) fn own_names() -> Vec<String> {
    let Ok(name) = gethostname::gethostname().into_string() else { return Vec::new() };
    let short = name.split('.').next().unwrap_or_default().to_owned();
    if short.is_empty() {
        return Vec::new();
    }
    let local = format!("{short}.local");
    let mut names = vec![name, short, local];
    names.dedup();
    names
}

/// The addresses that others reach this machine at, of those that a server listens to at all of its
/// kind.
pub(crate) fn own_addresses(all: IpAddr) -> Vec<IpAddr> {
    // No packet is sent: a socket that is connected to a distant address knows the one that it would
    // send from.
    let toward = |own: IpAddr, distant: IpAddr| {
        let socket = UdpSocket::bind((own, 0)).ok()?;
        socket.connect((distant, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
    };
    let v4 = toward(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(198, 51, 100, 1).into());
    let v6 = || toward(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    v4.into_iter().chain(if all.is_ipv6() { v6() } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine() {
        let local = Hosts::new([127, 0, 0, 1].into(), vec!["127.0.0.1".to_owned()]);
        let open = Hosts::new([0, 0, 0, 0].into(), vec!["lab.example".to_owned()]);
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8642", "[::1]:1", "127.1.2.3"] {
            assert!(local.know(host) && open.know(host), "{host}");
        }
        for host in ["lab.example", "lab.example:80", "192.168.1.5:80", "[fe80::1]:80"] {
            assert!(!local.know(host) && open.know(host), "{host}");
        }
        for host in own_names() {
            assert!(host == "localhost" || !local.know(&host) && open.know(&format!("{host}:8642")), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "evil.example:8642", "127.0.0.1.evil.example", "a b"]
        {
            assert!(!local.know(host) && !open.know(host), "{host}");
        }
        let behind_another =
            Hosts::new([127, 0, 0, 1].into(), vec!["lab.example".to_owned(), "192.168.1.5".to_owned()]);
        assert!(behind_another.know("lab.example") && behind_another.know("192.168.1.5:80"));
    }
}
