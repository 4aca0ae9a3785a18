use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::Stdio;

use hyper::http::uri::Authority;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::output::{print_json, print_lines};
use crate::serve::{Explorer, Hosts, Server, own_addresses, own_names};
use crate::signals::on_interrupt;

/// Explore a trained model in the browser.
///
/// Starts a web server for a page with sliders for the code, samples, your own drawings, pictures
/// or rows, paths between images, and a map of the codes. Ctrl-C stops the server.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  eae serve runs/digits-1\n  eae serve runs/digits-1 --port 0 --open")]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Data with the held-out images or rows for the page [default: the training data].
    #[arg(long)]
    data: Option<Data>,
    /// Address or name of this machine to listen on. With any address other than the default, other
    /// machines can use the model.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Another name that browsers may use for this machine, for example that of a proxy. Can be
    /// given several times.
    #[arg(long, value_name = "NAME", value_parser = name)]
    allow_host: Vec<String>,
    /// Port, or 0 for any free port.
    #[arg(long, default_value_t = 8642)]
    port: u16,
    /// Open the page in the default browser.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    url: &'a str,
    /// All known addresses of the page.
    urls: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, host, port, common, .. } = arguments;
    let address = resolve(host, *port)?;
    let explorer = Explorer::open(run, arguments.data.as_ref())?;
    let server = Server::bind(address).map_err(|e| {
        let way_out = match e.kind() {
            ErrorKind::AddrNotAvailable => {
                "; this machine does not have this address: leave out --host, or use 0.0.0.0 for all its addresses"
            }
            ErrorKind::PermissionDenied => "; choose a port of at least 1024 with --port, or 0 for any free port",
            _ if *port == 0 => "",
            _ => "; choose another port with --port, or 0 for any free port",
        };
        Failure::other(format!("cannot listen on {address}: {e}{way_out}"))
    })?;
    let bound = server.address();
    if !bound.ip().is_loopback() {
        errln!(
            "warning: everyone who can reach {bound} can use the model; leave out --host to allow only this machine"
        );
    }
    let urls = urls(host, bound);
    let url = urls[0].as_str();
    if common.json {
        print_json(&Report { url, urls: &urls });
    } else {
        print_lines(&urls);
        errln!("press Ctrl-C to stop");
    }
    if arguments.open {
        open(url);
    }
    let end = server.stopper();
    on_interrupt(move || end.notify_one())?;
    let names = [std::slice::from_ref(host), &arguments.allow_host].concat();
    server.run(explorer, Hosts::new(bound.ip(), names));
    Ok(())
}

/// Returns the first address of a name.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, Failure> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let unknown = |e: &dyn fmt::Display| Failure::usage(format!("--host is {host}, which has no address here: {e}"));
    let mut found = (bare, port).to_socket_addrs().map_err(|e| unknown(&e))?;
    found.next().ok_or_else(|| unknown(&"the name does not resolve"))
}

/// Parses the name of `--allow-host`, without scheme and port.
fn name(text: &str) -> Result<String, &'static str> {
    let is_name = text.parse::<Authority>().is_ok_and(|authority| authority.host() == text) && !text.is_empty();
    if is_name { Ok(text.to_owned()) } else { Err("expected a name without http:// and port, such as lab.example") }
}

/// Returns the address for a browser on this machine and, if the server listens on all addresses,
/// those for browsers elsewhere.
fn urls(host: &str, bound: SocketAddr) -> Vec<String> {
    let mut urls = vec![Url { host, bound }.to_string()];
    if bound.ip().is_unspecified() {
        let named = own_names().into_iter().take(1).map(|host| Url { host: &host, bound }.of_name());
        let addresses = own_addresses(bound.ip()).into_iter();
        urls.extend(named.chain(addresses.map(|ip| format!("http://{}/", SocketAddr::new(ip, bound.port())))));
    }
    urls
}

/// The address for a browser on this machine.
struct Url<'a> {
    host: &'a str,
    bound: SocketAddr,
}

impl Url<'_> {
    fn of_name(&self) -> String {
        format!("http://{}:{}/", self.host, self.bound.port())
    }
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.bound.port();
        match self.bound.ip() {
            // The unspecified address is not one to visit, but localhost is among the addresses.
            ip if ip.is_unspecified() => write!(f, "http://localhost:{port}/"),
            ip if self.host.parse::<IpAddr>() == Ok(ip) => write!(f, "http://{}/", self.bound),
            _ => f.write_str(&self.of_name()),
        }
    }
}

/// Tries to open the page in a browser. A failure is only reported, because the address is printed.
fn open(url: &str) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let mut command = std::process::Command::new(program);
    let started = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(e) = started {
        errln!("warning: cannot open a browser: {program}: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ones_for_a_browser() {
        for (host, expected) in [
            ("127.0.0.1", "http://127.0.0.1:80/"),
            ("localhost", "http://localhost:80/"),
            ("::1", "http://[::1]:80/"),
            ("[::1]", "http://[::1]:80/"),
            ("0.0.0.0", "http://localhost:80/"),
        ] {
            let bound = resolve(host, 80).unwrap();
            assert_eq!(Url { host, bound }.to_string(), expected);
        }
        assert!(
            resolve("no such name", 0)
                .unwrap_err()
                .to_string()
                .starts_with("--host is no such name, which has no address")
        );
    }
}
