//! Makes text from outside harmless: nothing that leaves here can move a cursor, reorder a line,
//! reach the clipboard or hide what follows.
//!
//! Escape sequences go, other control characters and the invisible ones that reorder or hide become
//! U+FFFD, so that a reader sees that something was there.
use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// What a name or message is cut at unless the caller says otherwise.
const USUAL: usize = 4_096;
/// Tab stops of a log line.
const TAB: usize = 8;
/// More marks on one letter than any language writes; the rest only paints over other rows.
const MARKS: u8 = 4;

/// One line of text from outside, made harmless; newlines and tabs become spaces. Plain text is borrowed.
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_to(text, USUAL)
}

/// The same, at most about `max` bytes; what is cut ends in `…`.
pub fn clean_to(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max && is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max) + 4);
    Scrub::new(&mut out, Tabs::Space, max).run(text, &mut |_, _| ());
    Cow::Owned(out)
}

/// Text of several lines: each is made harmless, the newlines stay.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| is_plain(line.as_bytes())) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.push('\n');
        }
        Scrub::new(&mut out, Tabs::Stops, usize::MAX).run(line.trim_end_matches('\r'), &mut |_, _| ());
    }
    Cow::Owned(out)
}

/// Cleans whole bytes, as logs bring them, and appends them to `out`. What is not UTF-8 becomes U+FFFD,
/// a line that was rewritten with `\r` shows its last state, and every change of colour is told to
/// `ink` with its place in what was appended.
pub fn append_line(bytes: &[u8], out: &mut String, ink: &mut dyn FnMut(usize, Ink)) {
    let bytes = last_state(bytes);
    if is_plain(bytes)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        out.push_str(text);
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    Scrub::new(out, Tabs::Stops, usize::MAX).run(&text, ink);
}

/// Of several lines the first, with a sign that there are more.
pub fn first_line(text: &str) -> Cow<'_, str> {
    match text.split_once('\n') {
        Some((first, _)) => Cow::Owned(format!("{} …", first.trim_end())),
        None => Cow::Borrowed(text),
    }
}

/// A text of several lines as one, made harmless.
pub fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&joined).into_owned()
}

/// A word that a shell reads as itself.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A count as people read it: `9,934,123`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 key`, `1,204 keys`.
pub fn counted(count: u64, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {noun}{end}", grouped(count))
}

/// Printable ASCII and nothing else. Judged in blocks, so that the compiler can use wide registers.
pub fn is_plain(bytes: &[u8]) -> bool {
    bytes.chunks(64).all(|block| block.iter().fold(true, |plain, b| plain & b.wrapping_sub(0x20).lt(&0x5f)))
}

/// What a terminal would show of a line that was rewritten in place.
fn last_state(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != b'\r').map_or(0, |at| at + 1);
    let bytes = bytes.get(..end).unwrap_or_default();
    match memchr::memrchr(b'\r', bytes) {
        Some(at) => bytes.get(at + 1..).unwrap_or_default(),
        None => bytes,
    }
}

/// How a part of a line was coloured by its writer, reduced to what a theme can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    #[default]
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
}

impl Ink {
    /// After one `ESC [ … m`.
    fn after(self, parameters: &str) -> Ink {
        let mut ink = self;
        let mut parts = parameters.split([';', ':']).map(|p| p.parse::<u16>().unwrap_or(0));
        while let Some(part) = parts.next() {
            ink = match part {
                0 | 30 | 34..=37 | 39 | 94..=97 => Ink::Plain,
                1 if ink == Ink::Plain => Ink::Bold,
                2 | 90 => Ink::Dim,
                22 if matches!(ink, Ink::Bold | Ink::Dim) => Ink::Plain,
                31 | 91 => Ink::Red,
                33 | 93 => Ink::Yellow,
                32 | 92 => Ink::Green,
                // A colour from a palette or by its parts: no role says it, but its numbers are no codes.
                38 | 48 => {
                    let skip = if parts.next() == Some(2) { 3 } else { 1 };
                    for _ in 0..skip {
                        parts.next();
                    }
                    ink
                }
                _ => ink,
            };
        }
        ink
    }
}

#[derive(Clone, Copy)]
enum Tabs {
    Space,
    Stops,
}

/// The slow way, for text that is not plain.
struct Scrub<'o> {
    out: &'o mut String,
    start: usize,
    tabs: Tabs,
    max: usize,
    column: usize,
    marks: u8,
}

impl<'o> Scrub<'o> {
    fn new(out: &'o mut String, tabs: Tabs, max: usize) -> Self {
        Scrub { start: out.len(), out, tabs, max, column: 0, marks: 0 }
    }

    fn run(&mut self, text: &str, tell: &mut dyn FnMut(usize, Ink)) {
        let mut ink = Ink::Plain;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if self.out.len() - self.start >= self.max {
                self.out.push('…');
                return;
            }
            let mut taken = c.len_utf8();
            match c {
                '\x1b' => {
                    let (length, colours) = escape(rest);
                    taken = length;
                    let next = colours.map_or(ink, |parameters| ink.after(parameters));
                    if next != ink {
                        ink = next;
                        tell(self.out.len() - self.start, ink);
                    }
                }
                '\t' => self.tab(),
                // One break is one space, however it is written.
                '\r' if rest.starts_with("\r\n") => {}
                '\r' | '\n' => self.put(' ', 1),
                _ => self.letter(c),
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    fn letter(&mut self, c: char) {
        match fate(c) {
            Fate::Stays => match c.width().unwrap_or(0) {
                0 if self.marks >= MARKS => {}
                0 => {
                    self.marks += 1;
                    self.out.push(c);
                }
                width => self.put(c, width),
            },
            Fate::Goes => {}
            Fate::Shown => self.put(char::REPLACEMENT_CHARACTER, 1),
        }
    }

    fn put(&mut self, c: char, width: usize) {
        self.out.push(c);
        self.column += width;
        self.marks = 0;
    }

    fn tab(&mut self) {
        let width = match self.tabs {
            Tabs::Space => 1,
            Tabs::Stops => TAB - self.column % TAB,
        };
        for _ in 0..width {
            self.put(' ', 1);
        }
    }
}

enum Fate {
    Stays,
    /// Nothing is lost without it.
    Goes,
    /// A reader must see that there was something.
    Shown,
}

fn fate(c: char) -> Fate {
    match c {
        // Joiners and variation selectors, whose width no two terminals agree on, and a byte order mark.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}' => {
            Fate::Goes
        }
        // Controls, invisible characters, and all that changes the direction of what follows.
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}'
        | '\u{e01f0}'..='\u{e0fff}' => Fate::Shown,
        _ => Fate::Stays,
    }
}

/// How long the escape sequence at the start of `text` is, and its parameters if it sets colours.
/// A string that never ends counts as its introducer alone: it must not hide what follows.
fn escape(text: &str) -> (usize, Option<&str>) {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let parameters = run_of(bytes, 2, 0x30..=0x3f);
            let end = run_of(bytes, parameters, 0x20..=0x2f);
            match bytes.get(end) {
                Some(b'm') if end == parameters => (end + 1, text.get(2..end)),
                Some(0x40..=0x7e) => (end + 1, None),
                _ => (end, None),
            }
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => (string_end(bytes).unwrap_or(2), None),
        Some(0x20..=0x2f) => {
            let end = run_of(bytes, 1, 0x20..=0x2f);
            match bytes.get(end) {
                Some(0x30..=0x7e) => (end + 1, None),
                _ => (end, None),
            }
        }
        Some(0x30..=0x7e) => (2, None),
        _ => (1, None),
    }
}

/// Where the bytes in `class` that begin at `from` end.
fn run_of(bytes: &[u8], from: usize, class: std::ops::RangeInclusive<u8>) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| class.contains(b)).count()
}

/// Just behind the end of an OSC, DCS, SOS, PM or APC string.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let at = 2 + memchr::memchr2(0x07, 0x1b, bytes.get(2..)?)?;
    Some(match (bytes.get(at), bytes.get(at + 1)) {
        (Some(0x07), _) => at + 1,
        (_, Some(b'\\')) => at + 2,
        // Another sequence begins, so the string was cut off here.
        _ => at,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(bytes: &[u8]) -> String {
        let mut out = String::new();
        append_line(bytes, &mut out, &mut |_, _| ());
        out
    }

    #[test]
    fn plain_text_is_borrowed_as_it_is() {
        assert!(matches!(clean("worker-5dc8 is fine"), Cow::Borrowed("worker-5dc8 is fine")));
    }

    #[test]
    fn escape_sequences_go_whole() {
        for hostile in [
            "a\x1b[2Jb",
            "a\x1b[1;31mb",
            "a\x1b]52;c;ZXZpbA==\x07b",
            "a\x1b]0;title\x1b\\b",
            "a\x1b(Bb",
            "a\x1bcb",
        ] {
            assert_eq!(clean(hostile), "ab", "{hostile:?}");
        }
    }

    #[test]
    fn a_string_sequence_that_never_ends_hides_nothing() {
        assert_eq!(clean("a\x1b]52;c;all the rest"), "a52;c;all the rest");
    }

    #[test]
    fn what_reorders_or_hides_text_is_seen() {
        assert_eq!(clean("a\u{202e}cba\u{200b}\u{9b}31m\0"), "a�cba��31m�");
        assert_eq!(clean("👩\u{200d}🚒"), "👩🚒");
        assert_eq!(clean("one\r\ntwo\tthree"), "one two three");
    }

    #[test]
    fn a_tower_of_marks_is_cut_to_what_languages_need() {
        let tower = format!("a{}b", "\u{301}".repeat(1_000));
        assert_eq!(clean(&tower), format!("a{}b", "\u{301}".repeat(usize::from(MARKS))));
    }

    #[test]
    fn long_text_is_cut_where_a_letter_ends() {
        assert_eq!(clean_to("ääääää", 4), "ää…");
        assert_eq!(clean_to("plain words", 5), "plain…");
    }

    #[test]
    fn several_lines_stay_several() {
        assert_eq!(clean_lines("a:\r\n\tb\x1b[2J\nc"), "a:\n        b\nc");
    }

    #[test]
    fn a_rewritten_line_shows_its_last_state() {
        assert_eq!(line(b"10%\r50%\r100%\r\r"), "100%");
        assert_eq!(line(b"windows line\r"), "windows line");
    }

    #[test]
    fn tabs_reach_the_next_stop_counted_in_columns() {
        assert_eq!(line("漢\tx".as_bytes()), "漢      x");
    }

    #[test]
    fn colours_become_inks_with_their_places() {
        let (mut out, mut inks) = (String::new(), Vec::new());
        append_line(b"\x1b[1;31mERROR\x1b[0m at \x1b[38;5;31mline\x1b[33m 3", &mut out, &mut |at, ink| {
            inks.push((at, ink));
        });
        assert_eq!(out, "ERROR at line 3");
        assert_eq!(inks, [(0, Ink::Red), (5, Ink::Plain), (13, Ink::Yellow)]);
    }

    #[test]
    fn counts_are_grouped_in_threes() {
        assert_eq!([0, 999, 1_000, 9_934_123].map(grouped), ["0", "999", "1,000", "9,934,123"]);
    }

    fn harmless(text: &str) -> bool {
        text.chars().all(|c| matches!(fate(c), Fate::Stays))
    }

    /// Bytes that look like trouble more often than chance would have it.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            any::<u8>().prop_map(|b| vec![b]),
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            prop::sample::select(vec![
                "\x1b[", "\x1b]52;", "\x07", "\x1b\\", "\r", "\u{9b}", "\u{202e}", "31m", "\t"
            ])
            .prop_map(|s| s.as_bytes().to_vec()),
        ];
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_leave_a_control_character(bytes in bytes()) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert!(harmless(&line(&bytes)));
            prop_assert!(harmless(&clean(&text)));
            prop_assert!(harmless(&clean_to(&text, 7)));
            prop_assert!(clean_lines(&text).split('\n').all(harmless));
            let once = clean(&text).into_owned();
            let twice = clean(&once).into_owned();
            prop_assert_eq!(twice, once);
        }
    }
}
