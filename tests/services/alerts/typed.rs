//! Silences whose matchers were typed, and what is left of them when they are over.
use firedeck::domain::action::Verb;
use firedeck::domain::alert::AlertState;
use firedeck::domain::alert::matcher::parse;
use firedeck::domain::level::Level;
use serde_json::json;

use super::desk::{Desk, managers};
use super::post;
use crate::suite::setting;

#[tokio::test]
async fn a_silence_by_typed_matchers_holds_what_they_hit_and_is_seen_after_its_end() {
    let mut desk = Desk::whole().await;
    for address in [setting("ALERTMANAGER_A"), setting("ALERTMANAGER_B")] {
        for (pod, env) in [("t-1", "prod"), ("t-2", ""), ("t-3", "dev"), ("u-1", "prod")] {
            post(&address, json!({"alertname": "Typed", "pod": pod, "env": env}), 600).await;
        }
    }
    let row = desk
        .until("all four", |desk| {
            let typed = desk.named("Typed");
            (typed.len() == 4 && typed.iter().all(|(_, alert)| alert.seen_by.len() == managers()))
                .then(|| typed[0].0.clone())
        })
        .await;
    let matchers = parse("alertname=Typed, pod=~\"t-.*\" env!=dev").expect("matchers");
    let verb = Verb::Silence { matchers: matchers.clone(), seconds: 600, comment: "typed".into() };
    let found = desk.look(&row, verb.clone()).await;
    assert!(found.effect[0].starts_with("hits 2 of "), "{found:#?}");
    let says = desk.done(&row, verb).await;
    assert!(says.contains("2 alerts held back"), "{says}");
    let id = desk
        .until("two held back", |desk| {
            let typed = desk.named("Typed");
            let mut held = typed.iter().filter(|(_, alert)| alert.state == AlertState::Silenced);
            let (one, other) = (held.next()?, held.next()?);
            (one.1.silenced_by == other.1.silenced_by && held.next().is_none())
                .then(|| one.1.silenced_by[0].clone())
        })
        .await;
    let made = desk.until("the silence", |desk| desk.silence(&id).map(|(row, _)| row.clone())).await;
    desk.done(&made, Verb::Expire).await;
    let over = desk
        .until("its end", |desk| {
            let (row, silence) = desk.silence(&id)?;
            (silence.is_over() && silence.seen_by.len() == managers()).then(|| (row.clone(), silence.clone()))
        })
        .await;
    assert_eq!((over.0.level(), &over.1.matchers, over.1.holds), (Level::Done, &matchers, 0));
    // What it would hold now is told, and it can be made again.
    let inspection = desk.backend.inspect(&over.0.id).await;
    let would = inspection.sections.iter().find(|section| &*section.title == "Would hold back now");
    assert_eq!(would.expect("what it would hold").lines.len(), 2, "{inspection:#?}");
    let again = Verb::Silence { matchers, seconds: 600, comment: "typed".into() };
    let says = desk.done(&over.0, again).await;
    assert!(says.contains("2 alerts held back"), "{says}");
    let again = desk
        .until("the new one", |desk| {
            let ids = desk.named("Typed").into_iter().flat_map(|(_, alert)| alert.silenced_by.iter());
            ids.filter(|new| **new != id).find_map(|new| desk.silence(new).map(|(row, _)| row.clone()))
        })
        .await;
    assert_ne!(again.id, over.0.id);
    desk.done(&again, Verb::Expire).await;
}
