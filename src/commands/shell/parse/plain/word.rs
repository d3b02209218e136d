//! Plain words: letters that mean nothing to a shell, quotes, and variables by their names.
use super::Reader;
use crate::commands::shell::escape::{hides, unescaped};
use crate::commands::shell::tree::{Form, Piece, Text, Variable};

impl<'a> Reader<'a> {
    /// The word at hand; there must be one.
    pub(super) fn word(&mut self) -> Option<Text> {
        self.value().filter(|text| !text.pieces.is_empty())
    }

    /// The word at hand, piece by piece; it may be empty, as a value may.
    pub(super) fn value(&mut self) -> Option<Text> {
        let mut pieces = Vec::with_capacity(1);
        loop {
            let from = self.at;
            let rest = self.bytes.get(from..).unwrap_or_default();
            self.at += rest.iter().take_while(|byte| is_bare(**byte)).count();
            if self.at > from {
                let text = self.slice(from..self.at).to_owned();
                pieces.push(Piece::Fixed { text, quoted: false });
            }
            match self.peek() {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' => break,
                0 if self.is_at_end() => break,
                b'\'' => {
                    let rest = self.bytes.get(self.at + 1..)?;
                    let length = memchr::memchr(b'\'', rest)?;
                    let text = self.slice(self.at + 1..self.at + 1 + length);
                    self.fits(text)?;
                    self.at += length + 2;
                    pieces.push(Piece::Fixed { text: text.to_owned(), quoted: true });
                }
                b'"' => self.double(&mut pieces)?,
                b'$' => pieces.push(self.variable(false)?),
                _ => return None,
            }
        }
        Some(Text { pieces })
    }

    /// Double quotes with what stands in them.
    fn double(&mut self, pieces: &mut Vec<Piece>) -> Option<()> {
        let before = pieces.len();
        self.at += 1;
        loop {
            let from = self.at;
            while !matches!(self.peek(), b'"' | b'$' | b'`') {
                self.at += 1 + usize::from(self.peek() == b'\\');
                if self.is_at_end() {
                    return None;
                }
            }
            if self.at > from {
                let text = self.slice(from..self.at);
                self.fits(text)?;
                pieces.push(Piece::Fixed { text: unescaped(text, true), quoted: true });
            }
            match self.peek() {
                b'"' => break,
                b'$' => pieces.push(self.variable(true)?),
                _ => return None,
            }
        }
        self.at += 1;
        if pieces.len() == before {
            pieces.push(Piece::Fixed { text: String::new(), quoted: true });
        }
        Some(())
    }

    /// Quoted text is plain where nothing in it looks like a substitution and no here-document is due.
    fn fits(&self, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let plain = memchr::memchr2(b'`', b'(', bytes).is_none() || !hides(text);
        (plain && (self.document.is_none() || memchr::memchr(b'\n', bytes).is_none())).then_some(())
    }

    /// `$NAME` or `${NAME}`.
    fn variable(&mut self, quoted: bool) -> Option<Piece> {
        self.at += 1;
        let braced = self.peek() == b'{';
        self.at += usize::from(braced);
        let name = self.name()?.to_owned();
        match (braced, self.peek()) {
            (true, b'}') => self.at += 1,
            (true, _) | (false, b'[') => return None,
            _ => {}
        }
        Some(Piece::Variable(Variable { name, quoted, form: Form::Plain, inside: Vec::new() }))
    }

    /// The name of a variable at hand.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name = self.slice(self.at..self.at + length);
        if name.is_empty() || name.starts_with(|sign: char| sign.is_ascii_digit()) {
            return None;
        }
        self.at += length;
        Some(name)
    }
}

/// A byte that means itself wherever it stands: a letter, a part of one, or a sign that was hidden.
fn is_bare(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'=' | b'@' | b'%' | b'+' | b'*' | b'?' | b'^' | b'~'

        | 0x80..=0xff | 0x01..=0x08 | 0x0e..=0x16)
}
