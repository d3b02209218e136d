//! What several servers tell of one alert, merged.
use std::sync::Arc;

use super::*;
use crate::domain::alert::fingerprint;
use crate::domain::level::Level;

const NOW: Timestamp = Timestamp(1_774_440_000_000);

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn labels(pairs: &[(&str, &str)]) -> Arc<[(Text, Text)]> {
    let mut all: Vec<(Text, Text)> =
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    all.sort();
    all.into()
}

fn texts(all: &[&str]) -> Vec<Text> {
    all.iter().map(|text| (*text).into()).collect()
}

fn told(pairs: &[(&str, &str)], state: AlertState) -> Told {
    let labels = labels(pairs);
    let print = fingerprint(labels.iter().map(|(name, value)| (&**name, &**value)));
    let name = pairs.iter().find(|(name, _)| *name == "alertname").map_or("", |(_, value)| *value);
    Told { print, name: name.into(), labels, state, since: Some(NOW), ..Told::default() }
}

fn manager(endpoint: &str, cluster: usize, alerts: Vec<Told>) -> Word {
    Word { endpoint: endpoint.into(), manager: true, live: true, cluster, alerts, ..Word::default() }
}

fn prometheus(alerts: Vec<Told>) -> Word {
    let alerts = alerts.into_iter().map(|told| Told {
        value: Some("NaN".into()),
        expression: Some("up == 0".into()),
        ..told
    });
    Word { endpoint: "prom".into(), live: true, alerts: alerts.collect(), ..Word::default() }
}

const DOWN: &[(&str, &str)] = &[("alertname", "Down"), ("pod", "web-1"), ("severity", "critical")];
const WATCHDOG: &[(&str, &str)] = &[("alertname", "Watchdog"), ("severity", "none")];

fn firing(pairs: &[(&str, &str)]) -> Told {
    told(pairs, AlertState::Firing)
}

fn with(
    pairs: &[(&'static str, &'static str)],
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'static str)> {
    [pairs, more].concat()
}

#[test]
fn what_two_alertmanagers_and_a_prometheus_tell_is_one_row_with_the_word_of_each() {
    let words = [
        manager("a", 0, vec![firing(DOWN)]),
        manager("b", 0, vec![Told { receivers: vec!["ops".into()], ..firing(DOWN) }]),
        prometheus(vec![firing(DOWN), told(&[("alertname", "Slow")], AlertState::Pending)]),
    ];
    let rows = Merger::default().merge(&words, true, NOW);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let names: Vec<&str> = rows[0].seen_by.iter().map(|name| &**name).collect();
    assert_eq!(names, ["a", "b", "prom"]);
    assert_eq!((rows[0].value.as_deref(), rows[0].expression.as_deref()), (Some("NaN"), Some("up == 0")));
    assert_eq!(&*rows[0].receivers[0], "ops");
    assert_eq!((rows[1].state, &*rows[1].name), (AlertState::Pending, "Slow"));
}

#[test]
fn the_labels_that_prometheus_puts_on_when_it_sends_do_not_make_two_alerts_of_one() {
    let sent = |pod: &'static str| {
        with(&[("alertname", "Down"), ("pod", pod)], &[("cluster", "eu"), ("replica", "0")])
    };
    let (one, two) = (sent("web-1"), sent("web-2"));
    let words = [
        manager(
            "a",
            0,
            vec![firing(&one), firing(&two), firing(&[("alertname", "Other"), ("cluster", "eu")])],
        ),
        prometheus(vec![
            firing(&[("alertname", "Down"), ("pod", "web-1")]),
            firing(&[("alertname", "Down"), ("pod", "web-2")]),
        ]),
    ];
    let rows = Merger::default().merge(&words, true, NOW);
    assert_eq!(rows.len(), 3, "{rows:#?}");
    assert!(rows.iter().take(2).all(|row| row.value.is_some()) && rows[2].value.is_none());
}

#[test]
fn another_alert_of_the_same_name_with_more_labels_is_not_taken_for_it() {
    let (many, few) = (with(DOWN, &[("zone", "b")]), DOWN);
    let words = [manager("a", 0, vec![firing(&many), firing(few)]), prometheus(vec![firing(few)])];
    let rows = Merger::default().merge(&words, true, NOW);
    assert_eq!(rows.iter().filter(|row| row.value.is_some()).count(), 1, "{rows:#?}");
}

#[test]
fn an_alert_that_one_member_holds_back_and_another_does_not_is_firing() {
    let silenced = Told { silenced_by: vec!["s".into()], ..told(DOWN, AlertState::Silenced) };
    let words = [manager("a", 0, vec![silenced]), manager("b", 0, vec![firing(DOWN)])];
    let rows = Merger::default().merge(&words, true, NOW);
    assert_eq!((rows.len(), rows[0].state), (1, AlertState::Firing));
}

#[test]
fn a_member_that_does_not_know_what_the_other_knows_is_named_once_it_lasts() {
    let words = [manager("a", 0, vec![firing(DOWN)]), manager("b", 0, vec![]), manager("alone", 1, vec![])];
    let mut merger = Merger::default();
    assert!(merger.merge(&words, true, NOW)[0].not_seen_by.is_empty(), "they are not polled at one moment");
    assert_eq!(merger.merge(&words, true, later(25))[0].not_seen_by, texts(&["b"]));
    let agree = [manager("a", 0, vec![firing(DOWN)]), manager("b", 0, vec![firing(DOWN)])];
    merger.merge(&agree, true, later(30));
    assert!(merger.merge(&words, true, later(35))[0].not_seen_by.is_empty(), "a doubt begins anew");
}

#[test]
fn what_a_prometheus_fires_and_no_alertmanager_knows_is_named_after_a_minute() {
    let words = [manager("a", 0, vec![]), prometheus(vec![firing(DOWN)])];
    let mut merger = Merger::default();
    assert!(merger.merge(&words, true, NOW)[0].not_seen_by.is_empty());
    assert_eq!(merger.merge(&words, true, later(61))[0].not_seen_by, texts(&["a"]));
}

#[test]
fn the_last_word_of_a_dead_member_counts_only_where_no_other_answers() {
    let mut dead = manager("a", 0, vec![firing(DOWN)]);
    dead.live = false;
    let rows = Merger::default().merge(&[dead.clone(), manager("b", 0, vec![])], true, NOW);
    assert!(rows.is_empty(), "b says that it is over");
    let rows = Merger::default().merge(&[dead, manager("c", 1, vec![])], true, NOW);
    assert_eq!(rows.len(), 1, "of another cluster nothing is known");
}

#[test]
fn a_watchdog_that_was_seen_once_and_is_missing_is_a_red_row_until_it_is_back() {
    let mut merger = Merger::default();
    let well = [manager("a", 0, vec![firing(WATCHDOG)])];
    assert_eq!(merger.merge(&well, true, NOW)[0].level(), Level::Fine);
    let lost = [manager("a", 0, vec![])];
    let rows = merger.merge(&lost, true, later(5));
    assert_eq!((rows.len(), rows[0].level(), rows[0].status()), (1, Level::Bad, "missing"));
    assert_eq!(merger.merge(&lost, true, later(95))[0].since, Some(later(5)));
    assert_eq!(merger.merge(&well, true, later(100))[0].level(), Level::Fine);
}

#[test]
fn of_a_watchdog_whose_servers_are_silent_nothing_is_said() {
    let mut merger = Merger::default();
    merger.merge(&[manager("a", 0, vec![firing(WATCHDOG)])], true, NOW);
    let mut dead = manager("a", 0, vec![]);
    dead.live = false;
    assert!(merger.merge(&[dead], true, later(5)).is_empty());
}

#[test]
fn a_watchdog_that_a_rule_promises_and_that_never_arrives_is_red_after_a_minute() {
    let promise = vec![("Watchdog".into(), labels(WATCHDOG))];
    let mut merger = Merger::default();
    let silent = Word { watchdogs: promise.clone(), ..prometheus(vec![]) };
    let words = [manager("a", 0, vec![]), silent];
    assert!(merger.merge(&words, true, NOW).is_empty());
    let rows = merger.merge(&words, true, later(61));
    assert_eq!((rows.len(), rows[0].missing_watchdog, &*rows[0].not_seen_by[0]), (1, true, "a"));
    // It fires, but it does not arrive: one row, and it is red.
    let fires = Word { watchdogs: promise, ..prometheus(vec![firing(WATCHDOG)]) };
    let rows = merger.merge(&[manager("a", 0, vec![]), fires], true, later(70));
    assert_eq!((rows.len(), rows[0].missing_watchdog), (1, true), "{rows:#?}");
}

#[test]
fn the_watchdog_of_a_second_prometheus_that_never_arrives_is_red() {
    const OTHER: &[(&str, &str)] = &[("alertname", "Watchdog"), ("severity", "none"), ("site", "b")];
    let one = |endpoint: &str, own| Word {
        endpoint: endpoint.into(),
        watchdogs: vec![("Watchdog".into(), labels(own))],
        ..prometheus(vec![firing(own)])
    };
    let words = [manager("a", 0, vec![firing(WATCHDOG)]), one("p", WATCHDOG), one("q", OTHER)];
    let mut merger = Merger::default();
    assert!(merger.merge(&words, true, NOW).iter().all(|row| row.level() == Level::Fine));
    let rows = merger.merge(&words, true, later(61));
    let red: Vec<&Alert> = rows.iter().filter(|row| row.missing_watchdog).collect();
    assert_eq!((rows.len(), red.len()), (2, 1), "{rows:#?}");
    assert_eq!(red[0].labels, labels(OTHER));
}

#[test]
fn the_word_of_servers_that_do_not_answer_is_stale_and_has_no_value() {
    let mut silent = prometheus(vec![firing(DOWN)]);
    silent.live = false;
    let mut dead = manager("a", 0, vec![told(DOWN, AlertState::Silenced)]);
    dead.live = false;
    let rows = Merger::default().merge(&[dead.clone(), silent.clone()], true, NOW);
    assert_eq!((rows.len(), rows[0].stale, rows[0].level()), (1, true, Level::Unknown));
    assert!(rows[0].value.is_none() && rows[0].seen_by.is_empty(), "{rows:#?}");
    silent.live = true;
    let rows = Merger::default().merge(&[dead, silent], true, NOW);
    assert_eq!((rows[0].stale, rows[0].value.as_deref(), rows[0].seen_by.len()), (false, Some("NaN"), 1));
}

#[test]
fn a_silence_ends_when_those_say_it_that_answer() {
    let silence = |ends| Silence { id: "s".into(), ends: Some(later(ends)), ..Silence::default() };
    let held = Told { silenced_by: vec!["s".into()], ..told(DOWN, AlertState::Silenced) };
    let one = |name: &str, ends, live| Word {
        silences: vec![silence(ends)],
        live,
        ..manager(name, 0, vec![held.clone()])
    };
    let words = [one("a", 600, true), one("b", 60, true), one("c", 9_000, false)];
    assert_eq!(Merger::default().merge(&words, true, NOW)[0].silenced_until, Some(later(600)));
}

#[test]
fn the_labels_that_differ_tell_alerts_of_one_name_apart() {
    let one = |pod| {
        firing(&[
            ("alertname", "Down"),
            ("cluster", "eu"),
            ("namespace", "shop"),
            ("pod", pod),
            ("severity", "x"),
        ])
    };
    let rows = Merger::default().merge(&[manager("a", 0, vec![one("web-1"), one("web-2")])], true, NOW);
    assert_eq!(&*rows[0].apart, "web-1 shop cluster=eu");
}

#[test]
fn what_an_exporter_says_of_itself_comes_after_what_it_speaks_of() {
    let labels = [
        ("alertname", "KubeNodeNotReady"),
        ("container", "kube-state-metrics"),
        ("instance", "10.2.0.9:8080"),
        ("job", "kube-state-metrics"),
        ("namespace", "monitoring"),
        ("node", "node-2"),
        ("pod", "kube-state-metrics-5f7d8c-x2x2x"),
        ("service", "kube-state-metrics"),
    ];
    let apart = |labels: &[(&str, &str)]| {
        let rows = Merger::default().merge(&[manager("a", 0, vec![firing(labels)])], true, NOW);
        rows[0].apart.to_string()
    };
    assert!(apart(&labels).starts_with("node-2 "), "{}", apart(&labels));
    let own = [("alertname", "Slow"), ("job", "web"), ("namespace", "shop"), ("pod", "web-7d-x1")];
    assert_eq!(apart(&own), "shop web-7d-x1 web", "who measures itself is what it is about");
    let same = [
        ("alertname", "Slow"),
        ("app", "web"),
        ("deployment", "web"),
        ("namespace", "shop"),
        ("pod", "web-1"),
    ];
    assert_eq!(apart(&same), "shop web web-1", "what was told is not told again");
}

#[test]
fn a_silence_says_how_many_it_holds_and_when_it_ends_soon() {
    let silence =
        |ends| Silence { id: "s".into(), state: "active".into(), ends: Some(ends), ..Silence::default() };
    let held = Told { silenced_by: vec!["s".into()], ..told(DOWN, AlertState::Silenced) };
    let words = [
        Word { silences: vec![silence(later(60))], ..manager("a", 0, vec![held.clone()]) },
        Word { silences: vec![silence(later(600))], ..manager("b", 0, vec![held]) },
    ];
    let alerts = Merger::default().merge(&words, true, NOW);
    assert_eq!(alerts[0].silenced_until, Some(later(600)));
    let all = silences(&words, &alerts, later(900));
    assert_eq!((all.len(), all[0].holds, all[0].ends_soon, all[0].seen_by.len()), (1, 1, true, 2));
    assert!(!silences(&words, &alerts, later(300))[0].ends_soon);
}

#[test]
fn ten_thousand_alerts_are_merged_without_a_hitch() {
    let alert = |n: usize, external: bool| {
        let mut pairs =
            vec![("alertname".to_owned(), format!("A{}", n % 7)), ("pod".into(), format!("p{n}"))];
        if external {
            pairs.push(("cluster".into(), "eu".into()));
        }
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        firing(&pairs)
    };
    let words = [
        manager("a", 0, (0..10_000).map(|n| alert(n, true)).collect()),
        manager("b", 0, (0..10_000).map(|n| alert(n, true)).collect()),
        prometheus((0..10_000).map(|n| alert(n, false)).collect()),
    ];
    let rows = Merger::default().merge(&words, true, NOW);
    assert_eq!(rows.len(), 10_000);
    assert!(rows.iter().all(|row| row.seen_by.len() == 3));
}
