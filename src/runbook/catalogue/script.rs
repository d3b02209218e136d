//! The code of one block as groups: a comment, and the statements that it stands for.
use std::collections::HashMap;

use super::super::document::Line;
use super::quotes::Quotes;
use super::session::Part;
use super::text::number;
use super::verbs::{is_command, is_imperative};
use super::vocabulary::{self, is_condition};
use crate::commands::statement::{Argument, Comment};
use crate::commands::tools::Tables;
use crate::commands::{self, Lang, Role, Source, Statement, shell};

/// What a group is in its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Step,
    /// Arguments, assignments and functions before the first step.
    Preamble,
    /// One arm of a `case`; the groups that follow with `inside` belong to it.
    Arm,
    /// Comments without statements, that tell to do something.
    Manual,
    /// Comments or `echo` that only speak.
    Note,
}

/// A comment and its statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    pub sort: Sort,
    pub line: u32,
    pub title: Option<String>,
    /// The other comments in it.
    pub about: Vec<(u32, String)>,
    pub statements: Vec<Statement>,
    /// The condition under which a script comes here.
    pub condition: Option<String>,
    /// It stands in an arm of a `case`.
    pub inside: bool,
    /// Its title had a number.
    pub numbered: bool,
}

/// What the code of a block says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    pub groups: Vec<Group>,
    pub arguments: Vec<Argument>,
    /// The comment at its head: a name or a purpose.
    pub head: Option<(u32, String)>,
}

/// Reads the commands of a block.
pub fn read(parts: &[Part], tables: &Tables) -> Script {
    let mut script = Script::default();
    for part in parts {
        if part.lang == Lang::Shell {
            shell_part(&part.lines, tables, &mut script);
        } else {
            let lines = Lines::of(&part.lines);
            let read = commands::read(lines.source(), part.lang, tables);
            let events = events(read.statements, &read.comments, &HashMap::new());
            let head = Head { shebang: false, functions: &[] };
            script.groups.extend(grouped(events, &head, &mut script.head));
        }
    }
    script
}

/// Lines as one text that knows their numbers.
struct Lines {
    text: String,
    numbers: Vec<u32>,
}

impl Lines {
    fn of(lines: &[Line]) -> Self {
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        Self { text: texts.join("\n"), numbers: lines.iter().map(|line| line.no).collect() }
    }

    fn source(&self) -> Source<'_> {
        Source { text: &self.text, lines: &self.numbers }
    }
}

fn shell_part(lines: &[Line], tables: &Tables, script: &mut Script) {
    let wrapped = wrapped(lines);
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        text.push_str(&line.text);
        text.push_str(if wrapped.binary_search(&at).is_ok() { JOINED } else { "\n" });
    }
    let numbers: Vec<u32> = lines.iter().map(|line| line.no).collect();
    let read = shell::read(Source { text: &text, lines: &numbers }, tables);
    let arms = arms(lines);
    let mut statements = read.statements;
    for one in &mut statements {
        if !wrapped.is_empty() {
            unwrap_lines(one, lines, &wrapped, tables);
        }
        keep_comment(one, lines);
    }
    let events = events(statements, &read.comments, &arms);
    let head = Head { shebang: read.shebang, functions: &read.functions };
    script.groups.extend(grouped(events, &head, &mut script.head));
    script.arguments.extend(read.arguments);
}

/// What joins a wrapped line with the next for the reading.
const JOINED: &str = " \\\n";

/// Lines whose options stand on the next line, without a backslash: the author has wrapped them.
fn wrapped(lines: &[Line]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    // Most texts have no such line.
    if !lines.iter().skip(1).any(is_option) {
        return found;
    }
    let mut quotes = Quotes::default();
    for (at, pair) in lines.windows(2).enumerate() {
        let [line, next] = pair else { continue };
        quotes.take(&line.text);
        let text = line.text.trim_end();
        if !is_option(next) || quotes.is_open() || text.is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        if found.last().is_some_and(|last| last + 1 == at) || is_command(text) {
            found.push(at);
        }
    }
    found
}

/// Whether a line begins with an option.
fn is_option(line: &Line) -> bool {
    let option = line.text.trim_start();
    let name = option.trim_start_matches('-');
    name.len() < option.len()
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && option.len() - name.len() <= 2
}

/// Gives a statement its own bytes again; what a shell would do with its first line alone counts too.
fn unwrap_lines(one: &mut Statement, lines: &[Line], wrapped: &[usize], tables: &Tables) {
    let from = lines.partition_point(|line| line.no < one.line);
    let count = one.text.lines().count();
    if !(from..from + count).any(|at| wrapped.binary_search(&at).is_ok()) {
        return;
    }
    let own: Vec<&str> = one
        .text
        .lines()
        .enumerate()
        .map(|(i, line)| {
            if wrapped.binary_search(&(from + i)).is_ok() {
                line.strip_suffix(" \\").unwrap_or(line)
            } else {
                line
            }
        })
        .collect();
    let first = own.first().copied().unwrap_or_default();
    let alone = shell::read(Source { text: first, lines: &[one.line] }, tables);
    if let Some(worse) = alone.statements.iter().find(|alone| alone.risk > one.risk) {
        one.risk = worse.risk;
        one.why.clone_from(&worse.why);
    }
    one.text = own.join("\n");
}

/// A comment behind the last word stays with the statement: its text is what the lines of the document say.
fn keep_comment(one: &mut Statement, lines: &[Line]) {
    let at = lines.partition_point(|line| line.no < one.end_line);
    let Some(whole) = lines.get(at).filter(|line| line.no == one.end_line).map(|line| line.text.trim_end())
    else {
        return;
    };
    if !whole.contains('#') {
        return;
    }
    let last = one.text.rsplit('\n').next().unwrap_or_default();
    let Some(start) = whole.rfind(last).filter(|_| !last.is_empty()) else { return };
    let rest = whole.get(start + last.len()..).unwrap_or_default();
    let comment = rest.trim_start();
    if comment.starts_with('#') && comment.len() < rest.len() {
        one.text.push_str(rest);
    }
}

struct Head<'a> {
    shebang: bool,
    functions: &'a [String],
}

/// The lines on which arms of a `case` begin, by what they match.
fn arms(lines: &[Line]) -> HashMap<String, u32> {
    let within = lines.iter().any(|line| line.text.trim_start().starts_with("case "));
    let mut arms = HashMap::new();
    if within {
        for line in lines {
            if let Some(name) = line.text.trim().strip_suffix(')') {
                let name = name.trim_start_matches('(').replace(['"', '\''], "");
                if !name.is_empty() && !name.contains('(') {
                    arms.entry(name.trim().to_owned()).or_insert(line.no);
                }
            }
        }
    }
    arms
}

/// A comment or a statement, in the order of their lines.
#[derive(Debug)]
enum Event<'a> {
    Comment { line: u32, text: &'a str, condition: Option<String>, arm: Option<u32> },
    Statement { one: Box<Statement>, arm: Option<u32>, inner: Option<&'a Comment> },
}

impl Event<'_> {
    fn line(&self) -> u32 {
        match self {
            Event::Comment { line, .. } => *line,
            Event::Statement { one, .. } => one.line,
        }
    }
}

fn events<'a>(
    statements: Vec<Statement>,
    comments: &'a [Comment],
    arms: &HashMap<String, u32>,
) -> Vec<Event<'a>> {
    let mut events = Vec::with_capacity(statements.len() + comments.len());
    let mut comments = comments.iter().filter(|comment| comment.alone).peekable();
    let mut ended = 0;
    let arm_of = |condition: Option<&str>| {
        condition.and_then(|c| arms.get(c.rsplit(" && ").next().unwrap_or(c)).copied())
    };
    for one in statements {
        let arm = arm_of(one.condition.as_deref());
        while let Some(comment) = comments.next_if(|comment| comment.line < one.line) {
            if comment.line <= ended {
                continue;
            }
            // A comment above an arm does not stand in it.
            let outside = arm.is_some_and(|arm| comment.line < arm);
            let (condition, arm) = if outside { (None, None) } else { (one.condition.clone(), arm) };
            events.push(Event::Comment { line: comment.line, text: &comment.text, condition, arm });
        }
        let mut inner = None;
        while let Some(comment) = comments.next_if(|comment| comment.line <= one.end_line) {
            inner = inner.or(Some(comment));
        }
        ended = ended.max(one.end_line);
        events.push(Event::Statement { one: Box::new(one), arm, inner });
    }
    for comment in comments.filter(|comment| comment.line > ended) {
        events.push(Event::Comment { line: comment.line, text: &comment.text, condition: None, arm: None });
    }
    events
}

/// `1. Stop it` as a comment.
fn step_number(text: &str) -> Option<&str> {
    number(text)
        .map(|(_, rest)| rest)
        .filter(|rest| rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '"' | '`' | '(')))
}

/// A name of the script, or a line of signs.
fn is_ornament(text: &str) -> bool {
    let text = text.trim();
    let script = !text.contains(' ')
        && [".sh", ".bash", ".py", ".sql", ".yaml", ".yml"].iter().any(|end| text.ends_with(end));
    text.is_empty() || script || text.chars().all(|c| !c.is_alphanumeric()) || text.starts_with("shellcheck ")
}

fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, '=' | '#' | '*' | '~' | ' ') || c == '-').trim()
}

fn grouped(events: Vec<Event<'_>>, head: &Head<'_>, header: &mut Option<(u32, String)>) -> Vec<Group> {
    let numbered = events
        .iter()
        .any(|event| matches!(event, Event::Comment { text, .. } if step_number(text).is_some()));
    let mut all = Grouping { numbered, ..Grouping::default() };
    let mut rest = events.into_iter().peekable();
    let mut first = true;
    while let Some(event) = rest.next() {
        match event {
            Event::Comment { line, text, condition, arm } => {
                let mut block = vec![(line, text)];
                let mut last = line;
                while let Some(Event::Comment { line, text, .. }) =
                    rest.next_if(|next| matches!(next, Event::Comment { line, text, .. } if *line == last + 1 && step_number(text).is_none()))
                {
                    block.push((line, text));
                    last = line;
                }
                block.retain(|(_, text)| !is_ornament(text));
                let next = rest.peek();
                let above = next.is_some_and(|next| matches!(next, Event::Statement { .. }));
                let apart = next.is_none_or(|next| next.line() > last + 1);
                let heads = first && (head.shebang || apart && !above && next.is_some() && block.len() == 1);
                first = false;
                let Some((at, title)) = block.first().copied() else { continue };
                let tells = step_number(title).is_some()
                    || (!head.shebang && (is_imperative(title) || is_condition(title)));
                if heads && !tells {
                    header.get_or_insert((at, title.to_owned()));
                    continue;
                }
                let attached = at == all.end + 1 && (apart || !above);
                all.comment(&block, Above { attached, statement: above }, condition.as_deref(), arm);
            }
            Event::Statement { one, arm, inner } => {
                first = false;
                all.statement(*one, arm, inner, head);
            }
        }
    }
    all.done()
}

/// How a block of comments stands to what is around it.
#[derive(Clone, Copy)]
struct Above {
    /// Directly below a statement, and above none.
    attached: bool,
    /// A statement comes next.
    statement: bool,
}

#[derive(Default)]
struct Grouping {
    numbered: bool,
    groups: Vec<Group>,
    /// The last line of the last statement.
    end: u32,
    arm: Option<u32>,
    /// A comment has opened a group in this script.
    opened: bool,
}

impl Grouping {
    fn comment(&mut self, block: &[(u32, &str)], above: Above, condition: Option<&str>, arm: Option<u32>) {
        self.enter(condition, arm);
        let Some((line, text)) = block.first().copied() else { return };
        let title = step_number(text);
        let remark = is_remark(text);
        let inner = self.numbered && self.opened && title.is_none() && !self.in_arm(arm);
        let belongs = inner || (above.attached || remark && self.opened) && title.is_none();
        if let Some(group) = self.groups.last_mut().filter(|group| belongs && group.sort != Sort::Arm) {
            group.about.extend(block.iter().map(|(line, text)| (*line, (*text).to_owned())));
            return;
        }
        let (sort, about) = if above.statement && !remark {
            (Sort::Step, block.get(1..).unwrap_or_default())
        } else if remark
            || !(title.is_some() || is_imperative(text) || is_condition(text))
            || is_command(text)
        {
            (Sort::Note, block.get(1..).unwrap_or_default())
        } else {
            (Sort::Manual, block.get(1..).unwrap_or_default())
        };
        self.opened |= sort != Sort::Note;
        self.groups.push(Group {
            sort,
            line,
            title: Some(bare(title.unwrap_or(text)).trim_end_matches(':').to_owned()),
            about: about.iter().map(|(line, text)| (*line, (*text).to_owned())).collect(),
            statements: Vec::new(),
            condition: condition.map(str::to_owned),
            inside: arm.is_some(),
            numbered: title.is_some(),
        });
    }

    fn in_arm(&self, arm: Option<u32>) -> bool {
        arm.is_some() && self.arm == arm
    }

    /// Begins an arm of a `case`, or leaves it.
    fn enter(&mut self, condition: Option<&str>, arm: Option<u32>) {
        if self.arm == arm {
            return;
        }
        self.arm = arm;
        let (Some(line), Some(condition)) = (arm, condition) else { return };
        self.groups.push(Group {
            sort: Sort::Arm,
            line,
            title: Some(condition.rsplit(" && ").next().unwrap_or(condition).to_owned()),
            condition: Some(condition.to_owned()),
            inside: true,
            ..Group::default()
        });
    }

    fn statement(&mut self, one: Statement, arm: Option<u32>, inner: Option<&Comment>, head: &Head<'_>) {
        self.enter(one.condition.as_deref(), arm);
        let apart = one.line > self.end + 1;
        let function =
            head.functions.iter().any(|name| one.text.starts_with(name.as_str()) && one.text.contains("()"));
        let waits = self.groups.last().is_some_and(|group| {
            group.statements.is_empty() && group.line >= self.end && group.sort != Sort::Note
        });
        let own = apart && !waits && !self.numbered && inner.is_some() && one.traits.compound && self.opened;
        self.end = one.end_line;
        let need =
            self.groups.last().is_none_or(|group| matches!(group.sort, Sort::Manual | Sort::Note)) || own;
        if need {
            let title = inner
                .filter(|_| own || one.traits.compound)
                .map(|comment| comment.text.trim_end_matches(':').to_owned());
            self.groups.push(Group {
                line: one.line,
                title,
                condition: one.condition.clone(),
                ..Group::default()
            });
        }
        if let Some(group) = self.groups.last_mut() {
            if function && group.statements.is_empty() && !self.numbered {
                group.sort = Sort::Preamble;
            }
            if group.statements.is_empty() {
                group.statements.reserve_exact(1);
            }
            group.statements.push(one);
        }
    }

    fn done(self) -> Vec<Group> {
        let several = self.groups.iter().any(|group| group.title.is_some());
        let mut all: Vec<Group> = Vec::with_capacity(self.groups.len());
        for mut group in self.groups {
            let acts = group.statements.iter().any(|one| matches!(one.role, Role::Action | Role::Query));
            let speaks = !group.statements.is_empty()
                && group.statements.iter().all(|one| one.role == Role::Narration);
            if group.sort == Sort::Step && group.title.is_none() && several && !acts {
                // What stands before the first comment prepares; what follows alone belongs to the step before.
                match all.last_mut().filter(|last| last.sort != Sort::Note) {
                    Some(last) => {
                        last.statements.append(&mut group.statements);
                        continue;
                    }
                    None => group.sort = Sort::Preamble,
                }
            } else if group.sort == Sort::Step && speaks && !group.numbered {
                let banner =
                    group.statements.iter().all(|one| one.text.contains("==") || one.text.trim() == "echo");
                match all.last_mut().filter(|_| banner) {
                    Some(last) => {
                        last.statements.append(&mut group.statements);
                        continue;
                    }
                    None if group.title.as_deref().is_some_and(is_imperative) => group.sort = Sort::Manual,
                    None => group.sort = if several { Sort::Note } else { Sort::Step },
                }
            } else if group.sort == Sort::Step && group.statements.is_empty() {
                group.sort = Sort::Manual;
            }
            all.push(group);
        }
        all
    }
}

fn is_remark(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, _)| vocabulary::is_remark(name))
}

/// What a narration says: the text of an `echo`.
pub fn spoken(statement: &Statement) -> Option<String> {
    let rest = statement.text.strip_prefix("echo")?.trim();
    let rest = rest.trim_start_matches("-e ").trim_start_matches("-n ").trim();
    let inner = rest.trim_matches(['"', '\'']).trim();
    (!inner.is_empty() && !inner.chars().all(|c| !c.is_alphanumeric()))
        .then(|| inner.replace("\\n", "").trim().to_owned())
}
