//! Which alert rules have a runbook, which have none, and which links lead nowhere.
//!
//! Only certain ways count here: a URL, the alert's name in a document, a file of its name. A guess by words
//! covers nothing.
use super::Hit;
use super::index::Index;
use super::named::Way;
use super::rules::AlertRule;
use super::slug::link;

/// What a catalogue has for a set of alert rules; the numbers are indexes into the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    pub covered: Vec<Covered>,
    pub without: Vec<usize>,
    pub dead_links: Vec<Dead>,
}

/// A rule with its runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    pub rule: usize,
    pub hit: Hit,
}

/// A rule whose link leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    pub rule: usize,
    pub url: String,
    /// Such as `no document bears that name`.
    pub reason: String,
    /// The runbook that it should lead to, as far as a name tells.
    pub instead: Option<Hit>,
}

/// Each rule is in exactly one of the three lists.
pub fn coverage(index: &Index, rules: &[AlertRule]) -> Coverage {
    let mut out = Coverage::default();
    for (at, rule) in rules.iter().enumerate() {
        let ways = index.ways(&rule.name, rule.url());
        let best = ways.iter().max_by_key(|found| found.way);
        let hit = best.and_then(|found| {
            let (_, runbook) = index.runbook_of(found.entry)?;
            let entry = index.entries.get(found.entry)?;
            Some(Hit {
                document: entry.document,
                runbook: entry.runbook,
                score: found.way.score(),
                text: runbook.title.clone(),
                positions: Vec::new(),
                line: found.line,
                reason: found.way.reason().to_owned(),
            })
        });
        let reached = best.is_some_and(|found| matches!(found.way, Way::Url | Way::UrlAnchor));
        match (rule.url(), hit) {
            (Some(url), instead) if !reached => {
                let reason = lost(index, url, ways.iter().any(|found| found.way == Way::UrlLost));
                out.dead_links.push(Dead { rule: at, url: url.to_owned(), reason, instead });
            }
            (_, Some(hit)) => out.covered.push(Covered { rule: at, hit }),
            (_, None) => out.without.push(at),
        }
    }
    out
}

fn lost(index: &Index, url: &str, known: bool) -> String {
    let link = link(url);
    match (&link.anchor, known) {
        (Some(anchor), true) => format!("its document has no heading for `#{anchor}`"),
        _ if link.path.is_empty() => "it names no document".to_owned(),
        _ if !index.documents_of(&link).is_empty() => "its document has no runbook".to_owned(),
        _ => format!("no document is named `{}`", link.path.last().map_or("", String::as_str)),
    }
}
