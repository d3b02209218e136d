//! What every part of the world is built on: its state under one lock, a clock that is told, and dice with a seed.
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// A part of the world as its server holds it. Whatever is done inside `with` happens at one instant; there is no
/// waiting inside.
pub struct Handle<P> {
    reach: Arc<Reach<P>>,
    changed: watch::Receiver<u64>,
}

/// Whether it may be changed is said beside it.
type Reach<P> = dyn Fn(bool, &mut dyn FnMut(&mut P)) + Send + Sync;

impl<P> Clone for Handle<P> {
    fn clone(&self) -> Handle<P> {
        Handle { reach: Arc::clone(&self.reach), changed: self.changed.clone() }
    }
}

impl<P: 'static> Handle<P> {
    /// Of something that is locked elsewhere; `changed` counts what has happened to it.
    pub fn new(
        reach: impl Fn(bool, &mut dyn FnMut(&mut P)) + Send + Sync + 'static,
        changed: watch::Receiver<u64>,
    ) -> Handle<P> {
        Handle { reach: Arc::new(reach), changed }
    }

    /// Looks at the part, or changes it, at one instant. Whoever waits for a change is woken afterwards.
    pub fn with<R>(&self, work: impl FnOnce(&mut P) -> R) -> Option<R> {
        self.reached(true, work)
    }

    /// Only looks at the part: nobody is woken.
    pub fn look<R>(&self, work: impl FnOnce(&P) -> R) -> Option<R> {
        self.reached(false, |part| work(part))
    }

    fn reached<R>(&self, changes: bool, work: impl FnOnce(&mut P) -> R) -> Option<R> {
        let (mut work, mut result) = (Some(work), None);
        (self.reach)(changes, &mut |part| result = work.take().map(|work| work(part)));
        result
    }

    /// Comes back when something has happened since the last call; false when the world has ended.
    pub async fn changed(&mut self) -> bool {
        self.changed.changed().await.is_ok()
    }
}

/// One state for all who have a handle of it.
pub struct Shared<S> {
    state: Arc<Mutex<S>>,
    count: watch::Sender<u64>,
}

impl<S: Send + 'static> Shared<S> {
    pub fn new(state: S) -> Shared<S> {
        Shared { state: Arc::new(Mutex::new(state)), count: watch::Sender::new(0) }
    }

    /// The handle of one part.
    pub fn part<P: 'static>(&self, pick: impl Fn(&mut S) -> &mut P + Send + Sync + 'static) -> Handle<P> {
        let (state, count) = (Arc::clone(&self.state), self.count.clone());
        let reach = move |changes: bool, work: &mut dyn FnMut(&mut P)| {
            work(pick(&mut state.lock().unwrap_or_else(PoisonError::into_inner)));
            if changes {
                count.send_modify(|count| *count = count.wrapping_add(1));
            }
        };
        Handle::new(reach, self.count.subscribe())
    }

    /// The handle of everything.
    pub fn whole(&self) -> Handle<S> {
        self.part(|state| state)
    }
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below the limit; zero where the limit is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll().checked_rem(limit).unwrap_or(0)
    }

    /// From 0 up to, and without, 1.
    pub fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.roll() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    /// So many letters and digits as the names of pods end with.
    pub fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut letter = || {
            let at = usize::try_from(self.below(LETTERS.len() as u64)).unwrap_or(0);
            char::from(*LETTERS.get(at).unwrap_or(&b'x'))
        };
        (0..count).map(|_| letter()).collect()
    }
}

/// Seconds from one instant to another, never less than zero.
pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
