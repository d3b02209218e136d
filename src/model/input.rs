//! One line that is being typed.
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Text with a cursor between its characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    text: String,
    /// In bytes, always on a boundary.
    at: usize,
    /// It was offered and not touched yet: what is typed takes its place.
    offered: bool,
}

/// More than anybody types; a paste beyond it is cut.
const LONGEST: usize = 4_096;

impl Input {
    pub fn with(text: &str) -> Input {
        Input { text: text.to_owned(), at: text.len(), offered: false }
    }

    /// A text that the first typed character replaces, and every other key goes on with.
    pub fn offered(text: &str) -> Input {
        Input { offered: !text.is_empty(), ..Input::with(text) }
    }

    /// Another text in its place, offered where the one before was.
    pub fn put(&mut self, text: &str) {
        *self = Input { offered: self.offered, ..Input::with(text) };
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
        if std::mem::take(&mut self.offered) {
            self.clear();
        }
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() < LONGEST {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
        }
    }

    pub fn backspace(&mut self) {
        self.offered = false;
        if let Some((at, _)) = self.text[..self.at].grapheme_indices(true).next_back() {
            self.text.replace_range(at..self.at, "");
            self.at = at;
        }
    }

    pub fn delete(&mut self) {
        self.offered = false;
        if let Some(next) = self.text[self.at..].graphemes(true).next() {
            let end = self.at + next.len();
            self.text.replace_range(self.at..end, "");
        }
    }

    pub fn delete_word(&mut self) {
        self.offered = false;
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
        self.offered = false;
        self.at = self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
    }

    pub fn right(&mut self) {
        self.offered = false;
        self.at += self.text[self.at..].graphemes(true).next().map_or(0, str::len);
    }

    pub fn home(&mut self) {
        self.offered = false;
        self.at = 0;
    }

    pub fn end(&mut self) {
        self.offered = false;
        self.at = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_first_replaces_what_was_offered_and_other_keys_go_on_with_it() {
        let mut input = Input::offered("495");
        input.insert("4");
        input.insert("93");
        assert_eq!(input.text(), "493");
        let mut input = Input::offered("495");
        input.backspace();
        input.insert("3");
        assert_eq!(input.text(), "493");
        let mut input = Input::offered("web");
        input.end();
        input.insert("-0");
        assert_eq!(input.text(), "web-0");
    }

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
