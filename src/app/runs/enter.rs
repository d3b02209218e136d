//! The terminal of a session in the operator's hands.
use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::session::{Order, Task};
use super::{Runs, Shared};
use crate::app::passage::{self, Ends, Typed};
use crate::tools::runner::{Output, Stream};

/// Of what was printed before, so much is shown again.
const BEFORE: usize = 64 << 10;
/// Of what a slow screen has not taken, so much is kept.
const WAITING: usize = 1 << 20;

/// What one sees on entering.
#[derive(Debug)]
pub(super) struct Entered {
    title: String,
    before: Vec<u8>,
    live: mpsc::Receiver<Bytes>,
    /// It was looked at before.
    again: bool,
}

/// How far somebody was shown what a statement prints.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct View {
    statement: u64,
    /// In bytes of its stream on the disk.
    at: u64,
    /// Of what was printed since: how much was told, and how much was shown.
    told: u64,
    shown: u64,
}

/// Where what is typed goes.
#[derive(Debug)]
struct Typing(mpsc::Sender<Order>);

impl Typed for Typing {
    async fn type_in(&self, bytes: Vec<u8>) -> bool {
        self.0.send(Order::Type(bytes)).await.is_ok()
    }

    async fn resize(&self, columns: u16, rows: u16) {
        // A session that is over has no size.
        let _ = self.0.send(Order::Resize(columns, rows)).await;
    }
}

impl Runs {
    /// What is needed to lend a terminal to a session: a title, and the two ends. It ends with the statement.
    pub async fn enter(&self, session: &str) -> Result<(String, Ends), String> {
        let session = Shared::join(&self.shared, session).await?;
        let (entered, orders) = session.enter().await?;
        let Entered { title, before, live, again } = entered;
        let ends = passage::pass(before, live, Typing(orders), again, &CancellationToken::new());
        Ok((title, ends))
    }
}

impl Task {
    pub(super) fn enter(&mut self) -> Result<Entered, String> {
        let running = self.running.as_ref().ok_or("nothing of this runs in its session")?;
        let mut view = View { statement: running.statement, ..View::default() };
        let mut output = Output::open(self.handle.dir(), view.statement, Stream::Term).ok();
        let total = output.as_mut().and_then(|output| output.total().ok()).unwrap_or(0);
        let piece =
            output.and_then(|mut output| output.read(total.saturating_sub(BEFORE as u64), BEFORE).ok());
        let before = piece.map(|piece| piece.bytes).unwrap_or_default();
        view.at = total;
        let again = self.seen.replace(running.statement) == Some(running.statement);
        let title = format!("step {} of {}{}", running.judging.n(), self.about.run, running.judging.words());
        let (show, live) = mpsc::channel(16);
        (self.viewer, self.view) = (Some(show), view);
        self.backlog.clear();
        Ok(Entered { title, before, live, again })
    }

    /// Something was printed. It is read from the disk, where all of it is, once, and in its order; only what the disk
    /// did not take is shown as it was told.
    pub(super) fn show(&mut self, told: &[u8]) {
        if self.viewer.is_none() {
            return;
        }
        self.view.told += told.len() as u64;
        self.show_new();
        let missing = usize::try_from(self.view.told.saturating_sub(self.view.shown)).unwrap_or(usize::MAX);
        let rest = told.get(told.len().saturating_sub(missing)..).unwrap_or_default();
        self.view.shown += rest.len() as u64;
        self.push(rest.to_vec());
    }

    fn show_new(&mut self) {
        let output = Output::open(self.handle.dir(), self.view.statement, Stream::Term);
        let Ok(mut output) = output else { return };
        while let Ok(piece) = output.read(self.view.at, BEFORE) {
            if piece.bytes.is_empty() {
                return;
            }
            let length = piece.bytes.len() as u64;
            self.view.at = piece.from + length;
            self.view.shown += length;
            self.push(piece.bytes);
        }
    }

    fn push(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.backlog.push_back(bytes.into());
        let mut length: usize = self.backlog.iter().map(Bytes::len).sum();
        while length > WAITING {
            length -= self.backlog.pop_front().map_or(length, |gone| gone.len());
        }
    }

    /// There is something to show, and somebody to show it to.
    pub(super) fn is_shown(&self) -> bool {
        self.viewer.is_some() && !self.backlog.is_empty()
    }

    /// The terminal is the operator's again, once all of it was shown.
    pub(super) fn unview(&mut self) {
        if self.viewer.is_some() {
            // The end is told before the last that was printed.
            self.show_new();
        }
        let Some(viewer) = self.viewer.take() else { return };
        let rest = std::mem::take(&mut self.backlog);
        tokio::spawn(async move {
            for bytes in rest {
                if viewer.send(bytes).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Shows the next piece; false when nobody looks any more.
pub(super) async fn show(viewer: Option<&mpsc::Sender<Bytes>>, backlog: &mut VecDeque<Bytes>) -> bool {
    let Some(viewer) = viewer else { return false };
    let Ok(permit) = viewer.reserve().await else { return false };
    if let Some(bytes) = backlog.pop_front() {
        permit.send(bytes);
    }
    true
}
