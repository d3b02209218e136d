//! The foreign fixtures are read as the expectation beside each of them says: `tests/fixtures/foreign/README.md`.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use firedeck::commands::tools::Tables;
use firedeck::commands::{Role, Statement};
use firedeck::domain::approval::Tier;
use firedeck::runbook::{Command, Document, Mode, catalogue};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    runbooks: Vec<Book>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Book {
    title: String,
    line: u32,
    mode: String,
    severity: Option<String>,
    response_time: Option<String>,
    symptoms: Vec<String>,
    /// Its title stands in no heading, so its line is not compared.
    line_free: bool,
    /// It may be left out: nothing in it can be run.
    optional: bool,
    steps: Vec<Step>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Step {
    title: String,
    line: u32,
    branch: Option<String>,
    phase: Option<String>,
    expected: Option<String>,
    time_budget: Option<String>,
    title_synthesized: bool,
    commands: Vec<Want>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Want {
    line: u32,
    end_line: u32,
    text: String,
    role: String,
    risk: String,
    risk_accept: Vec<String>,
    placeholders: Vec<String>,
    needs_input: Vec<String>,
    interactive: bool,
    interactive_accept: bool,
    endless: bool,
}

/// What may differ in a share of the cases; all else may not differ at all.
const LIMITS: [(&str, f64); 5] = [
    ("extra commands", 0.03),
    ("risk too high", 0.10),
    ("steps missed", 0.05),
    ("asked or flagged in vain", 0.05),
    ("phases, branches and times", 0.10),
];

/// Differences by what they are.
#[derive(Default)]
struct Report {
    wrong: BTreeMap<&'static str, Vec<String>>,
    soft: BTreeMap<&'static str, Vec<String>>,
    counts: BTreeMap<&'static str, usize>,
}

impl Report {
    fn wrong(&mut self, what: &'static str, entry: String) {
        self.wrong.entry(what).or_default().push(entry);
    }

    fn soft(&mut self, what: &'static str, entry: String) {
        self.soft.entry(what).or_default().push(entry);
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// What there is to say, and whether it is too much.
    fn verdict(&self) -> (String, bool) {
        let mut said = String::new();
        let mut failed = !self.wrong.is_empty();
        for (what, limit) in LIMITS {
            let entries = self.soft.get(what).map_or(&[][..], Vec::as_slice);
            let of = match what {
                "steps missed" => "steps",
                "phases, branches and times" => "told",
                _ => "commands",
            };
            let total = self.counts.get(of).copied().unwrap_or(1).max(1);
            let (have, whole) = (u32::try_from(entries.len()), u32::try_from(total));
            let share = f64::from(have.expect("few")) / f64::from(whole.expect("few"));
            failed |= share > limit;
            let over = if share > limit { "OVER  " } else { "within" };
            writeln!(said, "{over} {what}: {} of {total}, limit {:.0} %", entries.len(), limit * 100.0)
                .expect("text");
            for entry in entries {
                writeln!(said, "         {entry}").expect("text");
            }
        }
        for (what, entries) in &self.wrong {
            writeln!(said, "WRONG  {what}: {}", entries.len()).expect("text");
            for entry in entries {
                writeln!(said, "         {entry}").expect("text");
            }
        }
        (said, failed)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign")
}

/// Name, text and expectation of each fixture.
fn cases() -> Vec<(String, String, Expected)> {
    let mut found = Vec::new();
    for style in
        std::fs::read_dir(folder()).expect("the fixtures").flatten().filter(|entry| entry.path().is_dir())
    {
        let files: Vec<PathBuf> =
            std::fs::read_dir(style.path()).expect("a style").flatten().map(|entry| entry.path()).collect();
        for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "md")) {
            let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
            let stem = name.split('.').next().expect("a stem");
            let json =
                std::fs::read(file.with_file_name(format!("{stem}.expect.json"))).expect("an expectation");
            let want = serde_json::from_slice(&json).unwrap_or_else(|e| panic!("`{stem}.expect.json`: {e}"));
            let text = String::from_utf8_lossy(&std::fs::read(file).expect("a fixture")).into_owned();
            found.push((format!("{}/{name}", style.file_name().to_string_lossy()), text, want));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Without what a person does not see: blanks at the ends, invisible signs, a last semicolon.
fn flat(text: &str) -> String {
    let seen: String = text.replace('\u{a0}', " ").replace(['\u{200b}', '\u{feff}'], "");
    let lines: Vec<&str> = seen.trim().lines().map(str::trim_end).collect();
    lines.join("\n").trim_end_matches(';').trim_end().to_owned()
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(70).collect()
}

fn tier(name: &str) -> Tier {
    match name {
        "read" => Tier::Read,
        "change" => Tier::Change,
        "danger" => Tier::Danger,
        other => panic!("no risk is called `{other}`"),
    }
}

fn overlap(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && (a.contains(b) || b.contains(a))
}

/// The same but for case, blanks and what stands around it.
fn alike(want: &str, have: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    overlap(&plain(want), &plain(have))
}

fn compare(name: &str, want: &Expected, got: &Document, report: &mut Report) {
    books(name, want, got, report);
    let have: Vec<&Command> =
        got.runbooks.iter().flat_map(|book| &book.steps).flat_map(|step| &step.commands).collect();
    let mut lines = Vec::new();
    for step in want.runbooks.iter().flat_map(|book| &book.steps) {
        for command in &step.commands {
            lines.extend(command.line..=command.end_line);
            if command.role == "action" || !command.needs_input.is_empty() {
                report.count("commands");
                self::command(name, command, &have, report);
            }
        }
        report.count("steps");
        let stands = got.runbooks.iter().flat_map(|book| &book.steps).find(|have| have.line == step.line);
        if stands.is_none() && !step.title_synthesized {
            report.soft("steps missed", format!("{name}:{}: {}", step.line, step.title));
        }
        let told = [
            ("branch", &step.branch, stands.and_then(|have| have.branch.as_ref())),
            ("phase", &step.phase, stands.and_then(|have| have.phase.as_ref())),
            ("expected", &step.expected, stands.and_then(|have| have.expected.as_ref())),
            ("time", &step.time_budget, stands.and_then(|have| have.time_budget.as_ref())),
        ];
        for (what, want, have) in told {
            let Some(want) = want else { continue };
            if stands.is_none() && step.title_synthesized {
                continue;
            }
            report.count("told");
            if !have.is_some_and(|have| alike(want, have)) {
                report.soft(
                    "phases, branches and times",
                    format!("{name}:{}: {what} is {have:?}, not {want:?}", step.line),
                );
            }
        }
    }
    for Command { statement, .. } in have {
        let runs = matches!(statement.role, Role::Action | Role::Query);
        if runs && !lines.contains(&statement.line) && !is_query(statement) {
            report.soft("extra commands", format!("{name}:{}: {}", statement.line, first(&statement.text)));
        }
    }
}

/// Text for another screen may be shown, for copying.
fn is_query(statement: &Statement) -> bool {
    statement.role == Role::Query
}

fn books(name: &str, want: &Expected, got: &Document, report: &mut Report) {
    for book in &want.runbooks {
        let found = got
            .runbooks
            .iter()
            .find(|have| have.title.trim() == book.title && (book.line_free || have.line == book.line));
        let Some(found) = found else {
            if !book.optional {
                report.wrong("runbooks missed", format!("{name}:{}: {}", book.line, book.title));
            }
            continue;
        };
        let stated = [
            ("severity", &book.severity, &found.severity),
            ("response time", &book.response_time, &found.response_time),
        ];
        for (what, want, have) in stated {
            let same = match (want, have) {
                (Some(want), Some(have)) => alike(want, have),
                (None, None) => true,
                _ => false,
            };
            if !same {
                report.wrong(
                    "runbooks told otherwise",
                    format!("{name}:{}: {what} {have:?}, not {want:?}", book.line),
                );
            }
        }
        if (book.mode == "menu") != (found.mode == Mode::Menu) {
            report
                .wrong("runbooks told otherwise", format!("{name}:{}: mode is not {}", book.line, book.mode));
        }
        for symptom in &book.symptoms {
            if !found.symptoms.iter().any(|have| alike(symptom, have)) {
                report.wrong(
                    "runbooks told otherwise",
                    format!("{name}:{}: no symptom {symptom:?}", book.line),
                );
            }
        }
    }
    for have in &got.runbooks {
        let known = want.runbooks.iter().any(|book| book.title == have.title.trim());
        if !known {
            report.wrong("runbooks invented", format!("{name}:{}: {}", have.line, have.title));
        }
    }
    if !got.runbooks.is_sorted_by_key(|book| book.line) {
        report.wrong("runbooks out of order", name.to_owned());
    }
}

fn command(name: &str, want: &Want, have: &[&Command], report: &mut Report) {
    let here = format!("{name}:{}: {}", want.line, first(&want.text));
    let at_line = || have.iter().filter(|have| have.statement.line == want.line);
    let same = |have: &&&Command| {
        have.statement.end_line == want.end_line && flat(&have.statement.text) == flat(&want.text)
    };
    let Some(found) = at_line().find(same) else {
        let near: Vec<String> = at_line()
            .map(|have| {
                format!("{}-{} {}", have.statement.line, have.statement.end_line, first(&have.statement.text))
            })
            .collect();
        report.wrong("commands missed", format!("{here}   got {near:?}"));
        return;
    };
    let statement = &found.statement;
    let allowed = || std::iter::once(&want.risk).chain(&want.risk_accept).map(|risk| tier(risk));
    let (low, high) = (allowed().min().expect("a risk"), allowed().max().expect("a risk"));
    if statement.risk < low {
        report.wrong("risk too low", format!("{here}   {:?}: {}", statement.risk, statement.why));
    }
    if statement.risk > high {
        report.soft("risk too high", format!("{here}   {:?}: {}", statement.risk, statement.why));
    }
    if statement.why.is_empty() {
        report.wrong("no reason given", here.clone());
    }
    let asked: Vec<&str> = found.placeholders.iter().map(|value| value.text.as_str()).collect();
    for value in &want.needs_input {
        if !asked.iter().any(|have| overlap(have, value)) {
            report.wrong("values not asked for", format!("{here}   {value}, but {asked:?}"));
        }
    }
    for have in asked {
        if !want.placeholders.iter().any(|value| overlap(have, value)) {
            report.soft("asked or flagged in vain", format!("{here}   {have:?}"));
        }
    }
    let flags = [
        ("endless", want.endless, false, statement.traits.endless),
        ("interactive", want.interactive, want.interactive_accept, statement.traits.interactive),
    ];
    for (flag, want, accept, have) in flags {
        if want && !have {
            report.wrong("not seen to be endless or interactive", format!("{here}   {flag}"));
        }
        if have && !want && !accept {
            report.soft("asked or flagged in vain", format!("{here}   {flag}"));
        }
    }
}

#[test]
fn foreign_runbooks_are_read_as_a_careful_person_reads_them() {
    let mut report = Report::default();
    for (name, text, want) in cases() {
        let got = catalogue::read(&name, &text, &Tables::default());
        compare(&name, &want, &got, &mut report);
    }
    let (said, failed) = report.verdict();
    assert!(!failed, "\n{said}");
}

#[test]
fn there_are_enough_foreign_runbooks_and_each_expectation_stands_in_its_text() {
    let cases = cases();
    let styles: std::collections::BTreeSet<&str> =
        cases.iter().filter_map(|(name, _, _)| name.split('/').next()).collect();
    assert!(cases.len() >= 30 && styles.len() >= 10, "{} fixtures in {} styles", cases.len(), styles.len());
    for (name, text, want) in &cases {
        let lines: Vec<&str> = text.lines().collect();
        for command in want.runbooks.iter().flat_map(|book| &book.steps).flat_map(|step| &step.commands) {
            let from = command.line as usize - 1;
            let stands = lines.get(from..command.end_line as usize).unwrap_or(&[]);
            let pairs = command.text.lines().zip(stands);
            let missing = pairs
                .filter(|(part, line)| !flat(&line.replace("\\|", "|")).contains(flat(part).trim()))
                .map(|(part, _)| part);
            let missing: Vec<&str> = missing.collect();
            assert!(
                missing.is_empty() && !stands.is_empty(),
                "{name}:{}: {missing:?} is not there",
                command.line
            );
        }
    }
}
