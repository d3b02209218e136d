//! Looking at real objects and changing them: seen to work, refused when something changed, named when forbidden.
use firedeck::domain::Text;
use firedeck::domain::action::{Check, Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::news::Inspection;
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::sources::kubernetes::connect::{Cluster, connect};
use firedeck::sources::kubernetes::{Options, deeds};
use firedeck::sources::now;
use firedeck::sources::shell::End;
use tokio::sync::mpsc;

use crate::suite::{As, eventually, kubeconfig, kubectl, kubectl_says, looked, server_stays_up};

/// A namespace of one test, gone with it.
pub(crate) struct Place {
    name: String,
    cluster: Cluster,
}

impl Drop for Place {
    fn drop(&mut self) {
        kubectl(As::Admin, &["delete", "namespace", &self.name, "--wait=false"]);
    }
}

impl Place {
    pub(crate) async fn new(name: &str) -> Place {
        kubectl_says(As::Admin, &["create", "namespace", name]);
        Place { name: name.into(), cluster: cluster(As::Admin).await }
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl_says(As::Admin, &[&["-n", &self.name], arguments].concat())
    }

    pub(crate) fn apply(&self, manifest: &str) {
        crate::own::apply(&self.name, manifest);
    }

    pub(crate) fn cluster(&self) -> Cluster {
        self.cluster.clone()
    }

    fn deployment(&self, name: &str, image: &str, replicas: &str) -> ObjectRef {
        let image = format!("--image=registry.lab/x/{image}");
        self.kubectl(&["create", "deployment", name, &image, "--replicas", replicas]);
        self.kubectl(&["rollout", "status", &format!("deployment/{name}"), "--timeout=60s"]);
        self.target(Kind::Deployment, name)
    }

    pub(crate) fn target(&self, kind: Kind, name: &str) -> ObjectRef {
        ObjectRef {
            context: self.cluster.context.clone(),
            kind,
            namespace: self.name.as_str().into(),
            name: name.into(),
        }
    }

    async fn inspect(&self, target: &ObjectRef) -> Inspection {
        deeds::inspect(&self.cluster.client, target).await
    }

    pub(crate) async fn native(&self, target: &ObjectRef, verb: Verb) -> Native {
        let uid = self.inspect(target).await.uid.expect("the object is there");
        Native { target: target.clone(), uid, verb }
    }

    pub(crate) async fn look(&self, native: &Native) -> Findings {
        look(&self.cluster, native).await
    }

    pub(crate) async fn act(&self, looked: Looked) -> Outcome {
        act(&self.cluster, looked).await
    }
}

async fn cluster(who: As) -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options { kubeconfig: vec![kubeconfig(who)], ..Options::default() };
    let named = kubectl_says(who, &["config", "current-context"]);
    connect(&options, &named.trim().into()).await.expect("the suite's cluster is there")
}

async fn look(cluster: &Cluster, native: &Native) -> Findings {
    looked(|| deeds::look(|_: &Text| Some(cluster.clone()), std::slice::from_ref(native))).await
}

pub(crate) async fn act(cluster: &Cluster, looked: Looked) -> Outcome {
    let (report, said) = mpsc::channel(64);
    let reading = drain(said);
    let (end, ()) = tokio::join!(
        async {
            let end = deeds::act(cluster, looked, now(), &report).await;
            drop(report);
            end
        },
        reading
    );
    end
}

async fn drain(mut said: mpsc::Receiver<Outcome>) {
    while said.recv().await.is_some() {}
}

pub(crate) fn only(found: &Findings) -> Looked {
    assert_eq!(found.drift, None);
    assert_eq!(found.allowed, Check::Yes);
    found.actions.first().expect("one action").clone()
}

#[tokio::test]
async fn a_scale_is_settled_when_its_pods_are_there_and_nobody_else_scaled_meanwhile() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-scale").await;
    let web = place.deployment("web", "web:1.0.0", "3");
    let down = place.native(&web, Verb::Scale { from: 3, to: 1 }).await;
    let found = place.look(&down).await;
    assert_eq!(found.effect, ["3 → 1 replicas"]);
    let looked = only(&found);
    let end = place.act(looked.clone()).await;
    assert_eq!(end, Outcome::Settled { says: "1 of 1 replicas ready".into() });
    let again = place.act(looked).await;
    let why = "changed since it was shown: replicas are 1, not 3".to_owned();
    assert_eq!(again, Outcome::Refused { why });
    let zero = place.native(&web, Verb::Scale { from: 1, to: 0 }).await;
    let end = place.act(only(&place.look(&zero).await)).await;
    assert_eq!(end, Outcome::Settled { says: "0 replicas: nothing runs".into() });
}

#[tokio::test]
async fn a_bad_image_fails_with_its_reason_and_an_undo_names_what_it_brings_back() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-image").await;
    let web = place.deployment("web", "web:1.0.0", "2");
    let image = |tag: &str| Text::from(format!("registry.lab/x/web:{tag}").as_str());
    let verb = Verb::SetImage { container: "web".into(), from: image("1.0.0"), to: image("1.1.0-crashloop") };
    let native = place.native(&web, verb).await;
    let Outcome::Failed { why } = place.act(only(&place.look(&native).await)).await else {
        panic!("a crashing image must fail")
    };
    assert!(why.contains("new pod"), "{why}");
    let undo = place.native(&web, Verb::Undo { to: None }).await;
    let found = place.look(&undo).await;
    assert!(
        found.effect[0].starts_with("image 1.1.0-crashloop → 1.0.0 (revision 2 → 1)"),
        "{:?}",
        found.effect
    );
    let end = place.act(only(&found)).await;
    assert_eq!(end, Outcome::Settled { says: "2 pods replaced and ready".into() });
}

#[tokio::test]
async fn a_restart_of_what_was_changed_meanwhile_is_refused() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-drift").await;
    let web = place.deployment("web", "web:1.0.0", "1");
    let looked = only(&place.look(&place.native(&web, Verb::Restart).await).await);
    place.kubectl(&["set", "env", "deployment/web", "A=B"]);
    let end = place.act(looked).await;
    assert!(matches!(&end, Outcome::Refused { why } if why.contains("generation")), "{end:?}");
}

#[tokio::test]
async fn a_pod_is_deleted_by_its_identity_and_its_evidence_is_kept_before() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-delete").await;
    place.deployment("web", "web:1.0.0", "1");
    let name = place.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let pod = place.target(Kind::Pod, name.trim());
    eventually("its first words", || async {
        (!place.kubectl(&["logs", name.trim()]).is_empty()).then_some(())
    })
    .await;
    let native = place.native(&pod, Verb::Delete { grace_seconds: Some(1), force: false }).await;
    let found = place.look(&native).await;
    assert!(found.effect[0].starts_with("owned by ReplicaSet"), "{:?}", found.effect);
    let kept = deeds::keep(|_: &Text| Some(place.cluster.clone()), std::slice::from_ref(&native)).await;
    assert!(kept.iter().any(|(file, page)| file.starts_with("pod.") && page.contains("Container web")));
    assert!(kept.iter().any(|(file, _)| file.contains(".web.log")));
    let wrong =
        Looked { native: Native { uid: "another".into(), ..native.clone() }, generation: None, also: None };
    assert!(matches!(place.act(wrong).await, Outcome::Refused { .. }));
    assert!(matches!(place.act(only(&found)).await, Outcome::Settled { .. }));
}

#[tokio::test]
async fn who_may_only_look_is_told_before_and_refused_after() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-rights").await;
    let web = place.deployment("web", "web:1.0.0", "1");
    let native = place.native(&web, Verb::Scale { from: 1, to: 2 }).await;
    let viewer = cluster(As::View).await;
    let found = look(&viewer, &native).await;
    assert!(matches!(&found.allowed, Check::No(why) if why.contains("patch deployments/scale")));
    assert!(found.identity.is_some());
    let end = act(&viewer, found.actions.first().expect("one").clone()).await;
    assert!(
        matches!(&end, Outcome::Refused { why } if why.contains("grant patch deployments/scale")),
        "{end:?}"
    );
}

#[tokio::test]
async fn a_deployment_is_described_with_its_tree_and_without_its_secrets() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-inspect").await;
    let web = place.deployment("web", "web:1.0.0", "2");
    place.kubectl(&["set", "env", "deployment/web", "DB_PASSWORD=PLANTED"]);
    place.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let seen = eventually("a tree of one deployment, one set and two pods", || async {
        let seen = place.inspect(&web).await;
        (seen.owners.len() == 4).then_some(seen)
    })
    .await;
    assert_eq!(seen.missing, Vec::<String>::new());
    assert!(seen.yaml.contains("DB_PASSWORD") && !format!("{seen:?}").contains("PLANTED"));
    assert!(seen.events.iter().any(|event| format!("{event:?}").contains("ScalingReplicaSet")));
}

#[tokio::test]
async fn a_shell_goes_on_while_nobody_looks_and_tells_its_exit_code() {
    let _up = server_stays_up().await;
    let place = Place::new("deeds-shell").await;
    place.deployment("web", "web:1.0.0", "1");
    let name = place.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let pod = place.target(Kind::Pod, name.trim());
    let uid = place.inspect(&pod).await.uid.expect("a pod");
    let words = ["sh".to_owned()];
    let shell = deeds::shell(&place.cluster, &pod, &uid, "web", &words, (80, 24)).await.expect("a shell");
    shell.detach();
    assert!(shell.type_in(b"echo unseen\n".to_vec()).await);
    eventually("what was printed while nobody looked", || async {
        let before = shell.attach().before;
        String::from_utf8_lossy(&before).matches("unseen").nth(1).map(|_| ())
    })
    .await;
    assert!(shell.type_in(b"exit 7\n".to_vec()).await);
    assert_eq!(shell.wait().await, End::Exited(7));
    let other = deeds::shell(&place.cluster, &pod, "another", "web", &words, (80, 24)).await;
    assert!(other.is_err_and(|why| why.contains("made anew")));
}
