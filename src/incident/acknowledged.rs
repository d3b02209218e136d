//! Which alerts somebody cares for, as the journal of the last days tells it.
use std::collections::BTreeMap;

use super::{Event, What};
use crate::domain::object::ObjectRef;
use crate::domain::time::Timestamp;

/// Who said so last, and when, of those who did not take it back. The events come in their order.
pub fn standing<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<(ObjectRef, String, Timestamp)> {
    let mut standing = BTreeMap::new();
    for event in events {
        let What::AlertsAcknowledged(said) = &event.what else { continue };
        for target in &said.alerts {
            let Some(id) = target.thing() else { continue };
            if said.no_longer {
                standing.remove(&id);
            } else {
                standing.insert(id, (said.by.clone(), event.at));
            }
        }
    }
    standing.into_iter().map(|(id, (by, at))| (id, by, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::Kind;
    use crate::incident::event::{AlertsAcknowledged, Target};

    fn said(at: i64, names: &[&str], by: &str, no_longer: bool) -> Event {
        let id = |name: &&str| ObjectRef {
            context: "am".into(),
            kind: Kind::Alert,
            namespace: "".into(),
            name: (*name).into(),
        };
        let alerts = names.iter().map(|name| Target::new(&id(name), "")).collect();
        let what = What::AlertsAcknowledged(AlertsAcknowledged { alerts, by: by.into(), no_longer });
        Event {
            incident: "day".into(),
            writer: "w".into(),
            n: 1,
            prev: String::new(),
            at: Timestamp(at),
            what,
            rest: Vec::new(),
        }
    }

    #[test]
    fn the_last_word_of_each_alert_stands() {
        let events = [
            said(1, &["a", "b"], "jane", false),
            said(2, &["b"], "joe", false),
            said(3, &["a"], "jane", true),
        ];
        let standing = standing(&events);
        let words: Vec<_> = standing.iter().map(|(id, by, at)| (&*id.name, by.as_str(), at.0)).collect();
        assert_eq!(words, [("b", "joe", 2)]);
    }
}
