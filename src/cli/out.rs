//! Writing to stdout and stderr when whoever reads may be gone.
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// What went wrong, in a run that is over.
pub(super) const PROBLEM: u8 = 1;

pub(super) fn write(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush())
}

/// Writes all of it; a reader that has seen enough (`| head`) is no error.
pub(super) fn print(text: &[u8]) -> ExitCode {
    match write(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&format!("cannot write to stdout: {error}")),
    }
}

/// A value for programs, as text that ends in a newline.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).map(|text| text + "\n").unwrap_or_default()
}

/// Says what is wrong on stderr, if anybody listens there, and gives the exit code for it.
pub(super) fn complain(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(PROBLEM)
}
