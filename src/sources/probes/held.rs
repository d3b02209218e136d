//! A connection to a server that counts its connections: held while questions come often, given back when they
//! come seldom, and not tried for again at once where there is no room.
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep_until};

/// Questions that come as rarely as this hold nothing between them.
const SELDOM: Duration = Duration::from_secs(30);
/// Others may be due at the same moment.
const LINGERS: Duration = Duration::from_secs(2);
/// A server without room for one more is left alone for this long, and longer each time.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(4);

pub(super) struct Slot<C>(Arc<Mutex<Held<C>>>);

pub(super) struct Held<C> {
    connection: Option<C>,
    until: Instant,
    full: Option<Full>,
}

/// The server had no room.
struct Full {
    why: String,
    times: u32,
    until: Instant,
}

/// Why there is no connection.
pub(super) struct Refusal {
    pub why: String,
    /// The server has no room for one more.
    pub full: bool,
}

impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal { why, full: false }
    }
}

impl<C> Held<C> {
    /// The connection that is there; who has it to himself gives it to `keep` when it is still good.
    pub(super) fn take(&mut self) -> Option<C> {
        self.connection.take()
    }

    /// Opens one, unless there was no room a moment ago.
    pub(super) async fn open(
        &mut self,
        connect: impl Future<Output = Result<C, Refusal>>,
    ) -> Result<C, String> {
        if let Some(full) = &self.full
            && Instant::now() < full.until
        {
            return Err(format!("{}; it is left alone for a while", full.why));
        }
        match connect.await {
            Ok(connection) => {
                self.full = None;
                Ok(connection)
            }
            Err(Refusal { why, full }) => {
                let times = self.full.as_ref().map_or(0, |full| full.times);
                self.full = full.then(|| {
                    let pause = (PAUSE * 2_u32.pow(times.min(3))).min(LONGEST_PAUSE);
                    Full { why: why.clone(), times: times + 1, until: Instant::now() + pause }
                });
                Err(why)
            }
        }
    }
}

impl<C: Send + 'static> Slot<C> {
    pub(super) fn new() -> Slot<C> {
        Slot(Arc::new(Mutex::new(Held { connection: None, until: Instant::now(), full: None })))
    }

    pub(super) async fn lock(&self) -> MutexGuard<'_, Held<C>> {
        self.0.lock().await
    }

    /// Holds a good connection until questions of this pace should have come again.
    pub(super) fn keep(&self, held: &mut Held<C>, connection: C, every: Duration) {
        let stays = if every >= SELDOM { LINGERS } else { every * 2 };
        let until = held.until.max(Instant::now() + stays);
        held.until = until;
        held.connection = Some(connection);
        let slot = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            sleep_until(until).await;
            let Some(slot) = slot.upgrade() else { return };
            let mut held = slot.lock().await;
            if held.until <= until {
                held.connection = None;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(slot: &Slot<u32>, every: u64) {
        let mut held = slot.lock().await;
        let one = held.take().unwrap_or(1);
        slot.keep(&mut held, one, Duration::from_secs(every));
    }

    async fn is_held_after(slot: &Slot<u32>, seconds: u64) -> bool {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        slot.lock().await.connection.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_seldom_gives_the_place_back_and_who_asks_often_keeps_it() {
        let slot = Slot::new();
        ask(&slot, 30).await;
        assert!(is_held_after(&slot, 1).await, "another may be due");
        assert!(!is_held_after(&slot, 2).await);
        ask(&slot, 10).await;
        ask(&slot, 60).await;
        assert!(is_held_after(&slot, 12).await);
        assert!(!is_held_after(&slot, 20).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_without_room_is_left_alone_for_a_while() {
        let slot: Slot<u32> = Slot::new();
        let mut tries = 0;
        for _ in 0..100 {
            let refused = async {
                tries += 1;
                Err(Refusal { why: "too many clients (53300)".into(), full: true })
            };
            let why = slot.lock().await.open(refused).await.expect_err("full");
            assert!(why.starts_with("too many clients (53300)"), "{why}");
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        assert_eq!(tries, 4, "at 0, 30, 90 and 210 of 300 s");
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_broke_may_be_tried_again_at_once() {
        let slot: Slot<u32> = Slot::new();
        let broken = async { Err("connection refused".to_owned().into()) };
        assert!(slot.lock().await.open(broken).await.is_err());
        assert_eq!(slot.lock().await.open(async { Ok(7) }).await, Ok(7));
    }
}
