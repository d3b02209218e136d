//! The reading of the five documents, field by field, against what careful readers have found in them.
use std::fs;
use std::path::{Path, PathBuf};

use firedeck::commands::tools::Tables;
use firedeck::runbook::{Document, catalogue, json};
use serde_json::Value;

/// The documents and their golden readings, as far as both are there.
fn pairs() -> Vec<(Value, Document)> {
    let Some(folder) = std::env::var_os("FIREDECK_DOCUMENTS").map(PathBuf::from) else {
        eprintln!("FIREDECK_DOCUMENTS is not set: the golden readings are left out");
        return Vec::new();
    };
    let golden = folder.join("../golden");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&golden).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "json"));
    files.sort();
    if files.is_empty() {
        eprintln!("{} holds no golden reading: left out", golden.display());
    }
    files.iter().filter_map(|path| pair(&folder, path)).collect()
}

fn pair(folder: &Path, golden: &Path) -> Option<(Value, Document)> {
    let golden: Value = serde_json::from_str(&fs::read_to_string(golden).expect("readable")).expect("JSON");
    let name = golden["path"].as_str()?.rsplit('/').next()?.to_owned();
    let Ok(text) = fs::read_to_string(folder.join(&name)) else {
        eprintln!("{name} is not there: left out");
        return None;
    };
    Some((golden, catalogue::read(&name, &text, &Tables::default())))
}

/// Pairs of a golden runbook and the one that was read on its line.
fn runbooks() -> Vec<(String, Value, Value)> {
    let mut all = Vec::new();
    for (golden, read) in pairs() {
        let read = json::document(&read);
        for want in golden["runbooks"].as_array().expect("a list") {
            let place =
                format!("{}:{} {}", golden["doc"].as_str().unwrap_or("?"), want["line"], want["title"]);
            let got =
                read["runbooks"].as_array().expect("a list").iter().find(|got| got["line"] == want["line"]);
            let got = got.unwrap_or_else(|| panic!("{place} was not read")).clone();
            all.push((place, want.clone(), got));
        }
    }
    all
}

/// Pairs of a golden step and the one that was read on its line.
fn steps() -> Vec<(String, Value, Value)> {
    let mut all = Vec::new();
    for (place, want, got) in runbooks() {
        for step in want["steps"].as_array().expect("a list") {
            if step["n"] == "0" || step["title_synthesized"] == Value::Bool(true) {
                continue;
            }
            let found =
                got["steps"].as_array().expect("a list").iter().find(|one| one["line"] == step["line"]);
            let place = format!("{place} > {} {}", step["line"], step["title"]);
            let found = found.unwrap_or_else(|| panic!("{place} was not read")).clone();
            all.push((place, step.clone(), found));
        }
    }
    all
}

fn hold(field: &str, all: &[(String, Value, Value)], same: impl Fn(&Value, &Value) -> bool) {
    let wrong: Vec<String> = all
        .iter()
        .filter(|(_, want, got)| !same(&want[field], &got[field]))
        .map(|(place, want, got)| format!("{place}: {field} is {}, read as {}", want[field], got[field]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn equal(want: &Value, got: &Value) -> bool {
    let empty = |value: &Value| {
        value.is_null()
            || value.as_str().is_some_and(str::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
    };
    want == got || empty(want) && empty(got)
}

#[test]
fn severity_and_response_time_are_read_as_the_documents_say() {
    let all = runbooks();
    hold("severity", &all, equal);
    hold("response_time", &all, equal);
}

#[test]
fn frequency_trigger_purpose_and_objectives_are_read() {
    let all = runbooks();
    for field in ["frequency", "trigger", "purpose", "rto", "rpo"] {
        hold(field, &all, equal);
    }
}

#[test]
fn mode_status_section_and_parent_are_read() {
    let all = runbooks();
    for field in ["mode", "status", "section"] {
        hold(field, &all, equal);
    }
    // Golden readings add the parent's line in parentheses.
    hold("parent", &all, |want, got| match (want.as_str(), got.as_str()) {
        (Some(want), Some(got)) => want.rsplit_once(" (").map_or(want, |(name, _)| name) == got,
        (None, None) => true,
        _ => false,
    });
}

#[test]
fn symptoms_are_read_one_by_one() {
    hold("symptoms", &runbooks(), equal);
}

#[test]
fn titles_and_kinds_of_steps_are_read() {
    let all = steps();
    hold("title", &all, |want, got| {
        let bare = |value: &Value| value.as_str().unwrap_or_default().trim_end_matches(':').to_owned();
        // A choice says its condition apart.
        bare(got) == bare(want) || bare(got).starts_with(&format!("{} (", bare(want)))
    });
    hold("kind", &all, equal);
}

#[test]
fn branches_and_phases_are_read() {
    let all = steps();
    hold("branch", &all, equal);
    hold("phase", &all, equal);
}

#[test]
fn expected_results_and_time_budgets_are_read() {
    let all = steps();
    hold("time_budget", &all, equal);
    // A golden reading may add a remark in parentheses behind the words of the document.
    hold("expected", &all, |want, got| match (want.as_str(), got.as_str()) {
        (Some(want), Some(got)) => want == got || want.starts_with(&format!("{got} (line ")),
        (None, None) => true,
        _ => false,
    });
}

#[test]
fn a_step_by_hand_says_what_is_to_be_done() {
    for (place, want, got) in steps() {
        // Golden readings put some texts in words of their own, with the line in parentheses.
        let own = want["text"].as_str().is_some_and(|text| text.contains("line") || text.contains("choose"));
        if want["kind"] == "manual" && !own {
            assert!(equal(&want["text"], &got["text"]), "{place}: {} read as {}", want["text"], got["text"]);
        }
    }
}

#[test]
fn labels_of_commands_are_read() {
    for (place, want, got) in steps() {
        for command in want["commands"].as_array().expect("a list") {
            let found =
                got["commands"].as_array().expect("a list").iter().find(|one| one["line"] == command["line"]);
            let found =
                found.unwrap_or_else(|| panic!("{place}: the command of {} was not read", command["line"]));
            for field in ["inner_tool", "background", "heredoc"] {
                let absent = command[field].is_null() || command[field] == Value::Bool(false);
                let none = found[field].is_null() || found[field] == Value::Bool(false);
                assert!(
                    command[field] == found[field] || absent && none,
                    "{place} {}: {field}",
                    command["line"]
                );
            }
        }
    }
}
