//! What the supervisor does when a source breaks, on a clock that only moves when everyone waits.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::News;
use firedeck::sources::supervise::{Signals, Source, SourceError, Wire, supervise};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// What happens in one run of the source.
#[derive(Debug, Clone)]
enum Act {
    Fail(SourceError),
    Panic,
    /// Live for a while, with a word every second, then broken.
    Live(Duration),
    /// Never answers.
    Hang,
}

/// Plays its acts in turn and the last one for ever; remembers when each run began.
struct Play {
    acts: VecDeque<Act>,
    begun: Arc<Mutex<Vec<Instant>>>,
}

fn refused() -> SourceError {
    SourceError::Unreachable { why: "connection refused".into() }
}

impl Source for Play {
    fn feed(&self) -> Feed {
        Feed::Pods("lab".into(), "".into())
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        self.begun.lock().unwrap().push(Instant::now());
        let act = if self.acts.len() > 1 { self.acts.pop_front() } else { self.acts.front().cloned() };
        match act.unwrap() {
            Act::Fail(error) => Err(error),
            Act::Panic => panic!("index out of bounds"),
            Act::Hang => std::future::pending().await,
            Act::Live(span) => {
                wire.loading().await?;
                let end = Instant::now() + span;
                while Instant::now() < end {
                    wire.live().await?;
                    sleep(Duration::from_secs(1)).await;
                }
                Err(refused())
            }
        }
    }
}

struct Stage {
    begun: Arc<Mutex<Vec<Instant>>>,
    inbox: mpsc::Receiver<Vec<News>>,
    signals: Signals,
    task: tokio::task::JoinHandle<()>,
}

impl Stage {
    fn new(acts: impl IntoIterator<Item = Act>) -> Stage {
        Stage::under(Signals::default(), acts)
    }

    fn under(signals: Signals, acts: impl IntoIterator<Item = Act>) -> Stage {
        let begun = Arc::default();
        let (out, inbox) = mpsc::channel(64);
        let play = Play { acts: acts.into_iter().collect(), begun: Arc::clone(&begun) };
        let task = tokio::spawn(supervise(play, out, signals.clone()));
        Stage { begun, inbox, signals, task }
    }

    /// The next state that is said, however long it takes.
    async fn state(&mut self) -> FeedState {
        match &self.inbox.recv().await.expect("the supervisor has ended")[..] {
            [News::Feed(Feed::Pods(..), state)] => state.clone(),
            other => panic!("unexpected news: {other:?}"),
        }
    }

    async fn state_where(&mut self, fits: impl Fn(&FeedState) -> bool) -> FeedState {
        loop {
            let state = self.state().await;
            if fits(&state) {
                return state;
            }
        }
    }

    /// The pauses between the first `runs` runs.
    async fn pauses(&mut self, runs: usize) -> Vec<Duration> {
        while self.begun.lock().unwrap().len() < runs {
            self.state().await;
        }
        let begun = self.begun.lock().unwrap();
        begun.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

fn is_waiting(state: &FeedState) -> bool {
    matches!(state, FeedState::Down { next_try: Some(_), .. })
}

#[tokio::test(start_paused = true)]
async fn a_dead_backend_is_tried_less_and_less_often_but_at_least_every_half_minute() {
    let mut stage = Stage::new([Act::Fail(refused())]);
    let pauses = stage.pauses(12).await;
    let mut most = Duration::from_millis(500);
    for pause in pauses {
        assert!(pause >= most * 3 / 4 && pause <= most + Duration::from_millis(2), "{pause:?} of {most:?}");
        most = (most * 2).min(Duration::from_secs(30));
    }
}

#[tokio::test(start_paused = true)]
async fn it_says_why_and_when_it_tries_next_and_that_it_is_trying() {
    let before = firedeck::sources::now();
    let mut stage = Stage::new([Act::Fail(refused())]);
    assert_eq!(stage.state().await, FeedState::Connecting);
    let FeedState::Down { why, next_try: Some(next) } = stage.state().await else { panic!("not down") };
    assert_eq!(why, "connection refused");
    assert!(next > before, "the next try lies ahead");
    let FeedState::Down { next_try: None, .. } = stage.state().await else { panic!("not trying") };
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_well_for_a_while_starts_over_with_short_pauses() {
    let fail = || Act::Fail(refused());
    let long = Act::Live(Duration::from_mins(1));
    let mut stage = Stage::new([fail(), fail(), fail(), fail(), fail(), long, fail(), fail()]);
    let pauses = stage.pauses(8).await;
    assert!(pauses[4] > Duration::from_secs(5), "{pauses:?}");
    let after = pauses[5].saturating_sub(Duration::from_mins(1));
    assert!(after <= Duration::from_millis(502), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_comes_up_only_to_fall_is_not_hammered() {
    let mut stage = Stage::new([Act::Live(Duration::from_secs(1))]);
    let pauses = stage.pauses(9).await;
    assert!(pauses[7] > Duration::from_secs(20), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_outage_of_one_feed_and_not_the_end() {
    let mut stage = Stage::new([Act::Panic, Act::Live(Duration::from_mins(1))]);
    let FeedState::Down { why, .. } = stage.state_where(is_waiting).await else { unreachable!() };
    assert!(why.contains("index out of bounds"), "{why}");
    stage.state_where(|state| *state == FeedState::Live).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_forbidden_or_absent_says_so_and_is_asked_again_slowly() {
    let needs = "list and watch nodes".to_owned();
    let mut stage = Stage::new([Act::Fail(SourceError::Forbidden { needs: needs.clone() })]);
    assert_eq!(stage.state().await, FeedState::Connecting);
    assert_eq!(stage.state().await, FeedState::Forbidden { needs });
    let pauses = stage.pauses(4).await;
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_secs(45)), "{pauses:?}");
    let why = "no metrics.k8s.io".to_owned();
    let mut stage = Stage::new([Act::Fail(SourceError::Absent { why: why.clone() })]);
    stage.state_where(|state| *state == FeedState::Absent { why: why.clone() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_left_alone_as_long_as_it_asked() {
    let mut stage = Stage::new([Act::Fail(SourceError::Busy { wait: Some(Duration::from_secs(17)) })]);
    assert!(stage.pauses(2).await[0] >= Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn the_retry_key_wakes_every_sleeping_source_at_once() {
    let signals = Signals::default();
    let acts = || {
        let forbidden = SourceError::Forbidden { needs: "list pods".into() };
        [Act::Fail(forbidden), Act::Live(Duration::from_mins(10))]
    };
    let mut stages = [Stage::under(signals.clone(), acts()), Stage::under(signals.clone(), acts())];
    for stage in &mut stages {
        stage.state_where(|state| matches!(state, FeedState::Forbidden { .. })).await;
    }
    // The state is said just before the sleep begins.
    tokio::task::yield_now().await;
    let asked = Instant::now();
    signals.retry.notify_waiters();
    for stage in &mut stages {
        stage.state_where(|state| *state == FeedState::Live).await;
    }
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_ends_when_the_cockpit_does() {
    let mut stage = Stage::new([Act::Hang]);
    stage.state().await;
    stage.signals.cancel.cancel();
    timeout(Duration::from_secs(1), &mut stage.task).await.expect("it still runs").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_nobody_listens_to_ends() {
    let Stage { inbox, task, .. } = Stage::new([Act::Live(Duration::from_mins(10))]);
    drop(inbox);
    timeout(Duration::from_secs(5), task).await.expect("it still runs").unwrap();
}
