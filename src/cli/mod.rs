//! The command line: flags, sub-commands, exit codes.
mod books;
mod demo;
pub mod incidents;
mod ink;
mod list;
pub mod options;
mod out;
pub mod report;
mod runbooks;
mod settings;
pub mod start;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::app;
use crate::config::{self, Env, Options, View};
use crate::tools;
use options::{Cli, Command};

/// Does what the command line says; the exit code is 0 when all is well, 1 for a problem, 2 for a
/// mistake on the command line.
pub fn run() -> color_eyre::Result<ExitCode> {
    // A stand-in's words are its own: none of them is an option of this program.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "tool")
        && let Some(name) = words.next()
    {
        return tool(&name.to_string_lossy(), words.collect());
    }
    let cli = Cli::parse();
    let mut request = cli.flags.request(Env::read());
    let view = match cli.command {
        None => View::Board,
        Some(Command::Open { view }) => view,
        Some(Command::Wall) => {
            request.wall = true;
            View::Wall
        }
        Some(Command::Config(what)) => return Ok(settings::run(&what, &request)),
        Some(Command::Runbooks(what)) => return runbooks::run(&what, &request),
        Some(Command::Walk { name, within, set }) => {
            let (name, within) = (name.join(" "), within.paths);
            let wanted = runbooks::run::Wanted { name, within, step: None, set, walk: true };
            return runbooks::run::run(&request, &wanted);
        }
        Some(Command::Incidents(what)) => return Ok(incidents::run(&what, &request)),
        Some(Command::Report(what)) => return Ok(report::run(&what)),
        Some(Command::Themes) => return Ok(list::themes(&request)),
        Some(Command::Keys { markdown }) => return Ok(list::keys(&request, markdown)),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "firedeck", &mut text);
            return Ok(out::print(&text));
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text)?;
            return Ok(out::print(&text));
        }
        Some(Command::Runner { dir, parent, shell }) => return Ok(runner(&dir, parent, &shell)),
        Some(Command::World(wanted)) => return demo::alone::run(&wanted),
        Some(Command::Demo { wanted, wall }) => {
            request.wall = wall;
            return if wanted.lists() || is_terminal() {
                demo::run(&wanted, request, None)
            } else {
                Ok(no_terminal())
            };
        }
        Some(Command::Drill { wanted, no_hints }) => {
            return if wanted.lists() || is_terminal() {
                demo::run(&wanted, request, Some(!no_hints))
            } else {
                Ok(no_terminal())
            };
        }
        Some(Command::Doctor { json }) => {
            return work(request, View::Board, |options| app::doctor::run(options, json));
        }
    };
    if !is_terminal() {
        return Ok(no_terminal());
    }
    work(request, view, app::run)
}

fn is_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

fn no_terminal() -> ExitCode {
    out::complain(
        "firedeck: stdin and stdout must be a terminal: the cockpit cannot be piped\n  \
         = `firedeck doctor --json` and `firedeck config show` are for programs",
    )
}

/// A tool that the program stands in for.
fn tool(name: &str, args: Vec<OsString>) -> color_eyre::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(tools::builtin::call(name, args, &mut tools::builtin::Io::process()));
    runtime.shutdown_background();
    Ok(code
        .map_or_else(|| out::complain(&format!("firedeck: there is no built-in `{name}`")), ExitCode::from))
}

/// Owns a session's shell, or becomes it. What is said on stderr goes to the session's log.
fn runner(dir: &Path, parent: Option<i32>, shell: &[OsString]) -> ExitCode {
    let done = match (parent, shell) {
        (Some(parent), [program, arguments @ ..]) => {
            Err(tools::runner::become_shell(parent, program, arguments))
        }
        _ => tools::runner::run(dir),
    };
    done.map_or_else(|why| out::complain(&format!("firedeck: {why}")), |()| ExitCode::SUCCESS)
}

/// Settles the settings, opens the log, and runs `what` to its end.
fn work<F, W>(mut request: config::Request, view: View, what: W) -> color_eyre::Result<ExitCode>
where
    F: Future<Output = color_eyre::Result<ExitCode>>,
    W: FnOnce(Options) -> F,
{
    let mut loaded = config::load(&request);
    if let (Ok(effective), View::Object(target)) = (&loaded, &view)
        && let Some(namespace) = target.elsewhere(effective.settings.namespaces_from)
    {
        request.namespaces = vec![namespace.to_owned()];
        loaded = config::load(&request);
    }
    let effective = match loaded {
        Ok(effective) => effective,
        Err(problems) => return Ok(out::complain(&problems.to_string())),
    };
    let state_dir = request.env.state_dir();
    let log = app::log::start(state_dir.as_deref(), effective.settings.log_level);
    let options = Options { effective, request, view, state_dir, log: log.path, exercise: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(what(options));
    // A task that hangs in a call to the system must not hold up the way out.
    runtime.shutdown_background();
    drop(log.guard);
    code
}
