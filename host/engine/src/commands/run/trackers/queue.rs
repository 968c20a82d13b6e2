//! What waits for a tracker, and how far the tracker is.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lossnet_plugin_protocol::report::Report;

/// How a cell ended, for a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::run) enum Ending {
    /// Its result is stored.
    Complete,
    /// It failed with this message.
    Failed(String),
    /// It is left for a later attempt.
    Interrupted,
}

/// Something that a tracker is to hear of a cell, by the cell's position.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A point of a curve: dropped where the tracker can't keep up.
    Point(usize, Box<Report>),
    /// What must get through.
    Reports(usize, Arc<Vec<Report>>),
    /// The cell is over.
    End(usize, Ending),
}

/// Between the threads that report and the one that calls the tracker.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// How many points may wait.
    capacity: usize,
}

#[derive(Debug)]
struct State {
    items: VecDeque<Item>,
    points: usize,
    dropped: u64,
    /// Nothing more comes.
    closed: bool,
    /// The tracker took too long: nobody waits for it, and it gets nothing more.
    abandoned: bool,
    /// The thread is through.
    done: bool,
    /// When the call began that has not returned.
    calling: Option<Instant>,
    /// What the user is to be told.
    notices: Vec<String>,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Queue {
        let state = State {
            items: VecDeque::new(),
            points: 0,
            dropped: 0,
            closed: false,
            abandoned: false,
            done: false,
            calling: None,
            notices: Vec::new(),
        };
        Queue { state: Mutex::new(state), changed: Condvar::new(), capacity }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something wait for the tracker; false if it was dropped.
    pub(super) fn push(&self, item: Item) -> bool {
        let mut state = self.lock();
        if state.abandoned {
            return false;
        }
        if matches!(item, Item::Point(..)) {
            if state.points >= self.capacity {
                state.dropped += 1;
                return false;
            }
            state.points += 1;
        }
        state.items.push_back(item);
        self.changed.notify_all();
        true
    }

    /// The next item, as soon as there is one; none when all is done or nobody waits any more.
    pub(super) fn next(&self) -> Option<Item> {
        let mut state = self.lock();
        loop {
            if state.abandoned {
                return None;
            }
            if let Some(item) = state.items.pop_front() {
                state.points -= usize::from(matches!(item, Item::Point(..)));
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs a call of the tracker, with a clock at its side. None if nobody waited for it: then it must not go on.
    pub(super) fn call<T>(&self, call: impl FnOnce() -> T) -> Option<T> {
        {
            let mut state = self.lock();
            if state.abandoned {
                return None;
            }
            state.calling = Some(Instant::now());
        }
        let result = call();
        let mut state = self.lock();
        state.calling = None;
        self.changed.notify_all();
        (!state.abandoned).then_some(result)
    }

    /// The thread's last word.
    pub(super) fn done(&self) {
        self.lock().done = true;
        self.changed.notify_all();
    }

    /// Says that nothing more comes.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Something that the user is to be told.
    pub(super) fn notice(&self, text: String) {
        self.lock().notices.push(text);
    }

    /// What the user is to be told, once.
    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().notices)
    }

    /// How many points were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Leaves the tracker alone if its call has lasted longer than this; true when that happens.
    pub(super) fn abandon_after(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        let hangs = !state.abandoned && state.calling.is_some_and(|began| began.elapsed() >= limit);
        if hangs {
            state.abandon();
        }
        hangs
    }

    /// Waits until the tracker is through, but not longer than `limit` for one call and `total` for all: then it is left
    /// alone, and what it exceeded is returned.
    pub(super) fn wait(&self, limit: Duration, total: Duration) -> Option<Duration> {
        let began = Instant::now();
        let mut state = self.lock();
        loop {
            if state.done || state.abandoned {
                return None;
            }
            let of_call = state.calling.map_or(limit, |call| limit.saturating_sub(call.elapsed()));
            let of_all = total.saturating_sub(began.elapsed());
            if of_call.is_zero() || of_all.is_zero() {
                state.abandon();
                return Some(if of_call.is_zero() { limit } else { total });
            }
            let left = of_call.min(of_all);
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the tracker is through with all that it was to hear.
    pub(super) fn is_done(&self) -> bool {
        self.lock().done
    }
}

impl State {
    fn abandon(&mut self) {
        self.abandoned = true;
        self.items.clear();
        self.points = 0;
    }
}
