//! What an author should mend in a document.
//!
//! A rule that cries wolf is worse than none: what cannot be seen for certain is not said. Each rule has a file
//! with others of its kind; `scene` is what they look at.
mod alerts;
mod backup;
mod call;
mod deprecated;
mod form;
mod health;
mod known;
mod kubectl;
mod limits;
mod links;
mod namespace;
mod order;
mod places;
mod rule;
mod safety;
mod sarif;
mod scene;
mod secrets;
mod sql;
mod through;
mod titles;
mod urls;
mod variables;
mod word;

use super::types::Document;

pub use namespace::names_none;
pub use order::{ends_processes, gathers};
pub use rule::{Rule, Severity};
pub use sarif::sarif;

use scene::Scene;

/// What lint may know beside the document.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The file's text; without it, only commands and facts are looked at.
    pub text: Option<&'a str>,
    /// Whether a path exists: relative to the document's folder, or to the catalogue's root when it begins with
    /// `/`.
    pub exists: Option<&'a dyn Fn(&str) -> bool>,
}

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// The document's lines, counted from 1; the last one included.
    pub line: u32,
    pub end_line: u32,
    /// What is wrong here.
    pub reason: String,
    /// What to write instead.
    pub remedy: String,
}

/// The findings of one document, by their lines.
pub fn lint(document: &Document, context: &Context<'_>) -> Vec<Finding> {
    let scene = Scene::new(document, context);
    let mut out = Findings::default();
    for check in CHECKS {
        check(&scene, &mut out);
    }
    let mut findings = out.0;
    findings.sort_by_key(|finding| (finding.line, finding.rule, finding.end_line));
    findings.dedup_by(|a, b| a.line == b.line && a.rule == b.rule && a.reason == b.reason);
    findings
}

type Check = fn(&Scene<'_>, &mut Findings);

const CHECKS: &[Check] = &[
    alerts::check,
    backup::check,
    deprecated::check,
    form::check,
    health::check,
    kubectl::check,
    limits::check,
    links::check,
    namespace::check,
    order::check,
    places::check,
    safety::check,
    secrets::check,
    sql::check,
    titles::check,
    urls::check,
    variables::check,
];

/// Findings on their way out.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn say(&mut self, rule: Rule, lines: (u32, u32), reason: impl Into<String>, remedy: impl Into<String>) {
        self.say_as(rule.severity(), rule, lines, reason, remedy);
    }

    fn say_as(
        &mut self,
        severity: Severity,
        rule: Rule,
        lines: (u32, u32),
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, end_line) = (lines.0, lines.1.max(lines.0));
        self.0.push(Finding { rule, severity, line, end_line, reason: reason.into(), remedy: remedy.into() });
    }
}
