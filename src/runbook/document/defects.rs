//! What was wrong in a file's form: a bounded list of notes, in the order of their lines.
use super::Note;

/// A file made of nothing but defects shall not fill the memory with words about them.
const MOST: usize = 200;

#[derive(Debug, Default)]
pub struct Defects {
    notes: Vec<Note>,
    more: usize,
}

impl Defects {
    /// `index` counts lines from 0.
    pub fn note(&mut self, index: usize, text: impl Into<String>) {
        if self.notes.len() < MOST {
            self.notes.push(Note { line: number(index), text: text.into() });
        } else {
            self.more += 1;
        }
    }

    pub fn done(mut self) -> Vec<Note> {
        self.notes.sort_by_key(|note| note.line);
        if self.more > 0 {
            let line = self.notes.last().map_or(1, |note| note.line);
            self.notes.push(Note { line, text: format!("{} more defects, not listed", self.more) });
        }
        self.notes
    }
}

/// The number, counted from 1, of the line with this index.
pub fn number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}
