//! The tasks that must live as long as the process, and what happens when one of them does not.
//!
//! A task whose work can be taken up again survives a panic ([`survive`]). The end of any other task is the end of the
//! process ([`Supervisor::guard`]): it stops being ready, finishes what it can, and exits with an error, so that the
//! service manager starts it anew.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures_util::FutureExt;
use metrics::counter;
use tokio_util::sync::CancellationToken;

/// Knows which task failed first.
#[derive(Clone)]
pub struct Supervisor {
    /// Tasks may end once this is cancelled.
    shutdown: CancellationToken,
    failed: CancellationToken,
    failure: Arc<OnceLock<String>>,
}

impl Supervisor {
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, failed: CancellationToken::new(), failure: Arc::default() }
    }

    /// Runs a task that must not end before the shutdown. Its result is the reason for which it ended.
    pub async fn guard(self, task: &'static str, work: impl Future<Output = String>) {
        let reason = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(reason) => reason,
            Err(panic) => format!("panicked: {}", message(&*panic)),
        };
        if !self.shutdown.is_cancelled() {
            self.report(task, &reason);
        }
    }

    /// The process can no longer do its work.
    fn report(&self, task: &'static str, reason: &str) {
        counter!("paygate_tasks_ended_total", "task" => task).increment(1);
        tracing::error!(task, reason, "a task ended; the process stops");
        // Later failures follow from the first.
        let _ = self.failure.set(format!("{task}: {reason}"));
        self.failed.cancel();
    }

    /// The first failure.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Waits for the first failure.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }
}

/// Runs one unit of a task's work. `None` when it panicked, which is logged; the task goes on with its next unit.
pub async fn survive<T>(task: &'static str, work: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => Some(done),
        Err(panic) => {
            counter!("paygate_task_panics_total", "task" => task).increment(1);
            tracing::error!(task, reason = message(&*panic), "a task panicked and goes on");
            None
        }
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supervisor() -> (Supervisor, CancellationToken) {
        let shutdown = CancellationToken::new();
        (Supervisor::new(shutdown.clone()), shutdown)
    }

    #[tokio::test]
    async fn a_task_that_ends_fails_the_process_with_its_name_and_reason() {
        let (supervisor, _shutdown) = supervisor();
        supervisor.clone().guard("sweeper", async { "the lease is gone".to_owned() }).await;
        supervisor.failed().await;
        assert_eq!(supervisor.failure(), Some("sweeper: the lease is gone"));
    }

    #[tokio::test]
    async fn a_task_that_panics_fails_the_process_and_the_first_failure_is_kept() {
        let (supervisor, _shutdown) = supervisor();
        let panics = async { panic!("boom {}", 1) };
        supervisor.clone().guard("journal writer", panics).await;
        supervisor.clone().guard("http server", async { "ended".to_owned() }).await;
        assert_eq!(supervisor.failure(), Some("journal writer: panicked: boom 1"));
    }

    #[tokio::test]
    async fn a_task_may_end_after_the_shutdown_has_begun() {
        let (supervisor, shutdown) = supervisor();
        shutdown.cancel();
        supervisor.clone().guard("sweeper", async { "ended".to_owned() }).await;
        assert_eq!(supervisor.failure(), None);
    }

    #[tokio::test]
    async fn a_unit_of_work_that_panics_is_survived() {
        assert_eq!(survive("sweeper", async { 1 }).await, Some(1));
        assert_eq!(survive::<()>("sweeper", async { panic!("boom") }).await, None);
    }
}
