//! Memory for the bodies of all exchanges in flight in one VM.

use std::cell::Cell;
use std::rc::Rc;

/// How many bytes may be copied at one time; half of `limits.memory`. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget(Rc<Purse>);

#[derive(Debug)]
struct Purse {
    limit: usize,
    used: Cell<usize>,
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Reservation {
    budget: Option<Budget>,
    bytes: usize,
}

impl Budget {
    /// With nothing used.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Rc::new(Purse { limit, used: Cell::new(0) }))
    }

    /// Bytes that are not in use.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.limit.saturating_sub(self.0.used.get())
    }
}

impl Reservation {
    /// Makes this the number of bytes that are in use. The caller has asked [`Budget::free`].
    pub(super) fn set(&mut self, budget: &Budget, bytes: usize) {
        if self.budget.is_none() && bytes > 0 {
            self.budget = Some(budget.clone());
        }
        if let Some(Budget(purse)) = &self.budget {
            purse.used.set(purse.used.get().saturating_sub(self.bytes).saturating_add(bytes));
            self.bytes = bytes;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(Budget(purse)) = &self.budget {
            purse.used.set(purse.used.get().saturating_sub(self.bytes));
        }
    }
}
