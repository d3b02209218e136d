//! Stretches of a text that are made of the same kind of signs.

/// What a value may be made of: no blanks and no signs of the shell.
pub fn is_chunk(c: char) -> bool {
    !(c.is_whitespace()
        || matches!(
            c,
            '\'' | '"'
                | '`'
                | '='
                | ';'
                | '|'
                | '&'
                | '<'
                | '>'
                | '('
                | ')'
                | ','
                | '['
                | ']'
                | '{'
                | '}'
                | '\\'
                | '$'
        ))
}

/// The same for a text without wide characters.
pub fn is_chunk_byte(b: u8) -> bool {
    const CHUNK: [bool; 256] = {
        let mut table = [true; 256];
        let signs = b"\t\n\x0b\x0c\r '\"`=;|&<>(),[]{}\\$";
        let mut at = 0;
        while at < signs.len() {
            table[signs[at] as usize] = false;
            at += 1;
        }
        table
    };
    CHUNK.get(usize::from(b)).copied().unwrap_or_default()
}

/// Maximal runs of such bytes, all of them of one letter each, with their offsets.
pub fn byte_runs(text: &str, of: impl Fn(u8) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.as_bytes().get(from..)?;
        let start = from + rest.iter().position(|b| of(*b))?;
        let tail = text.as_bytes().get(start..)?;
        let length = tail.iter().position(|b| !of(*b)).unwrap_or(tail.len());
        from = start + length;
        Some((start, text.get(start..from)?))
    })
}

/// Maximal runs of such characters, with their offsets.
pub fn runs(text: &str, of: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(of)?;
        let tail = text.get(start..)?;
        let length = tail.find(|c| !of(c)).unwrap_or(tail.len());
        from = start + length;
        Some((start, tail.get(..length)?))
    })
}
