//! What payment actors, the journal's writers and the sweeper need of a database: the seam at which a
//! simulation puts one that fails on purpose.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Card, Commit, CommitError, LeaseRow, Store, StoreError, journal};
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

    /// Payments for which something is due some time, and whose last event is later than `from`: `limit` of them.
    ///
    /// # Errors
    /// They cannot be read.
    async fn payments_ahead(&self, from: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError>;

    /// Payments of a method with money in doubt about which a call is still to be made: `limit` of them, in no order.
    ///
    /// # Errors
    /// They cannot be read.
    async fn doubtful_payments(&self, method: &str, limit: u64) -> Result<Vec<PaymentId>, StoreError>;

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

    /// Forgets failed registrations of cards in windows that began before `cutoff`.
    ///
    /// # Errors
    /// They cannot be written.
    async fn sweep_failures(&self, cutoff: Timestamp) -> Result<u64, StoreError>;

    /// Forgets back-office sessions that have expired.
    ///
    /// # Errors
    /// They cannot be written.
    async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Takes or renews the lease `name` for `holder`, in place of `abandoned` if that is given and still there. Returns
    /// the lease of another process that has it.
    ///
    /// # Errors
    /// It cannot be written.
    async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        until: Timestamp,
        abandoned: Option<LeaseRow>,
    ) -> Result<Option<LeaseRow>, StoreError>;

    /// Gives the lease `name` up, if `holder` has it.
    ///
    /// # Errors
    /// It cannot be written.
    async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError>;
}

#[async_trait]
impl Records for Store {
    async fn events_after(&self, id: PaymentId, seq: i64) -> Result<Vec<Recorded>, StoreError> {
        let events = Self::events_after(self, id, seq).await?;
        self.prove().await?;
        Ok(events)
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

    async fn payments_ahead(&self, from: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        Self::payments_ahead(self, from, limit).await
    }

    async fn doubtful_payments(&self, method: &str, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        Self::doubtful_payments(self, method, limit).await
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

    async fn sweep_failures(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        Ok(Self::sweep_card_failures(self, cutoff).await? + Self::sweep_password_failures(self, cutoff).await?)
    }

    async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        Self::sweep_sessions(self, now).await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        until: Timestamp,
        abandoned: Option<LeaseRow>,
    ) -> Result<Option<LeaseRow>, StoreError> {
        Self::take_lease(self, name, holder, until, abandoned).await
    }

    async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError> {
        Self::release_lease(self, name, holder).await
    }
}
