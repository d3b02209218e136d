//! Bytes from the keyboard to keys, pastes and mouse events.
use crate::domain::settings::{Key, KeyCode};
use crate::model::msg::MouseDid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Key(Key),
    Paste(String),
    Mouse { column: u16, row: u16, what: MouseDid },
}

/// A paste that is longer keeps its beginning.
const PASTE: usize = 1 << 20;
const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
/// Longer than any sequence that terminals send.
const SEQUENCE: usize = 64;

/// Keeps what is not whole yet: an escape sequence, a character, a paste.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    left: Vec<u8>,
    paste: Option<Vec<u8>>,
}

enum Step {
    Took(usize, Option<Typed>),
    PasteBegan,
    /// More bytes could change its meaning.
    Wait,
}

impl Decoder {
    pub(super) fn feed(&mut self, bytes: &[u8], typed: &mut Vec<Typed>) {
        self.left.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            if self.paste.is_some() {
                match self.pasted(at) {
                    (next, Some(text)) => {
                        typed.push(Typed::Paste(text));
                        at = next;
                    }
                    (next, None) => {
                        at = next;
                        break;
                    }
                }
            }
            match step(&self.left[at..]) {
                Step::Took(0, _) | Step::Wait => break,
                Step::Took(length, what) => {
                    typed.extend(what);
                    at += length;
                }
                Step::PasteBegan => {
                    at += PASTE_BEGIN.len();
                    self.paste = Some(Vec::new());
                }
            }
        }
        self.left.drain(..at);
    }

    /// Whether something is not whole yet.
    pub(super) fn waits(&self) -> bool {
        self.pasting() || !self.left.is_empty()
    }

    /// Whether that is a paste, whose rest may be long on its way.
    pub(super) fn pasting(&self) -> bool {
        self.paste.is_some()
    }

    /// Nothing more came: an escape was the key, and half a sequence was nothing.
    pub(super) fn settle(&mut self, typed: &mut Vec<Typed>) {
        if let Some(mut paste) = self.paste.take() {
            paste.append(&mut self.left);
            typed.push(Typed::Paste(String::from_utf8_lossy(&paste).into_owned()));
            return;
        }
        match self.left.as_slice() {
            [0x1b] => typed.push(Typed::Key(Key::plain(KeyCode::Esc))),
            [0x1b, c @ (b'[' | b'O')] => {
                typed.push(Typed::Key(Key { alt: true, ..Key::char(char::from(*c)) }));
            }
            _ => {}
        }
        self.left.clear();
    }

    fn pasted(&mut self, at: usize) -> (usize, Option<String>) {
        let Some(paste) = &mut self.paste else { return (at, None) };
        let rest = &self.left[at..];
        let end = rest.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // Without an end, the last bytes may be its beginning.
        let sure = end.unwrap_or_else(|| rest.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE.saturating_sub(paste.len());
        paste.extend_from_slice(&rest[..sure.min(room)]);
        if end.is_none() {
            return (at + sure, None);
        }
        let text = self.paste.take().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (at + sure + PASTE_END.len(), text)
    }
}

fn step(bytes: &[u8]) -> Step {
    let key = |length, key| Step::Took(length, Some(Typed::Key(key)));
    match bytes {
        [] | [0x1b] | [0x1b, b'O'] => Step::Wait,
        [0x1b, b'[', ..] => control(bytes),
        [0x1b, b'O', letter, ..] => match letter_key(*letter) {
            Some(code) => key(3, Key::plain(code)),
            None => Step::Took(3, None),
        },
        // Two escapes are two keys; the second may begin something.
        [0x1b, 0x1b, ..] => key(1, Key::plain(KeyCode::Esc)),
        [0x1b, rest @ ..] => match character(rest) {
            Step::Took(length, Some(Typed::Key(inner))) => key(length + 1, Key { alt: true, ..inner }),
            Step::Took(length, other) => Step::Took(length + 1, other),
            other => other,
        },
        _ => character(bytes),
    }
}

fn character(bytes: &[u8]) -> Step {
    let key = |key| Step::Took(1, Some(Typed::Key(key)));
    let Some(first) = bytes.first().copied() else { return Step::Wait };
    match first {
        b'\r' | b'\n' => key(Key::plain(KeyCode::Enter)),
        b'\t' => key(Key::plain(KeyCode::Tab)),
        // What Backspace sends differs by terminal; nobody means Ctrl-H by it.
        0x7f | 0x08 => key(Key::plain(KeyCode::Backspace)),
        0x00 => key(Key::ctrl(' ')),
        0x01..=0x1a => key(Key::ctrl(char::from(first - 1 + b'a'))),
        0x1b => key(Key::plain(KeyCode::Esc)),
        0x1c..=0x1f => key(Key::ctrl(char::from(first - 0x1c + b'4'))),
        0x20..=0x7e => key(Key::char(char::from(first))),
        _ => {
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Step::Took(1, None),
            };
            if bytes.len() < length && bytes[1..].iter().all(|byte| byte & 0xc0 == 0x80) {
                return Step::Wait;
            }
            let text = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
            match text.and_then(|text| text.chars().next()) {
                Some(c) if c.is_control() => Step::Took(length, None),
                Some(c) => Step::Took(length, Some(Typed::Key(Key::char(c)))),
                None => Step::Took(1, None),
            }
        }
    }
}

/// `ESC [`, parameters, a final byte.
fn control(bytes: &[u8]) -> Step {
    if bytes.starts_with(PASTE_BEGIN) {
        return Step::PasteBegan;
    }
    // The oldest mouse reports bear three bytes of anything; they are never asked for.
    let body = &bytes[2..];
    // The Linux console's function keys: `ESC [ [ A`.
    if let [b'[', rest @ ..] = body {
        return match rest.first() {
            None => Step::Wait,
            Some(letter @ b'A'..=b'E') => {
                Step::Took(4, Some(Typed::Key(Key::plain(KeyCode::F(letter - b'A' + 1)))))
            }
            Some(_) => Step::Took(4, None),
        };
    }
    let Some(end) = body.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return if body.len() < SEQUENCE { Step::Wait } else { Step::Took(bytes.len(), None) };
    };
    let (parameters, last) = (&body[..end], body[end]);
    if !(0x40..=0x7e).contains(&last) {
        // Not a sequence after all; what cut it off is a key of its own.
        return Step::Took(2 + end, None);
    }
    let length = 2 + end + 1;
    if let [b'<', numbers @ ..] = parameters {
        return Step::Took(length, mouse(&numbers_of(numbers), last == b'M'));
    }
    let numbers = numbers_of(parameters);
    let first = numbers.first().copied().unwrap_or(0);
    let code = match last {
        b'~' => tilde_key(first),
        b'Z' => Some(KeyCode::BackTab),
        letter => letter_key(letter),
    };
    // `1;5A`: the second number is one more than the bits of shift, alt and ctrl.
    let held = numbers.get(1).map_or(0, |number| number.saturating_sub(1));
    if (last != b'~' && first > 1) || held > 15 || numbers.len() > 2 {
        // An answer to a question that somebody else asked: where the cursor is, what the terminal can do.
        return Step::Took(length, None);
    }
    let key = code.map(|code| Key { code, alt: held & 2 != 0, ctrl: held & 4 != 0 });
    Step::Took(length, key.map(Typed::Key))
}

fn numbers_of(bytes: &[u8]) -> Vec<u16> {
    bytes
        .split(|byte| *byte == b';')
        .map(|part| std::str::from_utf8(part).ok().and_then(|text| text.parse().ok()).unwrap_or(0))
        .collect()
}

fn letter_key(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn tilde_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        n @ 11..=15 => function(n - 10)?,
        n @ 17..=21 => function(n - 11)?,
        n @ 23..=24 => function(n - 12)?,
        _ => return None,
    })
}

fn function(number: u16) -> Option<KeyCode> {
    u8::try_from(number).ok().map(KeyCode::F)
}

fn mouse(numbers: &[u16], pressed: bool) -> Option<Typed> {
    let [button, column, row] = numbers else { return None };
    // Shift, alt and ctrl are three bits among the buttons.
    let what = match (button & !0b1_1100, pressed) {
        (0, true) => MouseDid::Click,
        (64, true) => MouseDid::WheelUp,
        (65, true) => MouseDid::WheelDown,
        _ => return None,
    };
    Some(Typed::Mouse { column: column.saturating_sub(1), row: row.saturating_sub(1), what })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Typed> {
        let (mut decoder, mut typed) = (Decoder::default(), Vec::new());
        for chunk in chunks {
            decoder.feed(chunk, &mut typed);
        }
        decoder.settle(&mut typed);
        typed
    }

    fn names(bytes: &[u8]) -> String {
        let names: Vec<String> = decode(&[bytes])
            .iter()
            .map(|typed| match typed {
                Typed::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        names.join(" ")
    }

    #[test]
    fn every_key_is_what_people_call_it() {
        for (bytes, name) in [
            ("qR?:", "q R ? :"),
            ("ü€🦀", "ü € 🦀"),
            ("\r\n\t\x7f\x08 ", "Enter Enter Tab Backspace Backspace Space"),
            ("\x04\x03\x13\x1d\x00", "Ctrl-D Ctrl-C Ctrl-S Ctrl-5 Ctrl-Space"),
            ("\x1b[A\x1bOB\x1b[H\x1b[F", "Up Down Home End"),
            ("\x1b[5~\x1b[6~\x1b[3~\x1b[2~\x1b[1~\x1b[8~", "PageUp PageDown Delete Insert Home End"),
            ("\x1b[Z", "Shift-Tab"),
            ("\x1bOP\x1b[15~\x1b[17~\x1b[24~\x1b[[C", "F1 F5 F6 F12 F3"),
            ("\x1b[1;5C\x1b[1;3D\x1b[5;7~", "Ctrl-Right Alt-Left Ctrl-Alt-PageUp"),
            ("\x1bx\x1bü\x1b\r", "Alt-x Alt-ü Alt-Enter"),
            ("\x1b", "Esc"),
            ("\x1b\x1b", "Esc Esc"),
            ("\x1b\x1b[A", "Esc Up"),
            ("\x1b[", "Alt-["),
            // Answers to questions that we never ask are not keys.
            ("\x1b[?62;22c\x1b[24;80Ra", "a"),
            ("a\x1b[<0;3;4\x1b[Bb", "a Down b"),
        ] {
            assert_eq!(names(bytes.as_bytes()), name, "{bytes:?}");
        }
    }

    #[test]
    fn a_sequence_in_pieces_is_one_key() {
        assert_eq!(decode(&[b"\x1b", b"[", b"1;", b"5A"]), decode(&[b"\x1b[1;5A"]));
        assert_eq!(decode(&["ü".as_bytes()[..1].as_ref(), &"ü".as_bytes()[1..]]), decode(&["ü".as_bytes()]));
    }

    #[test]
    fn a_paste_is_text_and_never_keys() {
        let pasted = decode(&[b"\x1b[200~y\r\x1b[A", b"\x1b[20", b"1~q"]);
        assert_eq!(pasted, [Typed::Paste("y\r\x1b[A".into()), Typed::Key(Key::char('q'))]);
    }

    #[test]
    fn a_paste_of_any_size_keeps_its_beginning() {
        let long = vec![b'x'; PASTE + 5_000];
        let pasted = decode(&[PASTE_BEGIN, &long, PASTE_END, b"q"]);
        assert!(matches!(&pasted[0], Typed::Paste(text) if text.len() == PASTE));
        assert_eq!(pasted[1], Typed::Key(Key::char('q')));
    }

    #[test]
    fn the_mouse_clicks_and_turns_its_wheel() {
        let at = |what| Typed::Mouse { column: 9, row: 4, what };
        assert_eq!(
            decode(&[b"\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<64;10;5M\x1b[<65;10;5M\x1b[<35;10;5M"]),
            [at(MouseDid::Click), at(MouseDid::WheelUp), at(MouseDid::WheelDown)]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_taken(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'[')], 0..200),
            at in any::<prop::sample::Index>(),
        ) {
            let (left, right) = bytes.split_at(at.index(bytes.len() + 1));
            prop_assert_eq!(decode(&[left, right]), decode(&[&bytes]));
        }
    }
}
