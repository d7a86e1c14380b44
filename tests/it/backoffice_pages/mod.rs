//! The back office as a browser without scripts sees it.

mod browser;
mod dashboard;
mod door;
mod doubts;
mod keys;
mod many;
mod news;
mod next;
mod payment;
mod payments;
mod profile;
mod refunds;

pub use browser::Browser;
use browser::{Shown, attribute, filled};
