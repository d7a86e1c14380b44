//! What payment actors, the journal's writers and the sweeper need of a database: the seam at which a
//! simulation puts one that fails on purpose.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Card, Commit, CommitError, Store, StoreError, journal};
use crate::domain::{CardId, MerchantId, OrderId, Payment, PaymentId, Recorded};

/// The records of payments, durable or not at all.
#[async_trait]
pub trait Records: Send + Sync {
    /// The events of a payment after number `seq`, oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    async fn events_after(&self, id: PaymentId, seq: i64) -> Result<Vec<Recorded>, StoreError>;

    /// Rebuilds a payment from its journal.
    ///
    /// # Errors
    /// It cannot be read.
    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(Payment::replay(id, self.events_after(id, 0).await?))
    }

    /// The payment of a shop's order.
    ///
    /// # Errors
    /// It cannot be looked up.
    async fn payment_of_order(&self, merchant: MerchantId, order: &OrderId) -> Result<Option<PaymentId>, StoreError>;

    /// A card by id alone, removed or not: for the payment that was approved with it.
    ///
    /// # Errors
    /// It cannot be read.
    async fn card_of_payment(&self, id: CardId) -> Result<Option<Card>, StoreError>;

    /// Payments whose time to be looked at has come, the longest overdue first.
    ///
    /// # Errors
    /// They cannot be read.
    async fn due_payments(&self, now: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError>;

    /// Writes commits in one transaction, as far as nothing else was faster: one result each.
    async fn write(&self, commits: &[Commit]) -> Vec<Result<(), CommitError>>;

    /// Forgets idempotency keys taken before `cutoff`.
    ///
    /// # Errors
    /// They cannot be written.
    async fn sweep_idempotency_keys(&self, cutoff: Timestamp) -> Result<u64, StoreError>;

    /// Forgets the numbers of cards removed before `cutoff`.
    ///
    /// # Errors
    /// They cannot be written.
    async fn purge_cards(&self, cutoff: Timestamp) -> Result<u64, StoreError>;

    /// Forgets back-office sessions that have expired.
    ///
    /// # Errors
    /// They cannot be written.
    async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Takes or extends the lease `name` for `holder` up to `until`; `false` while somebody else has it.
    ///
    /// # Errors
    /// It cannot be written.
    async fn take_lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Gives the lease `name` up, if `holder` has it.
    ///
    /// # Errors
    /// It cannot be written.
    async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError>;
}

#[async_trait]
impl Records for Store {
    async fn events_after(&self, id: PaymentId, seq: i64) -> Result<Vec<Recorded>, StoreError> {
        Self::events_after(self, id, seq).await
    }

    async fn payment_of_order(&self, merchant: MerchantId, order: &OrderId) -> Result<Option<PaymentId>, StoreError> {
        Self::payment_of_order(self, merchant, order).await
    }

    async fn card_of_payment(&self, id: CardId) -> Result<Option<Card>, StoreError> {
        Self::card_of_payment(self, id).await
    }

    async fn due_payments(&self, now: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        Self::due_payments(self, now, limit).await
    }

    async fn write(&self, commits: &[Commit]) -> Vec<Result<(), CommitError>> {
        journal::write_batch(&self.write, commits).await
    }

    async fn sweep_idempotency_keys(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        Self::sweep_idempotency_keys(self, cutoff).await
    }

    async fn purge_cards(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        Self::purge_cards(self, cutoff).await
    }

    async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        Self::sweep_sessions(self, now).await
    }

    async fn take_lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        Self::take_lease(self, name, holder, now, until).await
    }

    async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError> {
        Self::release_lease(self, name, holder).await
    }
}
