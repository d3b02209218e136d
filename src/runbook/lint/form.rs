//! The document's form: fences, titles, contacts, numbers.
use std::collections::HashMap;

use super::scene::Scene;
use super::{Findings, Rule, Severity};
use crate::runbook::document::{Fence, Marker, What};

const SHELLS: &[&str] = &["bash", "sh", "shell", "zsh", "console", "shell-session"];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    file(scene, out);
    fences(scene, out);
    titles(scene, out);
    unfilled(scene, out);
    numbers(scene, out);
}

/// What the reading itself stumbled over; fences have a rule of their own.
fn file(scene: &Scene<'_>, out: &mut Findings) {
    for defect in scene.document.defects.iter().filter(|defect| !defect.text.contains("fence")) {
        let line = defect.line.max(1);
        out.say(
            Rule::FileForm,
            (line, line),
            defect.text.clone(),
            "mend it, so that every reader sees the same",
        );
    }
}

fn fences(scene: &Scene<'_>, out: &mut Findings) {
    let mut bare: Vec<u32> = Vec::new();
    for (at, block) in scene.blocks.blocks.iter().enumerate() {
        let What::Fence(fence) = &block.what else { continue };
        if !fence.closed {
            out.say(
                Rule::UnclosedFence,
                (block.line, block.end_line),
                "the fence is never closed; renderers show all that follows as code",
                "close it with a line of three backticks",
            );
        }
        let commands = scene.acting.get(&at).copied().unwrap_or_default();
        if fence.lang.is_empty() && commands > 0 {
            bare.push(block.line);
        }
        if let Some(found) = foreign(fence, commands) {
            out.say(
                Rule::FenceWrongLanguage,
                (block.line, block.end_line),
                format!("the fence says `{}`, but its text is {found}", fence.lang),
                "name the language that it is in",
            );
        }
    }
    if let Some(first) = bare.first() {
        let more = if bare.len() > 1 { format!(" (and {} more)", bare.len() - 1) } else { String::new() };
        out.say(
            Rule::FenceLanguage,
            (*first, *first),
            format!("the fence does not say what it holds{more}"),
            "write ```` ```bash ````, or `text` for output",
        );
    }
}

/// What a fence holds instead of what it says.
fn foreign(fence: &Fence, commands: usize) -> Option<&'static str> {
    let rows: Vec<&str> = fence
        .body
        .iter()
        .map(|line| line.text.trim())
        .filter(|text| !text.is_empty() && !text.starts_with('#'))
        .collect();
    if rows.len() < 3 {
        return None;
    }
    let key = |row: &&&str| {
        let row = row.trim_start_matches("- ");
        let name = row.split(':').next().unwrap_or_default();
        let named = !name.is_empty()
            && name.len() < row.len()
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
        named && row.get(name.len() + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let numbered = rows
        .iter()
        .filter(|row| {
            row.split_once(". ").is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
        .count();
    if SHELLS.contains(&fence.lang.as_str()) {
        if rows.iter().filter(key).count() * 10 >= rows.len() * 8 {
            return Some("YAML");
        }
        if commands == 0 && numbered >= 2 && rows.first().is_some_and(|row| row.starts_with("1. ")) {
            return Some("prose");
        }
    }
    let tools = ["kubectl ", "docker ", "curl ", "helm ", "$ ", "sudo ", "aws ", "oc ", "ssh "];
    let shell = rows.iter().all(|row| tools.iter().any(|tool| row.starts_with(tool)));
    (matches!(fence.lang.as_str(), "yaml" | "yml" | "json" | "sql") && shell).then_some("shell text")
}

fn titles(scene: &Scene<'_>, out: &mut Findings) {
    let mut seen: HashMap<String, (u32, &str)> = HashMap::new();
    for runbook in &scene.document.runbooks {
        let key = runbook.title.to_lowercase();
        if let Some((line, section)) = seen.get(&key) {
            let same = *section == runbook.section;
            out.say_as(
                if same { Severity::Warning } else { Severity::Note },
                Rule::DuplicateTitle,
                (runbook.line, runbook.line),
                format!(
                    "\"{}\" is also the title of line {line}; links and searches cannot tell them apart",
                    runbook.title
                ),
                "say in each title what is different",
            );
        } else {
            seen.insert(key, (runbook.line, &runbook.section));
        }
    }
}

/// What the reader of facts found not filled in: contacts, and dates of the document itself.
fn unfilled(scene: &Scene<'_>, out: &mut Findings) {
    for fact in scene.document.facts.iter().filter(|fact| matches!(fact.kind, "contacts" | "meta")) {
        for row in fact.rows.iter().filter(|row| row.get("filled") == Some("no")) {
            let name = ["role", "name"].iter().find_map(|key| row.get(key)).unwrap_or("a contact");
            let reason = match fact.kind {
                "contacts" => format!("how to reach \"{name}\" is not filled in"),
                _ => format!("\"{name}\" is not filled in"),
            };
            let remedy = match fact.kind {
                "contacts" => "write whom to call, or take the line out",
                _ => "fill it in, or take the line out",
            };
            out.say(Rule::NotFilledIn, (row.line, row.line), reason, remedy);
        }
    }
}

/// Lists that renderers number 1, 1, 1, as unindented blocks stand between their items.
fn numbers(scene: &Scene<'_>, out: &mut Findings) {
    let mut ones: Vec<u32> = Vec::new();
    let mut broken = false;
    let mut between = false;
    let mut tell = |ones: &mut Vec<u32>, broken: &mut bool| {
        if let (true, Some(second)) = (*broken && ones.len() > 2, ones.get(1)) {
            out.say(
                Rule::NumberingBroken,
                (*second, *second),
                format!(
                    "{} steps in a row are shown as number 1, as what stands between them is not indented",
                    ones.len()
                ),
                "indent what belongs to a step by three blanks, or number the steps yourself",
            );
        }
        ones.clear();
        *broken = false;
    };
    for block in &scene.blocks.blocks {
        match &block.what {
            What::Heading { .. } => tell(&mut ones, &mut broken),
            What::Item { marker: Marker::Number(1), .. } if block.item.is_none() => {
                broken |= between && !ones.is_empty();
                ones.push(block.line);
                between = false;
            }
            What::Item { marker: Marker::Number(_), .. } if block.item.is_none() => {
                tell(&mut ones, &mut broken);
            }
            What::Fence(_) if block.item.is_none() => between = true,
            // A paragraph between may well begin another list.
            What::Paragraph(_) if block.item.is_none() => tell(&mut ones, &mut broken),
            _ => {}
        }
    }
    tell(&mut ones, &mut broken);
}
