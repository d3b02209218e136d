//! Every other kind against the real server, and a kind that the server does not have.
use firedeck::domain::feed::FeedState;
use firedeck::domain::object::{Facts, Kind, Object, Realm};

use crate::feeds::Feeds;
use crate::own::Own;
use crate::suite::{
    As, certificates_are_mine, certificates_stay, eventually, kubectl, kubectl_says, server_stays_up,
};

#[tokio::test]
async fn every_kind_is_shown_with_what_matters_of_it() {
    let _up = server_stays_up().await;
    let _certificates = certificates_stay().await;
    let own = Own::new("kinds");
    own.apply(
        "{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {schedule: '0 3 * * *', suspend: true, \
         jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}}",
    );
    own.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: limits}, data: {rate: '10'}}");
    // Of no namespace, so that it stays: another run finds it there.
    own.apply(
        "{apiVersion: v1, kind: PersistentVolume, metadata: {name: old-data}, spec: {capacity: {storage: 1Gi}, \
         accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, hostPath: {path: /tmp/old-data}}}",
    );
    let mut feeds = Feeds::of(As::Admin, &["*"]);
    let kinds: Vec<Kind> = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.realm() == Realm::Kubernetes && *kind != Kind::Pod)
        .collect();
    feeds.handle.watch(kinds.clone());
    for kind in kinds {
        let feed = feeds.objects_in(kind, "");
        feeds.live(&feed).await;
        assert!(feeds.objects.of(&feed).next().is_some(), "no {kind} at all");
    }
    let named = |feeds: &Feeds, kind: Kind, name: &str| -> Option<Object> {
        let feed = feeds.objects_in(kind, "");
        feeds.objects.of(&feed).find(|object| &*object.id.name == name).cloned()
    };
    for (kind, name) in [
        (Kind::Deployment, "web"),
        (Kind::StatefulSet, "ledger"),
        (Kind::DaemonSet, "node-agent"),
        (Kind::Node, "node-1"),
        (Kind::Namespace, "shop"),
    ] {
        assert!(named(&feeds, kind, name).is_some(), "no {kind} `{name}`");
    }
    let Some(Facts::CronJob(cron)) = named(&feeds, Kind::CronJob, "nightly").map(|object| object.facts)
    else {
        panic!("no cron job");
    };
    assert!(cron.suspended && &*cron.schedule == "0 3 * * *");
    let Some(Facts::Volume(volume)) = named(&feeds, Kind::Volume, "old-data").map(|object| object.facts)
    else {
        panic!("no volume");
    };
    assert_eq!((&*volume.size, &*volume.then), ("1Gi", "Retain"));
    let Some(Facts::Hpa(hpa)) = named(&feeds, Kind::Hpa, "web").map(|object| object.facts) else {
        panic!("no autoscaler");
    };
    assert_eq!((&*hpa.target, hpa.min, hpa.max), ("deployment/web", 3, 6));
    let ready = |name: &str| match named(&feeds, Kind::Certificate, name).map(|object| object.facts) {
        Some(Facts::Certificate(certificate)) => (certificate.ready, certificate.not_after.is_some()),
        other => panic!("no certificate `{name}`: {other:?}"),
    };
    assert_eq!(ready("gateway-tls"), (Some(true), true));
    assert_eq!(ready("dashboard-tls"), (Some(false), true));
    feeds
        .until("the job that failed", |feeds| match named(feeds, Kind::Job, "nightly-export")?.facts {
            Facts::Job(job) => (job.failed > 0 && job.finished.is_some()).then_some(()),
            _ => None,
        })
        .await;
    let sets = feeds.objects_in(Kind::ReplicaSet, "");
    assert!(feeds.objects.of(&sets).any(|set| {
        set.id.name.starts_with("web-") && set.owner.as_ref().is_some_and(|owner| &*owner.name == "web")
    }));
    let events = feeds.objects_in(Kind::Event, "");
    assert!(feeds.objects.of(&events).any(|event| {
        matches!(&event.facts, Facts::Event(event) if event.warning && event.about_kind.contains("Pod"))
    }));
}

#[tokio::test]
async fn a_kind_that_the_server_does_not_have_is_absent_and_comes_when_it_does() {
    let _up = server_stays_up().await;
    let _mine = certificates_are_mine().await;
    let serve = |served: bool| {
        let path =
            format!("[{{\"op\": \"replace\", \"path\": \"/spec/versions/0/served\", \"value\": {served}}}]");
        kubectl_says(
            As::Admin,
            &["patch", "crd", "certificates.cert-manager.io", "--type=json", "-p", &path],
        );
    };
    let asks = async |served: bool| {
        eventually("the server to change", || async {
            let asked = kubectl(As::Admin, &["get", "--raw", "/apis/cert-manager.io/v1/certificates"]);
            (asked.status.success() == served).then_some(())
        })
        .await;
    };
    let mut feeds = Feeds::of(As::Admin, &["platform"]);
    let (pods, certificates) = (feeds.pods_in("platform"), feeds.objects_in(Kind::Certificate, "platform"));
    feeds.live(&pods).await;
    serve(false);
    asks(false).await;
    feeds.handle.watch(vec![Kind::Certificate]);
    let absent = feeds.state(&certificates, |state| matches!(state, FeedState::Absent { .. })).await;
    serve(true);
    asks(true).await;
    let FeedState::Absent { why } = absent else { unreachable!() };
    assert!(why.contains("the server has no such API"), "{why}");
    // By itself it comes within a minute; the operator's key asks at once.
    feeds.handle.retry();
    feeds.live(&certificates).await;
    assert_eq!(feeds.objects.names(&certificates).len(), 2);
    assert_eq!(feeds.was_ill(|feed| *feed == pods), None);
}
