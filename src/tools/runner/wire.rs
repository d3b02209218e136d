//! Frames between a runner and those attached to it: a length, a kind, and the rest.
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// No frame is longer; whoever sends a longer one is not understood any more.
pub(super) const LONGEST: usize = 4 << 20;

/// What is asked of a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Run this as the statement of that number.
    Order {
        number: u64,
        text: Vec<u8>,
    },
    Type(Vec<u8>),
    /// The same, as long as it is this statement that runs.
    TypeTo {
        number: u64,
        bytes: Vec<u8>,
    },
    Ask(Ask),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ask {
    /// Stop the statement of that number.
    Stop(u64),
    /// End a child that goes on behind the shell.
    StopChild(i32),
    Resize {
        rows: u16,
        columns: u16,
    },
    /// Let the shell exit; by force, end everything.
    End {
        force: bool,
    },
}

/// What a runner says to one who is attached. An answer comes for every request, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Event(Vec<u8>),
    Terminal(Vec<u8>),
    Done(Result<(), String>),
}

pub(super) fn frame(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length + 5);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.push(kind);
    for part in parts {
        bytes.extend(*part);
    }
    bytes
}

impl Request {
    pub(super) fn frame(&self) -> Vec<u8> {
        match self {
            Request::Order { number, text } => frame(b'o', &[&number.to_be_bytes(), text]),
            Request::Type(bytes) => frame(b't', &[bytes]),
            Request::TypeTo { number, bytes } => frame(b'k', &[&number.to_be_bytes(), bytes]),
            Request::Ask(ask) => frame(b'a', &[&serde_json::to_vec(ask).unwrap_or_default()]),
        }
    }

    pub(super) fn read(kind: u8, bytes: &[u8]) -> Option<Request> {
        match kind {
            b'o' => {
                let (number, text) = bytes.split_first_chunk()?;
                Some(Request::Order { number: u64::from_be_bytes(*number), text: text.to_vec() })
            }
            b't' => Some(Request::Type(bytes.to_vec())),
            b'k' => {
                let (number, bytes) = bytes.split_first_chunk()?;
                Some(Request::TypeTo { number: u64::from_be_bytes(*number), bytes: bytes.to_vec() })
            }
            b'a' => serde_json::from_slice(bytes).ok().map(Request::Ask),
            _ => None,
        }
    }
}

impl Said {
    pub(super) fn frame(&self) -> Vec<u8> {
        match self {
            Said::Event(json) => frame(b'e', &[json]),
            Said::Terminal(bytes) => frame(b't', &[bytes]),
            Said::Done(Ok(())) => frame(b'y', &[]),
            Said::Done(Err(why)) => frame(b'n', &[why.as_bytes()]),
        }
    }

    /// `None` for what a later version says.
    pub(super) fn read(kind: u8, bytes: &[u8]) -> Option<Said> {
        match kind {
            b'e' => Some(Said::Event(bytes.to_vec())),
            b't' => Some(Said::Terminal(bytes.to_vec())),
            b'y' => Some(Said::Done(Ok(()))),
            b'n' => Some(Said::Done(Err(String::from_utf8_lossy(bytes).into_owned()))),
            _ => None,
        }
    }
}

/// Reads frames; one that is half read is finished by the next call, even if this one is dropped.
#[derive(Debug)]
pub(super) struct Frames<R> {
    from: R,
    bytes: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(from: R) -> Self {
        Frames { from, bytes: Vec::new() }
    }

    /// `None` at the end, or where nothing can be understood any more.
    pub(super) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((head, rest)) = self.bytes.split_first_chunk::<5>() {
                let [a, b, c, d, kind] = *head;
                let length =
                    usize::try_from(u32::from_be_bytes([a, b, c, d])).ok().filter(|n| *n <= LONGEST)?;
                if let Some(payload) = rest.get(..length) {
                    let payload = payload.to_vec();
                    self.bytes.drain(..5 + length);
                    return Some((kind, payload));
                }
            }
            match self.from.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_out_as_they_went_in_and_nonsense_ends_the_talk() {
        let requests = [
            Request::Order { number: 7, text: b"echo \xff\n".to_vec() },
            Request::Type(Vec::new()),
            Request::Ask(Ask::End { force: true }),
        ];
        let mut bytes: Vec<u8> = requests.iter().flat_map(Request::frame).collect();
        bytes.extend([0xff; 5]);
        let mut frames = Frames::new(&*bytes);
        for request in requests {
            let (kind, payload) = frames.next().await.expect("a frame");
            assert_eq!(Request::read(kind, &payload), Some(request));
        }
        assert_eq!(frames.next().await, None);
        assert_eq!(Request::read(b'o', b"short"), None);
    }
}
