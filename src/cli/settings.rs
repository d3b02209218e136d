//! `config check`, `config show` and `config init`.
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use unicode_width::UnicodeWidthStr;

use super::options::ConfigCommand;
use super::out;
use crate::config::{self, Problem, Request, starter};
use crate::domain::text::clean;

pub(super) fn run(what: &ConfigCommand, request: &Request) -> ExitCode {
    match what {
        ConfigCommand::Check { file } => check(request, file.as_deref()),
        ConfigCommand::Show => show(request),
        ConfigCommand::Init => init(request),
    }
}

fn check(request: &Request, file: Option<&Path>) -> ExitCode {
    let checked = match file {
        Some(file) => config::check_file(request, file),
        None => config::check(request),
    };
    match checked {
        Ok(looked) => {
            let mut lines = String::new();
            for name in looked {
                let _ = writeln!(lines, "{}: good", clean(&name));
            }
            out::print(lines.as_bytes())
        }
        Err(problems) => {
            let count = problems.0.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            out::complain(&format!("{problems}\n\n{count} {noun}"))
        }
    }
}

fn show(request: &Request) -> ExitCode {
    let effective = match config::load(request) {
        Ok(effective) => effective,
        Err(problems) => return out::complain(&problems.to_string()),
    };
    let rows: Vec<[String; 3]> = effective
        .shown
        .iter()
        .map(|row| [&row.name, &row.value, &row.origin.to_string()].map(|text| clean(text).into_owned()))
        .collect();
    // A very long value must not push every origin out of sight.
    let width =
        |column: usize, most: usize| rows.iter().map(|row| row[column].width()).filter(|w| *w <= most).max();
    let (names, values) = (width(0, 60).unwrap_or(0), width(1, 60).unwrap_or(0));
    let mut text = String::new();
    for [name, value, origin] in &rows {
        let gap = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()) + 2);
        let _ = writeln!(text, "{name}{}{value}{}{origin}", gap(name, names), gap(value, values));
    }
    out::print(text.as_bytes())
}

fn init(request: &Request) -> ExitCode {
    let Some(path) = request.config_file() else {
        let help = "set it, or name a file with --config";
        return out::complain(&Problem::of("config init", "$HOME is not set", help).to_string());
    };
    match starter::write(&path) {
        Ok(path) => out::print(format!("{}: written\n", clean(&path.display().to_string())).as_bytes()),
        Err(problem) => out::complain(&problem.to_string()),
    }
}
