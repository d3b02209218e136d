//! `kubectl`: the verbs and options that runbooks use, in the original's words.
use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use super::Io;

mod api;
mod call;
mod describe;
mod exec;
mod get;
mod jsonpath;
mod logs;
mod pick;
mod pods;
mod print;
mod quantity;
mod table;
mod time;
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
    /// Objects that went wrong while others went well.
    failed: bool,
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
        self.failed = true;
        self.warn(&fault.says)
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
    let mut kubectl = Kubectl { call, api, io, failed: false };
    match kubectl.call.verb {
        "get" => get::get(&mut kubectl).await?,
        "describe" => describe::describe(&mut kubectl).await?,
        "logs" => logs::logs(&mut kubectl).await?,
        "exec" => exec::exec(&mut kubectl).await?,
        verb => return Err(Fault::error(format!("the built-in kubectl does not know `{verb}`"))),
    }
    if kubectl.failed { Err(Fault::code(1)) } else { Ok(()) }
}
