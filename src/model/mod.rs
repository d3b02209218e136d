//! Everything the screen can show.
pub mod logs;
pub mod msg;

pub use crate::domain::settings::Settings;

/// Whether what happens can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Journal {
    #[default]
    Opening,
    /// Where it is.
    Good(String),
    /// The usual place refused; it goes here until it can be moved back.
    Moved { to: String, why: String },
    /// Nowhere: changes are refused.
    Failed { why: String },
}
