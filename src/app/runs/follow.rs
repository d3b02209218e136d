//! What becomes of a statement that was begun: judged, kept, recorded.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::session::{Running, Task, bytes};
use super::{Shared, back};
use crate::commands::tools::Tables;
use crate::commands::{self, Lang, Source};
use crate::domain::shell::{Kind, ShellCommand};
use crate::incident::What;
use crate::incident::event::{At, End, Order, StepEnded, Verdict};
use crate::model::msg::Msg;
use crate::model::run::News;
use crate::runbook::judge::{Judged, Seen, judge};
use crate::runbook::types::{Attributes, Command, Runbook, Step};
use crate::tools::runner::{Output, Stream};

/// So much of what was written is judged: all of it, or its first and its last half.
const JUDGED: usize = 4 << 20;
/// So much of a step's words is told to who takes its terminal.
const WORDS: usize = 200;
/// So much of each stream is kept beside the journal.
const KEPT: usize = 1 << 20;

/// By what a statement will be judged.
#[derive(Debug)]
pub(super) struct Judging {
    step: Box<Step>,
    /// Its command among those of the step.
    index: usize,
    /// As it was shown.
    text: String,
    pub(super) terminal: bool,
    /// The step's number, as the operator reads it.
    n: String,
    /// What the end of its shell, or its own, means where the text does not say it.
    says: Option<String>,
}

/// How a statement ended.
#[derive(Debug)]
pub(super) struct How {
    pub(super) end: End,
    pub(super) ms: u64,
    /// All that it wrote was kept.
    pub(super) whole: bool,
    /// Why its session is over, where it is.
    pub(super) why: String,
}

impl Judging {
    pub(super) fn of(runbook: &Runbook, command: &ShellCommand, tables: &Arc<Tables>) -> Judging {
        let terminal = command.kind == Kind::Terminal;
        let own = command.command.filter(|_| !command.edited);
        let judging =
            Judging::by(runbook, command.step, own, command.command, &command.shown, terminal, tables);
        judging.shown_as(&command.n)
    }

    /// What the operator wrote is judged by itself: the document says nothing of it.
    pub(super) fn by(
        runbook: &Runbook,
        step: u32,
        own: Option<u32>,
        of: Option<u32>,
        text: &str,
        terminal: bool,
        tables: &Tables,
    ) -> Judging {
        let whole = runbook.steps.get(step as usize);
        let known = |command: u32| whole?.commands.get(command as usize);
        if let (Some(command), Some(step)) = (own, whole)
            && known(command).is_some()
        {
            return Judging::new(step.clone(), command as usize, text, terminal);
        }
        let lang = of.and_then(known).map_or(Lang::Shell, |command| command.statement.lang);
        let script = commands::read(Source { text, lines: &[1] }, lang, tables);
        let worst = script.statements.into_iter().max_by_key(|one| one.risk);
        let command = worst.map(|statement| Command {
            statement,
            placeholders: Vec::new(),
            future: false,
            elsewhere: None,
            attributes: Attributes::default(),
        });
        let step = Step { commands: command.into_iter().collect(), ..Step::default() };
        Judging::new(step, 0, text, terminal)
    }

    fn new(step: Step, index: usize, text: &str, terminal: bool) -> Judging {
        let n = step.n.clone();
        Judging { step: Box::new(step), index, text: text.to_owned(), terminal, n, says: None }
    }

    pub(super) fn shown_as(self, n: &str) -> Judging {
        Judging { n: n.to_owned(), ..self }
    }

    /// It is known beforehand what it comes to when it goes well.
    pub(super) fn known(self, says: String) -> Judging {
        Judging { says: Some(says), terminal: false, ..self }
    }

    /// What the document says is to be done in the step, behind a colon.
    pub(super) fn words(&self) -> String {
        let words = crate::domain::text::clean_to(&crate::domain::text::one_line(&self.step.text), WORDS)
            .into_owned();
        if words.is_empty() { words } else { format!(": {words}") }
    }

    pub(super) fn n(&self) -> &str {
        &self.n
    }

    fn judge(&self, dir: &Path, statement: u64, how: &How) -> Judged {
        if let (Some(says), true) = (&self.says, is_well(&how.end)) {
            let (says, warnings) = (says.clone(), Vec::new());
            return Judged { verdict: Verdict::Ok, says, warnings, watch: None, offer: None };
        }
        let read = |stream| ends(dir, statement, stream, JUDGED);
        let ((out, all_out), (err, all_err)) = if self.terminal {
            (read(Stream::Term).unwrap_or_default(), (Vec::new(), true))
        } else {
            (read(Stream::Out).unwrap_or_default(), read(Stream::Err).unwrap_or_default())
        };
        let seen = Seen {
            end: &how.end,
            stdout: &String::from_utf8_lossy(&out),
            stderr: &String::from_utf8_lossy(&err),
            whole: how.whole && all_out && all_err,
            terminal: self.terminal,
            now: crate::sources::now(),
        };
        let mut judged = judge(&self.step, self.index, &self.text, &seen);
        if !how.why.is_empty() && matches!(how.end, End::ShellGone | End::NotStarted) {
            judged.says = crate::domain::text::clean_to(&how.why, 240).into_owned();
        }
        judged
    }
}

fn is_well(end: &End) -> bool {
    match end {
        End::Exit(codes) => codes.iter().all(|code| *code == 0),
        End::ShellGone => true,
        End::Stopped | End::Interrupted | End::NotStarted => false,
    }
}

/// A statement that has ended, on its way into the journal.
struct Done {
    shared: Arc<Shared>,
    dir: PathBuf,
    at: At,
    order: Order,
    judging: Judging,
    how: How,
}

impl Task {
    /// A statement has ended. One that somebody else began is his to record, as long as he lives.
    pub(super) async fn ended(&mut self, mut running: Running, how: How) {
        self.unview();
        self.look_where().await;
        if self.unlearned {
            self.learn().await;
        }
        let order = Order { session: self.name.clone(), statement: running.statement };
        let tail = running.tail.read(&self.shared, self.handle.dir(), running.statement);
        self.shared.send(Msg::Ran(News::Tail(order.clone(), tail))).await;
        let (shared, dir) = (self.shared.clone(), self.handle.dir().to_owned());
        let done = Done { shared, dir, at: running.at, order, judging: running.judging, how };
        let Some(by) = running.by else { return done.record().await };
        tokio::spawn(async move {
            match back::told_by_another(&done.shared, &by, &done.order).await {
                Some(event) => done.shared.send(Msg::Told(Box::new(event))).await,
                None => done.record().await,
            }
        });
    }
}

impl Done {
    async fn record(self) {
        let Done { shared, dir, at, order, judging, how } = self;
        let (name, statement, n) = (order.session.clone(), order.statement, judging.n.clone());
        let (milliseconds, end) = (how.ms, how.end.clone());
        let looking = dir.clone();
        let judged = tokio::task::spawn_blocking(move || judging.judge(&looking, statement, &how)).await;
        let mut judged = judged.unwrap_or_else(|_| Judged {
            verdict: Verdict::NoData,
            says: "firedeck failed to judge it: this is a defect of firedeck".into(),
            warnings: Vec::new(),
            watch: None,
            offer: None,
        });
        let known = shared.known();
        for words in [&mut judged.says].into_iter().chain(&mut judged.warnings) {
            *words = known.mask(words).into_owned();
        }
        let mut output = Vec::new();
        for stream in [Stream::Out, Stream::Err] {
            match shared.keep_output(&dir, statement, stream, &n).await {
                Ok(kept) => output.extend(kept),
                Err(why) => shared.trouble(&name, why).await,
            }
        }
        // What a reader of the result should know stays beside it.
        let says = [&judged.says].into_iter().chain(&judged.warnings).filter(|words| !words.is_empty());
        let says = says.map(String::as_str).collect::<Vec<_>>().join("; ");
        let verdict = judged.verdict;
        let event = StepEnded { at: at.clone(), order, end, verdict, says, milliseconds, output };
        shared.record_or_say(&name, What::StepEnded(Box::new(event))).await;
        shared.say(News::Judged { at, judged }).await;
    }
}

/// At most so much of a stream, its beginning and its end, and whether that is all of it.
fn ends(dir: &Path, statement: u64, stream: Stream, most: usize) -> std::io::Result<(Vec<u8>, bool)> {
    let mut output = Output::open(dir, statement, stream)?;
    let total = output.total()?;
    if total <= most as u64 && output.dropped()?.is_none() {
        return Ok((read(&mut output, 0, most)?, true));
    }
    let half = most / 2;
    let mut all = read(&mut output, 0, half)?;
    all.extend_from_slice(b"\n");
    all.extend(read(&mut output, total.saturating_sub(half as u64), half)?);
    Ok((all, false))
}

fn read(output: &mut Output, mut from: u64, most: usize) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < most {
        let piece = output.read(from, (most - all.len()).min(1 << 20))?;
        if piece.bytes.is_empty() {
            break;
        }
        from = piece.from + piece.bytes.len() as u64;
        all.extend(piece.bytes);
    }
    Ok(all)
}

/// What is kept of a stream beside the journal.
pub(super) fn kept(dir: &Path, statement: u64, stream: Stream) -> std::io::Result<Vec<u8>> {
    let mut output = Output::open(dir, statement, stream)?;
    let total = output.total()?;
    if total <= KEPT as u64 {
        return read(&mut output, 0, KEPT);
    }
    let half = KEPT / 2;
    let mut all = read(&mut output, 0, half)?;
    let left_out = total.saturating_sub(KEPT as u64);
    all.extend_from_slice(format!("\n… {} are not kept here …\n", bytes(left_out)).as_bytes());
    all.extend(read(&mut output, total.saturating_sub(half as u64), half)?);
    Ok(all)
}
