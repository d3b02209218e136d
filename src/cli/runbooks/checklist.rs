//! One runbook as a checklist for the terminal.
use std::fmt::Write;

use super::words::{counted, line};
use crate::cli::ink::Ink;
use crate::commands::{Lang, Role as Purpose};
use crate::domain::approval::Tier;
use crate::domain::settings::Role;
use crate::domain::text::clean_lines;
use crate::runbook::placeholder::Placeholder;
use crate::runbook::{Command, Document, Mode, Note, Runbook, Status, Step, StepKind};
use crate::view::wrap::{width, wrap};

/// Wider lines of prose are hard to read.
const WIDEST: usize = 110;
/// More lines of one paragraph than any author writes.
const LONGEST: usize = 200;

struct Page<'a> {
    ink: &'a Ink,
    document: &'a Document,
    text: String,
}

/// The runbook with everything that its document says about it.
pub(super) fn checklist(ink: &Ink, document: &Document, runbook: &Runbook) -> String {
    let mut page = Page { ink, document, text: String::new() };
    page.head(runbook);
    let (mut phase, mut brief) = (None, true);
    for step in &runbook.steps {
        let before = page.text.len();
        page.step(step);
        let shown = page.text.split_off(before);
        let changed = step.phase != phase;
        let short = shown.lines().count() < 2;
        // Ticks of one line each stand together.
        if before > 0 && (changed || !(short && brief)) {
            page.gap();
        }
        if changed {
            page.put(0, "", Role::Focus, step.phase.as_deref().unwrap_or_default());
            phase.clone_from(&step.phase);
        }
        page.text.push_str(&shown);
        brief = short;
    }
    page.text
}

impl Page<'_> {
    /// A paragraph behind `lead`, wrapped under itself.
    fn put(&mut self, indent: usize, lead: &str, role: Role, text: &str) {
        let begin = indent + width(lead);
        let columns = self.ink.width.min(WIDEST).saturating_sub(begin).max(20);
        let mut lead = lead.to_owned();
        for part in text.lines().map(line).filter(|part| !part.is_empty()) {
            for piece in wrap(&part, columns, LONGEST) {
                let blanks = if lead.is_empty() { begin } else { indent };
                let _ = writeln!(self.text, "{:blanks$}{lead}{}", "", self.ink.paint(role, &piece));
                lead.clear();
            }
        }
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn named(&mut self, indent: usize, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(indent, &format!("{name}: "), Role::Text, text);
        }
    }

    fn notes(&mut self, indent: usize, notes: &[Note]) {
        let sign = self.ink.sign('▲', '!');
        for note in notes {
            self.put(indent, &format!("{sign} "), Role::Warning, &note.text);
        }
    }

    fn head(&mut self, runbook: &Runbook) {
        let (ink, document) = (self.ink, self.document);
        self.put(0, "", Role::Title, &runbook.title);
        let mut about: Vec<String> = vec![runbook.kind.name().into()];
        about.extend(runbook.severity.as_deref().map(line));
        about.extend(runbook.response_time.as_deref().map(|time| format!("respond within {}", line(time))));
        about.push(counted(runbook.counted_steps(), "step"));
        if runbook.mode == Mode::Menu {
            about.push("choose one".into());
        }
        self.put(0, "", Role::Text, &about.join(" · "));
        if let Some(tier) = runbook.highest() {
            let (sign, role) = ink.risk(tier);
            self.put(0, "", role, &format!("{sign} {tier} at most"));
        }
        let place = format!("{}:{}", line(&document.path), runbook.line);
        let section = if runbook.section.is_empty() {
            String::new()
        } else {
            format!(" · {}", line(&runbook.section))
        };
        self.put(0, "", Role::Dim, &format!("{place}{section}"));
        let status = match runbook.status {
            Status::Current => "",
            Status::Mixed => "parts of it are of another platform, or not built yet",
            Status::Aspirational => "not in use: the document marks it as future",
        };
        let sign = ink.sign('▲', '!');
        self.put(0, &format!("{sign} "), Role::Warning, status);
        let before = self.text.len();
        for (name, text) in [
            ("purpose", &runbook.purpose),
            ("trigger", &runbook.trigger),
            ("frequency", &runbook.frequency),
            ("RTO", &runbook.rto),
            ("RPO", &runbook.rpo),
        ] {
            self.named(0, name, text.as_deref());
        }
        let objectives = crate::runbook::facts::objectives_for(&document.facts, runbook);
        self.named(0, "objectives", Some(&objectives.join("\n")));
        for (name, list) in [("symptoms", &runbook.symptoms), ("alerts", &runbook.alerts)] {
            let lines: Vec<String> = list.iter().map(|one| line(one)).collect();
            self.named(0, name, Some(&lines.join("\n")));
        }
        for argument in &runbook.arguments {
            let name = argument.name.as_deref().map_or_else(|| format!("${}", argument.place), line);
            let usual = argument
                .default
                .as_deref()
                .map_or(String::new(), |usual| format!(", else `{}`", line(usual)));
            self.named(0, "takes", Some(&format!("{name}{usual}")));
        }
        self.notes(0, &runbook.notes);
        if self.text.len() > before {
            self.text.insert(before, '\n');
        }
    }

    fn step(&mut self, step: &Step) {
        let indent = if step.is_arm() { 4 } else { 0 };
        let tick = match (step.kind, step.checkbox) {
            (StepKind::Note, _) => "  – ".to_owned(),
            (_, Some(true)) => "[x] ".into(),
            _ if step.n == "0" => "    ".into(),
            _ => "[ ] ".into(),
        };
        let number = if step.n == "0" { String::new() } else { format!("{} ", line(&step.n)) };
        let mut title = line(&step.title);
        if let Some(time) = &step.time_budget {
            let _ = write!(title, " ({})", line(time));
        }
        let lead = format!("{tick}{number}");
        self.put(indent, &lead, if step.kind == StepKind::Note { Role::Dim } else { Role::Title }, &title);
        let indent = indent + 4;
        let branch = step
            .branch
            .as_deref()
            .filter(|branch| !title.to_lowercase().contains(&line(branch).to_lowercase()));
        self.put(indent, "", Role::Act, branch.unwrap_or_default());
        if line(&step.text) != title {
            self.put(indent, "", Role::Text, &step.text);
        }
        self.notes(indent, &step.notes);
        for command in &step.commands {
            self.command(indent, command);
        }
        self.named(indent, "expected", step.expected.as_deref());
    }

    fn command(&mut self, indent: usize, command: &Command) {
        let statement = &command.statement;
        if let Some(label) = &statement.label {
            self.put(indent, "# ", Role::Dim, label);
        }
        let quiet = matches!(statement.role, Purpose::Setup | Purpose::Guard | Purpose::Narration)
            && statement.risk == Tier::Read;
        let (sign, role) = if quiet { (' ', Role::Dim) } else { self.ink.risk(statement.risk) };
        let mut sign = self.ink.paint(role, &sign.to_string());
        // Lines of commands are never broken: they are there to be copied.
        for text in clean_lines(&statement.text).lines() {
            let painted = self.ink.paint(if quiet { Role::Dim } else { Role::Key }, text);
            let _ = writeln!(self.text, "{:indent$}{sign} {painted}", "");
            " ".clone_into(&mut sign);
        }
        let mut about = Vec::new();
        if statement.risk > Tier::Read {
            about.push(format!("{}: {}", statement.risk, line(&statement.why)));
        }
        about.extend(statement.traits.words().map(str::to_owned));
        if statement.lang == Lang::Query || statement.role == Purpose::Query {
            about.push("to be copied, not run".into());
        }
        about.extend(crate::panes::runbooks::not_in_use(self.document, command));
        self.put(indent + 2, "", role, &about.join(" · "));
        let asked: Vec<String> = command.placeholders.iter().map(placeholder).collect();
        if !asked.is_empty() {
            self.put(indent + 2, "fill in: ", Role::Hit, &asked.join(", "));
        }
        let attributes = &command.attributes;
        for (name, text) in
            [("undo", &attributes.undo), ("timeout", &attributes.timeout), ("expected", &attributes.expect)]
        {
            self.named(indent + 2, name, text.as_deref());
        }
    }
}

fn placeholder(placeholder: &Placeholder) -> String {
    let usual =
        placeholder.default.as_deref().map_or(String::new(), |usual| format!(" (else `{}`)", line(usual)));
    format!("{}{usual}", line(&placeholder.text))
}
