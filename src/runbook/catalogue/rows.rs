//! Tables of troubles, `Symptom | Cause | Fix`: each row names what is wrong and what is done about it.
use super::super::document::{Table, TableRow, What};
use super::super::types::{Note, StepKind};
use super::instruct;
use super::outline::is_alert_name;
use super::pick::Plan;
use super::steps::Builder;
use super::text::{plain, words};
use super::titles::{self, Titled};
use super::unfold::spoken;
use super::verbs::is_imperative;

/// The columns of such a table, by what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Troubles {
    wrong: usize,
    severity: Option<usize>,
    /// What it means, what it comes from.
    about: Vec<usize>,
    does: Vec<usize>,
}

impl Troubles {
    /// None when no column names a trouble, none says what to do, or no row of that has a command.
    pub fn of(table: &Table) -> Option<Self> {
        const WRONG: &[&str] =
            &["issue", "symptom", "problem", "alert", "error", "failure", "trouble", "signal", "alarm"];
        const SEVERITY: &[&str] = &["severity", "sev", "priority", "prio", "level"];
        const ABOUT: &[&str] =
            &["cause", "meaning", "reason", "means", "why", "description", "diagnosis", "impact"];
        const DOES: &[&str] = &[
            "fix",
            "action",
            "command",
            "solution",
            "resolution",
            "response",
            "remedy",
            "remediation",
            "mitigation",
            "do",
            "run",
            "check",
            "step",
            "workaround",
        ];
        let mut wrong = None;
        let mut found = Self::default();
        for (at, name) in table.header.iter().enumerate() {
            let all = words(&plain(name));
            let says = |known: &[&str]| {
                all.iter()
                    .any(|word| known.contains(&word.as_str()) || known.contains(&word.trim_end_matches('s')))
            };
            match () {
                () if says(SEVERITY) => found.severity = found.severity.or(Some(at)),
                () if says(DOES) => found.does.push(at),
                () if says(ABOUT) => found.about.push(at),
                () if wrong.is_none() && says(WRONG) => wrong = Some(at),
                () => {}
            }
        }
        found.wrong = wrong?;
        table.rows.iter().any(|row| found.runs(row)).then_some(found)
    }

    fn cells<'a>(&'a self, row: &'a TableRow) -> impl Iterator<Item = (usize, &'a str)> {
        self.does.iter().filter_map(|at| row.cells.get(*at).map(|cell| (*at, cell.as_str())))
    }

    fn runs(&self, row: &TableRow) -> bool {
        self.cells(row).any(|(_, cell)| !instruct::cell(cell, row.line).is_empty())
    }

    fn name(&self, row: &TableRow) -> String {
        row.cells.get(self.wrong).map(|cell| plain(cell).into_owned()).unwrap_or_default()
    }

    /// A row that names something, and has a command or words that tell to do something.
    fn is_told(&self, row: &TableRow) -> bool {
        !self.name(row).is_empty() && (self.runs(row) || self.cells(row).any(|(_, cell)| is_imperative(cell)))
    }

    /// The runbooks that the rows of a table are, each as the plan of its section with what is its own.
    pub fn plans(&self, table: &Table, block: usize, section: &Plan) -> Vec<Plan> {
        let rows = table.rows.iter().enumerate().filter(|(_, row)| self.is_told(row));
        rows.map(|(nth, row)| {
            let title = self.name(row);
            Plan {
                alert: is_alert_name(&title).then(|| title.clone()),
                title,
                line: row.line,
                section: section.title.clone(),
                row: Some((block, nth)),
                ..Plan::default()
            }
        })
        .collect()
    }
}

impl Builder<'_, '_> {
    /// The row that a runbook is.
    pub(super) fn row(&mut self, block: usize, nth: usize) {
        let Some(What::Table(table)) = self.outline.blocks.get(block).map(|block| &block.what) else {
            return;
        };
        let (Some(troubles), Some(row)) = (Troubles::of(table), table.rows.get(nth)) else { return };
        self.about.symptoms.push(troubles.name(row));
        if let Some(severity) = troubles.severity.and_then(|at| row.cells.get(at)) {
            self.about.take("severity", severity);
        }
        for at in &troubles.about {
            if let Some(text) = remark(table, row, *at) {
                self.about.notes.push(Note { line: row.line, text });
            }
        }
        for (at, cell) in troubles.cells(row) {
            self.phase =
                table.header.get(at).map(|name| plain(name).into_owned()).filter(|_| troubles.does.len() > 1);
            for part in spoken::cell(cell, row.line) {
                let told = instruct::cell(&part, row.line);
                let part = spoken::coded(&part).unwrap_or(part);
                self.push(titles::item(&part), row.line, StepKind::Manual, None);
                self.inline(told);
            }
        }
        self.open = None;
    }

    /// The rows of such a table inside of a runbook: one of several ways each.
    pub(super) fn ways(&mut self, troubles: &Troubles, table: &Table) {
        for row in table.rows.iter().filter(|row| troubles.is_told(row)) {
            let name = troubles.name(row);
            if is_alert_name(&name) && !self.about.alerts.contains(&name) {
                self.about.alerts.push(name.clone());
            }
            let about = troubles.about.iter().chain(troubles.severity.as_ref());
            let mut said: Vec<String> = about.filter_map(|at| remark(table, row, *at)).collect();
            said.extend(troubles.cells(row).map(|(_, cell)| plain(cell).into_owned()));
            let titled = Titled {
                title: name.clone(),
                branch: Some(name),
                rest: said.join("\n"),
                ..Titled::default()
            };
            self.push(titled, row.line, StepKind::Manual, None);
            if let Some(draft) = self.drafts.last_mut() {
                draft.choice = true;
            }
            let told = troubles.cells(row).flat_map(|(_, cell)| instruct::cell(cell, row.line)).collect();
            self.inline(told);
        }
        self.open = None;
    }
}

/// `Cause: the disk is full`
fn remark(table: &Table, row: &TableRow, at: usize) -> Option<String> {
    let (name, cell) = (table.header.get(at)?, row.cells.get(at)?);
    (!cell.trim().is_empty()).then(|| format!("{}: {}", plain(name), plain(cell)))
}
