//! The page of `eae serve`, and what answers it.
//!
//! The server is hyper on one thread of tokio, and the model runs on others. A page that decodes
//! while a slider moves asks for little; what a server must be good at is what goes wrong: heads
//! that never end, bodies that are too large, clients that stop reading, a hundred of them at once.
//! hyper has limits and deadlines for heads, is fed by most of the servers written in Rust,
//! and a slow client costs it a few kilobytes. `tiny_http` has no deadlines, and gives each
//! connection a thread; axum is hyper with a router, and a dozen fixed names are a `match`; a
//! server of our own on `httparse` would be bodies, chunks and deadlines to get right once more.
//!
//! | file | knows |
//! |---|---|
//! | `server` | connections: how many, how long, how large |
//! | `answer` | a request from outside: whose it is, what it may hold, what is said to a wrong one |
//! | `reply` | what a request gets: a reply, or a problem |
//! | `hosts` | by which names a browser may call this machine |
//! | `routes` | what there is to ask for |
//! | `explorer` | the model, its samplers, the held-out images or rows and their codes |
//! | `page` | the page itself, part of the program |
//!
//! No path of a request is ever looked up anywhere but in a list of names. Nothing that is asked
//! changes anything. The only file that is read after the start is the run's own report.

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
