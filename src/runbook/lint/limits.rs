//! Setters that contradict what the same document plans or allows.
use super::call::Call;
use super::kubectl::kube;
use super::scene::{Line, Scene, has_any};
use super::{Findings, Rule};
use crate::runbook::document::{TableRow, What};

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let scalers = scalers(scene);
    let plans = plans(scene);
    for (line, call) in scene.calls() {
        memory(&plans, line, call, out);
        replicas(&scalers, line, call, out);
    }
}

/// Bytes in `4gb`, `16 GB`, `512Mi`.
fn bytes(text: &str) -> Option<f64> {
    let text = text.trim().to_lowercase();
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let unit = text.get(number.len()..)?.trim();
    let value: f64 = number.parse().ok()?;
    let factor = match unit {
        "k" | "kb" | "ki" | "kib" => 1024.0,
        "m" | "mb" | "mi" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gi" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "ti" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(value * factor)
}

/// More plans or autoscalers than that are compared by nobody.
const MOST: usize = 50;

/// The sizes that a table plans for redis' memory, with their line.
fn plans(scene: &Scene<'_>) -> Vec<(u32, Vec<String>)> {
    let tables = scene.blocks.blocks.iter().filter_map(|block| match &block.what {
        What::Table(table) => Some(table),
        _ => None,
    });
    let about = |row: &&TableRow| {
        let label = row.cells.first().map(|cell| cell.to_lowercase()).unwrap_or_default();
        has_any(&label, &["redis"]) && has_any(&label, &["memory", "maxmemory", "mem"])
    };
    let sizes =
        |row: &TableRow| row.cells.iter().skip(1).filter(|cell| bytes(cell).is_some()).cloned().collect();
    tables.flat_map(|table| &table.rows).filter(about).map(|row| (row.line, sizes(row))).take(MOST).collect()
}

/// `CONFIG SET maxmemory` against a table's row on redis and memory.
fn memory(plans: &[(u32, Vec<String>)], line: &Line<'_>, call: &Call, out: &mut Findings) {
    if call.tool() != "redis-cli" {
        return;
    }
    let words: Vec<String> = call.words.iter().take(40).map(|word| word.text.to_lowercase()).collect();
    let value = words.windows(4).find_map(|four| match four {
        [config, set, name, value] if config == "config" && set == "set" && name == "maxmemory" => {
            Some(value)
        }
        _ => None,
    });
    let Some((value, set)) = value.and_then(|value| Some((value, bytes(value)?))) else { return };
    for (row, sizes) in plans {
        let close = |size: &String| bytes(size).is_some_and(|bytes| (bytes - set).abs() < set * 0.05);
        if let Some(first) = sizes.first().filter(|_| !sizes.iter().any(close)) {
            out.say(
                Rule::SetterContradicts,
                line.at(call),
                format!("it sets `{value}`, but line {row} says {first}; a lower limit evicts data at once"),
                "look at the present value first (`CONFIG GET maxmemory`), and make the two agree",
            );
            return;
        }
    }
}

/// An autoscaler that the document shows.
struct Scaler {
    target: String,
    least: Option<u32>,
    most: Option<u32>,
    line: u32,
}

fn scalers(scene: &Scene<'_>) -> Vec<Scaler> {
    let mut out = Vec::new();
    for (_, fence) in scene.fences() {
        let mut current: Option<Scaler> = None;
        let mut in_target = false;
        for row in &fence.body {
            let text = row.text.trim().trim_start_matches("- ");
            let value = |key: &str| {
                text.strip_prefix(key).map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
            };
            if text == "---" {
                out.extend(current.take());
            } else if value("kind:").is_some_and(|kind| kind == "HorizontalPodAutoscaler") {
                out.extend(current.take());
                current = Some(Scaler { target: String::new(), least: None, most: None, line: row.no });
            } else if let Some(scaler) = &mut current {
                in_target |= text.starts_with("scaleTargetRef:");
                if let Some(name) = value("name:").filter(|_| in_target) {
                    scaler.target = name;
                    in_target = false;
                }
                scaler.least = value("minReplicas:").and_then(|value| value.parse().ok()).or(scaler.least);
                scaler.most = value("maxReplicas:").and_then(|value| value.parse().ok()).or(scaler.most);
            }
        }
        out.extend(current);
    }
    out.retain(|scaler| !scaler.target.is_empty());
    out.truncate(MOST);
    out
}

fn replicas(scalers: &[Scaler], line: &Line<'_>, call: &Call, out: &mut Findings) {
    let Some(kube) = kube(call).filter(|kube| kube.verb == "scale") else { return };
    let count = call.option(&["--replicas"]).and_then(|word| word.text.parse::<u32>().ok());
    // With no replicas an autoscaler rests.
    let Some(count) = count.filter(|count| *count > 0) else { return };
    let hit = scalers.iter().find(|scaler| {
        kube.plain.iter().any(|word| word.text.rsplit('/').next() == Some(scaler.target.as_str()))
    });
    let Some(scaler) = hit else { return };
    let low = scaler.least.is_some_and(|least| count < least);
    let high = scaler.most.is_some_and(|most| count > most);
    let range = format!("{} to {}", number(scaler.least), number(scaler.most));
    if low || high {
        out.say(
            Rule::SetterContradicts,
            line.at(call),
            format!(
                "{count} replicas are outside of what the autoscaler in line {} allows ({range})",
                scaler.line
            ),
            "change the autoscaler's limits instead: `kubectl patch hpa`",
        );
    } else {
        out.say(
            Rule::ScaledUnderHpa,
            line.at(call),
            format!(
                "the autoscaler in line {} owns this number ({range}) and soon sets its own again",
                scaler.line
            ),
            "raise the autoscaler's minimum instead: `minReplicas`, by `kubectl patch hpa`",
        );
    }
}

fn number(n: Option<u32>) -> String {
    n.map_or_else(|| "?".to_owned(), |n| n.to_string())
}
