//! Lint: each rule finds what is wrong, and leaves alone what is right.
//!
//! A rule's fixture bears its name; what it must find stands under `## Wrong`, what it must not under `## Right`,
//! or in a file of its own where the rule looks at the whole document.
use std::path::{Path, PathBuf};

use firedeck::commands::tools::Tables;
use firedeck::runbook::lint::{Context, Finding, Rule, Severity, lint, sarif};
use firedeck::runbook::{Document, catalogue};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reading/lint")
}

fn document(text: &str) -> Document {
    catalogue::read("docs/yard.md", text, &Tables::default())
}

/// The files that the fixtures' documents have around them.
fn exists(path: &str) -> bool {
    ["plans/list.md", "plans/box.md", "tools/there.sh"].contains(&path)
}

fn found(text: &str) -> Vec<Finding> {
    lint(&document(text), &Context { text: Some(text), exists: Some(&exists) })
}

fn lines(text: &str, rule: Rule) -> Vec<u32> {
    found(text).into_iter().filter(|finding| finding.rule == rule).map(|finding| finding.line).collect()
}

#[test]
fn every_rule_finds_what_is_wrong_and_leaves_alone_what_is_right() {
    let mut failures = Vec::new();
    for rule in Rule::ALL {
        let path = folder().join(format!("{}.md", rule.id()));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let right = std::fs::read_to_string(folder().join(format!("{}.right.md", rule.id()))).ok();
        let border =
            text.lines().position(|line| line == "## Right").map(|at| u32::try_from(at).unwrap() + 1);
        let border = if right.is_some() { u32::MAX } else { border.expect("a part that is right") };
        let lines = lines(&text, *rule);
        if !lines.iter().any(|line| *line < border) {
            failures.push(format!("{}: finds nothing", rule.id()));
        }
        let mut wrongly: Vec<u32> = lines.into_iter().filter(|line| *line > border).collect();
        wrongly.extend(right.map(|text| self::lines(&text, *rule)).unwrap_or_default());
        if !wrongly.is_empty() {
            failures.push(format!("{}: finds in what is right, at {wrongly:?}", rule.id()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_wrong_command_of_a_fixture_is_found() {
    for (rule, count) in [
        (Rule::LooseMatch, 2),
        (Rule::NoDataPasses, 2),
        (Rule::EmptyNumber, 2),
        (Rule::EmptyDestroys, 3),
        (Rule::EmptySecret, 2),
        (Rule::OverwritesInput, 2),
        (Rule::TitleDisagrees, 5),
        (Rule::NamespaceMissing, 2),
        (Rule::UnknownVerb, 2),
        (Rule::TerminalForNothing, 2),
        (Rule::Deprecated, 4),
        (Rule::RenamedColumn, 3),
        (Rule::WithoutWhere, 2),
        (Rule::SetterContradicts, 2),
        (Rule::SecretOnLine, 3),
        (Rule::SecretPrinted, 2),
        (Rule::NotFilledIn, 3),
        (Rule::DeadLink, 2),
    ] {
        let text = std::fs::read_to_string(folder().join(format!("{}.md", rule.id()))).unwrap();
        assert_eq!(lines(&text, rule).len(), count, "{}: {:?}", rule.id(), lines(&text, rule));
    }
}

#[test]
fn a_finding_never_repeats_the_secret() {
    let text = "# Yard\n\n## Ask\n\n```bash\nredis-cli -a k9Qz77 ping\n```\n";
    let finding = found(text).into_iter().find(|finding| finding.rule == Rule::SecretOnLine).unwrap();
    assert!(!finding.reason.contains("k9Qz77") && !finding.remedy.contains("k9Qz77"), "{finding:?}");
}

#[test]
fn findings_come_in_the_order_of_their_lines_with_a_reason_and_a_remedy() {
    for rule in Rule::ALL {
        let text = std::fs::read_to_string(folder().join(format!("{}.md", rule.id()))).unwrap();
        let rows = u32::try_from(text.lines().count()).unwrap();
        let findings = found(&text);
        assert!(findings.is_sorted_by_key(|finding| finding.line), "{rule:?}");
        for finding in findings {
            assert!(
                finding.line >= 1 && finding.line <= finding.end_line && finding.end_line <= rows,
                "{finding:?}"
            );
            assert!(finding.reason.len() > 10 && finding.remedy.len() > 10, "{finding:?}");
        }
    }
}

#[test]
fn hostile_text_is_linted_without_panic_and_soon() {
    let started = std::time::Instant::now();
    for piece in [
        "# a\n```bash\nX=$(curl x | jq .a)\nif [ $X -lt 3 ]; then rm -rf /a/$X; fi\n```\n",
        "```bash\nkubectl get secret a -o yaml > f\nredis-cli BGSAVE\ncp a.rdb $Y\n```\n",
        "[a](#b) [c](d.md) `e` <a name=\"f\">\n",
        "| a | warning | critical |\n|---|---|---|\n| b | > 1 | > 2 |\n\n",
        "```yaml\n- alert: A\n  expr: a > 2\n```\n",
        "```bash\nssh h\nsleep 9 &\nwatch ls\nkubectl config use-context a\n```\n",
        "$( ` \" ' << <a> [[ (( ${ |& \u{0} \u{feff}\n",
    ] {
        let mut text = piece.repeat(300);
        text.push_str("```bash\n");
        text.push_str(&piece.repeat(20));
        found(&text);
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn sarif_names_the_rule_the_relative_file_and_the_lines() {
    let text = "# Yard\n\n## Ask\n\n```bash\nsort a > a\n```\n";
    let document = Document { path: "docs/the yard.md".into(), ..document(text) };
    let findings = lint(&document, &Context { text: Some(text), exists: None });
    let report = sarif(&[(&document, findings)]);
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let result = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["ruleId"] == "reads-what-it-overwrites")
        .unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "docs/the%20yard.md");
    assert_eq!(place["region"]["startLine"], 6);
    assert_eq!(result["level"], "error");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() == Rule::ALL.len() && rules.iter().all(|rule| rule["help"]["text"].is_string()));
}

#[test]
fn severities_are_ordered_for_an_exit_code() {
    assert!(Severity::Note < Severity::Warning && Severity::Warning < Severity::Error);
}

/// The traps that were found by hand in the five documents: document, line, rule.
const TRAPS: &[(&str, u32, Rule)] = &[
    ("000", 28, Rule::ExpectedForm),
    ("000", 45, Rule::LogsCut),
    ("000", 375, Rule::TitleDisagrees),
    ("000", 445, Rule::PlaceholderRedirects),
    ("000", 458, Rule::LeftRunning),
    ("000", 471, Rule::ActionInComment),
    ("000", 478, Rule::WholeNamespace),
    ("001", 34, Rule::LooseMatch),
    ("001", 67, Rule::CurlGlobs),
    ("001", 68, Rule::NoDataPasses),
    ("001", 129, Rule::RenamedColumn),
    ("001", 179, Rule::ComposeFiles),
    ("001", 228, Rule::BareSsh),
    ("001", 250, Rule::UnclosedFence),
    ("001", 325, Rule::BareSsh),
    ("001", 350, Rule::UnclosedFence),
    ("001", 375, Rule::BackupNotAwaited),
    ("001", 415, Rule::AsksInScript),
    ("001", 428, Rule::OtherPlatform),
    ("001", 432, Rule::TitleDisagrees),
    ("001", 527, Rule::RestoreOverwrites),
    ("001", 560, Rule::NamespaceMissing),
    ("001", 561, Rule::NamespaceMissing),
    ("001", 614, Rule::RenamedColumn),
    ("001", 636, Rule::FenceWrongLanguage),
    ("001", 671, Rule::SetterContradicts),
    ("001", 678, Rule::EndlessInSequence),
    ("001", 778, Rule::FenceWrongLanguage),
    ("001", 1009, Rule::TitleDisagrees),
    ("001", 1090, Rule::NoTarget),
    ("001", 1090, Rule::DateTwice),
    ("001", 1177, Rule::NullOnPrimary),
    ("001", 1181, Rule::EmptyNumber),
    ("001", 1205, Rule::NoDataPasses),
    ("001", 1214, Rule::CurlGlobs),
    ("002", 68, Rule::AlertWithoutRunbook),
    ("002", 113, Rule::NamespaceMissing),
    ("002", 337, Rule::NotFilledIn),
    ("002", 454, Rule::TitleDisagrees),
    ("003", 27, Rule::EndlessInSequence),
    ("003", 31, Rule::ScaledUnderHpa),
    ("003", 99, Rule::AlertSeverity),
    ("003", 108, Rule::AlertSeverity),
    ("003", 131, Rule::TerminalForNothing),
    ("003", 213, Rule::NamespaceMissing),
    ("003", 278, Rule::UrlUnquoted),
    ("003", 309, Rule::Base64OfYaml),
    ("003", 322, Rule::NamespaceMissing),
    ("003", 419, Rule::LatestDeployed),
    ("003", 438, Rule::NamespaceMissing),
    ("003", 451, Rule::UnknownVerb),
    ("003", 490, Rule::ArgumentUnchecked),
    ("003", 577, Rule::SetterContradicts),
    ("003", 580, Rule::EvidenceDestroyed),
    ("004", 85, Rule::TitleDisagrees),
    ("004", 104, Rule::NoTarget),
    ("004", 310, Rule::SecretsInPlainFile),
    ("004", 443, Rule::EmptySecret),
    ("004", 572, Rule::ContextSwitch),
    ("004", 701, Rule::ExpandsHere),
];

#[test]
fn the_traps_of_the_documents_are_found() {
    let Some(documents) = std::env::var_os("FIREDECK_DOCUMENTS") else {
        println!("FIREDECK_DOCUMENTS is not set: the documents are left out");
        return;
    };
    let files = std::fs::read_dir(documents).expect("FIREDECK_DOCUMENTS names a folder");
    let texts: Vec<(String, String)> = files
        .flatten()
        .filter_map(|file| {
            Some((file.file_name().into_string().ok()?, std::fs::read_to_string(file.path()).ok()?))
        })
        .collect();
    let mut missing = Vec::new();
    for (name, text) in &texts {
        let findings = found(text);
        for (document, line, rule) in TRAPS.iter().filter(|(document, _, _)| name.starts_with(document)) {
            let hit = |finding: &Finding| finding.rule == *rule && finding.line.abs_diff(*line) <= 1;
            if !findings.iter().any(hit) {
                missing.push(format!("{document}:{line} {}", rule.id()));
            }
        }
        // A page of findings is no longer read.
        let grave = findings.iter().filter(|finding| finding.severity > Severity::Note).count();
        assert!(grave <= text.lines().count() / 15, "{name}: {grave}");
    }
    assert!(missing.is_empty() && texts.len() >= 5, "not found: {missing:?}");
}
