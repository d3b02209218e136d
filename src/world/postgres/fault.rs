//! What a server says when it refuses, with the code that programs read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub severity: &'static str,
    pub code: &'static str,
    pub message: String,
}

pub type Res<T> = Result<T, Fault>;

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "ERROR", code, message: message.into() }
    }

    pub fn fatal(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "FATAL", ..Fault::new(code, message) }
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "WARNING", ..Fault::new(code, message) }
    }

    /// What this server does not do, though the real one may.
    pub fn unsupported(what: impl std::fmt::Display) -> Fault {
        Fault::new("0A000", format!("{what} is not supported"))
    }

    pub fn missing(code: &'static str, kind: &str, name: &str) -> Fault {
        Fault::new(code, format!("{kind} \"{name}\" does not exist"))
    }
}
