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
mod at;
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
mod reading;
mod redis;
mod sql;
mod target;

pub use self::reading::read;
pub use self::target::{reaches, target};

use self::at::At;
use self::calls::{calls, short};
use self::raw::{Arg, is_open};
use self::reading::Reading;
use super::tools;
use super::{Lang, Source, Statement};
use crate::domain::approval::Tier;
use crate::domain::{secret, text};

/// Questions of one statement.
const MOST: usize = 16;
/// Bytes of one answer that are read, and words of one list that are shown.
const LONGEST: usize = 256 * 1024;
const SHOWN: usize = 40;

/// One question: what is asked, and how its answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// A read-only command, to be run in the shell of the statement.
    pub ask: String,
    /// The statement's own language: what is typed into a console stays there. SQL is to be answered as `psql -XAtq`
    /// prints it: no header, `|` between the fields.
    pub lang: Lang,
    pub sort: Sort,
    /// Which of the statement's calls it is about.
    call: u32,
    /// It runs in a loop, so that several answers come as one.
    repeated: bool,
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
    /// Calls so far.
    calls: u32,
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
    if in_session(statement) {
        looks
            .said
            .unknown
            .push("it runs in a session that an earlier line opened: nobody can look from here".to_owned());
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

/// An earlier line led elsewhere, such as a bare `ssh host`: alone, the statement runs here.
fn in_session(statement: &Statement) -> bool {
    let source = Source { text: &statement.text, lines: &[1] };
    let alone = || super::read(source, statement.lang, &tools::Tables::default());
    statement.traits.remote && !alone().statements.iter().any(|one| one.traits.remote)
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
        "" | "yes" | "sleep" | "wait" | "test" => {}
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

impl Sort {
    /// One answer is one line, so that those of a loop can be told apart.
    fn is_single(&self) -> bool {
        match self {
            Sort::Sql(sort) => sort.is_single(),
            Sort::Redis(sort) => matches!(sort, redis::Sort::Exists { .. } | redis::Sort::Memory { .. }),
            Sort::Files(sort) => matches!(sort, files::Sort::Count { .. }),
            Sort::Host(sort) => matches!(sort, host::Sort::Kernel { .. }),
            Sort::Context(_) => true,
            _ => false,
        }
    }

    /// One answer has a line for each thing: those of a loop are one longer list.
    fn is_list(&self) -> bool {
        match self {
            Sort::Kube(_) | Sort::Process(_) | Sort::Git(_) | Sort::Cloud(_) => true,
            Sort::Docker(sort) => !matches!(sort, docker::Sort::Space),
            Sort::Sql(sort) => !sort.is_single(),
            Sort::Files(sort) => !matches!(sort, files::Sort::Count { .. }),
            Sort::Host(sort) => !matches!(sort, host::Sort::Kernel { .. }),
            _ => false,
        }
    }

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

/// One more line, made harmless; a list that gets too long says so once.
fn push(list: &mut Vec<String>, words: &str) {
    let words = said(words);
    if list.len() < SHOWN && !list.contains(&words) {
        list.push(words);
    } else if list.len() == SHOWN {
        list.push("and more".to_owned());
    }
}

/// Words for the screen: harmless, short, without secrets.
fn said(words: &str) -> String {
    let open: String;
    let words = if is_open(words) {
        // What is only known when it runs is left open.
        open = words.chars().map(|letter| if raw::is_mark(letter) { '…' } else { letter }).collect();
        open.as_str()
    } else {
        words
    };
    let words = text::clean_to(words.trim(), 400);
    String::from_utf8_lossy(&secret::mask(words.as_bytes())).into_owned()
}
