//! Document 003: bold labels instead of headings, a table of indicators, issues with solutions, a backup script.
use firedeck::config::{self, Source};
use firedeck::domain::approval::Tier;
use firedeck::domain::level::Level;
use firedeck::domain::news::{ClusterFacts, News};
use firedeck::domain::settings::limit::BoundValue;
use firedeck::domain::shell::{Kind, Session};
use firedeck::domain::vital::{Heard, Vital};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News as Ran;
use firedeck::runbook::execution::{Refusal, State};
use firedeck::runbook::{Mode, StepKind};

use super::hands::{Hands, NOTES, agree, asked, at, book, flat, go, line, next_second, picture, tier, why};
use super::paper;
use crate::common::desk::Desk;
use crate::common::estate::{NOW, news, press};
use crate::runs::bench::talk;

const NUMBER: &str = "003";

#[test]
fn a003_01_runbooks_stand_under_labels_and_no_part_of_one_is_taken_for_one() {
    let Some(document) = paper::read(NUMBER) else { return };
    assert_eq!(document.runbooks.len(), 23);
    for book in &document.runbooks {
        let title = book.title.to_lowercase();
        assert!(
            !["symptoms", "diagnosis", "severity levels"].iter().any(|part| title.starts_with(part)),
            "{title}"
        );
    }
    let labels = document.runbooks.iter().filter(|book| line(NUMBER, book.line as usize).starts_with("**"));
    assert!(labels.count() > 10);
}

#[test]
fn a003_02_the_critical_incident_has_its_time_and_its_stream_holds_nothing_up() {
    let Some(mut desk) = paper::desk(NUMBER, "P0") else { return };
    let runbook = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    assert_eq!(runbook.response_time.as_deref(), Some("15 minutes"), "it stands in line 16");
    assert!(flat(&desk).contains("respond within 15 minutes"), "{}", picture(&desk));
    go(&mut desk, 27).keys("Enter");
    assert_eq!(desk.sent, [line(NUMBER, 27)]);
    assert_eq!(desk.state(0, 2), State::Running);
    // It goes on; the next step is asked about all the same.
    go(&mut desk, 31).keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Change));
    agree(&mut desk);
    assert_eq!(desk.sent.len(), 2);
    let view = desk.model.runs.all["r1"].run.view(2).expect("a step");
    assert_eq!((view.ticks.len(), runbook.steps[2].kind), (3, StepKind::Manual));
    for ticked in 1..=3 {
        desk.keys("G Space");
        let ticks = desk.model.runs.all["r1"].run.view(2).expect("a step").ticks;
        assert_eq!(ticks.iter().filter(|one| **one).count(), ticked);
    }
}

#[tokio::test]
async fn a003_02_a_stream_of_logs_runs_beside_its_block_until_it_is_stopped() {
    let follows = "case \"$*\" in *-f*) while :; do echo tick; sleep 0.05; done ;; esac; echo fine";
    let Some(mut hands) = Hands::new(NUMBER, "P0", &[("kubectl", follows)]).await else { return };
    let go = hands.may(27).expect("it may run");
    assert_eq!((go.kind, go.session), (Kind::Job, Session::Apart));
    let ordered = hands.order(27);
    let stream = hands.begin(ordered).await;
    let seen =
        |msg: &Msg| matches!(msg, Msg::Ran(Ran::Tail(of, tail)) if *of == stream && !tail.lines.is_empty());
    hands.desk.until(seen).await;
    assert_eq!(hands.run(31).await.verdict, Verdict::Accepted, "the next step runs meanwhile");
    hands.desk.runs.stop(stream.clone());
    let ended = hands.desk.ended().await;
    assert_eq!((ended.order, ended.end), (stream, End::Stopped));
}

#[test]
fn a003_03_the_table_of_indicators_is_read_and_values_are_judged_by_it() {
    let Some(document) = paper::read(NUMBER) else { return };
    let table = document.facts.iter().find(|fact| fact.kind == "thresholds").expect("a table");
    assert_eq!(table.rows.len(), 6);
    for row in &table.rows {
        for column in ["target", "warning", "critical"] {
            assert!(row.get(&format!("{column}_value")).is_some(), "{column}: {row:?}");
        }
    }
    let (_, text) = config::PROFILES.iter().find(|(name, _)| *name == "alecs").expect("a profile");
    let profile = config::check_profile("alecs", &Source { name: "alecs".into(), text: (*text).into() });
    let profile = profile.expect("a profile");
    for (line, warns, is_critical) in [(53, 0.7, 1.2), (54, 65.0, 45.0), (55, 85.0, 92.0)] {
        let row = table.rows.iter().find(|row| row.line == line).expect("a row");
        let of_line = |limit: &&firedeck::domain::settings::limit::Limit| {
            limit.lines.iter().any(|one| one.from == line)
        };
        let limit = profile.limits.iter().find(of_line).expect("the profile watches it");
        for (bound, value) in
            [(&limit.fact.warning, "warning_value"), (&limit.fact.critical, "critical_value")]
        {
            let BoundValue::Number(number) = bound.as_ref().expect("a limit").value else {
                panic!("{bound:?}")
            };
            assert_eq!(Some(number.to_string().as_str()), row.get(value), "as the document says");
        }
        for (value, level) in [(warns, Level::Warn), (is_critical, Level::Bad)] {
            let mut vital = Vital::new(0, &limit.fact, Some(limit));
            vital.hear(Heard::value(value), NOW);
            assert_eq!(vital.level(), level, "{} at {value}", vital.name);
            assert_eq!(vital.place(), format!("003:{line}"));
        }
    }
}

#[test]
fn a003_04_alert_rules_are_read_and_their_templates_ask_for_nothing() {
    let Some(document) = paper::read(NUMBER) else { return };
    let rules = document.facts.iter().find(|fact| fact.kind == "alert-rules").expect("rules");
    assert_eq!(rules.rows.len(), 4);
    let templates =
        rules.rows.iter().filter(|row| row.get("description").is_some_and(|says| says.contains("{{ $value")));
    assert_eq!(templates.count(), 3);
    let commands = document.runbooks.iter().flat_map(|book| &book.steps).flat_map(|step| &step.commands);
    let mut asked = commands.flat_map(|command| &command.placeholders);
    assert!(!asked.any(|one| one.text.contains("value")));
}

#[test]
fn a003_05_each_issue_is_looked_into_and_its_solutions_run_one_by_one() {
    let Some(document) = paper::read(NUMBER) else { return };
    let issues: Vec<_> = document.runbooks.iter().filter(|book| book.title.starts_with("Issue: ")).collect();
    assert_eq!(issues.len(), 4);
    for issue in &issues {
        assert!(issue.symptoms.len() >= 3, "{}", issue.title);
        let mut phases: Vec<_> = issue.steps.iter().filter_map(|step| step.phase.as_deref()).collect();
        phases.dedup();
        assert_eq!(phases.len(), 2, "{}", issue.title);
        let desk = paper::desk(NUMBER, &issue.title).expect("a desk");
        let seen = flat(&desk);
        assert!(
            phases.iter().all(|phase| seen.contains(phase)) && seen.contains("symptoms:"),
            "{}",
            picture(&desk)
        );
    }
    // The last solution alone.
    let mut desk = paper::desk(NUMBER, "Issue: High Memory Usage").expect("a desk");
    go(&mut desk, 259).keys("Enter");
    agree(&mut desk);
    assert_eq!(desk.sent, [line(NUMBER, 259)]);
    for (at_line, tier_of) in [(322, Tier::Danger), (357, Tier::Danger)] {
        let (step, command) = at(&document, at_line);
        let condition = step.branch.as_deref().expect("a condition");
        assert!(line(NUMBER, step.line as usize).to_lowercase().contains(condition), "{condition}");
        assert_eq!(command.statement.risk, tier_of);
    }
    let mut desk = paper::desk(NUMBER, "Issue: Cache").expect("a desk");
    go(&mut desk, 357).keys("Enter");
    desk.reads();
    assert!(
        why(&desk).contains("only `if corrupted`") && desk.tier() == Some(Tier::Danger),
        "{}",
        why(&desk)
    );
}

#[test]
fn a003_06_every_command_that_wants_a_terminal_has_one_on_purpose() {
    let Some(document) = paper::read(NUMBER) else { return };
    let steps = document.runbooks.iter().flat_map(|book| &book.steps);
    let all = steps.flat_map(|step| &step.commands).filter(|one| one.statement.text.contains("exec -it"));
    let lines: Vec<u32> = all.map(|one| one.statement.line).collect();
    assert_eq!(lines, [131, 243, 246, 303, 306, 357, 410, 429, 554]);
    for at_line in lines {
        assert!(at(&document, at_line).1.statement.traits.interactive, "line {at_line}");
    }
}

#[tokio::test]
async fn a003_06_what_wants_a_terminal_gets_one_of_its_own_and_ends_by_itself() {
    let asks =
        "if [ -t 0 ] && [ -t 1 ]; then echo on a terminal of its own; else echo no terminal; exit 1; fi";
    for (title, line) in [("Rolling Update", 131), ("Daily Security Checks", 554)] {
        let Some(mut hands) = Hands::new(NUMBER, title, &[("kubectl", asks)]).await else { return };
        let ended = hands.run(line).await;
        assert_eq!((ended.end, ended.verdict), (End::Exit(vec![0]), Verdict::Ok), "{}", ended.says);
    }
}

#[test]
fn a003_07_queries_for_another_program_are_copied_and_not_run() {
    let Some(mut desk) = paper::desk(NUMBER, "Log Aggregation") else { return };
    go(&mut desk, 380).keys("Enter");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none());
    assert!(desk.flash().contains("cop"), "{}", desk.flash());
    let effects = press(&mut desk.model, "c");
    let query = line(NUMBER, 380);
    let end = query.rsplit('|').next().expect("its end").trim();
    assert!(format!("{effects:?}").contains(end), "{effects:?}");
    let Some(document) = paper::read(NUMBER) else { return };
    let run = firedeck::runbook::execution::Run::new("r", book(&document, "Log Aggregation").clone());
    assert_eq!(run.may(0, 0, &run.values()), Err(Refusal::Copied));
}

/// The cluster as it is connected to.
fn connected(desk: &mut Desk, namespace: &str, origin: &str, own: &str) {
    let facts = ClusterFacts {
        context: "prod-eu".into(),
        namespaces: vec![namespace.into()],
        namespace_origin: origin.into(),
        own_namespace: own.into(),
        ..ClusterFacts::default()
    };
    news(&mut desk.model, vec![News::Cluster(facts)]);
}

#[test]
fn a003_08_the_effective_namespace_is_shown_with_where_it_comes_from() {
    for (title, at) in
        [("Update Configuration", 213), ("Issue: Database", 322), ("Regular Maintenance Tasks: Monthly", 438)]
    {
        let Some(mut desk) = paper::desk(NUMBER, title) else { return };
        connected(&mut desk, "default", "default, none given", "");
        go(&mut desk, at).keys("Enter");
        desk.reads();
        let seen = asked(&desk);
        assert!(seen.contains("kubectl at prod-eu ▸ default (default, none given)"), "{}", picture(&desk));
        assert!(desk.tier() == Some(Tier::Danger) && desk.sent.is_empty());
    }
}

#[test]
fn a003_08_where_profile_and_kubeconfig_name_different_ones_it_is_asked_once() {
    let Some(mut desk) = paper::desk(NUMBER, "Update Configuration") else { return };
    connected(&mut desk, "alecs", "profile", "dev");
    go(&mut desk, 213).keys("Enter");
    assert!(
        why(&desk).contains("the profile says namespace `alecs`, the kubeconfig `dev`"),
        "{}",
        why(&desk)
    );
    agree(&mut desk);
    desk.ends(Verdict::Ok);
    go(&mut desk, 213).keys("Enter");
    assert!(!why(&desk).contains("the profile says"), "{}", why(&desk));
    desk.keys("Esc");
    // A line that names its own needs none.
    let mut desk = paper::desk(NUMBER, "Update Configuration").expect("a desk");
    connected(&mut desk, "alecs", "profile", "dev");
    go(&mut desk, 207).keys("Enter");
    assert!(!why(&desk).contains("the profile says"), "{}", why(&desk));
}

#[test]
fn a003_08_a_line_that_only_reads_is_asked_about_once_as_well() {
    let page = "# Yard\n\n## Look\n\n1. Look\n\n```bash\nkubectl get pods\nkubectl get secrets\n```\n";
    let mut desk = Desk::open(page);
    connected(&mut desk, "alecs", "profile", "dev");
    desk.keys("Enter");
    assert!(desk.sent.is_empty() && why(&desk).contains("the profile says namespace `alecs`"));
    agree(&mut desk);
    desk.ends(Verdict::Ok);
    desk.keys("Enter");
    assert_eq!(desk.sent, ["kubectl get pods", "kubectl get secrets"]);
}

#[tokio::test]
async fn a003_09_a_backup_has_one_date_and_its_passphrase_is_typed_and_kept_nowhere() {
    let gpg = "for one in \"$@\"; do printf '|%s\\n' \"$one\"; done >>\"$HERE/words\"
stty -echo </dev/tty; printf 'Passphrase: ' >/dev/tty; read -r typed </dev/tty; stty echo </dev/tty
cat >/dev/null; printf '%s' \"$typed\" | wc -c >\"$HERE/length\"";
    let tools = [("kubectl", "echo fine"), ("mkdir", NOTES), ("aws", NOTES), ("gpg", gpg)];
    let Some(mut hands) = Hands::new(NUMBER, "Backup Procedures", &tools).await else { return };
    for at in [461, 462, 465] {
        let ended = hands.run(at).await;
        assert!(ended.verdict <= Verdict::Accepted, "line {at}: {}", ended.says);
    }
    next_second().await;
    let passphrase = "correct horse battery staple";
    let ordered = hands.order(473);
    assert_eq!(ordered.command.kind, Kind::Terminal);
    let order = hands.begin(ordered).await;
    hands.desk.until(|msg| matches!(msg, Msg::Ran(Ran::WantsTerminal(one)) if *one == order)).await;
    let (_, (mut printed, mut typing, _size)) = hands.desk.runs.enter(&order.session).await.expect("entered");
    talk(&mut printed, &mut typing, ("Passphrase:", &format!("{passphrase}\r"))).await;
    let End::Exit(codes) = hands.desk.ended().await.end else { panic!("not ended by itself") };
    assert!(codes.iter().all(|code| *code == 0), "{codes:?}");
    assert_eq!(hands.left("length").trim(), passphrase.len().to_string(), "it came to gpg");
    assert_eq!(hands.holding(passphrase), Vec::<String>::new());
    next_second().await;
    assert!(hands.run(482).await.verdict <= Verdict::Accepted);
    let words = hands.left("words");
    let digits = |word: &str| -> String { word.chars().filter(char::is_ascii_digit).collect() };
    let names = words.lines().filter(|word| word.contains("alecs-") || word.contains("s3://"));
    let mut dates: Vec<String> =
        names.map(|name| digits(&name.replace("s3", "")).chars().take(14).collect()).collect();
    assert!(dates.len() >= 4, "{words}");
    dates.dedup();
    assert!(dates.len() == 1 && dates[0].len() == 14, "{dates:?}");
}

#[test]
fn a003_10_evidence_can_be_kept_first_and_what_would_end_it_says_so() {
    let Some(document) = paper::read(NUMBER) else { return };
    assert_eq!((tier(&document, 570), tier(&document, 573)), (Tier::Danger, Tier::Danger));
    let mut desk = paper::desk(NUMBER, "Security Incident Response").expect("a desk");
    go(&mut desk, 577).keys("Enter");
    assert!(why(&desk).contains("step 4 keeps the evidence"), "{}", why(&desk));
    desk.reads();
    desk.keys("Esc");
    for at in [580, 581] {
        go(&mut desk, at).keys("Enter");
        if desk.model.questions.open.is_some() {
            agree(&mut desk);
        }
        desk.ends(Verdict::Ok);
    }
    assert_eq!(desk.sent, [line(NUMBER, 580), line(NUMBER, 581)]);
    go(&mut desk, 577).keys("Enter");
    assert!(!why(&desk).contains("evidence"), "{}", why(&desk));
}

#[test]
fn a003_11_what_the_document_shows_as_done_is_not_done() {
    let Some(desk) = paper::desk(NUMBER, "Performance Tuning Checklist") else { return };
    let steps = &desk.model.checklist.as_ref().expect("open").book.runbook.steps;
    assert_eq!(steps.len(), 15);
    for step in steps {
        assert!(step.kind == StepKind::Manual && step.checkbox != Some(true) && !step.title.contains('✅'));
        assert!(line(NUMBER, step.line as usize).contains('✅'));
    }
    let seen = picture(&desk);
    for step in steps {
        let row = seen.lines().find(|row| row.contains(&step.title)).unwrap_or_else(|| panic!("{seen}"));
        assert!(!row.contains(['✓', '✅']), "{row}");
    }
    let document = paper::read(NUMBER).expect("a document");
    assert_ne!(book(&document, "Performance Tuning Checklist").mode, Mode::Menu);
}

#[tokio::test]
async fn a003_12_watch_has_a_terminal_and_comes_back_to_its_block() {
    let watch = "printf '%s\\n' \"$*\" >\"$HERE/words\"; stty -icanon -echo </dev/tty
while :; do echo pods; k=$(dd bs=1 count=1 </dev/tty 2>/dev/null); [ \"$k\" = q ] && break; done; stty sane </dev/tty";
    let tools = [("watch", watch), ("curl", "echo alecs_requests_total 7")];
    let Some(mut hands) = Hands::new(NUMBER, "Performance Monitoring", &tools).await else { return };
    let ordered = hands.order(538);
    assert_eq!(ordered.command.kind, Kind::Terminal);
    let order = hands.begin(ordered).await;
    hands.desk.until(|msg| matches!(msg, Msg::Ran(Ran::WantsTerminal(one)) if *one == order)).await;
    let (_, (mut printed, mut typing, _size)) = hands.desk.runs.enter(&order.session).await.expect("entered");
    talk(&mut printed, &mut typing, ("pods", "q")).await;
    let ended = hands.desk.ended().await;
    assert_eq!(ended.end, End::Exit(vec![0]));
    assert!(hands.left("words").starts_with("-n 5 "), "{}", hands.left("words"));
    assert_eq!(hands.run(541).await.verdict, Verdict::Ok, "the checklist goes on");
}
