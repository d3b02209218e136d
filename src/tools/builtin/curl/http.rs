//! HTTP/1.1 as a client speaks it, with the server's bytes as they came: heads are shown, bodies are passed on.
use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::net::Stream;

/// No head of an answer is longer.
const HEAD: usize = 256 << 10;

pub struct Head {
    /// As it came, with its line ends and the empty line.
    pub raw: String,
    pub code: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What of a body is still to come.
enum Rest {
    Bytes(u64),
    /// Of the chunk that has begun; and whether one had begun before.
    Chunk(u64, bool),
    UntilClosed,
    Nothing,
}

/// One connection and the answer that is read from it.
pub struct Connection {
    pub stream: Stream,
    /// What was read and not used yet.
    pub kept: Vec<u8>,
    rest: Rest,
}

fn garbled(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

impl Connection {
    pub fn new(stream: Stream) -> Connection {
        Connection { stream, kept: Vec::new(), rest: Rest::Nothing }
    }

    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.stream.flush().await
    }

    async fn more(&mut self) -> io::Result<bool> {
        self.kept.reserve(16 << 10);
        Ok(self.stream.read_buf(&mut self.kept).await? > 0)
    }

    /// The head of the answer; those that only say that another follows are passed over.
    pub async fn head(&mut self, bodiless: bool) -> io::Result<Head> {
        loop {
            let head = self.any_head().await?;
            if head.code / 100 != 1 || head.code == 101 {
                self.rest = rest(&head, bodiless)?;
                return Ok(head);
            }
        }
    }

    async fn any_head(&mut self) -> io::Result<Head> {
        let end = loop {
            if self.kept.len() >= 5 && !self.kept.starts_with(b"HTTP/") || self.kept.len() > HEAD {
                return Err(garbled("Received HTTP/0.9 when not allowed"));
            }
            if let Some(at) = self.kept.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        };
        let raw = String::from_utf8_lossy(&self.kept.drain(..end).collect::<Vec<_>>()).into_owned();
        let mut lines = raw.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let code = first.nth(1).and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| garbled("Unsupported HTTP version in response"))?;
        let pair =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let headers = lines.filter_map(pair).collect();
        Ok(Head { raw, code, headers })
    }

    /// The next piece of the body; nothing when it has ended.
    pub async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.rest {
                Rest::Nothing | Rest::Bytes(0) => return Ok(None),
                Rest::Chunk(0, begun) => {
                    if !self.chunk(begun).await? {
                        self.rest = Rest::Nothing;
                    }
                    continue;
                }
                Rest::Bytes(_) | Rest::Chunk(..) | Rest::UntilClosed => {}
            }
            if self.kept.is_empty() && !self.more().await? {
                return match self.rest {
                    Rest::UntilClosed => Ok(None),
                    Rest::Bytes(left) => {
                        Err(garbled(&format!("transfer closed with {left} bytes remaining to read")))
                    }
                    _ => Err(garbled("transfer closed with outstanding read data remaining")),
                };
            }
            let limit = match self.rest {
                Rest::Bytes(left) | Rest::Chunk(left, _) => usize::try_from(left).unwrap_or(usize::MAX),
                _ => usize::MAX,
            };
            let piece: Vec<u8> = self.kept.drain(..limit.min(self.kept.len())).collect();
            if let Rest::Bytes(left) | Rest::Chunk(left, _) = &mut self.rest {
                *left = left.saturating_sub(piece.len() as u64);
            }
            return Ok(Some(piece));
        }
    }

    /// Begins the next chunk; false behind the last one.
    async fn chunk(&mut self, begun: bool) -> io::Result<bool> {
        if begun {
            self.line().await?;
        }
        let line = self.line().await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size =
            u64::from_str_radix(size, 16).map_err(|_| garbled("Illegal or missing hexadecimal sequence"))?;
        self.rest = Rest::Chunk(size, true);
        if size > 0 {
            return Ok(true);
        }
        while !self.line().await?.is_empty() {}
        Ok(false)
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.kept.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.kept.drain(..=at).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.kept.len() > HEAD || !self.more().await? {
                return Err(garbled("transfer closed with outstanding read data remaining"));
            }
        }
    }

    /// All of the body, up to a limit.
    pub async fn whole(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
            if body.len() > limit {
                return Err(garbled("the answer is too long"));
            }
        }
        Ok(body)
    }

    /// What follows is no answer any more, but goes on until the connection ends.
    pub fn until_closed(&mut self) {
        self.rest = Rest::UntilClosed;
    }

    /// How long the body says it is.
    pub fn expected(&self) -> Option<u64> {
        match self.rest {
            Rest::Bytes(left) => Some(left),
            _ => None,
        }
    }
}

fn rest(head: &Head, bodiless: bool) -> io::Result<Rest> {
    if bodiless || matches!(head.code, 101 | 204 | 304) {
        return Ok(Rest::Nothing);
    }
    if head.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
        return Ok(Rest::Chunk(0, false));
    }
    let length = head.header("content-length").map(str::parse).transpose();
    let length = length.map_err(|_| garbled("Invalid Content-Length: value"))?;
    Ok(length.map_or(Rest::UntilClosed, Rest::Bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_passed_on_byte_for_byte_in_every_form_of_it() {
        let forms: [(&str, &[u8]); 3] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\0\r\nbX", b"a\0\r\nb"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\na\r\n\r\n2\r\n\0b\r\n0\r\n\r\n",
                b"a\r\n\0b",
            ),
            ("HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        ];
        for (answer, body) in forms {
            let (here, mut there) = tokio::io::duplex(4096);
            there.write_all(answer.as_bytes()).await.expect("written");
            drop(there);
            let mut connection = Connection::new(Box::new(here));
            assert_eq!(connection.head(false).await.expect("head").code, 200);
            assert_eq!(connection.whole(100).await.expect("body"), body);
        }
    }
}
