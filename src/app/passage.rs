//! A shell as the two ends that a lent terminal needs: what it prints, and what is typed into it.
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::sources::shell::Shell;

/// Typed bytes that may wait for a container that does not read them.
const TYPED: usize = 64 << 10;

/// What the shell prints, from what was printed before on.
#[derive(Debug)]
pub struct Printed {
    rest: Bytes,
    live: mpsc::Receiver<Bytes>,
}

impl AsyncRead for Printed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.live.poll_recv(context)) {
                Some(bytes) => self.rest = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Ok(()))
    }
}

/// What is printed, where to type, and where to say how large the screen is.
pub type Ends = (Printed, DuplexStream, watch::Sender<(u16, u16)>);

/// Whatever takes what is typed.
pub trait Typed: Send + Sync + 'static {
    /// False when it is over.
    fn type_in(&self, bytes: Vec<u8>) -> impl Future<Output = bool> + Send;
    fn resize(&self, columns: u16, rows: u16) -> impl Future<Output = ()> + Send;
}

impl Typed for Arc<Shell> {
    async fn type_in(&self, bytes: Vec<u8>) -> bool {
        Shell::type_in(self, bytes).await
    }

    async fn resize(&self, columns: u16, rows: u16) {
        Shell::resize(self, columns, rows).await;
    }
}

/// Attaches to a shell. `again` says that it was seen before: then its picture is painted anew.
///
/// Typed bytes and sizes go their way in a task that ends with the returned ends, or with `stop`.
pub fn attach(shell: &Arc<Shell>, again: bool, stop: &CancellationToken) -> Ends {
    let attached = shell.attach();
    pass(attached.before, attached.live, shell.clone(), again, stop)
}

/// The same for anything that prints and takes what is typed.
pub fn pass(
    before: Vec<u8>,
    live: mpsc::Receiver<Bytes>,
    typed_into: impl Typed,
    again: bool,
    stop: &CancellationToken,
) -> Ends {
    let before = if again { unasking(&before) } else { before };
    let (typing, typed) = tokio::io::duplex(TYPED);
    let (size, sizes) = watch::channel((0, 0));
    let stop = stop.clone();
    tokio::spawn(async move {
        stop.run_until_cancelled(pass_on(&typed_into, typed, sizes, again)).await;
    });
    (Printed { rest: before.into(), live }, typing, size)
}

async fn pass_on(
    shell: &impl Typed,
    mut typed: DuplexStream,
    mut sizes: watch::Receiver<(u16, u16)>,
    mut again: bool,
) {
    let mut buffer = vec![0; 4 << 10];
    let mut told = true;
    loop {
        // What is typed may ask how large the screen is.
        tokio::select! {
            biased;
            changed = sizes.changed(), if told => {
                told = changed.is_ok();
                let (columns, rows) = *sizes.borrow_and_update();
                if told && std::mem::take(&mut again) {
                    // Only a size that changes makes a full-screen program paint itself anew.
                    shell.resize(columns, rows.saturating_sub(1).max(1)).await;
                }
                if told {
                    shell.resize(columns, rows).await;
                }
            }
            read = typed.read(&mut buffer) => match read {
                Ok(length @ 1..) => {
                    if !shell.type_in(buffer[..length].to_vec()).await {
                        return;
                    }
                }
                _ => return,
            },
        }
    }
}

/// Printed bytes without what asks the terminal something: shown again, they would be answered again, and the
/// answer would be typed into the shell.
fn unasking(printed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(printed.len());
    let mut rest = printed;
    while let Some((&first, after)) = rest.split_first() {
        let length = match first {
            0x1b => sequence(rest),
            // ENQ: terminals answer it with their name.
            0x05 => {
                rest = after;
                continue;
            }
            _ => 1,
        };
        let (one, after) = rest.split_at(length.min(rest.len()));
        if !asks(one) {
            out.extend_from_slice(one);
        }
        rest = after;
    }
    out
}

/// How many bytes an escape sequence has.
fn sequence(bytes: &[u8]) -> usize {
    let ends = |end: &dyn Fn(usize) -> bool| (2..bytes.len()).find(|at| end(*at)).map(|at| at + 1);
    let found = match bytes.get(1) {
        Some(b'[') => ends(&|at| (0x40..=0x7e).contains(&bytes[at])),
        Some(b']' | b'P' | b'_' | b'^' | b'X') => {
            ends(&|at| bytes[at] == 0x07 || (bytes[at] == b'\\' && bytes[at - 1] == 0x1b))
        }
        Some(_) => Some(2),
        None => Some(1),
    };
    found.unwrap_or(bytes.len())
}

fn asks(sequence: &[u8]) -> bool {
    let Some(last) = sequence.last() else { return false };
    match sequence.get(1) {
        Some(b'[') => match last {
            b'c' | b'n' | b'x' => true,
            b'p' => sequence.contains(&b'$'),
            b'q' => sequence.contains(&b'>'),
            b'u' => sequence.contains(&b'?'),
            // Reports of the window; titles that are kept and put back are none.
            b't' => !matches!(sequence.get(2..4), Some(b"22" | b"23")),
            _ => false,
        },
        Some(b']') => sequence.contains(&b'?'),
        Some(b'P' | b'_' | b'Z') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_before_asks_the_terminal_nothing_when_it_is_shown_again() {
        let printed = b"one\x1b[6n\x1b[31mtwo\x1b[m\x1b[>0q\x1b[c\x1b]11;?\x07\x1b]0;title\x07\x1bP+q544e\x1b\\\x1b[?2026$p\x05\r\nthree";
        let shown = unasking(printed);
        assert_eq!(String::from_utf8_lossy(&shown), "one\x1b[31mtwo\x1b[m\x1b]0;title\x07\r\nthree");
    }

    #[test]
    fn a_sequence_that_was_cut_loses_nothing_else() {
        for cut in ["text\x1b", "text\x1b[3", "text\x1b]0;tit"] {
            assert!(unasking(cut.as_bytes()).starts_with(b"text"), "{cut:?}");
        }
    }

    #[tokio::test]
    async fn what_was_printed_before_comes_first_and_the_end_is_the_end() {
        let (send, live) = mpsc::channel(4);
        let mut printed = Printed { rest: Bytes::from_static(b"before "), live };
        send.send(Bytes::new()).await.expect("sent");
        send.send(Bytes::from_static(b"after")).await.expect("sent");
        drop(send);
        let mut all = String::new();
        printed.read_to_string(&mut all).await.expect("read");
        assert_eq!(all, "before after");
    }
}
