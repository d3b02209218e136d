//! Statuses that curl writes as its `-w` asks for.
use super::Case;

/// Several answers: in a loop, or of several calls.
pub fn is_several(case: &Case<'_>) -> bool {
    case.calls.is_empty()
        || case.all.iter().filter(|call| matches!(call.tool.as_str(), "curl" | "wget")).count() > 1
}

/// Of several answers the first bad one; of one the last, where a redirection came to.
pub fn worst(all: &[u16], several: bool) -> Option<u16> {
    let bad = all.iter().find(|status| several && (**status >= 400 || **status == 0));
    bad.or(all.last()).copied()
}

/// The statuses in the output.
pub fn codes(case: &Case<'_>) -> Vec<u16> {
    let format = case.all.iter().filter(|call| call.tool == "curl").find_map(|call| {
        let told = call.values(&["-w", "--write-out"]).into_iter().next();
        // `-sw '…'`, `-fsSw '…'`
        let glued = || {
            let at = call.words.iter().position(|word| {
                word.starts_with('-') && !word.starts_with("--") && word.len() > 2 && word.ends_with('w')
            })?;
            call.words.get(at + 1).cloned()
        };
        told.or_else(glued).filter(|format| format.contains("http_code") || format.contains("response_code"))
    });
    let lines: Vec<&str> = case.out.lines().filter(|line| !line.trim().is_empty()).take(20_000).collect();
    let Some(format) = format else { return alone(&lines) };
    let format = format.replace("\\n", "\n").replace("\\r", "").replace("\\t", " ");
    let asked: Vec<&str> = format.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_code = |line: &&str| line.contains("{http_code}") || line.contains("{response_code}");
    let Some(place) = asked.iter().position(is_code) else { return alone(&lines) };
    let wanted = asked.get(place).copied().unwrap_or_default();
    if is_several(case) {
        return lines.iter().filter_map(|line| in_line(wanted, line)).collect();
    }
    // What is written out stands behind the body.
    let from_end = asked.len() - place;
    let line = lines.len().checked_sub(from_end).and_then(|at| lines.get(at));
    line.and_then(|line| in_line(wanted, line)).into_iter().collect()
}

/// The status in a line, by the place that the format gives it among the words.
fn in_line(format: &str, line: &str) -> Option<u16> {
    let asked: Vec<&str> = format.split_whitespace().collect();
    let at = asked.iter().position(|word| word.contains("http_code}") || word.contains("response_code}"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = words.len().checked_sub(asked.len() - at).and_then(|at| words.get(at))?;
    let behind = asked.get(at)?.split_once("_code}")?.1;
    let literal = behind.split('%').next().unwrap_or_default();
    let more = behind.contains('%');
    let head = match (literal.is_empty(), more) {
        (true, false) => word,
        (true, true) => return None,
        (false, false) => word.strip_suffix(literal)?,
        (false, true) => word.split_once(literal)?.0,
    };
    code(head.get(head.len().checked_sub(3)?..)?)
}

fn code(text: &str) -> Option<u16> {
    let code: u16 = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))?;
    (code == 0 || (100..600).contains(&code)).then_some(code)
}

/// Numbers of three digits that are no parts of others, where the format is not known.
fn alone(lines: &[&str]) -> Vec<u16> {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let words = lines.iter().flat_map(|line| line.split(move |c: char| !inner(c)));
    words.filter(|word| word.len() == 3).filter_map(code).collect()
}
