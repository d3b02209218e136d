//! Stand-ins for the tools that runbooks call, for a box that has none of them: what the verbs and options that
//! runbooks use do, over the real protocols, in the originals' words. What a stand-in does not know it refuses.
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};

mod curl;
mod docker;
mod jq;
mod kubectl;
mod psql;
mod redis_cli;

pub use curl::net::HOSTS;

/// What a tool reads and writes.
pub struct Io {
    pub stdin: Box<dyn Read + Send>,
    pub stdout: Box<dyn Write + Send>,
    pub stderr: Box<dyn Write + Send>,
    /// Whether somebody types what stands in `stdin`.
    pub terminal: bool,
}

impl Io {
    /// Those of this process.
    pub fn process() -> Io {
        Io {
            stdin: Box::new(io::stdin()),
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            terminal: io::stdin().is_terminal(),
        }
    }
}

/// The names that `call` knows.
pub fn tools() -> &'static [&'static str] {
    &["curl", "docker", "docker-compose", "jq", "kubectl", "psql", "redis-cli"]
}

/// Runs the tool of this name; `args` are the words behind the name. What comes back is its exit code, or nothing
/// where there is no such tool.
pub async fn call(name: &str, args: Vec<OsString>, io: &mut Io) -> Option<u8> {
    let words: Result<Vec<String>, OsString> = args.into_iter().map(OsString::into_string).collect();
    let code = match (name, words) {
        (name, _) if !tools().contains(&name) => return None,
        // A word less, or another one, would be another order.
        (_, Err(word)) => {
            let _ = writeln!(io.stderr, "the built-in {name} takes only text: {}", word.display());
            2
        }
        ("curl", Ok(args)) => curl::run(args, io).await,
        ("docker", Ok(args)) => docker::run(args, io).await,
        ("docker-compose", Ok(args)) => docker::run_compose(args, io).await,
        ("jq", Ok(args)) => jq::run(args, io),
        ("kubectl", Ok(args)) => kubectl::run(args, io).await,
        ("psql", Ok(args)) => psql::run(args, io).await,
        (_, Ok(args)) => redis_cli::run(args, io).await,
    };
    // A reader that has gone away wants no more of it.
    let _ = io.stdout.flush();
    let _ = io.stderr.flush();
    Some(code)
}
