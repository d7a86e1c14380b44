//! The back office as a browser without scripts sees it.

mod browser;
mod door;

use browser::{Browser, Shown, attribute, filled};
