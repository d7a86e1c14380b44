//! Places for what takes long and takes much: a few in all, and fewer for one business.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::MerchantId;

/// Who is at it.
pub struct Places {
    taken: Mutex<HashMap<MerchantId, usize>>,
    in_all: usize,
    of_one: usize,
}

/// A place taken; given back when it is dropped.
pub struct Place {
    places: Arc<Places>,
    merchant: MerchantId,
}

impl Places {
    pub fn new(in_all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), in_all, of_one })
    }

    /// A place for this business; `None` when it has enough of them, or nobody can have one more.
    pub fn take(self: &Arc<Self>, merchant: MerchantId) -> Option<Place> {
        let mut taken = self.taken();
        let (all, own) = (taken.values().sum::<usize>(), taken.get(&merchant).copied().unwrap_or_default());
        if all >= self.in_all || own >= self.of_one {
            return None;
        }
        taken.insert(merchant, own + 1);
        Some(Place { places: self.clone(), merchant })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<MerchantId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let left = taken.remove(&self.merchant).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            taken.insert(self.merchant, left);
        }
    }
}
