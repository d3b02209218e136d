//! The journal of this session: an event is on a disk before its writer hears so.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::disk::{Disk, Local};
use super::keeper::Keeper;
use super::{Places, places, repair};
use crate::domain::time::Timestamp;
use crate::incident::chain::{Merged, merge};
use crate::incident::event::{Event, EventId, Output};
use crate::incident::{Keeping, What};

/// A disk that takes longer is as good as gone, until it answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose journal, of what, and where.
#[derive(Debug, Clone)]
pub struct Setup {
    pub places: Places,
    /// The incident that is open, or [`day`](crate::incident::day).
    pub incident: String,
    pub host: String,
    pub user: String,
    pub pid: u32,
    pub started: Timestamp,
}

impl Setup {
    /// One run of the program on one box, without asking for randomness.
    pub fn writer(&self) -> String {
        format!("{}-{}-{}-{}", part(&self.host), part(&self.user), self.pid, self.started.0)
    }
}

/// A box or a user, as a writer's name has it.
pub fn part(text: &str) -> String {
    places::name(text, 40).replace('.', "-")
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("not recorded: {0}")]
    Failed(String),
    /// It may be recorded later, and is not to be relied on.
    #[error("not recorded: the disk has not answered for {} s", PATIENCE.as_secs())]
    Slow,
    #[error("not recorded: the journal has ended")]
    Ended,
}

enum Order {
    Append(Box<What>, Timestamp, oneshot::Sender<Result<EventId, JournalError>>),
    Keep(String, Vec<u8>, Timestamp, oneshot::Sender<Result<Output, JournalError>>),
}

/// Who hears of every event once it is on a disk, in its order.
pub type Told = mpsc::UnboundedSender<Event>;

/// A handle to the one thread that writes. Its clones write the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    orders: mpsc::Sender<Order>,
    state: Arc<watch::Sender<Keeping>>,
    /// What is recorded here goes there meanwhile.
    instead: Arc<Mutex<Option<Journal>>>,
}

impl Journal {
    /// Returns at once; the state says how the opening went.
    pub fn open(setup: Setup) -> Journal {
        Journal::open_on(Box::new(Local), setup, None)
    }

    /// The same, and tells of every event that it has written.
    pub fn open_told(setup: Setup, told: Told) -> Journal {
        Journal::open_on(Box::new(Local), setup, Some(told))
    }

    fn open_on(disk: Box<dyn Disk>, setup: Setup, hears: Option<Told>) -> Journal {
        let (orders, inbox) = mpsc::channel(256);
        let state = Arc::new(watch::Sender::new(Keeping::Opening));
        let told = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("journal".into());
        if let Err(error) = thread.spawn(move || write(disk, &setup, inbox, &told, hears.as_ref())) {
            state.send_replace(Keeping::Failed { why: format!("no thread for the journal: {error}") });
        }
        Journal { orders, state, instead: Arc::default() }
    }

    /// From now on everything that is recorded by this handle and its clones goes to another journal; to this one
    /// again where none is given. While an incident is open, the day's journal rests.
    pub fn divert(&self, to: Option<Journal>) {
        *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// The one that is written to now.
    fn present(&self) -> Journal {
        let instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        instead.clone().unwrap_or_else(|| self.clone())
    }

    /// `Ok` means that the event would survive a power cut.
    pub async fn append(&self, what: What, at: Timestamp) -> Result<EventId, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.present().ask(Order::Append(Box::new(what), at, answer), answered).await
    }

    /// Writes a file for an event to refer to, such as evidence. Secrets are masked before they get here.
    pub async fn keep(&self, label: &str, bytes: Vec<u8>, at: Timestamp) -> Result<Output, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.present().ask(Order::Keep(label.to_owned(), bytes, at, answer), answered).await
    }

    pub fn state(&self) -> Keeping {
        let present = self.present();
        Keeping::clone(&present.state.borrow())
    }

    /// Wakes whenever the state of this one changes, wherever it diverts to.
    pub fn watch(&self) -> watch::Receiver<Keeping> {
        self.state.subscribe()
    }

    async fn ask<T>(
        &self,
        order: Order,
        answered: oneshot::Receiver<Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        let exchange = async {
            self.orders.send(order).await.map_err(|_| JournalError::Ended)?;
            answered.await.map_err(|_| JournalError::Ended)?
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(JournalError::Slow));
        if let Err(error @ (JournalError::Slow | JournalError::Ended)) = &answer {
            tell(&self.state, Keeping::Failed { why: error.to_string() });
        }
        answer
    }
}

fn write(
    disk: Box<dyn Disk>,
    setup: &Setup,
    mut inbox: mpsc::Receiver<Order>,
    state: &watch::Sender<Keeping>,
    hears: Option<&Told>,
) {
    let mut keeper =
        Keeper::open(disk, setup.places.clone(), &setup.incident, &setup.writer(), setup.started);
    tell(state, keeper.state());
    while let Some(order) = inbox.blocking_recv() {
        // Whoever asked may have lost patience; what was asked is still done.
        match order {
            Order::Append(what, at, answer) => {
                let tells = hears.map(|hears| (hears, what.clone()));
                let done = keeper.append(*what, at).map_err(JournalError::Failed);
                tell(state, keeper.state());
                if let (Ok(id), Some((hears, what))) = (&done, tells) {
                    let _ = hears.send(Event::known(id.clone(), at, *what));
                }
                let _ = answer.send(done);
            }
            Order::Keep(label, bytes, at, answer) => {
                let done = keeper.keep(&label, &bytes, at).map_err(JournalError::Failed);
                tell(state, keeper.state());
                let _ = answer.send(done);
            }
        }
    }
}

fn tell(state: &watch::Sender<Keeping>, now: Keeping) {
    state.send_if_modified(|known| {
        let changed = *known != now;
        *known = now;
        changed
    });
}

/// What is known of an incident on this box: all its writers, in one order.
pub fn read(places: &Places, incident: &str) -> Merged {
    let chains = repair::read_all(&Local, places, incident);
    merge(chains.into_iter().flat_map(|(_, chain)| chain.entries))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::mpsc as plain;

    use super::*;
    use crate::incident::event::Note;
    use crate::store::disk::Sheet;

    /// The real disk, once it has been let go on.
    struct Stuck(std::sync::Mutex<plain::Receiver<()>>);

    impl Disk for Stuck {
        fn make_dir(&self, dir: &Path) -> io::Result<()> {
            // Whoever lets go may be gone: that is letting go as well.
            let _ = self.0.lock().expect("unpoisoned").recv();
            Local.make_dir(dir)
        }
        fn make_own_dir(&self, base: &Path, dir: &Path) -> io::Result<()> {
            Local.make_own_dir(base, dir)
        }
        fn create(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
            Local.create(path)
        }
        fn open(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
            Local.open(path)
        }
        fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            Local.put(path, bytes)
        }
        fn get(&self, path: &Path) -> io::Result<Vec<u8>> {
            Local.get(path)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            Local.remove(path)
        }
        fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
            Local.names(dir)
        }
    }

    fn setup(base: &Path) -> Setup {
        Setup {
            places: Places { first: base.join("state"), second: base.join("run") },
            incident: "INC-1".into(),
            host: "box.example".into(),
            user: "../ann".into(),
            pid: 7,
            started: Timestamp(1),
        }
    }

    fn note(text: &str) -> What {
        What::Note(Note { text: text.into() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_does_not_answer_is_not_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let (let_go, stuck) = plain::channel();
        let journal = Journal::open_on(Box::new(Stuck(stuck.into())), setup(dir.path()), None);
        assert_eq!(journal.state(), Keeping::Opening);
        assert_eq!(journal.append(note("one"), Timestamp(1)).await, Err(JournalError::Slow));
        assert!(matches!(journal.state(), Keeping::Failed { .. }));
        tokio::time::resume();
        let mut state = journal.watch();
        drop(let_go);
        state.wait_for(|state| matches!(state, Keeping::Good(_))).await.expect("the journal lives");
        journal.append(note("two"), Timestamp(2)).await.expect("recorded");
        assert_eq!(read(&setup(dir.path()).places, "INC-1").entries.len(), 2);
    }

    #[tokio::test]
    async fn while_it_diverts_the_other_journal_gets_everything_and_both_tell_in_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let (told, mut inbox) = mpsc::unbounded_channel();
        let day = Journal::open_told(setup(dir.path()), told.clone());
        let other = Setup { incident: "inc-1".into(), ..setup(dir.path()) };
        let incident = Journal::open_told(other, told);
        let clone = day.clone();
        day.append(note("one"), Timestamp(1)).await.expect("recorded");
        day.divert(Some(incident));
        let id = clone.append(note("two"), Timestamp(2)).await.expect("recorded");
        assert_eq!(id.incident, "inc-1");
        day.divert(None);
        clone.append(note("three"), Timestamp(3)).await.expect("recorded");
        let mut heard = Vec::new();
        while let Ok(event) = inbox.try_recv() {
            heard.push((event.incident, event.at.0));
        }
        assert_eq!(heard, [("INC-1".into(), 1), ("inc-1".into(), 2), ("INC-1".into(), 3)]);
        assert_eq!(read(&setup(dir.path()).places, "INC-1").entries.len(), 2);
    }

    #[tokio::test]
    async fn an_event_says_which_it_is_and_its_writer_is_one_run_on_one_box() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Journal::open(setup(dir.path()));
        let id = journal.append(note("one"), Timestamp(1)).await.expect("recorded");
        let writer = "box-example-_ann-7-1".to_owned();
        assert_eq!(id, EventId { incident: "INC-1".into(), writer, n: 1 });
        let kept = journal.keep("events.yaml", b"kind: List".to_vec(), Timestamp(1)).await.expect("kept");
        let file = dir.path().join("state/journal/INC-1").join(&kept.file);
        assert_eq!(std::fs::read(file).expect("there"), b"kind: List");
        assert_eq!(kept.size, 10);
    }
}
