//! The time line: what comes and goes, what was done from here, what is gone, and whom somebody suspects.
use firedeck::domain::action::{Native, Outcome, Verb};
use firedeck::domain::alert::{Alert, AlertFacts, AlertState};
use firedeck::domain::change::{Change, ChangeKind};
use firedeck::domain::feed::Feed;
use firedeck::domain::news::{ActionId, Inspection, News, Seen};
use firedeck::domain::object::{Facts, Hpa, Kind, Object, ObjectRef};
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::{Deed, Model};
use firedeck::panes::{changes, text};

use super::{NOW, ago, cockpit, deployment, feed, id, news, press, say};

fn told(model: &Model) -> Vec<String> {
    changes::newest(model)
        .map(|change| format!("{} {}: {}", change.what.name(), change.target, change.says))
        .collect()
}

fn objects(model: &mut Model, kind: Kind, batch: Vec<Seen<Object>>) {
    news(model, vec![News::Objects(feed(kind), batch)]);
}

fn old(kind: Kind, namespace: &str, name: &str) -> Object {
    let mut object = deployment(namespace, name, "r.io/app:1.4", 2, 2);
    object.id.kind = kind;
    object.created = ago(90_000);
    object
}

fn hpa(min: u32, max: u32) -> Object {
    let facts = Facts::Hpa(Hpa { target: "deployment/web".into(), min, max, ..Hpa::default() });
    Object { id: id(Kind::Hpa, "shop", "web"), facts, ..old(Kind::Hpa, "shop", "web") }
}

#[test]
fn what_is_made_and_what_goes_is_told_even_when_its_end_was_not_seen() {
    let mut model = cockpit(120, 40);
    let (web, db) = (old(Kind::Deployment, "shop", "web"), old(Kind::StatefulSet, "shop", "db"));
    objects(&mut model, Kind::Deployment, vec![Seen::Is(web.clone())]);
    objects(&mut model, Kind::StatefulSet, vec![Seen::Begin, Seen::Is(db.clone()), Seen::End]);
    assert!(told(&model).is_empty(), "what stood before is no change: {:?}", told(&model));
    objects(&mut model, Kind::StatefulSet, vec![Seen::Begin, Seen::End]);
    assert_eq!(told(&model), ["rollout shop/db: deleted"]);
    objects(&mut model, Kind::Deployment, vec![Seen::Gone(web.id.clone())]);
    assert!(told(&model).contains(&"rollout shop/web: deleted".to_owned()), "{:?}", told(&model));
    let again = Object { created: NOW, ..web };
    objects(&mut model, Kind::Deployment, vec![Seen::Is(again)]);
    assert!(told(&model).contains(&"rollout shop/web: created again".to_owned()), "{:?}", told(&model));
    let young = Object { created: ago(60), ..old(Kind::Deployment, "shop", "new") };
    objects(&mut model, Kind::Deployment, vec![Seen::Is(young)]);
    assert!(told(&model).contains(&"rollout shop/new: created, revision 1".to_owned()), "{:?}", told(&model));
}

#[test]
fn a_stateful_set_that_rolls_and_an_autoscaler_that_is_edited_are_told() {
    let mut model = cockpit(120, 40);
    let mut db = old(Kind::StatefulSet, "shop", "db");
    objects(&mut model, Kind::StatefulSet, vec![Seen::Is(db.clone())]);
    objects(&mut model, Kind::Hpa, vec![Seen::Is(hpa(2, 6))]);
    if let Facts::Workload(workload) = &mut db.facts {
        workload.images = vec![("app".into(), "r.io/app:1.5".into())];
        workload.revision = None;
    }
    objects(&mut model, Kind::StatefulSet, vec![Seen::Is(db)]);
    objects(&mut model, Kind::Hpa, vec![Seen::Is(hpa(3, 10))]);
    let told = told(&model);
    assert!(told.iter().any(|line| line.starts_with("rollout shop/db: image 1.4 → 1.5")), "{told:?}");
    assert!(told.contains(&"scaling shop/web: min 2 → 3, max 6 → 10".to_owned()), "{told:?}");
}

fn alert() -> Object {
    let alert = Alert {
        name: "QueueBacklog".into(),
        severity: "critical".into(),
        labels: [("queue".into(), "orders".into())].into(),
        annotations: [("summary".into(), "18423 wait in orders".into())].into(),
        state: AlertState::Firing,
        since: Some(ago(300)),
        value: Some("18423".into()),
        ..Alert::default()
    };
    let id = ObjectRef {
        context: "am".into(),
        kind: Kind::Alert,
        namespace: "".into(),
        name: "QueueBacklog-5f3a".into(),
    };
    let facts = Facts::Alerts(AlertFacts::Alert(Box::new(alert)));
    Object { id, uid: "".into(), created: ago(300), deleting: false, owner: None, facts }
}

#[test]
fn an_alert_that_has_ended_is_opened_with_what_was_known_of_it() {
    let mut model = cockpit(120, 40);
    let alert = alert();
    let rows = |seen| News::Rows(Feed::Alerts, Kind::Alert, vec![seen]);
    news(&mut model, vec![rows(Seen::Is(alert.clone()))]);
    news(&mut model, vec![rows(Seen::Gone(alert.id.clone()))]);
    press(&mut model, "8 g Enter");
    let gone = Inspection {
        target: alert.id.clone(),
        uid: None,
        sections: Vec::new(),
        yaml: String::new(),
        events: Vec::new(),
        owners: Vec::new(),
        missing: vec!["alert QueueBacklog-5f3a is gone".into()],
    };
    for said_gone in [false, true] {
        if said_gone {
            news(&mut model, vec![News::Inspected(Box::new(gone.clone()))]);
        }
        let detail = model.detail.as_ref().expect("opened");
        let lines = text::plain(&model, detail).join("\n");
        for known in ["is gone", "18423 wait in orders", "orders", "critical"] {
            assert!(lines.contains(known), "{known}: {lines}");
        }
    }
}

fn deed(model: &mut Model, n: u64) -> ObjectRef {
    let target = id(Kind::Deployment, "shop", "worker");
    let native = Native { target: target.clone(), uid: "u".into(), verb: Verb::Scale { from: 3, to: 5 } };
    let (id, began, changed, outcome) = (ActionId(n), model.now, model.now, Outcome::Started);
    model.deeds.push(Deed { id, native, began, changed, outcome });
    target
}

#[test]
fn what_is_done_from_here_is_one_line_that_says_what_came_of_it() {
    let mut model = cockpit(120, 40);
    let target = deed(&mut model, 1);
    let acted = |outcome| News::Acted(ActionId(1), id(Kind::Deployment, "shop", "worker"), outcome);
    news(&mut model, vec![acted(Outcome::Accepted { says: "taken".into() })]);
    assert_eq!(told(&model), [format!("done here {target}: scale 3 → 5: accepted")]);
    news(&mut model, vec![acted(Outcome::Settled { says: "5 of 5 pods ready".into() })]);
    let done = format!("done here {target}: scale 3 → 5: 5 of 5 pods ready");
    assert_eq!(told(&model).first(), Some(&done));
    deed(&mut model, 2);
    let outcome = Outcome::Settled { says: "5 of 5 pods ready".into() };
    news(&mut model, vec![News::Acted(ActionId(2), target, outcome)]);
    assert_eq!(told(&model), [done.clone(), done], "what is done twice was done twice");
}

#[test]
fn what_was_refused_changed_nothing_and_is_not_told() {
    let mut model = cockpit(120, 40);
    let target = deed(&mut model, 1);
    news(&mut model, vec![News::Acted(ActionId(1), target, Outcome::Refused { why: "no".into() })]);
    assert!(told(&model).is_empty());
}

#[test]
fn a_suspect_is_recorded_and_is_there_again_after_the_next_start() {
    let mut model = cockpit(120, 40);
    objects(&mut model, Kind::Hpa, vec![Seen::Is(hpa(2, 6))]);
    objects(&mut model, Kind::Hpa, vec![Seen::Is(hpa(3, 6))]);
    let effects = press(&mut model, "8 g S");
    let marked: Vec<(String, Change)> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Suspect { name, change } => Some((name, *change)),
            _ => None,
        })
        .collect();
    assert!(matches!(&marked[..], [(_, change)] if change.suspect), "{marked:?}");

    let mut again = cockpit(120, 40);
    say(&mut again, Msg::Suspected(marked.clone()));
    let suspects = |model: &Model| changes::newest(model).filter(|change| change.suspect).count();
    assert_eq!((suspects(&again), told(&again).len()), (1, 1));
    // Where the sources have told it already, it is the same line.
    say(&mut again, Msg::Suspected(marked));
    assert_eq!((suspects(&again), told(&again).len()), (1, 1));
    assert!(changes::newest(&again).all(|change| change.what == ChangeKind::Scaling));
    let effects = press(&mut again, "8 g S");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Suspect { change, .. } if !change.suspect)));
}
