//! A gate that lets a limited number in at once, and takes turns among the tenants that wait.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{NoShare, Rule, Tenant};

/// Who waits is known by its tenant; work of this process itself waits as a tenant of its own.
type Key = Option<Tenant>;

pub struct Gate {
    state: Mutex<State>,
    rule: Rule,
    most_waiting: usize,
}

struct State {
    free: usize,
    inside: HashMap<Key, usize>,
    waiting: HashMap<Key, VecDeque<oneshot::Sender<()>>>,
    /// The tenants that wait, in the order of their turns.
    turns: VecDeque<Key>,
    all_waiting: usize,
}

/// Somebody is inside; dropped, the next one enters.
pub struct Pass {
    gate: Arc<Gate>,
    key: Key,
}

impl Gate {
    /// Lets `size` in at once, while no more than `most_waiting` wait.
    pub fn new(size: usize, most_waiting: usize, rule: Rule) -> Arc<Self> {
        let state = State {
            free: size,
            inside: HashMap::new(),
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            all_waiting: 0,
        };
        Arc::new(Self { state: Mutex::new(state), rule, most_waiting })
    }

    /// Waits until it is the tenant's turn. A caller that goes away meanwhile leaves its place.
    ///
    /// # Errors
    /// Too many wait, or too many of this tenant.
    pub async fn enter(self: &Arc<Self>, key: Key) -> Result<Pass, NoShare> {
        let mut turn = {
            let mut state = self.state();
            if state.waiting.get(&key).is_none_or(VecDeque::is_empty) && state.may_enter(key, self.rule) {
                state.enter(key);
                return Ok(Pass { gate: self.clone(), key });
            }
            let own = state.waiting.get(&key).map_or(0, VecDeque::len);
            let room = self.most_waiting.saturating_sub(state.all_waiting);
            if room == 0 {
                return Err(NoShare::Full);
            }
            if key.is_some() && !self.rule.permits(own, room) {
                return Err(NoShare::Spent);
            }
            let (admitted, turn) = oneshot::channel();
            state.wait(key, admitted);
            turn
        };
        let mut place = Waiting { gate: self, key, turn: &mut turn, is_done: false };
        // The sender is dropped only with the gate, which this call holds.
        let is_admitted = (&mut *place.turn).await.is_ok();
        place.is_done = true;
        drop(place);
        if is_admitted { Ok(Pass { gate: self.clone(), key }) } else { Err(NoShare::Full) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_enter(&self, key: Key, rule: Rule) -> bool {
        let own = self.inside.get(&key).copied().unwrap_or_default();
        self.free > 0 && (key.is_none() || rule.permits(own, self.free))
    }

    fn enter(&mut self, key: Key) {
        self.free -= 1;
        *self.inside.entry(key).or_default() += 1;
    }

    fn leave(&mut self, key: Key) {
        self.free += 1;
        match self.inside.get_mut(&key) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(self.inside.remove(&key)),
        }
    }

    fn wait(&mut self, key: Key, admitted: oneshot::Sender<()>) {
        let queue = self.waiting.entry(key).or_default();
        if queue.is_empty() {
            self.turns.push_back(key);
        }
        queue.push_back(admitted);
        self.all_waiting += 1;
    }

    /// Lets in whoever may enter, one of each tenant after the other.
    fn admit(&mut self, rule: Rule) {
        let mut passed_over = 0;
        while self.free > 0 && passed_over < self.turns.len() {
            let Some(key) = self.turns.pop_front() else { return };
            if !self.may_enter(key, rule) {
                self.turns.push_back(key);
                passed_over += 1;
                continue;
            }
            let Some(queue) = self.waiting.get_mut(&key) else { continue };
            while let Some(waiter) = queue.pop_front() {
                self.all_waiting -= 1;
                // One whose caller is gone takes no turn.
                if waiter.send(()).is_ok() {
                    self.enter(key);
                    passed_over = 0;
                    break;
                }
            }
            match self.waiting.get(&key).is_none_or(VecDeque::is_empty) {
                true => drop(self.waiting.remove(&key)),
                false => self.turns.push_back(key),
            }
        }
    }
}

/// A place in the queue, until the turn has come or the caller is gone.
struct Waiting<'a> {
    gate: &'a Arc<Gate>,
    key: Key,
    turn: &'a mut oneshot::Receiver<()>,
    is_done: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut state = self.gate.state();
        self.turn.close();
        if self.turn.try_recv().is_ok() {
            // The turn came at the same moment as the end of the wait.
            state.leave(self.key);
            state.admit(self.gate.rule);
            return;
        }
        let Some(queue) = state.waiting.get_mut(&self.key) else { return };
        let before = queue.len();
        queue.retain(|waiter| !waiter.is_closed());
        let (gone, is_empty) = (before - queue.len(), queue.is_empty());
        state.all_waiting -= gone;
        if is_empty {
            state.waiting.remove(&self.key);
            let key = self.key;
            state.turns.retain(|turn| *turn != key);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.leave(self.key);
        state.admit(self.gate.rule);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    fn merchant(number: u128) -> Key {
        Some(Tenant::Merchant(Uuid::from_u128(number).into()))
    }

    async fn is_kept_waiting<F: Future>(call: F) -> bool {
        tokio::time::timeout(Duration::from_millis(20), call).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_with_a_long_queue_delays_the_others_by_one_turn() {
        let gate = Gate::new(1, 1000, Rule::percent(50));
        let inside = gate.enter(merchant(1)).await.unwrap();
        let (order, mut entered) = tokio::sync::mpsc::unbounded_channel();
        let queue = |key: Key, name: &'static str| {
            let (gate, order) = (gate.clone(), order.clone());
            tokio::spawn(async move {
                let pass = gate.enter(key).await.unwrap();
                order.send(name).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(pass);
            })
        };
        for _ in 0..100 {
            queue(merchant(1), "many");
        }
        tokio::task::yield_now().await;
        queue(merchant(2), "one");
        queue(None, "house");
        tokio::task::yield_now().await;
        drop(inside);
        let first: Vec<_> = [entered.recv().await, entered.recv().await, entered.recv().await].into();
        assert!(first.contains(&Some("one")) && first.contains(&Some("house")), "{first:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_leaves_room_inside_for_the_others() {
        let gate = Gate::new(8, 1000, Rule::percent(50));
        let mut inside = Vec::new();
        for _ in 0..5 {
            inside.push(gate.enter(merchant(1)).await.unwrap());
        }
        assert!(is_kept_waiting(gate.enter(merchant(1))).await);
        let other = gate.enter(merchant(2)).await.unwrap();
        // Those that gave up waiting left nothing behind.
        let waiting = |state: &State| (state.waiting.len(), state.turns.len(), state.all_waiting);
        assert_eq!(waiting(&gate.state()), (0, 0, 0));
        drop((inside, other));
        let state = gate.state();
        assert_eq!((state.free, state.inside.len()), (8, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_of_one_tenant_are_refused_and_others_still_wait_their_turn() {
        let gate = Gate::new(1, 9, Rule::percent(50));
        let inside = gate.enter(merchant(1)).await.unwrap();
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.enter(merchant(1)).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(gate.enter(merchant(1)).await.err(), Some(NoShare::Spent));
        assert!(is_kept_waiting(gate.enter(merchant(2))).await);
        drop(inside);
        for waiter in waiting {
            assert_eq!(waiter.await.unwrap(), Ok(()));
        }
        assert!(gate.enter(merchant(2)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_at_the_moment_of_its_turn_passes_the_turn_on() {
        let gate = Gate::new(1, 10, Rule::percent(50));
        let inside = gate.enter(merchant(1)).await.unwrap();
        let mut first = Box::pin(gate.enter(merchant(2)));
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(gate.enter(merchant(3)));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(inside);
        drop(first);
        assert!(second.await.is_ok());
        assert_eq!(gate.state().free, 1);
    }
}
