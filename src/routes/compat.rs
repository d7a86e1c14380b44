//! What older clients need, in the form in which they read it.

use jiff::{Timestamp, tz::Offset};
use serde::Deserialize;

/// `[compat]` of the configuration.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompatSettings {
    pub expired_at: ExpiredAt,
}

/// How `expiredAt` of a created payment is written. One older client appends a `Z` before it parses the value; another
/// parses it as it is, and takes a time without a zone for local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiredAt {
    /// `2026/11/22,16:37:17-0000(`: the parenthesis begins a comment, so a `Z` after it changes nothing.
    AnyZone,
    /// `2026-11-22T16:09:48.832456`.
    Iso,
}

impl ExpiredAt {
    pub fn write(self, at: Timestamp) -> String {
        let utc = Offset::UTC.to_datetime(at);
        match self {
            Self::AnyZone => utc.strftime("%Y/%m/%d,%H:%M:%S-0000(").to_string(),
            Self::Iso => format!("{utc:.6}"),
        }
    }
}
