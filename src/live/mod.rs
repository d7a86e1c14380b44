//! What watchers hear: the event bus and the SSE sessions that listen to it.
//!
//! Only durable events are published (the actors see to that), and a session that joins late, or comes
//! back, first gets what it missed from the journal. So the bus may lose a subscriber, never an event. (A scan
//! is no event: the checkout shows it, and nobody misses it.)

mod bus;
mod frame;
mod permits;
mod session;

pub use bus::{Bus, Heard, Listener, Subscription, TooManyStreams};
pub use frame::{Frame, Viewer, event_name, initial, scanned_by};
pub use permits::{Permit, Permits};
pub use session::{LiveSettings, Resume, clock, stream};
