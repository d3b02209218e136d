//! `kubectl`: the verbs and options that runbooks use, in the original's words.
use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use super::Io;

mod api;
mod apply;
mod call;
mod change;
mod config;
mod create;
mod describe;
mod drain;
mod exec;
mod get;
mod info;
mod jsonpath;
mod logs;
mod pick;
mod pods;
mod print;
mod quantity;
mod rollout;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod top;
mod yaml;

use api::Api;
use call::Call;

/// Why it ends early: the exit code, and what is said on the way out.
#[derive(Debug)]
pub(super) struct Fault {
    code: u8,
    says: String,
}

impl Fault {
    fn new(says: impl Into<String>) -> Fault {
        Fault { code: 1, says: says.into() }
    }

    /// In the form of what is wrong before a server is asked.
    fn error(says: impl std::fmt::Display) -> Fault {
        Fault::new(format!("error: {says}"))
    }

    /// An exit code that means something by itself, or comes after all was said.
    fn code(code: u8) -> Fault {
        Fault { code, says: String::new() }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        match error.kind() {
            // As a program that dies of SIGPIPE.
            ErrorKind::BrokenPipe => Fault::code(141),
            _ => Fault::error(error),
        }
    }
}

type Done = Result<(), Fault>;

/// One call with its connection.
struct Kubectl<'i> {
    call: Call,
    api: Api,
    io: &'i mut Io,
    /// What went wrong with some objects while others went well.
    faults: Vec<String>,
}

impl Kubectl<'_> {
    fn say(&mut self, line: &str) -> Done {
        Ok(writeln!(self.io.stdout, "{line}")?)
    }

    fn warn(&mut self, line: &str) -> Done {
        Ok(writeln!(self.io.stderr, "{line}")?)
    }

    /// What is wrong with one of several objects.
    fn fail(&mut self, fault: &Fault) -> Done {
        if fault.code == 141 {
            return Err(Fault::code(141));
        }
        self.faults.push(fault.says.clone());
        Ok(())
    }
}

pub async fn run(args: Vec<OsString>, io: &mut Io) -> u8 {
    match ended(args, io).await {
        Ok(()) => 0,
        Err(fault) => {
            if !fault.says.is_empty() {
                let _ = writeln!(io.stderr, "{}", fault.says);
            }
            fault.code
        }
    }
}

async fn ended(args: Vec<OsString>, io: &mut Io) -> Done {
    let call = Call::read(&args)?;
    let api = Api::open(&call).await?;
    let mut kubectl = Kubectl { call, api, io, faults: Vec::new() };
    match kubectl.call.verb {
        "get" => get::get(&mut kubectl).await?,
        "describe" => describe::describe(&mut kubectl).await?,
        "logs" => logs::logs(&mut kubectl).await?,
        "exec" => exec::exec(&mut kubectl).await?,
        "scale" => change::scale(&mut kubectl).await?,
        "set image" | "set env" | "set resources" => change::set(&mut kubectl).await?,
        "patch" => change::patch(&mut kubectl).await?,
        "label" | "annotate" => change::mark(&mut kubectl).await?,
        "cordon" | "uncordon" => change::cordon(&mut kubectl).await?,
        "drain" => drain::drain(&mut kubectl).await?,
        "delete" => drain::delete(&mut kubectl).await?,
        "apply" => apply::apply(&mut kubectl).await?,
        "diff" => apply::diff(&mut kubectl).await?,
        "autoscale" => create::autoscale(&mut kubectl).await?,
        "top pods" | "top nodes" => top::top(&mut kubectl).await?,
        "events" => info::events(&mut kubectl).await?,
        "wait" => info::wait(&mut kubectl).await?,
        "auth can-i" => info::can_i(&mut kubectl).await?,
        "cluster-info" => info::cluster_info(&mut kubectl).await?,
        "version" => info::version(&mut kubectl).await?,
        verb if verb.starts_with("rollout") => rollout::rollout(&mut kubectl).await?,
        verb if verb.starts_with("create") => create::create(&mut kubectl).await?,
        verb if verb.starts_with("config") => config::config(&mut kubectl)?,
        verb => return Err(Fault::error(format!("the built-in kubectl does not know `{verb}`"))),
    }
    match kubectl.faults.as_slice() {
        [] => Ok(()),
        [one] => Err(Fault::new(one)),
        // Of several faults none is called one.
        many => Err(Fault::new(
            many.iter().map(|one| one.trim_start_matches("error: ")).collect::<Vec<_>>().join("\n"),
        )),
    }
}
