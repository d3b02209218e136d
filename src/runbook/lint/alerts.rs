//! Alert rules that stand in the document.
use super::scene::Scene;
use super::{Findings, Rule};
use crate::runbook::suggest::meanings;
use crate::runbook::types::Row;

/// More limits than that are compared by nobody.
const MOST: usize = 500;

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let rows = |kind: &'static str| {
        let facts = scene.document.facts.iter().filter(move |fact| fact.kind == kind);
        facts.flat_map(|fact| &fact.rows)
    };
    let levels: Vec<Level> = rows("thresholds").filter_map(level).take(MOST).collect();
    // A table of alerts is no rule; a rule has an expression.
    for rule in rows("alert-rules").filter(|rule| rule.get("expr").is_some()) {
        let name = rule.get("alert").unwrap_or_default();
        if rule.get("runbook_url").is_none_or(|url| url.trim().is_empty()) {
            out.say(
                Rule::AlertWithoutRunbook,
                (rule.line, rule.line),
                format!("`{name}` does not say which runbook is for it"),
                "add the annotation `runbook_url` with the link to its section",
            );
        }
        severity(&levels, rule, name, out);
    }
}

/// A limit in one unit: seconds, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    above: bool,
    value: f64,
    percent: bool,
}

/// A metric with its limits for two severities.
struct Level {
    about: Vec<String>,
    critical: Limit,
    warning: Limit,
    line: u32,
}

fn level(row: &Row) -> Option<Level> {
    let about = meanings(row.get("metric")?);
    Some(Level { about, critical: limit(row, "critical")?, warning: limit(row, "warning")?, line: row.line })
}

/// What a fact's row says under `NAME_op`, `NAME_value` and `NAME_unit`.
fn limit(row: &Row, name: &str) -> Option<Limit> {
    let part = |end: &str| row.get(&format!("{name}_{end}"));
    let above = match part("op")?.chars().next()? {
        '>' | '≥' => true,
        '<' | '≤' => false,
        _ => return None,
    };
    let value: f64 = part("value")?.parse().ok()?;
    let unit = part("unit").unwrap_or_default();
    let value = match unit {
        "%" => value / 100.0,
        "ms" => value / 1000.0,
        "m" | "min" => value * 60.0,
        "h" => value * 3600.0,
        _ => value,
    };
    Some(Limit { above, value, percent: unit == "%" })
}

fn same(table: Limit, rule: Limit) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    // Some rules count in percent too.
    let percent = table.percent && near(table.value * 100.0, rule.value);
    table.above == rule.above && (near(table.value, rule.value) || percent)
}

/// A rule whose limit stands in a table under another severity than its label.
fn severity(levels: &[Level], rule: &Row, name: &str, out: &mut Findings) {
    let (Some(label), Some(own)) = (rule.get("severity"), limit(rule, "limit")) else { return };
    let lower = label.to_lowercase();
    let grave = matches!(lower.as_str(), "critical" | "page" | "p0" | "p1" | "sev1" | "sev-1");
    let mild = matches!(lower.as_str(), "warning" | "warn" | "info" | "minor" | "low");
    let about = meanings(name);
    for level in levels {
        let wrong = match (same(level.critical, own), same(level.warning, own)) {
            (true, false) if mild => "critical",
            (false, true) if grave => "a warning",
            _ => continue,
        };
        if level.about.iter().any(|word| about.contains(word)) {
            out.say(
                Rule::AlertSeverity,
                (rule.line, rule.line),
                format!(
                    "`{name}` is labelled `{label}`, but line {} calls the same limit {wrong}",
                    level.line
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
        let of = |op: &str, value: &str, unit: &str| {
            let values = [("limit_op", op), ("limit_value", value), ("limit_unit", unit)];
            let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            limit(&Row { line: 1, values }, "limit").unwrap()
        };
        assert!(same(of(">", "3", "s"), of(">", "3", "")));
        assert!(same(of(">", "1", "%"), of(">", "0.01", "")) && same(of(">", "90", "%"), of(">", "90", "")));
        assert!(same(of("<", "500", "ms"), of("<=", "0.5", "")));
        assert!(
            !same(of(">", "500", "ms"), of("<", "0.5", "")) && !same(of(">", "3", "s"), of(">", "3000", ""))
        );
    }
}
