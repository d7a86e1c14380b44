//! A call's `Idempotency-Key`, on its way into the commit of the call's effect.

use std::{fmt, sync::Arc};

use uuid::Uuid;

use crate::{
    domain::{Payment, Rejection},
    store::{Answered, KeyRef},
};

/// What a call would be answered, given the payment after a commit.
pub enum ClaimAnswer {
    /// Its operation has not ended.
    Pending,
    /// This, for ever.
    Keep(Answered),
    /// It came to nothing; the same key may try again.
    Release,
}

type Render = dyn Fn(&Payment, Option<Rejection>) -> ClaimAnswer + Send + Sync;

/// The key, and how to answer the call that carries it. The actor decides *when* the answer is known,
/// the route how it looks.
#[derive(Clone)]
pub struct Claim {
    pub key: KeyRef,
    /// The refund behind the call, when it is one.
    pub operation: Option<Uuid>,
    render: Arc<Render>,
}

impl Claim {
    pub fn new(
        key: KeyRef,
        operation: Option<Uuid>,
        render: impl Fn(&Payment, Option<Rejection>) -> ClaimAnswer + Send + Sync + 'static,
    ) -> Self {
        Self { key, operation, render: Arc::new(render) }
    }

    pub(super) fn answer(&self, payment: &Payment, refused: Option<Rejection>) -> ClaimAnswer {
        (self.render)(payment, refused)
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&self.key.key).finish()
    }
}
