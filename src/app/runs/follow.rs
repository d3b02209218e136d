//! What becomes of a statement that was begun: judged, kept, recorded.
use std::path::Path;
use std::sync::Arc;

use super::session::{Running, Task, bytes};
use crate::commands::tools::Tables;
use crate::commands::{self, Lang, Source};
use crate::domain::shell::{Kind, ShellCommand};
use crate::incident::What;
use crate::incident::event::{End, Order, StepEnded};
use crate::model::msg::Msg;
use crate::model::run::News;
use crate::runbook::judge::{Judged, Seen, judge};
use crate::runbook::types::{Attributes, Command, Runbook, Step};
use crate::tools::runner::{Output, Stream};

/// So much of what was written is judged: all of it, or its first and its last half.
const JUDGED: usize = 4 << 20;
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
    terminal: bool,
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
        Judging::by(runbook, command.step, own, command.command, &command.shown, terminal, tables)
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
            return Judging {
                step: Box::new(step.clone()),
                index: command as usize,
                text: text.to_owned(),
                terminal,
            };
        }
        let lang = of.and_then(known).map_or(Lang::Shell, |command| command.statement.lang);
        let script = commands::read(Source { text, lines: &[1] }, lang, tables);
        let worst = script.statements.into_iter().max_by_key(|one| one.risk);
        let command = worst.map(|statement| Command {
            statement,
            placeholders: Vec::new(),
            future: false,
            attributes: Attributes::default(),
        });
        let step = Step { commands: command.into_iter().collect(), ..Step::default() };
        Judging { step: Box::new(step), index: 0, text: text.to_owned(), terminal }
    }

    fn judge(&self, dir: &Path, statement: u64, how: &How) -> Judged {
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
        };
        let mut judged = judge(&self.step, self.index, &self.text, &seen);
        if !how.why.is_empty() && matches!(how.end, End::ShellGone) {
            judged.says = crate::domain::text::clean_to(&how.why, 240).into_owned();
        }
        judged
    }
}

impl Task {
    /// A statement of ours has ended.
    pub(super) async fn ended(&mut self, mut running: Running, how: How) {
        let (name, statement) = (self.name.clone(), running.statement);
        let order = Order { session: name.clone(), statement };
        let tail = running.tail.read(self.handle.dir(), statement);
        self.shared.send(Msg::Ran(News::Tail(order.clone(), tail))).await;
        let dir = self.handle.dir().to_owned();
        let judging = running.judging;
        let (says, milliseconds, end) = (how.why.clone(), how.ms, how.end.clone());
        let n = judging.step.n.clone();
        let judged = tokio::task::spawn_blocking(move || judging.judge(&dir, statement, &how)).await;
        let judged = judged.unwrap_or_else(|_| Judged {
            verdict: crate::incident::event::Verdict::NoData,
            says: format!("firedeck failed to judge it: this is a defect of firedeck {says}"),
            warnings: Vec::new(),
            watch: None,
            offer: None,
        });
        let mut output = Vec::new();
        for stream in [Stream::Out, Stream::Err] {
            match self.keep_output(statement, stream, &n).await {
                Ok(kept) => output.extend(kept),
                Err(why) => self.shared.trouble(&name, why).await,
            }
        }
        let event = StepEnded {
            at: running.at.clone(),
            order,
            end,
            verdict: judged.verdict,
            says: judged.says.clone(),
            milliseconds,
            output,
        };
        self.shared.record_or_say(&name, What::StepEnded(Box::new(event))).await;
        self.shared.say(News::Judged { at: running.at, judged }).await;
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
