//! One logical statement of a script, and what is known about it.
use std::borrow::Cow;

use serde::Serialize;

use crate::domain::approval::Tier;

/// Text cut from a document, and the document's line of each of its lines, counted from 1.
///
/// Lines that are no commands (prompts' output) are missing here, so the numbers may have gaps.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub text: &'a str,
    pub lines: &'a [u32],
}

impl<'a> Source<'a> {
    /// The text without carriage returns, which no shell can take; its lines stay its lines.
    pub fn without_returns(&self) -> Cow<'a, str> {
        if self.text.contains('\r') {
            Cow::Owned(self.text.replace("\r\n", "\n").replace('\r', " "))
        } else {
            Cow::Borrowed(self.text)
        }
    }

    /// The document's line of the text's line `index`, counted from 0.
    pub fn line(&self, index: usize) -> u32 {
        let last = || self.lines.last().copied().unwrap_or(1);
        self.lines.get(index).copied().unwrap_or_else(last)
    }
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Shell,
    Sql,
    /// What is typed into redis-cli.
    Redis,
    PowerShell,
    /// Text for another program's own screen: `PromQL`, SPL, KQL, `MongoDB` and the like. Copied, never run.
    Query,
}

/// What a statement is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks to a system.
    #[default]
    Action,
    /// Is for another program's screen.
    Query,
    /// Prepares the shell: assignments, `export`, `cd`, `sleep`, `mkdir`.
    Setup,
    /// Protects the script: a check of its arguments, `read -p`, a test against a limit.
    Guard,
    /// Only speaks: `echo`.
    Narration,
}

/// What a statement is like, beside its risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Traits {
    /// Needs a terminal: `-it`, an editor, a prompt for a password or a yes.
    pub interactive: bool,
    /// Never ends by itself.
    pub endless: bool,
    pub long_running: bool,
    /// Goes on behind the shell: `&`, `nohup … &`.
    pub background: bool,
    /// Runs on another machine by `ssh` and the like.
    pub remote: bool,
    /// Reads, prints, stores or carries secrets.
    pub secret: bool,
    pub writes_file: bool,
    /// A heavy read: a dump, `KEYS`, a full scan.
    pub heavy: bool,
    /// What it does cannot be seen: a script of the team's own, a word that is only known when it runs.
    pub opaque: bool,
    pub pipe: bool,
    pub heredoc: bool,
    /// `if`, `for`, `while`, `case`, a function: several commands in one statement.
    pub compound: bool,
}

impl Traits {
    /// What has to be known before it is run, in words.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (self.interactive, "needs a terminal"),
            (self.endless, "never ends by itself"),
            (self.long_running && !self.endless, "takes long"),
            (self.background, "goes on in the background"),
            (self.remote, "runs on another machine"),
            (self.secret, "touches secrets"),
            (self.heavy, "a heavy read"),
            (self.writes_file, "writes a file"),
        ]
        .into_iter()
        .filter_map(|(on, words)| on.then_some(words))
    }
}

/// One logical statement: continuation lines, here-documents and compound commands are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The document's lines, counted from 1; the last one included.
    pub line: u32,
    pub end_line: u32,
    /// Byte for byte as the source has it, without the blanks around it. A comment behind its last word is kept
    /// in a document's reading, so that the text is what the document's lines say; a shell passes over it.
    pub text: String,
    /// The comment that stands directly above, without its sign.
    pub label: Option<String>,
    pub lang: Lang,
    pub role: Role,
    pub risk: Tier,
    /// Why it is that risky, or what it does; never empty.
    pub why: String,
    /// The outer tool, such as `kubectl`; behind `sudo`, `env`, `time` and the like the one that they start.
    pub tool: String,
    /// Such as `rollout undo`.
    pub subcommand: Option<String>,
    /// The tool that the outer one starts elsewhere: `psql` behind `kubectl exec … --`.
    pub inner_tool: Option<String>,
    pub traits: Traits,
    /// The condition of the enclosing `if`, or the arm of the enclosing `case`, when the statement was cut out
    /// of a compound one.
    pub condition: Option<String>,
    /// Shell variables that it sets, and those that it uses.
    pub sets: Vec<String>,
    pub uses: Vec<String>,
}

/// A comment in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub line: u32,
    /// Without its sign and the blanks around it.
    pub text: String,
    /// Nothing else stands on its line.
    pub alone: bool,
    /// How far it is indented.
    pub indent: usize,
}

/// A text read as a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    pub statements: Vec<Statement>,
    /// All of them, in order; those inside compound statements too.
    pub comments: Vec<Comment>,
    /// `#!…` on the first line.
    pub shebang: bool,
    /// Positional arguments that it reads (`$1` …), with the variable that takes each and its default.
    pub arguments: Vec<Argument>,
    /// Functions that it defines; calls of them are judged by their bodies.
    pub functions: Vec<String>,
    /// What the parser could not read; statements then come from a coarser reading, and are judged `change` at
    /// least.
    pub error: Option<String>,
}

/// A positional argument of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// `1` for `$1`.
    pub place: u32,
    pub name: Option<String>,
    pub default: Option<String>,
    pub line: u32,
}
