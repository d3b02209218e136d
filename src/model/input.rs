//! One line that is being typed.
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Text with a cursor between its characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    text: String,
    /// In bytes, always on a boundary.
    at: usize,
}

/// More than anybody types; a paste beyond it is cut.
const LONGEST: usize = 4_096;

impl Input {
    pub fn with(text: &str) -> Input {
        Input { text: text.to_owned(), at: text.len() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns before the cursor.
    pub fn column(&self) -> usize {
        self.text[..self.at].width()
    }

    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() < LONGEST {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
        }
    }

    pub fn backspace(&mut self) {
        if let Some((at, _)) = self.text[..self.at].grapheme_indices(true).next_back() {
            self.text.replace_range(at..self.at, "");
            self.at = at;
        }
    }

    pub fn delete(&mut self) {
        if let Some(next) = self.text[self.at..].graphemes(true).next() {
            let end = self.at + next.len();
            self.text.replace_range(self.at..end, "");
        }
    }

    pub fn delete_word(&mut self) {
        let before = &self.text[..self.at];
        let words = before.trim_end();
        let at = words.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        self.text.replace_range(at..self.at, "");
        self.at = at;
    }

    pub fn clear(&mut self) {
        *self = Input::default();
    }

    pub fn left(&mut self) {
        self.at = self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
    }

    pub fn right(&mut self) {
        self.at += self.text[self.at..].graphemes(true).next().map_or(0, str::len);
    }

    pub fn home(&mut self) {
        self.at = 0;
    }

    pub fn end(&mut self) {
        self.at = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_deleted_whole() {
        let mut input = Input::with("añ👩‍🚒");
        input.backspace();
        input.backspace();
        assert_eq!(input.text(), "a");
        input.home();
        input.insert("x\ny\u{1b}");
        assert_eq!((input.text(), input.column()), ("xya", 2));
        input.delete();
        input.delete_word();
        assert!(input.is_empty());
    }
}
