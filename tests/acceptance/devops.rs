//! Document 001: Docker Compose on one box. The panes of statements 9 to 14 are tested against real backends in
//! `tests/services` (`postgres`, `redis`, `probes`, `docker`, `engines`, `compose`, `taps`); the runs of their
//! commands in `tests/services/acceptance/devops.rs`.
mod working;

use firedeck::domain::approval::Tier;
use firedeck::model::checklist::Spot;
use firedeck::model::msg::Msg;
use firedeck::model::overlay::{Ask, Overlay};
use firedeck::panes::{checklist, runbooks};
use firedeck::runbook::execution::State;
use firedeck::runbook::{Command, Mode, Status, StepKind};

use super::paper;
use crate::common::desk::Desk;
use crate::common::estate::{press, say, type_text};
use crate::screens::picture;

/// Puts the cursor on the command that begins at this line of the document.
fn to(desk: &mut Desk, line: u32) -> Command {
    let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    let begins = |spot: &Spot| {
        checklist::command(&runbook, *spot).is_some_and(|command| command.statement.line == line)
    };
    let spot = checklist::spots(&runbook).find(begins);
    let spot = spot.unwrap_or_else(|| panic!("no command begins at line {line}"));
    desk.model.checklist.as_mut().expect("open").here = spot;
    checklist::command(&runbook, spot).expect("it").clone()
}

fn state(desk: &Desk, line: u32) -> State {
    let runbook = &desk.model.checklist.as_ref().expect("open").book.runbook;
    for (step, one) in runbook.steps.iter().enumerate() {
        let at = one.commands.iter().position(|command| command.statement.line == line);
        if let Some(at) = at {
            return desk.state(u32::try_from(step).expect("few"), u32::try_from(at).expect("few"));
        }
    }
    panic!("no command begins at line {line}")
}

/// What is asked for in a line, if anything is.
fn wanted(desk: &Desk) -> Option<(String, String, String)> {
    match desk.model.overlays.last() {
        Some(Overlay::Line { ask: Ask::RunValue { name, title, offered, .. }, .. }) => {
            Some((name.clone(), title.clone(), offered.clone()))
        }
        _ => None,
    }
}

fn open(title: &str) -> Option<Desk> {
    let mut desk = paper::desk("001", title)?;
    desk.model.host = "ec2-box".into();
    say(&mut desk.model, Msg::Resized { columns: 140, rows: 60 });
    Some(desk)
}

/// The two lines about what is selected.
fn about(desk: &Desk) -> String {
    let facts = checklist::about(&desk.model, desk.model.checklist.as_ref().expect("open"));
    facts.into_iter().flatten().map(|fact| fact.text).collect::<Vec<_>>().join(" ")
}

#[test]
fn a001_01_all_28_are_there_and_what_is_not_built_has_nothing_to_run() {
    let Some(document) = paper::read("001") else { return };
    assert_eq!(document.runbooks.len(), 28);
    for (line, title) in [(254, "Image Verification"), (353, "Manual Backup Procedure")] {
        let found = document.runbooks.iter().find(|one| one.line == line).expect("a runbook");
        assert_eq!(found.title, title);
    }
    let planned: Vec<u32> = document.planned.iter().map(|note| note.line).collect();
    assert_eq!(planned, [246, 348, 797]);
    let mut desk = open("Morning").expect("documents");
    desk.keys("r");
    let lines = runbooks::lines(&desk.model.shelf);
    let shown: Vec<&runbooks::Line> = lines
        .iter()
        .filter(|line| matches!(line, runbooks::Line::Words { text, .. } if text.starts_with("not in use:")))
        .collect();
    assert_eq!(shown.len(), 3, "{lines:?}");
    for (line, place) in shown.iter().zip(["001:246", "001:348", "001:797"]) {
        let runbooks::Line::Words { text, .. } = line else { continue };
        assert!(text.contains("Future: ") && text.contains("(Not Implemented)"), "{text}");
        assert!(text.ends_with(place) && line.at().is_none(), "nothing of it is opened: {text}");
    }
    // What stands below such a section and is a runbook all the same says it itself.
    let rolling = document.runbooks.iter().find(|one| one.title == "Rolling Updates").expect("it");
    assert_eq!(rolling.status, Status::Aspirational);
    let mut desk = open("Rolling Updates").expect("documents");
    let first = rolling.steps.iter().flat_map(|step| &step.commands).find(|command| command.future);
    to(&mut desk, first.expect("a command").statement.line);
    desk.keys("Enter Enter");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "{:?}", desk.sent);
    assert!(picture(&desk.model).contains("not in use"), "{}", picture(&desk.model));
}

#[test]
fn a001_02_prose_and_configuration_in_shell_fences_are_done_by_hand() {
    for (title, line) in [("Application Tuning", 634), ("Scaling Options", 776)] {
        let Some(mut desk) = open(title) else { return };
        let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
        assert_eq!(runbook.line, line);
        for (at, step) in runbook.steps.iter().enumerate() {
            assert!(step.commands.is_empty(), "{step:?}");
            assert_eq!(step.kind, StepKind::Manual, "{step:?}");
            desk.model.checklist.as_mut().expect("open").here = Spot { step: at, command: None };
            desk.keys("Enter");
        }
        assert!(desk.sent.is_empty() && desk.model.questions.open.is_none());
    }
}

#[test]
fn a001_05_the_version_is_asked_for_before_the_first_step_and_an_empty_one_is_refused() {
    let Some(mut desk) = open("Version Update Procedure") else { return };
    desk.keys("u");
    let (name, title, _) = wanted(&desk).expect("it is asked for");
    assert_eq!(name, "VERSION");
    assert!(title.contains("VERSION"), "{title}");
    desk.types("");
    assert!(desk.sent.is_empty(), "{:?}", desk.sent);
    desk.keys("g u").types(" ");
    assert!(desk.sent.is_empty(), "{:?}", desk.sent);
    // The first step's own line waits for the script's check of it.
    let steps = &desk.model.checklist.as_ref().expect("open").book.runbook.steps;
    let mut all = steps.iter().flat_map(|step| &step.commands);
    let first = all.find(|one| one.statement.text.contains("pull-images")).expect("the first step");
    let line = first.statement.line;
    to(&mut desk, line);
    desk.keys("Enter");
    while wanted(&desk).is_some_and(|(name, ..)| name != "VERSION") {
        desk.types("acme");
    }
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "{:?}", desk.sent);
    desk.keys("Esc g u").types("v1.2.3");
    while desk.last.is_some() {
        desk.ends(firedeck::incident::event::Verdict::Ok);
    }
    to(&mut desk, line);
    desk.keys("Enter");
    while let Some((name, ..)) = wanted(&desk) {
        assert_ne!(name, "VERSION", "it is asked for once");
        desk.types("acme");
    }
    assert_eq!(desk.tier(), Some(Tier::Change), "{}", desk.flash());
    let shown = picture(&desk.model);
    assert!(shown.contains("v1.2.3") && shown.contains("acme"), "{shown}");
    // The duration of a maintenance has a default.
    let Some(mut desk) = open("Scheduled Maintenance Window") else { return };
    desk.keys("u");
    if let Some((_, _, offered)) = wanted(&desk) {
        assert_eq!(offered, "30");
        desk.keys("Enter");
    }
    assert!(desk.sent.last().is_some_and(|text| text.contains("30")), "{:?}", desk.sent);
}

#[test]
fn a001_06_what_restores_is_danger_and_the_other_database_is_seen_before() {
    let Some(mut desk) = open("Restore Procedure") else { return };
    for line in [428, 432, 436, 437, 438, 443] {
        assert_eq!(to(&mut desk, line).statement.risk, Tier::Danger, "line {line}");
    }
    // Nothing of it runs before the script's own checks have passed.
    to(&mut desk, 432);
    desk.keys("Enter");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none());
    assert!(desk.flash().contains("the check at line"), "{}", desk.flash());
    desk.keys("g u");
    assert!(wanted(&desk).is_some_and(|(name, ..)| name == "BACKUP_DATE"));
    desk.types("20240101_000000");
    while desk.last.is_some() {
        desk.ends(firedeck::incident::event::Verdict::Ok);
    }
    let read = to(&mut desk, 415);
    assert!(read.statement.traits.interactive);
    desk.keys("Enter");
    if desk.model.questions.open.is_some() {
        desk.reads();
        desk.keys("y");
    }
    assert_eq!(state(&desk, 415), State::Running, "{}", desk.flash());
    desk.ends(firedeck::incident::event::Verdict::Ok);
    to(&mut desk, 417);
    desk.keys("Enter");
    if desk.last.is_some() {
        desk.ends(firedeck::incident::event::Verdict::Ok);
    }
    to(&mut desk, 432);
    desk.keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Danger), "{}", desk.flash());
    let shown = picture(&desk.model);
    assert!(shown.contains("mcp_test") && shown.contains("ec2-box"), "{shown}");
    desk.reads();
    desk.keys("y Enter");
    assert!(!desk.sent.iter().any(|text| text.contains("pg_restore")), "{:?}", desk.sent);
}

#[test]
fn a001_07_one_of_three_alerts_is_chosen_and_its_lines_run_one_by_one() {
    let Some(mut desk) = open("Service Degradation") else { return };
    let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    assert_eq!(runbook.mode, Mode::Menu);
    let tops: Vec<&str> = runbook
        .steps
        .iter()
        .filter(|step| step.is_counted() && !step.is_arm())
        .map(|step| step.title.as_str())
        .collect();
    assert_eq!(tops, ["high_latency", "high_error_rate", "database_connection_pool_exhausted"]);
    let line = |part: &str| {
        let mut all = runbook.steps.iter().flat_map(|step| &step.commands);
        all.find(|one| one.statement.text.contains(part)).expect(part).statement.line
    };
    let (restart, flush) = (line("restart mcp-server"), line("FLUSHALL"));
    let (free, prune) = (line("free -h"), line("system prune"));
    for (line, tier) in
        [(restart, Tier::Change), (flush, Tier::Danger), (free, Tier::Read), (prune, Tier::Danger)]
    {
        let command = to(&mut desk, line);
        assert_eq!(command.statement.risk, tier, "{command:?}");
        assert_eq!(command.statement.text.lines().count(), 1, "{command:?}");
    }
    to(&mut desk, free);
    desk.keys("Enter");
    assert!(desk.sent.is_empty(), "it is chosen first");
    assert!(desk.flash().contains("chosen: 1 high_latency"), "{}", desk.flash());
    desk.keys("Enter");
    assert_eq!(desk.sent, ["free -h"]);
    desk.ends(firedeck::incident::event::Verdict::Ok);
    to(&mut desk, restart);
    desk.keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Change), "{}", desk.flash());
    desk.reads();
    desk.keys("y");
    assert_eq!(desk.sent.len(), 2);
    desk.ends(firedeck::incident::event::Verdict::Ok);
    for line in [flush, prune] {
        to(&mut desk, line);
        desk.keys("Enter");
        assert_eq!(desk.tier(), Some(Tier::Danger), "{}", desk.flash());
        desk.reads();
        desk.keys("Esc");
    }
    for other in [line("logs --tail=1000"), line("yml down"), line("LOG_LEVEL"), line("pg_terminate_backend")]
    {
        assert_eq!(state(&desk, other), State::NotChosen, "line {other}");
    }
    // Whoever means another way says so by the first key, which runs nothing.
    for other in [line("logs --tail=1000"), line("pg_terminate_backend")] {
        to(&mut desk, other);
        desk.keys("Enter");
        assert!(desk.model.questions.open.is_none(), "line {other}");
        assert!(desk.flash().contains("chosen now: "), "{}", desk.flash());
        assert_ne!(state(&desk, other), State::NotChosen);
        assert_eq!(state(&desk, prune), State::NotChosen);
    }
    assert_eq!(desk.sent.len(), 2, "{:?}", desk.sent);
}

#[test]
fn a001_08_a_restore_that_overwrites_is_danger_and_what_is_of_another_platform_says_so() {
    let Some(document) = paper::read("001") else { return };
    let commands = || document.runbooks.iter().flat_map(|one| &one.steps).flat_map(|step| &step.commands);
    let rdb = commands().find(|one| one.statement.line == 527).expect("line 527");
    assert_eq!(rdb.statement.risk, Tier::Danger);
    assert!(rdb.statement.text.starts_with("kubectl exec"), "{rdb:?}");
    let kubectl: Vec<&Command> = commands().filter(|one| one.statement.tool == "kubectl").collect();
    assert!(kubectl.len() > 20, "{}", kubectl.len());
    for command in kubectl {
        assert!(command.future && command.elsewhere == Some(7), "{command:?}");
    }
    let mut desk = open("1. Total System Failure").expect("documents");
    to(&mut desk, 527);
    assert!(about(&desk).contains("not the current platform (001:7)"), "{}", about(&desk));
    assert!(picture(&desk.model).contains("not the current platform (001:7)"), "{}", picture(&desk.model));
    desk.keys("Enter");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none());
    assert!(desk.flash().contains("not of the present platform"), "{}", desk.flash());
}

#[test]
fn a001_09_each_statement_of_a_query_block_stands_alone() {
    let Some(document) = paper::read("001") else { return };
    let lines = |title: &str| -> Vec<u32> {
        let found = document.runbooks.iter().find(|one| one.title.starts_with(title)).expect(title);
        let all = found.steps.iter().flat_map(|step| &step.commands);
        all.filter(|one| one.statement.risk == Tier::Read).map(|one| one.statement.line).collect()
    };
    assert_eq!(lines("Database Operations").len(), 4);
    assert_eq!(lines("Database Optimization").len(), 1);
    let mut desk = open("Database Operations").expect("documents");
    desk.keys("Enter");
    assert_eq!(desk.sent.len(), 1);
    assert!(desk.sent[0].contains("psql") && desk.sent[0].contains("GROUP BY datname"), "{:?}", desk.sent);
    assert!(!desk.sent[0].contains("interval"), "one by one: {:?}", desk.sent);
}

#[test]
fn a001_10_what_watches_redis_goes_on_beside_the_checklist() {
    let Some(mut desk) = open("Redis Optimization") else { return };
    for line in [677, 678] {
        let command = to(&mut desk, line);
        assert!(command.statement.traits.endless && command.statement.risk == Tier::Read, "{command:?}");
    }
    assert!(to(&mut desk, 679).statement.traits.heavy);
    for line in [671, 672, 673, 674] {
        assert_eq!(to(&mut desk, line).statement.risk, Tier::Change);
    }
}

/// Every question of the document, wherever its values come from, says on which box it is run.
#[test]
fn a001_13_every_question_names_the_box() {
    let Some(document) = paper::read("001") else { return };
    let (mut asked, mut sent) = (0, 0);
    for runbook in &document.runbooks {
        let mut desk = open(&runbook.title).expect("documents");
        for spot in checklist::spots(runbook) {
            if spot.command.is_none() {
                continue;
            }
            desk.model.checklist.as_mut().expect("open").here = spot;
            desk.keys("Enter");
            for _ in 0..8 {
                if wanted(&desk).is_none() {
                    break;
                }
                desk.types("some-value");
            }
            if desk.model.questions.open.is_some() {
                let shown = picture(&desk.model);
                assert!(shown.contains("on ec2-box"), "{}: {shown}", runbook.title);
                asked += 1;
                desk.looked.clear();
                desk.keys("Esc");
            }
            if desk.last.is_some() {
                desk.ends(firedeck::incident::event::Verdict::Ok);
                sent += 1;
            }
        }
    }
    assert!(asked >= 20 && sent >= 20, "{asked} were asked about, {sent} ran at once");
}

#[test]
fn a001_13_what_stands_behind_a_bare_ssh_never_runs_on_this_box() {
    for (title, line, behind) in [
        ("Docker Compose Deployment", 228, vec![231, 234, 237, 240, 243]),
        ("Manual Backup (Current Process)", 325, vec![328, 329, 332, 339, 340, 343]),
    ] {
        let Some(mut desk) = open(title) else { return };
        // The box that the run was opened on.
        desk.model.host = "here".into();
        let refused = |desk: &mut Desk| {
            for line in &behind {
                to(desk, *line);
                desk.keys("Enter");
                for _ in 0..8 {
                    if wanted(desk).is_none() {
                        break;
                    }
                    desk.types("some-value");
                }
                assert!(desk.model.questions.open.is_none(), "line {line}");
                let words = desk.flash();
                assert!(words.contains("never runs here"), "line {line}: {words}");
            }
        };
        refused(&mut desk);
        assert!(desk.sent.is_empty(), "{:?}", desk.sent);
        let opener = to(&mut desk, line);
        assert!(opener.statement.text.starts_with("ssh -i"), "{opener:?}");
        desk.keys("Enter");
        while wanted(&desk).is_some() {
            desk.types("web-1");
        }
        assert_eq!(desk.tier(), Some(Tier::Change), "{}", desk.flash());
        desk.reads();
        desk.keys("y");
        assert_eq!(desk.sent.len(), 1);
        // It ended, and nobody can say that a session is open on another box.
        desk.ends(firedeck::incident::event::Verdict::Ok);
        refused(&mut desk);
        assert_eq!(desk.sent.len(), 1, "{:?}", desk.sent);
    }
}

#[test]
fn a001_14_services_logs_and_health_are_read_at_once_and_stats_beside() {
    let Some(mut desk) = open("Service Status Monitoring") else { return };
    for line in [91, 94, 95, 96, 102] {
        to(&mut desk, line);
        desk.keys("Enter");
        assert!(desk.model.questions.open.is_none(), "line {line}: it only reads");
        desk.ends(firedeck::incident::event::Verdict::Ok);
    }
    assert_eq!(desk.sent.len(), 5, "{:?}", desk.sent);
    let stats = to(&mut desk, 99);
    assert!(stats.statement.traits.endless);
    press(&mut desk.model, "Enter");
    type_text(&mut desk.model, "");
}
