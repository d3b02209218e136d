//! What can be done to the rows of the alerts pane.
use super::nothing;
use crate::domain::action::{Native, Verb};
use crate::domain::alert::matcher::{common, too_wide};
use crate::domain::alert::{Alert, AlertFacts};
use crate::domain::object::{Facts, Object, ObjectRef};
use crate::domain::settings::Action;
use crate::domain::settings::limit::parse_span;
use crate::model::Model;
use crate::model::board::PaneKind;

/// A silence that holds longer is a rule that should be changed.
const LONGEST_DAYS: u64 = 30;

pub fn native(model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    let Facts::Alerts(facts) = &object.facts else { return Err(nothing(action, object)) };
    let native = |target: &ObjectRef, uid, verb| Native { target: target.clone(), uid, verb };
    match (action, facts) {
        (Action::Silence, AlertFacts::Alert(alert)) => {
            let together = together(model, object, alert);
            // One silence for all that are marked: it bears the name of the first.
            let (first, of) = together.first().copied().unwrap_or((object, alert));
            let matchers = common(together.iter().map(|(_, alert)| &*alert.labels));
            if let Some(why) = too_wide(&matchers) {
                return Err(why);
            }
            let verb = Verb::Silence { matchers, seconds: 0, comment: String::new() };
            Ok(native(&first.id, of.fingerprint.clone(), verb))
        }
        (Action::Extend, AlertFacts::Silence(silence)) => {
            Ok(native(&object.id, silence.id.clone(), Verb::Extend { seconds: 0, until: None }))
        }
        (Action::Expire, AlertFacts::Silence(silence)) => {
            Ok(native(&object.id, silence.id.clone(), Verb::Expire))
        }
        (Action::Extend | Action::Expire, AlertFacts::Alert(alert)) if !alert.silenced_by.is_empty() => {
            Err(format!("{} is of silences: ] shows those that hold it back", action.name()))
        }
        _ => Err(nothing(action, object)),
    }
}

/// The alerts that are meant together: those that are marked, if this one is among them.
fn together<'m>(model: &'m Model, object: &'m Object, alert: &'m Alert) -> Vec<(&'m Object, &'m Alert)> {
    let alone = vec![(object, alert)];
    let Some(listing) = model.listing(object.id.kind) else { return alone };
    // What was opened is what is read: marks that stand in the table behind it are not meant.
    if model.board.focus == PaneKind::Detail || !listing.marked().contains(&object.id) {
        return alone;
    }
    let marked = listing.marked().iter().filter_map(|id| listing.get(id));
    let alerts = marked.filter_map(|object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => Some((object, &**alert)),
        _ => None,
    });
    alerts.collect()
}

pub fn value(_model: &Model, _action: Action, natives: &[Native]) -> Option<(String, String)> {
    let first = natives.first()?;
    match &first.verb {
        Verb::Silence { .. } => {
            Some(("silence for how long, and why (2h being looked at):".into(), "2h ".into()))
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

pub fn typed(native: &mut Native, _action: Action, text: &str) -> Result<(), String> {
    let text = text.trim();
    match &mut native.verb {
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
    use crate::domain::alert::Silence;
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
    fn a_silence_is_extended_or_ended_and_nothing_else() {
        let silence = Silence { id: "s-1".into(), ..Silence::default() };
        let rows = [row(Kind::Silence, "s-1", AlertFacts::Silence(Box::new(silence)))];
        let model = with(&rows, &[]);
        let mut extend = native(&model, Action::Extend, &rows[0]).expect("longer");
        typed(&mut extend, Action::Extend, " 1h ").expect("understood");
        assert_eq!(
            (extend.verb.clone(), &*extend.uid),
            (Verb::Extend { seconds: 3_600, until: None }, "s-1")
        );
        assert_eq!(native(&model, Action::Expire, &rows[0]).expect("ended").verb, Verb::Expire);
        assert!(native(&model, Action::Silence, &rows[0]).is_err());
    }
}
