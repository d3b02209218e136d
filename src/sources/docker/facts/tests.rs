//! What the engine answers, as it becomes a container.
use super::*;
use crate::domain::level::Level;

fn listed(json: &str) -> Known {
    let mut known = Known::default();
    known.listed(&serde_json::from_str(json).unwrap()).unwrap();
    known
}

fn inspect(known: &mut Known, json: &str) {
    known.inspected(&serde_json::from_str(json).unwrap()).unwrap();
}

#[test]
fn a_list_tells_the_service_the_version_and_how_it_ended() {
    let known = listed(
        r#"{"Id":"ab1","Names":["/web/alias","/shop-api-1"],"Image":"r.example/api:1.4.2","Created":1700000000,
        "State":"exited","Status":"Exited (137) 2 minutes ago",
        "Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"api",
                  "com.docker.compose.depends_on":"db:service_healthy:false,cache:service_started:true"},
        "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                 {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}]}"#,
    );
    assert_eq!((&*known.name, &*known.facts.project, &*known.facts.service), ("shop-api-1", "shop", "api"));
    assert_eq!((&*known.facts.version, &*known.facts.ports), ("1.4.2", "53/udp, 8080→80"));
    let needs: Vec<&str> = known.facts.needs.iter().map(|need| &*need.service).collect();
    assert_eq!(needs, ["db", "cache"]);
    assert_eq!(known.facts.status(), "exited 137 (killed)");
    assert_eq!(known.facts.restarts, None, "a list does not say it");
}

#[test]
fn the_label_says_the_version_better_than_the_tag() {
    let known =
        listed(r#"{"Id":"a","Image":"api:latest","Labels":{"org.opencontainers.image.version":"7.3"}}"#);
    assert_eq!(&*known.facts.version, "7.3");
    for (image, version) in [("r:5000/a", ""), ("r:5000/a:1", "1"), ("a@sha256:0", ""), ("a:2@sha256:0", "2")]
    {
        assert_eq!(tag(image), version, "{image}");
    }
}

#[test]
fn a_number_where_a_name_was_does_not_hide_the_name() {
    let mut known = listed(r#"{"Id":"a","Image":"api:1"}"#);
    let renamed = r#"{"Id":"a","Image":"sha256:0123"}"#;
    known.listed(&serde_json::from_str(renamed).unwrap()).unwrap();
    assert_eq!((&*known.facts.image, &*known.facts.version), ("api:1", "1"));
}

#[test]
fn an_end_is_remembered_while_the_next_run_goes_on() {
    let mut known = listed(r#"{"Id":"a","State":"running","Status":"Up 1 second"}"#);
    let restarted = r#"{"Id":"a","Name":"/a","RestartCount":3,"State":{"Status":"running","ExitCode":0,
        "StartedAt":"2026-01-01T00:00:10Z","FinishedAt":"2026-01-01T00:00:09Z"}}"#;
    inspect(&mut known, restarted);
    assert_eq!(known.facts.end, None, "an exit code of a run that goes on means nothing");
    known.ended(Some(7), true, Timestamp(1));
    inspect(&mut known, restarted);
    assert_eq!(known.facts.end, Some(End { code: 7, oom: true, at: Some(Timestamp(1)) }));
    assert_eq!((known.facts.restarts, known.facts.starved), (Some(3), false));
    let first = r#"{"Id":"a","Name":"/a","State":{"Status":"running","FinishedAt":"0001-01-01T00:00:00Z"}}"#;
    inspect(&mut known, first);
    assert_eq!(known.facts.end, None, "the first run has none before it");
}

#[test]
fn a_change_of_state_in_a_list_asks_for_a_closer_look() {
    let mut known = listed(r#"{"Id":"a","State":"running","Status":"Up 3 hours (healthy)"}"#);
    inspect(
        &mut known,
        r#"{"Id":"a","Name":"/a","State":{"Status":"running","Health":{"Status":"healthy"}}}"#,
    );
    let again = |known: &mut Known, status: &str| {
        let json = format!(r#"{{"Id":"a","State":"running","Status":"{status}"}}"#);
        known.listed(&serde_json::from_str(&json).unwrap()).unwrap();
        known.inspected
    };
    assert!(again(&mut known, "Up 4 hours (healthy)"));
    known.inspected = true;
    assert!(!again(&mut known, "Up 4 seconds (healthy)"), "it may be another run");
    known.inspected = true;
    assert!(!again(&mut known, "Up Less than a second (healthy)"), "so may this");
    known.inspected = true;
    assert!(!again(&mut known, "Up 4 hours (unhealthy)"));
    assert_eq!(known.facts.level(), Level::Bad);
}

#[test]
fn an_id_that_would_lead_elsewhere_is_none() {
    for bad in ["", "../../etc", "a/b", "a?b", "a b"] {
        assert_eq!(id(bad), None, "{bad}");
    }
    assert_eq!(id("0af3"), Some("0af3".into()));
}

#[test]
fn hostile_words_reach_no_terminal() {
    let known = listed(
        r#"{"Id":"a","Names":["/\u001b[2Jx"],"Image":"i\u0007","State":"running","Labels":{"com.docker.compose.project":"\u202ep"}}"#,
    );
    for word in [&known.name, &known.facts.image, &known.facts.project] {
        assert!(!word.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{word:?}");
    }
}

#[test]
fn two_measurements_tell_how_busy_it_is_and_one_tells_nothing() {
    let stats = |used: u64, system: u64, pre: &str| -> Stats {
        serde_json::from_str(&format!(
            r#"{{"read":"2026-01-01T00:00:10Z","preread":"0001-01-01T00:00:00Z","precpu_stats":{pre},
                "cpu_stats":{{"cpu_usage":{{"total_usage":{used}}},"system_cpu_usage":{system},"online_cpus":2}},
                "memory_stats":{{"usage":3145728,"stats":{{"inactive_file":1048576,"odd":"x"}}}}}}"#
        ))
        .unwrap()
    };
    let mut known = Known::default();
    known.measured(&stats(1_000, 10_000, "{}"));
    assert_eq!((known.facts.cpu_percent, known.facts.memory), (None, Some(2 << 20)));
    known.measured(&stats(6_000, 20_000, "{}"));
    assert_eq!(known.facts.cpu_percent, Some(100.0));
}
