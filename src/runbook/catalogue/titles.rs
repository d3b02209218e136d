//! What the words of a step say beside its title: a time budget, a condition, the rest of its sentence.
use std::borrow::Cow;

use super::super::document::inline;
use super::text::{label, number, parenthesis, plain};
use super::vocabulary::condition_of_step;

/// A title, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Titled {
    pub title: String,
    pub budget: Option<String>,
    pub branch: Option<String>,
    /// What follows the title.
    pub rest: String,
}

/// `5-15 min`, `First 15 minutes`, `~10 minutes`.
pub fn is_budget(text: &str) -> bool {
    const UNITS: [&str; 14] = [
        "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hour",
        "hours", "hrs",
    ];
    const WORDS: [&str; 12] = [
        "first",
        "within",
        "about",
        "approx",
        "approximately",
        "up",
        "to",
        "max",
        "the",
        "next",
        "est",
        "under",
    ];
    let lower = text.to_lowercase();
    let all: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let unit = |w: &&&str| {
        UNITS.contains(w)
            || w.trim_start_matches(|c: char| c.is_ascii_digit()).len() < w.len()
                && UNITS.contains(&w.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    let digits = all.iter().any(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    let rest = all
        .iter()
        .all(|w| UNITS.contains(w) || WORDS.contains(w) || w.starts_with(|c: char| c.is_ascii_digit()));
    digits && rest && all.iter().filter(unit).count() >= 1 && all.len() <= 6
}

/// A heading, a label or a comment.
pub fn read(text: &str) -> Titled {
    let title = plain(text);
    let budget = budget_of(&title);
    // Marks may stand in it that were none before; in what was only borrowed there are none.
    let settled = matches!(&title, Cow::Borrowed(text) if !text.ends_with('}'));
    let branch = if settled { condition_of_step(&title) } else { condition_of_step(&plain(&title)) };
    // `Restart pods (if OOM)` as a choice says its condition apart.
    Titled { title: title.into_owned(), budget, branch, rest: String::new() }
}

fn budget_of(title: &str) -> Option<String> {
    let mut rest = title;
    while let Some(open) = memchr::memchr2(b'(', b'[', rest.as_bytes()) {
        let inner = rest.get(open + 1..)?;
        let close = inner.find([')', ']'])?;
        let inside = inner.get(..close)?;
        if is_budget(inside) {
            return Some(inside.to_owned());
        }
        rest = inner.get(close..)?;
    }
    None
}

/// A list item: its bold beginning, or its whole sentence.
pub fn item(text: &str) -> Titled {
    let text = inline::bare(text);
    if let Some(found) = inline::lead(text) {
        let rest = found.rest.trim();
        let ends = rest.is_empty()
            || found.colon
            || rest.starts_with(['(', '-', '–', '—', '[', '.', ':'])
            || found.bold.ends_with(['.', ':']);
        if ends {
            let mut titled = read(&found.bold);
            let after = plain(rest);
            if let Some((_, inside)) = parenthesis(&after).filter(|(before, _)| before.is_empty()) {
                if is_budget(inside) {
                    titled.budget = Some(inside.to_owned());
                    return titled;
                }
                titled.branch = titled
                    .branch
                    .or_else(|| super::vocabulary::is_condition(inside).then(|| inside.to_owned()));
            }
            after.trim_start_matches(['-', '–', '—', ':', '.', ' ']).clone_into(&mut titled.rest);
            return titled;
        }
    }
    sentence(text)
}

/// A sentence as a title: the first one, when there are several.
pub fn sentence(text: &str) -> Titled {
    let whole = plain(text);
    let whole = number(&whole).map_or(whole.as_ref(), |(_, rest)| rest);
    let first = first_sentence(whole);
    let mut titled = read(first.trim_end_matches(':').trim_end());
    if let Some(found) = label(text).filter(|found| !found.rest.is_empty()) {
        titled.title = plain(&found.name).into_owned();
    }
    if first.len() < whole.len() {
        whole.clone_into(&mut titled.rest);
    }
    if titled.title.len() > 160 {
        let cut = titled.title.char_indices().take_while(|(i, _)| *i <= 157).last().map_or(0, |(i, _)| i);
        if titled.rest.is_empty() {
            titled.rest.clone_from(&titled.title);
        }
        titled.title.truncate(cut);
        titled.title.push('…');
    }
    titled
}

fn first_sentence(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find([". ", "! ", "? "].map(|s| s.chars().next().unwrap_or('.')).as_slice()))
        .map(|i| from + i)
    {
        let next = text.get(at + 1..).unwrap_or_default();
        let short = text.get(..at).is_some_and(|head| {
            head.ends_with("e.g") || head.ends_with("i.e") || head.ends_with("etc") || head.len() < 4
        });
        if next.starts_with(' ') && !short && next.trim_start().starts_with(|c: char| !c.is_lowercase()) {
            return text.get(..=at).map_or(text, |t| t.trim_end_matches('.'));
        }
        from = at + 1;
    }
    text.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_budget_stands_in_parentheses_in_or_behind_the_title() {
        assert_eq!(item("**Acknowledge** (0-5 min)").budget.as_deref(), Some("0-5 min"));
        assert_eq!(item("**Contain (0-15 minutes)**").budget.as_deref(), Some("0-15 minutes"));
        assert_eq!(read("First response (First 15 minutes)").budget.as_deref(), Some("First 15 minutes"));
        assert_eq!(read("Errors (last 24h of them)").budget, None);
    }

    #[test]
    fn a_condition_is_told_apart_from_a_question() {
        assert_eq!(read("Kill idle ones (if needed)").branch.as_deref(), Some("if needed"));
        assert_eq!(read("Clear the cache if corrupted").branch.as_deref(), Some("if corrupted"));
        assert_eq!(read("Check if the primary is down").branch, None);
        assert_eq!(read("Or scale it up").branch.as_deref(), Some("alternative"));
    }

    #[test]
    fn a_bold_word_that_begins_a_sentence_is_no_title() {
        assert_eq!(item("**Acknowledge** the page").title, "Acknowledge the page");
        assert_eq!(item("**Check pods**: run it").title, "Check pods");
        assert_eq!(sentence("Check it. Then wait.").title, "Check it");
    }
}
