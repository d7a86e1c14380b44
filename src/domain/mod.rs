//! What a payment is. Pure: no actor, no database, no clock, no I/O, no randomness.
//!
//! Everything that may ever happen to a payment is decided by one function and done by another:
//!
//! - [`decide`] looks at a [`Payment`], a [`Command`] and the time, and answers with a [`Step`] (the
//!   events to persist, and at most one [`Effect`] to run once they are durable) or a [`Rejection`];
//! - [`Payment::apply`] folds one event into the payment. It cannot fail: what is in the journal has
//!   happened.
//!
//! The rest of the house only carries commands in and events out. Nothing in this room may import
//! another room.

mod authorization;
mod claims;
mod command;
mod decide;
mod doubt;
mod event;
mod ids;
mod money;
mod order;
mod outcome;
mod payment;
mod policy;
mod refund;
mod resolution;
mod status;
mod text;

#[cfg(test)]
mod facts;
#[cfg(test)]
mod life;
#[cfg(test)]
mod life_checks;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refund_facts;
#[cfg(test)]
mod table;
#[cfg(test)]
mod table_states;
#[cfg(test)]
mod toy_acquirer;

pub use authorization::{Attempts, Authorization};
pub use claims::QrClaims;
pub use command::{Command, Effect, Rejection, Step};
pub use decide::{MAX_CONFIRM_ATTEMPTS, MAX_REFUSED_VERIFICATIONS, MAX_VERIFICATIONS, create, decide};
pub use event::{By, Event, Recorded};
pub use ids::{CancelNo, CardId, CustomerId, MerchantId, PaymentId, PaymentKey, TxnNo};
pub use money::{Currency, Money, MoneyError};
pub use order::{Instrument, Order, OrderId, OrderName, Payer, Redirects};
pub use outcome::{Approval, Found, Outcome, Reason};
pub use payment::{Operation, Payment};
pub use policy::{LEAST_RETRY_PAUSE, Policy};
pub use refund::{AskedAgain, MAX_REFUNDS, Refund, RefundKind, RefundState, business_day};
pub use resolution::{Resolution, Resolving, STUCK_AFTER};
pub use status::Status;
pub use text::{TextError, check_visible, folded_email};
