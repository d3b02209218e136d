//! What the parts of a runbook are called, and small helpers for text.

/// `1 runbook`, `2 runbooks`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    crate::domain::text::counted(count as u64, noun)
}

/// Letters and digits alone, in lower case: what two writings of one name have in common.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) use crate::domain::text::one_line as line;
