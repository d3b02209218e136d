//! Where a row belongs among others.
use std::cmp::Ordering;

use crate::domain::Text;
use crate::domain::level::Level;

/// What a column sorts by. What is missing comes last, whichever way round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SortKey {
    Number(i64),
    Text(Text),
    #[default]
    Missing,
}

/// Where an entry belongs, worked out once when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rank {
    pub level: Level,
    pub key: SortKey,
    /// Whether it passes the filter.
    pub shown: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// Index of the column; `None` is by name.
    pub column: Option<usize>,
    pub reverse: bool,
}

impl Sort {
    /// Trouble first, then the chosen column.
    pub fn compare(self, a: &Rank, b: &Rank) -> Ordering {
        let turn = |order: Ordering| if self.reverse { order.reverse() } else { order };
        let keys = match (&a.key, &b.key) {
            (SortKey::Missing, SortKey::Missing) => Ordering::Equal,
            (SortKey::Missing, _) | (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
            (_, SortKey::Missing) | (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
            (SortKey::Number(x), SortKey::Number(y)) => turn(x.cmp(y)),
            (SortKey::Text(x), SortKey::Text(y)) => turn(x.cmp(y)),
        };
        // A column that was asked for outranks trouble; without one, trouble is first.
        let levels = if self.column.is_some() { Ordering::Equal } else { a.level.cmp(&b.level) };
        levels.then(keys)
    }
}
