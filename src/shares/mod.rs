//! Fair shares: whatever this process has a limited number of is shared between those who ask for it, so that one of
//! them at its limit costs the others nothing.
//!
//! One rule holds everywhere: a tenant may take one more while it holds no more than are free. So a tenant that is alone
//! gets half of all, one of two that want everything a third, and something is always left for the next one. Nothing has
//! to be reserved for merchants that are not there, and nobody has to know how many there are.
//!
//! This room knows numbers and tenants. It must never know what is shared.

mod gate;
mod tenant;

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::counter;

pub use gate::{Gate, Pass};
pub use tenant::{Tenant, current, network, serve, within};

/// What one tenant that is alone may have of anything, in per cent.
const PERCENT_OF_ONE: u8 = 50;

/// Why there is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoShare {
    /// Nobody could have one more.
    #[error("all of them are taken")]
    Full,
    /// This tenant has its share.
    #[error("this tenant has its share of them")]
    Spent,
}

/// A limited number of something.
pub struct Shares<K> {
    /// What it is a number of, for the metrics.
    of: &'static str,
    taken: Mutex<Taken<K>>,
    in_all: usize,
    rule: Rule,
}

struct Taken<K> {
    all: usize,
    by: HashMap<K, usize>,
}

/// One of them, taken; given back when it is dropped.
pub struct Share<K: Hash + Eq + Copy> {
    shares: Arc<Shares<K>>,
    by: Option<K>,
}

/// How much one tenant may have.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    percent: usize,
    most: usize,
}

impl Default for Rule {
    fn default() -> Self {
        Self::percent(PERCENT_OF_ONE)
    }
}

impl Rule {
    /// What one tenant holds is at most `percent` of what it holds and what is free, taken together.
    fn percent(percent: u8) -> Self {
        Self { percent: usize::from(percent.min(100)), most: usize::MAX }
    }

    /// `most` for each, however many are free.
    pub fn of_each(most: usize) -> Self {
        Self::percent(100).at_most(most)
    }

    /// And no more than `most` in any case.
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Whether a tenant that holds `own` may have one more, where `free` are free.
    pub fn permits(self, own: usize, free: usize) -> bool {
        let Self { percent, most } = self;
        free > 0 && own < most && own.saturating_mul(100 - percent) <= free.saturating_mul(percent)
    }
}

impl<K: Hash + Eq + Copy> Shares<K> {
    /// `in_all` of them, named `of` in the metrics.
    pub fn new(of: &'static str, in_all: usize, rule: Rule) -> Arc<Self> {
        Arc::new(Self { of, taken: Mutex::new(Taken { all: 0, by: HashMap::new() }), in_all, rule })
    }

    /// Takes one. Work of this process itself (`None`) has no share: it gets what is there.
    ///
    /// # Errors
    /// None is left, or none for this tenant.
    pub fn take(self: &Arc<Self>, by: Option<K>) -> Result<Share<K>, NoShare> {
        let mut taken = self.taken();
        let free = self.in_all.saturating_sub(taken.all);
        let own = by.and_then(|by| taken.by.get(&by).copied()).unwrap_or_default();
        let refused = match by {
            _ if free == 0 => Some(NoShare::Full),
            Some(_) if !self.rule.permits(own, free) => Some(NoShare::Spent),
            _ => None,
        };
        if let Some(refused) = refused {
            let why = if refused == NoShare::Full { "full" } else { "share" };
            counter!("paygate_shares_refused_total", "of" => self.of, "why" => why).increment(1);
            return Err(refused);
        }
        taken.all += 1;
        if let Some(by) = by {
            taken.by.insert(by, own + 1);
        }
        Ok(Share { shares: self.clone(), by })
    }

    /// How many are taken.
    pub fn in_use(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.all = taken.all.saturating_sub(1);
        let Some(by) = self.by else { return };
        match taken.by.get_mut(&by) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.by.remove(&by)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all<K: Hash + Eq + Copy>(shares: &Arc<Shares<K>>, by: K) -> Vec<Share<K>> {
        std::iter::from_fn(|| shares.take(Some(by)).ok()).collect()
    }

    #[test]
    fn one_tenant_gets_half_and_each_further_one_finds_something() {
        let shares = Shares::new("things", 1000, Rule::percent(50));
        let mut held = Vec::new();
        for tenant in 0..8 {
            let own = take_all(&shares, tenant);
            assert_eq!(shares.take(Some(tenant)).err(), Some(NoShare::Spent));
            held.push(own.len());
            std::mem::forget(own);
        }
        assert_eq!(held, [501, 250, 125, 63, 31, 16, 8, 4]);
    }

    #[test]
    fn a_share_given_back_can_be_taken_again_and_nothing_is_kept_of_who_is_gone() {
        let shares = Shares::new("things", 4, Rule::percent(50));
        let own = take_all(&shares, 'a');
        assert_eq!(own.len(), 3);
        drop(own);
        assert_eq!(shares.in_use(), 0);
        assert!(shares.taken().by.is_empty());
        assert_eq!(take_all(&shares, 'b').len(), 3);
    }

    #[test]
    fn a_single_one_can_be_taken_and_a_hundred_per_cent_are_all() {
        assert!(Shares::new("things", 1, Rule::percent(50)).take(Some(1)).is_ok());
        assert_eq!(take_all(&Shares::new("things", 7, Rule::percent(100)), 1).len(), 7);
        assert_eq!(take_all(&Shares::new("things", 7, Rule::percent(100).at_most(2)), 1).len(), 2);
        assert_eq!(Shares::new("things", 0, Rule::percent(100)).take(Some(1)).err(), Some(NoShare::Full));
    }

    #[test]
    fn work_of_the_process_itself_gets_what_is_there() {
        let shares = Shares::<u8>::new("things", 4, Rule::percent(50));
        let own: Vec<_> = std::iter::from_fn(|| shares.take(None).ok()).collect();
        assert_eq!((own.len(), shares.take(None).err()), (4, Some(NoShare::Full)));
    }
}
