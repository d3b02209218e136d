//! Answers judged by limits, each a sentence about the product.
use std::time::Duration;

use super::*;
use crate::domain::settings::limit::Lines;

fn bound(text: &str) -> Option<Bound> {
    (!text.is_empty()).then(|| Bound::parse(text).expect(text))
}

fn vital(source: FactSource, unit: &str, [ok, warning, critical]: [&str; 3]) -> Vital {
    let fact = Fact {
        name: "a fact".into(),
        source,
        query: "x".into(),
        on: None,
        unit: Some(unit.into()),
        pick: None,
        every: Duration::from_secs(30),
        ok: bound(ok),
        warning: bound(warning),
        critical: bound(critical),
    };
    let lines = vec![Lines { from: 30, to: 30 }, Lines { from: 95, to: 96 }];
    let limit = Limit { fact: fact.clone(), document: "000".into(), lines, why: None };
    Vital::new(1, &fact, Some(&limit))
}

/// Seconds of some day.
fn at(seconds: i64) -> Timestamp {
    Timestamp(1_774_440_000_000 + seconds * 1000)
}

fn heard(bounds: [&str; 3], answer: Answer) -> (Level, String) {
    let mut vital = vital(FactSource::Http, "%", bounds);
    vital.hear(Heard::of(answer), at(0));
    (vital.level, vital.says.to_string())
}

fn word(text: &str) -> Answer {
    Answer::Word(text.into())
}

#[test]
fn unhealthy_is_not_healthy() {
    let bounds = ["= healthy", "", "!= healthy"];
    for answer in ["unhealthy", "not healthy", "", "healthyish", "un-healthy"] {
        for answer in [word(answer), Answer::Text(answer.into())] {
            assert_eq!(heard(bounds, answer.clone()).0, Level::Bad, "{answer:?}");
        }
    }
    for answer in [word("healthy"), word("Healthy"), Answer::Text("Prometheus Server is Healthy.\n".into())] {
        assert_eq!(heard(bounds, answer.clone()), (Level::Fine, String::new()), "{answer:?}");
    }
    assert_eq!(heard(bounds, Answer::Text("<html>healthy</html>".into())).0, Level::Bad);
    assert_eq!(heard(bounds, word("is healthy")).0, Level::Bad, "a JSON value is compared whole");
}

#[test]
fn what_is_wrong_names_the_line_that_says_so() {
    let says = |bounds, answer| heard(bounds, answer).1;
    assert_eq!(
        says(["= healthy", "", "!= healthy"], word("unhealthy")),
        "says \"unhealthy\", 000:30 wants \"healthy\""
    );
    assert_eq!(says(["< 70", "> 80", "> 90"], Answer::Value(92.0)), "92%, 000:30 critical > 90");
    assert_eq!(says(["< 70", "> 80", "> 90"], Answer::Value(85.0)), "85%, 000:30 warning > 80");
    assert_eq!(says(["< 70", "> 80", "> 90"], Answer::Value(75.0)), "75%, 000:30 wants < 70");
}

#[test]
fn a_value_between_ok_and_warning_is_neither_fine_nor_broken() {
    let level = |value| heard(["< 70", "> 80", "> 90"], Answer::Value(value)).0;
    assert_eq!([69.0, 75.0, 85.0, 91.0].map(level), [Level::Fine, Level::Warn, Level::Warn, Level::Bad]);
    assert_eq!(heard(["", "> 80", ""], Answer::Value(75.0)).0, Level::Fine);
    assert_eq!(heard(["", "", ""], Answer::Value(75.0)).0, Level::Fine);
}

#[test]
fn limits_that_contradict_each_other_are_said_to() {
    let (level, says) = heard(["> 5", "", "> 10"], Answer::Value(12.0));
    assert_eq!(level, Level::Bad);
    assert!(says.ends_with("the limits contradict each other"), "{says}");
}

#[test]
fn no_data_is_never_fine() {
    let bounds = ["< 70", "> 80", "> 90"];
    let error = Answer::Error { why: "timed out".into(), broken: false };
    for answer in [Answer::Waiting, Answer::Value(f64::NAN), error, Answer::Text("abc".into()), word("x")] {
        assert_eq!(heard(bounds, answer.clone()).0, Level::Unknown, "{answer:?}");
    }
    let broken = Answer::Error { why: "connection refused".into(), broken: true };
    assert_eq!(heard(bounds, broken), (Level::Bad, "connection refused (000:30)".into()));
    assert_eq!(vital(FactSource::Http, "", ["", "", ""]).level, Level::Unknown, "not asked yet");
    let none = vital(FactSource::None, "", ["", "", ""]);
    assert_eq!((none.level, none.status().as_ref(), none.shown().as_ref()), (Level::Done, "no source", "–"));
    let other = vital(FactSource::Docker, "", ["", "", ""]);
    assert_eq!(other.answer, Answer::NotAsked("see containers".into()));
    assert!(!other.is_asked() && !none.is_asked());
}

#[test]
fn a_primary_has_no_lag_to_be_judged() {
    let bounds = ["< 60", ">= 60", ""];
    assert_eq!(heard(bounds, Answer::Text("not a replica".into())), (Level::Done, String::new()));
    assert_eq!(heard(bounds, Answer::Text("75".into())).0, Level::Warn);
    assert_eq!(heard(["= streaming", "", ""], Answer::Text("not a replica".into())).0, Level::Warn);
}

#[test]
fn infinity_is_more_than_any_limit() {
    assert_eq!(heard(["", "", "> 3"], Answer::Value(f64::INFINITY)).0, Level::Bad);
}

#[test]
fn a_number_in_a_text_is_a_number_and_a_word_is_no_number() {
    assert_eq!(heard(["= 0", "> 0", ""], Answer::Text(" 0\n".into())).0, Level::Fine);
    assert_eq!(heard(["= 0", "> 0", ""], Answer::Text("3".into())).0, Level::Warn);
    assert_eq!(heard(["= 200", "", "!= 200"], Answer::Value(200.0)).0, Level::Fine);
    assert_eq!(heard(["= 200", "", "!= 200"], Answer::Value(503.0)).0, Level::Bad);
    assert_eq!(heard(["= healthy", "", "!= healthy"], Answer::Value(1.0)).0, Level::Bad);
}

#[test]
fn a_limit_that_has_to_hold_counts_only_when_it_has_held() {
    let mut vital = vital(FactSource::Promql, "", ["", "", "> 0.9 for 5m"]);
    let mut hear = |value: f64, seconds| {
        vital.hear(Heard::value(value), at(seconds));
        (vital.level, vital.says.to_string())
    };
    assert_eq!(hear(0.5, 0).0, Level::Fine);
    assert_eq!(hear(0.95, 30), (Level::Warn, "0.95, 000:30 critical > 0.9, 0s of 5m".into()));
    assert_eq!(hear(0.95, 150).0, Level::Warn);
    let (level, says) = hear(0.95, 330);
    assert_eq!((level, says.as_str()), (Level::Bad, "0.95 for 5m, 000:30 critical > 0.9"));
    assert_eq!(hear(0.5, 360).0, Level::Fine);
    assert_eq!(hear(0.95, 390).0, Level::Warn, "it begins anew");
}

#[test]
fn what_a_server_remembers_counts_towards_how_long_it_has_held() {
    let mut vital = vital(FactSource::Promql, "", ["", "> 0.8 for 5m", ""]);
    let past = vec![(at(-600), 0.1), (at(-400), 0.9), (at(-200), 0.9)];
    vital.hear(Heard { past, ..Heard::value(0.9) }, at(0));
    assert_eq!((vital.level, vital.held[0]), (Level::Warn, Some(at(-400))));
    assert_eq!(vital.past.len(), 4);
}

#[test]
fn no_answer_breaks_what_has_to_hold_and_keeps_what_was() {
    let mut vital = vital(FactSource::Promql, "", ["", "", "> 1 for 1m"]);
    vital.hear(Heard::value(2.0), at(0));
    vital.hear(Heard::error("timed out"), at(30));
    assert_eq!((vital.level, vital.held[1], vital.past.len()), (Level::Unknown, None, 1));
}

#[test]
fn only_the_last_values_are_remembered() {
    let mut vital = vital(FactSource::Sql, "", ["", "", ""]);
    for n in 0..100 {
        vital.hear(Heard::value(f64::from(n)), at(i64::from(n)));
    }
    assert_eq!((vital.past.len(), vital.past[0].1), (REMEMBERED, 68.0));
}

#[test]
fn what_the_answer_itself_complains_of_counts_beside_the_limits() {
    let mut vital = vital(FactSource::Tls, "days", ["> 30", "<= 30", ""]);
    let heard = Heard { floor: Some(Level::Bad), ..Heard::value(90.0).note("expired") };
    vital.hear(heard, at(0));
    assert_eq!((vital.level, &*vital.says), (Level::Bad, "expired"));
    let heard = Heard { floor: Some(Level::Warn), ..Heard::value(20.0).note("self-signed") };
    vital.hear(heard, at(0));
    assert_eq!(vital.level, Level::Warn);
    assert_eq!(&*vital.says, "20 days, 000:30 warning <= 30; self-signed");
}

#[test]
fn places_are_short_in_a_row_and_whole_elsewhere() {
    let vital = vital(FactSource::Http, "", ["", "", ""]);
    assert_eq!((vital.place().as_str(), vital.places().as_str()), ("000:30", "000:30, 95-96"));
}
