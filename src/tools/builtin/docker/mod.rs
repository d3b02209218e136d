//! `docker` and `docker-compose`: the verbs and options that runbooks use, over the engine's socket, in the originals'
//! words.
use std::ffi::OsString;
use std::io::Write;

use super::Io;
use super::curl::flags::{self, Given, Wrong};
use engine::Engine;

mod act;
mod compose;
mod engine;
mod file;
mod list;
mod stats;
mod template;
#[cfg(test)]
mod tests;
mod units;

/// Why it ends early: the exit code, and what is said on the way out.
#[derive(Debug)]
struct Fault {
    code: u8,
    says: String,
    /// What the engine answered with, where it did.
    status: u16,
}

impl Fault {
    fn new(code: u8, says: impl Into<String>) -> Fault {
        Fault { code, says: says.into(), status: 0 }
    }

    /// An exit code that comes after all was said.
    fn code(code: u8) -> Fault {
        Fault::new(code, "")
    }
}

/// Verbs, with the options of each.
const VERBS: [(&str, &str); 17] = [
    ("ps", "-a|--all -q|--quiet -f|--filter= --format= --no-trunc"),
    ("images", "-a|--all -q|--quiet -f|--filter= --format= --digests"),
    ("volume ls", "-q|--quiet -f|--filter= --format="),
    ("network ls", "-q|--quiet -f|--filter= --format="),
    ("system df", "-v|--verbose --format="),
    ("inspect", "-f|--format= --type="),
    ("image inspect", "-f|--format="),
    ("logs", "-f|--follow -n|--tail= --since= -t|--timestamps"),
    ("exec", "-i|--interactive -t|--tty -u|--user= -e|--env= -w|--workdir="),
    ("stats", "--no-stream -a|--all --format="),
    ("start", ""),
    ("stop", "-t|--time= -s|--signal="),
    ("restart", "-t|--time= -s|--signal="),
    ("kill", "-s|--signal="),
    ("container prune", "-f|--force --filter="),
    ("image prune", "-a|--all -f|--force --filter="),
    ("system prune", "-a|--all -f|--force --filter="),
];

/// Words that may stand in front of a verb that is known without them.
const SHORT: [(&str, &str); 8] = [
    ("container ls", "ps"),
    ("image ls", "images"),
    ("container inspect", "inspect"),
    ("container logs", "logs"),
    ("container restart", "restart"),
    ("container stop", "stop"),
    ("container start", "start"),
    ("container kill", "kill"),
];

/// Runs `docker` with the words behind the name.
pub async fn run(args: Vec<OsString>, io: &mut Io) -> u8 {
    ended(docker(&words(&args), io).await, io)
}

/// Runs `docker-compose` with the words behind the name.
pub async fn run_compose(args: Vec<OsString>, io: &mut Io) -> u8 {
    ended(compose::run(&Engine::at(None), &words(&args), io).await, io)
}

fn words(args: &[OsString]) -> Vec<String> {
    args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect()
}

fn ended(result: Result<(), Fault>, io: &mut Io) -> u8 {
    let Err(fault) = result else { return 0 };
    let _ = io.stdout.flush();
    if !fault.says.is_empty() {
        let _ = writeln!(io.stderr, "{}", fault.says);
    }
    fault.code
}

/// Options of a verb; what is wrong with them in the original's words.
fn read(verb: &str, args: &[String], table: &'static str, mixed: bool) -> Result<Given, Fault> {
    flags::read(args, table, mixed).map_err(|wrong| {
        let usage = Some(usage(verb)).filter(|_| !verb.is_empty());
        let usage = usage.map(|usage| format!("Usage:  docker {verb} {usage}\n\n")).unwrap_or_default();
        Fault::new(
            125,
            format!("{}\n\n{usage}Run 'docker {verb} --help' for more information", wrongly(&wrong)),
        )
    })
}

fn wrongly(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Unknown(name, _) if name.starts_with("--") => format!("unknown flag: {name}"),
        Wrong::Unknown(name, word) => {
            format!("unknown shorthand flag: '{}' in {word}", name.trim_start_matches('-'))
        }
        Wrong::Missing(name) if name.starts_with("--") => format!("flag needs an argument: {name}"),
        Wrong::Missing(name) => {
            format!("flag needs an argument: '{}' in {name}", name.trim_start_matches('-'))
        }
        Wrong::Surplus(name) => format!("invalid argument for \"{name}\" flag"),
    }
}

/// What follows a verb.
fn usage(verb: &str) -> &'static str {
    match verb {
        "images" => "[OPTIONS] [REPOSITORY[:TAG]]",
        "inspect" => "[OPTIONS] NAME|ID [NAME|ID...]",
        "image inspect" => "[OPTIONS] IMAGE [IMAGE...]",
        "logs" => "[OPTIONS] CONTAINER",
        "exec" => "[OPTIONS] CONTAINER COMMAND [ARG...]",
        "stats" => "[OPTIONS] [CONTAINER...]",
        "start" | "stop" | "restart" | "kill" => "[OPTIONS] CONTAINER [CONTAINER...]",
        _ => "[OPTIONS]",
    }
}

async fn docker(args: &[String], io: &mut Io) -> Result<(), Fault> {
    let global = read("", args, "-H|--host=", false)?;
    let engine = Engine::at(global.value("--host"));
    let word = |at: usize| global.words.get(at).map_or("", String::as_str);
    if word(0) == "compose" {
        return compose::run(&engine, global.words.get(1..).unwrap_or_default(), io).await;
    }
    let (two, one) = (format!("{} {}", word(0), word(1)), word(0));
    let two = SHORT.iter().find(|(long, _)| *long == two).map_or(two.as_str(), |(_, short)| short);
    let two_words = VERBS.iter().find(|(name, _)| *name == two).filter(|_| two != one);
    let found =
        two_words.map(|verb| (verb, 2)).or(VERBS.iter().find(|(name, _)| *name == one).map(|verb| (verb, 1)));
    let Some(((verb, table), skip)) = found else {
        let says = match one {
            "" => "Usage:  docker [OPTIONS] COMMAND".to_owned(),
            "run" | "rm" | "pause" | "unpause" | "top" | "pull" | "push" | "build" | "service" | "rmi"
            | "cp" | "create" | "login" | "swarm" | "stack" | "info" | "version" | "events" | "system"
            | "image" | "container" | "volume" | "network" | "context" => {
                format!("docker: the built-in docker has no `docker {}`", global.words.join(" "))
            }
            _ => format!("docker: unknown command: docker {one}\n\nRun 'docker --help' for more information"),
        };
        return Err(Fault::new(1, says));
    };
    let given = read(verb, global.words.get(skip..).unwrap_or_default(), table, *verb != "exec")?;
    let needed = match *verb {
        "exec" => 2,
        "inspect" | "image inspect" | "logs" | "start" | "stop" | "restart" | "kill" => 1,
        _ => 0,
    };
    if given.words.len() < needed {
        let says = match (needed, *verb) {
            (2, _) => "requires at least 2 arguments",
            (_, "logs") => "requires 1 argument",
            _ => "requires at least 1 argument",
        };
        let see = if *verb == "logs" { "Run" } else { "See" };
        let usage = usage(verb);
        let says = format!("docker: 'docker {verb}' {says}\n\nUsage:  docker {verb} {usage}");
        return Err(Fault::new(1, format!("{says}\n\n{see} 'docker {verb} --help' for more information")));
    }
    match *verb {
        "ps" | "images" | "volume ls" | "network ls" | "system df" => {
            list::run(verb, &engine, &given, io).await
        }
        "stats" => stats::run(&engine, &given, io).await,
        _ => act::run(verb, &engine, &given, io).await,
    }
}
