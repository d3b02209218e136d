//! `runbooks lint`: what an author should mend, in the form of a compiler's messages.
use std::fmt::Write;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;

use serde::Serialize;

use super::options::{Format, LintFlags};
use super::shelf::{Failed, Shelf, TROUBLE};
use super::words::{counted, line};
use crate::cli::ink::Ink;
use crate::cli::out;
use crate::config::Request;
use crate::domain::settings::Role;
use crate::runbook::Document;
use crate::runbook::lint::{Context, Finding, Rule, Severity, lint as findings, sarif};
use crate::sources::documents::{self, Library, models};

/// A document and what is to be mended in it.
pub(super) type Mend<'a> = (&'a Document, Vec<Finding>);

pub(super) fn lint(request: &Request, flags: &LintFlags) -> ExitCode {
    if let Some(rules) = &flags.explain {
        let rules = if rules.is_empty() { Rule::ALL } else { rules.as_slice() };
        return out::print(explained(rules).as_bytes());
    }
    let Ok(shelf) = Shelf::open(request, &flags.paths) else { return ExitCode::from(TROUBLE) };
    if flags.watch {
        return go_on(shelf, flags.rule.clone());
    }
    let found = look(&shelf.library, &flags.rule);
    let format = if flags.json { Format::Json } else { flags.format };
    let text = match format {
        Format::Text => as_text(&shelf.ink, &found, &shelf.library),
        Format::Json => as_json(&found, shelf.failed().collect()),
        Format::Sarif => out::json(&sarif(&found)),
    };
    let printed = out::print(text.as_bytes());
    shelf.finish(printed);
    let worst = found.iter().flat_map(|(_, findings)| findings).map(|finding| finding.severity).max();
    if shelf.failed().next().is_some() {
        ExitCode::from(TROUBLE)
    } else if worst.is_some_and(|worst| worst >= Severity::from(flags.deny)) {
        ExitCode::from(out::PROBLEM)
    } else {
        printed
    }
}

/// Says what is to be mended now, and again after each change, until somebody ends it.
fn go_on(shelf: Shelf, rules: Vec<Rule>) -> ExitCode {
    let Shelf { library, ink, .. } = shelf;
    let (end, ended) = mpsc::channel();
    let say = move |library: &Library| {
        let text = as_text(&ink, &look(library, &rules), library);
        if let Err(error) = out::write(text.as_bytes()) {
            // Nobody reads on.
            let _ = end.send(error);
        }
    };
    say(&library);
    let watch = documents::watch(library, move |_, library| say(library));
    match watch {
        Ok(_watch) => match ended.recv() {
            Ok(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Ok(error) => out::complain(&format!("cannot write to stdout: {error}")),
            Err(_) => out::complain("firedeck: the documents are no longer watched"),
        },
        Err(error) => out::complain(&format!("firedeck: the documents cannot be watched: {error}")),
    }
}

/// The documents with something to mend.
fn look<'a>(library: &'a Library, rules: &[Rule]) -> Vec<Mend<'a>> {
    let mut found = Vec::new();
    for document in library.documents() {
        let path = Path::new(&document.path);
        let text = documents::text(path);
        let exists = |link: &str| exists(library.paths(), path, link);
        let context = Context { text: text.as_deref(), exists: Some(&exists) };
        let mut findings = findings(document, &context);
        findings.retain(|finding| rules.is_empty() || rules.contains(&finding.rule));
        if !findings.is_empty() {
            found.push((document.as_ref(), findings));
        }
    }
    found
}

/// Whether a path that a document names is there: beside the document, or below what was named when it begins
/// with `/`.
fn exists(roots: &[PathBuf], document: &Path, link: &str) -> bool {
    if let Some(there) = models::beside(document, link) {
        return there;
    }
    match link.strip_prefix('/') {
        None => document.parent().unwrap_or(Path::new("")).join(link).exists(),
        Some(rest) => roots.iter().any(|root| {
            let folder = if root.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
            folder.join(rest).exists()
        }),
    }
}

fn explained(rules: &[Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(text, "{} ({})\n  {}", rule.id(), rule.severity(), rule.help());
    }
    text
}

fn role(severity: Severity) -> Role {
    match severity {
        Severity::Error => Role::Bad,
        Severity::Warning => Role::Warning,
        Severity::Note => Role::Dim,
    }
}

fn as_text(ink: &Ink, found: &[Mend<'_>], library: &Library) -> String {
    let mut text = String::new();
    for (document, findings) in found {
        for finding in findings {
            let place = format!("{}:{}:", line(&document.path), finding.line);
            let severity = ink.paint(role(finding.severity), &format!("{}:", finding.severity));
            let rule = ink.paint(Role::Dim, &format!("[{}]", finding.rule.id()));
            let _ = writeln!(
                text,
                "{} {severity} {} {rule}",
                ink.paint(Role::Title, &place),
                line(&finding.reason)
            );
            if !finding.remedy.is_empty() {
                let _ = writeln!(text, "  = {}", line(&finding.remedy));
            }
        }
        text.push('\n');
    }
    let all = || found.iter().flat_map(|(_, findings)| findings);
    let of = |severity| all().filter(|finding| finding.severity == severity).count();
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counts =
        counts.into_iter().map(|(severity, noun)| (of(severity), noun)).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, noun)| counted(count, noun)).collect();
    let said = if counts.is_empty() { "nothing to mend".to_owned() } else { counts.join(", ") };
    let documents = counted(library.documents().count(), "document");
    let _ = writeln!(text, "{}", ink.paint(Role::Dim, &format!("{said} in {documents}")));
    text
}

#[derive(Serialize)]
struct Json<'a> {
    findings: Vec<Row<'a>>,
    errors: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    line: u32,
    end_line: u32,
    severity: Severity,
    rule: &'static str,
    reason: &'a str,
    remedy: &'a str,
}

fn as_json(found: &[Mend<'_>], errors: Vec<Failed<'_>>) -> String {
    let findings = found.iter().flat_map(|(document, findings)| {
        findings.iter().map(|finding| Row {
            path: &document.path,
            line: finding.line,
            end_line: finding.end_line,
            severity: finding.severity,
            rule: finding.rule.id(),
            reason: &finding.reason,
            remedy: &finding.remedy,
        })
    });
    out::json(&Json { findings: findings.collect(), errors })
}
