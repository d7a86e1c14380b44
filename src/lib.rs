//! Paygate: a self-hosted payment gateway.
//!
//! # The rooms
//!
//! ```text
//! routes, pages ──► actors ──► store, acquirer, live ──► domain
//!                                  vault ─────────────►
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`domain`] | what a payment is: the pure state machine |
//! | [`store`] | the journal and the tables; the only room that names SeaORM |
//! | [`acquirer`] | payment methods, and the card sandbox |
//! | [`vault`] | card numbers, secrets, encryption at rest |
//! | [`live`] | the event bus and SSE sessions |
//! | [`actors`] | one actor per payment, their registry, the sweeper |
//! | [`routes`] | HTTP: one file per resource |
//! | [`pages`] | server-rendered pages |
//! | [`shares`] | fair shares of whatever is limited |
//! | [`sockets`] | connections, below HTTP: what a hostile or broken one may cost |
//! | [`startup`] | puts everything together; [`methods`] is its table of payment methods |
//! | [`operator`] | what a person at the command line can ask and decide |
//! | [`lab`] | proves from outside that no money is lost: faults, kills, and three sets of books compared |
//! | [`demo`] | demo data, and a whole payment played over the wire |
//!
//! Arrows run one way; nothing imports upwards. [`config`], [`error`], [`telemetry`], the clock and `private_files` stand
//! beside the rooms; [`commands`] is what `main` calls, and [`supervision`] watches what must live as long as the process.
//!
//! # Invariants
//!
//! 1. The domain is pure: `decide(&Payment, &Command, now, &Policy) -> Result<Step, Rejection>` and
//!    `apply(&mut Payment, &Recorded)`. A step holds events to persist and at most one effect to run after
//!    they are durable.
//! 2. Nobody but a payment's actor changes a payment, and every change is: decide, one durable commit
//!    (events keyed by payment and seq, fenced by the seq that they continue), then answer, publish, run the
//!    effect. Nothing is acknowledged or published before it is durable on the real disk.
//! 3. The database is the authority; an actor is a serialiser and a cache. A stale actor loses the fenced
//!    write, reloads and decides again. A crash loses nothing that was acknowledged; neither does a failed
//!    COMMIT, a full disk or a failed-over database.
//! 4. No acquirer call inside an actor's serial section or a database transaction: the intent is committed
//!    first, the call runs outside with its own time-out, its outcome returns as a new message.
//! 5. An outcome is approved, declined, not sent or unknown. Not sent may be tried again under the same
//!    number. Unknown is never turned into success or failure without proof: inquire, then reverse until
//!    there is a definite answer. Once a reversal was sent the payment can never become DONE.
//! 6. Approvals − reversals − refunds at the acquirer equal our ledger, for every schedule of faults.
//! 7. Money is whole minor units with a currency; there is no float anywhere near it.
//! 8. Every queue, mailbox, cache, list, body, retry and stream has a named limit; full means a fast 503
//!    with `Retry-After`.
//! 9. A tenant sees its own rows only: a scoped finder is the door to each table, authorisation sits in
//!    the extractor.
//! 10. A CVC is never stored, logged or serialised; a card number leaves the vault only towards an acquirer.
//! 11. One `seq` everywhere: journal key, SSE id, cursor.
//! 12. Every long-lived task is supervised; readiness says what is true.

pub mod acquirer;
pub mod actors;
mod client_errors;
mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod domain;
pub mod error;
pub mod keyring;
pub mod lab;
pub mod live;
pub mod methods;
pub mod operator;
pub mod pages;
mod private_files;
pub mod routes;
pub mod shares;
#[cfg(test)]
mod simulation;
pub mod sockets;
pub mod startup;
pub mod store;
pub mod supervision;
pub mod telemetry;
mod tls;
pub mod vault;
