//! A task that wakes itself over and over, and moves nothing, is slowed down.
//!
//! The HTTP library does that, for example, while it holds as many bytes of its client as it can and waits for a
//! handler: such a connection would keep a core busy.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::time::{Sleep, sleep};

use super::guarded::Progress;

/// How often in a row a task may wake itself without anything moving. (It may have reasons of its own, now and then.)
const FREE_TURNS: u32 = 32;

/// The pause before each further turn.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection's task.
pub struct Paced<F> {
    task: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    waker: Waker,
    progress: Progress,
    seen: u64,
    turns: u32,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<F> Paced<F> {
    /// `progress` tells whether anything moved on the connection of `task`.
    pub fn new(task: F, progress: Progress) -> Self {
        let wakes = Arc::new(Wakes { outer: AtomicWaker::new(), state: AtomicU8::new(AWAY) });
        let waker = Waker::from(wakes.clone());
        Self { task: Box::pin(task), wakes, waker, progress, seen: 0, turns: 0, pause: None }
    }
}

/// The task is not being polled: a wake-up goes through at once.
const AWAY: u8 = 0;
/// It is being polled.
const AT_WORK: u8 = 1;
/// It is being polled, and was woken meanwhile.
const WOKEN: u8 = 2;

struct Wakes {
    outer: AtomicWaker,
    state: AtomicU8,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = self.state.compare_exchange(AT_WORK, WOKEN, Ordering::AcqRel, Ordering::Acquire);
        if matches!(noted, Err(AWAY)) {
            self.outer.wake();
        }
    }
}

impl<F: Future> Future for Paced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.wakes.outer.register(cx.waker());
        if let Some(pause) = &mut this.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            this.pause = None;
        }
        this.wakes.state.store(AT_WORK, Ordering::Release);
        let ended = this.task.as_mut().poll(&mut Context::from_waker(&this.waker));
        let is_woken = this.wakes.state.swap(AWAY, Ordering::AcqRel) == WOKEN;
        if ended.is_ready() {
            return ended;
        }
        let moved = this.progress.get();
        this.turns = if is_woken && moved == this.seen { this.turns + 1 } else { 0 };
        this.seen = moved;
        if is_woken && this.turns <= FREE_TURNS {
            cx.waker().wake_by_ref();
        } else if is_woken {
            let mut pause = Box::pin(sleep(PAUSE));
            if pause.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            this.pause = Some(pause);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{sync::oneshot, time::Instant};

    use super::*;

    /// Polls in a second of a task that only wakes itself.
    async fn turns_in_a_second(moves: bool) -> u32 {
        let progress = Progress::default();
        let (mut turns, theirs) = (0, progress.clone());
        let begun = Instant::now();
        let idle = poll_fn(|cx| {
            turns += 1;
            if moves {
                theirs.set(theirs.get() + 1);
            }
            if begun.elapsed() >= Duration::from_secs(1) || turns > 10_000 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        Paced::new(idle, progress).await;
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_only_wakes_itself_is_slowed_down_and_one_that_moves_something_is_not() {
        let turns = turns_in_a_second(false).await;
        assert!((50..=90).contains(&turns), "{turns}");
        assert!(turns_in_a_second(true).await > 10_000);
    }

    #[tokio::test]
    async fn no_wake_up_from_elsewhere_is_lost() {
        for _ in 0..200 {
            let (done, ended) = oneshot::channel();
            std::thread::spawn(move || done.send(7).unwrap());
            let task = Paced::new(ended, Progress::default());
            assert_eq!(tokio::time::timeout(Duration::from_secs(5), task).await.unwrap(), Ok(7));
        }
    }
}
