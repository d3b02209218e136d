//! What tools print, line by line: fields, counts and errors.
use super::{Answer, LONGEST, Reading, said};

/// Lines of one answer that are read.
const LINES: usize = 5_000;

impl Answer {
    /// The lines that are looked at, without the ends of others' systems.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        cut(&self.out).lines().map(|line| line.trim_end_matches('\r')).take(LINES)
    }

    /// Lines that say something.
    pub(super) fn rows(&self) -> impl Iterator<Item = &str> {
        self.lines().filter(|line| !line.trim().is_empty())
    }

    /// Not all of it was read.
    pub(super) fn is_cut(&self) -> bool {
        self.out.len() > LONGEST || self.out.lines().take(LINES + 1).count() > LINES
    }

    /// The one value that was printed.
    pub(super) fn value(&self) -> &str {
        self.rows().next().unwrap_or_default().trim()
    }

    /// Why there is no answer, in the tool's own words.
    pub(super) fn failure(&self) -> Option<String> {
        if self.code == 0 {
            return None;
        }
        let line = |text: &str| {
            cut(text).lines().map(str::trim).find(|line| !line.is_empty()).map(|line| said(short(line)))
        };
        Some(match (self.code, line(&self.err).or_else(|| line(&self.out))) {
            (3, None) => "what its variables hold is not one plain word".to_owned(),
            (_, Some(line)) => line,
            (1, None) => "there is nothing to ask about, or exit code 1".to_owned(),
            (code, None) => format!("exit code {code}"),
        })
    }

    /// Notes why there is no answer; true if there is none.
    pub(super) fn failed(&self, what: &str, reading: &mut Reading) -> bool {
        let failure = self.failure();
        if let Some(why) = &failure {
            reading.unknown(format!("{what}: {why}"));
        }
        if self.is_cut() {
            reading.unknown(format!("{what}: the answer is too long to be read whole"));
        }
        failure.is_some()
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn short(line: &str) -> &str {
    let mut end = line.len().min(300);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or_default()
}

/// The columns of a table that `kubectl` prints: two blanks or more lie between them; `<none>` is nothing.
pub(super) fn columns(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.map(|cell| if cell == "<none>" { "" } else { cell }).collect()
}

/// `1 pod`, `2 pods`.
pub(super) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", crate::domain::text::grouped(count), if count == 1 { one } else { many })
}

/// Bytes as people read them.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let (mut whole, mut rest) = (count, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        rest = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 || whole >= 100 { format!("{whole} {name}") } else { format!("{whole}.{rest} {name}") }
}
