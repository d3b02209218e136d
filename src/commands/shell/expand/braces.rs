//! Lists in braces.

/// Words that one list may make.
const BRACES: usize = 64;

/// `a{b,c}` as `ab` and `ac`; `None` if there is nothing to expand.
pub(super) fn braces(text: &str) -> Option<Vec<String>> {
    if !text.contains('{') || !text.contains(',') {
        return None;
    }
    let mut out = vec![text.to_owned()];
    for _ in 0..4 {
        let mut next = Vec::new();
        let mut changed = false;
        for word in out {
            match once(&word) {
                Some(words) if next.len() + words.len() <= BRACES => {
                    next.extend(words);
                    changed = true;
                }
                _ => next.push(word),
            }
        }
        out = next;
        if !changed {
            break;
        }
    }
    (out.len() > 1).then_some(out)
}

/// Expands the first list in braces that holds no other.
fn once(text: &str) -> Option<Vec<String>> {
    let mut open = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open = Some(at),
            b'}' => {
                let Some(start) = open.take() else { continue };
                let body = text.get(start + 1..at)?;
                if body.contains(',') && body.len() < 400 {
                    let (before, after) = (text.get(..start)?, text.get(at + 1..)?);
                    return Some(body.split(',').map(|part| format!("{before}{part}{after}")).collect());
                }
            }
            _ => {}
        }
    }
    None
}
