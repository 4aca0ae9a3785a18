//! Web server and page of `eae serve`.
//!
//! The server is hyper on one thread of tokio. The model runs on other threads. The load is small,
//! but the server must withstand faulty clients: heads that never end, bodies that are too large,
//! clients that stop reading, and a hundred connections at once. hyper has size limits and
//! deadlines for heads, is widely used, and needs only a few kilobytes for a slow client.
//! `tiny_http` has no deadlines and uses a thread for each connection. axum is hyper with a router,
//! but a `match` is enough for a dozen fixed paths. A server built on `httparse` would have to
//! implement bodies, chunks and deadlines again.
//!
//! | module | content |
//! |---|---|
//! | `server` | limits for the number, duration and size of connections |
//! | `answer` | checks of a request, and its response |
//! | `reply` | successful replies and errors |
//! | `hosts` | host names that a browser may use for this server |
//! | `routes` | paths and their handlers |
//! | `explorer` | model, samplers, held-out images or rows and their codes |
//! | `page` | files of the page, embedded in the program |
//!
//! The path of a request is only compared with a fixed list, never with the file system. No request
//! changes anything. The only file that is read after the start is the report of the run.

mod answer;
mod explorer;
mod hosts;
mod page;
mod reply;
mod routes;
mod server;

pub(crate) use explorer::Explorer;
pub(crate) use hosts::{Hosts, own_addresses, own_names};
pub(crate) use server::Server;
