//! What the parts of a runbook are called, and small helpers for text.
use crate::domain::text::clean;

/// `1 runbook`, `2 runbooks`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {noun}{end}", crate::domain::text::grouped(count as u64))
}

/// Letters and digits alone, in lower case: what two writings of one name have in common.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A document's text as one harmless line.
pub(super) fn line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&joined).into_owned()
}
