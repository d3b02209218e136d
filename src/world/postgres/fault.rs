//! What a server says when it refuses, with the code that programs read.
use sqlparser::tokenizer::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub severity: &'static str,
    pub code: &'static str,
    pub message: String,
    /// Line and column of the statement, from 1.
    pub at: Option<(u64, u64)>,
}

pub type Res<T> = Result<T, Fault>;

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "ERROR", code, message: message.into(), at: None }
    }

    pub fn fatal(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "FATAL", ..Fault::new(code, message) }
    }

    pub fn notice(severity: &'static str, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity, ..Fault::new(code, message) }
    }

    /// What this server does not do, though the real one may.
    pub fn unsupported(what: impl std::fmt::Display) -> Fault {
        Fault::new("0A000", format!("{what} is not supported"))
    }

    pub fn missing(code: &'static str, kind: &str, name: &str) -> Fault {
        Fault::new(code, format!("{kind} \"{name}\" does not exist"))
    }

    pub fn at(mut self, span: Span) -> Fault {
        // A refusal points nowhere.
        if span.start.line > 0 && self.at.is_none() && self.code != "42501" {
            self.at = Some((span.start.line, span.start.column));
        }
        self
    }

    /// Where it is in the statement, in letters from 1.
    pub fn position(&self, sql: &str) -> Option<usize> {
        let (line, column) = self.at?;
        let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
        let before: usize = sql.split('\n').take(line - 1).map(|line| line.chars().count() + 1).sum();
        Some(before + column)
    }
}
