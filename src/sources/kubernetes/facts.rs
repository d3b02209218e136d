//! Who we are to a server, which version it is, and roughly what we may do.
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use tokio::time::timeout;

use super::connect::Cluster;
use super::link::Link;
use crate::domain::news::{ClusterFacts, News};
use crate::sources::reason::brief;
use crate::sources::supervise::Signals;
use crate::sources::{Outbox, now};

const WITHIN: Duration = Duration::from_secs(5);
/// Until everything is known.
const AGAIN: Duration = Duration::from_secs(15);
/// Rights are granted and versions change, but seldom.
const REFRESH: Duration = Duration::from_mins(5);

/// Says what a context is, at once what needs no asking, and again whenever more is known.
pub(super) async fn tell(link: std::sync::Arc<Link>, out: Outbox, signals: Signals) {
    // Boxed: three requests at once make a future of 30 kB.
    let telling = Box::pin(async {
        let mut told = None;
        loop {
            let mut pause = AGAIN;
            if let Ok(cluster) = link.cluster().await {
                if told.is_none() && say(&out, known(&cluster), &mut told).await.is_none() {
                    return;
                }
                let asked = now();
                let facts = asked_of(&cluster).await;
                let whole = facts.version.is_some() && facts.rights.is_some();
                tracing::debug!(context = %link.context(), took = ?now().since(asked), whole, "asked who we are");
                pause = if whole { REFRESH } else { AGAIN };
                // What was known is not taken back because a later question got no answer.
                let better = whole || told.as_ref().is_none_or(|told: &ClusterFacts| told.version.is_none());
                if better && say(&out, facts, &mut told).await.is_none() {
                    return;
                }
            }
            let _ = timeout(pause, signals.retry.notified()).await;
        }
    });
    signals.cancel.run_until_cancelled(telling).await;
}

/// `None` when nobody listens.
async fn say(out: &Outbox, facts: ClusterFacts, told: &mut Option<ClusterFacts>) -> Option<()> {
    if told.as_ref() != Some(&facts) {
        *told = Some(facts.clone());
        out.send(vec![News::Cluster(facts)]).await.ok()?;
    }
    Some(())
}

fn known(cluster: &Cluster) -> ClusterFacts {
    ClusterFacts {
        context: cluster.context.clone(),
        server: cluster.server.to_string(),
        version: None,
        identity: cluster.user.as_deref().map(str::to_owned),
        namespaces: cluster.namespaces.clone(),
        namespace_origin: cluster.namespace_origin.to_owned(),
        own_namespace: cluster.own_namespace.to_string(),
        rights: None,
    }
}

async fn asked_of(cluster: &Cluster) -> ClusterFacts {
    let (version, identity, rights) = tokio::join!(version(cluster), identity(cluster), rights(cluster));
    let mut facts = known(cluster);
    facts.identity = identity.or(facts.identity);
    ClusterFacts { version, rights, ..facts }
}

async fn version(cluster: &Cluster) -> Option<String> {
    let info = timeout(WITHIN, cluster.client.apiserver_version()).await.ok()?.ok()?;
    Some(brief(&info.git_version))
}

/// As the server sees us; older servers cannot say.
async fn identity(cluster: &Cluster) -> Option<String> {
    let api: Api<SelfSubjectReview> = Api::all(cluster.client.clone());
    let review = timeout(WITHIN, api.create(&PostParams::default(), &SelfSubjectReview::default()))
        .await
        .ok()?
        .ok()?;
    let name = review.status?.user_info?.username?;
    (!name.is_empty()).then(|| brief(&name))
}

/// So many namespaces in view are asked for.
const ASKED: usize = 8;

/// What we may do somewhere, roughly; the more, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rights {
    None,
    View,
    SomeEdits,
    Edit,
    Everything,
}

impl Rights {
    fn word(self) -> &'static str {
        match self {
            Rights::None => "nothing here",
            Rights::View => "view",
            Rights::SomeEdits => "some edits",
            Rights::Edit => "edit",
            Rights::Everything => "everything",
        }
    }
}

/// In a word, from a handful of access reviews in the namespaces in view.
async fn rights(cluster: &Cluster) -> Option<String> {
    let mut places: Vec<Option<String>> =
        cluster.namespaces.iter().take(ASKED).map(|namespace| Some(namespace.to_string())).collect();
    if places.is_empty() {
        places.push(None);
    }
    let all = join_all(places.iter().map(|namespace| rights_in(cluster, namespace.as_deref()))).await;
    in_a_word(&all.into_iter().collect::<Option<Vec<_>>>()?)
}

/// The most that we may do, and whether we may do it in every namespace.
fn in_a_word(all: &[Rights]) -> Option<String> {
    let (most, least) = (all.iter().max()?, all.iter().min()?);
    let but = if most == least { "" } else { ", not everywhere" };
    Some(format!("{}{but}", most.word()))
}

async fn rights_in(cluster: &Cluster, namespace: Option<&str>) -> Option<Rights> {
    let (everything, restart, delete, view) = tokio::join!(
        may(cluster, namespace, "*", "*", "*"),
        may(cluster, namespace, "patch", "apps", "deployments"),
        may(cluster, namespace, "delete", "", "pods"),
        may(cluster, namespace, "list", "", "pods"),
    );
    Some(match (everything?, restart?, delete?, view?) {
        (true, ..) => Rights::Everything,
        (_, true, true, _) => Rights::Edit,
        (_, true, _, _) | (_, _, true, _) => Rights::SomeEdits,
        (_, _, _, true) => Rights::View,
        _ => Rights::None,
    })
}

async fn may(
    cluster: &Cluster,
    namespace: Option<&str>,
    verb: &str,
    group: &str,
    resource: &str,
) -> Option<bool> {
    let attributes = ResourceAttributes {
        verb: Some(verb.into()),
        group: Some(group.into()),
        resource: Some(resource.into()),
        namespace: namespace.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        ..SelfSubjectAccessReviewSpec::default()
    };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let api: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let answer = timeout(WITHIN, api.create(&PostParams::default(), &review)).await.ok()?.ok()?;
    Some(answer.status?.allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_that_differ_between_namespaces_are_not_told_by_the_first_of_them() {
        let word = |all: &[Rights]| in_a_word(all).expect("a word");
        assert_eq!(word(&[Rights::Edit]), "edit");
        assert_eq!(word(&[Rights::None, Rights::View, Rights::SomeEdits]), "some edits, not everywhere");
        assert_eq!(word(&[Rights::None, Rights::None]), "nothing here");
    }
}
