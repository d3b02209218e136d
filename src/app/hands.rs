//! Does what `update` asks for: talks to the sources, the journal, the disk, the clipboard.
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::backends::Backends;
use super::ledger::Ledger;
use super::quote::{self, Quote};
use super::runs::{self, Runs};
use super::who::{self, user};
use super::{clipboard, documents, perform};
use crate::config::Options;
use crate::domain::action::{Outcome, Verb};
use crate::domain::approval::Plan;
use crate::domain::change::Change;
use crate::domain::news::News;
use crate::domain::object::{Facts, ObjectRef};
use crate::domain::settings::values::Clipboard;
use crate::domain::time::Timestamp;
use crate::incident::event::{
    ActionOutcome, AlertsAcknowledged, Event, QuestionAsked, QuestionDeclined, SuspectMarked, Target,
};
use crate::incident::{What, acknowledged, suspects};
use crate::model::msg::{Effect, Msg};
use crate::model::{Model, logs as model_logs};
use crate::sources::supervise::Signals;
use crate::sources::{Outbox, kubernetes, logs, now};
use crate::store::journal::read;
use crate::store::{Journal, Places};

/// How often an opened thing is read again.
const INSPECT_EVERY: Duration = Duration::from_secs(5);
/// How long leaving may take for the last event.
const FAREWELL: Duration = Duration::from_secs(1);

pub struct Hands {
    pub(super) kube: kubernetes::Handle,
    pub(super) backends: Backends,
    logs: logs::Handle,
    pub(super) journal: Journal,
    ledger: Ledger,
    pub(super) runs: Runs,
    out: Outbox,
    msgs: mpsc::Sender<Msg>,
    cancel: CancellationToken,
    inspecting: Option<JoinHandle<()>>,
    /// Watches the settings on disk until it is dropped.
    _watch: Option<crate::config::Watch>,
    /// Reads the runbooks, and again when they change.
    documents: Option<crate::sources::documents::Watch>,
}

impl Hands {
    pub fn start(options: &Options, model: &Model, out: Outbox, msgs: mpsc::Sender<Msg>) -> Hands {
        let cancel = CancellationToken::new();
        let kube = kubernetes::start(kube_options(options), out.clone(), cancel.clone());
        let clients = {
            let kube = kube.clone();
            Arc::new(move |context: &str| kube.cluster(context).map(|cluster| cluster.client))
        };
        let signals = Signals { retry: kube.retry_signal(), cancel: cancel.clone() };
        let backends = Backends::start(
            &options.effective.settings.profile,
            format!("{}@{}", user(), model.host),
            Some(&kube),
            &out,
            &signals,
        );
        let logs = logs::start(clients, backends.taps(), out.clone(), signals);
        let profile = &options.effective.settings.profile;
        let setup = who::setup(model.now);
        let session = who::session(&setup, profile);
        let ledger = Ledger::open(setup.clone(), session.clone(), msgs.clone(), cancel.clone());
        let journal = ledger.journal.clone();
        let about = runs::Options::of(&model.settings, &setup, journal.clone());
        let hands = Hands {
            kube,
            backends,
            logs,
            journal,
            ledger,
            runs: Runs::start(about, msgs.clone()),
            out,
            cancel,
            inspecting: None,
            _watch: watch_settings(options, &msgs),
            documents: documents::start(&model.settings, &msgs),
            msgs,
        };
        hands.tell_what_was(model.now);
        if !model.wall {
            hands.runs.come_back();
            hands.runs.tidy();
        }
        // What is looked at from the start.
        let watched = crate::update::table::watched(model);
        hands.backends.watch(&watched);
        hands.kube.watch(watched);
        hands.record(What::SessionOpened(session));
        hands
    }

    /// Tells the model who cared for which alerts, and which changes were held for the cause, before this start.
    fn tell_what_was(&self, now: Timestamp) {
        const DAY: i64 = 86_400_000;
        /// Nobody still cares for what was acknowledged before that.
        const DAYS: i64 = 3;
        let msgs = self.msgs.clone();
        tokio::task::spawn_blocking(move || {
            let places = Places::new(|name| std::env::var_os(name));
            // While an incident was open, its journal had everything.
            let since = Timestamp(now.0 - DAYS * DAY);
            let (found, _) = crate::store::read::journals(&places);
            let fresh = found.iter().filter(|journal| journal.changed >= since);
            let mut entries: Vec<_> =
                fresh.flat_map(|journal| read(&places, &journal.name).entries).collect();
            entries.sort_by_key(|entry| entry.event.at);
            let events = || entries.iter().map(|entry| &entry.event);
            let acknowledged = acknowledged::standing(events());
            if !acknowledged.is_empty() {
                let _ = msgs.blocking_send(Msg::AcknowledgedBefore(acknowledged));
            }
            let mut suspects = suspects::standing(events());
            suspects.retain(|(_, change)| now.0 - change.at.0 < DAY);
            if !suspects.is_empty() {
                let _ = msgs.blocking_send(Msg::Suspected(suspects));
            }
        });
    }

    /// Records what needs no answer; what must not happen unrecorded waits for its answer elsewhere.
    fn record(&self, what: What) {
        let journal = self.journal.clone();
        tokio::spawn(async move {
            if let Err(error) = journal.append(what, now()).await {
                tracing::warn!(%error, "an event was not recorded");
            }
        });
    }

    /// Writes something down that the model shall know of once it is.
    fn tell(&self, what: What) {
        let (journal, msgs) = (self.journal.clone(), self.msgs.clone());
        tokio::spawn(async move {
            let at = now();
            let msg = match journal.append(what.clone(), at).await {
                Ok(id) => Msg::Told(Box::new(Event::known(id, at, what))),
                Err(error) => Msg::Untold { what: Box::new(what), why: error.to_string() },
            };
            let _ = msgs.send(msg).await;
        });
    }

    /// A question is on the screen.
    pub fn shown(&self, asked: QuestionAsked) {
        self.record(What::QuestionAsked(Box::new(asked)));
    }

    /// What performing an approved action needs.
    pub(super) fn scene(&self, model: &Model) -> perform::Scene {
        perform::Scene {
            kube: self.kube.clone(),
            backends: self.backends.clone(),
            journal: self.journal.clone(),
            out: self.out.clone(),
            host: model.host.clone(),
            origins: model
                .clusters
                .iter()
                .map(|(context, facts)| (context.clone(), facts.namespace_origin.clone()))
                .collect(),
            cancel: self.cancel.clone(),
        }
    }

    pub fn perform(&mut self, effect: Effect, model: &Model) {
        match effect {
            Effect::Watch(kinds) => {
                self.backends.watch(&kinds);
                self.kube.watch(kinds);
            }
            Effect::Inspect(target) => {
                let quote = target.as_ref().and_then(|target| passage_of(model, target));
                self.inspect(target, quote);
            }
            Effect::SetLogLevel(level) => super::log::set_level(level),
            Effect::Retry => self.kube.retry(),
            Effect::Rescue(server) => {
                self.backends.rescue(&server);
                self.kube.retry();
            }
            Effect::Look(id, Plan::Shell(command)) => self.runs.look(id, &command),
            Effect::Look(id, plan) => {
                let (kube, backends, out) = (self.kube.clone(), self.backends.clone(), self.out.clone());
                tokio::spawn(async move {
                    let findings = perform::look(&kube, &backends, &plan).await;
                    let _ = out.send(vec![News::Looked(id, Box::new(findings))]).await;
                });
            }
            Effect::Perform(id, approved) => {
                tokio::spawn(perform::perform(self.scene(model), id, approved));
            }
            Effect::Declined(question) => {
                self.runs.declined(question.id());
                self.record(What::QuestionDeclined(QuestionDeclined {
                    question: question.id().0,
                    plan: crate::domain::approval::commands(question.plan()),
                }));
            }
            Effect::Follow(follow) => self.logs.follow(follow, model.settings.logs.streams),
            Effect::FollowSince(since) => self.logs.since(since),
            Effect::Acknowledge { alerts, no_longer } => self.acknowledge(alerts, no_longer),
            Effect::Suspect { name, change } => self.suspect(&name, &change),
            Effect::Scan(order) => {
                let msgs = self.msgs.clone();
                tokio::task::spawn_blocking(move || {
                    let _ = msgs.blocking_send(Msg::Scanned(model_logs::scan(&order)));
                });
            }
            Effect::Save { name, text } => self.save(name, text),
            Effect::ReadRunbooks => {
                self.documents = documents::start(&model.settings, &self.msgs);
            }
            Effect::Tell(what) => self.tell(*what),
            Effect::OpenIncident { opened, joins } => self.ledger.begin(*opened, joins),
            Effect::TakeUp(name) => self.ledger.take_up(name),
            Effect::LeaveIncident => self.ledger.leave(),
            Effect::Write { name, text } => self.write(name, text),
            Effect::OpenRun { book, alert } => self.runs.open(book, alert),
            Effect::FindRuns => self.runs.come_back(),
            Effect::Start { approved, evidence } => self.runs.begin(approved, evidence),
            Effect::Stop(order) => self.runs.stop(order),
            Effect::ReadOutput { order, stream, from, find } => self.runs.read(order, stream, from, find),
            // The loop keeps what needs the terminal, and what is played.
            Effect::Quit
            | Effect::Break(..)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::SetMouse(_)
            | Effect::Copy(_)
            | Effect::Enter(_)
            | Effect::EnterSession(_)
            | Effect::EndShell(_) => {}
        }
    }

    /// Records who cares for these alerts, and only then has it shown.
    fn acknowledge(&self, alerts: Vec<ObjectRef>, no_longer: bool) {
        let (journal, msgs, by) = (self.journal.clone(), self.msgs.clone(), user());
        let targets = alerts.iter().map(|alert| Target {
            context: alert.context.to_string(),
            kind: alert.kind.to_string(),
            namespace: alert.namespace.to_string(),
            name: alert.name.to_string(),
            uid: String::new(),
        });
        let event = AlertsAcknowledged { alerts: targets.collect(), by: by.clone(), no_longer };
        tokio::spawn(async move {
            let msg = match journal.append(What::AlertsAcknowledged(event), now()).await {
                Ok(_) => Msg::Acknowledged { alerts, by, no_longer },
                Err(error) => Msg::Said { text: format!("not acknowledged: {error}"), bad: true },
            };
            let _ = msgs.send(msg).await;
        });
    }

    /// Records what is held for the cause; that it could not be is said.
    fn suspect(&self, name: &str, change: &Change) {
        let event = What::SuspectMarked(Box::new(SuspectMarked::new(name, change, &user())));
        let (journal, msgs) = (self.journal.clone(), self.msgs.clone());
        tokio::spawn(async move {
            if let Err(error) = journal.append(event, now()).await {
                let text = format!("the suspect is known to this session alone: {error}");
                let _ = msgs.send(Msg::Said { text, bad: true }).await;
            }
        });
    }

    /// Reads one thing, and again while it stays open.
    fn inspect(&mut self, target: Option<ObjectRef>, quote: Option<Quote>) {
        if let Some(old) = self.inspecting.take() {
            old.abort();
        }
        let Some(target) = target else { return };
        let (kube, backends, out) = (self.kube.clone(), self.backends.clone(), self.out.clone());
        self.inspecting = Some(tokio::spawn(async move {
            let passage = match quote {
                Some(quote) => Some(quote.read().await),
                None => None,
            };
            loop {
                let mut inspection = perform::inspect(&kube, &backends, &target).await;
                if let Some(passage) = &passage {
                    quote::insert(&mut inspection, passage);
                }
                if out.send(vec![News::Inspected(Box::new(inspection))]).await.is_err() {
                    return;
                }
                tokio::time::sleep(INSPECT_EVERY).await;
            }
        }));
    }

    /// Writes log lines to a new file in the directory firedeck was started in.
    fn save(&self, name: String, order: model_logs::SaveOrder) {
        let msgs = self.msgs.clone();
        tokio::task::spawn_blocking(move || {
            let (text, bad) = match write_new(&name, &order) {
                Ok(path) => (format!("saved to {}", path.display()), false),
                Err(error) => (format!("`{name}` cannot be written here: {error}"), true),
            };
            let _ = msgs.blocking_send(Msg::Said { text, bad });
        });
    }

    /// Writes a text to a new file in the directory firedeck was started in.
    fn write(&self, name: String, text: String) {
        let msgs = self.msgs.clone();
        tokio::task::spawn_blocking(move || {
            let (text, bad) = match write_text(&name, &text) {
                Ok(name) => (format!("written here: {name}"), false),
                Err(error) => (format!("`{name}` cannot be written here: {error}"), true),
            };
            let _ = msgs.blocking_send(Msg::Said { text, bad });
        });
    }

    /// To this box's own clipboard; the terminal's was told already.
    pub fn copy(&self, text: String, way: Clipboard) {
        let msgs = self.msgs.clone();
        tokio::spawn(async move {
            let programs = clipboard::program(|name| std::env::var_os(name));
            let said = match way {
                Clipboard::Off => ("the clipboard is switched off in the settings".to_owned(), true),
                Clipboard::Terminal => ("copied through the terminal".into(), false),
                Clipboard::Both if programs.is_empty() => ("copied through the terminal".into(), false),
                Clipboard::Both | Clipboard::Local => {
                    match clipboard::through_program(&text, &programs).await {
                        Ok(program) => (format!("copied with {program}"), false),
                        Err(_) if way == Clipboard::Both => ("copied through the terminal".into(), false),
                        Err(error) => (format!("not copied: {error}"), true),
                    }
                }
            };
            let _ = msgs.send(Msg::Said { text: said.0, bad: said.1 }).await;
        });
    }

    /// Ends every task and writes the last event.
    pub async fn close(self, how: &str, model: &Model) {
        self.cancel.cancel();
        self.runs.close().await;
        let last: Vec<What> = left_open(model).map(What::ActionOutcome).collect();
        let _ = tokio::time::timeout(FAREWELL, self.ledger.close(last, how)).await;
    }
}

/// What a document says of an opened vital.
fn passage_of(model: &Model, target: &ObjectRef) -> Option<Quote> {
    match &model.listing(target.kind)?.get(target)?.facts {
        Facts::Vital(vital) => Quote::of(vital, &model.settings.profile),
        _ => None,
    }
}

/// What nobody watches any more. Shells tell their own end.
fn left_open(model: &Model) -> impl Iterator<Item = ActionOutcome> {
    let why = "firedeck was left before it was seen how this ended";
    let open = model.deeds.iter().filter(|deed| !deed.outcome.is_final());
    open.filter(|deed| !matches!(deed.native.verb, Verb::Shell { .. })).map(move |deed| {
        let outcome = if deed.outcome.is_in_line() {
            Outcome::Refused { why: "firedeck was left before its turn came: nothing was sent".into() }
        } else {
            Outcome::Uncertain { why: why.into() }
        };
        ActionOutcome::new(deed.id, Target::from(&deed.native), &outcome)
    })
}

/// The question as it is drawn now. By the time the terminal has it, it may be another revision or gone.
pub(super) fn asked(model: &Model) -> Option<QuestionAsked> {
    let question = model.questions.open.as_ref()?;
    let plan = question.resolved();
    Some(QuestionAsked {
        question: question.id().0,
        revision: question.revision(),
        plan: crate::domain::approval::commands(&plan),
        tier: question.tier().into(),
        targets: plan.actions().iter().map(Target::from).collect(),
        findings: question.findings().map(Into::into),
    })
}

/// Never over a file that is there, and readable by nobody else: logs hold what they hold.
fn write_new(name: &str, order: &model_logs::SaveOrder) -> std::io::Result<PathBuf> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(name)?;
    for chunk in &order.chunks {
        file.write_all(order.text(chunk).as_bytes())?;
    }
    file.sync_all()?;
    std::path::absolute(name)
}

/// The same for a text; where that name is taken, under the next one that is free.
fn write_text(name: &str, text: &str) -> std::io::Result<String> {
    /// More of one name are somebody's mistake.
    const MOST: u32 = 99;
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for n in 1..=MOST {
        let name = if n == 1 { format!("{stem}.{end}") } else { format!("{stem}-{n}.{end}") };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(name);
            }
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

pub(super) fn kube_options(options: &Options) -> kubernetes::Options {
    let settings = &options.effective.settings;
    let from_flag = settings.namespaces_from == crate::domain::settings::values::NamespacesFrom::Flag;
    let names = settings.profile.namespaces.clone();
    let (flag_namespaces, profile_namespaces) =
        if from_flag { (names, Vec::new()) } else { (Vec::new(), names) };
    kubernetes::Options {
        kubeconfig: settings.kubeconfig.clone(),
        contexts: settings.profile.contexts.clone(),
        flag_namespaces,
        profile_namespaces,
    }
}

fn watch_settings(options: &Options, msgs: &mpsc::Sender<Msg>) -> Option<crate::config::Watch> {
    let msgs = msgs.clone();
    let tell = move |told: Result<crate::config::Effective, String>| {
        let msg = match told {
            Ok(effective) => Msg::Settings(Box::new(effective.settings)),
            Err(why) => Msg::SettingsRefused(why),
        };
        let _ = msgs.blocking_send(msg);
    };
    match crate::config::watch(options.request.clone(), &options.effective, tell) {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, "the settings are not watched");
            None
        }
    }
}
