//! How grave a line is, as its writer says it in one of the usual ways.
use super::fields;

/// From nothing said to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    #[default]
    None,
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// A level stands near the start of a plain line, if anywhere.
const LOOK: usize = 96;
/// Words looked at there.
const WORDS: usize = 9;

impl LogLevel {
    /// What a whole line says of itself.
    pub fn read(text: &str) -> LogLevel {
        let bytes = text.as_bytes();
        let Some(first) = bytes.iter().find(|b| **b != b' ') else { return LogLevel::None };
        if *first == b'{' {
            return of_fields(fields::json(text));
        }
        klog(bytes).or_else(|| of_logfmt(text)).or_else(|| of_words(bytes)).unwrap_or_default()
    }

    /// One word: `warn`, `WARNING`, `err`, or a number as pino writes it.
    pub fn word(word: &str) -> Option<LogLevel> {
        let mut small = [0; 12];
        let small = small.get_mut(..word.len())?;
        small.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        Some(match &*small {
            b"trace" | b"trc" | b"trac" | b"finest" | b"finer" | b"10" => LogLevel::Trace,
            b"debug" | b"dbg" | b"debu" | b"verbose" | b"fine" | b"20" => LogLevel::Debug,
            b"info" | b"inf" | b"information" | b"notice" | b"30" => LogLevel::Info,
            b"warn" | b"warning" | b"wrn" | b"40" => LogLevel::Warn,
            b"error" | b"err" | b"erro" | b"eror" | b"severe" | b"50" => LogLevel::Error,
            b"fatal" | b"fata" | b"panic" | b"pani" | b"critical" | b"crit" | b"alert" | b"emerg"
            | b"emergency" | b"dpanic" | b"60" => LogLevel::Fatal,
            _ => return None,
        })
    }

    /// A letter, for rows where colour must not be alone.
    pub fn letter(self) -> char {
        match self {
            LogLevel::None => ' ',
            LogLevel::Trace => 'T',
            LogLevel::Debug => 'D',
            LogLevel::Info => 'I',
            LogLevel::Warn => 'W',
            LogLevel::Error => 'E',
            LogLevel::Fatal => 'F',
        }
    }

    pub fn is_error(self) -> bool {
        self >= LogLevel::Error
    }
}

/// Lines that belong to the one before, as stack traces are written.
pub fn continues(text: &str) -> bool {
    text.is_empty()
        || text.starts_with([' ', '\t', '}', ')'])
        || text.starts_with("Caused by:")
        || text.starts_with("at ")
        || text.starts_with("...")
        || text.starts_with("goroutine ")
}

fn of_fields<'t>(fields: impl Iterator<Item = (&'t str, &'t str)>) -> LogLevel {
    for (key, value) in fields {
        if fields::is_level(key)
            && let Some(level) = LogLevel::word(fields::bare(value))
        {
            return level;
        }
    }
    LogLevel::None
}

/// `E0102 15:04:05.000000 …`
fn klog(bytes: &[u8]) -> Option<LogLevel> {
    let [letter, a, b, c, d, b' ', ..] = bytes else { return None };
    let level = match letter {
        b'I' => LogLevel::Info,
        b'W' => LogLevel::Warn,
        b'E' => LogLevel::Error,
        b'F' => LogLevel::Fatal,
        _ => return None,
    };
    [a, b, c, d].iter().all(|b| b.is_ascii_digit()).then_some(level)
}

/// `level=warn` anywhere near the start.
fn of_logfmt(text: &str) -> Option<LogLevel> {
    let bytes = text.as_bytes();
    let near = bytes.get(..bytes.len().min(2 * LOOK)).unwrap_or(bytes);
    memchr::memchr_iter(b'=', near).find_map(|at| {
        let key = bytes.get(..at)?;
        let begin = key.iter().rposition(|b| b" ,;{[(|".contains(b)).map_or(0, |at| at + 1);
        let key = std::str::from_utf8(key.get(begin..)?).ok()?;
        if !fields::is_level(key) {
            return None;
        }
        let value = text.get(at + 1..)?.trim_start_matches('"');
        let end = value.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(value.len());
        LogLevel::word(value.get(..end)?)
    })
}

/// `ERROR`, `WARN:`, `[error]`, `<warning>`, `panic:`, `java.lang.SomeException: …`
fn of_words(bytes: &[u8]) -> Option<LogLevel> {
    let near = bytes.get(..bytes.len().min(LOOK)).unwrap_or(bytes);
    let mut at = 0;
    for _ in 0..WORDS {
        let begin = at + near.get(at..)?.iter().position(u8::is_ascii_alphabetic)?;
        let rest = near.get(begin..)?;
        let end = begin + rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = near.get(begin..end)?;
        if let Some(level) = of_word(near, begin, end, word) {
            return Some(level);
        }
        at = end;
    }
    None
}

fn of_word(near: &[u8], begin: usize, end: usize, word: &[u8]) -> Option<LogLevel> {
    let before = begin.checked_sub(1).and_then(|at| near.get(at)).copied();
    let after = near.get(end).copied();
    // Part of a path, a name or a number: `error.log`, `err-7`, `/info`.
    let alone = !matches!(before, Some(b'/' | b'-' | b'_' | b'.' | b'0'..=b'9'))
        && !matches!(after, Some(b'/' | b'-' | b'_' | b'.' | b'=' | b'0'..=b'9'));
    let text = std::str::from_utf8(word).ok()?;
    if alone && let Some(level) = LogLevel::word(text) {
        let upper = word.len() > 2 && word.iter().all(u8::is_ascii_uppercase);
        let framed = matches!(
            (before, after),
            (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')) | (Some(b'('), Some(b')'))
        );
        let headed = after == Some(b':') || (before == Some(b'|') || after == Some(b'|'));
        if upper || framed || headed {
            return Some(level);
        }
    }
    if text == "Traceback" && begin == 0 {
        return Some(LogLevel::Error);
    }
    // The name of an exception, before its message or at the line's end.
    let thrown = word.len() > 5
        && word.first().is_some_and(u8::is_ascii_uppercase)
        && (word.ends_with(b"Exception") || word.ends_with(b"Error"))
        && matches!(after, Some(b':') | None);
    thrown.then_some(LogLevel::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_understood_in_the_usual_ways() {
        use LogLevel::{Debug, Error, Fatal, Info, None, Trace, Warn};
        for (text, level) in [
            (r#"{"level":"warn","msg":"x"}"#, Warn),
            (r#"{"time":1,"level":50,"msg":"pino"}"#, Error),
            (r#"{"msg":"level: error","severity":"INFO"}"#, Info),
            (r#"{"nested":{"level":"error"},"lvl":"debug"}"#, Debug),
            (r#"{"msg":"no level"}"#, None),
            ("time=2026-01-02T03:04:05Z level=warning msg=\"x\"", Warn),
            ("lvl=\"eror\" x=1", Error),
            ("E0102 15:04:05.000000       1 leaderelection.go:330] lost", Error),
            ("I0102 15:04:05.000000       1 x.go:1] fine", Info),
            ("E0102x is a part number", None),
            ("2026-01-02 03:04:05,123 ERROR [main] c.e.App - x", Error),
            ("2026/01/02 03:04:05 [warn] 7#7: nginx", Warn),
            ("WARN: low disk", Warn),
            ("[error] x", Error),
            ("error: x", Error),
            ("ERRO[0001] logrus", Error),
            ("panic: runtime error: index out of range", Fatal),
            ("FATAL:  sorry, too many clients already", Fatal),
            ("Traceback (most recent call last):", Error),
            ("ValueError: invalid literal", Error),
            ("java.lang.OutOfMemoryError: Java heap space", Error),
            ("TRACE x", Trace),
            ("10.0.0.1 - - \"GET /error HTTP/1.1\" 200", None),
            ("reading error.log done", None),
            ("no errors were found, info follows", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(LogLevel::read(text), level, "{text}");
        }
    }

    #[test]
    fn lines_of_a_stack_trace_belong_to_the_line_before() {
        for text in ["        at com.example.Main(Main.java:5)", "Caused by: x", "...  12 more", "}"] {
            assert!(continues(text), "{text}");
        }
        assert!(!continues("another line"));
    }
}
