//! The names of severities: `P0 (Critical)`, `SEV-2`, `Severity 1`, `High`.

const WORDS: &[&str] = &[
    "critical",
    "emergency",
    "urgent",
    "blocker",
    "high",
    "major",
    "medium",
    "moderate",
    "normal",
    "minor",
    "low",
    "warning",
    "info",
    "informational",
    "trivial",
    "cosmetic",
];

/// A severity, as far as its name can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// `p0`, `sev2`: the letters and the number without what stands between.
    pub code: Option<String>,
    /// `critical`.
    pub word: Option<&'static str>,
    /// How many bytes of the text are its name.
    pub length: usize,
}

impl Level {
    /// Whether both mean the same: their codes decide, and their words where one has no code.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.code, &other.code) {
            (Some(mine), Some(other)) => mine == other,
            _ => self.word.is_some() && self.word == other.word,
        }
    }
}

/// Reads the severity that a plain text begins with.
pub fn read(text: &str) -> Option<Level> {
    if let Some((code, length)) = code(text) {
        let rest = text.get(length..)?;
        let word = rest.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).and_then(word);
        return Some(Level { code: Some(code), word, length });
    }
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let found = word(text.get(..end)?)?;
    let rest = text.get(end..)?.trim_start();
    // `Critical (P1)`
    let inner = rest.strip_prefix('(').and_then(code).map(|(code, _)| code);
    let ends = rest.is_empty() || rest.starts_with([':', '-', '–', '—', '(', '/', ',']);
    let named = rest.to_lowercase();
    let ends =
        ends || named.starts_with("severity") || named.starts_with("priority") || named.starts_with("impact");
    ends.then_some(Level { code: inner, word: Some(found), length: end })
}

fn word(text: &str) -> Option<&'static str> {
    let first = text.as_bytes().first()?.to_ascii_lowercase();
    let begins = |word: &&&str| word.as_bytes().first() == Some(&first);
    WORDS.iter().filter(begins).find(|word| word.eq_ignore_ascii_case(text)).copied()
}

/// `P1`, `SEV-1`, `Sev 1`, `S1`, `Severity 1`, `Priority 1`: letters, a number, and nothing that makes it a longer word.
fn code(text: &str) -> Option<(String, usize)> {
    const NAMES: [(&str, &str); 6] =
        [("p", "p"), ("s", "s"), ("sev", "sev"), ("severity", "sev"), ("prio", "p"), ("priority", "p")];
    // Most texts begin with another letter.
    if !text.starts_with(['p', 'P', 's', 'S']) {
        return None;
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let said = text.get(..letters)?;
    let (_, name) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(said))?;
    let rest = text.get(letters..)?;
    let after = rest.trim_start_matches([' ', '-', '_', '#']);
    let level = after.strip_prefix("level ").or(after.strip_prefix("Level ")).unwrap_or(after);
    let digit = level.chars().next().filter(char::is_ascii_digit)?;
    let behind = level.get(1..)?;
    if behind.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '%')
        || behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        return None;
    }
    Some((format!("{name}{digit}"), text.len() - behind.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_known_in_many_spellings() {
        let code = |text| read(text).and_then(|level| level.code);
        for text in ["P1", "P1 - Critical", "p1: down", "Priority 1", "P-1 (x)"] {
            assert_eq!(code(text).as_deref(), Some("p1"), "{text}");
        }
        for text in ["SEV-2 (High)", "sev2", "Severity 2", "Severity Level 2 –", "SEV 2"] {
            assert_eq!(code(text).as_deref(), Some("sev2"), "{text}");
        }
        for text in ["P99 latency", "p95", "Sevilla", "S3 bucket", "s3-backup"] {
            let level = read(text);
            assert!(level.is_none() || text.starts_with(['S', 's']), "{text}: {level:?}");
        }
        assert_eq!(read("Critical: all is down").and_then(|level| level.word), Some("critical"));
        assert_eq!(read("High CPU usage"), None);
        assert_eq!(code("Critical (P1)").as_deref(), Some("p1"));
    }

    #[test]
    fn codes_decide_before_words() {
        let same = |a, b| read(a).zip(read(b)).is_some_and(|(a, b)| a.same(&b));
        assert!(same("P1 - Critical", "P1 (High)"));
        assert!(!same("P1 - Critical", "P0 - Critical"));
        assert!(same("P1 - Critical", "Critical: x"));
    }
}
