//! One session, in a task of its own: what is asked of it, one after the other, and what it tells.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::enter::{self, Entered};
use super::follow::{How, Judging};
use super::start::Work;
use super::tail::Tailing;
use super::{Shared, ask, lock};
use crate::commands::effect::Answer;
use crate::domain::shell::Sent;
use crate::domain::text::grouped;
use crate::incident::What;
use crate::incident::event::{At, End, ShellEnded};
use crate::model::run::News;
use crate::tools::runner::{self, Child, Event, Gone, Handle, State, Stream};

/// All the looks of a command together.
const LOOKS: Duration = Duration::from_secs(2);
/// How much longer than its time a question may take to be taken back.
const GRACE: Duration = Duration::from_secs(2);

/// After so long a session has told what it told before.
const SETTLED: Duration = Duration::from_millis(300);

/// A session that this program is attached to.
#[derive(Debug, Clone)]
pub(super) struct Session {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
pub(super) enum Order {
    Look(Vec<Sent>, oneshot::Sender<Vec<Option<Answer>>>),
    Start(Box<Work>),
    Stop(u64, oneshot::Sender<Result<(), String>>),
    /// Ends it, if nothing runs in it.
    Leave(oneshot::Sender<()>),
    Enter(oneshot::Sender<Result<Entered, String>>),
    Type(Vec<u8>),
    Resize(u16, u16),
}

impl Session {
    /// Follows a session from now on.
    pub(super) fn follow(shared: &Arc<Shared>, name: String, handle: Handle, about: About) -> Session {
        let (orders, inbox) = mpsc::channel(16);
        let session = Session { orders };
        lock(&shared.sessions).insert(name.clone(), session.clone());
        // What a shell on this box begins with is this program's own environment.
        let unlearned = about.used || about.place.remote.is_some();
        let task = Task {
            shared: shared.clone(),
            name,
            handle,
            about,
            running: None,
            leaving: Vec::new(),
            viewer: None,
            backlog: VecDeque::new(),
            view: enter::View::default(),
            seen: None,
            asking: None,
            lasting: BTreeSet::new(),
            current: None,
            unlearned,
            over: false,
        };
        tokio::spawn(task.live(inbox));
        session
    }

    /// `None` for each that did not come in time.
    pub(super) async fn look(&self, looks: Vec<Sent>) -> Vec<Option<Answer>> {
        let count = looks.len();
        let (reply, answers) = oneshot::channel();
        let answers = match self.orders.send(Order::Look(looks, reply)).await {
            Ok(()) => answers.await.ok(),
            Err(_) => None,
        };
        answers.unwrap_or_else(|| vec![None; count])
    }

    /// False where the session is over.
    pub(super) async fn begin(&self, work: Box<Work>) -> bool {
        self.orders.send(Order::Start(work)).await.is_ok()
    }

    pub(super) async fn stop(&self, statement: u64) -> Result<(), String> {
        let (reply, done) = oneshot::channel();
        let over = || "its session is over".to_owned();
        self.orders.send(Order::Stop(statement, reply)).await.map_err(|_| over())?;
        done.await.map_err(|_| over())?
    }

    pub(super) async fn enter(&self) -> Result<(Entered, mpsc::Sender<Order>), String> {
        let (reply, entered) = oneshot::channel();
        let over = || "its session is over".to_owned();
        self.orders.send(Order::Enter(reply)).await.map_err(|_| over())?;
        Ok((entered.await.map_err(|_| over())??, self.orders.clone()))
    }

    pub(super) async fn leave(&self) {
        let (reply, done) = oneshot::channel();
        if self.orders.send(Order::Leave(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

/// What is known of a session that is followed.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) run: String,
    /// The number of its next statement.
    pub(super) next: u64,
    /// What runs in it.
    pub(super) busy: Option<u64>,
    /// It was begun here, or nobody else looks after it.
    pub(super) ours: bool,
    /// Nothing else shares it: it ends with its statement.
    pub(super) apart: bool,
    /// The journal names it: that it is over has to stand there too.
    pub(super) used: bool,
    pub(super) place: Pinned,
    /// Statements that the journal says were begun, of which it does not say how they ended.
    pub(super) pending: BTreeMap<u64, Pending>,
}

/// Where a session is, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pinned {
    pub(super) remote: Option<String>,
    pub(super) context: Option<String>,
    pub(super) namespace: Option<String>,
}

/// A statement of which its shell has not told yet: begun by somebody else, or by this program's predecessor.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) at: At,
    pub(super) judging: Judging,
    /// `None` where it was given to its shell here, and whether that got it is not known.
    pub(super) by: Option<By>,
}

/// Who wrote that a statement was begun, and in which journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct By {
    pub(super) writer: String,
    pub(super) journal: String,
}

/// What runs, and how it will be judged.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) at: At,
    pub(super) statement: u64,
    pub(super) judging: Judging,
    pub(super) tail: Tailing,
    /// `None` where it was begun here.
    pub(super) by: Option<By>,
}

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    pub(super) handle: Handle,
    pub(super) about: About,
    pub(super) running: Option<Running>,
    leaving: Vec<oneshot::Sender<()>>,
    /// Who looks at its terminal, and what he has not been shown yet.
    pub(super) viewer: Option<mpsc::Sender<Bytes>>,
    pub(super) backlog: VecDeque<Bytes>,
    /// How far he was shown it.
    pub(super) view: enter::View,
    /// The statement whose terminal was looked at before.
    pub(super) seen: Option<u64>,
    /// The statement that is a question of ours.
    asking: Option<u64>,
    /// What goes on behind the shell, begun by its statements.
    lasting: BTreeSet<i32>,
    /// What its kubeconfig named as current when that was last looked at.
    pub(super) current: Option<(String, String)>,
    /// Its shell may hold secrets that it was not asked for yet.
    pub(super) unlearned: bool,
    pub(super) over: bool,
}

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Answer(Answer),
    Late,
    /// It could not be asked.
    Not(String),
}

impl Task {
    async fn live(mut self, mut inbox: mpsc::Receiver<Order>) {
        self.find_current().await;
        // What was told before is heard first.
        let mut settled = self.unlearned.then(|| Instant::now() + SETTLED);
        while !self.over {
            let due = self.running.as_ref().and_then(|running| running.tail.due());
            tokio::select! {
                event = self.handle.next() => match event {
                    Some(event) => self.hear(event).await,
                    None => self.over = true,
                },
                order = inbox.recv() => match order {
                    Some(order) => self.serve(order).await,
                    None => break,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.tell_tail(),
                () = sleep_until(settled.unwrap_or_else(Instant::now)), if settled.is_some() => {
                    settled = None;
                    if self.unlearned {
                        self.learn().await;
                    }
                }
                shown = enter::show(self.viewer.as_ref(), &mut self.backlog), if self.is_shown() => {
                    self.viewer.take_if(|_| !shown);
                }
            }
        }
        lock(&self.shared.sessions).remove(&self.name);
        if self.over {
            self.shared.unpin(&self.name);
        }
        inbox.close();
        while let Some(order) = inbox.recv().await {
            if let Order::Start(work) = order {
                self.shared.not_started(work.at(), "its session is over").await;
            }
        }
    }

    async fn serve(&mut self, order: Order) {
        match order {
            Order::Look(looks, reply) => {
                let answers = self.look(looks).await;
                // The question may have been left.
                let _ = reply.send(answers);
            }
            Order::Start(work) => self.start(*work).await,
            Order::Stop(statement, reply) => {
                let done = self.stop(statement).await;
                let _ = reply.send(done);
            }
            Order::Leave(reply) => {
                if self.about.busy.is_none() && self.about.ours && !self.over {
                    self.leaving.push(reply);
                    // One that is gone already has nothing to end.
                    let _ = self.handle.end(false).await;
                }
            }
            Order::Enter(reply) => {
                let entered = self.enter();
                let _ = reply.send(entered);
            }
            // What cannot be typed or sized any more is over, which is told anyway.
            Order::Type(bytes) => drop(self.handle.type_(bytes).await),
            Order::Resize(columns, rows) => drop(self.handle.resize(rows, columns).await),
        }
    }

    async fn stop(&mut self, statement: u64) -> Result<(), String> {
        if self.about.busy.is_none() && self.about.apart {
            // What it left behind its shell.
            return self.handle.end(true).await;
        }
        if self.about.busy.is_none() && !self.lasting.is_empty() {
            for child in self.lasting.clone() {
                self.handle.stop_child(child).await?;
            }
            return Ok(());
        }
        let stopped = self.handle.stop(statement).await;
        if stopped.is_err() && self.about.pending.contains_key(&statement) {
            // A runner that lives and has written nothing of it down never got it.
            let found = runner::session(self.handle.dir());
            let never = |found: &runner::Session| found.state == State::Idle && found.last < statement;
            if found.as_ref().is_some_and(never) {
                self.never_given(statement).await;
            }
        }
        stopped
    }

    /// What its shell never got has ended before it began.
    async fn never_given(&mut self, statement: u64) {
        let Some(Pending { at, judging, by }) = self.about.pending.remove(&statement) else { return };
        if self.about.busy == Some(statement) {
            (self.about.busy, self.about.next) = (None, statement);
        }
        let tail = Tailing::new(judging.terminal);
        let why = "it was never given to its shell".to_owned();
        let how = How { end: End::NotStarted, ms: 0, whole: true, why };
        self.ended(Running { at, statement, judging, tail, by }, how).await;
    }

    async fn look(&mut self, looks: Vec<Sent>) -> Vec<Option<Answer>> {
        let deadline = Instant::now() + LOOKS;
        let mut answers = Vec::with_capacity(looks.len());
        let mut said = false;
        for look in &looks {
            let left = deadline.saturating_duration_since(Instant::now());
            let asked = if left.is_zero() { Asked::Late } else { self.ask(look, left).await };
            answers.push(match asked {
                Asked::Answer(answer) => Some(answer),
                Asked::Late => None,
                Asked::Not(why) => {
                    if !std::mem::replace(&mut said, true) {
                        self.shared.trouble(&self.name, format!("not looked at: {why}")).await;
                    }
                    None
                }
            });
        }
        answers
    }

    /// Asks the shell something that leaves no trace in it.
    pub(super) async fn ask(&mut self, text: &Sent, within: Duration) -> Asked {
        if let Some(statement) = self.about.busy {
            return Asked::Not(format!("statement {statement} is still running in its shell"));
        }
        let mark = match ask::mark() {
            Ok(mark) => mark,
            Err(error) => return Asked::Not(format!("no random numbers: {error}")),
        };
        let statement = self.about.next;
        let deadline = Instant::now() + within + GRACE;
        if let Err(why) = self.handle.order(ask::text(text.expose(), within, &mark), statement).await {
            return Asked::Not(why);
        }
        (self.about.busy, self.asking) = (Some(statement), Some(statement));
        while self.about.busy == Some(statement) && !self.over {
            match timeout_at(deadline, self.handle.next()).await {
                Ok(Some(event)) => Box::pin(self.hear(event)).await,
                Ok(None) => self.over = true,
                // The shell itself hangs; it is busy until it answers.
                Err(_) => return Asked::Late,
            }
        }
        if self.over {
            return Asked::Not("its session is over".into());
        }
        self.answer(statement, &mark).map_or(Asked::Late, Asked::Answer)
    }

    fn answer(&self, statement: u64, mark: &str) -> Option<Answer> {
        let mut out = self.handle.output(statement, Stream::Out).ok()?;
        let total = out.total().ok()?;
        let head = out.read(0, ask::LONGEST).ok()?.bytes;
        let end = out.read(total.saturating_sub(ask::MARK as u64), ask::MARK).ok()?.bytes;
        let err = self.handle.output(statement, Stream::Err).and_then(|mut err| err.read(0, ask::LONGEST));
        let err = err.map(|piece| piece.bytes).unwrap_or_default();
        ask::answer(&head, &end, total, mark, &err)
    }

    /// Takes in what the session tells.
    pub(super) async fn hear(&mut self, event: Event) {
        match event {
            Event::Started { statement, .. } => {
                self.about.next = self.about.next.max(statement + 1);
                self.about.busy = Some(statement);
                if let Some(pending) = self.about.pending.remove(&statement) {
                    let tail = Tailing::new(pending.judging.terminal);
                    let Pending { at, judging, by } = pending;
                    self.running = Some(Running { at, statement, judging, tail, by });
                }
            }
            Event::Output { statement, .. } => {
                if let Some(running) = self.running.as_mut().filter(|one| one.statement == statement) {
                    running.tail.touch();
                }
            }
            Event::Terminal(bytes) => self.show(&bytes),
            Event::Ready { .. } | Event::Unknown => {}
            Event::Trouble { why, .. } => self.shared.trouble(&self.name, why).await,
            Event::Ended(ended) => {
                if self.about.busy.is_none_or(|busy| busy <= ended.statement) {
                    self.about.busy = None;
                }
                let before = !self.lasting.is_empty();
                self.left_behind(ended.statement, &ended.background).await;
                let lasting = !ended.background.is_empty();
                if let Some(running) = self.running.take_if(|one| one.statement == ended.statement) {
                    let (end, whole) = (End::Exit(ended.codes), ended.unwritten == [0; 3]);
                    self.ended(running, How { end, ms: ended.ms, whole, why: String::new() }).await;
                    if lasting || before {
                        self.background(ended.background).await;
                    }
                    if self.about.apart && !lasting {
                        // One that is gone already has nothing to end.
                        let _ = self.handle.end(false).await;
                    }
                }
            }
            Event::ShellGone(gone) => self.gone(End::ShellGone, gone).await,
            Event::Lost(gone) => {
                let end = if gone.stopped { End::Stopped } else { End::ShellGone };
                self.gone(end, gone).await;
            }
            Event::Interrupted { statement } => {
                let gone = Gone { statement, why: "its runner is dead".into(), ..Gone::default() };
                self.gone(End::Interrupted, gone).await;
            }
        }
    }

    /// What a question has left behind ends with it: a shell without groups could not see to that by itself.
    async fn left_behind(&mut self, statement: u64, background: &[Child]) {
        if self.asking != Some(statement) {
            self.lasting = background.iter().map(|child| child.pid).collect();
            return;
        }
        self.asking = None;
        for child in background.iter().filter(|child| !self.lasting.contains(&child.pid)) {
            // Most are killed already, and only not yet gone.
            let _ = self.handle.stop_child(child.pid).await;
        }
    }

    async fn gone(&mut self, end: End, gone: Gone) {
        (self.over, self.about.busy) = (true, None);
        let why = if gone.why.is_empty() { "its shell has ended".to_owned() } else { gone.why.clone() };
        if let Some(running) = self.running.take() {
            let whole = gone.unwritten == [0; 3];
            self.ended(running, How { end, ms: gone.ms, whole, why: gone.why }).await;
        } else if self.about.used && self.about.ours && !self.about.apart {
            let (run, session) = (self.about.run.clone(), self.name.clone());
            let says = crate::domain::text::clean_to(&why, 240).into_owned();
            let what = What::ShellEnded(ShellEnded { run, session, end, says });
            self.shared.record_or_say(&self.name, what).await;
        }
        let pending: Vec<u64> = self.about.pending.keys().copied().collect();
        for statement in pending {
            self.never_given(statement).await;
        }
        if self.leaving.is_empty() && self.about.used && !self.about.apart {
            self.shared.trouble(&self.name, format!("a session is over: {why}")).await;
        }
        if !gone.background.is_empty() {
            self.background(gone.background).await;
        }
        for reply in self.leaving.drain(..) {
            // Who waits for it may be gone.
            let _ = reply.send(());
        }
    }

    async fn background(&self, children: Vec<Child>) {
        let known = self.shared.known();
        let named = |child: Child| (child.pid, known.mask(&child.command).as_ref().into());
        let children = children.into_iter().map(named).collect();
        self.shared.say(News::Background { session: self.name.clone(), children }).await;
    }

    /// The last lines, if the screen takes them now.
    pub(super) fn tell_tail(&mut self) {
        let Some(running) = &mut self.running else { return };
        let tail = running.tail.read(&self.shared, self.handle.dir(), running.statement);
        let order =
            crate::incident::event::Order { session: self.name.clone(), statement: running.statement };
        if self.shared.out.try_send(crate::model::msg::Msg::Ran(News::Tail(order, tail))).is_err() {
            running.tail.touch();
        }
    }
}

/// `1,234 bytes`
pub(super) fn bytes(count: u64) -> String {
    format!("{} bytes", grouped(count))
}
