//! Secrets whose values are known: a tool may print one under any name, or under none.
use std::borrow::Cow;

use super::secret::{self, HIDDEN};

/// A shorter value stands in too many words that give nothing away.
const SHORTEST: usize = 6;
/// Of a value over several lines, as a key is, a line below this says nothing.
const SHORTEST_LINE: usize = 16;
/// A longer one is a file, and nobody looks for it.
const LONGEST: usize = 64 << 10;
/// More secrets than one incident has.
const MOST: usize = 1_000;

/// What must not be shown, longest first, so that no part of one is left behind by a shorter one.
#[derive(Clone, Default)]
pub struct Known {
    values: Vec<String>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Known({} values)", self.values.len())
    }
}

impl Known {
    /// Takes a secret in, as it is and as manifests carry it.
    pub fn learn(&mut self, value: &str) {
        let value = value.trim_end_matches('\n');
        let plain = ["true", "false", "default", "disabled", "enabled"];
        if value.len() > LONGEST || plain.contains(&value.to_ascii_lowercase().as_str()) {
            return;
        }
        if value.contains('\n') {
            for line in value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE) {
                self.keep(line.to_owned());
            }
        } else if value.len() >= SHORTEST {
            self.keep(value.to_owned());
        }
        if value.len() >= SHORTEST {
            self.keep(base64(value.as_bytes()));
            self.keep(base64(format!("{value}\n").as_bytes()));
        }
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    fn keep(&mut self, value: String) {
        if self.values.len() < MOST && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    /// A line without what [`secret::mask`] finds, and without these values.
    pub fn mask<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let masked = match secret::mask(line.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(line),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        };
        self.hide(&masked).map_or(masked, Cow::Owned)
    }

    /// The line without these values; `None` where none of them is in it.
    fn hide(&self, line: &str) -> Option<String> {
        let mut hidden: Option<String> = None;
        for value in &self.values {
            let now = hidden.as_deref().unwrap_or(line);
            if now.contains(value.as_str()) {
                hidden = Some(now.replace(value.as_str(), HIDDEN));
            }
        }
        hidden
    }

    /// The same for a text of several lines, whatever bytes it holds.
    pub fn mask_lines(&self, text: &[u8]) -> Vec<u8> {
        let masked = secret::mask_lines(text);
        if self.values.is_empty() {
            return masked;
        }
        // Only a line that is changed loses the bytes that are no text.
        let lines = masked.split(|byte| *byte == b'\n').map(|line| {
            let hidden = self.hide(&String::from_utf8_lossy(line));
            hidden.map_or(Cow::Borrowed(line), |hidden| Cow::Owned(hidden.into_bytes()))
        });
        lines.collect::<Vec<_>>().join(&b'\n')
    }
}

/// As manifests carry it.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for piece in bytes.chunks(3) {
        let at = |n: usize| u32::from(piece.get(n).copied().unwrap_or_default());
        let all = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let sign = SIGNS.get((all >> (18 - 6 * n) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if n <= piece.len() { char::from(sign) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> Known {
        let mut known = Known::default();
        for value in values {
            known.learn(value);
        }
        known
    }

    #[test]
    fn a_value_is_hidden_under_any_name_and_as_a_manifest_carries_it() {
        let known = known(&["q9Zk2mWx7Tt5", "q9Zk2mWx7Tt5LpVb"]);
        for (line, masked) in [
            (r#"  "value": "q9Zk2mWx7Tt5","#, r#"  "value": "(hidden)","#),
            ("now q9Zk2mWx7Tt5LpVb.", "now (hidden)."),
            ("  x: cTlaazJtV3g3VHQ1", "  x: (hidden)"),
            ("  x: cTlaazJtV3g3VHQ1Cg==", "  x: (hidden)"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(known.mask(line), masked);
            assert_eq!(known.mask_lines(line.as_bytes()), masked.as_bytes());
        }
    }

    #[test]
    fn what_says_too_little_hides_nothing_else() {
        let known = known(&["", "web", "true", "Default", "12345"]);
        let line = "web is true by Default, 12345 times";
        assert!(matches!(known.mask(line), Cow::Borrowed(_)));
    }

    #[test]
    fn a_key_of_several_lines_is_hidden_line_by_line_and_bytes_stay_as_they_are() {
        let known = known(&["BEGIN\nMIIEpAIBAAKCAQEA7x\nQ29ycmVjdEhvcnNlQg\nEND"]);
        let text = b"a \xff\n MIIEpAIBAAKCAQEA7x\nEND\n";
        assert_eq!(known.mask_lines(text), b"a \xff\n (hidden)\nEND\n");
    }

    #[test]
    fn it_tells_nobody_what_it_knows() {
        assert_eq!(format!("{:?}", known(&["q9Zk2mWx7Tt5"])), "Known(3 values)");
    }
}
