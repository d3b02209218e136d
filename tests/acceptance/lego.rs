//! Document 000: its catalogue, its choices, its values.
use firedeck::domain::approval::Tier;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Certificate, Facts, Kind, Object};
use firedeck::domain::settings::Role;
use firedeck::incident::What;
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::{Effect, Msg};
use firedeck::panes::checklist;
use firedeck::runbook::StepKind;
use firedeck::runbook::execution::{Refusal, State};
use firedeck::runbook::judge::{Seen as Output, judge};

use super::hand::{answered, asked, goes, ok, picture, spot, state, typed};
use super::paper;
use crate::common::estate::{NOW, ago, feed, id, news, pod, press, say};
use crate::common::night::{INCIDENT, Writer, begun};

#[test]
fn a000_01_the_catalogue_has_ten_runbooks_in_six_sections_and_who_is_called_when() {
    let Some(document) = paper::read("000") else { return };
    assert_eq!(document.runbooks.len(), 10);
    let mut sections: Vec<&str> = document.runbooks.iter().map(|one| one.section.as_str()).collect();
    sections.dedup();
    assert_eq!(sections.len(), 6, "{sections:?}");
    let steps = || document.runbooks.iter().flat_map(|one| &one.steps);
    assert_eq!(steps().filter(|step| step.is_counted() && !step.is_arm()).count(), 51);
    assert_eq!(steps().filter(|step| step.is_arm()).count(), 6);
    let contacts = document.facts.iter().filter(|fact| fact.kind == "contacts").flat_map(|fact| &fact.rows);
    let rows: Vec<_> = contacts.map(|row| (row.line, row.get("role"), row.get("escalation"))).collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert!(rows.iter().all(|(_, role, rule)| role.is_some() && rule.is_some_and(|rule| !rule.is_empty())));
    assert_eq!((rows[0].0, rows[1].2), (495, Some("After 30 min")));
}

#[test]
fn a000_02_service_outage_shows_p1_its_clock_and_its_budgets_and_its_first_step_is_two_ticks() {
    let Some(mut desk) = paper::desk("000", "Service Outage") else { return };
    let seen = picture(&desk);
    for words in ["P1 - Critical", "respond within 15 minutes", "0-5 min", "5-15 min"] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    // The first step: by hand, and no key runs it.
    assert_eq!(desk.here(), checklist_spot(0));
    assert!(seen.contains("done by hand") && !seen.contains("Enter run"), "{seen}");
    let open = desk.model.checklist.as_ref().expect("open");
    let step = &open.book.runbook.steps[0];
    assert_eq!((step.kind, step.commands.len()), (StepKind::Manual, 0));
    assert_eq!(firedeck::runbook::execution::items(step).count(), 2);
    desk.keys("Space");
    assert!(desk.sent.is_empty());
    let ticks =
        |desk: &crate::common::desk::Desk| desk.model.runs.all["r1"].run.view(0).expect("a step").ticks;
    assert_eq!(ticks(&desk), [true, false]);
    desk.keys("Space");
    assert_eq!(desk.model.runs.all["r1"].run.view(0).expect("a step").state, State::Ticked);
    // The incident of it has its severity and its clock without a word typed.
    begun(&mut desk.model);
    press(&mut desk.model, "i");
    let effects = press(&mut desk.model, "Enter");
    let Some(Effect::OpenIncident { opened, .. }) = effects.into_iter().next() else { panic!("no incident") };
    assert_eq!(opened.severity.as_deref(), Some("P1 - Critical"));
    let mut jane = Writer::new(INCIDENT, "jane");
    let told = jane.tell(NOW, What::IncidentOpened(opened));
    say(&mut desk.model, Msg::Recorded(vec![told]));
    say(&mut desk.model, Msg::TakenUp(INCIDENT.into()));
    say(&mut desk.model, Msg::Tick(ago(-61)));
    let seen = picture(&desk);
    let head = seen.lines().next().unwrap_or_default();
    assert!(head.contains("P1") && head.contains("01:01 of 15:00"), "{seen}");
}

fn checklist_spot(step: usize) -> firedeck::model::checklist::Spot {
    firedeck::model::checklist::Spot { step, command: None }
}

#[test]
fn a000_03_of_the_ways_one_is_chosen_and_only_its_line_runs() {
    let Some(mut desk) = paper::desk("000", "Service Outage") else { return };
    let known = |desk: &crate::common::desk::Desk, line: u32| {
        let run = &desk.model.runs.all["r1"].run;
        let (step, command) = spot(run.runbook(), line);
        run.may(step, command, &run.values())
    };
    desk.keys("Space");
    for line in [123, 129, 135, 143, 148, 153] {
        assert!(matches!(known(&desk, line), Err(Refusal::NotChosen { of: 3, .. })), "{line}");
    }
    goes(&mut desk, 148);
    desk.keys("Enter");
    assert!(desk.sent.is_empty() && desk.flash().contains("4b if recent change"), "{}", desk.flash());
    desk.keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Change));
    desk.reads();
    desk.keys("y");
    assert_eq!(desk.sent, ["kubectl rollout undo deployment/dashboard -n lego-mcp"]);
    desk.ends(Verdict::Accepted);
    assert!(matches!(state(&desk, 148), State::Accepted { .. }));
    for line in [143, 153] {
        assert_eq!(state(&desk, line), State::NotChosen);
        assert!(matches!(known(&desk, line), Err(Refusal::OtherChosen { .. })));
    }
    // The causes are a choice of their own, which nothing was said of.
    assert!(matches!(known(&desk, 123), Err(Refusal::NotChosen { .. })));
    assert_eq!(desk.sent.len(), 1);
}

#[test]
fn a000_06_a_pod_is_chosen_from_those_that_live_there_once_and_used_in_every_line() {
    let Some(mut desk) = paper::desk("000", "Security Incident Response") else { return };
    let own = ["dashboard-6c9d8b7f5-aaaaa", "worker-5dc8f9b7d4-bbbbb"];
    let pods = own.iter().map(|name| Seen::Is(pod("lego-mcp", name, "node-1"))).collect();
    news(&mut desk.model, vec![News::Pods(feed(Kind::Pod), pods)]);
    goes(&mut desk, 445);
    desk.keys("Enter");
    let (title, _, candidates) = asked(&desk);
    assert!(title.starts_with("<pod-name>"), "{title}");
    let mut sorted = candidates.clone();
    sorted.sort();
    assert_eq!(sorted, own, "those of the command's own namespace, and no other");
    assert!(picture(&desk).contains(own[0]), "{}", picture(&desk));
    desk.keys("Down");
    let first = asked(&desk).1;
    desk.keys("Down");
    let second = asked(&desk).1;
    assert!(own.contains(&&*first) && own.contains(&&*second) && first != second);
    desk.keys("Up Enter");
    assert_eq!(desk.tier(), Some(Tier::Change), "{}", desk.flash());
    desk.reads();
    desk.keys("y");
    desk.ends(Verdict::Ok);
    for line in [454, 455, 458] {
        goes(&mut desk, line);
        desk.keys("Enter");
        assert!(
            desk.model.overlays.iter().all(|one| matches!(one, firedeck::model::overlay::Overlay::Question))
        );
        if desk.tier().is_some() {
            desk.reads();
            desk.keys("y");
        }
        desk.ends(Verdict::Ok);
    }
    assert_eq!(desk.sent.len(), 4, "{:?}", desk.sent);
    assert!(desk.sent.iter().all(|text| text.contains(&first) && !text.contains('<')), "{:?}", desk.sent);
}

#[test]
fn a000_08_no_matches_of_a_log_is_said_with_how_little_was_read() {
    let Some(mut desk) = paper::desk("000", "Morning Health Check") else { return };
    goes(&mut desk, 45);
    desk.keys("Enter");
    desk.ends(Verdict::NoMatches);
    let open = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    let (step, command) = spot(&open, 45);
    let one = &open.steps[step as usize];
    let end = End::Exit(vec![0, 1]);
    let text = &one.commands[command as usize].statement.text;
    let seen = Output { end: &end, stdout: "", stderr: "", whole: true, terminal: false, now: NOW };
    let judged = judge(one, command as usize, text, &seen);
    assert_eq!((judged.verdict, judged.says.as_str()), (Verdict::NoMatches, "no matches"));
    let at = firedeck::incident::event::At { run: "r1".into(), step, command: Some(command) };
    say(&mut desk.model, Msg::Ran(firedeck::model::run::News::Judged { at, judged }));
    desk.model.flash = None;
    let seen = picture(&desk);
    assert!(seen.contains("no matches") && seen.contains("last 10 lines of each pod"), "{seen}");
    assert!(!state(&desk, 45).is_bad() && state(&desk, 45).is_done());
}

/// A certificate of the pane, that ends in so many days.
fn certificate(days: i64) -> Object {
    let facts = Certificate {
        not_after: Some(ago(-days * 86_400 - 60)),
        secret: "lego-mcp-tls".into(),
        ..Certificate::default()
    };
    Object {
        id: id(Kind::Certificate, "lego-mcp", "lego-mcp-tls"),
        uid: "c1".into(),
        created: ago(86_400),
        deleting: false,
        owner: None,
        facts: Facts::Certificate(facts),
    }
}

#[test]
fn a000_09_certificate_renewal_shows_the_days_left_and_makes_the_operator_choose() {
    let Some(mut desk) = paper::desk("000", "Certificate Renewal") else { return };
    goes(&mut desk, 303);
    desk.keys("Enter");
    assert_eq!(desk.sent.len(), 1, "it only reads: {}", desk.flash());
    desk.ends(Verdict::Ok);
    let open = desk.model.checklist.as_ref().expect("open").book.runbook.clone();
    let (step, command) = spot(&open, 303);
    let one = &open.steps[step as usize];
    for (end, days, warned) in
        [("Apr 24 12:00:00 2026 GMT", 30, true), ("Apr 25 13:00:00 2026 GMT", 31, false)]
    {
        let out = format!("notBefore=Jan  1 00:00:00 2026 GMT\nnotAfter={end}\n");
        let exit = End::Exit(vec![0, 0, 0]);
        let seen = Output { end: &exit, stdout: &out, stderr: "", whole: true, terminal: false, now: NOW };
        let text = &one.commands[command as usize].statement.text;
        let judged = judge(one, command as usize, text, &seen);
        assert!(judged.says.starts_with(&format!("{days} days left")), "{judged:?}");
        assert_eq!(!judged.warnings.is_empty(), warned, "{judged:?}");
        let at = firedeck::incident::event::At { run: "r1".into(), step, command: Some(command) };
        say(&mut desk.model, Msg::Ran(firedeck::model::run::News::Judged { at, judged }));
        let list = desk.model.checklist.as_ref().expect("open");
        let lines = checklist::lines(&desk.model, list, 100, 0);
        let amber = lines
            .iter()
            .flat_map(|line| &line.text)
            .any(|fact| fact.role == Role::Warning && fact.text.contains("it ends in"));
        assert_eq!(amber, warned);
    }
    // What the cluster knows is amber in its pane as well.
    for (days, role) in [(30, true), (45, false)] {
        news(
            &mut desk.model,
            vec![News::Objects(feed(Kind::Certificate), vec![Seen::Is(certificate(days))])],
        );
        let left = firedeck::panes::objects::ends_in(&desk.model, &certificate(days));
        assert_eq!(left.is_some(), role, "{days}: {left:?}");
    }
    let run = &desk.model.runs.all["r1"].run;
    for line in [309, 312, 318, 321] {
        let (step, command) = spot(run.runbook(), line);
        assert!(
            matches!(run.may(step, command, &run.values()), Err(Refusal::NotChosen { of: 2, .. })),
            "{line}"
        );
    }
    goes(&mut desk, 312);
    desk.keys("Enter");
    assert!(desk.flash().contains("cert-manager"), "{}", desk.flash());
    desk.keys("Enter");
    assert_eq!(desk.tier(), Some(Tier::Danger));
    answered(&mut desk, &[]);
    typed(&mut desk, "lego-mcp-tls", "it ends tomorrow");
    assert_eq!(desk.sent.len(), 2, "{}", picture(&desk));
    let run = &desk.model.runs.all["r1"].run;
    let (step, command) = spot(run.runbook(), 318);
    assert!(matches!(run.may(step, command, &run.values()), Err(Refusal::OtherChosen { .. })));
}

#[test]
fn case_49_credentials_that_switch_the_cluster_say_that_every_later_command_goes_elsewhere() {
    let Some(document) = paper::read("004") else { return };
    let of = |line: u32| {
        let mut all = super::hand::commands(&document);
        let found = all.find(|(_, _, _, one)| one.statement.line == line);
        found
            .map(|(runbook, step, command, one)| (runbook.title.clone(), step, command, one.clone()))
            .expect("there")
    };
    let (title, _, _, switch) = of(572);
    assert!(switch.statement.risk >= Tier::Change, "{:?}", switch.statement);
    let Some(mut desk) = paper::desk("004", &title) else { return };
    goes(&mut desk, 576);
    desk.keys("Enter");
    // What would go to the other cluster is not run before the switch has.
    assert!(desk.sent.is_empty());
    assert!(desk.flash().contains("kubectl") && desk.flash().contains("572"), "{}", desk.flash());
    goes(&mut desk, 572);
    desk.keys("Enter");
    for _ in 0..4 {
        if desk.tier().is_some() {
            break;
        }
        // Its values, where it has any.
        desk.keys("Enter");
    }
    let asked = answered(&mut desk, &[("current-context", ok("primary\n"))]);
    assert!(asked.contains("every later kubectl") && asked.contains("instead of primary"), "{asked}");
}

#[test]
fn case_41_a_search_or_an_audit_that_ends_with_1_is_told_by_what_it_means() {
    for (number, line, codes, out, verdict) in [
        ("000", 45, vec![0, 1], "", Verdict::NoMatches),
        ("003", 365, vec![0, 1, 0], "", Verdict::NoMatches),
        ("004", 682, vec![0, 1], "", Verdict::NoMatches),
        ("003", 429, vec![1], "found 3 vulnerabilities (1 high)\n", Verdict::Trouble),
    ] {
        let Some(document) = paper::read(number) else { return };
        let (runbook, step, command, one) = super::hand::commands(&document)
            .find(|(_, _, _, one)| one.statement.line == line)
            .expect("a command");
        let parts = firedeck::commands::shell::parts::parts(&one.statement.text).last.len();
        assert_eq!(parts, codes.len(), "{number}:{line} {}", one.statement.text);
        let end = End::Exit(codes);
        let seen = Output { end: &end, stdout: out, stderr: "", whole: true, terminal: false, now: NOW };
        let judged = judge(&runbook.steps[step as usize], command as usize, &one.statement.text, &seen);
        assert_eq!(judged.verdict, verdict, "{number}:{line} {judged:?}");
        if verdict == Verdict::Trouble {
            assert!(judged.says.contains("3 vulnerabilities"), "{judged:?}");
        }
    }
}
