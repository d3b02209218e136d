//! The passage of a document that names a limit: read where the document lies, with the heading above it.
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use crate::domain::level::Level;
use crate::domain::news::{Inspection, Section, SectionLine};
use crate::domain::settings::Profile;
use crate::domain::settings::limit::Lines;
use crate::domain::text::clean_to;
use crate::domain::vital::{PASSAGE, Vital};
use crate::sources::documents;

/// A disk that hangs keeps nobody from the rest.
const WITHIN: Duration = Duration::from_secs(2);
/// Lines that are shown before and after those that are named.
const BEFORE: usize = 3;
const AFTER: usize = 8;
/// Of all passages together.
const MOST: usize = 80;
/// Of one line.
const WIDEST: usize = 1_000;
/// After the answer and its limits.
const PLACE: usize = 2;

/// What is to be quoted, and where it may lie.
#[derive(Debug, Clone)]
pub(super) struct Quote {
    number: String,
    lines: Vec<Lines>,
    /// As the profile names it.
    named: PathBuf,
    places: Vec<PathBuf>,
}

impl Quote {
    /// `None` where no document says anything of it.
    pub(super) fn of(vital: &Vital, profile: &Profile) -> Option<Quote> {
        let hint = profile.documents.iter().find(|hint| *hint.number == *vital.document)?;
        let lines = vital.lines.split(',').filter_map(|part| Lines::parse(part.trim())).collect();
        let file = hint.path.file_name()?;
        let below = |directory: &Path| directory.join(file);
        // Where `firedeck runbooks` looks too.
        let usual = ["runbooks", "docs/runbooks"].map(Path::new);
        let own = profile.runbooks.iter().map(PathBuf::as_path);
        let places = own.chain(usual).map(below);
        // A runbook may be named itself.
        let same = profile.runbooks.iter().filter(|path| path.file_name() == Some(file));
        let places = std::iter::once(hint.path.clone()).chain(same.cloned()).chain(places).collect();
        Some(Quote { number: hint.number.clone(), lines, named: hint.path.clone(), places })
    }

    /// Reads it, however slow the disk is.
    pub(super) async fn read(self) -> Section {
        let (number, named) = (self.number.clone(), self.named.clone());
        let reading = tokio::task::spawn_blocking(move || self.section());
        match timeout(WITHIN, reading).await {
            Ok(Ok(section)) => section,
            Ok(Err(_)) => absent(&number, "firedeck failed here"),
            Err(_) => absent(&number, &format!("`{}`: the disk does not answer", named.display())),
        }
    }

    fn section(&self) -> Section {
        let found = self.places.iter().find_map(|place| Some((place, documents::text(place)?)));
        let Some((place, text)) = found else {
            let named = self.named.display();
            return absent(
                &self.number,
                &format!("`{named}` is not here: start where it lies, or name its directory in `runbooks`"),
            );
        };
        passage(&self.number, &place.display().to_string(), &text, &self.lines)
    }
}

/// Puts a passage where it is read together with the limits.
pub(super) fn insert(inspection: &mut Inspection, passage: &Section) {
    let at = PLACE.min(inspection.sections.len());
    inspection.sections.insert(at, passage.clone());
}

fn line(label: &str, value: &str, level: Level) -> SectionLine {
    SectionLine { label: label.into(), value: clean_to(value, WIDEST).into_owned(), level, indent: 0 }
}

fn absent(number: &str, why: &str) -> Section {
    Section { title: format!("{PASSAGE}{number}"), lines: vec![line("not read", why, Level::Done)] }
}

/// The lines themselves bright, what is around them dim, gaps shown.
fn passage(number: &str, path: &str, text: &str, lines: &[Lines]) -> Section {
    let all: Vec<&str> = text.lines().collect();
    let index = |line: u32| usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let named = |at: usize| lines.iter().any(|lines| (index(lines.from)..=index(lines.to)).contains(&at));
    let near = |at: usize| {
        let reach = |lines: &Lines| {
            let from = index(lines.from).saturating_sub(BEFORE);
            (from..=index(lines.to).saturating_add(AFTER)).contains(&at)
        };
        lines.iter().any(reach)
    };
    let mut out = Vec::new();
    let mut last = None;
    for (at, text) in all.iter().enumerate().filter(|(at, _)| near(*at)).take(MOST) {
        if last.is_some_and(|last: usize| last + 1 < at) {
            out.push(line("…", "", Level::Done));
        }
        last = Some(at);
        // Not by colour alone.
        let (mark, level) = if named(at) { (">", Level::Fine) } else { (" ", Level::Done) };
        out.push(line(&format!("{mark}{:>4}", at + 1), text, level));
    }
    let first = lines.first().map_or(0, |lines| index(lines.from));
    if let Some(past) = lines.iter().find(|lines| index(lines.to) >= all.len()) {
        let why = format!("line {past} is past its end: it has {} lines", all.len());
        out.push(line("", &why, Level::Warn));
    }
    let heading = heading(&all, first).map_or_else(String::new, |heading| format!(": {heading}"));
    let title = format!("{PASSAGE}{number}{heading}");
    out.push(line("file", path, Level::Done));
    Section { title: clean_to(&title, 200).into_owned(), lines: out }
}

/// The nearest heading at or above a line; what stands in a fence is none.
fn heading(lines: &[&str], at: usize) -> Option<String> {
    let (mut fence, mut found): (Option<&str>, Option<&str>) = (None, None);
    for line in lines.iter().take(at.saturating_add(1)) {
        let bare = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                let text = line.trim_start_matches('#');
                let depth = line.len() - text.len();
                if (1..=6).contains(&depth) && text.starts_with(' ') {
                    found = Some(text.trim().trim_end_matches('#').trim_end());
                }
            }
            _ => {}
        }
    }
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Guide\n\n## Pool is full\n\n```bash\n# count\npsql -c 'SELECT 1'\n```\n\n1. warn at 80\n";

    fn lines(text: &str) -> Vec<Lines> {
        text.split(',').filter_map(Lines::parse).collect()
    }

    fn shown(section: &Section) -> Vec<String> {
        let line = |line: &SectionLine| format!("{} {} {:?}", line.label.trim(), line.value, line.level);
        section.lines.iter().map(line).collect()
    }

    #[test]
    fn a_passage_stands_under_its_heading_and_its_own_lines_are_bright() {
        let section = passage("000", "a.md", TEXT, &lines("7"));
        assert_eq!(section.title, "Document 000: Pool is full", "a comment in a fence is no heading");
        let shown = shown(&section);
        assert!(shown.contains(&">   7 psql -c 'SELECT 1' Fine".to_owned()), "{shown:?}");
        assert!(shown.contains(&"6 # count Done".to_owned()), "{shown:?}");
        assert_eq!(shown.last().map(String::as_str), Some("file a.md Done"));
    }

    #[test]
    fn what_lies_apart_has_a_gap_and_what_is_past_the_end_is_said_to_be() {
        let long: Vec<String> = (1..=60).map(|n| format!("line {n}\n")).collect();
        let long = long.concat();
        let shown = shown(&passage("000", "a.md", &long, &lines("5,40,70")));
        assert!(shown.contains(&"…  Done".to_owned()), "{shown:?}");
        assert!(shown.contains(&">  40 line 40 Fine".to_owned()), "{shown:?}");
        assert!(
            shown.iter().any(|line| line.contains("line 70 is past its end: it has 60 lines")),
            "{shown:?}"
        );
    }

    #[test]
    fn a_document_is_made_harmless() {
        let section = passage("000", "a.md", "# \u{1b}[2Ja\nb\u{1b}]0;x\u{7}\u{202e}", &lines("2"));
        let all = format!("{section:?}");
        assert!(!all.contains("\\u{1b}") && !all.contains("\\u{202e}") && !all.contains("\\u{7}"), "{all}");
    }

    #[tokio::test]
    async fn a_document_is_found_below_the_runbooks_of_the_profile_and_one_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a.md"), TEXT).expect("written");
        let quote = |places: Vec<PathBuf>| Quote {
            number: "000".into(),
            lines: lines("10"),
            named: "a.md".into(),
            places,
        };
        let there = quote(vec!["/no/a.md".into(), dir.path().join("a.md")]).read().await;
        assert!(shown(&there).contains(&">  10 1. warn at 80 Fine".to_owned()), "{there:?}");
        let gone = quote(vec!["/no/a.md".into()]).read().await;
        assert!(gone.lines[0].value.starts_with("`a.md` is not here"), "{gone:?}");
    }
}
