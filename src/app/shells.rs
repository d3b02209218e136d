//! The shells in containers: opened when approved, left and entered again, ended with the program at the latest.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::perform::{self, Answered, Scene};
use super::terminal;
use crate::domain::action::{Looked, Native, Outcome, Verb};
use crate::domain::approval::Approved;
use crate::domain::news::ActionId;
use crate::domain::object::{Kind, Realm};
use crate::domain::text::clean;
use crate::incident::event::Target;
use crate::sources::kubernetes::deeds;
use crate::sources::shell::{End, Shell};

/// What is said of a shell while it runs.
const OPEN: &str = "open; `s` enters it";
/// How long it may take until a shell that would outlive its connection has ended.
const HANG_UP_WITHIN: Duration = Duration::from_millis(1500);
/// How long leaving the program may take for the shells' ends and their last events.
const FAREWELL: Duration = Duration::from_millis(2500);

/// Nobody types a command sooner.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Every shell that was approved and has not ended.
#[derive(Debug)]
pub struct Shells {
    running: BTreeMap<u64, Running>,
    inbox: mpsc::Receiver<Happened>,
    outbox: mpsc::Sender<Happened>,
    tasks: JoinSet<()>,
    /// The shell that takes the terminal as soon as it is open, unless a key says that the operator went on.
    awaited: Option<ActionId>,
}

/// One that can be entered.
#[derive(Debug, Clone)]
pub struct Running {
    /// `shell in shop/web-0, container app`, `shell in container api`
    pub title: String,
    pub shell: Option<Arc<Shell>>,
    /// Ends it.
    pub stop: CancellationToken,
    /// Whether it was entered before, so that there is a picture to be painted again.
    pub seen: bool,
}

/// What a shell's task says to the loop.
#[derive(Debug)]
pub enum Happened {
    Opened(ActionId, Arc<Shell>),
    Over(ActionId),
}

impl Default for Shells {
    fn default() -> Self {
        let (outbox, inbox) = mpsc::channel(8);
        Shells { running: BTreeMap::new(), inbox, outbox, tasks: JoinSet::new(), awaited: None }
    }
}

impl Shells {
    /// Can be dropped while it waits without losing anything.
    pub async fn next(&mut self) -> Option<Happened> {
        self.inbox.recv().await
    }

    /// Opens what was approved: recorded first, as everything else.
    pub fn open(&mut self, scene: &Scene, id: ActionId, approved: Approved) {
        let answered = Arc::new(Answered::of(&approved));
        for looked in approved.into_actions() {
            let Verb::Shell { container, .. } = &looked.native.verb else { continue };
            let target = &looked.native.target;
            let title = match target.kind {
                Kind::Container => format!("shell in {} {target}", target.kind),
                _ => format!("shell in {target}, container {container}"),
            };
            let title = clean(&title).into_owned();
            let stop = CancellationToken::new();
            let running = Running { title, shell: None, stop: stop.clone(), seen: false };
            self.running.insert(id.0, running);
            self.awaited = Some(id);
            let (scene, answered, outbox) = (scene.clone(), answered.clone(), self.outbox.clone());
            self.tasks.spawn(async move {
                let open = |shell| outbox.send(Happened::Opened(id, shell));
                session(&scene, id, &answered, looked, &stop, open).await;
                let _ = outbox.send(Happened::Over(id)).await;
            });
        }
    }

    /// A key was pressed: a shell that opens from here on waits until it is entered.
    pub fn operator_goes_on(&mut self) {
        self.awaited = None;
    }

    /// Takes in what happened; the shell to enter, if the operator still waits for it.
    pub fn happened(&mut self, happened: Happened) -> Option<ActionId> {
        match happened {
            Happened::Opened(id, shell) => {
                self.running.get_mut(&id.0)?.shell = Some(shell);
                self.awaited.take_if(|awaited| *awaited == id)
            }
            Happened::Over(id) => {
                self.running.remove(&id.0);
                None
            }
        }
    }

    /// The shell, if it is open; what is told of it from now on is that it was entered before.
    pub fn enter(&mut self, id: ActionId) -> Option<Running> {
        let running = self.running.get_mut(&id.0)?;
        let now = running.clone();
        running.seen = true;
        Some(now)
    }

    pub fn end(&mut self, id: ActionId) {
        if let Some(running) = self.running.get(&id.0) {
            running.stop.cancel();
        }
    }

    /// Ends them all, and waits for their last events to be on disk.
    pub async fn close(mut self) {
        self.running.values().for_each(|running| running.stop.cancel());
        self.running.clear();
        self.inbox.close();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL, all).await;
    }
}

/// From the first event to the last: opens it, gives it to the loop, and stays until it ends.
async fn session<F, O>(
    scene: &Scene,
    id: ActionId,
    answered: &Answered,
    looked: Looked,
    stop: &CancellationToken,
    opened: O,
) where
    O: FnOnce(Arc<Shell>) -> F,
    F: Future<Output = Result<(), mpsc::error::SendError<Happened>>>,
{
    let native = looked.native;
    let (target, recorded) = (native.target.clone(), Target::from(&native));
    if let Err(error) = answered.begin(scene, id, &native).await {
        return perform::not_begun(scene, id, &native, &error).await;
    }
    let ended = match stop.run_until_cancelled(begin(scene, answered, &native)).await {
        None => Outcome::Refused { why: "ended before it was open".into() },
        Some(Err(why)) => Outcome::Refused { why: clean(&why).into_owned() },
        Some(Ok(shell)) => {
            let shell = Arc::new(shell);
            let progress = Outcome::Progress { says: OPEN.into() };
            perform::tell(scene, id, &target, recorded.clone(), progress).await;
            let _ = opened(shell.clone()).await;
            let began = Instant::now();
            match stop.run_until_cancelled(shell.wait()).await {
                Some(end) => came_to(end, began.elapsed()),
                None => ended_from_here(&shell).await,
            }
        }
    };
    perform::tell(scene, id, &target, recorded, ended).await;
}

/// Opens the terminal where the container runs.
async fn begin(scene: &Scene, answered: &Answered, native: &Native) -> Result<Shell, String> {
    let (target, size) = (&native.target, terminal::size());
    let Verb::Shell { container, command } = &native.verb else {
        return Err("this opens no terminal".into());
    };
    if target.kind.realm() == Realm::Containers {
        let docker = scene.backends.docker().ok_or_else(|| perform::nobody(target))?;
        return docker.shell(native, size).await;
    }
    let cluster = scene.kube.connected(&target.context).await.map_err(|error| error.to_string())?;
    if let Some(why) = answered.elsewhere(&target.context, &cluster.server) {
        return Err(why);
    }
    deeds::shell(&cluster, target, &native.uid, container, command, size).await
}

async fn ended_from_here(shell: &Shell) -> Outcome {
    let says = match timeout(HANG_UP_WITHIN, shell.hang_up()).await {
        Ok(()) => "ended from here",
        Err(_) => "left from here; what was started in it may go on",
    };
    Outcome::Settled { says: says.into() }
}

fn came_to(end: End, after: Duration) -> Outcome {
    match end {
        // It cannot be run, or is not there; later it is only what the last command came to.
        End::Exited(code @ (126 | 127)) if after < AT_ONCE => {
            Outcome::Failed { why: format!("exit code {code}: perhaps the image has no shell") }
        }
        End::Exited(code) => Outcome::Settled { says: format!("exit code {code}") },
        End::Lost(why) => {
            let why = clean(&why).into_owned();
            Outcome::Failed { why: format!("lost: {why}; what was started in it may go on") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_that_ends_with_a_number_has_ended_and_one_that_is_lost_has_failed() {
        let later = Duration::from_mins(1);
        assert_eq!(came_to(End::Exited(3), later), Outcome::Settled { says: "exit code 3".into() });
        assert_eq!(came_to(End::Exited(127), later), Outcome::Settled { says: "exit code 127".into() });
        assert!(matches!(came_to(End::Exited(127), Duration::ZERO), Outcome::Failed { .. }));
        let lost = came_to(End::Lost("cut\u{1b}[2J".into()), later);
        let Outcome::Failed { why } = lost else { panic!("{lost:?}") };
        assert!(why.starts_with("lost: cut") && !why.contains('\u{1b}'), "{why}");
    }
}
