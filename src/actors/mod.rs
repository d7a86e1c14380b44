//! The actors: thin actix shells around plain async functions.
//!
//! - `payment`: one actor per payment in memory; it serialises what happens to the payment.
//! - `registry`: finds, makes, wakes and forgets payment actors.
//! - [`lease`]: work that one process at a time does for all of them.
//! - `kernel`: what a payment actor does, without actix: decide, commit, publish.
//! - `effects`: the calls to an acquirer, outside every serial section.
//! - [`recovery`]: resolves what is in doubt as soon as a network answers again.
//! - [`sweeper`]: wakes payments whose time has come although nobody asks.
//!
//! Everybody above talks to [`Payments`]. Awaiting goes downwards only: an actor never waits for another
//! actor, so no two can wait for each other.

mod claim;
mod effects;
mod kernel;
pub mod lease;
mod payment;
mod payments;
pub mod recovery;
mod registry;
mod services;
pub mod sweeper;
mod unheard;

pub use crate::clock::Clock;
pub use claim::{Claim, ClaimAnswer};
pub use kernel::AskError;
pub use payments::{Arbiters, Decision, Payments, RefundRequest, limits};
pub use services::{ActorSettings, PaymentSettings, ResolutionSettings, Services};
