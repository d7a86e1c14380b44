//! The back office as a browser without scripts sees it.

mod browser;
mod door;
mod payments;
mod refunds;

use browser::{Browser, Shown, attribute, filled};
