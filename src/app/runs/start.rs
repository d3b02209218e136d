//! From an approved command to its shell: the test before it, the evidence, the journal, and only then the order.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::behind::{self, Way};
use super::follow::Judging;
use super::session::{Asked, By, Pending, Running, Task};
use super::tail::Tailing;
use super::{Shared, ask, back, begin, learn, lock};
use crate::domain::approval::{Approved, Tier};
use crate::domain::shell::{Kind, Sent, ShellCommand};
use crate::incident::What;
use crate::incident::event::{self, At, End, EvidenceKept, Output, StepEnded, StepStarted, Target, Verdict};
use crate::incident::line::sha256;
use crate::model::run::News;
use crate::sources::now;
use crate::store::JournalError;
use crate::tools::runner::Stream;

/// A test of a variable takes no time, unless the shell is far away.
const PROBE: Duration = Duration::from_secs(5);
/// All the evidence of one change.
const EVIDENCE: Duration = Duration::from_secs(5);
/// More than a shell takes.
const LONGEST: usize = 1 << 20;

/// An approved command on its way.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) command: ShellCommand,
    tier: Tier,
    question: u64,
    revision: u32,
    reason: String,
    evidence: Vec<Sent>,
    judging: Judging,
    /// Whether it moves its fence to another box, or back.
    pub(super) way: Way,
}

impl Work {
    /// `None` where what was approved is not for a shell.
    pub(super) fn new(
        shared: &Shared,
        approved: Approved,
        evidence: Vec<Sent>,
    ) -> Option<Result<Work, (At, String)>> {
        let (tier, question, revision) = (approved.tier(), approved.question().0, approved.revision());
        let reason = approved.reason().to_owned();
        let command = approved.into_command()?;
        let refuse = |why: &str| Some(Err((begin::at(&command), why.to_owned())));
        let text = command.text.expose();
        if text.contains('\0') {
            return refuse("a command with a NUL in it cannot be given to a shell");
        }
        if text.len() > LONGEST {
            return refuse("the command is too long for a shell");
        }
        let Some(book) = lock(&shared.books).get(&command.run).cloned() else {
            return refuse("its run is not known here");
        };
        let way = behind::way(&book.runbook, &command);
        if let (Way::Goes(target), Some(from)) = (&way, &command.place.remote) {
            return refuse(&format!("`{target}` cannot be reached from a session on `{from}`"));
        }
        let judging = Judging::of(&book.runbook, &command, &shared.options.tables);
        let judging = match &way {
            Way::Stays => judging,
            Way::Goes(target) => judging.known(format!("a session on `{target}` is open")),
            Way::Leaves => judging.known("the session was left".to_owned()),
        };
        Some(Ok(Work { command, tier, question, revision, reason, evidence, judging, way }))
    }

    pub(super) fn at(&self) -> At {
        begin::at(&self.command)
    }

    fn started(&self, order: event::Order, by: &str) -> StepStarted {
        let (command, place) = (&self.command, &self.command.place);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        StepStarted {
            at: self.at(),
            order,
            n: command.n.clone(),
            line: command.line,
            end_line: command.end_line,
            text: command.shown.clone(),
            edited: command.edited,
            tier: self.tier.into(),
            why: [&*command.why, &*command.heed].concat().join("; "),
            host: match &self.way {
                Way::Goes(target) => target.clone(),
                Way::Stays | Way::Leaves => place.host.clone(),
            },
            workdir: place.workdir.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default(),
            context: place.context.clone(),
            namespace: place.namespace.clone(),
            namespace_origin: place.origin.clone(),
            question: (self.question != 0).then_some(self.question),
            revision: self.revision,
            typed: (self.tier == Tier::Danger).then(|| command.phrase.clone()),
            reason: some(&self.reason),
            by: by.to_owned(),
        }
    }

    /// What its shell gets. With the terminal, all of it goes there, whatever else the session does with its output.
    fn text(&self) -> String {
        let text = self.command.text.expose();
        if let Way::Goes(_) = self.way {
            // The session is there already: this sees that its shell answers.
            return ":".to_owned();
        }
        match self.command.kind {
            Kind::Plain | Kind::Job => text.to_owned(),
            Kind::Terminal => {
                format!("eval '{}' </dev/tty >/dev/tty 2>&1", text.replace('\'', r"'\''"))
            }
        }
    }
}

impl Task {
    pub(super) async fn start(&mut self, work: Work) {
        let at = work.at();
        if let Err(why) = self.refuse(&work).await {
            self.shared.not_started(at, why).await;
            return self.end_unused().await;
        }
        self.shared.learn(|known| learn::given(work.command.text.expose(), known));
        self.keep_evidence(&work).await;
        if let Some(statement) = self.about.busy {
            let why = format!("statement {statement} is still running in its shell");
            return self.shared.not_started(at, why).await;
        }
        let order = event::Order { session: self.name.clone(), statement: self.about.next };
        let started = work.started(order.clone(), &self.shared.options.user);
        let what = What::StepStarted(Box::new(started));
        let by = match self.shared.record(what.clone()).await {
            Ok(id) => By { writer: id.writer, journal: id.incident },
            Err(error) if !work.command.only_reads() => {
                let why = format!("what changes something is recorded first: {error}");
                if error == JournalError::Slow {
                    self.shared.take_back(at.clone(), order);
                }
                self.shared.not_started(at, why).await;
                return self.end_unused().await;
            }
            Err(error) => {
                self.shared.tell_unrecorded(&self.name, what, &error).await;
                By::default()
            }
        };
        let given = self.handle.order(work.text(), order.statement).await;
        if let Err(why) = &given
            && !self.handle.in_doubt()
        {
            return self.refused(at, order, by, why.clone()).await;
        }
        self.about.busy = Some(order.statement);
        self.about.next = order.statement + 1;
        self.about.used = true;
        let terminal = work.judging.terminal;
        if let Err(why) = given {
            // It may begin at any time: that it does not is said by nobody but its session.
            self.about.pending.insert(order.statement, Pending { at, judging: work.judging, by: None });
            let why = format!("whether its shell has got it is not known yet: {why}");
            return self.shared.trouble(&self.name, why).await;
        }
        self.running = Some(Running {
            at,
            statement: order.statement,
            judging: work.judging,
            tail: Tailing::new(terminal),
            by: None,
        });
        self.unlearned |= learn::may_set(work.command.text.expose());
        if terminal {
            self.shared.say(News::WantsTerminal(order)).await;
        }
    }

    /// A session in which nothing was begun is joined by nothing.
    async fn end_unused(&mut self) {
        if !self.about.used && self.about.ours && self.about.busy.is_none() {
            // One that is gone already has nothing to end.
            let _ = self.handle.end(false).await;
        }
    }

    /// Why it is not started, before anything of it is written down.
    async fn refuse(&mut self, work: &Work) -> Result<(), String> {
        if let Some(statement) = self.about.busy {
            return Err(format!("statement {statement} is still running in its shell"));
        }
        let is_opened = matches!(work.way, Way::Goes(_));
        if !is_opened {
            self.about.place.refuse(&work.command)?;
        }
        if work.judging.terminal
            && let Some(host) = &self.about.place.remote
        {
            return Err(format!("a session on `{host}` has no terminal: it cannot run what needs one"));
        }
        let Some(probe) = &work.command.probe else { return Ok(()) };
        match self.ask(probe, PROBE).await {
            Asked::Answer(answer) if answer.code == 0 => Ok(()),
            Asked::Answer(_) => Err(format!("{} is empty in this shell", ask::wanted(probe.expose()))),
            Asked::Late => Err("the shell did not say in time whether its variables are set".into()),
            Asked::Not(why) => Err(why),
        }
    }

    /// Keeps what there is to know of a target before the first change to it.
    async fn keep_evidence(&mut self, work: &Work) {
        let command = &work.command;
        if work.evidence.is_empty() || command.risk == Tier::Read {
            return;
        }
        // Of one name there may be several things: on another box, in another place, asked for in another way.
        let place = &command.place;
        let asks: Vec<&str> = work.evidence.iter().map(Sent::expose).collect();
        let target = [&*place.host, &*place.context, &*place.namespace, &*command.phrase, &*asks.join("\n")];
        if !lock(&self.shared.touched).insert((command.run.clone(), sha256(target.join("\0").as_bytes()))) {
            return;
        }
        let deadline = Instant::now() + EVIDENCE;
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for (number, ask) in (1..).zip(&work.evidence) {
            let left = deadline.saturating_duration_since(Instant::now());
            let asked = if left.is_zero() { Asked::Late } else { self.ask(ask, left).await };
            match asked {
                Asked::Answer(answer) => {
                    let label = format!("evidence-{}-{number}.txt", command.n);
                    let mut text = answer.out;
                    if !answer.err.is_empty() {
                        text.push_str("\nstderr:\n");
                        text.push_str(&answer.err);
                    }
                    match self
                        .shared
                        .options
                        .journal
                        .keep(&label, self.shared.known().mask_lines(text.as_bytes()), now())
                        .await
                    {
                        Ok(output) => files.push(output),
                        Err(error) => missing.push(format!("evidence {number}: {error}")),
                    }
                    if answer.code != 0 {
                        missing.push(format!("evidence {number}: exit code {}", answer.code));
                    }
                }
                Asked::Late => missing.push(format!("evidence {number}: not within 5 s")),
                Asked::Not(why) => missing.push(format!("evidence {number}: {why}")),
            }
        }
        let target = Target {
            context: command.place.context.clone(),
            kind: "step".into(),
            namespace: String::new(),
            name: command.n.clone(),
            uid: String::new(),
        };
        self.shared
            .record_or_say(&self.name, What::EvidenceKept(EvidenceKept { target, files, missing }))
            .await;
    }

    /// The shell did not take what the journal says was begun.
    async fn refused(&mut self, at: At, order: event::Order, by: By, why: String) {
        if back::begun_by_another(&self.shared, &by, &order, &at).await {
            // It runs, as he will tell; that it does not would be told of the very same attempt.
            return self.shared.not_started(at, "somebody else has just begun it").await;
        }
        let ended = StepEnded {
            at: at.clone(),
            order,
            end: End::NotStarted,
            verdict: Verdict::Failed,
            says: crate::domain::text::clean(&why).into_owned(),
            milliseconds: 0,
            output: Vec::new(),
        };
        self.shared.record_or_say(&self.name, What::StepEnded(Box::new(ended))).await;
        self.shared.not_started(at, why).await;
    }
}

impl Shared {
    /// The disk may still take what it was given too late: then its end stands right behind it.
    fn take_back(self: &Arc<Self>, at: At, order: event::Order) {
        let shared = self.clone();
        tokio::spawn(async move {
            let ended = StepEnded {
                at,
                order,
                end: End::NotStarted,
                verdict: Verdict::Failed,
                says: "the journal took too long to take it".into(),
                milliseconds: 0,
                output: Vec::new(),
            };
            // It is queued behind its start, whenever the disk comes to that.
            let _ = shared.options.journal.append(What::StepEnded(Box::new(ended)), now()).await;
        });
    }

    /// What a statement wrote to one stream, as it is kept beside the journal.
    pub(super) async fn keep_output(
        &self,
        dir: &Path,
        statement: u64,
        stream: Stream,
        n: &str,
    ) -> Result<Option<Output>, String> {
        let bytes = super::follow::kept(dir, statement, stream);
        let bytes = bytes.map_err(|error| format!("what it wrote cannot be read: {error}"))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let label = format!("step-{n}.{}.txt", stream.name());
        let kept = self.options.journal.keep(&label, self.known().mask_lines(&bytes), now()).await;
        kept.map(Some).map_err(|error| format!("what it wrote is not kept: {error}"))
    }
}
