//! Invalid and hostile requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::model::run;
use crate::support::server::{Answer, Explorer};
use crate::support::transcript::Transcript;

/// Checks that every invalid request gets its error message as a JSON object.
pub(super) fn wrong_requests(explorer: &Explorer) {
    let beyond = "{\"codes\": [[1e39, 0, 0, 0]]}";
    let many = json!({ "codes": vec![[0.0; 4]; 65] }).to_string();
    let nested = "[".repeat(5000);
    let cases: [(&str, &str, &str, u16); 30] = [
        ("GET", "/nothing", "", 404),
        ("GET", "/../../etc/passwd", "", 404),
        ("GET", "/page/../app.js", "", 404),
        ("GET", "/..%2f..%2fetc%2fpasswd", "", 404),
        ("GET", "//etc/passwd", "", 404),
        ("GET", "/run/model.safetensors", "", 404),
        ("POST", "/", "", 405),
        ("GET", "/decode", "", 405),
        ("DELETE", "/model.json", "", 405),
        ("OPTIONS", "/decode", "", 405),
        ("GET", "/images", "", 400),
        ("GET", "/images?first=a&n=1", "", 400),
        ("GET", "/images?first=199&n=2", "", 404),
        ("GET", "/images?first=18446744073709551615&n=2", "", 404),
        ("GET", "/codes.json?first=0&n=65", "", 404),
        ("POST", "/decode", "", 400),
        ("POST", "/decode", "{\"codes\": [[0, 0, 0, NaN]]}", 400),
        ("POST", "/decode", &nested, 400),
        ("POST", "/decode", "{\"code\": [0, 0, 0, 0]}", 400),
        ("POST", "/decode", "{\"codes\": []}", 400),
        ("POST", "/decode", &many, 400),
        ("POST", "/decode", "{\"codes\": [[0, 0, 0, 0, 0]]}", 400),
        ("POST", "/decode", beyond, 400),
        ("POST", "/encode", "short", 400),
        ("POST", "/sample", "{\"sampler\": \"best\", \"n\": 1}", 400),
        ("POST", "/sample", "{\"sampler\": \"normal\", \"n\": 65}", 400),
        ("POST", "/sample", "{\"n\": 1}", 400),
        ("POST", "/sample", "{\"sampler\": \"normal\", \"label\": 3, \"n\": 1}", 400),
        ("POST", "/sample", "{\"label\": 77, \"n\": 1}", 400),
        ("POST", "/sample", "{\"sampler\": \"normal\", \"n\": 1, \"temperature\": -1}", 400),
    ];
    let mut transcript = Transcript::new(Path::new("nowhere"));
    for (method, path, body, status) in cases {
        let (found, said) = explorer.ask(method, path, "", body.as_bytes()).said();
        assert_eq!(found, status, "{method} {path} {body:.60}: {said}");
        transcript.add(&format!("{method} {path} {body:.60}"), &said);
    }
    transcript.check("requests that are refused");
    assert!(explorer.get("/decode").head.contains("\r\nallow: post\r\n"));
}

/// Sends requests that no browser would send by itself.
pub(super) fn hostile_requests(explorer: &Explorer) {
    let address = &explorer.address;
    // DNS rebinding: the page of another site uses a name that resolves to this machine.
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "192.168.1.1", "", "a b"] {
        let answer = explorer.raw(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(answer.said().0, 421, "{host}");
    }
    for hosts in ["", "Host: localhost\r\nHost: localhost\r\n"] {
        let answer = explorer.raw(format!("GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes());
        assert_eq!(answer.said().0, 400, "{hosts}");
    }
    assert_eq!(explorer.ask("GET", "http://evil.example/", "", b"").status, 200, "a path in the form for proxies");
    assert_eq!(explorer.ask("POST", "/decode", "Origin: https://evil.example\r\n", b"{}").said().0, 403);
    assert_eq!(explorer.ask("POST", "/decode", &format!("Origin: http://{address}\r\n"), b"{}").said().0, 400);

    // The head, the number of headers, the announced body or the sent body is too large.
    let large = format!("X: {}\r\n", "x".repeat(100_000));
    assert_eq!(explorer.ask("GET", "/", &large, b"").status, 431);
    assert_eq!(explorer.ask("GET", "/", &"X: x\r\n".repeat(1000), b"").status, 431);
    assert!([414, 431].contains(&explorer.get(&format!("/{}", "x".repeat(100_000))).status));
    let announced = format!("POST /decode HTTP/1.1\r\nHost: {address}\r\nContent-Length: 99999999999999\r\n\r\n");
    assert_eq!(
        explorer.raw(announced.as_bytes()).said(),
        (413, "the request is too large; it may have at most 9216 bytes".to_owned())
    );
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let head = format!("POST /decode HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(explorer.raw((head + &chunk).as_bytes()).said().0, 413);

    // The bytes are not HTTP, or contradict themselves.
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /decode HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let status = explorer.raw(bytes).status;
        assert!((400..=505).contains(&status), "{bytes:?}: {status}");
    }

    // Incomplete requests: the client disconnects, stops sending, or never reads. Such a client
    // does not block others, and is disconnected eventually.
    let halves = ["GET / HT", "POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{\"codes\""];
    for half in halves {
        let mut stream = explorer.connect();
        stream.write_all(half.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
    let mut slow: Vec<TcpStream> = halves
        .iter()
        .cycle()
        .take(300)
        .map(|half| {
            let mut stream = explorer.connect();
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    assert_eq!(explorer.get("/model.json").status, 200);
    assert!(start.elapsed() < Duration::from_secs(30), "slow clients block others");
    // A connection without a complete head is closed. One without a complete body gets status 408.
    let mut bytes = Vec::new();
    let _ = slow[0].read_to_end(&mut bytes);
    assert!(bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 408"), "{bytes:?}");
    slow[1].set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut status = [0; 12];
    slow[1].read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
}

/// Sends several requests on each of a hundred simultaneous connections.
pub(super) fn many_clients(explorer: &Explorer) {
    let code = json!({ "codes": [[0.5, -0.5, 1.0, 0.0]] });
    let expected = explorer.post("/decode", &code).body;
    let head = format!("POST /decode HTTP/1.1\r\nHost: {}\r\n", explorer.address);
    let body = code.to_string();
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let mut stream = explorer.connect();
                for request in 0..5 {
                    let close = if request == 4 { "Connection: close\r\n" } else { "" };
                    let length = body.len();
                    write!(stream, "{head}{close}Content-Length: {length}\r\n\r\n{body}").unwrap();
                    if request == 4 {
                        assert_eq!(Answer::read(&mut stream).body, expected);
                    } else {
                        let mut answer = vec![0; 784];
                        // The head ends with an empty line. The size of the picture is known.
                        let mut reader = BufReader::with_capacity(1, &mut stream);
                        let mut line = String::new();
                        while line != "\r\n" {
                            line.clear();
                            reader.read_line(&mut line).unwrap();
                        }
                        reader.read_exact(&mut answer).unwrap();
                        assert_eq!(answer, expected);
                    }
                }
            });
        }
    });
}

/// A server on all addresses accepts every name and address of the machine, and the names that
/// --allow-host adds.
#[test]
fn a_public_server_accepts_the_names_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [run(), "--host", "0.0.0.0", "--allow-host", "lab.example"];
    let (explorer, report) = Explorer::start_with_report(folder.path(), &arguments);
    let urls: Vec<&str> = report["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
    let port = explorer.address.rsplit_once(':').unwrap().1;
    let name = gethostname::gethostname().into_string().unwrap();
    assert_eq!(urls[..2], [format!("http://localhost:{port}/"), format!("http://{name}:{port}/")]);
    let names = urls.iter().map(|url| url.strip_prefix("http://").unwrap().strip_suffix('/').unwrap().to_owned());
    for host in names.chain(["lab.example".to_owned(), format!("{name}.local")]) {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(explorer.raw(head.as_bytes()).status, 200, "{host}");
    }
    let answer = explorer.raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    let (status, message) = answer.said();
    assert!(status == 421 && message.contains("--allow-host"), "{message}");
}
