//! Alerts that a command of a cloud's tool creates, where the condition stands in the command.
//!
//! Only the values of known options are looked for; what the command does is not judged here.
use crate::runbook::document::{Fence, Line};
use crate::runbook::types::Row;

use super::build::row;
use super::limit;

/// The alerts of a fence in which the word stands.
pub fn of_fence(fence: &Fence) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = 0;
    while let Some(first) = fence.body.get(at) {
        let mut command = String::new();
        let mut next = at;
        while let Some(line) = fence.body.get(next) {
            next += 1;
            let Some(text) = continued(line) else {
                command.push_str(&line.text);
                break;
            };
            command.push_str(text);
            command.push(' ');
        }
        rows.extend(of_command(&command, first.no));
        at = next;
    }
    rows
}

fn continued(line: &Line) -> Option<&str> {
    line.text.trim_end().strip_suffix('\\')
}

fn of_command(command: &str, line: u32) -> Option<Row> {
    if !command.contains("alert") && !command.contains("alarm") {
        return None;
    }
    let words = cut(command);
    let verb = |name: &str| words.iter().take(8).any(|word| word == name);
    let option = |names: &[&str]| {
        let at = words.iter().position(|word| names.iter().any(|name| word == name))?;
        words.get(at + 1).cloned()
    };
    let mut values: Vec<(&str, String)> = Vec::new();
    let mut put = |name, value: Option<String>| values.extend(value.map(|value| (name, value)));
    let condition = if verb("alert") && (verb("create") || verb("update")) {
        let condition = option(&["--condition"])?;
        put("alert", option(&["--name", "-n"]));
        put("for", option(&["--window-size"]));
        put("every", option(&["--evaluation-frequency"]));
        put("severity", option(&["--severity"]));
        put("description", option(&["--description"]));
        condition
    } else if verb("put-metric-alarm") {
        let sign = match option(&["--comparison-operator"])?.as_str() {
            "GreaterThanThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => ">=",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            _ => return None,
        };
        let metric = option(&["--metric-name"])?;
        let how = option(&["--statistic"]).map_or(String::new(), |how| format!("{} ", how.to_lowercase()));
        put("alert", option(&["--alarm-name"]));
        put("every", option(&["--period"]));
        put("description", option(&["--alarm-description"]));
        format!("{how}{metric} {sign} {}", option(&["--threshold"])?)
    } else {
        return None;
    };
    let limit = limit::by_sign(&condition);
    values.push(("condition", condition));
    if let Some(limit) = limit {
        let (how, metric) = limit.before.split_once(' ').unwrap_or(("", &limit.before));
        let known = matches!(
            how,
            "avg" | "average" | "max" | "maximum" | "min" | "minimum" | "total" | "count" | "sum"
        );
        values.push(("metric", if known { metric.to_owned() } else { limit.before.clone() }));
        values.push(("aggregation", if known { how.to_owned() } else { String::new() }));
        values.push(("limit_op", limit.sign.to_owned()));
        values.push(("limit_value", limit.number.clone()));
        values.push(("limit_unit", limit.unit));
    }
    Some(row(line, values))
}

/// The words of a command line, quotes taken off; `--name=value` is two words.
fn cut(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open: Option<char> = None;
    let mut some = false;
    for c in command.chars() {
        match open {
            Some(quote) if c == quote => open = None,
            None if matches!(c, '"' | '\'') => {
                open = Some(c);
                some = true;
            }
            None if c.is_whitespace() || (c == '=' && word.starts_with("--")) => {
                if some || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                some = false;
            }
            _ => word.push(c),
        }
    }
    if some || !word.is_empty() {
        words.push(word);
    }
    words
}
