use std::net::IpAddr;

use hyper::http::uri::Authority;

/// By which names a browser may call this machine.
///
/// A page from elsewhere can have its own name resolved to 127.0.0.1, and would then be of one origin with this server and free
/// to read it ("DNS rebinding"). Its requests still name it in `Host`, so other names than the known ones are refused.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Whether only this machine is listened to.
    loopback: bool,
    name: String,
}

impl Hosts {
    /// Of a server at an address that the user called by `name`.
    pub(crate) fn new(bound: IpAddr, name: &str) -> Self {
        Self { loopback: bound.is_loopback(), name: name.to_owned() }
    }

    /// Whether a name, with or without a port, is of this server. An address is no name that anybody could have made resolve
    /// to it, but on the loopback other addresses have nothing to be there for.
    pub(super) fn know(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || !self.loopback,
            Err(_) => ["localhost", &self.name].iter().any(|known| host.eq_ignore_ascii_case(known)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine() {
        let local = Hosts::new([127, 0, 0, 1].into(), "127.0.0.1");
        let open = Hosts::new([0, 0, 0, 0].into(), "lab.example");
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8642", "[::1]:1", "127.1.2.3"] {
            assert!(local.know(host) && open.know(host), "{host}");
        }
        for host in ["lab.example", "lab.example:80", "192.168.1.5:80", "[fe80::1]:80"] {
            assert!(!local.know(host) && open.know(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "evil.example:8642", "127.0.0.1.evil.example", "a b"]
        {
            assert!(!local.know(host) && !open.know(host), "{host}");
        }
    }
}
