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

use browser::{Browser, Shown, attribute, filled};
