use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use hyper::http::uri::Authority;

/// Host names by which a browser may address this server.
///
/// A foreign page can make its own host name resolve to 127.0.0.1. It then has the same origin as
/// this server and could read its replies ("DNS rebinding"). The `Host` header of its requests
/// still contains the foreign name, so the server refuses names that it does not know.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// True if the server listens only on a loopback address.
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    /// Creates the list for a server at the address `bound`. If others can reach the server, the
    /// list contains the names of this machine in addition to `names`.
    pub(crate) fn new(bound: IpAddr, mut names: Vec<String>) -> Self {
        let loopback = bound.is_loopback();
        names.push("localhost".to_owned());
        if !loopback {
            names.extend(own_names());
        }
        Self { loopback, names }
    }

    /// Returns true if a name, with or without a port, belongs to this server. IP addresses are
    /// accepted, because DNS rebinding needs a name. A server on a loopback address accepts only
    /// loopback addresses.
    pub(super) fn know(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let named = self.names.iter().any(|known| bare.eq_ignore_ascii_case(known));
        named || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || !self.loopback)
    }
}

/// Returns the names of this machine: its host name, the name without its domain, and the name in
/// the local network.
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

/// Returns the addresses by which others reach a server that listens on `all` addresses of this
/// machine.
pub(crate) fn own_addresses(all: IpAddr) -> Vec<IpAddr> {
    // This sends no packet. A UDP socket that is connected to a distant address knows the local
    // address that it would send from.
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
    fn only_names_of_this_machine_are_accepted() {
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
        let behind_a_proxy =
            Hosts::new([127, 0, 0, 1].into(), vec!["lab.example".to_owned(), "192.168.1.5".to_owned()]);
        assert!(behind_a_proxy.know("lab.example") && behind_a_proxy.know("192.168.1.5:80"));
    }
}
