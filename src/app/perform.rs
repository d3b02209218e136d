//! Looking before an approved action, performing it, and following it to its end.
//!
//! The order is the promise: what is about to happen is on disk before the request is sent, and every outcome is
//! on disk before it is on the screen.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::backends::Backends;
use crate::domain::Text;
use crate::domain::action::{Findings, Looked, Native, Outcome, Verb};
use crate::domain::approval::{Approved, Plan, Tier, phrase};
use crate::domain::news::{ActionId, Inspection, News};
use crate::domain::object::{ObjectRef, Realm};
use crate::domain::text::clean;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{ActionOutcome, ActionStarted, EvidenceKept, Target};
use crate::sources::backend::unreadable;
use crate::sources::kubernetes::deeds;
use crate::sources::{Outbox, kubernetes, now};
use crate::store::{Journal, JournalError};

/// What performing needs of the world around it.
#[derive(Clone)]
pub struct Scene {
    pub kube: kubernetes::Handle,
    pub backends: Backends,
    pub journal: Journal,
    pub out: Outbox,
    pub host: String,
    /// Where each context's namespace in view comes from.
    pub origins: BTreeMap<Text, String>,
    pub cancel: CancellationToken,
}

pub async fn look(kube: &kubernetes::Handle, backends: &Backends, plan: &Plan) -> Findings {
    let natives = plan.actions();
    if let Some(first) = natives.first()
        && first.target.kind.realm() != Realm::Kubernetes
    {
        return match backends.get(first.target.kind) {
            Some(backend) => backend.look(natives).await,
            None => Findings { drift: Some(nobody(&first.target)), ..Findings::default() },
        };
    }
    deeds::look(|context| kube.cluster(context), natives).await
}

/// Everything about one object; what cannot be had says why.
pub async fn inspect(kube: &kubernetes::Handle, backends: &Backends, target: &ObjectRef) -> Inspection {
    if target.kind.realm() != Realm::Kubernetes {
        return match backends.get(target.kind) {
            Some(backend) => backend.inspect(target).await,
            None => unreadable(target, nobody(target)),
        };
    }
    match kube.connected(&target.context).await {
        Ok(cluster) => deeds::inspect(&cluster.client, target).await,
        Err(error) => unreadable(target, error.to_string()),
    }
}

/// Settings may have been taken away while a question stood.
pub(super) fn nobody(target: &ObjectRef) -> String {
    format!("no {} is named that could be asked about `{target}`", target.kind)
}

/// What was answered, for every action that it approves.
#[derive(Debug)]
pub(super) struct Answered {
    question: u64,
    revision: u32,
    tier: Tier,
    reason: Option<String>,
    identity: Option<String>,
    typed: Option<String>,
    /// A context and the server that was shown for it; the kubeconfig may lead elsewhere by now.
    shown: Option<(Text, String)>,
}

impl Answered {
    pub(super) fn of(approved: &Approved) -> Answered {
        let tier = approved.tier();
        Answered {
            question: approved.question().0,
            revision: approved.revision(),
            tier,
            reason: Some(approved.reason().to_owned()).filter(|reason| !reason.is_empty()),
            identity: approved.findings().and_then(|findings| findings.identity.clone()),
            shown: approved
                .actions()
                .first()
                .map(|first| (first.native.target.context.clone(), approved.place().server.clone())),
            typed: (tier == Tier::Danger).then(|| phrase(&plan_of(approved))),
        }
    }

    /// Why this is not the cluster that was shown.
    pub(super) fn elsewhere(&self, context: &Text, server: &str) -> Option<String> {
        let (_, shown) = self.shown.as_ref().filter(|(of, shown)| of == context && !shown.is_empty())?;
        let server = clean(server);
        (*shown != server).then(|| {
            format!("context `{context}` leads to {server} now, and {shown} was shown; nothing was sent: ask again")
        })
    }

    /// Puts on disk that it begins. What cannot be recorded does not run.
    pub(super) async fn begin(
        &self,
        scene: &Scene,
        id: ActionId,
        native: &Native,
    ) -> Result<(), JournalError> {
        let started = ActionStarted {
            action: id.0,
            target: Target::from(native),
            verb: native.verb.name().to_owned(),
            plan: crate::domain::approval::commands(&Plan::Native(vec![native.clone()])).join("; "),
            host: scene.host.clone(),
            namespace_origin: scene.origins.get(&native.target.context).cloned().unwrap_or_default(),
            identity: self.identity.clone(),
            tier: self.tier.into(),
            reason: self.reason.clone(),
            typed: self.typed.clone(),
            question: self.question,
            revision: self.revision,
        };
        scene.journal.append(What::ActionStarted(Box::new(started)), now()).await.map(drop)
    }
}

fn plan_of(approved: &Approved) -> Plan {
    Plan::Native(approved.actions().iter().map(|looked| looked.native.clone()).collect())
}

/// How many actions of one plan are under way at once: many marked rows are no storm for a cluster on fire.
const AT_ONCE: usize = 16;

/// Performs an approved plan, one target after another; each is recorded before it begins.
pub async fn perform(scene: Scene, id: ActionId, approved: Approved) {
    let answered = Arc::new(Answered::of(&approved));
    let plan = plan_of(&approved);
    keep_evidence(&scene, &plan).await;
    if plan.in_turn() {
        return in_turn(&scene, id, &answered, approved.into_actions()).await;
    }
    let room = Arc::new(Semaphore::new(AT_ONCE));
    for looked in approved.into_actions() {
        // It is never closed; were it, the actions would go without a limit rather than not at all.
        let place = room.clone().acquire_owned().await.ok();
        if scene.cancel.is_cancelled() {
            // Nothing new begins once the operator has left.
            return;
        }
        if let Err(error) = answered.begin(&scene, id, &looked.native).await {
            not_begun(&scene, id, &looked.native, &error).await;
            continue;
        }
        if matches!(looked.native.verb, Verb::Drain { .. }) {
            one(&scene, id, &answered, looked).await;
        } else {
            // Settling may take minutes; the next target does not wait for it.
            let (scene, answered) = (scene.clone(), answered.clone());
            tokio::spawn(async move {
                one(&scene, id, &answered, looked).await;
                drop(place);
            });
        }
    }
}

/// One after another, each seen to its end; the first that does not come to a good one ends it all.
async fn in_turn(scene: &Scene, id: ActionId, answered: &Answered, actions: Vec<Looked>) {
    let mut stopped: Option<String> = None;
    for (n, mut looked) in actions.into_iter().enumerate() {
        if scene.cancel.is_cancelled() {
            // Nothing new begins once the operator has left.
            return;
        }
        if n > 0 && looked.native.verb == Verb::Restart {
            // Who lost what it needs may have begun anew by itself: it is the same container, in another run.
            looked.generation = None;
        }
        let (target, recorded) = (looked.native.target.clone(), Target::from(&looked.native));
        if let Some(why) = &stopped {
            let why = format!("nothing was sent: {why}");
            tell(scene, id, &target, recorded, Outcome::Refused { why }).await;
            continue;
        }
        let ended = match answered.begin(scene, id, &looked.native).await {
            Ok(()) => one(scene, id, answered, looked).await,
            Err(error) => {
                not_begun(scene, id, &looked.native, &error).await;
                Outcome::Refused { why: error.to_string() }
            }
        };
        stopped = ended.stops(&target.name);
    }
}

/// It could not be recorded, so it does not run. A slow disk may write down later that it began.
pub(super) async fn not_begun(scene: &Scene, id: ActionId, native: &Native, error: &JournalError) {
    let outcome = Outcome::Refused { why: format!("{error}; nothing was sent") };
    if *error == JournalError::Slow {
        let event = What::ActionOutcome(ActionOutcome::new(id, Target::from(native), &outcome));
        let journal = scene.journal.clone();
        tokio::spawn(async move {
            if let Err(error) = journal.append(event, now()).await {
                tracing::error!(%error, "an outcome was not recorded");
            }
        });
    }
    let _ = scene.out.send(vec![News::Acted(id, native.target.clone(), outcome)]).await;
}

/// Sends one action and follows it; what it says is recorded, then told. Returns how it ended.
async fn one(scene: &Scene, id: ActionId, answered: &Answered, looked: Looked) -> Outcome {
    let target = looked.native.target.clone();
    let recorded = Target::from(&looked.native);
    if target.kind.realm() != Realm::Kubernetes {
        return on_backend(scene, id, looked).await;
    }
    let cluster = match scene.kube.connected(&target.context).await {
        Ok(cluster) => cluster,
        Err(error) => {
            let why = format!("not sent: {error}");
            return ended(scene, id, &target, recorded, Outcome::Refused { why }).await;
        }
    };
    if let Some(why) = answered.elsewhere(&target.context, &cluster.server) {
        return ended(scene, id, &target, recorded, Outcome::Refused { why }).await;
    }
    followed(scene, id, &target, recorded, |report| async move {
        deeds::act(&cluster, looked, now(), &report).await
    })
    .await
}

async fn on_backend(scene: &Scene, id: ActionId, looked: Looked) -> Outcome {
    let target = looked.native.target.clone();
    let recorded = Target::from(&looked.native);
    let Some(backend) = scene.backends.get(target.kind) else {
        return ended(scene, id, &target, recorded, Outcome::Refused { why: nobody(&target) }).await;
    };
    followed(scene, id, &target, recorded, |report| async move { backend.act(looked, now(), &report).await })
        .await
}

/// Tells and records every outcome on the way, and the last.
async fn followed<F: Future<Output = Outcome>>(
    scene: &Scene,
    id: ActionId,
    target: &ObjectRef,
    recorded: Target,
    act: impl FnOnce(mpsc::Sender<Outcome>) -> F,
) -> Outcome {
    let (report, mut reports) = mpsc::channel(8);
    let follow = async {
        while let Some(outcome) = reports.recv().await {
            tell(scene, id, target, recorded.clone(), outcome).await;
        }
    };
    let (outcome, ()) = tokio::join!(act(report), follow);
    ended(scene, id, target, recorded, outcome).await
}

/// Tells the last outcome.
async fn ended(
    scene: &Scene,
    id: ActionId,
    target: &ObjectRef,
    recorded: Target,
    outcome: Outcome,
) -> Outcome {
    tell(scene, id, target, recorded, outcome.clone()).await;
    outcome
}

pub(super) async fn tell(
    scene: &Scene,
    id: ActionId,
    target: &ObjectRef,
    recorded: Target,
    outcome: Outcome,
) {
    let event = What::ActionOutcome(ActionOutcome::new(id, recorded, &outcome));
    let at = now();
    if let Err(error) = scene.journal.append(event.clone(), at).await {
        tracing::error!(%error, "an outcome was not recorded");
        // What was done is done, and shown; it is recorded as soon as there is a place for it.
        if outcome.is_final() && matches!(error, JournalError::Failed(_)) {
            let (journal, cancel) = (scene.journal.clone(), scene.cancel.clone());
            tokio::spawn(cancel.run_until_cancelled_owned(owed(journal, event, at, OWED_EVERY)));
        }
    }
    let _ = scene.out.send(vec![News::Acted(id, target.clone(), outcome)]).await;
}

/// How often a journal that failed is asked to take what it did not take.
const OWED_EVERY: Duration = Duration::from_secs(10);

/// Records what no place took, once one takes it. A slow disk has it in its queue already.
async fn owed(journal: Journal, event: What, at: Timestamp, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        match journal.append(event.clone(), at).await {
            Err(JournalError::Failed(_)) => {}
            Ok(_) | Err(JournalError::Slow | JournalError::Ended) => return,
        }
    }
}

/// How things were, kept beside the journal before the first change. What is not there in time is named as
/// missing: neither a slow server nor a slow disk holds the change up for longer.
async fn keep_evidence(scene: &Scene, plan: &Plan) {
    const WITHIN: Duration = Duration::from_secs(5);
    let until = Instant::now() + WITHIN;
    let natives = plan.actions();
    let Some(first) = natives.first() else { return };
    let mut event = EvidenceKept { target: Target::from(first), files: Vec::new(), missing: Vec::new() };
    let gather = async {
        if first.target.kind.realm() == Realm::Kubernetes {
            deeds::keep(|context| scene.kube.cluster(context), natives).await
        } else {
            as_seen(scene, natives).await
        }
    };
    match timeout_at(until, gather).await {
        Ok(found) => keep_files(&scene.journal, found, until, &mut event).await,
        Err(_) => event.missing.push(format!("all of it: no answer within {} s", WITHIN.as_secs())),
    }
    // In the order of the journal it comes before the change, which need not wait for it.
    let journal = scene.journal.clone();
    let recorded = tokio::spawn(async move {
        if let Err(error) = journal.append(What::EvidenceKept(event), now()).await {
            tracing::warn!(%error, "the evidence was not recorded");
        }
    });
    let _ = timeout_at(until, recorded).await;
}

/// So many things are kept of one plan; more would hold the change up.
const KEPT: usize = 16;

/// What opening each thing shows, as a file.
async fn as_seen(scene: &Scene, natives: &[Native]) -> Vec<(String, String)> {
    let look = natives.iter().take(KEPT).enumerate().map(|(n, native)| async move {
        let seen = inspect(&scene.kube, &scene.backends, &native.target).await;
        let mut lines = vec![format!("{} {}", native.target.kind, native.target)];
        for section in &seen.sections {
            lines.extend([String::new(), section.title.clone()]);
            lines.extend(section.lines.iter().map(|line| format!("  {}: {}", line.label, line.value)));
        }
        lines.extend(seen.missing.iter().map(|missing| format!("not seen: {missing}")));
        lines.push(String::new());
        (format!("{}-{n}.txt", native.target.kind), lines.join("\n"))
    });
    futures::future::join_all(look).await
}

/// Writes what was found, as far as the disk takes it in time.
async fn keep_files(
    journal: &Journal,
    found: Vec<(String, String)>,
    until: Instant,
    event: &mut EvidenceKept,
) {
    for (name, content) in found {
        match timeout_at(until, journal.keep(&name, content.into_bytes(), now())).await {
            Ok(Ok(output)) => event.files.push(output),
            Ok(Err(error)) => event.missing.push(format!("{name}: {error}")),
            Err(_) => event.missing.push(format!("{name}: the disk was too slow")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::Note;
    use crate::store::journal::read;
    use crate::store::{Places, Setup};

    fn answered(server: &str) -> Answered {
        Answered {
            question: 1,
            revision: 1,
            tier: Tier::Change,
            reason: None,
            identity: None,
            typed: None,
            shown: Some(("prod".into(), server.into())),
        }
    }

    fn setup(base: &std::path::Path) -> Setup {
        Setup {
            places: Places { first: base.join("state"), second: base.join("run") },
            incident: "INC-1".into(),
            host: "box".into(),
            user: "ann".into(),
            pid: 7,
            started: Timestamp(1),
        }
    }

    #[tokio::test]
    async fn an_outcome_that_no_place_took_is_recorded_once_one_does() {
        let dir = tempfile::tempdir().expect("a directory");
        let setup = setup(dir.path());
        for place in [&setup.places.first, &setup.places.second] {
            std::fs::write(place, "in the way").expect("written");
        }
        let journal = Journal::open(setup.clone());
        let event = What::Note(Note { text: "settled".into() });
        let refused = journal.append(event.clone(), Timestamp(5)).await;
        assert!(matches!(refused, Err(JournalError::Failed(_))), "{refused:?}");
        let owed = tokio::spawn(owed(journal.clone(), event.clone(), Timestamp(5), Duration::from_millis(1)));
        // So long that it is refused again at least once.
        for _ in 0..200 {
            assert!(journal.append(event.clone(), Timestamp(6)).await.is_err());
        }
        std::fs::remove_file(&setup.places.first).expect("removed");
        owed.await.expect("recorded");
        let entries = read(&setup.places, "INC-1").entries;
        let found: Vec<_> = entries.iter().filter(|entry| entry.event.what == event).collect();
        assert_eq!(found.iter().map(|entry| entry.event.at).collect::<Vec<_>>(), [Timestamp(5)]);
    }

    #[test]
    fn a_context_that_leads_to_another_server_than_was_shown_is_refused() {
        let shown = answered("https://one:6443");
        assert_eq!(shown.elsewhere(&"prod".into(), "https://one:6443"), None);
        let why = shown.elsewhere(&"prod".into(), "https://two:6443").expect("refused");
        assert!(why.contains("https://two:6443") && why.contains("nothing was sent"), "{why}");
        assert_eq!(answered("").elsewhere(&"prod".into(), "https://two:6443"), None, "none was shown");
    }

    #[tokio::test]
    async fn evidence_that_is_late_is_named_and_not_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Journal::open(setup(dir.path()));
        let target = Target {
            context: "c".into(),
            kind: "pod".into(),
            namespace: "n".into(),
            name: "p".into(),
            uid: "u".into(),
        };
        let mut event = EvidenceKept { target, files: Vec::new(), missing: Vec::new() };
        let found = (0..50).map(|n| (format!("{n}.log"), "text".into())).collect();
        keep_files(&journal, found, Instant::now(), &mut event).await;
        assert_eq!(event.files.len() + event.missing.len(), 50);
        assert!(event.missing.iter().any(|why| why.contains("too slow")), "{event:?}");
    }
}
