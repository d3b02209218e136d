//! What a container wrote, cut out of the frames that carry it: whole lines, each stream's own.

/// The head of a frame: which stream, three zeroes, the length.
const HEAD: usize = 8;
/// What has no line end by then is passed on as it is.
const LONGEST_LINE: usize = 256 << 10;

/// Takes pieces as they arrive, and gives bytes whose lines are whole.
#[derive(Debug)]
pub(super) enum Frames {
    /// A terminal writes one stream, without frames.
    Plain,
    Framed {
        head: Vec<u8>,
        /// Of the frame that is being read: which stream, and how much is still to come.
        now: Option<(usize, usize)>,
        /// The beginnings of lines, by stream: the other one may write in between.
        parts: [Vec<u8>; 2],
    },
}

impl Frames {
    pub(super) fn new(terminal: bool) -> Frames {
        if terminal {
            Frames::Plain
        } else {
            Frames::Framed { head: Vec::with_capacity(HEAD), now: None, parts: Default::default() }
        }
    }

    /// Appends to `out` what is whole; an error where these are no frames.
    pub(super) fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        let Frames::Framed { head, now, parts } = self else {
            out.extend_from_slice(piece);
            return Ok(());
        };
        while !piece.is_empty() {
            let Some((stream, left)) = now else {
                let (more, rest) = piece.split_at(piece.len().min(HEAD - head.len()));
                head.extend_from_slice(more);
                piece = rest;
                if let [stream, 0, 0, 0, a, b, c, d] = head[..] {
                    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                    // 3 is what the engine itself has to say.
                    let stream = match stream {
                        0 | 1 => 0,
                        2 | 3 => 1,
                        _ => return Err("the log makes no sense"),
                    };
                    head.clear();
                    *now = Some((stream, length)).filter(|(_, length)| *length > 0);
                } else if head.len() == HEAD {
                    return Err("the log makes no sense");
                }
                continue;
            };
            let (own, rest) = piece.split_at(piece.len().min(*left));
            piece = rest;
            *left -= own.len();
            let stream = *stream;
            if *left == 0 {
                *now = None;
            }
            let Some(part) = parts.get_mut(stream) else { continue };
            match memchr::memrchr(b'\n', own) {
                Some(end) => {
                    let (whole, begun) = own.split_at(end + 1);
                    out.append(part);
                    out.extend_from_slice(whole);
                    part.extend_from_slice(begun);
                }
                None => part.extend_from_slice(own),
            }
            if part.len() > LONGEST_LINE {
                out.append(part);
            }
        }
        Ok(())
    }

    /// What has no line end when all is over.
    pub(super) fn rest(&mut self, out: &mut Vec<u8>) {
        if let Frames::Framed { parts, .. } = self {
            for part in parts.iter_mut().filter(|part| !part.is_empty()) {
                out.append(part);
                out.push(b'\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0][..], &length, text.as_bytes()].concat()
    }

    fn read(pieces: &[&[u8]]) -> String {
        let (mut frames, mut out) = (Frames::new(false), Vec::new());
        for piece in pieces {
            frames.push(piece, &mut out).unwrap();
        }
        frames.rest(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_of_two_streams_are_not_mixed_up() {
        let all = [frame(1, "one "), frame(2, "bad\nwor"), frame(1, "line\n"), frame(2, "se\n")].concat();
        assert_eq!(read(&[&all]), "bad\none line\nworse\n");
    }

    #[test]
    fn what_has_no_end_is_a_line_when_all_is_over() {
        assert_eq!(read(&[&frame(1, "a\nb")]), "a\nb\n");
        assert_eq!(read(&[&frame(1, "")]), "");
    }

    #[test]
    fn what_is_no_frame_is_said_and_not_shown() {
        for bad in [&b"plain text of a terminal"[..], &[9, 0, 0, 0, 0, 0, 0, 1, b'x']] {
            assert!(Frames::new(false).push(bad, &mut Vec::new()).is_err());
        }
        let mut out = Vec::new();
        Frames::new(true).push(b"plain text\r\n", &mut out).unwrap();
        assert_eq!(out, b"plain text\r\n");
    }

    #[test]
    fn a_line_without_end_holds_no_memory_for_ever() {
        let (mut frames, mut out) = (Frames::new(false), Vec::new());
        for _ in 0..20 {
            frames.push(&frame(1, &"x".repeat(64 << 10)), &mut out).unwrap();
        }
        let Frames::Framed { parts, .. } = &frames else { panic!() };
        assert!(parts[0].len() <= LONGEST_LINE && out.len() >= 16 * (64 << 10));
    }

    proptest! {
        #[test]
        fn however_the_pieces_fall_the_lines_are_the_same(cuts in prop::collection::vec(1_usize..40, 0..40)) {
            let all = [frame(1, "first line\nsec"), frame(2, "error\n"), frame(1, "ond\n"), frame(3, "engine\n")].concat();
            let (mut rest, mut pieces) = (&all[..], Vec::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(read(&pieces), read(&[&all]));
        }
    }
}
