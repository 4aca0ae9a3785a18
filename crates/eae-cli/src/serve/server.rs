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

/// Largest number of simultaneous connections. Further connections wait until one ends. Deadlines
/// keep slow clients from delaying that for long.
const CONNECTIONS: usize = 256;

/// Number of requests that are computed in parallel, each with all threads of the pool.
const COMPUTED: usize = 2;

/// Largest size of the head of a request, in bytes. A larger head is answered with status 431.
const HEAD: usize = 16 << 10;

/// Longest duration of a connection. After that it ends with the current request, and the client
/// can connect again. Clients that never read are disconnected.
const LIFETIME: Duration = Duration::from_secs(120);

/// Server that is bound to a port. [`run`](Server::run) answers requests.
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

    /// Returns the address, with the actual port if the requested port was 0.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a handle whose notification ends [`run`](Server::run).
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
        // Computations in progress are abandoned.
        runtime.shutdown_background();
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>) -> Infallible {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = free.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely the process has run out of file descriptors. Some will be free soon.
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

/// Serves one connection until the client disconnects or exceeds a time limit. Errors are caused by
/// the client. hyper has already answered them if that was possible, so they are ignored.
async fn talk(stream: TcpStream, site: Arc<Site>) {
    // Responses are small and should be sent at once.
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
