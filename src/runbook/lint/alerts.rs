//! Alert rules that stand in the document.
use super::scene::Scene;
use super::{Findings, Rule};
use crate::runbook::document::{Table, TableRow, What};
use crate::runbook::suggest::meanings;
use crate::runbook::suggest::{AlertRule, rules};

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let rules = found(scene);
    for rule in &rules {
        if rule.url().is_none() {
            out.say(
                Rule::AlertWithoutRunbook,
                (rule.line, rule.line),
                format!("`{}` does not say which runbook is for it", rule.name),
                "add the annotation `runbook_url` with the link to its section",
            );
        }
    }
    let levels: Vec<Level> = scene
        .blocks
        .blocks
        .iter()
        .filter_map(|block| match &block.what {
            What::Table(table) => Some(levels(table)),
            _ => None,
        })
        .flatten()
        .take(MOST)
        .collect();
    rules.iter().take(MOST).for_each(|rule| severity(&levels, rule, out));
}

/// More limits or rules than that are compared by nobody.
const MOST: usize = 500;

/// A metric's limits, as a table has them.
struct Level {
    about: Vec<String>,
    critical: Option<Limit>,
    warning: Option<Limit>,
    line: u32,
}

fn levels(table: &Table) -> Vec<Level> {
    let column = |names: &[&str]| {
        table.header.iter().position(|cell| names.iter().any(|name| cell.to_lowercase().contains(name)))
    };
    let (Some(critical), Some(warning)) = (column(&["critical"]), column(&["warning", "alert"])) else {
        return Vec::new();
    };
    let row = |row: &TableRow| {
        let limit = |at: usize| row.cells.get(at).and_then(|cell| limit(cell));
        let about = row.cells.first().map(|cell| meanings(cell)).unwrap_or_default();
        Level { about, critical: limit(critical), warning: limit(warning), line: row.line }
    };
    if critical == warning { Vec::new() } else { table.rows.iter().take(MOST).map(row).collect() }
}

/// The rules of all fences, with the document's lines.
fn found(scene: &Scene<'_>) -> Vec<AlertRule> {
    let mut out = Vec::new();
    for (_, fence) in scene.fences() {
        let shaped = matches!(fence.lang.as_str(), "yaml" | "yml" | "")
            && fence.body.iter().any(|line| line.text.contains("alert:"));
        if !shaped {
            continue;
        }
        let rows: Vec<&str> = fence.body.iter().map(|line| line.text.as_str()).collect();
        for mut rule in rules(&rows.join("\n")).unwrap_or_default() {
            let at = usize::try_from(rule.line).unwrap_or(usize::MAX).saturating_sub(1);
            if let Some(line) = fence.body.get(at) {
                rule.line = line.no;
                out.push(rule);
            }
        }
    }
    out
}

/// A limit as a table has it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    above: bool,
    /// In seconds, or as a part of one.
    value: f64,
    percent: bool,
}

/// `> 1%`, `< 500ms`, `> 3s`, `> 0.05`.
fn limit(cell: &str) -> Option<Limit> {
    let cell = cell.trim().trim_matches(['*', '`']).trim();
    let above = if cell.starts_with(['>', '≥']) {
        true
    } else if cell.starts_with(['<', '≤']) {
        false
    } else {
        return None;
    };
    let rest = cell.trim_start_matches(['>', '<', '=', '≥', '≤', ' ']);
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let unit = rest.get(number.len()..)?.trim();
    let value: f64 = number.parse().ok()?;
    let value = match unit.split(|c: char| !c.is_alphanumeric() && c != '%').next().unwrap_or_default() {
        "%" => value / 100.0,
        "ms" | "milliseconds" => value / 1000.0,
        "m" | "min" | "minutes" => value * 60.0,
        _ => value,
    };
    Some(Limit { above, value, percent: unit.starts_with('%') })
}

/// The last comparison with a number in a rule's expression.
fn compared(expr: &str) -> Option<Limit> {
    let at = expr.rfind(['>', '<'])?;
    let above = expr.get(at..)?.starts_with('>');
    let rest = expr.get(at + 1..)?.trim_start_matches('=').trim();
    let value = rest.parse().ok()?;
    Some(Limit { above, value, percent: false })
}

fn same(table: Limit, rule: Limit) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    table.above == rule.above
        && (near(table.value, rule.value) || (table.percent && near(table.value * 100.0, rule.value)))
}

/// A rule whose limit stands in a table under another severity than its label.
fn severity(levels: &[Level], rule: &AlertRule, out: &mut Findings) {
    let (Some(label), Some(own)) = (rule.label("severity"), compared(&rule.expr)) else { return };
    let grave = matches!(label, "critical" | "page" | "P0" | "P1" | "p0" | "p1");
    let mild = matches!(label, "warning" | "warn" | "info" | "minor" | "low");
    let is = |limit: Option<Limit>| limit.is_some_and(|limit| same(limit, own));
    let about = meanings(&rule.name);
    for level in levels {
        let wrong = match (is(level.critical), is(level.warning)) {
            (true, false) if mild => "critical",
            (false, true) if grave => "a warning",
            _ => continue,
        };
        if level.about.iter().any(|word| about.contains(word)) {
            out.say(
                Rule::AlertSeverity,
                (rule.line, rule.line),
                format!(
                    "`{}` is labelled `{label}`, but line {} calls the same limit {wrong}",
                    rule.name, level.line
                ),
                "give both the same severity",
            );
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_tables_and_rules_are_compared_in_one_unit() {
        let cell = |text| limit(text).unwrap();
        let expr = |text| compared(text).unwrap();
        assert!(same(cell("> 3s"), expr("histogram_quantile(0.95, x) > 3")));
        assert!(same(cell("> 1%"), expr("a / b > 0.01")) && same(cell("> 90%"), expr("x > 90")));
        assert!(same(cell("< 500ms"), expr("x <= 0.5")) && !same(cell("> 500ms"), expr("x < 0.5")));
        assert_eq!(limit("99.9%"), None);
    }
}
