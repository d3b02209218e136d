//! In what quotes each byte of a shell text stands, and whether something is left open at its end.
use super::Quoting;

/// A stretch of text in one kind of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub start: usize,
    pub end: usize,
    pub quoting: Quoting,
    pub comment: bool,
}

/// The stretches of a text, in order, without gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    pub pieces: Vec<Piece>,
    /// A quote, a substitution or a here-document has not ended, or the last line goes on.
    pub open: bool,
}

impl Shape {
    /// The stretch that holds a byte.
    pub fn at(&self, offset: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.end <= offset);
        self.pieces.get(after).filter(|piece| piece.start <= offset)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bare,
    /// `$(…)`, `(…)`, `<(…)`
    Paren,
    Tick,
    Double(Quoting),
}

struct Here {
    end: String,
    quoted: bool,
    tabs: bool,
}

struct Walk<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    from: usize,
    stack: Vec<Mode>,
    pieces: Vec<Piece>,
    heres: Vec<Here>,
    open: bool,
}

/// Cuts a shell text by its quotes.
pub fn shape(text: &str) -> Shape {
    let mut walk = Walk {
        text,
        bytes: text.as_bytes(),
        at: 0,
        from: 0,
        stack: vec![Mode::Bare],
        pieces: Vec::new(),
        heres: Vec::new(),
        open: false,
    };
    walk.run();
    let open = walk.open || walk.stack.len() > 1 || !walk.heres.is_empty();
    Shape { pieces: walk.pieces, open }
}

impl Walk<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn quoting(&self) -> Quoting {
        match self.stack.last() {
            Some(Mode::Double(kind)) => *kind,
            _ => Quoting::Bare,
        }
    }

    /// Ends the stretch before `self.at`.
    fn cut(&mut self, quoting: Quoting, comment: bool) {
        if self.at > self.from {
            self.pieces.push(Piece { start: self.from, end: self.at, quoting, comment });
            self.from = self.at;
        }
    }

    fn run(&mut self) {
        while let Some(byte) = self.byte(0) {
            if let Some(Mode::Double(kind)) = self.stack.last().copied() {
                self.double(byte, kind);
            } else {
                self.bare(byte);
            }
        }
        let quoting = self.quoting();
        self.cut(quoting, false);
    }

    fn double(&mut self, byte: u8, kind: Quoting) {
        match byte {
            b'\\' => self.at = (self.at + 2).min(self.bytes.len()),
            b'"' => {
                self.cut(kind, false);
                self.stack.pop();
                self.at += 1;
            }
            b'$' if self.byte(1) == Some(b'(') => {
                self.cut(kind, false);
                self.stack.push(Mode::Paren);
                self.at += 2;
            }
            b'`' => {
                self.cut(kind, false);
                self.stack.push(Mode::Tick);
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn bare(&mut self, byte: u8) {
        const SIGNS: [bool; 256] = {
            let mut signs = [false; 256];
            let all = b"\\'\"`()#<\n";
            let mut at = 0;
            while at < all.len() {
                signs[all[at] as usize] = true;
                at += 1;
            }
            signs
        };
        let sign = |byte: &u8| SIGNS.get(usize::from(*byte)).copied().unwrap_or_default();
        match byte {
            byte if !sign(&byte) => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                self.at += rest.iter().position(sign).unwrap_or(rest.len());
            }
            b'\\' => {
                if self.byte(1).is_none() {
                    self.open = true;
                }
                self.at = (self.at + 2).min(self.bytes.len());
            }
            b'\'' => self.single(),
            b'"' => {
                let kind = kind_of(self.text.get(self.at + 1..).unwrap_or_default(), false);
                self.at += 1;
                self.cut(Quoting::Bare, false);
                self.stack.push(Mode::Double(kind));
            }
            b'`' => {
                if self.stack.last() == Some(&Mode::Tick) {
                    self.stack.pop();
                } else {
                    self.stack.push(Mode::Tick);
                }
                self.at += 1;
            }
            b'(' => {
                self.stack.push(Mode::Paren);
                self.at += 1;
            }
            b')' => {
                if self.stack.last() == Some(&Mode::Paren) {
                    self.cut(Quoting::Bare, false);
                    self.stack.pop();
                }
                self.at += 1;
            }
            b'#' if self.at == 0 || self.bytes.get(self.at - 1).is_some_and(u8::is_ascii_whitespace) => {
                self.cut(Quoting::Bare, false);
                self.at = self.line_end();
                self.cut(Quoting::Bare, true);
            }
            b'<' if self.byte(1) == Some(b'<') => self.here(),
            b'\n' => {
                self.at += 1;
                if !self.heres.is_empty() {
                    self.cut(Quoting::Bare, false);
                    self.bodies();
                }
            }
            _ => self.at += 1,
        }
    }

    fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |i| self.at + i)
    }

    fn single(&mut self) {
        let ansi = self.at > 0 && self.bytes.get(self.at - 1) == Some(&b'$');
        let kind = kind_of(self.text.get(self.at + 1..).unwrap_or_default(), true);
        self.at += 1;
        self.cut(Quoting::Bare, false);
        loop {
            match self.byte(0) {
                None => {
                    self.open = true;
                    break;
                }
                Some(b'\\') if ansi => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'\'') => break,
                Some(_) if !ansi => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at += memchr::memchr(b'\'', rest).unwrap_or(rest.len());
                }
                Some(_) => self.at += 1,
            }
        }
        self.cut(kind, false);
        self.at = (self.at + 1).min(self.bytes.len());
    }

    /// `<<EOF`, `<<-'EOF'`; `<<<` is a string.
    fn here(&mut self) {
        if self.byte(2) == Some(b'<') {
            self.at += 3;
            return;
        }
        self.at += 2;
        let tabs = self.byte(0) == Some(b'-');
        if tabs {
            self.at += 1;
        }
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let quoted = matches!(self.byte(0), Some(b'\'' | b'"' | b'\\'));
        let sign = self.byte(0);
        if quoted {
            self.at += 1;
        }
        let from = self.at;
        while self
            .byte(0)
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'!' | b'+'))
        {
            self.at += 1;
        }
        let end = self.text.get(from..self.at).unwrap_or_default().to_owned();
        if quoted && self.byte(0) == sign {
            self.at += 1;
        }
        if !end.is_empty() {
            self.heres.push(Here { end, quoted, tabs });
        }
    }

    fn bodies(&mut self) {
        let heres = std::mem::take(&mut self.heres);
        let mut rest = heres.into_iter();
        while let Some(here) = rest.next() {
            let quoting = if here.quoted { Quoting::HeredocQuoted } else { Quoting::Heredoc };
            loop {
                if self.at >= self.bytes.len() {
                    self.cut(quoting, false);
                    self.heres.push(here);
                    self.heres.extend(rest);
                    return;
                }
                let end = self.line_end();
                let line = self.text.get(self.at..end).unwrap_or_default().trim_end_matches('\r');
                // An end that is indented with its list item is taken for one too.
                let found = line == here.end
                    || here.tabs && line.trim_start_matches('\t') == here.end
                    || line.trim() == here.end;
                if found {
                    self.cut(quoting, false);
                    self.at = end;
                    break;
                }
                self.at = (end + 1).min(self.bytes.len());
            }
        }
    }
}

/// What a quoted text holds, by how it begins.
fn kind_of(inside: &str, single: bool) -> Quoting {
    const SQL: [&str; 16] = [
        "select", "insert", "update", "delete", "alter", "create", "drop", "vacuum", "analyze", "truncate",
        "show", "with", "reindex", "grant", "revoke", "explain",
    ];
    let inside = inside.trim_start();
    if inside.starts_with(['{', '[']) {
        return if single { Quoting::JsonInSingle } else { Quoting::JsonInDouble };
    }
    let word: String =
        inside.chars().take_while(char::is_ascii_alphabetic).take(12).collect::<String>().to_lowercase();
    let more = inside.get(word.len()..).is_some_and(|rest| rest.starts_with([' ', '\n', '\t']));
    match (SQL.contains(&word.as_str()) && more, single) {
        (true, true) => Quoting::SqlInSingle,
        (true, false) => Quoting::SqlInDouble,
        (false, true) => Quoting::Single,
        (false, false) => Quoting::Double,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, needle: &str) -> Quoting {
        let offset = text.find(needle).expect("stands in it");
        shape(text).at(offset).expect("is in a piece").quoting
    }

    #[test]
    fn each_byte_knows_its_quotes() {
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "a"), Quoting::Bare);
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "b"), Quoting::Single);
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "c $"), Quoting::Double);
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "d"), Quoting::Bare);
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "e')"), Quoting::Single);
        assert_eq!(at("echo a 'b' \"c $(d 'e') f\"", "f"), Quoting::Double);
        assert_eq!(at("x -p '{\"a\": 1}'", "a\""), Quoting::JsonInSingle);
        assert_eq!(at("psql -c \"SELECT 1\"", "1"), Quoting::SqlInDouble);
        assert_eq!(at("cat <<'E'\nbody\nE\ntail", "body"), Quoting::HeredocQuoted);
        assert_eq!(at("cat <<E\nbody\nE\ntail", "tail"), Quoting::Bare);
    }

    #[test]
    fn an_open_end_is_seen() {
        for open in ["echo 'a", "echo \"a", "x $(y", "cat <<E\na", "a \\"] {
            assert!(shape(open).open, "{open}");
        }
        for closed in ["echo 'a'", "x $(y)", "cat <<E\na\nE", "case", "a)"] {
            assert!(!shape(closed).open, "{closed}");
        }
    }
}
