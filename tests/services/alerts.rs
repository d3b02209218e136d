//! Alerts on two real Alertmanagers in one cluster, an old one and a new one, and a Prometheus that feeds both.
mod desk;
mod seen;
mod typed;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use firedeck::domain::action::{Check, Looked, Native, Outcome, Verb};
use firedeck::domain::alert::{Alert, AlertState, Matcher};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::object::Kind;
use firedeck::domain::settings::Endpoint;
use firedeck::domain::settings::endpoint::{Backend as Server, SecretRef};
use firedeck::sources::{http, now};
use serde_json::{Value, json};

use crate::common::fault::http::Answer;
use crate::common::fault::{Fault, Proxy};
use crate::suite::setting;
pub(crate) use desk::calm;
use desk::{Desk, WHO, endpoint, feed, managers, storm};

fn silence(labels: &[(&str, &str)], comment: &str) -> Verb {
    let matchers = labels.iter().map(|(name, value)| Matcher::equals(*name, *value)).collect();
    Verb::Silence { matchers, seconds: 7_200, comment: comment.into() }
}

/// Whether `2h`, `1h 59m` or `40m` is so many minutes.
fn within(span: &str, minutes: RangeInclusive<u32>) -> bool {
    let parts = span.split(' ').map(|part| match (part.strip_suffix('h'), part.strip_suffix('m')) {
        (Some(hours), _) => hours.parse().ok().map(|hours: u32| hours * 60),
        (_, Some(minutes)) => minutes.parse().ok(),
        _ => None,
    });
    parts.sum::<Option<u32>>().is_some_and(|all| minutes.contains(&all))
}

/// Sends to one Alertmanager, as somebody else would.
async fn send(address: &str, path: &str, body: Value) {
    let url = format!("http://{address}/api/v2/{path}").parse().expect("an address");
    let client = http::Way::plain(&url, Duration::from_secs(5)).expect("a client").client().clone();
    let sent =
        client.post(url).header("content-type", "application/json").body(body.to_string()).send().await;
    assert!(sent.expect("an answer").status().is_success());
}

pub(crate) async fn post(address: &str, labels: Value, seconds: u64) {
    let ends = now().plus(Duration::from_secs(seconds)).rfc3339();
    send(address, "alerts", json!([{"labels": labels, "endsAt": ends}])).await;
}

#[tokio::test]
async fn each_alert_is_one_row_with_the_word_of_every_server() {
    let mut desk = Desk::whole().await;
    let down = desk
        .until("both alerts of one name", |desk| {
            let down = desk.named("Down");
            let all = |alert: &Alert| alert.seen_by.len() == 3;
            (down.len() == 2 && down.iter().all(|(_, alert)| all(alert))).then(|| {
                down.iter().map(|(row, alert)| ((*row).clone(), (*alert).clone())).collect::<Vec<_>>()
            })
        })
        .await;
    for (row, alert) in &down {
        assert_eq!((row.level(), row.status().as_ref()), (Level::Bad, "firing"));
        assert_eq!(alert.label("cluster").map(|value| &**value), Some("eu"), "put on when it was sent");
        assert_eq!(alert.value.as_deref(), Some("0"));
        assert_eq!(alert.expression.as_deref(), Some("vector(0)"));
        assert_eq!(alert.receivers.len(), 1);
        assert!(alert.apart.starts_with("web-"), "{}", alert.apart);
        assert!(alert.generator.is_some() && &*row.id.context == "am-a+am-b");
    }
    assert!(down.iter().any(|(_, alert)| alert.runbook.as_deref() == Some("https://runbooks.example/down")));
    let (row, slow) = desk.one("Slow", managers() + 1).await;
    assert_eq!((slow.state, slow.value.as_deref()), (AlertState::Inhibited, Some("+Inf")));
    assert_eq!(row.level(), Level::Done);
    let (_, odd) = desk.one("Odd", managers() + 1).await;
    assert_eq!(odd.value.as_deref(), Some("NaN"));
    let (row, later) = desk.one("Later", 1).await;
    assert_eq!((later.state, row.level()), (AlertState::Pending, Level::Warn));
    let (row, _) = desk.one("Watchdog", managers() + 1).await;
    assert_eq!(row.level(), Level::Fine);
    let (up, down) = desk
        .until("two targets", |desk| {
            let up = desk.targets().find(|target| target.up == Some(true)).cloned();
            up.zip(desk.targets().find(|target| target.up == Some(false)).cloned())
        })
        .await;
    assert_eq!((&*up.job, &*up.error), ("self", ""));
    assert!(down.error.contains("refused"), "{}", down.error);
    for (feed, product) in [
        (feed(Server::Alertmanager, "am-b"), "Alertmanager 0."),
        (feed(Server::Prometheus, "prom"), "Prometheus "),
    ] {
        let version = desk.until(product, |desk| desk.places.get(&feed)?.version.clone()).await;
        assert!(version.starts_with(product), "{version}");
    }
    let place = &desk.places[&feed(Server::Alertmanager, "am-a")];
    assert_eq!(place.rights.as_deref(), Some("one of 2 in its cluster"));
    assert_eq!(desk.begun[&Kind::Alert], 1, "one picture, and changes to it");
}

#[tokio::test]
async fn a_silence_shows_what_it_hits_holds_it_back_is_extended_and_ends() {
    let mut desk = Desk::whole().await;
    let (row, _) = desk
        .until("the alert", |desk| {
            let quiet = desk.named("Quiet").into_iter().find(|(_, alert)| alert.apart.contains("q-1"));
            quiet
                .filter(|(_, alert)| alert.seen_by.len() == managers() + 1)
                .map(|(row, alert)| (row.clone(), alert.clone()))
        })
        .await;
    let verb = silence(&[("alertname", "Quiet")], "being looked at");
    let found = desk.look(&row, verb.clone()).await;
    assert_eq!((&found.allowed, found.identity.as_deref()), (&Check::Yes, Some(WHO)));
    assert!(
        found.effect[0].starts_with("hits 2 of ") && found.effect[0].contains("1 of them critical"),
        "{found:#?}"
    );
    assert!(
        found.effect[1].starts_with("Quiet (critical)") && found.effect[1].contains("pod=q-1"),
        "{found:#?}"
    );
    assert_eq!(found.effect.last().map(String::as_str), Some("its comment: being looked at"));
    assert!(found.warnings.is_empty() && found.drift.is_none() && !found.undo.is_empty(), "{found:#?}");
    let says = desk.done(&row, verb.clone()).await;
    assert!(says.contains("2 alerts held back") && says.contains("for 2h"), "{says}");
    let id = desk
        .until("both held back", |desk| {
            let quiet = desk.named("Quiet");
            let held = quiet.iter().all(|(row, alert)| {
                alert.state == AlertState::Silenced
                    && row.level() == Level::Done
                    && alert.silenced_until.is_some()
            });
            (quiet.len() == 2 && held).then(|| quiet[0].1.silenced_by[0].clone())
        })
        .await;
    let made = desk
        .until("the silence on both", |desk| {
            let (row, silence) = desk.silence(&id)?;
            (silence.holds == 2 && silence.seen_by.len() == managers())
                .then(|| (row.clone(), silence.clone()))
        })
        .await;
    assert_eq!((&*made.1.by, &*made.1.comment), (WHO, "being looked at"));
    let found = desk.look(&row, verb).await;
    assert!(
        found.warnings.iter().any(|one| one.contains("2 of them silenced already by jane@bastion")),
        "{found:#?}"
    );

    let found = desk.look(&made.0, Verb::Extend { seconds: 3_600, until: None }).await;
    // Some time has gone by since it was made.
    let (old, new) = found.effect[0].split_once(" → in ").expect("two ends");
    let old = old.rsplit("ends in ").next().unwrap_or_default();
    assert!(within(old, 110..=120) && within(new, 170..=180), "{found:#?}");
    assert!(matches!(found.actions[0].native.verb, Verb::Extend { until: Some(_), .. }), "{found:#?}");
    let says = desk.done(&made.0, Verb::Extend { seconds: 3_600, until: None }).await;
    let ends = says.strip_prefix("ends in ").unwrap_or_default();
    assert!(within(ends, 170..=180) && !says.contains("new id"), "{says}");
    let longer = desk
        .until("a later end", |desk| {
            let (_, silence) = desk.silence(&id)?;
            (silence.ends.zip(made.1.ends)).filter(|(new, old)| new.0 - old.0 == 3_600_000)
        })
        .await;
    assert_eq!(desk.silence(&id).expect("the same").1.starts, made.1.starts, "{longer:?}");

    // What was looked at before somebody else changed it is not touched.
    let stale = desk.look(&made.0, Verb::Expire).await.actions.remove(0);
    desk.done(&made.0, Verb::Extend { seconds: 60, until: None }).await;
    let Outcome::Refused { why } = desk.act(stale).await else { panic!("not refused") };
    assert!(why.contains("changed since it was shown"), "{why}");

    let found = desk.look(&made.0, Verb::Expire).await;
    assert!(found.effect.iter().any(|line| line.contains("2 alerts are told again")), "{found:#?}");
    desk.done(&made.0, Verb::Expire).await;
    desk.until("both told again", |desk| {
        let firing = desk.named("Quiet").iter().all(|(_, alert)| alert.state == AlertState::Firing);
        (firing && desk.silence(&id).is_none_or(|(_, silence)| silence.is_over())).then_some(())
    })
    .await;
    let found = desk.look(&made.0, Verb::Expire).await;
    assert!(found.drift.is_some_and(|why| why.contains("has ended already")));
}

#[tokio::test]
async fn a_silence_that_somebody_else_made_is_seen_with_its_maker() {
    let mut desk = Desk::whole().await;
    desk.one("Elsewhere", managers() + 1).await;
    let body = json!({
        "matchers": [{"name": "alertname", "value": "Else.*", "isRegex": true}],
        "startsAt": now().rfc3339(), "endsAt": now().plus(Duration::from_mins(10)).rfc3339(),
        "createdBy": "joe", "comment": "known",
    });
    send(&setting("ALERTMANAGER_B"), "silences", body).await;
    let id = desk
        .until("it held back", |desk| {
            let (_, alert) = desk.named("Elsewhere").into_iter().next()?;
            (alert.state == AlertState::Silenced).then(|| alert.silenced_by[0].clone())
        })
        .await;
    let row = desk
        .until("the silence", |desk| {
            let (row, silence) = desk.silence(&id)?;
            // It ends in ten minutes and holds something back.
            (silence.ends_soon && row.level() == Level::Warn && &*silence.by == "joe").then(|| row.clone())
        })
        .await;
    let found = desk.look(&row, Verb::Expire).await;
    assert!(found.effect[0].starts_with("alertname=~\"Else.*\" ends now"), "{found:#?}");
    assert_eq!(found.warnings, ["joe made it, not you"]);
    desk.done(&row, Verb::Expire).await;
}

#[tokio::test]
async fn a_hostile_label_is_harmless_on_the_screen_and_is_silenced_as_it_is() {
    let mut desk = Desk::whole().await;
    let (row, alert) = desk.one("Hostile", managers() + 1).await;
    let shown = alert.label("service").expect("the label").clone();
    assert_eq!(&*shown, "a\u{fffd}bc d");
    let labels: Vec<(&str, &str)> = alert.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    let found = desk.look(&row, silence(&labels, "")).await;
    assert!(found.effect[0].starts_with("hits 1 of "), "{found:#?}");
    let says = desk.done(&row, silence(&labels, "odd")).await;
    assert!(says.starts_with("1 alert held back"), "{says}");
    let held = desk.until("it held back", |desk| {
        let (_, alert) = desk.named("Hostile").into_iter().next()?;
        (alert.state == AlertState::Silenced).then(|| alert.silenced_by[0].clone())
    });
    let id = held.await;
    let row = desk.until("the silence", |desk| desk.silence(&id).map(|(row, _)| row.clone())).await;
    desk.done(&row, Verb::Expire).await;
}

#[tokio::test]
async fn what_would_hit_everything_is_refused_and_so_is_a_silence_that_never_was() {
    let mut desk = Desk::whole().await;
    let (row, _) = desk.one("Odd", managers() + 1).await;
    let found = desk.look(&row, silence(&[], "all")).await;
    assert!(matches!(found.allowed, Check::No(_)), "{found:#?}");
    let outcome = desk.act(Looked {
        native: Native { target: row.id.clone(), uid: row.uid.clone(), verb: silence(&[], "all") },
        generation: None,
        also: None,
    });
    assert!(matches!(outcome.await, Outcome::Refused { .. }));
    let mut gone = row;
    gone.id.kind = Kind::Silence;
    gone.id.name = "00000000-0000-4000-8000-000000000000".into();
    let found = desk.look(&gone, Verb::Expire).await;
    assert!(found.drift.is_some_and(|why| why.contains("is gone")));
}

#[tokio::test]
async fn one_alertmanager_down_takes_nothing_away_and_the_other_is_asked_to_silence() {
    let backend: SocketAddr = setting("ALERTMANAGER_A").parse().expect("an address");
    let proxy = Proxy::before(backend).await;
    let mut desk = Desk::of(&[
        (Server::Alertmanager, "am-a", &proxy.address().to_string()),
        (Server::Alertmanager, "am-b", &setting("ALERTMANAGER_B")),
        (Server::Prometheus, "prom", &setting("PROMETHEUS")),
    ])
    .await;
    let (_, before) = desk.one("Alone", managers() + 1).await;
    proxy.set(Fault::Refuse).await;
    let a = feed(Server::Alertmanager, "am-a");
    desk.until("am-a down", |desk| match desk.states.get(&a)? {
        FeedState::Down { why, .. } => Some(why.clone()),
        _ => None,
    })
    .await;
    let (row, after) = desk.one("Alone", 2).await;
    assert_eq!((before.state, after.state), (AlertState::Firing, AlertState::Firing));
    assert!(after.not_seen_by.is_empty(), "who does not answer is not said to disagree");
    let b = feed(Server::Alertmanager, "am-b");
    desk.until("am-b live", |desk| (desk.states.get(&b)? == &FeedState::Live).then_some(())).await;
    let labels: &[(&str, &str)] = &[("alertname", "Alone")];
    let says = desk.done(&row, silence(labels, "alone")).await;
    assert!(says.contains("held back by am-b"), "{says}");
    proxy.set(Fault::Pass).await;
    let id = desk
        .until("it held back by both", |desk| {
            let (_, alert) = desk.named("Alone").into_iter().next()?;
            (alert.seen_by.len() == 3 && alert.state == AlertState::Silenced)
                .then(|| alert.silenced_by[0].clone())
        })
        .await;
    let row = desk.until("the silence", |desk| desk.silence(&id).map(|(row, _)| row.clone())).await;
    // No answer comes back: whether it was done is found out by looking again.
    proxy.set(Fault::BlackHole).await;
    desk.done(&row, Verb::Expire).await;
}

#[tokio::test]
async fn a_member_that_does_not_know_an_alert_is_named() {
    let mut desk = Desk::whole().await;
    post(&setting("ALERTMANAGER_A"), json!({"alertname": "Half", "severity": "warning"}), 300).await;
    let (_, half) = desk.one("Half", 1).await;
    assert!(half.not_seen_by.is_empty());
    desk.until("the disagreement", |desk| {
        let (_, half) = desk.named("Half").into_iter().next()?;
        (half.not_seen_by.iter().map(|name| &**name).collect::<Vec<_>>() == ["am-b"]).then_some(())
    })
    .await;
}

/// Older ones do not say it at all; where one of a cluster does not, the alert is taken to be told.
#[tokio::test]
async fn what_a_time_interval_mutes_is_said_to_be_muted() {
    let mut desk = Desk::of(&[(Server::Alertmanager, "am-b", &setting("ALERTMANAGER_B"))]).await;
    desk.until("it muted", |desk| {
        let (row, alert) = desk.named("AtNight").into_iter().next()?;
        let names: Vec<&str> = alert.muted_by.iter().map(|name| &**name).collect();
        (alert.state == AlertState::Muted && names == ["always"] && row.level() == Level::Done).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_wants_a_login_or_is_none_says_so_and_the_others_stay() {
    let proxy = Proxy::before(setting("ALERTMANAGER_A").parse().expect("an address")).await;
    let address = proxy.address().to_string();
    for (code, body, wanted) in [
        (401, "", "not logged in"),
        (403, "", "credentials"),
        (503, "", "busy"),
        (302, "", "leads to"),
        (200, "<html>please log in</html>", "does not answer as it should"),
        (200, "[{\"labels\": {\"alertname\": \"cut o", "does not answer as it should"),
    ] {
        proxy.forget_answers();
        proxy.answer("GET /api/v2/", Answer::body(code, body));
        let mut desk = Desk::of(&[
            (Server::Alertmanager, "am-a", &address),
            (Server::Prometheus, "prom", &setting("PROMETHEUS")),
        ])
        .await;
        let own = feed(Server::Alertmanager, "am-a");
        desk.until(wanted, |desk| match desk.states.get(&own)? {
            FeedState::Down { why, .. } if why.contains(wanted) => Some(()),
            FeedState::Forbidden { needs } if needs.contains(wanted) => Some(()),
            _ => None,
        })
        .await;
        desk.until("the other live", |desk| {
            (desk.states.get(&feed(Server::Prometheus, "prom"))? == &FeedState::Live).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_one_is_said_to_be_wrong() {
    let c = feed(Server::Alertmanager, "am-c");
    let with = |username: Option<&str>, password: Option<SecretRef>| {
        let plain = endpoint(Server::Alertmanager, "am-c", &setting("ALERTMANAGER_C"));
        Desk::with(vec![Endpoint { username: username.map(Into::into), password, ..plain }])
    };
    let mut desk = with(Some("jane"), Some(SecretRef::Env("hunter2".into())));
    desk.until("it live", |desk| (desk.states.get(&c)? == &FeedState::Live).then_some(())).await;
    assert_eq!(desk.places[&c].rights.as_deref(), Some("alone"));
    for (username, password, wanted) in [
        (Some("jane"), Some(SecretRef::Env("wrong".into())), "not logged in"),
        (None, None, "not logged in: set `token`, or `username` and `password`"),
        (Some("jane"), Some(SecretRef::Command(vec!["pass".into()])), "is not there"),
    ] {
        let mut desk = with(username, password);
        desk.until(wanted, |desk| match desk.states.get(&c)? {
            FeedState::Down { why, .. } if why.contains(wanted) => Some(()),
            _ => None,
        })
        .await;
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_named() {
    let proxy = crate::suite::proxy(crate::suite::As::Admin).await;
    let plain = endpoint(Server::Alertmanager, "am-a", "");
    let mut desk = Desk::with(vec![Endpoint { url: format!("https://{}", proxy.address()), ..plain }]);
    desk.until("the reason", |desk| match desk.states.get(&feed(Server::Alertmanager, "am-a"))? {
        FeedState::Down { why, .. } if why.contains("an authority we do not trust") => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_watchdog_that_stops_is_a_red_row() {
    let mut desk = Desk::whole().await;
    let labels = json!({"alertname": "DeadMansSwitch", "severity": "none"});
    let both = [setting("ALERTMANAGER_A"), setting("ALERTMANAGER_B")];
    for address in &both {
        post(address, labels.clone(), 300).await;
    }
    let (row, _) = desk.one("DeadMansSwitch", managers()).await;
    assert_eq!(row.level(), Level::Fine);
    for address in &both {
        post(address, labels.clone(), 0).await;
    }
    desk.until("it missing", |desk| {
        let (row, alert) = desk.named("DeadMansSwitch").into_iter().next()?;
        (alert.missing_watchdog && row.level() == Level::Bad && row.status() == "missing").then_some(())
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_alerts_at_once_arrive_whole() {
    // One of its own: what this floods others look at.
    let _alone = storm().await;
    let mut desk = Desk::with(vec![endpoint(Server::Alertmanager, "am-d", &setting("ALERTMANAGER_D"))]);
    let url: reqwest::Url =
        format!("http://{}/api/v2/alerts", setting("ALERTMANAGER_D")).parse().expect("an address");
    let client = http::Way::plain(&url, Duration::from_secs(30)).expect("a client").client().clone();
    let storm = async |seconds: u64| {
        let ends = now().plus(Duration::from_secs(seconds)).rfc3339();
        for part in 0..20 {
            let all: Vec<Value> = (part * 500..(part + 1) * 500)
                .map(|n| {
                    json!({"labels": {"alertname": "Storm", "severity": "info", "instance": format!("node-{n}"),
                    "zone": format!("z{}", n % 7)}, "annotations": {"summary": format!("storm {n}")}, "endsAt": ends})
                })
                .collect();
            let sent = client.post(url.clone()).header("content-type", "application/json");
            let sent = sent.body(Value::from(all).to_string()).send().await;
            assert!(sent.expect("an answer").status().is_success());
        }
    };
    storm(300).await;
    desk.until("all of them", |desk| (desk.named("Storm").len() == 10_000).then_some(())).await;
    storm(0).await;
    desk.until("none of them", |desk| desk.named("Storm").is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_is_opened_says_who_tells_what() {
    let mut desk = Desk::whole().await;
    let (row, _) = desk.one("Slow", managers() + 1).await;
    let seen = desk.backend.inspect(&row.id).await;
    let lines: Vec<String> = seen
        .sections
        .iter()
        .flat_map(|section| {
            section.lines.iter().map(move |line| format!("{}/{}: {}", section.title, line.label, line.value))
        })
        .collect();
    let text = lines.join("\n");
    assert!(text.contains("Held back by/inhibited by: Down web-"), "{text}");
    assert!(text.contains("Alert/expression: vector(1) / vector(0)"), "{text}");
    assert!(text.contains("What each server says/am-a: inhibited since"), "{text}");
    assert_eq!((seen.uid, seen.missing.len()), (Some(row.uid), 0));
}
