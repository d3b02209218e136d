//! Whether the headings below one are parts of one runbook, its steps, or runbooks of their own.
use super::outline::Outline;
use super::text::{number, plain, words};
use super::verbs::is_imperative;
use super::vocabulary::{self, Part, part};

/// Headings that are parts of one runbook: diagnosis, mitigation and their like. Where something is done below them
/// they may all be such as only tell: what follows the symptoms is no runbook of symptoms.
pub fn of_one(titles: &[&str], acts: bool) -> bool {
    let mut acting = 0;
    let mut told = 0;
    let mut other = 0;
    for title in titles {
        match vocabulary::part_of_page(title) {
            Some(Part::Acts | Part::Steps) => acting += 1,
            Some(Part::Symptoms) => told += 1,
            Some(Part::Describes) => {
                let lower = title.to_lowercase();
                told += usize::from(
                    ["meaning", "impact", "cause", "root cause", "possible cause", "symptom"]
                        .iter()
                        .any(|w| lower.starts_with(w)),
                );
            }
            Some(Part::Before | Part::Meta) => {}
            None => other += 1,
        }
    }
    if acts && acting == 0 && other == 0 && told > 0 {
        return true;
    }
    acting > 0 && (acting + told) * 3 >= (acting + told + other) * 2 && (other == 0 || acting + told > 1)
}

/// Headings that are numbered steps of one runbook.
pub fn steps_of_one(titles: &[&str], parent: &str) -> bool {
    // Numbers that count up from one tell as well, when one of them tells to do something.
    let counts: Vec<u32> = titles.iter().filter_map(|title| number(title)).map(|(n, _)| n).collect();
    if counts.is_empty() {
        return false;
    }
    let stepped = |title: &&&str| {
        let lower = title.to_lowercase();
        let word = lower.starts_with("step ") || lower.starts_with("phase ");
        number(title).is_some_and(|(_, rest)| word || is_imperative(rest) || part(rest).is_some())
    };
    let numbered = titles.iter().filter(stepped).count();
    let rest = titles.iter().filter(|title| !stepped(title) && part(title).is_none()).count();
    let many = holds_many(parent);
    let counted =
        counts.len() >= 2 && counts.first().is_some_and(|n| *n <= 1) && counts.is_sorted() && numbered >= 1;
    (numbered >= 2 && numbered >= rest * 2 || counted && counts.len() >= titles.len() - counts.len()) && !many
}

/// Its numbers count chapters and no steps: several of them have sections with code of their own.
pub fn has_chapters(outline: &Outline<'_>, at: usize) -> bool {
    let children = outline.sections.get(at).map(|one| one.children.as_slice()).unwrap_or_default();
    let sections = children.iter().filter_map(|i| outline.sections.get(*i));
    let plain = |title: &str| title.starts_with(|c: char| c.is_ascii_digit()) && number(title).is_some();
    sections.filter(|one| one.runs_below && plain(&one.title)).count() >= 2
}

/// `Rollback Procedures` over `Quick Rollback` and `Full Rollback`: not phases that follow each other, but
/// several ways to do one thing, each with code of its own.
pub fn is_collection(outline: &Outline<'_>, at: usize) -> bool {
    let sections = &outline.sections;
    let Some(section) = sections.get(at).filter(|one| holds_many(&one.title)) else { return false };
    let running = section.children.iter().filter(|i| outline.below(**i).runs);
    let titles: Vec<Vec<String>> = running
        .filter_map(|i| sections.get(*i))
        .map(|one| words(&plain(&one.title)).into_iter().filter(|word| word.len() > 4).collect())
        .collect();
    let shared = |(nth, title): (usize, &Vec<String>)| {
        let before = titles.get(..nth).unwrap_or_default();
        title.iter().any(|word| before.iter().any(|other| other.contains(word)))
    };
    titles.iter().enumerate().any(shared)
}

/// A title in the plural: below it stand several things to do.
fn holds_many(title: &str) -> bool {
    let title = title.to_lowercase();
    ["procedures", "runbooks", "playbooks", "scenarios"].iter().any(|w| title.contains(w))
}
