//! A terminal in a container, wherever that runs. The session lives in a task of its own, so that one can leave it
//! and come back: what was printed meanwhile is kept, within bounds, and shown again.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Printed bytes that are kept for the return: some twenty full screens.
const KEPT: usize = 256 * 1024;

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    /// The connection broke, or the container went away.
    Lost(String),
}

/// How one comes to know of the end.
pub enum Ending {
    /// It is told, with how long the rest of the output may take, which may not have come by then.
    Told(BoxFuture<'static, (End, Duration)>),
    /// It is asked for when the output is over.
    Asked(BoxFuture<'static, End>),
}

/// A session. Dropping the last handle ends it.
#[derive(Debug)]
pub struct Shell {
    input: mpsc::Sender<Vec<u8>>,
    size: mpsc::Sender<(u16, u16)>,
    screen: Arc<Mutex<Screen>>,
    end: watch::Receiver<Option<End>>,
    task: tokio::task::JoinHandle<()>,
    hang_up: Option<CancellationToken>,
}

/// What one sees on coming back: first what was printed before, then what is printed from now on.
#[derive(Debug)]
pub struct Attached {
    pub before: Vec<u8>,
    pub live: mpsc::Receiver<Bytes>,
}

/// Begins a session over what is open already; `sizing` passes every size on.
pub fn start<R, W, F>(
    output: R,
    mut input: W,
    sizing: impl FnOnce(mpsc::Receiver<(u16, u16)>) -> F,
    ending: Ending,
) -> Shell
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let screen = Arc::new(Mutex::new(Screen::default()));
    let (typing, mut typed) = mpsc::channel(64);
    let (size, sizes) = mpsc::channel(8);
    let (tell, end) = watch::channel(None);
    let (shown, sizing) = (screen.clone(), sizing(sizes));
    let task = tokio::spawn(async move {
        // What cannot be written ends nothing: the output tells of the end, and may have more to say.
        let writing = async {
            tokio::join!(write(&mut input, &mut typed), sizing);
            std::future::pending::<Infallible>().await
        };
        let ended = tokio::select! {
            ended = until_the_end(show(output, &shown), ending) => ended,
            never = writing => match never {},
        };
        tell.send_replace(Some(ended));
        lock(&shown).shown = None;
    });
    Shell { input: typing, size, screen, end, task, hang_up: None }
}

impl Shell {
    /// For what outlives its connection: hears that it is to be hung up on.
    #[must_use]
    pub fn hung_up_by(mut self, hears: CancellationToken) -> Shell {
        self.hang_up = Some(hears);
        self
    }

    /// Ends what would outlive the connection, and waits for that. The rest ends when this is dropped.
    pub async fn hang_up(&self) {
        if let Some(hears) = &self.hang_up {
            hears.cancel();
            self.wait().await;
        }
    }

    /// Sends what was typed; false when the session is over.
    pub async fn type_in(&self, bytes: Vec<u8>) -> bool {
        self.input.send(bytes).await.is_ok()
    }

    pub async fn resize(&self, columns: u16, rows: u16) {
        // A session that is over has no size.
        let _ = self.size.send((columns, rows)).await;
    }

    /// Looks at the session from now on; who looked before sees nothing more.
    pub fn attach(&self) -> Attached {
        let (show, live) = mpsc::channel(64);
        let mut screen = lock(&self.screen);
        screen.shown = Some(show);
        Attached { before: screen.kept.iter().copied().collect(), live }
    }

    /// Leaves it running unseen. Dropping what `attach` gave does the same.
    pub fn detach(&self) {
        lock(&self.screen).shown = None;
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<End> {
        self.end.borrow().clone()
    }

    /// Waits for the end.
    pub async fn wait(&self) -> End {
        let mut end = self.end.clone();
        let lost = || End::Lost("the session was dropped".into());
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or_else(lost),
            Err(_) => lost(),
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last bytes that were printed, and who sees new ones.
#[derive(Debug, Default)]
struct Screen {
    kept: VecDeque<u8>,
    shown: Option<mpsc::Sender<Bytes>>,
}

impl Screen {
    /// Keeps them, and says who is to be shown them.
    fn print(&mut self, bytes: &[u8]) -> Option<mpsc::Sender<Bytes>> {
        let bytes = bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or_default();
        let over = (self.kept.len() + bytes.len()).saturating_sub(KEPT);
        self.kept.drain(..over.min(self.kept.len()));
        self.kept.extend(bytes);
        self.shown.clone()
    }
}

/// A panic of another holder leaves nothing half-done that would matter here.
fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps and shows what is printed, until nothing more comes.
async fn show(mut output: impl AsyncRead + Unpin, screen: &Mutex<Screen>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = output.read(&mut buffer).await {
        let bytes = buffer.get(..length).unwrap_or_default();
        let shown = lock(screen).print(bytes);
        if let Some(shown) = shown {
            // Whoever looks holds the session back; whoever left does not.
            let _ = shown.send(Bytes::copy_from_slice(bytes)).await;
        }
    }
}

async fn write(input: &mut (impl AsyncWrite + Unpin), typed: &mut mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = typed.recv().await {
        if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
            break;
        }
    }
}

/// What was printed before the end comes before it.
async fn until_the_end(output: impl Future<Output = ()>, ending: Ending) -> End {
    let mut told = match ending {
        Ending::Told(told) => told,
        Ending::Asked(ask) => {
            output.await;
            return ask.await;
        }
    };
    let mut output = pin!(output);
    tokio::select! {
        () = &mut output => told.await.0,
        (end, rest) = &mut told => {
            let _ = timeout(rest, output).await;
            end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_output_is_kept_for_the_return() {
        let mut screen = Screen::default();
        screen.print(&vec![b'a'; KEPT]);
        screen.print(b"bc");
        assert_eq!(screen.kept.len(), KEPT);
        assert_eq!(screen.kept.iter().rev().take(3).copied().collect::<Vec<u8>>(), b"cba");
        screen.print(&vec![b'x'; KEPT * 3]);
        assert_eq!(screen.kept.len(), KEPT);
    }
}
