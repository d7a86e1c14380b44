//! Work that one process at a time does for all of them.
//!
//! Whether the holder of a lease still lives is seen by the lease's changing: a holder renews it, again and again. Another
//! process takes it over when it has seen the same lease for as long as the lease lasts, by a clock that nobody can set.
//! What moment stands in the row plays no part, so a holder that died under a clock an hour ahead is missed for no longer
//! than any other.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::store::{LeaseRow, Records, StoreError};

/// One process's view of a lease.
pub struct Lease {
    name: &'static str,
    holder: Uuid,
    /// Another process's lease, and since when it has not changed.
    seen: Option<(LeaseRow, Instant)>,
}

impl Lease {
    pub fn new(name: &'static str, holder: Uuid) -> Self {
        Self { name, holder, seen: None }
    }

    pub fn holder(&self) -> Uuid {
        self.holder
    }

    /// Takes or renews the lease; `false` while another process has it. A lease that is not renewed lasts for `length`.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn take(&mut self, records: &dyn Records, now: Timestamp, length: Duration) -> Result<bool, StoreError> {
        let abandoned = self.seen.filter(|(_, since)| since.elapsed() >= length).map(|(row, _)| row);
        let until = now.checked_add(length).unwrap_or(now);
        let other = records.take_lease(self.name, self.holder, until, abandoned).await?;
        self.seen = other.map(|row| match self.seen {
            Some((seen, since)) if seen == row => (row, since),
            _ => (row, Instant::now()),
        });
        Ok(self.seen.is_none())
    }
}
