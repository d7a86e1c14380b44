//! Idempotency keys. A key is taken in the same commit as the effect of its call, so a key without an
//! effect, or an effect without its key, cannot exist.

use jiff::Timestamp;
use paygate_entity::idempotency_key::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, DeleteMany, EntityTrait, QueryFilter, TryInsert,
    TryInsertResult, UpdateMany, sea_query::Expr,
};
use uuid::Uuid;

use super::{Store, StoreError, rows::micros};
use crate::domain::PaymentId;

/// Names one use of a key: who called what, with which key and which body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRef {
    /// SHA-256 of caller, method and concrete path.
    pub scope: [u8; 32],
    pub key: String,
    /// Keyed hash of the request's meaning.
    pub fingerprint: [u8; 32],
    /// Hashes under which the same request may have been stored before a key or the method changed.
    pub earlier: Vec<[u8; 32]>,
}

impl KeyRef {
    fn is_of(&self, stored: &[u8]) -> bool {
        stored == self.fingerprint || self.earlier.iter().any(|earlier| stored == earlier)
    }
}

/// An answer as it is kept: its status, and its body sealed by the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub sealed_body: Vec<u8>,
}

/// What a running key stands for. A key may run more than once, when what it ran for came to nothing; so
/// who ends it says which run is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    pub subject: Option<PaymentId>,
    /// The refund in it.
    pub operation: Option<Uuid>,
}

/// What a commit does to a key.
#[derive(Debug, Clone)]
pub enum KeyWrite {
    /// Takes it; with the answer when the call ends with this commit, else it is running. `subject`
    /// leads to the payment, and `operation` to the refund in it, should the process die meanwhile.
    Take { key: KeyRef, subject: Option<PaymentId>, operation: Option<Uuid>, answer: Option<Answered>, at: Timestamp },
    /// The running call has ended.
    Complete { key: KeyRef, running: Running, answer: Answered },
    /// The running call came to nothing and may be made again under the same key.
    Release { key: KeyRef, running: Running },
}

impl KeyWrite {
    pub(super) fn key_text(&self) -> &str {
        match self {
            KeyWrite::Take { key, .. } | KeyWrite::Complete { key, .. } | KeyWrite::Release { key, .. } => &key.key,
        }
    }
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    Free,
    /// The same key with another request, and where the first stands.
    OtherRequest(Box<KeyState>),
    Running(Running),
    Answered(Answered),
}

/// Does what `write` says; `false` when the key is taken by somebody else.
pub(super) async fn write(db: &impl ConnectionTrait, write: &KeyWrite) -> Result<bool, DbErr> {
    match write {
        KeyWrite::Take { key, subject, operation, answer, at } => {
            let row = ActiveModel {
                scope: Set(key.scope.to_vec()),
                key: Set(key.key.clone()),
                fingerprint: Set(key.fingerprint.to_vec()),
                payment_id: Set(subject.map(PaymentId::uuid)),
                operation: Set(*operation),
                status: Set(answer.as_ref().map(|answer| answer.status.cast_signed())),
                answer: Set(answer.as_ref().map(|answer| answer.sealed_body.clone())),
                created_at: Set(micros(*at)),
            };
            let inserted = TryInsert::one(row)
                .on_conflict_do_nothing_on([Column::Scope, Column::Key])
                .exec_without_returning(db)
                .await?;
            Ok(matches!(inserted, TryInsertResult::Inserted(1)))
        }
        KeyWrite::Complete { key, running, answer } => {
            completed(key, *running, answer).exec(db).await?;
            Ok(true)
        }
        KeyWrite::Release { key, running } => {
            released(key, *running).exec(db).await?;
            Ok(true)
        }
    }
}

/// The row of this run, while it runs.
fn this_run(key: &KeyRef, running: Running) -> Condition {
    let Running { subject, operation } = running;
    let subject = subject.map_or_else(|| Column::PaymentId.is_null(), |id| Column::PaymentId.eq(id.uuid()));
    let operation = operation.map_or_else(|| Column::Operation.is_null(), |number| Column::Operation.eq(number));
    Condition::all()
        .add(Column::Scope.eq(key.scope.to_vec()))
        .add(Column::Key.eq(key.key.as_str()))
        .add(subject)
        .add(operation)
        // The first answer stays the first answer.
        .add(Column::Status.is_null())
}

fn released(key: &KeyRef, running: Running) -> DeleteMany<Entity> {
    Entity::delete_many().filter(this_run(key, running))
}

fn completed(key: &KeyRef, running: Running, answer: &Answered) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(answer.status.cast_signed()))
        .col_expr(Column::Answer, Expr::value(answer.sealed_body.clone()))
        .filter(this_run(key, running))
}

fn state_of(row: Model) -> KeyState {
    match row {
        Model { status: Some(status), answer: Some(sealed_body), .. } => {
            KeyState::Answered(Answered { status: status.cast_unsigned(), sealed_body })
        }
        row => KeyState::Running(Running { subject: row.payment_id.map(PaymentId::from), operation: row.operation }),
    }
}

impl Store {
    /// What is known of `key`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn idempotency_state(&self, key: &KeyRef) -> Result<KeyState, StoreError> {
        let row = Entity::find_by_id((key.scope.to_vec(), key.key.clone())).one(&self.read).await?;
        if row.is_some() {
            self.prove().await?;
        }
        Ok(match row {
            None => KeyState::Free,
            Some(row) if key.is_of(&row.fingerprint) => state_of(row),
            Some(row) => KeyState::OtherRequest(Box::new(state_of(row))),
        })
    }

    /// Keeps the answer to a call whose process died before it could answer. `false` when somebody was
    /// faster; what they kept is the first answer then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn complete_idempotency_key(
        &self,
        key: &KeyRef,
        running: Running,
        answer: &Answered,
    ) -> Result<bool, StoreError> {
        Ok(self.run(completed(key, running, answer)).await? == 1)
    }

    /// Lets a running key go: its call came to nothing. `false` when that run is over already, and the key
    /// may stand for another one by now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_idempotency_key(&self, key: &KeyRef, running: Running) -> Result<bool, StoreError> {
        Ok(self.run(released(key, running)).await? == 1)
    }

    /// Forgets answered keys taken before `cutoff`. One that still runs is the way back to money in doubt.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_idempotency_keys(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        let old =
            Entity::delete_many().filter(Column::CreatedAt.lt(micros(cutoff))).filter(Column::Status.is_not_null());
        Ok(self.run(old).await?)
    }
}
