//! What the cockpit was told of one server, so that only what changed is told again.
use std::collections::HashMap;

use crate::domain::Text;
use crate::domain::database::DatabaseFacts;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::time::Timestamp;

#[derive(Debug, Default)]
pub struct Board {
    told: HashMap<Kind, HashMap<Text, Object>>,
}

/// A row before it has its place.
pub struct Fresh {
    pub name: Text,
    pub uid: Text,
    pub created: Timestamp,
    pub facts: DatabaseFacts,
}

impl Board {
    /// News of a kind whose whole picture this is; `None` when all of it was told before.
    pub fn tell(&mut self, feed: &Feed, endpoint: &Text, kind: Kind, rows: Vec<Fresh>) -> Option<News> {
        let first = !self.told.contains_key(&kind);
        let told = self.told.entry(kind).or_default();
        let mut all = HashMap::with_capacity(rows.len());
        let mut seen = Vec::new();
        for row in rows {
            let id =
                ObjectRef { context: endpoint.clone(), kind, namespace: "".into(), name: row.name.clone() };
            let facts = Facts::Database(row.facts);
            let object =
                Object { id, uid: row.uid, created: row.created, deleting: false, owner: None, facts };
            if told.get(&row.name) != Some(&object) {
                seen.push(Seen::Is(object.clone()));
            }
            all.insert(row.name, object);
        }
        seen.extend(
            told.values().filter(|old| !all.contains_key(&old.id.name)).map(|old| Seen::Gone(old.id.clone())),
        );
        *told = all;
        if first {
            seen.insert(0, Seen::Begin);
            seen.push(Seen::End);
        }
        (!seen.is_empty()).then(|| News::Rows(feed.clone(), kind, seen))
    }

    /// A row as it was told.
    pub fn get(&self, target: &ObjectRef) -> Option<&Object> {
        self.told.get(&target.kind)?.get(&target.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::database::Database;
    use crate::domain::settings::Backend;

    fn row(name: &str, connections: u32) -> Fresh {
        let facts = DatabaseFacts::Database(Box::new(Database { connections, ..Database::default() }));
        Fresh { name: name.into(), uid: name.into(), created: Timestamp(0), facts }
    }

    #[test]
    fn only_what_changed_is_told_again() {
        let (mut board, feed) = (Board::default(), Feed::Endpoint(Backend::Postgres, "main".into()));
        let mut tell = |rows| board.tell(&feed, &"main".into(), Kind::Database, rows);
        let words = |news: Option<News>| match news {
            Some(News::Rows(_, _, seen)) => seen
                .into_iter()
                .map(|seen| match seen {
                    Seen::Begin => "begin".to_owned(),
                    Seen::Is(object) => object.id.name.to_string(),
                    Seen::Gone(id) => format!("-{}", id.name),
                    Seen::End => "end".to_owned(),
                })
                .collect(),
            _ => Vec::new(),
        };
        assert_eq!(words(tell(vec![row("a", 1), row("b", 1)])), ["begin", "a", "b", "end"]);
        assert!(tell(vec![row("a", 1), row("b", 1)]).is_none());
        assert_eq!(words(tell(vec![row("a", 2)])), ["a", "-b"]);
    }
}
