//! Whether a shell statement goes on in the next line, followed line by line.

/// What is open behind the lines taken so far.
#[derive(Debug, Clone, Default)]
pub struct Quotes {
    quote: Option<char>,
    /// Ends of here-documents whose bodies follow.
    heres: Vec<String>,
    /// Open `$(` and `(`.
    parens: u32,
    /// Open `do`, `then`, `case`, `{`.
    blocks: u32,
    /// The last line ends in a backslash, a pipe, `&&`.
    joins: bool,
}

impl Quotes {
    /// Something is open, so that the next line belongs to the same statement.
    pub fn is_open(&self) -> bool {
        self.is_inside() || self.parens > 0 || self.blocks > 0 || self.joins
    }

    /// The next line stands in a quote or a here-document.
    pub fn is_inside(&self) -> bool {
        self.quote.is_some() || !self.heres.is_empty()
    }

    /// Takes the next line.
    pub fn take(&mut self, line: &str) {
        if self.quote.is_none()
            && let Some(end) = self.heres.first()
        {
            if line.trim() == end {
                self.heres.remove(0);
            }
            self.joins = false;
            return;
        }
        let whole = self.quote.is_none();
        let sign = |b: &u8| matches!(b, b'\'' | b'"' | b'\\' | b'#' | b'<' | b'(' | b')');
        if whole && !line.as_bytes().iter().any(sign) {
            self.count(line.trim());
            return;
        }
        let mut code = String::with_capacity(line.len());
        let mut chars = line.chars().peekable();
        let mut before = ' ';
        while let Some(c) = chars.next() {
            match (self.quote, c) {
                (Some('\''), '\'') | (Some('"'), '"') => self.quote = None,
                (Some('\''), _) => {}
                (_, '\\') => {
                    if chars.next().is_none() {
                        code.push('\\');
                    }
                }
                (Some(_), _) => {}
                (None, '\'' | '"') => self.quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None, '<') if chars.peek() == Some(&'<') => {
                    chars.next();
                    self.here(&mut chars);
                }
                (None, '(') => {
                    self.parens += 1;
                    code.push(c);
                }
                (None, ')') => {
                    self.parens = self.parens.saturating_sub(1);
                    code.push(c);
                }
                (None, _) => code.push(c),
            }
            before = c;
        }
        let code = code.trim();
        if whole {
            self.count(code);
        } else {
            self.joins = self.joins(code);
        }
    }

    /// What a line's words open and close.
    fn count(&mut self, code: &str) {
        if code.is_ascii() {
            let ends = |b: &u8| matches!(b, b'\t'..=b'\r' | b' ' | b';');
            code.as_bytes().split(ends).for_each(|word| self.word(word));
        } else {
            let ends = |c: char| c.is_whitespace() || c == ';';
            code.split(ends).for_each(|word| self.word(word.as_bytes()));
        }
        self.joins = self.joins(code);
    }

    fn word(&mut self, word: &[u8]) {
        match word {
            b"do" | b"then" | b"case" | b"{" => self.blocks += 1,
            b"done" | b"fi" | b"esac" | b"}" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }

    fn joins(&self, code: &str) -> bool {
        self.quote.is_none() && (code.ends_with(['\\', '|']) || code.ends_with("&&"))
    }

    fn here(&mut self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
        if chars.peek() == Some(&'<') {
            return;
        }
        while chars.next_if(|c| matches!(c, '-' | ' ' | '\'' | '"' | '\\')).is_some() {}
        let mut end = String::new();
        while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
            end.push(c);
        }
        chars.next_if(|c| matches!(c, '\'' | '"'));
        if !end.is_empty() && self.heres.len() < 8 {
            self.heres.push(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(lines: &[&str]) -> bool {
        let mut quotes = Quotes::default();
        for line in lines {
            quotes.take(line);
        }
        quotes.is_open()
    }

    #[test]
    fn a_statement_goes_on_while_something_is_open() {
        for lines in
            [&["echo 'a"][..], &["x $(y"], &["cat <<EOF", "a"], &["a \\"], &["a |"], &["for x in 1; do"]]
        {
            assert!(open(lines), "{lines:?}");
        }
        for lines in
            [&["echo 'a'"][..], &["cat <<EOF", "it's", "EOF"], &["for x in 1; do", "done"], &["a # it's"]]
        {
            assert!(!open(lines), "{lines:?}");
        }
    }
}
