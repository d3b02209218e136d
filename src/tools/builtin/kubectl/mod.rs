//! `kubectl`: the verbs and options that runbooks use, in the original's words.
use std::io::{ErrorKind, Write};
use std::sync::PoisonError;

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
pub mod table;
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

pub async fn run(args: Vec<String>, io: &mut Io) -> u8 {
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

async fn ended(args: Vec<String>, io: &mut Io) -> Done {
    let call = Call::read(&args)?;
    if call.verb.starts_with("config") {
        return config::config(&call, io);
    }
    let api = Api::open(&call).await?;
    let mut kubectl = Kubectl { call, api, io, faults: Vec::new() };
    let done = work(&mut kubectl).await;
    let warnings = std::mem::take(&mut *kubectl.api.warnings.lock().unwrap_or_else(PoisonError::into_inner));
    for warning in warnings {
        kubectl.warn(&format!("Warning: {warning}"))?;
    }
    done?;
    match kubectl.faults.as_slice() {
        [] => Ok(()),
        [one] => Err(Fault::new(one)),
        // Of several faults none is called one.
        many => {
            let many: Vec<&str> = many.iter().map(|one| one.trim_start_matches("error: ")).collect();
            Err(Fault::new(many.join("\n")))
        }
    }
}

async fn work(kubectl: &mut Kubectl<'_>) -> Done {
    match kubectl.call.verb {
        "get" => get::get(kubectl).await,
        "describe" => describe::describe(kubectl).await,
        "logs" => logs::logs(kubectl).await,
        "exec" => exec::exec(kubectl).await,
        "scale" => change::scale(kubectl).await,
        "set image" | "set env" | "set resources" => change::set(kubectl).await,
        "patch" => change::patch(kubectl).await,
        "label" => change::label(kubectl).await,
        "cordon" | "uncordon" => change::cordon(kubectl).await,
        "drain" => drain::drain(kubectl).await,
        "delete" => drain::delete(kubectl).await,
        "apply" => apply::apply(kubectl).await,
        // One means that there is a difference.
        "diff" => apply::diff(kubectl).await.map_err(|fault| match fault.says.as_str() {
            "" => fault,
            _ => Fault { code: fault.code.max(2), ..fault },
        }),
        "autoscale" => create::autoscale(kubectl).await,
        "top pods" | "top nodes" => top::top(kubectl).await,
        "events" => info::events(kubectl).await,
        "wait" => info::wait(kubectl).await,
        "auth can-i" => info::can_i(kubectl).await,
        "version" => info::version(kubectl).await,
        verb if verb.starts_with("rollout") => rollout::rollout(kubectl).await,
        "create secret" => create::secret(kubectl).await,
        verb => Err(Fault::error(format!("the built-in kubectl does not know `{verb}`"))),
    }
}
