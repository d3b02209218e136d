//! What backslashes, backticks and brackets mean in a shell's text.
use std::str::Chars;

/// Whether a text could hide a substitution.
pub fn hides(text: &str) -> bool {
    text.contains('`') || text.contains("$(") || text.contains("<(") || text.contains(">(")
}

/// What a shell makes of backslashes, outside of quotes or inside double ones.
pub fn unescaped(text: &str, quoted: bool) -> String {
    each(text, |signs, out| match signs.next() {
        Some('\n') => {}
        Some(next) if !quoted || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
        next => {
            out.push('\\');
            out.extend(next);
        }
    })
}

/// The text between backticks, as the shell that reads it sees it.
pub fn without_backticks(text: &str) -> String {
    each(text, |signs, out| match signs.clone().next() {
        Some(next @ ('$' | '`' | '\\')) => {
            out.push(next);
            signs.next();
        }
        _ => out.push('\\'),
    })
}

/// What `echo -e` and `printf` print for their backslashes.
pub fn printed(text: &str) -> String {
    each(text, |signs, out| match signs.next() {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('\\') | None => out.push('\\'),
        Some('x') => {
            let digits = signs.as_str().bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
            if let Some(code) = signs.as_str().get(..digits).and_then(|hex| u8::from_str_radix(hex, 16).ok())
            {
                out.push(char::from(code));
                signs.by_ref().take(digits).for_each(drop);
            }
        }
        Some(digit @ '0'..='7') => {
            let mut code = digit.to_digit(8).unwrap_or_default();
            while let Some(more) = signs.clone().next().and_then(|sign| sign.to_digit(8)) {
                if code > 0o77 {
                    break;
                }
                code = code * 8 + more;
                signs.next();
            }
            out.extend(char::from_u32(code));
        }
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
    })
}

/// A text in which each backslash, with what follows, becomes what `meant` writes for it.
fn each(text: &str, mut meant: impl FnMut(&mut Chars<'_>, &mut String)) -> String {
    let Some(first) = memchr::memchr(b'\\', text.as_bytes()) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    out.push_str(text.get(..first).unwrap_or_default());
    let mut signs = text.get(first..).unwrap_or_default().chars();
    while let Some(sign) = signs.next() {
        if sign == '\\' {
            meant(&mut signs, &mut out);
        } else {
            out.push(sign);
        }
    }
    out
}

/// Whether each parenthesis has its other half.
pub fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for byte in text.bytes() {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
