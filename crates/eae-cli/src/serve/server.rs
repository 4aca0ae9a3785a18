use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use super::answer::{PATIENCE, Site, answer};
use super::{Explorer, Hosts};

/// Connections at a time. Further ones wait until one of these is over, which slow clients cannot
/// put off for long.
const CONNECTIONS: usize = 256;

/// Requests that are computed at a time, each on all threads of the pool.
const COMPUTED: usize = 2;

/// The bytes of a request before its body; more is answered with 431.
const HEAD: usize = 16 << 10;

/// After this a connection ends with the request at hand. Who still wants something connects again;
/// who never reads is gone.
const LIFETIME: Duration = Duration::from_secs(120);

/// A port that is listened at, and answered at in [`run`](Server::run).
pub(crate) struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    end: Arc<Notify>,
}

impl Server {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(COMPUTED).build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address, end: Arc::default() })
    }

    /// With the port that it was given, where any would do.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whoever notifies it ends [`run`](Server::run).
    pub(crate) fn stopper(&self) -> Arc<Notify> {
        self.end.clone()
    }

    pub(crate) fn run(self, explorer: Explorer, hosts: Hosts) {
        let Self { runtime, listener, end, .. } = self;
        let site = Arc::new(Site { explorer, hosts });
        runtime.block_on(async {
            tokio::spawn(accept(listener, site));
            end.notified().await;
        });
        // What is computed just now is waited for by nobody.
        runtime.shutdown_background();
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>) -> Infallible {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = free.clone().acquire_owned().await.expect("it is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely no file descriptors are left, and soon there will be.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let site = site.clone();
        tokio::spawn(async move {
            talk(stream, site).await;
            drop(place);
        });
    }
}

/// With one client, until it goes, is too slow or has stayed too long. What ends it early is the
/// client's doing, and hyper has said so where there is somebody to be told.
async fn talk(stream: TcpStream, site: Arc<Site>) {
    // An answer is small, and should not wait to be joined by another.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(|request| answer(request, site.clone())));
    let mut connection = pin!(connection);
    if timeout(LIFETIME, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(PATIENCE, connection).await;
    }
}
