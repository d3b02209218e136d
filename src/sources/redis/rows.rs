//! What was told last, so that only what changed is told again.
use std::collections::HashMap;

use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Kind, Object, ObjectRef};

#[derive(Debug, Default)]
pub(super) struct Rows {
    told: HashMap<Kind, HashMap<ObjectRef, Object>>,
}

impl Rows {
    /// The news of a kind; `None` when nothing changed.
    pub fn news(&mut self, feed: &Feed, kind: Kind, objects: Vec<Object>) -> Option<News> {
        let before = self.told.get(&kind);
        let same = before.is_some_and(|before| {
            before.len() == objects.len() && objects.iter().all(|object| before.contains_key(&object.id))
        });
        let batch: Vec<Seen<Object>> = if same {
            let changed = objects
                .iter()
                .filter(|object| before.and_then(|before| before.get(&object.id)) != Some(object));
            changed.cloned().map(Seen::Is).collect()
        } else {
            let all = objects.iter().cloned().map(Seen::Is);
            [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect()
        };
        self.told.insert(kind, objects.into_iter().map(|object| (object.id.clone(), object)).collect());
        (!batch.is_empty()).then(|| News::Rows(feed.clone(), kind, batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::Facts;
    use crate::domain::redis::{RedisFacts, SlowCall};
    use crate::domain::settings::Backend;
    use crate::domain::time::Timestamp;

    fn call(id: u64, micros: u64) -> Object {
        let facts = Facts::Redis(RedisFacts::Slow(Box::new(SlowCall::new(id, 0, micros, &[]))));
        let id = ObjectRef {
            context: "c".into(),
            kind: Kind::SlowCall,
            namespace: "".into(),
            name: id.to_string().into(),
        };
        Object { id, uid: "".into(), created: Timestamp(0), deleting: false, owner: None, facts }
    }

    fn count(news: Option<News>) -> Option<(usize, bool)> {
        let Some(News::Rows(_, _, batch)) = news else { return None };
        Some((batch.len(), batch.contains(&Seen::Begin)))
    }

    #[test]
    fn only_what_changed_is_told_again() {
        let feed = Feed::Endpoint(Backend::Redis, "c".into());
        let mut rows = Rows::default();
        let mut told = |objects| count(rows.news(&feed, Kind::SlowCall, objects));
        assert_eq!(told(vec![call(1, 5), call(2, 6)]), Some((4, true)));
        assert_eq!(told(vec![call(1, 5), call(2, 6)]), None);
        assert_eq!(told(vec![call(1, 5), call(2, 7)]), Some((1, false)));
        assert_eq!(told(vec![call(2, 7), call(3, 1)]), Some((4, true)));
        assert_eq!(told(vec![]), Some((2, true)));
        assert_eq!(told(vec![]), None);
    }
}
