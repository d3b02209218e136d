//! Work with alerts as it is seen: in groups, from an alert to its silences and back, what was seen and when.
use firedeck::domain::action::{Native, Verb};
use firedeck::domain::alert::{AlertFacts, AlertState, Matcher, Silence};
use firedeck::domain::approval::Plan;
use firedeck::domain::feed::Feed;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};

use super::{alert, live, picture, row, snap, texts};
use crate::common::estate::{NOW, ago, news, press, say, type_text};

fn groups(model: &Model) -> Vec<String> {
    let rows = picture(model);
    rows.lines().filter(|line| line.contains("  +  ") || line.contains("  -  ")).map(str::to_owned).collect()
}

#[test]
fn alerts_stand_in_groups_that_fold_and_unfold() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = live(columns, rows);
        press(&mut model, "v");
        snap(&format!("alerts_grouped_{columns}x{rows}"), &model);
        type_text(&mut model, "g");
        press(&mut model, "Enter");
        snap(&format!("alerts_unfolded_{columns}x{rows}"), &model);
    }
    let mut model = live(120, 40);
    press(&mut model, "v");
    let folded = groups(&model);
    assert_eq!(folded.len(), 1, "one is no group: {folded:#?}");
    assert!(folded[0].contains("+   2 PodCrashLooping") && folded[0].contains("2 firing"));
    press(&mut model, "x");
    let whole = picture(&model);
    assert!(whole.contains("-   2 PodCrashLooping") && whole.contains("rest-api-5…-fnwp2 billing"));
    press(&mut model, "x");
    press(&mut model, "v");
    assert!(picture(&model).contains("PodCrashLooping worker-5dc8…-5rh92"), "one by one again");
}

#[test]
fn a_group_holds_what_the_filter_lets_through_and_stays_with_its_kind() {
    let mut model = live(120, 40);
    press(&mut model, "v");
    type_text(&mut model, "/severity=\"critical\" state=~firing|missing");
    press(&mut model, "Enter");
    let shown = groups(&model);
    assert_eq!(shown.len(), 1, "{shown:#?}");
    assert!(picture(&model).contains("3 of 8 · 1 group by alertname"), "{}", picture(&model));
    // Elsewhere and back: still in groups, without the filter.
    press(&mut model, "]");
    press(&mut model, "[");
    assert_eq!(groups(&model).len(), 1, "{:#?}", groups(&model));
    assert!(!picture(&model).contains(" of 8"), "{}", picture(&model));
}

#[test]
fn by_another_label_there_are_other_groups_and_one_that_nobody_has_is_refused() {
    let mut model = live(120, 40);
    press(&mut model, "V");
    type_text(&mut model, "severity");
    press(&mut model, "Enter");
    let shown = groups(&model);
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(shown[0].contains("+   4 critical") && shown[0].contains("3/4 firing"), "{shown:#?}");
    press(&mut model, "V");
    type_text(&mut model, "x");
    press(&mut model, "Enter");
    assert!(
        model.flash.as_ref().is_some_and(|flash| flash.bad && flash.text.contains("no alert has a label"))
    );
    assert_eq!(groups(&model).len(), 2);
}

#[test]
fn what_is_done_to_a_group_is_done_to_its_members() {
    let mut model = live(120, 40);
    press(&mut model, "v");
    type_text(&mut model, "g");
    let effects = press(&mut model, "A");
    let Some(Effect::Acknowledge { alerts, no_longer: false }) = effects.into_iter().next() else {
        panic!("not asked for")
    };
    assert_eq!(alerts.len(), 2);
    say(&mut model, Msg::Acknowledged { alerts, by: "jane".into(), no_longer: false });
    assert!(groups(&model)[0].contains("all seen"), "{:#?}", groups(&model));
    press(&mut model, "Space");
    assert_eq!(model.objects[&Kind::Alert].marked().len(), 2);
    snap("alerts_group_marked_and_seen_120x40", &model);
    press(&mut model, "Backspace");
    assert!(model.objects[&Kind::Alert].marked().is_empty());
    type_text(&mut model, "gS");
    assert!(picture(&model).contains("silence for how long"));
    type_text(&mut model, "looked at");
    let effects = press(&mut model, "Enter");
    let Some(Effect::Look(_, Plan::Native(natives))) = effects.into_iter().next() else {
        panic!("not asked")
    };
    let [Native { verb: Verb::Silence { matchers, .. }, .. }] = &*natives else { panic!("{natives:?}") };
    let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    assert_eq!(matchers, ["alertname=\"PodCrashLooping\"", "severity=\"critical\""]);
}

#[test]
fn matchers_are_edited_before_the_span_is_asked_for_and_a_mistake_loses_nothing() {
    let mut model = live(120, 40);
    press(&mut model, "M");
    snap("alerts_matchers_typed_120x40", &model);
    type_text(&mut model, " pod=~(");
    press(&mut model, "Enter");
    assert!(picture(&model).contains("pod=~("), "what was typed stands");
    let says = picture(&model).lines().last().unwrap_or_default().to_owned();
    assert!(says.contains("regular expression"), "why it was not taken is read below the line: {says}");
    type_text(&mut model, "web.*)");
    press(&mut model, "Enter");
    assert!(picture(&model).contains("silence for how long"), "{}", picture(&model));
}

#[test]
fn from_an_alert_to_what_holds_it_back_and_from_there_to_what_it_holds() {
    let mut model = live(120, 40);
    type_text(&mut model, "/DiskAlmost");
    press(&mut model, "Enter");
    press(&mut model, "h");
    assert_eq!(model.board.kind, Kind::Silence);
    let selected = |model: &Model, kind| model.objects[&kind].selected().expect("a row").name.to_string();
    assert_eq!(selected(&model, Kind::Silence), "5b2c");
    press(&mut model, "h");
    assert_eq!((model.board.kind, model.objects[&Kind::Alert].len()), (Kind::Alert, 1));
    assert!(selected(&model, Kind::Alert).starts_with("DiskAlmostFull"));
    press(&mut model, "+");
    assert!(picture(&model).contains("let it hold how much longer"), "{}", picture(&model));
}

#[test]
fn a_silence_that_ended_stands_below_with_when_it_ended() {
    let mut model = live(120, 40);
    let over = Silence {
        id: "9f00".into(),
        matchers: vec![Matcher::equals("alertname", "QueueBacklog")],
        starts: Some(ago(9_000)),
        ends: Some(ago(1_800)),
        by: "joe@bastion".into(),
        comment: "drained by hand".into(),
        state: "expired".into(),
        seen_by: texts(&["am-a", "am-b"]),
        ..Silence::default()
    };
    let row = row(Kind::Silence, "am-a+am-b", "", "9f00", over.starts, AlertFacts::Silence(Box::new(over)));
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Silence, vec![Seen::Is(row)])]);
    press(&mut model, "]");
    snap("silences_ended_120x40", &model);
    type_text(&mut model, "G-");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("ended already")));
    press(&mut model, "S");
    assert!(picture(&model).contains("2h drained by hand"));
    press(&mut model, "Esc h");
    let text = picture(&model);
    assert!(
        text.contains("1 of 8 · ") && text.contains("/alertname=\"QueueBacklog\""),
        "what it would hold: {text}"
    );
}

#[test]
fn what_others_do_to_silences_stands_on_the_time_line() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = live(columns, rows);
        let known =
            model.objects[&Kind::Silence].all().find(|row| &*row.id.name == "77aa").expect("it").clone();
        let mut over = known;
        if let Facts::Alerts(AlertFacts::Silence(silence)) = &mut over.facts {
            (silence.state, silence.ends, silence.holds, silence.ends_soon) =
                ("expired".into(), Some(NOW), 0, false);
        }
        news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Silence, vec![Seen::Is(over)])]);
        let alerts = vec![model.objects[&Kind::Alert].selected().expect("a row").clone()];
        say(&mut model, Msg::Acknowledged { alerts, by: "jane".into(), no_longer: false });
        press(&mut model, "8");
        snap(&format!("changes_of_silences_{columns}x{rows}"), &model);
    }
}

#[test]
fn what_was_seen_before_the_start_is_seen_still_unless_it_began_anew() {
    let mut model = live(120, 40);
    let of = |name: &str| {
        model.objects[&Kind::Alert]
            .all()
            .map(|row| row.id.clone())
            .find(|id| id.name.starts_with(name))
            .expect(name)
    };
    let (redis, queue) = (of("RedisMemoryFull"), of("QueueBacklog"));
    let said =
        vec![(redis.clone(), "jane".to_owned(), ago(3_500)), (queue.clone(), "joe".into(), ago(3_000))];
    say(&mut model, Msg::AcknowledgedBefore(said));
    assert!(model.acknowledged.contains_key(&redis), "it fires since before that");
    assert!(!model.acknowledged.contains_key(&queue), "it began later");
    let screen = picture(&model);
    assert!(screen.contains("seen 58m ago") && screen.contains("1 seen 58m ago"), "{screen}");
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Gone(redis.clone())])]);
    assert!(model.acknowledged.is_empty());
}

#[test]
fn the_address_of_the_runbook_is_copied() {
    let mut model = live(120, 40);
    press(&mut model, "B");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("no runbook")));
    let mut alert = alert("Down", "critical", "x", AlertState::Firing, 1, None);
    alert.runbook = Some("https://runbooks/down".into());
    let row = row(Kind::Alert, "am-a+am-b", "", "Down-x", alert.since, AlertFacts::Alert(Box::new(alert)));
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Is(row)])]);
    press(&mut model, "g");
    let effects = press(&mut model, "B");
    assert!(
        matches!(effects.as_slice(), [Effect::Copy(text)] if text == "https://runbooks/down"),
        "{effects:?}"
    );
}

#[test]
fn who_stands_on_an_alert_stays_on_it_while_its_group_comes_and_goes() {
    let mut model = live(120, 40);
    press(&mut model, "v");
    type_text(&mut model, "gj");
    let on = |model: &Model| model.objects[&Kind::AlertGroup].selected().expect("a row").name.to_string();
    let queue = on(&model);
    assert!(queue.starts_with("QueueBacklog-"), "{queue}");
    let second = alert("QueueBacklog", "critical", "shop mails", AlertState::Firing, 5, None);
    let second = row(Kind::Alert, "am-a+am-b", "", "Q2", second.since, AlertFacts::Alert(Box::new(second)));
    let id = second.id.clone();
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Is(second)])]);
    assert_eq!(on(&model), queue, "the next key is of the same alert");
    assert!(groups(&model).iter().any(|line| line.contains("-   2 QueueBacklog")), "{:#?}", groups(&model));
    // On the group, which comes to an end: what is left of it.
    type_text(&mut model, "g");
    assert_eq!(on(&model), "QueueBacklog", "the newest of the critical ones comes first");
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Gone(id)])]);
    assert_eq!(on(&model), queue);
}
