//! `eae serve`, and a client that can also send invalid requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use super::program::start;

/// A running server, which ends with the test.
pub(crate) struct Explorer {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Explorer {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with_report(folder, arguments).0
    }

    /// Starts a server, and returns it with its printed report.
    pub(crate) fn start_with_report(folder: &Path, arguments: &[&str]) -> (Self, Value) {
        let mut child = start(folder, &[&["serve", "--port", "0", "--json"], arguments].concat());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let report: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut message = String::new();
            child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
            panic!("{message}")
        });
        let url = report["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().strip_suffix('/').unwrap().to_owned();
        (Self { child, address }, report)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends bytes, and returns the answer up to the end of the connection.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A refused request need not be read completely.
        let _ = stream.write_all(bytes);
        Answer::read(&mut stream)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let (address, length) = (&self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        self.raw(&[head.as_bytes(), body].concat())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"")
    }

    pub(crate) fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.ask("POST", path, "", body.to_string().as_bytes())
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that closes with unread bytes resets the connection after its answer.
        let _ = stream.read_to_end(&mut bytes);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            panic!("no answer: {:?}", String::from_utf8_lossy(&bytes))
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        Self { status: head[9..12].parse().unwrap(), head, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Returns the status and the message of an error.
    pub(crate) fn said(&self) -> (u16, String) {
        assert!(self.head.contains("content-type: application/json"), "{self:?}");
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }
}
