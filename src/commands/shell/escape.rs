//! What backslashes, backticks and brackets mean in a shell's text.

/// Whether a text could hide a substitution.
pub fn hides(text: &str) -> bool {
    text.contains('`') || text.contains("$(") || text.contains("<(") || text.contains(">(")
}
/// What a shell makes of backslashes, outside of quotes or inside double ones.
pub fn unescaped(text: &str, quoted: bool) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('\n') => {}
            Some(next) if !quoted || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
            next => {
                out.push('\\');
                out.extend(next);
            }
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
/// The text between backticks, as the shell that reads it sees it.
pub fn without_backticks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign != '\\' || !signs.peek().is_some_and(|next| matches!(next, '$' | '`' | '\\')) {
            out.push(sign);
        } else {
            out.extend(signs.next());
        }
    }
    out
}
