//! `docker` and `docker-compose`: the verbs and options that runbooks use, over the engine's socket, in the originals'
//! words.
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

/// Verbs, with the options of each and how many words each takes.
const VERBS: [(&str, &str, usize, usize); 14] = [
    ("ps", "-a|--all -q|--quiet -f|--filter= --format= --no-trunc", 0, 0),
    ("images", "-a|--all -q|--quiet -f|--filter= --format= --digests", 0, 1),
    ("system df", "-v|--verbose --format=", 0, 0),
    ("inspect", "-f|--format= --type=", 1, MANY),
    ("logs", "-f|--follow -n|--tail= --since= -t|--timestamps", 1, 1),
    ("exec", "-u|--user=", 2, MANY),
    ("stats", "--no-stream -a|--all --format=", 0, MANY),
    ("start", "", 1, MANY),
    ("stop", "-t|--time= -s|--signal=", 1, MANY),
    ("restart", "-t|--time= -s|--signal=", 1, MANY),
    ("kill", "-s|--signal=", 1, MANY),
    ("container prune", "-f|--force --filter=", 0, 0),
    ("image prune", "-a|--all -f|--force --filter=", 0, 0),
    ("system prune", "-a|--all -f|--force --filter=", 0, 0),
];
const MANY: usize = usize::MAX;

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
pub async fn run(args: Vec<String>, io: &mut Io) -> u8 {
    ended(docker(&args, io).await, io)
}

/// Runs `docker-compose` with the words behind the name.
pub async fn run_compose(args: Vec<String>, io: &mut Io) -> u8 {
    ended(project(&args, io).await, io)
}

async fn project(args: &[String], io: &mut Io) -> Result<(), Fault> {
    compose::run(&Engine::at(None)?, args, io).await
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
        Fault::new(125, format!("{}\n\nRun 'docker {verb} --help' for more information", wrongly(&wrong)))
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

async fn docker(args: &[String], io: &mut Io) -> Result<(), Fault> {
    let global = read("", args, "-H|--host=", false)?;
    let engine = Engine::at(global.value("--host"))?;
    let word = |at: usize| global.words.get(at).map_or("", String::as_str);
    if word(0) == "compose" {
        return compose::run(&engine, global.words.get(1..).unwrap_or_default(), io).await;
    }
    let (two, one) = (format!("{} {}", word(0), word(1)), word(0));
    let two = SHORT.iter().find(|(long, _)| *long == two).map_or(two.as_str(), |(_, short)| short);
    let two_words = VERBS.iter().find(|verb| verb.0 == two).filter(|_| two != one);
    let found =
        two_words.map(|verb| (verb, 2)).or(VERBS.iter().find(|verb| verb.0 == one).map(|verb| (verb, 1)));
    let Some(((verb, table, least, most), skip)) = found else {
        let says = match one {
            "" => "Usage:  docker [OPTIONS] COMMAND".to_owned(),
            _ => format!("docker: the built-in docker has no `docker {}`", global.words.join(" ")),
        };
        return Err(Fault::new(1, says));
    };
    let given = read(verb, global.words.get(skip..).unwrap_or_default(), table, *verb != "exec")?;
    let count = given.words.len();
    if !(*least..=*most).contains(&count) {
        let many = if *least == 1 { "" } else { "s" };
        let wants = match (*least, *most) {
            (0, 0) => "accepts no arguments".to_owned(),
            (0, most) => format!("requires at most {most} argument"),
            (least, MANY) => format!("requires at least {least} argument{many}"),
            (least, _) => format!("requires {least} argument{many}"),
        };
        let says = format!("docker: 'docker {verb}' {wants}");
        return Err(Fault::new(1, format!("{says}\n\nRun 'docker {verb} --help' for more information")));
    }
    if given.words.first().is_some_and(String::is_empty) {
        return Err(Fault::new(1, "invalid container name or ID: value is empty"));
    }
    match *verb {
        "ps" | "images" | "system df" => list::run(verb, &engine, &given, io).await,
        "stats" => stats::run(&engine, &given, io).await,
        _ => act::run(verb, &engine, &given, io).await,
    }
}
