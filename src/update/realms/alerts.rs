//! What can be done to the rows of the alerts pane.
use super::nothing;
use crate::domain::Text;
use crate::domain::action::{Native, Verb};
use crate::domain::alert::matcher::{self, Held, common, too_wide};
use crate::domain::alert::{Alert, AlertFacts, Matcher, Silence};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::settings::Action;
use crate::domain::settings::limit::parse_span;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::listing::Listing;
use crate::update::groups;

/// A silence that holds longer is a rule that should be changed.
const LONGEST_DAYS: u64 = 30;

pub fn native(model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    let Facts::Alerts(facts) = &object.facts else { return Err(nothing(action, object)) };
    let native = |uid: &Text, verb| Native { target: object.id.clone(), uid: uid.clone(), verb };
    match (action, facts) {
        (Action::Silence | Action::Matchers, AlertFacts::Alert(alert)) => {
            silence(action, &together(model, object, alert))
        }
        (Action::Silence | Action::Matchers, AlertFacts::Group(group)) => {
            silence(action, &alerts(model, group.members.iter()))
        }
        // Made anew: an ended one again, or one with other matchers.
        (Action::Silence | Action::Matchers, AlertFacts::Silence(silence)) => {
            let (matchers, comment) = (silence.matchers.clone(), silence.comment.to_string());
            Ok(native(&silence.id, Verb::Silence { matchers, seconds: 0, comment }))
        }
        (Action::Extend | Action::Expire, AlertFacts::Silence(silence)) if silence.is_over() => {
            Err("it has ended already: silence makes it anew".into())
        }
        (Action::Extend, AlertFacts::Silence(silence)) => {
            Ok(native(&silence.id, Verb::Extend { seconds: 0, until: None }))
        }
        (Action::Expire, AlertFacts::Silence(silence)) => Ok(native(&silence.id, Verb::Expire)),
        _ => Err(nothing(action, object)),
    }
}

/// One silence for all of them: it bears the name of the first.
fn silence(action: Action, together: &[(&Object, &Alert)]) -> Result<Native, String> {
    let Some((first, of)) = together.first() else { return Err("there is no alert to be silenced".into()) };
    let matchers = common(together.iter().map(|(_, alert)| &*alert.labels));
    if let Some(why) = too_wide(&matchers).filter(|_| action == Action::Silence) {
        return Err(why);
    }
    let verb = Verb::Silence { matchers, seconds: 0, comment: String::new() };
    Ok(Native { target: first.id.clone(), uid: of.fingerprint.clone(), verb })
}

/// The alerts that are meant together: those that are marked, if this one is among them.
fn together<'m>(model: &'m Model, object: &'m Object, alert: &'m Alert) -> Vec<(&'m Object, &'m Alert)> {
    let alone = vec![(object, alert)];
    let Some(listing) = model.listing(object.id.kind) else { return alone };
    // What was opened is what is read: marks that stand in the table behind it are not meant.
    if model.board.focus == PaneKind::Detail || !listing.marked().contains(&object.id) {
        return alone;
    }
    alerts(model, listing.marked().iter())
}

fn alerts<'m>(model: &'m Model, ids: impl Iterator<Item = &'m ObjectRef>) -> Vec<(&'m Object, &'m Alert)> {
    let rows = ids.filter_map(|id| model.listing(id.kind)?.get(id));
    let alerts = rows.filter_map(|object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => Some((object, &**alert)),
        _ => None,
    });
    alerts.collect()
}

/// The silences that hold any of these back, each once.
pub fn holding(model: &Model, targets: &[ObjectRef]) -> Vec<ObjectRef> {
    let members: Vec<ObjectRef> = targets.iter().flat_map(|target| groups::members(model, target)).collect();
    let held = alerts(model, members.iter());
    let holds = |silence: &Silence| held.iter().any(|(_, alert)| alert.silenced_by.contains(&silence.id));
    let rows = model.listing(Kind::Silence).into_iter().flat_map(Listing::all);
    let holding = rows.filter(|object| match &object.facts {
        Facts::Alerts(AlertFacts::Silence(silence)) => !silence.is_over() && holds(silence),
        _ => false,
    });
    let mut ids: Vec<ObjectRef> = holding.map(|object| object.id.clone()).collect();
    ids.sort();
    ids
}

/// The filter of alerts that a silence holds back; where it holds none now, of those that it would.
pub fn what_it_holds(model: &Model, target: &ObjectRef) -> Option<String> {
    match &model.listing(target.kind)?.get(target)?.facts {
        Facts::Alerts(AlertFacts::Silence(silence)) if silence.holds == 0 => Some(written(&silence.matchers)),
        Facts::Alerts(AlertFacts::Silence(silence)) => Some(format!("silence=\"{}\"", silence.id)),
        _ => None,
    }
}

/// The alert in view that holds this one back.
pub fn inhibitor(model: &Model, target: &ObjectRef) -> Option<ObjectRef> {
    let held = alerts(model, std::iter::once(target));
    let (_, alert) = held.first()?;
    let mut rows = model.listing(Kind::Alert)?.all();
    let holds = rows.find(|object| {
        matches!(&object.facts, Facts::Alerts(AlertFacts::Alert(other))
        if alert.inhibited_by.contains(&other.fingerprint))
    });
    holds.map(|object| object.id.clone())
}

/// What is meant by these rows: what is done to silences is done to those that hold the alerts back.
pub fn meant(model: &Model, action: Action, targets: Vec<ObjectRef>) -> Result<Vec<ObjectRef>, String> {
    let of_silences = matches!(action, Action::Extend | Action::Expire);
    let alerts = |target: &ObjectRef| matches!(target.kind, Kind::Alert | Kind::AlertGroup);
    if !of_silences || !targets.iter().all(alerts) {
        return Ok(targets);
    }
    let holding = holding(model, &targets);
    if holding.is_empty() {
        return Err(match targets.as_slice() {
            [one] => format!("no silence holds {one} back"),
            many => format!("no silence holds any of these {} back", many.len()),
        });
    }
    Ok(holding)
}

pub fn value(_model: &Model, action: Action, natives: &[Native]) -> Option<(String, String)> {
    let first = natives.first()?;
    match &first.verb {
        Verb::Silence { matchers, .. } if action == Action::Matchers => {
            Some(("silence what has (=, !=, =~, !~):".into(), written(matchers)))
        }
        Verb::Silence { comment, .. } => {
            Some(("silence for how long, and why (2h being looked at):".into(), format!("2h {comment}")))
        }
        Verb::Extend { .. } if natives.len() == 1 => {
            Some(("let it hold how much longer:".into(), "1h".into()))
        }
        Verb::Extend { .. } => {
            Some((format!("let {} silences hold how much longer:", natives.len()), "1h".into()))
        }
        _ => None,
    }
}

fn written(matchers: &[Matcher]) -> String {
    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

pub fn typed(native: &mut Native, action: Action, text: &str) -> Result<(), String> {
    let text = text.trim();
    match &mut native.verb {
        Verb::Silence { matchers, .. } if action == Action::Matchers => {
            let read = matcher::parse(text)?;
            if let Some(why) = too_wide(&read) {
                return Err(why);
            }
            Held::new(&read)?;
            *matchers = read;
        }
        Verb::Silence { seconds, comment, .. } => {
            let (span, why) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            *seconds = seconds_of(span)?;
            if why.trim().is_empty() {
                return Err("say why too: whoever comes next has only these words to go by".into());
            }
            why.trim().clone_into(comment);
        }
        Verb::Extend { seconds, .. } => *seconds = seconds_of(text)?,
        _ => {}
    }
    Ok(())
}

fn seconds_of(text: &str) -> Result<u64, String> {
    let span = parse_span(text).ok_or_else(|| format!("`{text}` is no span of time: write 30m, 2h or 1d"))?;
    match span.as_secs() {
        0 => Err(format!("`{text}` is no time at all")),
        seconds if seconds > LONGEST_DAYS * 86_400 => {
            Err(format!("`{text}` is longer than {LONGEST_DAYS} days: change the rule instead"))
        }
        seconds => Ok(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feed::Feed;
    use crate::domain::level::Level;
    use crate::domain::news::Seen;
    use crate::domain::object::Kind;
    use crate::model::listing::Rank;

    fn row(kind: Kind, name: &str, facts: AlertFacts) -> Object {
        let id = ObjectRef { context: "am".into(), kind, namespace: "".into(), name: name.into() };
        let (uid, created) = (name.into(), crate::domain::time::Timestamp(0));
        Object { id, uid, created, deleting: false, owner: None, facts: Facts::Alerts(facts) }
    }

    fn alert(name: &str, labels: &[(&str, &str)]) -> Object {
        let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let alert = Alert { fingerprint: format!("f-{name}").into(), labels, ..Alert::default() };
        row(Kind::Alert, name, AlertFacts::Alert(Box::new(alert)))
    }

    fn with(rows: &[Object], marks: &[usize]) -> Model {
        let mut model = Model::default();
        let kind = rows[0].id.kind;
        let listing = model.objects.entry(kind).or_default();
        let rank = |_: &Object| Rank { level: Level::Fine, shown: true, ..Rank::default() };
        listing.apply(&Feed::Alerts, rows.iter().cloned().map(Seen::Is).collect(), rank);
        for at in marks {
            listing.toggle_mark(&rows[*at].id);
        }
        model
    }

    fn words(native: &Native) -> String {
        match &native.verb {
            Verb::Silence { matchers, .. } => {
                matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn one_alert_is_silenced_by_all_its_labels_and_several_by_what_they_share() {
        let rows = [
            alert("a", &[("alertname", "Down"), ("pod", "web-1")]),
            alert("b", &[("alertname", "Down"), ("pod", "web-2")]),
            alert("c", &[("alertname", "Other")]),
        ];
        let model = with(&rows, &[]);
        let one = native(&model, Action::Silence, &rows[0]).expect("a silence");
        assert_eq!(words(&one), "alertname=\"Down\" pod=\"web-1\"");
        let model = with(&rows, &[0, 1]);
        let both: Vec<Native> =
            rows[..2].iter().map(|row| native(&model, Action::Silence, row).expect("a silence")).collect();
        assert_eq!(both[0], both[1], "one silence for both");
        assert_eq!((words(&both[0]).as_str(), &*both[0].uid), ("alertname=\"Down\"", "f-a"));
        let model = with(&rows, &[0, 2]);
        let why = native(&model, Action::Silence, &rows[0]).expect_err("nothing in common");
        assert!(why.contains("would hit everything"), "{why}");
    }

    #[test]
    fn what_was_opened_is_silenced_alone_whatever_is_marked_behind_it() {
        let rows = [
            alert("a", &[("alertname", "Down"), ("pod", "web-1")]),
            alert("b", &[("alertname", "Down"), ("pod", "web-2")]),
        ];
        let mut model = with(&rows, &[0, 1]);
        model.board.focus = PaneKind::Detail;
        let one = native(&model, Action::Silence, &rows[0]).expect("a silence");
        assert_eq!(words(&one), "alertname=\"Down\" pod=\"web-1\"");
    }

    #[test]
    fn a_span_and_a_reason_are_typed() {
        let rows = [alert("a", &[("alertname", "Down")])];
        let mut silence = native(&with(&rows, &[]), Action::Silence, &rows[0]).expect("a silence");
        typed(&mut silence, Action::Silence, "90m being looked at ").expect("understood");
        assert!(
            matches!(&silence.verb, Verb::Silence { seconds: 5_400, comment, .. } if comment == "being looked at")
        );
        for text in ["", "2h", "2h  ", "soon x", "0s x", "400d x"] {
            assert!(typed(&mut silence, Action::Silence, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_silence_is_extended_or_ended_or_made_anew_with_its_own_words() {
        let matchers = vec![Matcher::equals("alertname", "Down")];
        let silence = Silence { id: "s-1".into(), comment: "disk".into(), matchers, ..Silence::default() };
        let rows = [row(Kind::Silence, "s-1", AlertFacts::Silence(Box::new(silence)))];
        let model = with(&rows, &[]);
        let mut extend = native(&model, Action::Extend, &rows[0]).expect("longer");
        typed(&mut extend, Action::Extend, " 1h ").expect("understood");
        assert_eq!(
            (extend.verb.clone(), &*extend.uid),
            (Verb::Extend { seconds: 3_600, until: None }, "s-1")
        );
        assert_eq!(native(&model, Action::Expire, &rows[0]).expect("ended").verb, Verb::Expire);
        let anew = native(&model, Action::Silence, &rows[0]).expect("made anew");
        assert_eq!(words(&anew), "alertname=\"Down\"");
        let (_, prefilled) = value(&model, Action::Silence, &[anew]).expect("asked for");
        assert_eq!(prefilled, "2h disk");
        let over = Silence { state: "expired".into(), ..Silence::default() };
        let over = row(Kind::Silence, "s-1", AlertFacts::Silence(Box::new(over)));
        assert!(
            native(&model, Action::Expire, &over).is_err() && native(&model, Action::Extend, &over).is_err()
        );
    }

    #[test]
    fn the_matchers_of_a_silence_are_edited_and_held_to_what_alertmanager_takes() {
        let rows = [alert("a", &[("alertname", "Down"), ("pod", "web-1")])];
        let mut silence = native(&with(&rows, &[]), Action::Matchers, &rows[0]).expect("a silence");
        let (_, prefilled) =
            value(&Model::default(), Action::Matchers, std::slice::from_ref(&silence)).expect("asked");
        assert_eq!(prefilled, "alertname=\"Down\" pod=\"web-1\"");
        typed(&mut silence, Action::Matchers, "alertname=Down, pod=~\"web-.*\" env!=dev").expect("read");
        assert_eq!(words(&silence), "alertname=\"Down\" pod=~\"web-.*\" env!=\"dev\"");
        for text in ["", "pod", "pod=~\".*\"", "pod=~\"(\"", "env!=dev"] {
            assert!(typed(&mut silence, Action::Matchers, text).is_err(), "{text}");
        }
        let nothing_shared = with(&[rows[0].clone(), alert("b", &[("alertname", "Up")])], &[0, 1]);
        assert!(native(&nothing_shared, Action::Matchers, &rows[0]).is_ok(), "they can be typed");
    }

    #[test]
    fn what_is_done_to_silences_reaches_them_from_the_alerts_they_hold() {
        let held = |name: &str, ids: &[&str]| {
            let silenced_by = ids.iter().map(|id| (*id).into()).collect();
            let alert = Alert { fingerprint: name.into(), silenced_by, ..Alert::default() };
            row(Kind::Alert, name, AlertFacts::Alert(Box::new(alert)))
        };
        let rows = [held("a", &["s-1"]), held("b", &["s-1", "s-2"]), held("c", &[])];
        let mut model = with(&rows, &[]);
        let silence = |id: &str| {
            let silence = Silence { id: id.into(), state: "active".into(), ..Silence::default() };
            Seen::Is(row(Kind::Silence, id, AlertFacts::Silence(Box::new(silence))))
        };
        let rank = |_: &Object| Rank { shown: true, ..Rank::default() };
        let listing = model.objects.entry(Kind::Silence).or_default();
        listing.apply(&Feed::Alerts, vec![silence("s-1"), silence("s-2"), silence("s-3")], rank);
        let of = |at: &[usize]| {
            let targets = at.iter().map(|at| rows[*at].id.clone()).collect();
            meant(&model, Action::Extend, targets)
                .map(|ids| ids.iter().map(|id| id.name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[0, 1]), Ok(vec!["s-1".to_owned(), "s-2".to_owned()]));
        assert_eq!(of(&[0]), Ok(vec!["s-1".to_owned()]));
        assert!(of(&[2]).is_err_and(|why| why.contains("no silence holds c back")));
        let own = vec![rows[2].id.clone()];
        assert_eq!(
            meant(&model, Action::Silence, own.clone()),
            Ok(own),
            "anything else is of what is selected"
        );
    }
}
