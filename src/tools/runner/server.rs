//! The runner's side of its socket: everybody attached is told everything, each at his own pace.
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::event::{Event, Stream};
use super::wire::{Frames, Request, Said};

/// What a terminal showed last, for those attached; older bytes are on the disk.
const LIVE: usize = 256 << 10;

/// A request, and where its answer goes.
pub(super) type Asked = (Request, oneshot::Sender<Result<(), String>>);

/// What there is to tell, from the beginning.
#[derive(Debug)]
pub(super) struct Board {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    /// As JSON, with the number of the statement that began there.
    events: Vec<(Arc<[u8]>, Option<u64>)>,
    /// How much each statement wrote to each stream.
    totals: Vec<[u64; 3]>,
    live: VecDeque<u8>,
    /// How many bytes the terminal showed in all.
    shown: u64,
    done: bool,
}

/// How far one of those attached has been told.
#[derive(Debug, Default)]
struct Told {
    events: usize,
    statement: u64,
    totals: [u64; 3],
    shown: u64,
}

impl Board {
    pub(super) fn new() -> Arc<Board> {
        Arc::new(Board { inner: Mutex::default(), changed: watch::Sender::new(()) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, event: &Event, json: Vec<u8>) {
        let started = match event {
            Event::Started { statement, .. } => Some(*statement),
            _ => None,
        };
        self.lock().events.push((json.into(), started));
        self.changed.send_replace(());
    }

    pub(super) fn wrote(&self, statement: u64, stream: Stream, total: u64) {
        let place = usize::try_from(statement).unwrap_or(usize::MAX);
        let mut inner = self.lock();
        if inner.totals.len() <= place && place < usize::MAX {
            inner.totals.resize(place + 1, [0; 3]);
        }
        if let Some(known) = inner.totals.get_mut(place).and_then(|totals| totals.get_mut(stream as usize)) {
            *known = total;
        }
        drop(inner);
        self.changed.send_replace(());
    }

    pub(super) fn show(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.live.extend(bytes);
        let over = inner.live.len().saturating_sub(LIVE);
        inner.live.drain(..over);
        inner.shown += bytes.len() as u64;
        drop(inner);
        self.changed.send_replace(());
    }

    fn finish(&self) {
        self.lock().done = true;
        self.changed.send_replace(());
    }

    /// The next things to say to one of those attached, and whether that is all there will ever be.
    fn next(&self, told: &mut Told) -> (Vec<u8>, bool) {
        let inner = self.lock();
        let mut bytes = Vec::new();
        loop {
            bytes.extend(outputs(&inner, told));
            let Some((json, started)) = inner.events.get(told.events) else { break };
            bytes.extend(Said::Event(json.to_vec()).frame());
            told.events += 1;
            if let Some(statement) = started {
                (told.statement, told.totals) = (*statement, [0; 3]);
            }
        }
        if told.shown < inner.shown {
            let new = usize::try_from(inner.shown - told.shown).unwrap_or(usize::MAX).min(inner.live.len());
            let live: Vec<u8> = inner.live.iter().skip(inner.live.len() - new).copied().collect();
            bytes.extend(Said::Terminal(live).frame());
            told.shown = inner.shown;
        }
        (bytes, inner.done)
    }
}

fn outputs(inner: &Inner, told: &mut Told) -> Vec<u8> {
    let place = usize::try_from(told.statement).unwrap_or(usize::MAX);
    let Some(totals) = inner.totals.get(place) else { return Vec::new() };
    let mut bytes = Vec::new();
    for ((stream, total), known) in Stream::ALL.into_iter().zip(totals).zip(&mut told.totals) {
        if *total > *known {
            let event =
                Event::Output { statement: told.statement, stream, from: *known, len: *total - *known };
            bytes.extend(Said::Event(serde_json::to_vec(&event).unwrap_or_default()).frame());
            *known = *total;
        }
    }
    bytes
}

/// Takes in whoever attaches, for as long as it is not dropped.
#[derive(Debug)]
pub(super) struct Door {
    board: Arc<Board>,
    people: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Door {
    pub(super) fn open(
        at: &PathBuf,
        board: &Arc<Board>,
        asked: mpsc::Sender<Asked>,
    ) -> std::io::Result<Door> {
        let listener = UnixListener::bind(at)?;
        let people = Arc::new(tokio::sync::Mutex::new(JoinSet::new()));
        let (attached, told) = (Arc::clone(&people), Arc::clone(board));
        let accepting = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let mut people = attached.lock().await;
                        while people.try_join_next().is_some() {}
                        people.spawn(attend(stream, Arc::clone(&told), asked.clone()));
                    }
                    // Too many are here; somebody may leave.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        Ok(Door { board: Arc::clone(board), people, accepting })
    }

    /// Lets everybody hear the end.
    pub(super) async fn close(self) {
        self.accepting.abort();
        self.board.finish();
        let all = async { while self.people.lock().await.join_next().await.is_some() {} };
        // One who does not listen is not waited for.
        let _ = timeout(Duration::from_secs(2), all).await;
    }
}

/// Talks to one who is attached, until either goes.
async fn attend(stream: UnixStream, board: Arc<Board>, asked: mpsc::Sender<Asked>) {
    let (read, write) = stream.into_split();
    let (replies, answers) = mpsc::channel(16);
    let hearing = async move {
        let mut frames = Frames::new(read);
        while let Some((kind, payload)) = frames.next().await {
            let done = match Request::read(kind, &payload) {
                None => Err("this runner is of another version and does not know how to do that".into()),
                Some(request) => {
                    let (reply, answer) = oneshot::channel();
                    match asked.send((request, reply)).await {
                        Ok(()) => answer.await.unwrap_or_else(|_| Err("the session is over".into())),
                        Err(_) => Err("the session is over".into()),
                    }
                }
            };
            if replies.send(done).await.is_err() {
                return;
            }
        }
    };
    let telling = tell(write, board, answers);
    tokio::select! {
        () = hearing => {}
        () = telling => {}
    }
}

async fn tell(mut write: OwnedWriteHalf, board: Arc<Board>, mut answers: mpsc::Receiver<Result<(), String>>) {
    let mut changed = board.changed.subscribe();
    // What a terminal showed before belongs to the past, which is on the disk.
    let mut told = Told { shown: board.lock().shown, ..Told::default() };
    loop {
        let (mut bytes, done) = board.next(&mut told);
        while let Ok(answer) = answers.try_recv() {
            bytes.extend(Said::Done(answer).frame());
        }
        if write.write_all(&bytes).await.is_err() || done {
            return;
        }
        let more = tokio::select! {
            changed = changed.changed() => changed.is_ok().then_some(None),
            answer = answers.recv() => answer.map(Some),
        };
        match more {
            None => return,
            Some(None) => {}
            Some(Some(answer)) => {
                if write.write_all(&Said::Done(answer).frame()).await.is_err() {
                    return;
                }
            }
        }
    }
}
