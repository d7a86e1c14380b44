//! Callers without an idempotency key who go without an answer.

use std::sync::Arc;

use super::{Services, payment::deliver, registry::Registry};
use crate::domain::{CancelNo, Command, PaymentId};

/// Somebody who waits for a refund and has no key to find the way back. Dropped (the caller hung up, or it
/// could not be put on record that there is no answer yet), that is recorded as soon as it can be, so that
/// the same call again is about the same refund.
pub struct Unheard(Option<Waiting>);

struct Waiting {
    services: Arc<Services>,
    registry: Registry,
    id: PaymentId,
    cancel_no: CancelNo,
}

impl Unheard {
    /// Remembers a caller, if it is `keyless`.
    pub fn new(
        keyless: bool,
        services: &Arc<Services>,
        registry: &Registry,
        id: PaymentId,
        cancel_no: CancelNo,
    ) -> Self {
        let waiting = || Waiting { services: services.clone(), registry: registry.clone(), id, cancel_no };
        Self(keyless.then(waiting))
    }

    /// The caller has its answer, or it is on record that it has none.
    pub fn forget(&mut self) {
        self.0 = None;
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let Some(Waiting { services, registry, id, cancel_no }) = self.0.take() else { return };
        // Without a runtime the process is ending, and the refund's own next event says the same.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let command = Command::WithholdAnswer { refund: Some(cancel_no) };
        runtime.spawn(services.effects.track_future(async move { deliver(&registry, id, command).await }));
    }
}
