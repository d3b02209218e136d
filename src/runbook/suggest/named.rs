//! Certain ways from an alert to a runbook: its URL, its name in the document, the file's name.
use super::index::Index;
use super::slug::{Link, leads, link, resembles};
use super::words::squash;

/// How an alert leads to a runbook; the better one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The URL's document has no such heading: the link is half dead.
    UrlLost,
    File,
    Title,
    Alert,
    Url,
    UrlAnchor,
}

impl Way {
    pub fn reason(self) -> &'static str {
        match self {
            Way::UrlAnchor => "the alert's runbook_url and its section",
            Way::Url => "the alert's runbook_url",
            Way::UrlLost => "the alert's runbook_url, but its section is not there",
            Way::Alert => "it names the alert",
            Way::Title => "its title is the alert's name",
            Way::File => "the file bears the alert's name",
        }
    }

    /// Above all that words alone can reach.
    pub fn score(self) -> u32 {
        match self {
            Way::UrlAnchor => 10_000,
            Way::Url => 9_000,
            Way::Alert => 8_000,
            Way::Title => 7_000,
            Way::File => 6_000,
            Way::UrlLost => 5_000,
        }
    }
}

/// A runbook that an alert leads to with certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub entry: usize,
    pub way: Way,
    /// Where the anchor or the name stands.
    pub line: u32,
}

impl Index {
    /// Where an alert leads to; a runbook may come twice.
    pub(super) fn ways(&self, name: &str, url: Option<&str>) -> Vec<Found> {
        let mut out = url.map(|url| self.by_url(url, name)).unwrap_or_default();
        let key = squash(name);
        if key.is_empty() {
            return out;
        }
        for (table, way) in [(&self.alerts, Way::Alert), (&self.titles, Way::Title)] {
            for entry in table.get(&key).into_iter().flatten() {
                out.push(Found { entry: *entry, way, line: self.line(*entry) });
            }
        }
        for document in self.stems.get(&key).into_iter().flatten() {
            out.extend(self.nearest(*document, name).map(|(entry, line)| Found {
                entry,
                way: Way::File,
                line,
            }));
        }
        out
    }

    /// The documents whose own rules define the alert.
    pub(super) fn defining(&self, name: &str) -> Vec<usize> {
        self.defined.get(&squash(name)).cloned().unwrap_or_default()
    }

    fn line(&self, entry: usize) -> u32 {
        self.runbook_of(entry).map_or(1, |(_, runbook)| runbook.line)
    }

    /// The documents that a URL may mean: those that share most of its path.
    pub(super) fn documents_of(&self, link: &Link) -> Vec<usize> {
        let Some(last) = link.path.last() else { return Vec::new() };
        let same = self.stems.get(&squash(last)).map(Vec::as_slice).unwrap_or_default();
        let shared = |document: usize| {
            let own = self.paths.get(document).map(|own| own.path.as_slice()).unwrap_or_default();
            own.iter().rev().zip(link.path.iter().rev()).take_while(|(a, b)| squash(a) == squash(b)).count()
        };
        let most = same.iter().map(|document| shared(*document)).max().unwrap_or_default();
        same.iter().copied().filter(|document| shared(*document) == most).collect()
    }

    fn by_url(&self, url: &str, name: &str) -> Vec<Found> {
        let link = link(url);
        let mut out = Vec::new();
        for document in self.documents_of(&link) {
            let Some(anchor) = &link.anchor else {
                let near = self.nearest(document, name);
                out.extend(near.map(|(entry, line)| Found { entry, way: Way::Url, line }));
                continue;
            };
            let place = self.anchored(document, anchor).map(|place| (place, Way::UrlAnchor));
            let place = place.or_else(|| self.nearest(document, name).map(|place| (place, Way::UrlLost)));
            out.extend(place.map(|((entry, line), way)| Found { entry, way, line }));
        }
        out
    }

    /// The runbook of a document that an anchor leads to: by its title, else a step's, else its section's.
    fn anchored(&self, document: usize, anchor: &str) -> Option<(usize, u32)> {
        type Leads = fn(&str, &str) -> bool;
        for hit in [leads as Leads, resembles as Leads] {
            for (entry, _) in self.of(document) {
                let (_, runbook) = self.runbook_of(entry)?;
                if hit(anchor, &runbook.title) {
                    return Some((entry, runbook.line));
                }
            }
            for (entry, _) in self.of(document) {
                if let Some(step) = self.steps(entry).iter().find(|step| hit(anchor, &step.title)) {
                    return Some((entry, step.line));
                }
            }
            for (entry, _) in self.of(document) {
                let (owner, runbook) = self.runbook_of(entry)?;
                if hit(anchor, &runbook.section) || hit(anchor, &owner.title) {
                    return Some((entry, runbook.line));
                }
            }
        }
        None
    }

    /// The runbook of a document that is meant by an alert: the one that names it, else the first that has
    /// something to do.
    fn nearest(&self, document: usize, name: &str) -> Option<(usize, u32)> {
        let key = squash(name);
        let mut first = None;
        for (entry, _) in self.of(document) {
            let (_, runbook) = self.runbook_of(entry)?;
            let named =
                runbook.alerts.iter().any(|alert| squash(alert) == key) || squash(&runbook.title) == key;
            if named {
                return Some((entry, runbook.line));
            }
            if first.is_none() && !runbook.steps.is_empty() {
                first = Some((entry, runbook.line));
            }
        }
        first.or_else(|| self.of(document).next().map(|(entry, _)| (entry, self.line(entry))))
    }
}
