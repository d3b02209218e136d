//! What the wall turns to, and when it last turned.
use crate::domain::object::ObjectRef;
use crate::domain::time::Timestamp;

/// One thing to read on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// What is wrong, the worst first.
    #[default]
    Trouble,
    /// The alerts that fire.
    Fires,
    /// What changed in the last hour.
    Changed,
    /// The rows of the source that is worst.
    Rows,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rota {
    pub page: Page,
    pub since: Timestamp,
    /// Somebody wants to go on reading this one.
    pub pinned: bool,
    /// The most urgent alert when it was last looked at: another one turns to where it is read.
    pub worst: Option<ObjectRef>,
}
