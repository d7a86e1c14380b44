//! Connections, below HTTP: what one that is hostile or broken may cost.
//!
//! The HTTP library reads as long as there is something to read and waits as long as its client takes nothing. So
//! each connection is wrapped (`guarded`): it is closed when nothing moves, its client's bytes are left in the kernel
//! while earlier ones are unanswered, and a task that only wakes itself is slowed down (`paced`). One address has a
//! limited number of connections, and over HTTP/1 a few requests come in at a time (`http1`).
//!
//! This room knows sockets. It must never know what is said over them.

mod framing;
mod guarded;
mod http1;
mod http2;
mod paced;
mod serve;
mod stream;

pub use serve::{SocketSettings, bind, serve};
