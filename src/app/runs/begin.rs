//! Sessions for commands: begun, found again, prepared while a question stands.
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::behind::Way;
use super::session::{About, Pinned, Session};
use super::start::Work;
use super::{Shared, back, lock};
use crate::commands::effect::Answer;
use crate::domain::approval::{Approved, QuestionId};
use crate::domain::shell::{self, Sent, ShellCommand};
use crate::incident::event::{At, Order};
use crate::tools::runner::{self, Setup, State};

/// A session that is being begun for a question: whoever comes first begins it.
pub(super) type Prepared = Arc<OnceCell<Result<Session, String>>>;

/// Where in the runbook it stands.
pub(super) fn at(command: &ShellCommand) -> At {
    At { run: command.run.clone(), step: command.step, command: command.command }
}

/// The answers to the looks of a command, in their order.
pub(super) async fn look(
    shared: &Arc<Shared>,
    prepared: Option<Prepared>,
    command: &ShellCommand,
) -> Vec<Option<Answer>> {
    if command.looks.is_empty() {
        return Vec::new();
    }
    match shared.session(command, &Way::Stays, prepared).await {
        Ok(session) => session.look(command.looks.clone()).await,
        Err(why) => {
            let name = match &command.session {
                shell::Session::Join(name) => name.as_str(),
                _ => "",
            };
            shared.trouble(name, format!("not looked at: {why}")).await;
            vec![None; command.looks.len()]
        }
    }
}

/// Finds or begins the session of an approved command, and gives it there.
pub(super) async fn begin(
    shared: &Arc<Shared>,
    approved: Approved,
    evidence: Vec<Sent>,
    prepared: Option<Prepared>,
) {
    let Some(work) = Work::new(shared, approved, evidence) else { return };
    let work = match work {
        Ok(work) => Box::new(work),
        Err((at, why)) => {
            prepared.into_iter().for_each(give_up);
            return shared.not_started(at, why).await;
        }
    };
    let at = work.at();
    let mut prepared = prepared;
    if let Way::Goes(_) = work.way {
        // What was prepared for the question is here; what goes to another box needs a session there.
        prepared.take().into_iter().for_each(give_up);
    }
    let session = match shared.session(&work.command, &work.way, prepared).await {
        Ok(session) => session,
        Err(why) => return shared.not_started(at, why).await,
    };
    if !session.begin(work).await {
        shared.not_started(at, "its session is over").await;
    }
}

/// Ends a session that is not used after all. One that is only being begun is waited for: nobody else would end it.
fn give_up(prepared: Prepared) {
    tokio::spawn(async move {
        let session = prepared.get_or_init(|| async { Err("the question was left".into()) }).await;
        if let Ok(session) = session {
            session.leave().await;
        }
    });
}

impl Shared {
    /// A place for the session that this question's command would begin.
    pub(super) fn prepare(&self, question: QuestionId, command: &ShellCommand) -> Option<Prepared> {
        if matches!(command.session, shell::Session::Join(_)) {
            return None;
        }
        Some(lock(&self.prepared).entry(question).or_default().clone())
    }

    /// Ends what was begun for other questions than this one.
    pub(super) fn forget_prepared(&self, but: Option<QuestionId>) {
        let mut all = lock(&self.prepared);
        let kept = but.and_then(|id| all.remove_entry(&id));
        let gone = std::mem::take(&mut *all);
        all.extend(kept);
        drop(all);
        gone.into_values().for_each(give_up);
    }

    /// The session that a command joins or begins.
    async fn session(
        self: &Arc<Self>,
        command: &ShellCommand,
        way: &Way,
        prepared: Option<Prepared>,
    ) -> Result<Session, String> {
        match &command.session {
            shell::Session::Join(name) => self.join(name).await,
            shell::Session::New | shell::Session::Apart => {
                let prepared = prepared.unwrap_or_default();
                prepared.get_or_init(|| self.new_session(command, way)).await.clone()
            }
        }
    }

    pub(super) async fn join(self: &Arc<Self>, name: &str) -> Result<Session, String> {
        let known = || lock(&self.sessions).get(name).cloned();
        if let Some(session) = known() {
            return Ok(session);
        }
        let _attaching = self.attaching.lock().await;
        if let Some(session) = known() {
            return Ok(session);
        }
        let dir = self.dir_of(name).ok_or("its session is not on this box any more")?;
        let found = runner::session(&dir).ok_or("its session is not on this box any more")?;
        match found.state {
            State::Idle | State::Running(_) => self.attach(&found).await,
            State::Over(_) => Err("its session is over".into()),
            State::Interrupted(_) => Err("its session is over: its runner is dead".into()),
            State::Unknown(why) => Err(format!("its session cannot be joined: {why}")),
        }
    }

    async fn attach(self: &Arc<Self>, found: &runner::Session) -> Result<Session, String> {
        let handle = runner::attach(&found.dir).await?;
        let busy = if let State::Running(statement) = found.state { Some(statement) } else { None };
        let place = Pinned { remote: found.remote.clone(), ..Pinned::default() };
        let about = back::known(self, found).await.unwrap_or_else(|| About {
            next: found.last + 1,
            busy,
            used: true,
            place,
            ..About::default()
        });
        Ok(Session::follow(self, found.name.clone(), handle, about))
    }

    async fn new_session(self: &Arc<Self>, command: &ShellCommand, way: &Way) -> Result<Session, String> {
        let place = &command.place;
        let bad = |error: std::io::Error| format!("there is no place for a session: {error}");
        let root = self.options.places.sessions().map_err(bad)?;
        let name = format!("{}-{}-{}", command.run, self.options.pid, self.next());
        let (columns, rows) = (self.options.size)();
        let mut setup = Setup::new(root.join(&name));
        setup.program.clone_from(&self.options.program);
        (setup.columns, setup.rows) = (columns, rows);
        match way {
            Way::Goes(target) => setup.remote = Some(target.clone()),
            Way::Stays | Way::Leaves => {
                setup.workdir.clone_from(&place.workdir);
                if place.remote.is_none() {
                    setup.env.clone_from(&place.env);
                }
                setup.remote.clone_from(&place.remote);
            }
        }
        if setup.remote.is_none() && !place.context.is_empty() {
            setup.kubeconfig = self.pin(&root, &name, place).await?;
        }
        let pinned = setup.remote.is_none();
        let about = About {
            run: command.run.clone(),
            next: 1,
            ours: true,
            apart: command.session == shell::Session::Apart,
            place: Pinned {
                remote: setup.remote.clone(),
                context: pinned.then(|| place.context.clone()),
                namespace: pinned.then(|| place.namespace.clone()),
            },
            ..About::default()
        };
        match runner::start(&setup).await {
            Ok(handle) => Ok(Session::follow(self, name, handle, about)),
            Err(why) => {
                self.unpin(&name);
                Err(why)
            }
        }
    }

    /// The directory of a session. Its name is from a file: it stays in its place.
    pub(super) fn dir_of(&self, name: &str) -> Option<PathBuf> {
        let harmless = !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let roots = self.options.places.all_sessions();
        let dirs = roots.into_iter().map(|root| root.join(name));
        dirs.filter(|_| harmless && !name.is_empty()).find(|dir| dir.is_dir())
    }

    pub(super) async fn stop(self: &Arc<Self>, order: &Order) -> Result<(), String> {
        self.join(&order.session).await?.stop(order.statement).await
    }
}
