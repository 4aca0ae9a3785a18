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

/// Open a page on which a trained model can be played with: sliders for the code, samples, drawings
/// and pictures or rows of your own, walks, a map of the codes. Ctrl-C ends it.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  eae serve runs/digits-1\n  eae serve runs/digits-1 --port 0 --open")]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Where the held-out images or rows on the page come from; by default what the run folder says.
    #[arg(long)]
    data: Option<Data>,
    /// The address, or a name of this machine, to be reached at. Beyond this machine, everybody who
    /// reaches it can use the model.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Another name that a browser may call this machine by, such as that of a proxy; as often as
    /// there are names.
    #[arg(long, value_name = "NAME", value_parser = name)]
    allow_host: Vec<String>,
    /// The port; 0 for any that is free.
    #[arg(long, default_value_t = 8642)]
    port: u16,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    url: &'a str,
    /// All addresses that the page can be reached at, as far as they are known.
    urls: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, host, port, common, .. } = arguments;
    common.apply()?;
    let address = resolve(host, *port)?;
    let explorer = Explorer::open(run, arguments.data.as_ref())?;
    let server = Server::bind(address).map_err(|e| {
        let way_out = match e.kind() {
            ErrorKind::AddrNotAvailable => {
                "; it is no address of this machine: leave out --host, or name 0.0.0.0 for all addresses that it has"
            }
            ErrorKind::PermissionDenied => "; name a port of 1024 or above with --port, or 0 for any that is free",
            _ if *port == 0 => "",
            _ => "; name another with --port, or 0 for any that is free",
        };
        Failure::other(format!("cannot listen at {address}: {e}{way_out}"))
    })?;
    let bound = server.address();
    if !bound.ip().is_loopback() {
        errln!("eae: everybody who reaches {bound} can use the model; leave out --host to keep it to this machine");
    }
    let urls = urls(host, bound);
    let url = urls[0].as_str();
    if common.json {
        print_json(&Report { url, urls: &urls });
    } else {
        print_lines(&urls);
        errln!("Ctrl-C ends it");
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

/// The first address of a name.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, Failure> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let unknown = |e: &dyn fmt::Display| Failure::usage(format!("--host is {host}, which is no address here: {e}"));
    let mut found = (bare, port).to_socket_addrs().map_err(|e| unknown(&e))?;
    found.next().ok_or_else(|| unknown(&"the name has none"))
}

/// Returns the name of `--allow-host`, which is no address of a page.
fn name(text: &str) -> Result<String, &'static str> {
    let is_name = text.parse::<Authority>().is_ok_and(|authority| authority.host() == text) && !text.is_empty();
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("it must be a name alone, such as lab.example, without http:// and port")
    }
}

/// Returns the address for a browser on this machine, and after it those for browsers elsewhere, if
/// every address is listened to.
fn urls(host: &str, bound: SocketAddr) -> Vec<String> {
    let mut urls = vec![Url { host, bound }.to_string()];
    if bound.ip().is_unspecified() {
        let named = own_names().into_iter().take(1).map(|host| Url { host: &host, bound }.of_name());
        let addresses = own_addresses(bound.ip()).into_iter();
        urls.extend(named.chain(addresses.map(|ip| format!("http://{}/", SocketAddr::new(ip, bound.port())))));
    }
    urls
}

/// The address that a browser on this machine takes.
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
            // Every address of the machine: nothing that one could go to, but this is among them.
            ip if ip.is_unspecified() => write!(f, "http://localhost:{port}/"),
            ip if self.host.parse::<IpAddr>() == Ok(ip) => write!(f, "http://{}/", self.bound),
            _ => f.write_str(&self.of_name()),
        }
    }
}

/// Tries to; the address has been printed, too.
fn open(url: &str) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let mut command = std::process::Command::new(program);
    let started = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(e) = started {
        errln!("eae: no browser could be opened: {program}: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_browser_takes() {
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
        assert!(resolve("no such name", 0).unwrap_err().to_string().starts_with("--host is no such name, which is no"));
    }
}
