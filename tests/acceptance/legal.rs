//! Document 004: clusters and databases of a cloud, by commands of many lines.
use std::process::Command;

use firedeck::config::{self, Source};
use firedeck::domain::approval::Tier;
use firedeck::domain::level::Level;
use firedeck::domain::shell::Kind;
use firedeck::domain::vital::{Heard, Vital};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News as Ran;
use firedeck::runbook::execution::{Refusal, State};
use firedeck::runbook::{Mode, StepKind, by_hand};

use super::hands::{Hands, NOTES, agree, asked, at, book, flat, go, line, picture, tier, why};
use super::paper;
use crate::common::estate::{NOW, say};
use crate::runs::bench::talk;

const NUMBER: &str = "004";

#[test]
fn a004_01_nothing_is_invented_and_the_times_of_its_rounds_are_shown() {
    let Some(document) = paper::read(NUMBER) else { return };
    assert_eq!(document.runbooks.len(), 30);
    for book in &document.runbooks {
        assert!(
            book.severity.is_none() && book.response_time.is_none() && book.symptoms.is_empty(),
            "{}",
            book.title
        );
    }
    assert!(!document.facts.iter().any(|fact| matches!(fact.kind, "severity" | "contacts")));
    let rows = document.facts.iter().filter(|fact| fact.kind == "schedule").flat_map(|fact| &fact.rows);
    let rounds: Vec<_> =
        rows.map(|row| (row.get("cadence").unwrap_or(""), row.get("at").unwrap_or(""))).collect();
    assert_eq!(rounds, [("daily", "09:00"), ("every sunday", "02:00")]);
    for (title, says) in [("Morning Health Check", "daily at 9:00"), ("Weekly Maintenance", "Sunday at 2:00")]
    {
        let desk = paper::desk(NUMBER, title).expect("a desk");
        assert!(flat(&desk).contains(says), "{}", picture(&desk));
    }
}

#[test]
fn a004_02_the_morning_check_has_seven_steps_and_what_is_only_printed_is_none() {
    let Some(document) = paper::read(NUMBER) else { return };
    let morning = book(&document, "Morning Health Check");
    let counted: Vec<_> = morning.steps.iter().filter(|step| step.is_counted()).collect();
    assert_eq!((counted.len(), morning.counted_steps()), (7, 7));
    assert!(!counted.iter().any(|step| step.title.starts_with("echo")));
}

#[tokio::test]
async fn a004_02_without_az_its_steps_say_so_and_the_others_run() {
    let kubectl =
        "case \"$*\" in *no-headers*) echo 'web 1/1 Running 0 1d' ;; *) echo NAME; echo node-1 ;; esac";
    let Some(mut hands) = Hands::new(NUMBER, "Morning Health Check", &[("kubectl", kubectl)]).await else {
        return;
    };
    for line in [34, 52, 60] {
        let ended = hands.run(line).await;
        assert_eq!(
            (ended.verdict, ended.says.as_str()),
            (Verdict::Failed, "az is not installed"),
            "line {line}"
        );
    }
    for line in [42, 47, 48, 67, 71] {
        let ended = hands.run(line).await;
        assert_eq!(ended.verdict, Verdict::Ok, "line {line}: {}", ended.says);
    }
}

/// Notes what it was called with: each word between `<` and `>`.
const WORDS: &str = "for one in \"$@\"; do printf '<%s>\\n' \"$one\"; done >>\"$HERE/words\"; echo '{}'";

#[tokio::test]
async fn a004_03_commands_of_many_lines_run_as_one_with_what_stands_in_them() {
    let Some(mut hands) = Hands::new(NUMBER, "Audit Logging", &[("az", WORDS)]).await else { return };
    hands.fill(525, "/subscriptions/mine");
    let ordered = hands.order(525);
    assert_eq!((ordered.command.line, ordered.command.end_line), (525, 533));
    hands.begin(ordered).await;
    assert!(hands.desk.ended().await.verdict <= Verdict::Accepted);
    let text = paper::text(NUMBER).expect("a document");
    let json: Vec<&str> = text.lines().skip(527).take(5).collect();
    let json = json.join("\n");
    let json = json.split('\'').nth(1).expect("in quotes");
    assert_eq!(json.lines().count(), 5);
    let words = hands.left("words");
    assert!(words.contains(&format!("<{json}>")) && words.contains("</subscriptions/mine>"), "{words}");
    assert_eq!(words.matches("<--logs>").count(), 1);

    let mut hands = Hands::new(NUMBER, "Restore from Backup", &[("az", WORDS)]).await.expect("hands");
    hands.fill(271, "/subscriptions/mine/db");
    hands.choose(271).await;
    let ended = hands.run(271).await;
    assert!(ended.verdict <= Verdict::Accepted, "{}", ended.says);
    let words = hands.left("words");
    assert!(words.trim_end().ends_with("<northeurope>") && !words.contains('#'), "{words}");
    assert!(line(NUMBER, 275).contains("  # "));
}

#[test]
fn a004_04_what_cannot_be_taken_back_says_why_and_its_note_before_the_answer() {
    let Some(document) = paper::read(NUMBER) else { return };
    let of = |at_line: u32| &at(&document, at_line).1.statement;
    for (line, end, words) in [(85, 97, ["`delete`", "--yes"]), (107, 111, ["reimages the nodes", "--yes"])] {
        let one = of(line);
        assert_eq!((one.risk, one.end_line), (Tier::Danger, end));
        assert!(words.iter().all(|word| one.why.contains(word)), "{}", one.why);
    }
    for (title, at_line, note) in [("Increase Storage", 217, 222), ("Scale Redis Cache", 229, 235)] {
        let mut desk = paper::desk(NUMBER, title).expect("a desk");
        go(&mut desk, at_line).keys("Enter");
        desk.reads();
        assert_eq!(desk.tier(), Some(Tier::Danger));
        let said = line(NUMBER, note);
        let said = said.trim_start_matches(['#', ' ']);
        let seen = asked(&desk);
        assert!(
            why(&desk).contains(said) && seen.contains(&format!("line {note} says:")),
            "{}",
            picture(&desk)
        );
        assert!(desk.sent.is_empty());
    }
}

const SECRET: &str = "q9Zk2mWx7Tt5LpVbN3cDs8RyHf6GjAe1";

#[tokio::test]
async fn a004_05_a_new_password_lives_in_its_block_is_wanted_there_and_shown_nowhere() {
    let az = format!(
        "{WORDS}; case \"$*\" in *keyvault*) printf '{{\\n  \"name\": \"database-password\",\\n  \"value\": \"%s\"\\n}}\\n' \"${{9}}\" ;; esac"
    );
    let openssl = format!("echo {SECRET}");
    let tools = [("az", az.as_str()), ("openssl", openssl.as_str()), ("kubectl", NOTES)];
    let Some(mut hands) = Hands::new(NUMBER, "Database Password Rotation", &tools).await else { return };
    assert!(matches!(hands.may(443), Err(Refusal::Unset { .. })));
    let ended = hands.run(440).await;
    assert_eq!(ended.verdict, Verdict::Ok, "{}", ended.says);
    for line in [443, 449] {
        let ended = hands.run(line).await;
        assert!(ended.verdict <= Verdict::Accepted, "line {line}: {}", ended.says);
    }
    let words = hands.left("words");
    assert_eq!(words.matches(&format!("<{SECRET}>")).count(), 2, "it lives across the steps: {words}");
    for msg in &hands.desk.heard {
        assert!(!format!("{msg:?}").contains(SECRET), "on the screen: {msg:?}");
    }
    let written: Vec<String> =
        hands.holding(SECRET).into_iter().filter(|path| !path.contains("/sessions/")).collect();
    assert_eq!(written, Vec::<String>::new(), "in the journal or beside it");
    // Somebody empties it: only its shell knows.
    let emptied = hands.own(440, "NEW_PASSWORD=");
    hands.begin(emptied).await;
    assert_eq!(hands.desk.ended().await.end, End::Exit(vec![0]));
    let ordered = hands.order(443);
    assert_eq!(hands.not_started(ordered).await, "`NEW_PASSWORD` is empty in this shell");
}

#[test]
fn a004_06_ellipses_and_old_dates_are_to_be_filled_in() {
    let Some(document) = paper::read(NUMBER) else { return };
    for (at_line, signs) in [
        (264, "2024-"),
        (271, "/subscriptions/..."),
        (351, "/subscriptions/..."),
        (381, "/subscriptions/..."),
        (416, "2024-"),
        (416, "/subscriptions/..."),
        (525, "/subscriptions/..."),
        (566, "postgresql://...@"),
        (600, "2024-"),
    ] {
        let (_, command) = at(&document, at_line);
        let asked = command.placeholders.iter().any(|one| one.text.contains(signs));
        assert!(asked, "line {at_line}: {:?}", command.placeholders);
    }
    let mut desk = paper::desk(NUMBER, "Analyze Costs").expect("a desk");
    go(&mut desk, 600).keys("Enter");
    assert!(desk.sent.is_empty() && !desk.model.overlays.is_empty(), "{}", desk.flash());
}

#[test]
fn a004_07_a_failover_begins_by_hand_and_is_danger_from_its_first_step_on() {
    let Some(mut desk) = paper::desk(NUMBER, "Failover to Secondary Region") else { return };
    let document = paper::read(NUMBER).expect("a document");
    let first = book(&document, "Failover to Secondary Region").steps.first().expect("a step").clone();
    assert_eq!((first.kind, by_hand::risk(&first)), (StepKind::Manual, Tier::Danger));
    assert_eq!(tier(&document, 561), Tier::Danger);
    let seen = picture(&desk);
    let title = seen.lines().find(|line| line.starts_with('▸')).unwrap_or_else(|| panic!("{seen}"));
    assert!(title.contains("danger"), "{title}");
    desk.keys("Space");
    let moved =
        Ran::Moved { session: "r1-7-1".into(), context: "second".into(), namespace: "production".into() };
    let header = |desk: &_| picture(desk).lines().next().unwrap_or_default().to_owned();
    assert!(!header(&desk).contains("of the runbook"), "{}", picture(&desk));
    say(&mut desk.model, Msg::Ran(moved));
    let seen = picture(&desk);
    assert!(
        seen.lines().next().is_some_and(|header| header.contains("kubectl of the runbook: second")),
        "{seen}"
    );
}

#[tokio::test]
async fn a004_07_after_the_credentials_are_taken_the_rest_is_shown_for_the_other_cluster_and_goes_there() {
    let az = "name=; while [ $# -gt 0 ]; do [ \"$1\" = --name ] && name=$2; shift; done
cat >\"$KUBECONFIG\" <<END
{current-context: $name, clusters: [{name: two, cluster: {server: 'https://two'}}],
 contexts: [{name: $name, context: {cluster: two}}]}
END";
    let tools = [
        ("az", az),
        ("kubectl", "[ \"$1\" = config ] && echo prod && exit; cat \"$KUBECONFIG\" >\"$HERE/saw\""),
    ];
    let Some(mut hands) = Hands::new(NUMBER, "Failover to Secondary Region", &tools).await else { return };
    assert!(hands.may(576).is_err(), "not before the cluster is switched");
    let ordered = hands.order(572);
    let (found, approved) = hands.asked(ordered).await;
    let other = line(NUMBER, 574).split_whitespace().nth(1).expect("a name").to_owned();
    assert!(found.effect.iter().any(|line| line.contains(&other)), "{found:?}");
    hands.desk.runs.begin(approved, Vec::new());
    let ended = hands.desk.ended().await;
    assert_eq!(ended.end, End::Exit(vec![0]));
    let next = hands.order(576).command;
    assert_eq!(
        (next.place.context.as_str(), next.place.origin.as_str()),
        (other.as_str(), "switched to in this block")
    );
    let ended = hands.run(576).await;
    assert_eq!(ended.end, End::Exit(vec![0]), "{}", ended.says);
    assert!(hands.left("saw").contains(&other));
    // Who comes back is told the same.
    let mut back = crate::runs::bench::Desk::at(hands.desk.root.clone(), std::process::id());
    back.runs.come_back();
    back.until(|msg| matches!(msg, Msg::RunKnown(_))).await;
}

#[tokio::test]
async fn a004_08_an_editor_has_the_terminal_and_what_is_to_be_typed_is_said() {
    let edits = "stty -icanon -echo </dev/tty; printf 'editing'; k=$(dd bs=1 count=1 </dev/tty 2>/dev/null); stty sane </dev/tty
[ \"$k\" = q ]";
    let Some(mut hands) = Hands::new(NUMBER, "High CPU Usage", &[("kubectl", edits)]).await else { return };
    hands.fill(671, "gateway");
    hands.choose(671).await;
    let ordered = hands.order(671);
    assert_eq!(ordered.command.kind, Kind::Terminal);
    let order = hands.begin(ordered).await;
    hands.desk.until(|msg| matches!(msg, Msg::Ran(Ran::WantsTerminal(one)) if *one == order)).await;
    let (title, (mut printed, mut typing, _size)) =
        hands.desk.runs.enter(&order.session).await.expect("entered");
    let said = line(NUMBER, 672);
    assert!(title.contains(said.trim_start_matches(['#', ' '])), "{title}");
    talk(&mut printed, &mut typing, ("editing", "q")).await;
    assert_eq!(hands.desk.ended().await.end, End::Exit(vec![0]));
}

#[tokio::test]
async fn a004_09_a_limit_is_shown_with_what_it_is_now_before_it_is_set() {
    let az = "case \"$*\" in *'parameter show'*) echo '{\"name\": \"max_connections\", \"value\": \"859\", \"unit\": \"\"}' ;; *) echo '{}' ;; esac";
    let Some(mut hands) = Hands::new(NUMBER, "Database Connection Pool Exhausted", &[("az", az)]).await
    else {
        return;
    };
    hands.choose(711).await;
    let ordered = hands.order(711);
    let (found, _) = hands.asked(ordered).await;
    let new = line(NUMBER, 715).split_whitespace().last().expect("a value").to_owned();
    assert!(found.effect.iter().any(|line| line.contains(&format!("859 → {new}"))), "{found:?}");
    let (step, command) = {
        let document = paper::read(NUMBER).expect("a document");
        let (step, command) = at(&document, 701);
        (step.n.clone(), command.clone())
    };
    assert!(step == "1" && command.placeholders.iter().any(|one| one.text == "$DATABASE_URL"));
    let home = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_firedeck"))
        .args(["runbooks", "lint"])
        .arg(paper::path(NUMBER).expect("a document"))
        .env("HOME", home.path())
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let flagged = said.lines().any(|line| line.contains(":702") || line.contains(":701"));
    assert!(flagged && said.contains("expands-on-this-side"), "{said}");
}

#[test]
fn a004_10_the_limits_of_four_alerts_are_watched() {
    let Some(document) = paper::read(NUMBER) else { return };
    let rules = document.facts.iter().filter(|fact| fact.kind == "alert-rules").flat_map(|fact| &fact.rows);
    let limits: Vec<_> = rules.filter_map(|row| row.get("limit_value")).collect();
    assert_eq!(limits, ["0.05", "2000", "80", "85"]);
    let (_, text) = config::PROFILES.iter().find(|(name, _)| *name == "legal-platform").expect("a profile");
    let profile = config::check_profile("legal", &Source { name: "legal".into(), text: (*text).into() });
    let profile = profile.expect("a profile");
    for (line, below, above) in
        [(355, 4.9, 5.1), (369, 1_990.0, 2_010.0), (385, 79.0, 81.0), (398, 84.0, 86.0)]
    {
        let of_line = |limit: &&firedeck::domain::settings::limit::Limit| {
            limit.lines.iter().any(|one| (one.from..=one.to).contains(&line))
        };
        let limit = profile.limits.iter().find(of_line).expect("it is watched");
        for (value, is_bad) in [(below, false), (above, true)] {
            let mut vital = Vital::new(0, &limit.fact, Some(limit));
            vital.hear(Heard::value(value), NOW);
            assert_eq!(vital.level() == Level::Bad, is_bad, "{} at {value}", vital.name);
        }
    }
}

#[test]
fn a004_11_who_recovers_sees_how_fast_each_part_has_to_be_back() {
    let Some(document) = paper::read(NUMBER) else { return };
    let objectives = document.facts.iter().find(|fact| fact.kind == "objectives").expect("objectives");
    assert_eq!(objectives.rows.len(), 5);
    for title in ["Failover to Secondary Region", "Restore from Backup"] {
        let desk = paper::desk(NUMBER, title).expect("a desk");
        let seen = flat(&desk);
        for row in &objectives.rows {
            let get = |name: &str| row.get(name).expect("a value");
            let words = format!("{}: RPO {}, RTO {}", get("component"), get("rpo"), get("rto"));
            assert!(seen.contains(&words), "{words}: {}", picture(&desk));
        }
    }
    let desk = paper::desk(NUMBER, "Manual Scaling").expect("a desk");
    assert!(!flat(&desk).contains("RPO"), "only who recovers");
}

#[test]
fn a004_12_of_two_ways_only_one_runs() {
    for (title, one, other) in [("Vertical Scaling", 199, 205), ("Restore from Backup", 264, 271)] {
        let Some(mut desk) = paper::desk(NUMBER, title) else { return };
        assert_eq!(desk.model.checklist.as_ref().expect("open").book.runbook.mode, Mode::Menu);
        go(&mut desk, one).keys("Enter");
        assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "it is chosen first");
        desk.keys("Enter");
        while !desk.model.overlays.is_empty() && desk.model.questions.open.is_none() {
            desk.types("2026-03-01T10:00:00Z");
        }
        agree(&mut desk);
        desk.ends(Verdict::Ok);
        desk.keys("u u");
        assert_eq!(desk.sent.len(), 1, "{:?}", desk.sent);
        assert_eq!(desk.state(1, 0), State::NotChosen);
        let document = paper::read(NUMBER).expect("a document");
        assert!(!desk.sent[0].contains(at(&document, other).1.statement.text.as_str()));
    }
}
