//! `runbooks coverage`: alerts without a runbook, and links that lead nowhere.
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::shelf::{Failed, Shelf, TROUBLE};
use super::words::{counted, line};
use crate::cli::ink::Ink;
use crate::cli::out;
use crate::config::{self, Request};
use crate::domain::settings::Role;
use crate::domain::settings::endpoint::{Backend, Endpoint};
use crate::runbook::Document;
use crate::runbook::suggest::{self, AlertRule, Coverage, Hit, Index};
use crate::sources::backend::Secrets;
use crate::sources::documents::{self, Limits};
use crate::sources::http::{Entry, shown};
use crate::sources::prometheus;

/// Every rule, and what could not be read.
#[derive(Debug, Default)]
struct Rules {
    rules: Vec<AlertRule>,
    failed: Vec<(String, String)>,
}

pub(super) fn coverage(
    request: &Request,
    paths: &[PathBuf],
    files: &[PathBuf],
    json: bool,
) -> color_eyre::Result<ExitCode> {
    let Ok(shelf) = Shelf::open(request, paths) else { return Ok(ExitCode::from(TROUBLE)) };
    let endpoints: Vec<&Endpoint> = shelf.settings.profile.endpoints(Backend::Prometheus).collect();
    let named = request.endpoints.iter().any(|(backend, _)| *backend == Backend::Prometheus);
    // Files alone are all that was asked for; a profile's own server is not asked besides.
    let asked = if named || files.is_empty() { endpoints } else { Vec::new() };
    if files.is_empty() && asked.is_empty() {
        out::complain(
            "firedeck: no alert rules are named\n  \
             = name their files with --rules FILE, or a server with --prometheus URL",
        );
        return Ok(ExitCode::from(TROUBLE));
    }
    let mut rules = of_files(files);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for endpoint in asked {
        match runtime.block_on(of_server(endpoint)) {
            Ok(found) => rules.rules.extend(found),
            Err(why) => rules.failed.push((shown(&endpoint.url), why)),
        }
    }
    let documents: Vec<Arc<Document>> = shelf.documents().cloned().collect();
    let coverage = suggest::coverage(&Index::new(&documents), &rules.rules);
    let report = Report { rules: &rules, coverage: &coverage, documents: &documents };
    let text = if json { report.json() } else { report.text(&shelf.ink) };
    let printed = out::print(text.as_bytes());
    for (place, why) in &rules.failed {
        out::complain(&format!("{}: {why}", line(place)));
    }
    shelf.finish(ExitCode::SUCCESS);
    let whole = rules.failed.is_empty() && shelf.failed().next().is_none();
    Ok(match (whole, coverage.without.is_empty() && coverage.dead_links.is_empty()) {
        (false, _) => ExitCode::from(TROUBLE),
        (true, false) => ExitCode::from(out::PROBLEM),
        (true, true) => printed,
    })
}

fn of_files(files: &[PathBuf]) -> Rules {
    let mut out = Rules::default();
    let (texts, notes) = documents::rules(files, Limits::default());
    for documents::Text { path, text } in texts {
        let read = text.and_then(|text| suggest::rules(&text).map_err(|error| error.to_string()));
        match read {
            Ok(rules) => {
                out.rules.extend(rules.into_iter().map(|rule| AlertRule { source: path.clone(), ..rule }));
            }
            Err(why) => out.failed.push((path, why)),
        }
    }
    out.failed.extend(notes.into_iter().map(|note| ("--rules".to_owned(), note)));
    out
}

async fn of_server(endpoint: &Endpoint) -> Result<Vec<AlertRule>, String> {
    let secrets: Secrets = Arc::new(|reference| {
        Box::pin(async move {
            let read = config::resolve_secret(&reference, config::SECRET_DEADLINE).await;
            read.map_err(|error| error.to_string())
        })
    });
    prometheus::alert_rules(Entry::from(endpoint), &secrets).await
}

struct Report<'a> {
    rules: &'a Rules,
    coverage: &'a Coverage,
    documents: &'a [Arc<Document>],
}

#[derive(Serialize)]
struct Json<'a> {
    covered: Vec<Row<'a>>,
    without: Vec<Row<'a>>,
    dead_links: Vec<Row<'a>>,
    errors: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    alert: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<Target<'a>>,
}

#[derive(Serialize)]
struct Target<'a> {
    path: &'a str,
    line: u32,
    title: &'a str,
}

impl<'a> Report<'a> {
    fn target(&self, hit: &Hit) -> Option<Target<'a>> {
        let document = self.documents.get(hit.document)?;
        let runbook = document.runbooks.get(hit.runbook)?;
        Some(Target { path: &document.path, line: runbook.line, title: &runbook.title })
    }

    fn row(
        &self,
        rule: usize,
        hit: Option<&Hit>,
        url: Option<&'a str>,
        reason: Option<&'a str>,
    ) -> Option<Row<'a>> {
        let rule = self.rules.rules.get(rule)?;
        Some(Row {
            alert: &rule.name,
            source: &rule.source,
            line: (rule.line > 0).then_some(rule.line),
            severity: rule.label("severity"),
            url,
            reason,
            runbook: hit.and_then(|hit| self.target(hit)),
        })
    }

    fn covered(&self) -> Vec<Row<'a>> {
        let rows = self.coverage.covered.iter();
        rows.filter_map(|covered| self.row(covered.rule, Some(&covered.hit), None, Some(&covered.hit.reason)))
            .collect()
    }

    fn without(&self) -> Vec<Row<'a>> {
        self.coverage.without.iter().filter_map(|rule| self.row(*rule, None, None, None)).collect()
    }

    fn dead(&self) -> Vec<Row<'a>> {
        let rows = self.coverage.dead_links.iter();
        rows.filter_map(|dead| {
            self.row(dead.rule, dead.instead.as_ref(), Some(&dead.url), Some(&dead.reason))
        })
        .collect()
    }

    fn json(&self) -> String {
        let failed = self.rules.failed.iter();
        out::json(&Json {
            covered: self.covered(),
            without: self.without(),
            dead_links: self.dead(),
            errors: failed.map(|(path, error)| Failed { path, error }).collect(),
        })
    }

    fn text(&self, ink: &Ink) -> String {
        let mut text = String::new();
        let (without, dead) = (self.without(), self.dead());
        let mut gap = "";
        for (title, role, rows) in [
            ("alerts without a runbook", Role::Bad, &without),
            ("links that lead nowhere", Role::Warning, &dead),
        ] {
            if rows.is_empty() {
                continue;
            }
            let _ = writeln!(text, "{gap}{}", ink.paint(role, &format!("{title}: {}", rows.len())));
            gap = "\n";
            for row in rows {
                let severity =
                    row.severity.map_or(String::new(), |severity| format!(" ({})", line(severity)));
                let place =
                    row.line.map_or_else(|| line(row.source), |at| format!("{}:{at}", line(row.source)));
                let _ = writeln!(text, "  {}{severity}  {}", line(row.alert), ink.paint(Role::Dim, &place));
                if let (Some(url), Some(reason)) = (row.url, row.reason) {
                    let _ = writeln!(text, "    {}: {}", line(url), line(reason));
                }
                if let Some(target) = &row.runbook {
                    let _ = writeln!(
                        text,
                        "    perhaps {}:{}  {}",
                        line(target.path),
                        target.line,
                        line(target.title)
                    );
                }
            }
        }
        let covered = self.coverage.covered.len();
        let all = counted(self.rules.rules.len(), "alert");
        let _ =
            writeln!(text, "{gap}{}", ink.paint(Role::Dim, &format!("{covered} of {all} have a runbook")));
        text
    }
}
