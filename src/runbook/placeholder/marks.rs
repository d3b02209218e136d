//! Words that say themselves that they stand for a value: `your-key`, `CHANGEME`, `10.0.0.x`.
use super::literal::Spot;
use crate::commands::Lang;

/// What a token holds, in any case: one pass spares most of the searches.
#[derive(Default)]
pub struct Seen {
    pub upper: bool,
    pub x: bool,
    pub y: bool,
    pub eight: bool,
    /// `-` or `_`.
    pub joins: bool,
    pub your: bool,
    /// Three letters that each of the marks has.
    pub mark: bool,
}

impl Seen {
    pub fn of(token: &str) -> Seen {
        let mut seen = Seen::default();
        let mut last = 0_u32;
        for byte in token.bytes() {
            let small = byte.to_ascii_lowercase();
            seen.upper |= small != byte;
            last = last << 8 | u32::from(small);
            match small {
                b'x' => seen.x = true,
                b'y' => seen.y = true,
                b'8' => seen.eight = true,
                b'r' => seen.your |= last.to_be_bytes() == *b"your",
                b'-' | b'_' => {
                    seen.joins = true;
                    seen.mark |= last & 0x00ff_ffff == u32::from_be_bytes(*b"\0rt_");
                }
                b'e' | b'm' | b'w' => {
                    let [_, three @ ..] = last.to_be_bytes();
                    seen.mark |= matches!(&three, b"eme" | b"e_m" | b"e-m" | b"e_w" | b"e-w" | b"xme");
                }
                _ => {}
            }
        }
        seen
    }
}

/// `your-…`, `….your-domain.com`, `YOUR_TOKEN`.
pub fn is_yours(lower: &str) -> bool {
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find("your")).map(|i| from + i) {
        from = at + 4;
        let begins = at == 0 || lower.get(..at).is_some_and(|head| head.ends_with(['-', '_', '.']));
        let rest = lower.get(at + 4..).unwrap_or_default();
        let word = rest.split(['.', '-', '_']).next().unwrap_or_default();
        if begins && !rest.is_empty() && !["s", "self", "selves"].contains(&word) {
            return true;
        }
    }
    false
}

/// `xxx`, `TODO`, `CHANGEME`, `…_HERE`, `10.0.0.x`, `vX.Y.Z`, `YYYYMMDD`, `Z123456789`.
pub fn is_marked(token: &str, lower: &str, seen: &Seen, spot: &Spot<'_>) -> bool {
    const MARKS: [&str; 10] = [
        "changeme",
        "change_me",
        "change-me",
        "replaceme",
        "replace_me",
        "replace-me",
        "replace_with",
        "replace-with",
        "insert_",
        "fixme",
    ];
    let is_x = |part: &str| !part.is_empty() && part.bytes().all(|b| b == b'x');
    let address = || {
        let parts = || lower.split('.');
        parts().count() == 4
            && parts().any(is_x)
            && parts().all(|p| is_x(p) || !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let crosses = || lower.contains("xxx") && !token.starts_with("0x") && spot.before() != '\\';
    let year = || {
        !spot.sql()
            && !spot.prose
            && spot.lang == Lang::Shell
            && (token.contains("YYYY") || lower.contains("yyyy-mm"))
    };
    let sequence = || lower.contains("12345678") && !spot.prose && !spot.in_address() && spot.before() != '.';
    let version = || matches!(token.trim_start_matches('v'), "X.Y.Z" | "x.y.z" | "X.Y" | "X.Y.Z-N");
    seen.upper && is_loud(token)
        || seen.mark && MARKS.iter().any(|mark| lower.contains(mark))
        || seen.x && (address() || seen.y && version() || crosses())
        || seen.y && year()
        || seen.eight && sequence()
}

/// `TODO`, `TOKEN_HERE`, `MY_KEY`.
fn is_loud(token: &str) -> bool {
    let mine = ["MY-", "MY_", "YOUR-"].iter().any(|start| token.starts_with(start))
        && token.len() > 4
        && !token.contains(|c: char| c.is_ascii_lowercase());
    mine || matches!(token, "TODO" | "TBD" | "PLACEHOLDER" | "REDACTED")
        || token.ends_with("_HERE")
        || token.ends_with("-HERE")
}
