//! A change that was accepted has helped once what it was to bring about is seen, and holds.
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::container::{Container, ContainerState, Health};
use firedeck::domain::database::{Blocked, DatabaseFacts, Place, Server, Session, State as Doing};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Condition, Facts, Kind, Object, ObjectRef};
use firedeck::domain::pod::Pod;
use firedeck::domain::settings::Backend;
use firedeck::domain::time::Timestamp;
use firedeck::incident::What;
use firedeck::incident::event::{
    At, End, Event, EventId, Order, StepEnded, StepSettled, StepStarted, Tier, Verdict,
};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run::{self, Known};
use firedeck::runbook::catalogue;
use firedeck::runbook::execution::{Run, State};
use firedeck::runbook::judge::{Judged, Watch};

use crate::common::estate::{ago, cockpit, crashing, deployment, feed, news, pod, press, say, shelve_all};

const PAGE: &str = "# Yard

## The crane stands still

1. Mend it
   ```bash
   kubectl rollout restart deployment/crane -n yard
   ```
2. Tell the harbour master
";

/// A cockpit in which the first command was accepted, and the world after it.
pub struct Mended {
    pub model: Model,
    n: u64,
    /// What was told to the journal.
    pub settled: Vec<StepSettled>,
    /// Kinds that were asked for.
    watched: Vec<Kind>,
    pub replies: bool,
}

fn at() -> At {
    At { run: "r1".into(), step: 0, command: Some(0) }
}

pub fn crane(ready: u32, wanted: u32) -> Object {
    deployment("yard", "crane", "registry.example.com/crane:1.4", ready, wanted)
}

impl Mended {
    pub fn new(columns: u16, rows: u16, watch: Watch) -> Mended {
        let mut model = cockpit(columns, rows);
        model.user = "ada".into();
        let document = Arc::new(catalogue::read("yard.md", PAGE, &Tables::default()));
        shelve_all(&mut model, vec![document.clone()]);
        press(&mut model, "G r Enter");
        let open = model.checklist.as_mut().expect("open");
        let known = Known { run: Run::new("r1", open.book.runbook.clone()), book: open.book.clone() };
        say(&mut model, Msg::RunKnown(Box::new(known)));
        let mut mended = Mended { model, n: 0, settled: Vec::new(), watched: Vec::new(), replies: true };
        mended.runs(watch);
        mended
    }

    /// The command runs, and is accepted.
    pub fn runs(&mut self, watch: Watch) {
        self.runs_this("kubectl rollout restart deployment/crane -n yard", watch);
    }

    fn runs_this(&mut self, text: &str, watch: Watch) {
        let order = Order { session: "s1".into(), statement: self.n + 1 };
        self.tell(What::StepStarted(Box::new(StepStarted {
            at: at(),
            order: order.clone(),
            n: "1".into(),
            line: 7,
            end_line: 7,
            text: text.into(),
            edited: false,
            tier: Tier::Change,
            why: "restarts".into(),
            host: "here".into(),
            workdir: String::new(),
            context: "prod-eu".into(),
            namespace: "yard".into(),
            namespace_origin: "flag".into(),
            question: Some(1),
            revision: 0,
            typed: None,
            reason: None,
            by: "ada".into(),
        })));
        self.tell(What::StepEnded(Box::new(StepEnded {
            at: at(),
            order,
            end: End::Exit(vec![0]),
            verdict: Verdict::Accepted,
            says: "restarted".into(),
            milliseconds: 400,
            output: Vec::new(),
        })));
        let judged = Judged {
            verdict: Verdict::Accepted,
            says: "restarted".into(),
            warnings: Vec::new(),
            watch: Some(watch),
            offer: None,
        };
        let effects = say(&mut self.model, Msg::Ran(run::News::Judged { at: at(), judged }));
        self.serve(effects);
    }

    fn tell(&mut self, what: What) {
        self.n += 1;
        let id = EventId { incident: "day".into(), writer: "here".into(), n: self.n };
        let event = Event::known(id, Timestamp(self.model.now.0 + 1), what);
        let effects = say(&mut self.model, Msg::Told(Box::new(event)));
        self.serve(effects);
    }

    fn serve(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Tell(what) => {
                    if let What::StepSettled(settled) = &*what {
                        self.settled.push(settled.clone());
                    }
                    if self.replies {
                        self.tell(*what);
                    }
                }
                Effect::Watch(kinds) => self.watched = kinds,
                _ => {}
            }
        }
    }

    /// So many seconds, one by one; every feed is heard all the while.
    pub fn wait(&mut self, seconds: i64, heard: &[Kind]) -> &mut Mended {
        for _ in 0..seconds {
            let live = heard.iter().map(|kind| News::Feed(feed(*kind), FeedState::Live));
            news(&mut self.model, live.collect());
            let now = Timestamp(self.model.now.0 + 1_000);
            let effects = say(&mut self.model, Msg::Tick(now));
            self.serve(effects);
        }
        self
    }

    pub fn sees(&mut self, crane: Object) -> &mut Mended {
        news(&mut self.model, vec![News::Objects(feed(Kind::Deployment), vec![Seen::Is(crane)])]);
        self
    }

    fn pods(&mut self, all: Vec<Pod>) -> &mut Mended {
        let all = all.into_iter().map(Seen::Is).collect();
        news(&mut self.model, vec![News::Pods(feed(Kind::Pod), all)]);
        self
    }

    fn says(&self) -> &str {
        let known = self.model.runs.settling.get(&("r1".into(), 0, Some(0)));
        known.map_or("", |settling| &settling.says)
    }

    fn state(&self) -> State {
        self.model.runs.all["r1"].run.command(0, 0).expect("a command").state
    }
}

pub const BOTH: &[Kind] = &[Kind::Pod, Kind::Deployment];

pub fn restarted() -> Watch {
    Watch::RolledOut { object: "deployment/crane".into(), namespace: Some("yard".into()) }
}

#[test]
fn a_restart_has_helped_once_all_are_ready_for_a_minute_and_that_is_told_once() {
    let mut mended = Mended::new(80, 24, restarted());
    assert!(mended.watched.contains(&Kind::Deployment), "{:?}", mended.watched);
    mended.wait(2, &[Kind::Pod]);
    assert_eq!(mended.says(), "settling: not looked at");
    mended.sees(crane(2, 3)).wait(5, BOTH);
    assert_eq!(mended.says(), "settling: 2 of 3 pods ready");
    mended.sees(crane(3, 3)).wait(21, BOTH);
    assert_eq!(mended.says(), "settling: 3 of 3 ready, holds 20 s of 60");
    mended.wait(38, BOTH);
    assert!(mended.settled.is_empty() && matches!(mended.state(), State::Accepted { .. }));
    mended.wait(3, BOTH);
    let [settled] = &mended.settled[..] else { panic!("{:?}", mended.settled) };
    assert_eq!((settled.verdict, settled.says.as_str()), (Verdict::Ok, "3 of 3 ready for 60 s"));
    assert_eq!(settled.at, at());
    assert_eq!(mended.state(), State::Ok);
    mended.wait(90, BOTH);
    assert_eq!(mended.settled.len(), 1);
    assert!(!mended.watched.contains(&Kind::Deployment), "nobody waits for them any more");
}

#[test]
fn it_is_told_once_although_the_journal_takes_its_time() {
    let mut mended = Mended::new(80, 24, restarted());
    mended.replies = false;
    mended.sees(crane(3, 3)).wait(200, BOTH);
    assert_eq!(mended.settled.len(), 1);
}

#[test]
fn a_change_back_begins_the_minute_anew() {
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(crane(3, 3)).wait(50, BOTH);
    mended.sees(crane(2, 3)).wait(1, BOTH);
    assert_eq!(mended.says(), "settling: 2 of 3 pods ready");
    mended.sees(crane(3, 3)).wait(55, BOTH);
    assert!(mended.settled.is_empty());
    mended.wait(10, BOTH);
    assert_eq!(mended.settled.len(), 1);
}

#[test]
fn no_data_settles_nothing() {
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(crane(3, 3)).wait(50, BOTH);
    let down = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut mended.model, vec![News::Feed(feed(Kind::Deployment), down)]);
    mended.wait(200, &[Kind::Pod]);
    assert!(mended.settled.is_empty());
    assert_eq!(mended.says(), "settling: nothing is known since 12:00");
    // Back again, it has to hold from then on.
    mended.wait(40, BOTH);
    assert!(mended.settled.is_empty(), "{}", mended.says());
    mended.wait(30, BOTH);
    assert_eq!(mended.settled.len(), 1);
}

#[test]
fn what_was_seen_before_the_command_has_ended_proves_nothing() {
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(crane(3, 3)).wait(20, BOTH);
    // The same again: the rows are those from before, and no word came since.
    mended.runs(restarted());
    mended.wait(5, &[Kind::Pod]);
    assert_eq!(mended.says(), "settling: to be looked at", "a poll takes its time");
    mended.wait(25, &[Kind::Pod]);
    assert_eq!(mended.says(), "settling: no word of it since");
    mended.wait(59, BOTH);
    assert!(mended.settled.is_empty());
    mended.wait(5, BOTH);
    assert_eq!(mended.settled.len(), 1);
}

#[test]
fn a_rollout_that_is_given_up_has_failed_but_not_for_what_was_given_up_before() {
    let given_up = |since: Timestamp| {
        let mut crane = crane(1, 3);
        if let Facts::Workload(workload) = &mut crane.facts {
            workload.conditions = vec![Condition {
                kind: "Progressing".into(),
                met: Some(false),
                reason: "ProgressDeadlineExceeded".into(),
                message: "".into(),
                since: Some(since),
            }];
        }
        crane
    };
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(given_up(ago(900))).wait(5, BOTH);
    assert!(mended.settled.is_empty());
    mended.sees(given_up(ago(-4))).wait(2, BOTH);
    let [settled] = &mended.settled[..] else { panic!("{:?}", mended.settled) };
    assert_eq!(settled.verdict, Verdict::Failed);
    assert_eq!(settled.says, "the rollout did not come through within its own deadline");
    assert_eq!(mended.state(), State::Failed);
}

#[test]
fn a_rollout_whose_new_pods_crash_has_failed_and_old_ones_say_nothing() {
    let fresh = |name: &str, created: Timestamp| {
        let mut pod = crashing(pod("yard", name, "node-1"), "Error", 1, 3, 0);
        pod.created = created;
        pod
    };
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(crane(1, 3)).pods(vec![fresh("crane-aaa-11111", ago(300))]).wait(5, BOTH);
    assert!(mended.settled.is_empty(), "{:?}", mended.settled);
    mended.pods(vec![fresh("crane-bbb-22222", ago(-3))]).wait(2, BOTH);
    let [settled] = &mended.settled[..] else { panic!("{:?}", mended.settled) };
    assert_eq!(
        (settled.verdict, settled.says.as_str()),
        (Verdict::Failed, "a new pod crashes again and again")
    );
}

#[test]
fn a_deleted_pod_is_settled_by_what_stands_in_its_place() {
    let gone = Watch::PodsGone { object: "pod/crane-aaa-11111".into(), namespace: Some("yard".into()) };
    let mut mended = Mended::new(80, 24, gone);
    mended.wait(70, BOTH);
    assert!(mended.settled.is_empty());
    assert_eq!(mended.says(), "settling: it is gone; nothing is seen in its place");
    mended.pods(vec![pod("yard", "crane-aaa-22222", "node-1")]).wait(62, BOTH);
    let [settled] = &mended.settled[..] else { panic!("{}", mended.says()) };
    assert_eq!(settled.says, "it is gone; 1 of 1 in its place ready for 60 s");
}

#[test]
fn a_drained_node_is_settled_once_nothing_is_left_on_it() {
    let drained = Watch::PodsGone { object: "node/node-4".into(), namespace: None };
    let mut mended = Mended::new(80, 24, drained);
    mended.wait(3, BOTH);
    assert_eq!(mended.says(), "settling: 1 pod is still on node-4");
}

fn polled(backend: Backend) -> Feed {
    Feed::Endpoint(backend, "prod".into())
}

fn polls(mended: &mut Mended, backend: Backend, seconds: i64, kind: Kind, facts: &dyn Fn() -> Facts) {
    for _ in 0..seconds {
        let id = ObjectRef { context: "prod".into(), kind, namespace: "".into(), name: "crane".into() };
        let row =
            Object { id, uid: "c1".into(), created: ago(900), deleting: false, owner: None, facts: facts() };
        let feed = polled(backend);
        let seen =
            vec![News::Feed(feed.clone(), FeedState::Live), News::Rows(feed, kind, vec![Seen::Is(row)])];
        news(&mut mended.model, seen);
        mended.wait(1, &[]);
    }
}

#[test]
fn a_container_that_was_restarted_has_helped_once_its_check_says_so_for_a_minute() {
    let watch = Watch::RolledOut { object: "container/crane".into(), namespace: None };
    let mut mended = Mended::new(80, 24, watch);
    mended.wait(2, &[]);
    assert_eq!(mended.says(), "nobody sees from here whether it helped");
    let runs = |health| {
        let state = ContainerState::Running;
        move || Facts::Container(Box::new(Container { state, health: Some(health), ..Container::default() }))
    };
    polls(&mut mended, Backend::Docker, 3, Kind::Container, &runs(Health::Unhealthy));
    assert_eq!(mended.says(), "settling: crane: unhealthy");
    polls(&mut mended, Backend::Docker, 62, Kind::Container, &runs(Health::Healthy));
    let [settled] = &mended.settled[..] else { panic!("{:?} {}", mended.settled, mended.says()) };
    assert_eq!((settled.verdict, settled.says.as_str()), (Verdict::Ok, "healthy for 60 s"));
}

#[test]
fn ended_sessions_have_helped_once_the_database_has_had_room_for_a_minute() {
    let mut mended = Mended::new(80, 24, Watch::SlotsFree);
    let uses = |used| {
        move || {
            let server = Server { used, max: 20, reserved: 3, ..Server::default() };
            Facts::Database(DatabaseFacts::Server(Box::new(server)))
        }
    };
    polls(&mut mended, Backend::Postgres, 30, Kind::Server, &uses(17));
    assert_eq!(mended.says(), "settling: 17 of 17 connections used");
    polls(&mut mended, Backend::Postgres, 62, Kind::Server, &uses(5));
    let [settled] = &mended.settled[..] else { panic!("{:?} {}", mended.settled, mended.says()) };
    assert_eq!(settled.says, "5 of 17 connections used for 60 s");
}

#[test]
fn a_session_that_was_ended_by_its_number_has_helped_once_nobody_waits_for_a_lock() {
    let mut mended = Mended::new(80, 24, Watch::Nothing);
    mended.runs_this("psql -d yard -c 'SELECT pg_terminate_backend(495)'", Watch::SlotsFree);
    let server =
        || Facts::Database(DatabaseFacts::Server(Box::new(Server { used: 5, max: 20, ..Server::default() })));
    let session = |pid: i32, waits: bool| {
        let place = Place { root: 493, depth: 1, at: 1, blocks: 0 };
        move || {
            let blocked = waits.then(|| Blocked { place, by: vec![493] });
            Facts::Database(DatabaseFacts::Session(Box::new(Session { pid, blocked, ..idle() })))
        }
    };
    polls(&mut mended, Backend::Postgres, 1, Kind::Session, &session(495, false));
    polls(&mut mended, Backend::Postgres, 2, Kind::Server, &server);
    assert_eq!(mended.says(), "settling: session 495 is still there");
    polls(&mut mended, Backend::Postgres, 1, Kind::Session, &session(497, true));
    polls(&mut mended, Backend::Postgres, 90, Kind::Server, &server);
    assert_eq!(mended.says(), "settling: 1 session still waits for a lock");
    polls(&mut mended, Backend::Postgres, 1, Kind::Session, &session(497, false));
    polls(&mut mended, Backend::Postgres, 62, Kind::Server, &server);
    let [settled] = &mended.settled[..] else { panic!("{:?} {}", mended.settled, mended.says()) };
    assert_eq!(settled.says, "no session waits for a lock, 5 of 20 connections used for 60 s");
}

fn idle() -> Session {
    Session {
        pid: 1,
        began: "2026-11-26 02:00:00+00".into(),
        backend: "client backend".into(),
        user: "shop".into(),
        database: "yard".into(),
        application: "".into(),
        client: "".into(),
        state: Doing::Idle,
        since: None,
        transaction: None,
        query_began: None,
        wait: None,
        xmin_age: None,
        query_id: None,
        query: "".into(),
        blocked: None,
        hidden: false,
        own: false,
        level: firedeck::domain::level::Level::Fine,
    }
}

#[test]
fn what_no_pane_shows_stays_accepted_and_says_who_settles_it() {
    for watch in [
        Watch::Nothing,
        Watch::RolledOut { object: "web".into(), namespace: None },
        Watch::PodsGone { object: "pods".into(), namespace: None },
        Watch::ValueAsSet { name: "work_mem".into(), value: "64MB".into() },
    ] {
        let mut mended = Mended::new(80, 24, watch);
        mended.wait(200, BOTH);
        assert!(mended.settled.is_empty());
        assert_eq!(mended.says(), "nobody sees from here whether it helped");
    }
}

#[test]
fn the_end_of_the_run_ends_the_waiting() {
    let mut mended = Mended::new(80, 24, restarted());
    mended.sees(crane(3, 3)).wait(50, BOTH);
    let closed = firedeck::incident::event::RunClosed {
        run: "r1".into(),
        done: false,
        why: "over".into(),
        by: "ada".into(),
    };
    mended.tell(What::RunClosed(closed));
    mended.wait(100, BOTH);
    assert!(mended.settled.is_empty() && mended.model.runs.settling.is_empty());
    let silent = |feed: &Feed| matches!(feed, Feed::Objects(_, Kind::Deployment, _));
    assert!(mended.model.feeds.keys().any(silent));
}
