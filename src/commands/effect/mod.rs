//! What a statement would hit, found out by looking: before a question is asked, its words are real.
//!
//! [`looks`] makes of a statement the read-only commands that tell what it would hit. Each runs in the same place,
//! with the same wrappers (`sudo`, `ssh host`, `kubectl exec … --`, `PGPASSWORD=…`), and each is judged `read` by
//! [`super::read`], or it is not asked. Whoever runs them does it in a subshell of the statement's own shell, with
//! nothing on standard input and `LC_ALL=C`, and stops them in time. [`read()`] makes words of the answers. What
//! could not be found out is said; it never reads as if nothing were hit.
//!
//! A server's dry run (`kubectl diff`, `--dry-run=server`) counts as a read: it asks for the right to change, but
//! nothing is stored.
mod answer;
mod calls;
mod cloud;
mod compose;
mod context;
mod docker;
mod files;
mod git;
mod helm;
mod host;
mod kube;
mod place;
mod process;
mod raw;
mod redis;
mod sql;

use self::calls::{Found, Input, calls, short};
use self::place::Place;
use self::raw::{Arg, Marks, is_open};
use super::tools::{self, Args, Tables};
use super::{Lang, Source, Statement};
use crate::domain::approval::Tier;
use crate::domain::{secret, text};

/// Questions of one statement.
const MOST: usize = 16;
/// Bytes of one answer that are read, and words of one list that are shown.
const LONGEST: usize = 256 * 1024;
const SHOWN: usize = 40;
/// Longer than any question needs to be.
const WIDEST: usize = 32 * 1024;

/// One question: what is asked, and how its answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// A read-only command, to be run in the shell of the statement.
    pub ask: String,
    /// The statement's own language: what is typed into a console stays there.
    pub lang: Lang,
    pub sort: Sort,
}

/// How an answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    Kube(kube::Sort),
    Helm(helm::Sort),
    Docker(docker::Sort),
    Redis(redis::Sort),
    Sql(sql::Sort),
    Files(files::Sort),
    Host(host::Sort),
    Process(process::Sort),
    Context(context::Sort),
    Git(git::Sort),
    Cloud(cloud::Sort),
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// All questions of one statement, and what is known without asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    pub looks: Vec<Look>,
    pub said: Effect,
}

/// A setting that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub what: String,
    /// Empty where it is not known.
    pub old: String,
    pub new: String,
}

/// How it is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// In the same place.
    Command(String),
    Words(String),
}

/// What a statement would hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// By name, or as a count.
    pub hits: Vec<String>,
    pub old_new: Vec<Setting>,
    /// What would be gone.
    pub drops: Vec<String>,
    pub undo: Option<Undo>,
    /// Who would take it back by itself.
    pub undone_by: Vec<String>,
    /// Why nothing would be hit.
    pub zero: Option<String>,
    /// Read-only commands whose output is worth keeping first.
    pub evidence: Vec<String>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
}

/// The questions of a statement; what only reads, and writes no file, has none.
pub fn looks(statement: &Statement) -> Looks {
    let mut looks = Looks::default();
    if statement.risk == Tier::Read && !statement.traits.writes_file {
        return looks;
    }
    match statement.lang {
        Lang::Shell => shell(&statement.text, &mut looks),
        Lang::Sql => sql::console(&statement.text, &mut looks),
        Lang::Redis => redis::console(&statement.text, &mut looks),
        Lang::PowerShell | Lang::Query => {}
    }
    if looks.looks.is_empty() && looks.said == Effect::default() {
        looks.said.unknown.push("what it would hit cannot be looked at from here".to_owned());
    }
    looks
}

fn shell(text: &str, looks: &mut Looks) {
    let found = calls(text);
    for why in &found.unclear {
        looks.said.unknown.push(format!("not looked at: {why}"));
    }
    for one in &found.found {
        let judged = one.judged();
        let tool = judged.first().map_or("", |word| tools::name(&word.text));
        let args = tools::told_apart(&judged).unwrap_or_default();
        let mut at = At::new(tool, one, args, &found.marks, looks);
        if let Some(why) = &one.place.unsure {
            at.unknown(format!("`{}` is not looked at: {why}", at.name()));
            // A look in the wrong place would say what is not so.
            continue;
        }
        one_call(at);
    }
}

fn one_call(mut at: At<'_>) {
    if !at.found.outs.is_empty() {
        files::written(&mut at);
    }
    match at.tool {
        "" => {}
        "kubectl" | "oc" | "k" | "kubecolor" => kube::look(&mut at),
        "helm" | "helm3" => helm::look(&mut at),
        "docker" | "podman" | "nerdctl" => docker::look(&mut at),
        "docker-compose" | "podman-compose" => compose::look(&mut at),
        "redis-cli" | "valkey-cli" | "keydb-cli" => redis::look(&mut at),
        "psql" | "dropdb" | "pg_restore" | "vacuumdb" | "reindexdb" => sql::look(&mut at),
        "rm" | "unlink" | "truncate" | "shred" | "mv" | "cp" | "install" | "chmod" | "chown" | "chgrp"
        | "find" | "tee" | "dd" | "sed" | "rsync" | "openssl" => files::look(&mut at),
        "kill" | "pkill" | "killall" | "fuser" | "crontab" => process::look(&mut at),
        "systemctl" | "service" | "reboot" | "shutdown" | "poweroff" | "halt" | "iptables" | "ip6tables"
        | "certbot" | "umount" | "ufw" | "sysctl" => host::look(&mut at),
        "git" => git::look(&mut at),
        "az" | "aws" | "gcloud" | "terraform" | "tofu" => cloud::look(&mut at),
        "kubectx" | "kubens" => context::look(&mut at),
        "curl" | "wget" | "http" => {
            at.unknown("what a request to another server does cannot be looked at");
        }
        _ => at.unlooked(),
    }
}

/// One call, while it is asked about.
struct At<'a> {
    tool: &'a str,
    found: &'a Found,
    args: Args<'a>,
    marks: &'a Marks,
    looks: &'a mut Looks,
    lang: Lang,
    /// The place of each operand among the words.
    operands: Vec<usize>,
}

impl<'a> At<'a> {
    fn new(
        tool: &'a str,
        found: &'a Found,
        args: Args<'a>,
        marks: &'a Marks,
        looks: &'a mut Looks,
    ) -> At<'a> {
        let taken = |at: usize| {
            args.options.iter().any(|option| option.at + 1 == at || option.two && option.at + 2 == at)
        };
        let last = found.words.len() - args.rest.len().min(found.words.len());
        let operands = (1..last)
            .filter(|at| !taken(*at) && found.words.get(*at).is_some_and(|word| word.text != "--"))
            .take(400)
            .collect();
        At { tool, found, args, marks, looks, lang: Lang::Shell, operands }
    }

    /// What is typed into a console: nothing stands in front of it.
    fn console(
        tool: &'a str,
        lang: Lang,
        found: &'a Found,
        marks: &'a Marks,
        looks: &'a mut Looks,
    ) -> At<'a> {
        At { tool, found, args: Args::default(), marks, looks, lang, operands: Vec::new() }
    }

    fn name(&self) -> String {
        let verb = self.args.operand(0);
        short(&if verb.is_empty() { self.tool.to_owned() } else { format!("{} {verb}", self.tool) })
    }

    fn place(&self) -> &'a Place {
        &self.found.place
    }

    fn has(&self, names: &str) -> bool {
        self.args.has(names)
    }

    fn value(&self, names: &str) -> Option<&'a str> {
        self.args.value(names)
    }

    /// The operands from this one on, those behind `--` too.
    fn objects(&self, from: usize) -> Vec<&'a Arg> {
        let rest = self.found.words.len() - self.args.rest.len().min(self.found.words.len());
        let front = self.operands.iter().skip(from).copied();
        let behind = rest..self.found.words.len();
        front.chain(behind).filter_map(|at| self.found.words.get(at)).collect()
    }

    /// These options as they are written, with what they are given.
    fn options(&self, names: &str) -> String {
        let mut out = String::new();
        let mut last = usize::MAX;
        for option in self.args.all(names) {
            if option.at == last {
                continue;
            }
            last = option.at;
            let end = option.at + 1 + usize::from(option.two);
            for word in self.found.words.get(option.at + 1..=end).unwrap_or_default() {
                out.push(' ');
                out.push_str(&word.source);
            }
        }
        out
    }

    /// A text as one word.
    fn quote(&self, text: &str) -> Option<String> {
        self.marks.quote(text)
    }

    /// The command as it is called, its path included.
    fn program(&self) -> &'a str {
        self.found.words.first().map_or("", |word| word.source.as_str())
    }

    fn unknown(&mut self, why: impl Into<String>) {
        let unknown = &mut self.looks.said.unknown;
        let why = why.into();
        if unknown.len() < SHOWN && !unknown.contains(&why) {
            unknown.push(why);
        }
    }

    fn unlooked(&mut self) {
        self.unknown(format!("what `{}` would hit cannot be looked at", self.name()));
    }

    fn ask(&mut self, inner: &str, sort: Sort) {
        let place = self.found.place.clone();
        self.ask_in(&place, inner, sort);
    }

    /// Asks, if that only reads.
    fn ask_in(&mut self, place: &Place, inner: &str, sort: Sort) {
        let Some(ask) = place.render(inner, self.marks) else {
            return self.unknown(format!("`{}` cannot be asked in its place", self.name()));
        };
        if !only_reads(&ask, self.lang) {
            eprintln!("REFUSED {ask}");
            self.unknown(format!(
                "what `{}` would hit cannot be asked without changing something",
                self.name()
            ));
        } else if self.looks.looks.len() >= MOST {
            self.unknown("it would take more questions than are asked");
        } else if !self.looks.looks.iter().any(|look| look.ask == ask && look.sort == sort) {
            self.looks.looks.push(Look { ask, lang: self.lang, sort });
        }
    }

    fn evidence(&mut self, inner: &str) {
        let Some(ask) = self.found.place.render(inner, self.marks) else { return };
        let evidence = &mut self.looks.said.evidence;
        if evidence.len() < MOST && !evidence.contains(&ask) && only_reads(&ask, self.lang) {
            evidence.push(ask);
        }
    }

    /// A command that takes it back, in the same place.
    fn inverse(&self, inner: &str) -> Option<String> {
        self.found.place.render(inner, self.marks)
    }

    fn undo(&mut self, words: &str) {
        self.looks.said.undo.get_or_insert_with(|| Undo::Words(words.to_owned()));
    }

    fn drops(&mut self, words: impl Into<String>) {
        push(&mut self.looks.said.drops, words.into());
    }
}

/// The default tables call it one statement that only reads, ends by itself and asks for nothing.
fn only_reads(ask: &str, lang: Lang) -> bool {
    if ask.len() > WIDEST || ask.contains(text_of_nothing) {
        return false;
    }
    let lines = [1];
    let script = super::read(Source { text: ask, lines: &lines }, lang, &Tables::default());
    let plain = |one: &Statement| {
        let traits = one.traits;
        one.risk == Tier::Read
            && !(traits.interactive
                || traits.endless
                || traits.background
                || traits.writes_file
                || traits.opaque)
    };
    script.error.is_none() && !script.statements.is_empty() && script.statements.iter().all(plain)
}

fn text_of_nothing(letter: char) -> bool {
    raw::is_mark(letter) || letter == '\0'
}

/// What the answers say; `None` stands for one that did not come in time.
pub fn read(looks: &Looks, answers: &[Option<Answer>]) -> Effect {
    let mut reading = Reading { effect: looks.said.clone(), objects: Vec::new() };
    for (at, look) in looks.looks.iter().enumerate() {
        let Some(Some(answer)) = answers.get(at) else {
            reading.unknown(format!("{}: no answer in time", look.sort.what()));
            continue;
        };
        match &look.sort {
            Sort::Kube(sort) => kube::read(sort, answer, &mut reading),
            Sort::Helm(sort) => helm::read(sort, answer, &mut reading),
            Sort::Docker(sort) => docker::read(sort, answer, &mut reading),
            Sort::Redis(sort) => redis::read(sort, answer, &mut reading),
            Sort::Sql(sort) => sql::read(sort, answer, &mut reading),
            Sort::Files(sort) => files::read(sort, answer, &mut reading),
            Sort::Host(sort) => host::read(sort, answer, &mut reading),
            Sort::Process(sort) => process::read(sort, answer, &mut reading),
            Sort::Context(sort) => context::read(sort, answer, &mut reading),
            Sort::Git(sort) => git::read(sort, answer, &mut reading),
            Sort::Cloud(sort) => cloud::read(sort, answer, &mut reading),
        }
    }
    let effect = &mut reading.effect;
    let nothing = effect.hits.is_empty() && effect.old_new.is_empty() && effect.drops.is_empty();
    if nothing && effect.zero.is_none() && effect.unknown.is_empty() {
        effect.unknown.push("the answers do not say what it would hit".to_owned());
    }
    reading.effect
}

impl Sort {
    /// What is asked, in a few words.
    fn what(&self) -> &'static str {
        match self {
            Sort::Kube(sort) => sort.what(),
            Sort::Helm(_) => "the release",
            Sort::Docker(sort) => sort.what(),
            Sort::Redis(sort) => sort.what(),
            Sort::Sql(sort) => sort.what(),
            Sort::Files(sort) => sort.what(),
            Sort::Host(sort) => sort.what(),
            Sort::Process(_) => "the processes",
            Sort::Context(_) => "where later commands go",
            Sort::Git(_) => "the repository",
            Sort::Cloud(_) => "the cloud's resource",
        }
    }
}

/// Answers, while they are put together.
struct Reading {
    effect: Effect,
    /// Workloads that were seen.
    objects: Vec<kube::Object>,
}

impl Reading {
    fn hit(&mut self, words: impl Into<String>) {
        push(&mut self.effect.hits, words.into());
    }
    fn drop(&mut self, words: impl Into<String>) {
        push(&mut self.effect.drops, words.into());
    }
    fn unknown(&mut self, words: impl Into<String>) {
        push(&mut self.effect.unknown, words.into());
    }
    fn undone_by(&mut self, words: impl Into<String>) {
        push(&mut self.effect.undone_by, words.into());
    }
    fn set(&mut self, what: &str, old: &str, new: &str) {
        if self.effect.old_new.len() < SHOWN {
            let hidden = secret::looks_secret(what);
            let shown =
                |value: &str| if hidden && !value.is_empty() { "…".to_owned() } else { said(value) };
            self.effect.old_new.push(Setting { what: said(what), old: shown(old), new: shown(new) });
        }
    }
    fn undo(&mut self, undo: Undo) {
        match (&mut self.effect.undo, undo) {
            (Some(Undo::Command(all)), Undo::Command(more)) => {
                if !all.lines().any(|line| line == more) && all.lines().count() < SHOWN {
                    all.push('\n');
                    all.push_str(&more);
                }
            }
            // A command says more than words.
            (Some(Undo::Command(_)), Undo::Words(_)) => {}
            (undo, new) => *undo = Some(new),
        }
    }

    /// Says why nothing is hit; where something is, it stays unsaid.
    fn zero(&mut self, words: impl Into<String>) {
        if self.effect.hits.is_empty() {
            self.effect.zero.get_or_insert(said(&words.into()));
        }
    }
}

/// One more line, made harmless; a list that gets too long says so once.
fn push(list: &mut Vec<String>, words: String) {
    let words = said(&words);
    if list.len() < SHOWN && !list.contains(&words) {
        list.push(words);
    } else if list.len() == SHOWN {
        list.push("and more".to_owned());
    }
}

/// Words for the screen: harmless, short, without secrets.
fn said(words: &str) -> String {
    let words = text::clean_to(words.trim(), 400);
    String::from_utf8_lossy(&secret::mask(words.as_bytes())).into_owned()
}

/// What comes in with a call.
impl<'a> At<'a> {
    fn input(&self) -> &'a Input {
        &self.found.input
    }

    /// The front of a pipe that brings the call's input.
    fn feed(&self) -> Option<String> {
        match self.input() {
            Input::From(producer) => Some(producer.clone()),
            Input::Text(text) => Some(format!("printf '%s\\n' {} | ", self.quote(text)?)),
            Input::Nothing | Input::Unseen => None,
        }
    }

    /// One of the words is only known when it runs.
    fn is_open(&self) -> bool {
        self.found.words.iter().any(|word| is_open(&word.text))
    }
}
