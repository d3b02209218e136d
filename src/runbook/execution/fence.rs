//! Which commands share a shell, what each needs of it, and where they run.
use std::collections::{BTreeMap, BTreeSet};

use super::super::types::{Command, Runbook};
use crate::commands::shell::{parts, session};
use crate::commands::{Lang, Role, Statement};

/// A command of a step.
pub type At = (u32, u32);

/// What a command needs of those before it in its shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Variable(String),
    Function(String),
    /// The directory that a `cd` went to.
    Directory,
    /// What a file that was read in has set up.
    Sourced,
    /// The cluster, project or subscription that a command switched this tool to.
    Context(&'static str),
}

impl std::fmt::Display for Need {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Need::Variable(name) => write!(out, "`{name}`"),
            Need::Function(name) => write!(out, "`{name}()`"),
            Need::Directory => out.write_str("the directory"),
            Need::Sourced => out.write_str("what was sourced"),
            Need::Context(tool) => write!(out, "the context of {tool}"),
        }
    }
}

/// One need and who can meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    pub need: Need,
    /// Commands of the same fence, the nearest first; empty where only another fence sets it. Of a variable any will
    /// do; a `cd` counts from the one before it, so the nearest is meant.
    pub by: Vec<At>,
    /// The nearest command that sets it.
    pub line: u32,
    /// What sets it says that it may be empty.
    pub may_be_empty: bool,
}

/// A command's place in its fence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stand {
    /// Commands with one number share a shell.
    pub fence: u32,
    pub needs: Vec<Needed>,
    /// The command that opened the session which this one stands in: it runs there, never here.
    pub inside: Option<At>,
    /// A fence before it was left with a session open: it may be meant for that.
    pub maybe: Option<At>,
    /// Checks before it in its fence that may stop the script.
    pub guards: Vec<At>,
    /// It opens a session and leaves it open.
    pub opens: bool,
}

/// The fences of a runbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fences {
    stands: BTreeMap<At, Stand>,
    /// The commands of each fence, in order.
    members: BTreeMap<u32, Vec<At>>,
}

/// What was set by whom, while the runbook is gone through.
#[derive(Default)]
struct Going {
    setters: BTreeMap<Need, Vec<(u32, At, u32, bool)>>,
    /// For each block the sessions that are open, the innermost last, with the fence that each is.
    open: BTreeMap<u32, Vec<(At, u32)>>,
    guards: BTreeMap<u32, Vec<At>>,
    /// The last block, and the session that one before it was left with.
    last: Option<u32>,
    left: Option<At>,
    /// Fences that are no blocks have numbers above all lines.
    alone: u32,
}

impl Fences {
    pub fn of(runbook: &Runbook) -> Fences {
        let mut fences = Fences::default();
        let mut going = Going { alone: u32::MAX, ..Going::default() };
        for (step, commands) in (0..).zip(runbook.steps.iter().map(|step| &step.commands)) {
            for (number, command) in (0..).zip(commands) {
                let block = match command.attributes.block {
                    0 => going.next(),
                    block => block,
                };
                let stand = going.stand(block, (step, number), command);
                fences.members.entry(stand.fence).or_default().push((step, number));
                fences.stands.insert((step, number), stand);
            }
        }
        fences
    }

    pub fn stand(&self, at: At) -> Option<&Stand> {
        self.stands.get(&at)
    }

    pub fn members(&self, fence: u32) -> &[At] {
        self.members.get(&fence).map_or(&[], Vec::as_slice)
    }
}

impl Going {
    fn next(&mut self) -> u32 {
        self.alone = self.alone.saturating_sub(1);
        self.alone
    }

    fn stand(&mut self, block: u32, at: At, command: &Command) -> Stand {
        let one = &command.statement;
        if let Some(last) = self.last.filter(|last| *last != block) {
            let still = self.open.get(&last).and_then(|open| open.last()).map(|(opener, _)| *opener);
            self.left = still.or(self.left);
        }
        self.last = Some(block);
        let opens = one.lang == Lang::Shell && !command.future && opens(one);
        let own = if opens { self.next() } else { block };
        let open = self.open.entry(block).or_default();
        let around = open.last().copied();
        let inside = around.map(|(opener, _)| opener);
        // What is opened is a shell of its own: the rest of the block shares it, and nothing of the block's own.
        let fence = if opens { own } else { around.map_or(block, |(_, fence)| fence) };
        if inside.is_some() && session::leaves(one) {
            open.pop();
        } else if opens && open.len() < 16 {
            open.push((at, own));
        }
        let guards = self.guards.entry(block).or_default();
        let stand = Stand {
            fence,
            needs: Vec::new(),
            inside,
            maybe: self.left.filter(|_| inside.is_none()),
            guards: guards.clone(),
            opens,
        };
        let leaves = inside.is_some() && session::leaves(one);
        if guards.len() < 32 && one.lang == Lang::Shell && protects(one) && !leaves {
            guards.push(at);
        }
        if one.lang != Lang::Shell || one.role == Role::Narration {
            return stand;
        }
        let needs = self.needs(fence, command);
        self.learn(fence, at, one);
        Stand { needs, ..stand }
    }

    fn needs(&self, fence: u32, command: &Command) -> Vec<Needed> {
        let one = &command.statement;
        let given: BTreeSet<&str> =
            command.placeholders.iter().filter_map(|place| place.text.strip_prefix('$')).collect();
        let variables = one.uses.iter().filter(|name| !given.contains(name.as_str()) && !is_own(one, name));
        let names = variables.map(|name| Need::Variable(name.clone())).chain([
            Need::Function(one.tool.clone()),
            Need::Directory,
            Need::Sourced,
        ]);
        names.chain(contexts(one)).filter_map(|need| self.needed(fence, need)).collect()
    }

    fn needed(&self, fence: u32, need: Need) -> Option<Needed> {
        let all = self.setters.get(&need)?;
        let own = || all.iter().rev().filter(|(of, ..)| *of == fence).take(16);
        let nearest = own().next().or(all.last())?;
        let shell = matches!(need, Need::Directory | Need::Sourced);
        if shell && own().next().is_none() {
            // Another fence's directory is its own affair.
            return None;
        }
        let by = own().map(|(_, at, ..)| *at).collect();
        Some(Needed { need, by, line: nearest.2, may_be_empty: all.iter().any(|(.., empty)| *empty) })
    }

    fn learn(&mut self, fence: u32, at: At, one: &Statement) {
        let mut add = |need: Need, empty: bool| {
            let all = self.setters.entry(need).or_default();
            if all.len() < 256 {
                all.push((fence, at, one.line, empty));
            }
        };
        for name in &one.sets {
            add(Need::Variable(name.clone()), sets_nothing(&one.text, name));
        }
        for tool in switches(one) {
            add(Need::Context(tool), false);
        }
        if one.tool == "(function)" {
            let name = one.text.trim_start_matches("function ").split(['(', ' ', '{']).next();
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                add(Need::Function(name.to_owned()), false);
            }
            return;
        }
        let (directory, sourced) = moves(&one.text);
        if directory {
            add(Need::Directory, false);
        }
        if sourced {
            add(Need::Sourced, false);
        }
    }
}

/// The statement sets the variable itself before it uses it, or can do without.
fn is_own(one: &Statement, name: &str) -> bool {
    let text = one.text.as_str();
    let without = ["-", ":-", ":="].iter().any(|sign| text.contains(&format!("${{{name}{sign}")));
    let itself = ["", "\"", "{", "\"{"].iter().any(|sign| {
        let (quote, brace) = (sign.trim_end_matches('{'), if sign.ends_with('{') { "{" } else { "" });
        text.contains(&format!("{name}={quote}${brace}{name}"))
    });
    without || one.sets.iter().any(|set| set == name) && !itself
}

/// Whether a command goes to another directory, and whether it takes in what others have written, wherever in it that
/// stands: `mkdir -p x && cd x`, `eval "$(…)"`.
fn moves(text: &str) -> (bool, bool) {
    if !["cd", "pushd", "popd", "source", ". ", "eval"].iter().any(|word| text.contains(word)) {
        return (false, false);
    }
    let parts = parts::parts(text);
    let any = |list: &[&str]| {
        let first = |part: &parts::Part| part.words.first().is_some_and(|word| list.contains(&word.as_str()));
        parts.all.iter().any(first)
    };
    // A shell of its own goes there alone.
    let apart = text.contains("(cd ") || text.contains("( cd ");
    (any(&["cd", "pushd", "popd"]) && !apart, any(&["source", ".", "eval"]))
}

/// The tools that a command sends elsewhere from then on.
fn switches(one: &Statement) -> Vec<&'static str> {
    let sub = one.subcommand.as_deref().unwrap_or_default();
    let says = |words: &str| one.text.contains(words);
    let own = match (one.tool.as_str(), sub) {
        ("kubectl" | "oc", "config use-context" | "config use" | "config set-context")
        | ("oc", "login" | "project")
        | ("az", "aks get-credentials")
        | ("aws", "eks update-kubeconfig")
        | ("gcloud", "container clusters get-credentials")
        | ("kubectx" | "kubens", _) => Some("kubectl"),
        ("az", "account set" | "login") => Some("az"),
        ("gcloud", "config set" | "config set project") => Some("gcloud"),
        ("gcloud", _) if says("config configurations activate") || says("config set ") => Some("gcloud"),
        ("docker", _) if says("context use") => Some("docker"),
        ("terraform" | "tofu", _) if says("workspace select") || says("workspace new") => Some("terraform"),
        _ => None,
    };
    let mut out: Vec<&'static str> = own.into_iter().collect();
    for tool in one.sets.iter().filter_map(|name| of_variable(name)) {
        if !out.contains(&tool) {
            out.push(tool);
        }
    }
    out
}

/// Variables of the environment that send a tool elsewhere, each a need of its own.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("KUBECONFIG", "kubectl", "kubectl (KUBECONFIG)"),
    ("HELM_KUBECONTEXT", "kubectl", "helm (HELM_KUBECONTEXT)"),
    ("HELM_NAMESPACE", "kubectl", "helm (HELM_NAMESPACE)"),
    ("DOCKER_HOST", "docker", "docker (DOCKER_HOST)"),
    ("DOCKER_CONTEXT", "docker", "docker (DOCKER_CONTEXT)"),
    ("COMPOSE_FILE", "docker", "docker (COMPOSE_FILE)"),
    ("COMPOSE_PROJECT_NAME", "docker", "docker (COMPOSE_PROJECT_NAME)"),
    ("AWS_PROFILE", "aws", "aws (AWS_PROFILE)"),
    ("AWS_REGION", "aws", "aws (AWS_REGION)"),
    ("AWS_DEFAULT_REGION", "aws", "aws (AWS_DEFAULT_REGION)"),
    ("AWS_ACCESS_KEY_ID", "aws", "aws (AWS_ACCESS_KEY_ID)"),
    ("AWS_SESSION_TOKEN", "aws", "aws (AWS_SESSION_TOKEN)"),
    ("PGHOST", "psql", "psql (PGHOST)"),
    ("PGPORT", "psql", "psql (PGPORT)"),
    ("PGDATABASE", "psql", "psql (PGDATABASE)"),
    ("PGUSER", "psql", "psql (PGUSER)"),
    ("PGSERVICE", "psql", "psql (PGSERVICE)"),
    ("CLOUDSDK_CORE_PROJECT", "gcloud", "gcloud (CLOUDSDK_CORE_PROJECT)"),
    ("AZURE_CONFIG_DIR", "az", "az (AZURE_CONFIG_DIR)"),
    ("ARM_SUBSCRIPTION_ID", "terraform", "terraform (ARM_SUBSCRIPTION_ID)"),
    ("TF_WORKSPACE", "terraform", "terraform (TF_WORKSPACE)"),
    ("VAULT_ADDR", "vault", "vault (VAULT_ADDR)"),
    ("VAULT_NAMESPACE", "vault", "vault (VAULT_NAMESPACE)"),
];

fn of_variable(name: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(known, ..)| *known == name).map(|(.., need)| *need)
}

/// Tools of a command that go where they were sent, unless it says where itself.
fn contexts(one: &Statement) -> Vec<Need> {
    const TOOLS: &[(&str, &[&str], &[&str])] = &[
        (
            "kubectl",
            &["kubectl", "oc", "helm", "k9s", "flux", "k"],
            &["--context", "--kube-context", "--kubeconfig"],
        ),
        ("az", &["az"], &["--subscription"]),
        ("gcloud", &["gcloud"], &["--project", "--configuration"]),
        ("docker", &["docker", "docker-compose"], &["--context", "-c", "-H", "--host"]),
        ("aws", &["aws"], &["--profile"]),
        ("psql", &["psql", "pg_dump", "pg_restore", "pg_isready", "createdb", "dropdb", "vacuumdb"], &[]),
        ("terraform", &["terraform", "tofu"], &[]),
        ("vault", &["vault"], &["-address"]),
    ];
    let words: Vec<&str> = one
        .text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | '|' | ';' | '`' | '"' | '\'' | '&'))
        .filter(|word| !word.is_empty())
        .collect();
    let says = |list: &[&str]| {
        words.iter().any(|word| word.rsplit('/').next().is_some_and(|name| list.contains(&name)))
    };
    let own = |flags: &[&str]| {
        words.iter().any(|word| word.split('=').next().is_some_and(|flag| flags.contains(&flag)))
    };
    let goes = TOOLS.iter().filter(|(_, names, flags)| says(names) && !own(flags));
    let all = goes.flat_map(|(tool, ..)| {
        let variables = VARIABLES.iter().filter(move |(_, of, _)| of == tool).map(|(.., need)| *need);
        std::iter::once(*tool).chain(variables)
    });
    all.map(Need::Context).collect()
}

/// `NAME=`, `NAME=""`.
fn sets_nothing(text: &str, name: &str) -> bool {
    let sign = format!("{name}=");
    let apart = |at: &usize| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    };
    // Another name may end in this one: `POD_ID=` is no `ID=`.
    let Some(at) = text.match_indices(&sign).map(|(at, _)| at).find(apart) else { return false };
    let rest = text.get(at + sign.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(['"', '\'']);
    rest.is_empty() || rest.starts_with([';', ' ', '\n'])
}

/// Whether what follows it is typed into something that it has opened.
fn opens(one: &Statement) -> bool {
    if session::opens(one) {
        return true;
    }
    let traits = one.traits;
    if traits.pipe || traits.heredoc || traits.background || traits.compound || !traits.interactive {
        return false;
    }
    let words: Vec<&str> = one.text.split_whitespace().collect();
    let bare = |most: usize| words.len() <= most;
    // A console in a container asks for a terminal even where it is given its text.
    let tool = one.inner_tool.as_deref().filter(|_| traits.opaque).unwrap_or(&one.tool);
    match tool {
        "psql" | "mysql" | "mariadb" | "redis-cli" | "valkey-cli" | "mongosh" | "sqlite3" | "cqlsh" => {
            let asks = ["-c", "--command", "-e", "--execute", "-f", "--file", "--eval", "-l", "--list"];
            !words.iter().any(|word| asks.contains(word) || word.starts_with("--command="))
        }
        "su" => !words.contains(&"-c"),
        "bash" | "sh" | "zsh" => bare(2),
        "sudo" => bare(4),
        _ => false,
    }
}

/// A check that stops the script, or a question before it goes on.
fn protects(one: &Statement) -> bool {
    let leaves = || {
        let words = one.text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}' | '(' | ')'));
        words.into_iter().any(|word| matches!(word, "exit" | "return"))
    };
    one.role == Role::Guard && (one.tool == "read" || one.text.starts_with("read ") || leaves())
}
