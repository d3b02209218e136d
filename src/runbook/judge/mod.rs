//! From exit codes, output and expectation to what a command came to.
//!
//! An exit code alone is never believed to be good where data was expected, and a search that found nothing is only
//! good to know if all that stood before it went well. What cannot be compared is said to be so.
mod call;
mod certificate;
mod codes;
mod doubt;
mod expected;
mod figure;
mod format;
mod held;
mod told;
mod trouble;
mod warn;
mod watch;

use std::borrow::Cow;

use super::execution::conditional::Test;
use super::types::{Command, Step};
use crate::commands::shell::parts::{self, Parts};
use crate::commands::{Lang, Role};
use crate::domain::approval::Tier;
use crate::domain::time::Timestamp;
use crate::domain::{secret, text};
use crate::incident::event::{End, Verdict};
use call::Call;

pub use held::Named;
pub use told::is_full;
pub use watch::{HOLD, Watch};

/// Of longer output only the beginning and the end are looked at.
const MOST: usize = 1 << 20;
/// What is said is a few words.
const WORDS: usize = 240;

/// How a statement ended and what it wrote.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub end: &'a End,
    pub stdout: &'a str,
    pub stderr: &'a str,
    /// This is all of what it wrote.
    pub whole: bool,
    /// It had the terminal: nobody read along.
    pub terminal: bool,
    /// When it ended: what it tells of times is near or far from then.
    pub now: Timestamp,
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    /// Why so, or the result in a few words.
    pub says: String,
    /// What a reader of the result should know.
    pub warnings: Vec<String>,
    /// What would settle it, where it is accepted.
    pub watch: Option<Watch>,
    pub offer: Option<Offer>,
}

/// What can be done about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// The server has no slot left for another session: these statements can go over the one that is held.
    HeldSession { sql: Vec<String>, named: Named },
}

/// Everything that is known of a command that has ended.
struct Case<'a> {
    command: &'a Command,
    text: &'a str,
    parts: Parts,
    /// The parts of its last pipe, each as the tool that does the work.
    calls: Vec<Call>,
    /// Every call in it.
    all: Vec<Call>,
    codes: &'a [i32],
    out: &'a str,
    err: &'a str,
    whole: bool,
    now: Timestamp,
}

impl Case<'_> {
    /// Whether one of the calls is of this tool.
    fn uses(&self, tools: &[&str]) -> bool {
        self.all.iter().any(|call| tools.contains(&call.tool.as_str())) || tools.contains(&self.tool())
    }

    fn tool(&self) -> &str {
        let one = &self.command.statement;
        one.inner_tool.as_deref().unwrap_or(&one.tool)
    }

    fn is_sql(&self) -> bool {
        self.command.statement.lang == Lang::Sql || self.uses(&["psql"])
    }

    fn is_redis(&self) -> bool {
        self.command.statement.lang == Lang::Redis || self.uses(&["redis-cli", "valkey-cli"])
    }

    /// A shell that keeps only the last exit code of a pipe.
    fn is_partly_known(&self) -> bool {
        self.codes.len() == 1 && self.calls.len() > 1 && !self.parts.chained
    }

    /// Nothing was written on standard error that complains. kubectl tells there which container it took, and the
    /// exit code that is known anyway.
    fn is_clean(&self) -> bool {
        let harmless = ["command terminated with exit code ", "Defaulted container "];
        let mut lines = self.err.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.all(|line| harmless.iter().any(|start| line.starts_with(start)))
    }
}

type Said = (Verdict, String);

/// What settles a command that was accepted, by its text as it ran.
pub fn watched(command: &Command, text: &str) -> Option<Watch> {
    watch::of(command, &call::all(&parts_of(command, text)))
}

fn parts_of(command: &Command, text: &str) -> Parts {
    if command.statement.lang == Lang::Shell { parts::parts(text) } else { Parts::default() }
}

/// Judges a command of a step, by its text as it ran.
pub fn judge(step: &Step, index: usize, text: &str, seen: &Seen<'_>) -> Judged {
    let Some(command) = step.commands.get(index) else {
        return plain((Verdict::NoData, "the step has no such command".to_owned()));
    };
    let codes = match seen.end {
        End::Exit(codes) => codes.as_slice(),
        End::Stopped => return plain((Verdict::Stopped, "stopped".to_owned())),
        End::ShellGone => {
            return plain((Verdict::Lost, "its shell has ended, and its variables with it".to_owned()));
        }
        End::Interrupted => {
            return plain((
                Verdict::Interrupted,
                "its runner is dead: what became of it is not known".to_owned(),
            ));
        }
        End::NotStarted => return plain((Verdict::Failed, "it was never started".to_owned())),
    };
    let parts = parts_of(command, text);
    let (out, err) = (window(seen.stdout), window(seen.stderr));
    let case = Case {
        command,
        text,
        calls: parts.last.iter().map(Call::of).collect(),
        all: call::all(&parts),
        parts,
        codes,
        out: &out,
        err: &err,
        whole: seen.whole && seen.stdout.len() <= MOST,
        now: seen.now,
    };
    let expected = expectation(step, index);
    let said = if seen.terminal { by_code(&case) } else { verdict(&case, expected) };
    let mut judged = plain(trouble::or_failed(said, command.statement.risk, expected));
    if judged.verdict == Verdict::Accepted {
        judged.watch = watch::of(command, &case.all);
    }
    judged.warnings = warn::all(&case).iter().map(|warning| tidy(warning)).collect();
    if let Some(expected) = expected.filter(|_| judged.verdict == Verdict::Ok)
        && (seen.terminal
            || !expected::wants_nothing(expected) && expected::compare(&case, expected).is_none())
    {
        judged.warnings.push(tidy(&format!("not compared with what is expected: {expected}")));
    }
    judged.offer = offer(&case);
    judged
}

fn plain((verdict, says): Said) -> Judged {
    Judged { verdict, says: tidy(&says), warnings: Vec::new(), watch: None, offer: None }
}

/// A few words for the screen and the journal, without control characters and secrets.
fn tidy(says: &str) -> String {
    let line = says.split(['\n', '\r']).next().unwrap_or_default();
    let masked = secret::mask(line.as_bytes());
    text::clean_to(&String::from_utf8_lossy(&masked), WORDS).into_owned()
}

/// What the terminal's user has seen and we have not: only the exit code is known.
fn by_code(case: &Case<'_>) -> Said {
    if let Some(said) = codes::missing_tool(case).or_else(|| codes::failed(case)) {
        return said;
    }
    if case.command.statement.risk > Tier::Read && watch::of(case.command, &case.all).is_some() {
        return (Verdict::Accepted, "left without an error".to_owned());
    }
    (Verdict::Ok, "left without an error; its screen was not read".to_owned())
}

fn verdict(case: &Case<'_>, expected: Option<&str>) -> Said {
    if case.codes.is_empty() {
        return (Verdict::NoData, "it gave no exit code".to_owned());
    }
    if let Some(said) = codes::missing_tool(case) {
        return said;
    }
    if let Some(test) = Test::of(&case.command.statement.text) {
        return match test.holds(case.codes) {
            _ if doubt::is_unreached(case) => {
                (Verdict::NoData, format!("gave no answer: {}", first_of(case)))
            }
            Some(true) => (Verdict::Ok, format!("holds: {}", test.text)),
            Some(false) => (Verdict::Ok, format!("does not hold: {}", test.text)),
            None => (Verdict::Failed, format!("gave no answer: {}", first_of(case))),
        };
    }
    // An answer that is refused can be the very thing that is wanted: a key that no longer opens anything.
    let refused = told::status(case).filter(|status| *status >= 400);
    let wanted =
        expected.zip(refused).is_some_and(|(expected, status)| expected::names_status(expected, status));
    if let Some(said) = told::nonsense(case).or_else(|| told::error(case)).filter(|_| !wanted) {
        return said;
    }
    if let Some(said) = doubt::turned(case) {
        return said;
    }
    let wants_nothing = expected.is_some_and(expected::wants_nothing);
    if let Some((verdict, says)) = codes::search(case) {
        return match verdict {
            Verdict::NoMatches if expected.is_some_and(|one| expected::is_all(one, case.out)) => {
                (Verdict::Ok, format!("{}, as expected", case.out.trim()))
            }
            Verdict::NoMatches if wants_nothing => (Verdict::Ok, "nothing found, as expected".to_owned()),
            Verdict::NoMatches if expected.is_some() => {
                (Verdict::Failed, format!("found nothing; expected {}", expected.unwrap_or_default()))
            }
            _ => (verdict, says),
        };
    }
    if let Some(said) = codes::failed(case) {
        return said;
    }
    if let Some(said) = doubt::fallback(case) {
        return said;
    }
    // A script that says itself that it is bad need not be doubted.
    let own = told::by_itself(case);
    let doubt = doubt::complaint(case);
    if let Some(said) =
        own.clone().filter(|(verdict, _)| matches!(verdict, Verdict::Failed | Verdict::Trouble)).or(doubt)
    {
        return said;
    }
    if case.is_partly_known() && !case.is_clean() {
        let says = format!("how the earlier parts of the pipe ended is not known: {}", first_of(case));
        return (Verdict::NoData, says);
    }
    if let Some(said) = own {
        return said;
    }
    if case.command.statement.risk > Tier::Read {
        if let Some(said) = told::hits_nothing(case) {
            return said;
        }
        if watch::of(case.command, &case.all).is_some() {
            return (Verdict::Accepted, told::result(case));
        }
    }
    if let Some(said) = expected.and_then(|expected| expected::compare(case, expected)) {
        return said;
    }
    if let Some(said) = told::empty(case) {
        return said;
    }
    told::health(case)
        .or_else(|| certificate::ends(case))
        .unwrap_or_else(|| (Verdict::Ok, told::result(case)))
}

/// What is expected of this command: what its fence says, or its step, both of their last command.
pub fn expectation(step: &Step, index: usize) -> Option<&str> {
    let own = step.commands.get(index)?;
    let acts = |command: &Command| matches!(command.statement.role, Role::Action) && !command.future;
    let after = step.commands.get(index + 1..).unwrap_or_default();
    if let Some(expect) = own.attributes.expect.as_deref() {
        let same = |one: &&Command| one.attributes.block == own.attributes.block && acts(one);
        return (acts(own) && after.iter().find(same).is_none()).then_some(expect);
    }
    let last = acts(own) && !after.iter().any(acts);
    step.expected.as_deref().filter(|text| last && !text.trim().is_empty())
}

fn offer(case: &Case<'_>) -> Option<Offer> {
    let full = told::is_full(case.err) || told::is_full(case.out);
    let held = full.then(|| statements(case.command, case.text, &case.all))?;
    held.map(|(sql, named)| Offer::HeldSession { sql, named })
}

/// The statements of a command that could go over a session which is held, and whom they are meant for.
pub fn for_a_server(command: &Command) -> Option<(Vec<String>, Named)> {
    let text = &command.statement.text;
    statements(command, text, &call::all(&parts_of(command, text)))
}

fn statements(command: &Command, text: &str, calls: &[Call]) -> Option<(Vec<String>, Named)> {
    if command.statement.lang == Lang::Sql {
        return Some((vec![text.to_owned()], Named::default()));
    }
    let mut psql = calls.iter().filter(|call| call.tool == "psql");
    let read = held::read(&psql.next()?.words)?;
    // Of several, which is meant is not known.
    psql.next().is_none().then_some(read)
}

/// The first line that says why: of standard error, else of the output.
fn first_of(case: &Case<'_>) -> String {
    let mut lines = case.err.lines().chain(case.out.lines()).map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with("Warning:") && !is_log(line));
    line.map_or_else(|| "no output".to_owned(), str::to_owned)
}

/// A line of a client's own log: `E1127 00:03:50.583238   18558 memcache.go:265] …`.
fn is_log(line: &str) -> bool {
    let digits = line.get(1..5).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits && line.starts_with(['E', 'W', 'I', 'F']) && line.contains("] ")
}

/// The beginning and the end of a long text: what went wrong is often said last.
fn window(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST {
        return Cow::Borrowed(text);
    }
    let half = MOST / 2;
    let end = (0..=half).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = (text.len() - half..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let (head, tail) = (text.get(..end).unwrap_or_default(), text.get(from..).unwrap_or_default());
    Cow::Owned([head, tail].join("\n"))
}
