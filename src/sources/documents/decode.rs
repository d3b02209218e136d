//! Makes text of any bytes, and says when they were not what a document should be.
use std::borrow::Cow;

use crate::runbook::Note;

/// What Windows-1252 has where Latin-1 has control characters, from 0x80 on.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text, without a byte order mark, and what was wrong with the bytes.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Vec<Note>) {
    let (text, defect) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest),
        [0xff, 0xfe, rest @ ..] => (utf_16(rest, u16::from_le_bytes), Some(of_16())),
        [0xfe, 0xff, rest @ ..] => (utf_16(rest, u16::from_be_bytes), Some(of_16())),
        _ => utf_8(bytes),
    };
    let mut defects: Vec<Note> = defect.into_iter().collect();
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        let line = line_of(text.as_bytes(), at);
        defects.push(Note { line, text: "holds NUL bytes: this is hardly text".into() });
    }
    (text, defects)
}

fn of_16() -> Note {
    Note { line: 1, text: "is UTF-16: read, but save it as UTF-8".into() }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'_, str> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        // Half a unit at the end.
        _ => 0xfffd,
    });
    Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn utf_8(bytes: &[u8]) -> (Cow<'_, str>, Option<Note>) {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return (Cow::Borrowed(text), None),
        Err(error) => error,
    };
    let line = line_of(bytes, error.valid_up_to());
    let note = |text: &str| Some(Note { line, text: text.into() });
    if looks_latin(bytes) {
        let text = bytes.iter().map(|byte| latin(*byte)).collect();
        return (Cow::Owned(text), note("is not UTF-8: read as Latin-1; save it as UTF-8"));
    }
    (String::from_utf8_lossy(bytes), note("is not UTF-8: what cannot be read stands as �; save it as UTF-8"))
}

/// Western text of one byte a letter: nothing in it is UTF-8, and its letters stand alone or in pairs.
fn looks_latin(bytes: &[u8]) -> bool {
    let (mut good, mut high) = (true, 0_usize);
    for part in bytes.utf8_chunks() {
        // A letter that is valid UTF-8 beyond ASCII says that most of it is UTF-8, and some of it broken.
        good &= part.valid().is_ascii();
        high += part.invalid().len();
    }
    good && high * 4 <= bytes.len() && !bytes.contains(&0)
}

fn latin(byte: u8) -> char {
    let beyond = usize::from(byte).checked_sub(0x80);
    beyond.and_then(|at| WINDOWS.get(at)).copied().unwrap_or(char::from(byte))
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    let before = bytes.get(..at).unwrap_or_default();
    u32::try_from(memchr::memchr_iter(b'\n', before).count() + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> (String, Vec<(u32, String)>) {
        let (text, notes) = decode(bytes);
        (text.into_owned(), notes.into_iter().map(|note| (note.line, note.text)).collect())
    }

    #[test]
    fn plain_text_is_borrowed_and_has_no_defect() {
        let (text, notes) = decode("# Füße\n".as_bytes());
        assert!(matches!(text, Cow::Borrowed("# Füße\n")) && notes.is_empty());
        assert_eq!(said(b"\xef\xbb\xbf# A\n"), ("# A\n".into(), vec![]), "the mark goes");
    }

    #[test]
    fn what_is_not_utf_8_is_read_and_said_with_its_line() {
        let (text, notes) = said(b"# A\ncaf\xe9 \x96 stop\n");
        assert_eq!(text, "# A\ncafé – stop\n");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].0 == 2 && notes[0].1.contains("Latin-1"), "{notes:?}");
        let (text, notes) =
            said("# Füße\nx\n".as_bytes().iter().chain(b"\xff\n").copied().collect::<Vec<_>>().as_slice());
        assert_eq!(text, "# Füße\nx\n\u{fffd}\n");
        assert!(notes[0].0 == 3 && notes[0].1.contains("�"), "{notes:?}");
    }

    #[test]
    fn utf_16_is_told_by_its_mark() {
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("# Ü\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("# Ü\n".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in [little, big] {
            let (text, notes) = said(&bytes);
            assert_eq!((text.as_str(), notes.len()), ("# Ü\n", 1), "{notes:?}");
        }
        assert_eq!(said(b"\xff\xfea\x00b").0, "a\u{fffd}", "half a unit at the end");
    }

    #[test]
    fn a_picture_is_called_hardly_text() {
        let (_, notes) = said(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xd8");
        assert!(notes.iter().any(|(_, text)| text.contains("hardly text")), "{notes:?}");
    }
}
