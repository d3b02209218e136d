//! Document 002: a service on Kubernetes without a namespace, an incident process, maintenance.
use std::process::Command;

use firedeck::domain::approval::Tier;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::domain::time::Timestamp;
use firedeck::incident::clock::{Calendar, Clock};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::checklist::Mark;
use firedeck::model::msg::{Effect, Msg};
use firedeck::runbook::execution::{Refusal, State};
use firedeck::runbook::{Mode, StepKind};

use super::hands::{Hands, NOTES, agree, asked, book, flat, go, line, picture, tier, wanted};
use super::paper;
use crate::common::estate::{feed, news, pod, press, say};
use crate::common::night::{self, begun};

const NUMBER: &str = "002";

#[test]
fn a002_01_the_catalogue_is_whole_and_names_what_bears_no_name_of_its_own() {
    let Some(document) = paper::read(NUMBER) else { return };
    assert_eq!(document.runbooks.len(), 25);
    for often in ["Daily", "Weekly", "Monthly", "Quarterly"] {
        let runbook = document.runbooks.iter().find(|book| book.title.ends_with(&format!(": {often}")));
        let runbook = runbook.unwrap_or_else(|| panic!("{often}"));
        let parent = runbook.parent.as_deref().expect("a parent");
        assert_eq!(runbook.title, format!("{parent}: {often}"));
        assert_eq!(runbook.steps.len(), 4);
    }
    let planned = book(&document, "Planned Maintenance");
    let boxes = planned.steps.iter().filter(|step| step.checkbox == Some(false)).count();
    let mut phases: Vec<_> = planned.steps.iter().filter_map(|step| step.phase.clone()).collect();
    phases.dedup();
    assert_eq!((boxes, phases.len()), (13, 3));
}

#[tokio::test]
async fn a002_01_ticks_persist_over_a_restart() {
    let Some(hands) = Hands::new(NUMBER, "Planned Maintenance", &[]).await else { return };
    let name = hands.desk.run.as_ref().expect("a run").run.name().to_owned();
    for step in [0, 5, 12] {
        let mark = Mark::Tick { step, item: None, ticked: true };
        let what = firedeck::update::run::event(&name, "ann", mark);
        hands.desk.writes.append(what, crate::runs::bench::now()).await.expect("written");
    }
    let mut back = crate::runs::bench::Desk::at(hands.desk.root.clone(), std::process::id());
    back.runs.come_back();
    let known = match back.until(|msg| matches!(msg, Msg::RunKnown(_))).await {
        Msg::RunKnown(known) => known,
        other => panic!("{other:?}"),
    };
    let ticked = (0..13).filter(|step| known.run.view(*step).expect("a step").state == State::Ticked);
    assert_eq!(ticked.collect::<Vec<_>>(), [0, 5, 12]);
}

#[test]
fn a002_02_the_first_five_steps_of_an_incident_have_a_clock_of_fifteen_minutes() {
    let Some(mut desk) = paper::desk(NUMBER, "Incident Response Procedures") else { return };
    let steps = desk.model.checklist.as_ref().expect("open").book.runbook.steps.clone();
    let mut phases: Vec<_> = steps.iter().filter_map(|step| step.phase.clone()).collect();
    phases.dedup();
    assert_eq!((steps.len(), phases.len()), (17, 4));
    let timed = steps.iter().filter(|step| step.time_budget.is_some()).count();
    assert!(timed == 5 && steps[..5].iter().all(|step| step.time_budget.is_some()));
    desk.keys("Space");
    assert_eq!(picture(&desk).matches("15 min left").count(), 4, "{}", picture(&desk));
    let began = desk.model.now.0;
    let mut later = |minutes: i64| {
        say(&mut desk.model, Msg::Tick(Timestamp(began + minutes * 60_000)));
        picture(&desk)
    };
    assert_eq!(later(6).matches("9 min left").count(), 4);
    assert_eq!(later(20).matches("5 min over").count(), 4);
}

#[test]
fn a002_03_scaling_is_a_menu_and_what_is_chosen_runs_alone() {
    let Some(mut desk) = paper::desk(NUMBER, "Horizontal Scaling") else { return };
    let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    assert_eq!(runbook.mode, Mode::Menu);
    go(&mut desk, 113).keys("Enter");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "it is chosen first");
    desk.keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Change));
    agree(&mut desk);
    desk.ends(Verdict::Ok);
    desk.keys("u u u");
    assert_eq!(desk.sent, [line(NUMBER, 113)]);
    for step in [1, 2] {
        assert_eq!(desk.state(step, 0), State::NotChosen);
    }
}

#[test]
fn a002_04_the_eight_alert_rules_are_listed_with_expression_time_and_limit() {
    let Some(document) = paper::read(NUMBER) else { return };
    let facts: Vec<_> = document.facts.iter().filter(|fact| fact.kind == "alert-rules").collect();
    let counts: Vec<usize> = facts.iter().map(|fact| fact.rows.len()).collect();
    assert_eq!(counts, [3, 2, 3]);
    for (fact, severity) in facts.iter().zip([Some("critical"), Some("warning"), None]) {
        for row in &fact.rows {
            assert!(row.get("expr").is_some_and(|expr| !expr.is_empty()), "{row:?}");
            assert!(row.get("limit_op").is_some() && row.get("limit_value").is_some(), "{row:?}");
            assert_eq!((row.get("severity"), row.get("for").is_some()), (severity, severity.is_some()));
        }
    }
    let said = firedeck(&["runbooks", "list", "--json"]);
    for row in facts.iter().flat_map(|fact| &fact.rows) {
        let name = row.get("alert").expect("a name");
        assert!(
            said.contains(&format!("\"alert\":\"{name}\""))
                || said.contains(&format!("\"alert\": \"{name}\""))
        );
    }
}

/// What the program says of the document.
fn firedeck(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_firedeck"))
        .args(arguments)
        .arg(paper::path(NUMBER).expect("a document"))
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .expect("run");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a002_05_each_severity_shows_its_criteria_and_its_time_when_an_incident_is_opened() {
    let Some(document) = paper::read(NUMBER) else { return };
    let scale = document.facts.iter().find(|fact| fact.kind == "severity").expect("a scale");
    let times = ["< 15 minutes", "< 1 hour", "< 4 hours", "Next business day"];
    assert_eq!(scale.rows.len(), 4);
    for ((number, row), time) in (1..).zip(&scale.rows).zip(times) {
        let Some(mut desk) = paper::desk(NUMBER, "Incident Response Procedures") else { return };
        begun(&mut desk.model);
        press(&mut desk.model, "i Tab");
        for _ in 0..number {
            press(&mut desk.model, "Down");
        }
        // The box of the form alone.
        let seen: Vec<String> = picture(&desk)
            .lines()
            .filter_map(|line| Some(line.split_once('│')?.1.split('│').next()?.trim().to_owned()))
            .collect();
        let seen = seen.join(" ");
        let level = row.get("level").expect("a level");
        assert!(seen.contains(&format!("▸ {level}")), "{}", picture(&desk));
        for criteria in row.get("criteria").expect("criteria").split(';') {
            assert!(seen.contains(criteria.trim()), "{criteria}: {}", picture(&desk));
        }
        assert!(seen.contains(time), "{}", picture(&desk));
        let effects = press(&mut desk.model, "Enter");
        let [Effect::OpenIncident { opened, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(opened.severity.as_deref(), row.get("level"));
        let calendar = Calendar::at(desk.model.zone.clone());
        let clock = Clock::new("response", opened.response.as_deref(), opened.detected, &calendar);
        let due = clock.due().expect("a time").0 - opened.detected.0;
        match number {
            1 => assert_eq!(due, 15 * 60_000),
            2 => assert_eq!(due, 60 * 60_000),
            3 => assert_eq!(due, 4 * 60 * 60_000),
            _ => assert!(due > 0),
        }
    }
}

#[test]
fn a002_06_common_issues_are_looked_into_before_they_are_ticked_off() {
    let Some(document) = paper::read(NUMBER) else { return };
    let shelf = &document;
    let of = |title: &'static str| {
        let parent = &book(shelf, title).parent;
        shelf.runbooks.iter().filter(move |one| one.parent == *parent)
    };
    let issues: Vec<_> = of("High Memory Usage").collect();
    assert_eq!(issues.len(), 4);
    for issue in issues {
        assert!(!issue.symptoms.is_empty(), "{}", issue.title);
        let first_by_hand = issue.steps.iter().position(|step| step.kind == StepKind::Manual).expect("ticks");
        assert!(first_by_hand > 0);
        for (at, step) in issue.steps.iter().enumerate() {
            if at < first_by_hand {
                assert!(
                    step.commands.iter().all(|one| one.statement.risk == Tier::Read)
                        && !step.commands.is_empty()
                );
            } else {
                assert!(step.commands.is_empty() && step.kind == StepKind::Manual, "{}", step.title);
            }
        }
        assert_ne!(issue.steps[0].phase, issue.steps[first_by_hand].phase);
        let desk = paper::desk(NUMBER, &issue.title).expect("a desk");
        let seen = flat(&desk);
        assert!(
            seen.contains("symptoms:") && seen.contains(issue.symptoms[0].as_str()),
            "{}",
            picture(&desk)
        );
    }
    let slow: Vec<_> = of("Slow Response Times").collect();
    assert_eq!(slow.len(), 2);
    assert!(slow.iter().all(|book| book.steps.iter().all(|step| step.kind == StepKind::Manual)));
}

#[test]
fn a002_07_replacing_secrets_is_danger_and_example_keys_are_replaced_first() {
    let Some(mut desk) = paper::desk(NUMBER, "Secrets Management") else { return };
    let document = paper::read(NUMBER).expect("a document");
    assert_eq!((tier(&document, 150), tier(&document, 425)), (Tier::Danger, Tier::Danger));
    go(&mut desk, 150).keys("Enter");
    let (_, title) = wanted(&desk);
    let example = line(NUMBER, 151);
    let example = example.split('"').nth(1).expect("the example").to_owned();
    assert!(title.contains(&example) && desk.sent.is_empty(), "{title}");
    desk.types("");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "nothing is no key");
    desk.keys("Enter").types("k1-of-mine,k2-of-mine");
    assert_eq!(desk.tier(), Some(Tier::Danger));
    agree(&mut desk);
    assert!(desk.sent[0].contains("k1-of-mine") && !desk.sent[0].contains(&example), "{:?}", desk.sent);
}

#[tokio::test]
async fn a002_07_keys_that_were_not_made_replace_nothing() {
    let tools = [("openssl", "[ -e \"$HERE/works\" ] && echo 0a0b0c || exit 127"), ("kubectl", NOTES)];
    let Some(mut hands) = Hands::new(NUMBER, "API Key Rotation", &tools).await else { return };
    assert!(matches!(hands.may(425), Err(Refusal::Unset { .. })), "{:?}", hands.may(425));
    let ended = hands.run(422).await;
    assert_eq!(ended.verdict, Verdict::Failed);
    assert!(hands.may(425).is_err(), "the keys were not made");
    std::fs::write(hands.here().join("works"), "").expect("written");
    assert_eq!(hands.run(422).await.verdict, Verdict::Ok);
    // Somebody empties it: only its shell knows.
    let emptied = hands.own(422, "NEW_KEYS=");
    hands.begin(emptied).await;
    assert_eq!(hands.desk.ended().await.end, End::Exit(vec![0]));
    let ordered = hands.order(425);
    assert_eq!(hands.not_started(ordered).await, "`NEW_KEYS` is empty in this shell");
    assert!(!hands.left("words").contains("|apply\n"), "{}", hands.left("words"));
}

#[tokio::test]
async fn a002_08_json_reaches_kubectl_byte_for_byte() {
    for (title, at, json) in [("Environment Variables", 140, 141), ("Blue-Green Deployment", 182, 183)] {
        let tools = [("kubectl", NOTES)];
        let Some(mut hands) = Hands::new(NUMBER, title, &tools).await else { return };
        let written = line(NUMBER, json);
        let (from, to) = (written.find('\'').expect("a quote") + 1, written.rfind('\'').expect("its end"));
        let ordered = hands.order(at);
        hands.begin(ordered).await;
        assert_eq!(hands.desk.ended().await.verdict.max(Verdict::Accepted), Verdict::Accepted);
        let words = hands.left("words");
        assert!(words.lines().any(|word| word == format!("|{}", &written[from..to])), "{words}");
    }
}

#[test]
fn a002_08_without_a_namespace_in_the_text_the_question_says_which_one_it_would_be() {
    for (title, line) in [("Environment Variables", 140), ("Secrets Management", 155), ("Data Backup", 460)] {
        let Some(mut desk) = paper::desk(NUMBER, title) else { return };
        go(&mut desk, line).keys("Enter");
        if desk.model.questions.open.is_none() {
            desk.types("redis-0");
        }
        desk.reads();
        let seen = asked(&desk);
        assert!(seen.contains("kubectl at prod-eu ▸ default (default, none given)"), "{}", picture(&desk));
        assert!(desk.sent.is_empty());
    }
}

#[test]
fn a002_09_pods_and_their_addresses_are_asked_for_with_those_of_the_cluster() {
    let Some(mut desk) = paper::desk(NUMBER, "Rate Limiting Issues") else { return };
    let mut redis = pod("cache", "redis-7f6d9c-x2x4z", "node-1");
    redis.ip = Some("10.1.9.9".into());
    news(&mut desk.model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(redis)])]);
    go(&mut desk, 232).keys("Enter");
    let (name, title) = wanted(&desk);
    assert!(name == "pod-ip" && title.contains("10.1.0.7 of ") && desk.sent.is_empty(), "{title}");
    desk.types("10.1.0.7");
    let address = line(NUMBER, 232).replace("pod-ip", "10.1.0.7");
    assert_eq!(desk.sent, [address]);
    desk.ends(Verdict::Ok);
    go(&mut desk, 235).keys("Enter");
    let mut title = String::new();
    if desk.model.questions.open.is_none() && desk.sent.len() == 1 {
        title = wanted(&desk).1;
    }
    assert!(title.contains("(Down: redis-7f6d9c-x2x4z, "), "those of redis stand first: {title}");
}

#[test]
fn a002_10_contacts_that_nobody_filled_in_are_said_to_be_so_and_the_ladder_is_in_order() {
    let Some(document) = paper::read(NUMBER) else { return };
    let contacts: Vec<_> = document.facts.iter().filter(|fact| fact.kind == "contacts").collect();
    let open = contacts.iter().flat_map(|fact| &fact.rows).filter(|row| row.get("filled") == Some("no"));
    assert_eq!(open.map(|row| row.line).collect::<Vec<_>>(), [337, 338, 339, 340, 507, 508, 509]);
    let ladder = contacts.iter().find(|fact| fact.rows.iter().all(|row| row.get("order").is_some()));
    let ladder = &ladder.expect("a ladder").rows;
    let order: Vec<_> = ladder.iter().filter_map(|row| row.get("order")).collect();
    assert_eq!(order, ["1", "2", "3", "4"]);
    let written = (501..505).map(|at| line(NUMBER, at));
    for (row, written) in ladder.iter().zip(written) {
        assert!(written.ends_with(row.get("role").expect("a role")), "{written}");
    }
    let mut desk = paper::desk(NUMBER, "Incident Response Procedures").expect("a desk");
    say(&mut desk.model, Msg::Resized { columns: 100, rows: 70 });
    night::open(&mut desk.model, 60);
    press(&mut desk.model, "i");
    let seen = picture(&desk);
    let at = |words: &str| seen.find(words).unwrap_or_else(|| panic!("`{words}` in {seen}"));
    for role in ["On-call Engineer", "Engineering Manager", "DevOps Team", "Security Team", "Cloud Provider"]
    {
        assert!(seen.lines().any(|line| line.contains(role) && line.contains("not filled in")), "{seen}");
    }
    let climbs =
        ["1. On-call Engineer", "2. Engineering Manager", "3. Director of Engineering", "4. CTO"].map(at);
    assert!(climbs.is_sorted(), "{seen}");
    assert!(!seen.contains("[Contact]") && !seen.contains("[Pager/Phone]"), "{seen}");
    let said = firedeck(&["runbooks", "lint"]);
    let told = said.lines().filter(|line| line.contains("not-filled-in")).count();
    assert!(told >= 1 && said.contains(":337"), "{said}");
}

#[test]
fn a002_11_the_comment_in_the_last_line_is_a_step() {
    let Some(document) = paper::read(NUMBER) else { return };
    let last = book(&document, "API Key Rotation").steps.last().expect("a step");
    assert_eq!((last.line, last.kind, last.commands.len()), (432, StepKind::Manual, 0));
    assert_eq!(format!("# {}", last.title), line(NUMBER, 432));
}
