//! Changes that somebody holds for a cause: into the journal, and out of it at the next start.
use super::event::{Event, SuspectMarked, Target, What};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::level::Level;
use crate::domain::text::clean;

impl SuspectMarked {
    pub fn new(name: &str, change: &Change, by: &str) -> SuspectMarked {
        SuspectMarked {
            change: name.to_owned(),
            target: Target::new(&change.target, ""),
            what: change.what.name().to_owned(),
            happened: change.at,
            says: change.says.to_string(),
            by: by.to_owned(),
            no_longer: !change.suspect,
        }
    }

    /// `None` where a later version knew kinds that this one does not. What stands in a file is made harmless.
    fn change(&self) -> Option<Change> {
        Some(Change {
            at: self.happened,
            what: ChangeKind::ALL.iter().copied().find(|kind| kind.name() == self.what)?,
            target: self.target.thing()?,
            says: clean(&self.says).into(),
            level: Level::Fine,
            suspect: true,
            was: None,
        })
    }
}

/// The suspects that were not taken back, each with its name on the time line; the last word on each counts.
pub fn standing<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<(String, Change)> {
    let mut standing: Vec<(String, Change)> = Vec::new();
    for event in events {
        let What::SuspectMarked(marked) = &event.what else { continue };
        standing.retain(|(name, _)| *name != marked.change);
        if !marked.no_longer {
            standing.extend(marked.change().map(|change| (marked.change.clone(), change)));
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::{Kind, ObjectRef};
    use crate::domain::time::Timestamp;

    fn event(what: What) -> Event {
        let (incident, writer, prev) = ("day".into(), "w".into(), String::new());
        Event { incident, writer, n: 1, prev, at: Timestamp(9), what, rest: Vec::new() }
    }

    fn change(suspect: bool) -> Change {
        let target = ObjectRef {
            context: "prod".into(),
            kind: Kind::Deployment,
            namespace: "shop".into(),
            name: "worker".into(),
        };
        let says = "image 7.2.9 → 7.3.0".into();
        let (what, level) = (ChangeKind::Rollout, Level::Fine);
        Change { at: Timestamp(5), what, target, says, level, suspect, was: None }
    }

    fn marked(name: &str, suspect: bool) -> Event {
        event(What::SuspectMarked(Box::new(SuspectMarked::new(name, &change(suspect), "ann"))))
    }

    #[test]
    fn a_suspect_comes_out_of_the_journal_as_it_went_in_unless_it_was_taken_back() {
        let line = crate::incident::line::encode(&marked("rollout 14", true)).expect("a line");
        let read = crate::incident::line::decode(&line).expect("an event");
        assert_eq!(standing([&read].into_iter()), [("rollout 14".to_owned(), change(true))]);
        let later = [read, marked("other", true), marked("rollout 14", false)];
        let names: Vec<String> = standing(later.iter()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["other"]);
    }

    #[test]
    fn what_a_later_version_marked_is_left_out() {
        let mut unknown = SuspectMarked::new("x", &change(true), "ann");
        unknown.what = "weather".into();
        let unknown = event(What::SuspectMarked(Box::new(unknown)));
        assert!(standing([&unknown].into_iter()).is_empty());
    }
}
