//! Looking before an approved action, performing it, and following it to its end.
//!
//! The order is the promise: what is about to happen is on disk before the request is sent, and every outcome is
//! on disk before it is on the screen.
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::Text;
use crate::domain::action::{Findings, Looked, Native, Outcome, Verb};
use crate::domain::approval::{Approved, Plan, Tier, phrase};
use crate::domain::news::{ActionId, Inspection, News};
use crate::domain::object::ObjectRef;
use crate::incident::What;
use crate::incident::event::{ActionOutcome, ActionStarted, EvidenceKept, Target};
use crate::sources::kubernetes::deeds;
use crate::sources::{Outbox, kubernetes, now};
use crate::store::{Journal, JournalError};

/// What performing needs of the world around it.
#[derive(Clone)]
pub struct Scene {
    pub kube: kubernetes::Handle,
    pub journal: Journal,
    pub out: Outbox,
    pub host: String,
    /// Where each context's namespace in view comes from.
    pub origins: BTreeMap<Text, String>,
    pub cancel: CancellationToken,
}

pub async fn look(kube: &kubernetes::Handle, plan: &Plan) -> Findings {
    let Plan::Native(natives) = plan;
    deeds::look(|context| kube.cluster(context), natives).await
}

/// Everything about one object; what cannot be had says why.
pub async fn inspect(kube: &kubernetes::Handle, target: &ObjectRef) -> Inspection {
    match kube.connected(&target.context).await {
        Ok(cluster) => deeds::inspect(&cluster.client, target).await,
        Err(error) => Inspection {
            target: target.clone(),
            uid: None,
            sections: Vec::new(),
            yaml: String::new(),
            events: Vec::new(),
            owners: Vec::new(),
            missing: vec![error.to_string()],
        },
    }
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
            typed: (tier == Tier::Danger).then(|| phrase(&plan_of(approved))),
        }
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

/// Performs an approved plan, one target after another; each is recorded before it begins.
pub async fn perform(scene: Scene, id: ActionId, approved: Approved) {
    let answered = Answered::of(&approved);
    keep_evidence(&scene, &plan_of(&approved)).await;
    for looked in approved.into_actions() {
        if let Err(error) = answered.begin(&scene, id, &looked.native).await {
            let outcome = Outcome::Refused { why: error.to_string() };
            let _ = scene.out.send(vec![News::Acted(id, looked.native.target, outcome)]).await;
            continue;
        }
        if matches!(looked.native.verb, Verb::Drain { .. }) {
            one(&scene, id, looked).await;
        } else {
            // Settling may take minutes; the next target does not wait for it.
            let scene = scene.clone();
            tokio::spawn(async move { one(&scene, id, looked).await });
        }
    }
}

/// Sends one action and follows it; what it says is recorded, then told.
async fn one(scene: &Scene, id: ActionId, looked: Looked) {
    let target = looked.native.target.clone();
    let recorded = Target::from(&looked.native);
    let cluster = match scene.kube.connected(&target.context).await {
        Ok(cluster) => cluster,
        Err(error) => {
            let why = format!("not sent: {error}");
            return tell(scene, id, &target, recorded, Outcome::Refused { why }).await;
        }
    };
    let (report, mut reports) = mpsc::channel(8);
    let follow = async {
        while let Some(outcome) = reports.recv().await {
            tell(scene, id, &target, recorded.clone(), outcome).await;
        }
    };
    let act = async {
        let outcome = deeds::act(&cluster, looked, now(), &report).await;
        drop(report);
        outcome
    };
    let (outcome, ()) = tokio::join!(act, follow);
    tell(scene, id, &target, recorded, outcome).await;
}

pub(super) async fn tell(
    scene: &Scene,
    id: ActionId,
    target: &ObjectRef,
    recorded: Target,
    outcome: Outcome,
) {
    let event = What::ActionOutcome(ActionOutcome::new(id, recorded, &outcome));
    if let Err(error) = scene.journal.append(event, now()).await {
        tracing::error!(%error, "an outcome was not recorded");
    }
    let _ = scene.out.send(vec![News::Acted(id, target.clone(), outcome)]).await;
}

/// How things were, kept beside the journal before the first change; never more than a few seconds.
async fn keep_evidence(scene: &Scene, plan: &Plan) {
    const WITHIN: Duration = Duration::from_secs(6);
    let Plan::Native(natives) = plan;
    let Some(first) = natives.first() else { return };
    let gather = deeds::keep(|context| scene.kube.cluster(context), natives);
    let Ok(kept) = tokio::time::timeout(WITHIN, gather).await else { return };
    let mut event = EvidenceKept { target: Target::from(first), files: Vec::new(), missing: Vec::new() };
    for (name, content) in kept {
        match scene.journal.keep(&name, content.into_bytes(), now()).await {
            Ok(output) => event.files.push(output),
            Err(error) => event.missing.push(format!("{name}: {error}")),
        }
    }
    if let Err(error) = scene.journal.append(What::EvidenceKept(event), now()).await {
        tracing::warn!(%error, "the evidence was not recorded");
    }
}
