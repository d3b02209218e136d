//! Objects of a cluster: before and after, by name, and who would undo it.
use firedeck::commands::effect::Undo;

use super::{Answer, asks, effect, failed, looked, ok, says};

/// One row of the columns that objects are asked for.
fn row(cells: &[&str]) -> String {
    let mut cells: Vec<_> = cells.iter().map(|cell| if cell.is_empty() { "<none>" } else { cell }).collect();
    cells.resize(16, "<none>");
    cells.join("   ") + "\n"
}

fn deployment(name: &str, replicas: &str) -> String {
    row(&["Deployment", "shop", name, replicas, replicas, "app", "shop/web:1.4", "", "", "", "", "7"])
}

#[test]
fn scaling_says_before_and_after_and_names_the_autoscaler_that_takes_it_back() {
    let effect = effect(
        "kubectl scale deployment/web --replicas=5 -n shop",
        &[
            ("get -n shop", ok(&deployment("web", "3"))),
            ("get hpa", ok("shop   web   Deployment   web   2   4\nshop   api   Deployment   api   1   2\n")),
        ],
    );
    says(&effect.hits, "deployment shop/web: 3 → 5 replicas (3 ready)");
    assert_eq!((effect.old_new[0].old.as_str(), effect.old_new[0].new.as_str()), ("3", "5"));
    assert_eq!(effect.undone_by, ["autoscaler web keeps deployment shop/web between 2 and 4 replicas"]);
    let undo = "kubectl scale deployment/web -n shop --replicas=3";
    assert_eq!(effect.undo, Some(Undo::Command(undo.to_owned())));
    assert_eq!(effect.unknown, Vec::<String>::new());
}

#[test]
fn scaling_by_a_variable_leaves_it_to_the_shell_and_does_not_guess_it() {
    let found = looked("kubectl scale deployment/$SERVICE --replicas=$COUNT -n \"$NS\"");
    assert!(found.looks[0].ask.contains("deployment/$SERVICE"), "{found:#?}");
    assert!(found.looks[0].ask.contains("-n \"$NS\""), "{found:#?}");
    let effect = super::effect_of(
        &found,
        &[("deployment/$SERVICE", ok(&deployment("web", "3"))), ("get hpa", ok(""))],
    );
    says(&effect.hits, "3 → what its variable holds");
}

#[test]
fn a_tool_that_keeps_what_a_repository_says_is_named() {
    let mut cells = [
        "Deployment",
        "shop",
        "web",
        "3",
        "3",
        "app",
        "i:1",
        "",
        "",
        "",
        "",
        "7",
        "web:apps/Deployment:shop/web",
        "",
        "",
        "",
    ];
    let argo = effect(
        "kubectl scale deploy/web --replicas=5",
        &[("get --no-headers", ok(&row(&cells))), ("hpa", ok(""))],
    );
    says(&argo.undone_by, "Argo CD (application web)");
    (cells[12], cells[14]) = ("", "apps");
    let flux = effect(
        "kubectl scale deploy/web --replicas=5",
        &[("get --no-headers", ok(&row(&cells))), ("hpa", ok(""))],
    );
    says(&flux.undone_by, "Flux (kustomization apps)");
}

#[test]
fn deleting_pods_names_each_of_them_and_who_starts_it_again() {
    let pods = row(&["Pod", "shop", "web-6f-abc", "", "", "", "", "Running", "ReplicaSet", "web-6f"])
        + &row(&["Pod", "shop", "debug", "", "", "", "", "Failed"]);
    let effect = effect("kubectl delete pods -l app=web -n shop", &[("-l app=web", ok(&pods))]);
    says(&effect.hits, "pod shop/web-6f-abc (Running): ReplicaSet web-6f starts another one");
    says(&effect.hits, "pod shop/debug (Failed): nobody starts it again");
    says(&effect.drops, "pod shop/debug");
    says(&effect.evidence, "kubectl get -n shop -l app=web -o yaml pods");
}

#[test]
fn what_is_not_there_is_said_and_an_error_is_no_zero() {
    let text = "kubectl delete pod web-1 -n shop";
    let none =
        effect(text, &[("web-1", failed(1, "Error from server (NotFound): pods \"web-1\" not found"))]);
    assert_eq!(none.zero.as_deref(), Some("pods \"web-1\" not found"));
    let forbidden =
        effect(text, &[("web-1", failed(1, "Error from server (Forbidden): pods \"web-1\" is forbidden"))]);
    assert_eq!(forbidden.zero, None);
    says(&forbidden.unknown, "Forbidden");
    let late = effect(text, &[]);
    assert_eq!(late.zero, None);
    says(&late.unknown, "no answer in time");
    let garbage = effect(text, &[("web-1", ok("who knows\n"))]);
    assert_eq!(garbage.zero, None);
    says(&garbage.unknown, "could be read");
}

#[test]
fn deleting_a_claim_or_a_namespace_says_what_is_lost() {
    let claim = row(&["PersistentVolumeClaim", "shop", "data-0", "", "", "", "", "Bound", "", "", "20Gi"]);
    let one = effect("kubectl delete pvc data-0 -n shop", &[("data-0", ok(&claim))]);
    says(&one.drops, "the data of persistentvolumeclaim shop/data-0");
    says(&one.hits, "20Gi, Bound");
    let all = effect(
        "kubectl delete namespace old",
        &[
            ("-n old", ok("Pod   a\nPod   b\nService   c\n")),
            ("namespace old", ok(&row(&["Namespace", "", "old"]))),
        ],
    );
    says(&all.drops, "in namespace old: 2 pods");
    says(&all.drops, "in namespace old: 1 service");
}

#[test]
fn going_back_shows_the_image_of_the_revision_that_would_run() {
    let sets =
        "shop   web   6   shop/web:1.3\nshop   web   7   shop/web:1.4\nshop   web   5   shop/web:1.2\n";
    let answers = |sets: &str| [("get rs", ok(sets)), ("deployment/web", ok(&deployment("web", "3")))];
    let before = effect("kubectl rollout undo deployment/web -n shop", &answers(sets));
    says(&before.hits, "revision 7 → 6");
    assert_eq!(
        (before.old_new[0].old.as_str(), before.old_new[0].new.as_str()),
        ("shop/web:1.4", "shop/web:1.3")
    );
    let undo = "kubectl rollout undo deployment/web -n shop --to-revision=7";
    assert_eq!(before.undo, Some(Undo::Command(undo.to_owned())));
    let to = effect("kubectl rollout undo deployment/web -n shop --to-revision=5", &answers(sets));
    says(&to.hits, "revision 7 → 5");
    assert!(before.undone_by.is_empty());
    let same = "shop   web   6   shop/web:1.4\nshop   web   7   shop/web:1.4\n";
    let same = effect("kubectl rollout undo deployment/web -n shop", &answers(same));
    says(&same.undone_by, "revision 6 has the same image (shop/web:1.4): no earlier release comes back");
    let only =
        effect("kubectl rollout undo deployment/web -n shop", &answers("shop   web   7   shop/web:1.4\n"));
    assert_eq!(only.zero, None, "something is hit: {only:#?}");
}

#[test]
fn images_variables_and_limits_show_old_and_new() {
    let image = effect(
        "kubectl set image deploy/web app=shop/web:1.5 -n shop",
        &[("deploy/web", ok(&deployment("web", "2")))],
    );
    assert_eq!(
        (image.old_new[0].old.as_str(), image.old_new[0].new.as_str()),
        ("shop/web:1.4", "shop/web:1.5")
    );
    assert_eq!(
        image.undo,
        Some(Undo::Command("kubectl set image deployment/web -n shop app=shop/web:1.4".to_owned()))
    );
    let wrong =
        effect("kubectl set image deploy/web nginx=x:1", &[("deploy/web", ok(&deployment("web", "2")))]);
    says(&[wrong.zero.unwrap_or_default()], "has no container `nginx`: it has app");

    let listed =
        "# Deployment web, container app\nPOOL_SIZE=20\nDB_PASSWORD=hunter2\n# TOKEN from secret t, key k\n";
    let env = effect(
        "kubectl set env deploy/web POOL_SIZE=30 DB_PASSWORD=new OLD-",
        &[("--list", ok(listed)), ("get --no-headers", ok(&deployment("web", "2")))],
    );
    let pair = |at: usize| (env.old_new[at].old.as_str(), env.old_new[at].new.as_str());
    assert_eq!(pair(0), ("20", "30"));
    assert_eq!(pair(1), ("…", "…"), "a secret is never shown");
    assert_eq!(pair(2), ("not set", "taken away"));
    assert!(
        matches!(env.undo, Some(Undo::Words(_))),
        "a secret's old value is written nowhere: {:?}",
        env.undo
    );
    let pool = effect(
        "kubectl set env deploy/web POOL_SIZE=30",
        &[("--list", ok(listed)), ("get ", ok(&deployment("web", "2")))],
    );
    assert_eq!(pool.undo, Some(Undo::Command("kubectl set env deploy/web POOL_SIZE=20".to_owned())));

    let unlisted = effect(
        "kubectl set env deploy/web POOL_SIZE=30",
        &[("--list", failed(1, "unknown flag: --list")), ("get ", ok(&deployment("web", "2")))],
    );
    assert_eq!(unlisted.undo, None, "no restart was asked for: {unlisted:#?}");

    let limits = effect(
        "kubectl set resources deploy/web --limits=memory=1Gi",
        &[("limits.memory", ok("web   app   500m   512Mi   <none>   256Mi\n"))],
    );
    assert_eq!((limits.old_new[0].old.as_str(), limits.old_new[0].new.as_str()), ("512Mi", "1Gi"));
}

#[test]
fn draining_names_the_pods_that_nobody_starts_again_and_the_budgets_that_hold_it_up() {
    let pods = "shop   web-1   ReplicaSet   Running\nkube-system   proxy   DaemonSet   Running\nshop   lone   <none>   Running\n";
    let answers = [
        ("get node", ok("node-1   <none>   <none>\n")),
        ("spec.nodeName=node-1", ok(pods)),
        ("get pdb", ok("shop   web   0\nshop   api   1\n")),
    ];
    let forced = effect("kubectl drain node-1 --ignore-daemonsets --force", &answers);
    says(&forced.hits, "pod shop/lone (Running) is evicted: nobody starts it again");
    says(&forced.hits, "pod shop/web-1 (Running) is evicted: ReplicaSet starts another one");
    assert!(!forced.hits.iter().any(|line| line.contains("proxy")));
    says(&forced.unknown, "budget shop/web allows no eviction now");
    assert_eq!(forced.undo, Some(Undo::Command("kubectl uncordon node-1".to_owned())));
    let stops = effect("kubectl drain node-1", &answers);
    says(&stops.unknown, "without `--force` the drain stops at it");
}

#[test]
fn applying_shows_the_servers_own_difference() {
    let diff = "diff -u -N /tmp/LIVE-1/apps.v1.Deployment.shop.web /tmp/MERGED-2/apps.v1.Deployment.shop.web\n--- /tmp/LIVE-1/x\n+++ /tmp/MERGED-2/x\n@@ -6,7 +6,7 @@\n-  replicas: 3\n+  replicas: 5\n-        image: shop/web:1.4\n+      - image: shop/web:1.5\n";
    let found = effect(
        "kubectl apply -f web.yaml -n shop",
        &[("diff -n shop -f web.yaml", Answer { code: 1, out: diff.to_owned(), err: String::new() })],
    );
    says(&found.hits, "deployment shop/web: 4 lines would change");
    assert_eq!(found.old_new.len(), 2);
    let same = effect("kubectl apply -f web.yaml", &[("diff", ok(""))]);
    assert_eq!(same.zero.as_deref(), Some("the objects are already as it says"));
    let broken = effect(
        "kubectl apply -f web.yaml",
        &[("diff", failed(2, "error: the path \"web.yaml\" does not exist"))],
    );
    says(&broken.unknown, "does not exist");
    assert_eq!(broken.zero, None);
}

#[test]
fn what_is_piped_or_typed_into_apply_is_compared_as_well() {
    let document = asks("kubectl apply -f - <<'EOF'\nkind: ConfigMap\nEOF");
    assert_eq!(document, ["printf '%s\\n' 'kind: ConfigMap\n' | kubectl diff -f -"]);
    let made =
        asks("kubectl create configmap c --from-literal=a=b --dry-run=client -o yaml | kubectl apply -f -");
    assert_eq!(
        made,
        ["kubectl create configmap c --from-literal=a=b --dry-run=client -o yaml | kubectl diff -f -"]
    );
}

#[test]
fn a_patch_shows_each_field_before_and_after_and_what_the_server_says_to_it() {
    let text = r#"kubectl patch deploy web -n shop -p '{"spec":{"replicas":2,"template":{"metadata":{"labels":{"a.b/c":"x"}}}}}'"#;
    let found = looked(text);
    assert!(
        found.looks[0].ask.contains(r"F0:.spec.replicas,F1:.spec.template.metadata.labels.a\.b/c"),
        "{found:#?}"
    );
    let effect = super::effect_of(
        &found,
        &[
            ("custom-columns", ok("Deployment   web   3   <none>\n")),
            ("--dry-run=server -o name", ok("deployment.apps/web\n")),
        ],
    );
    assert_eq!((effect.old_new[0].old.as_str(), effect.old_new[0].new.as_str()), ("3", "2"));
    assert_eq!((effect.old_new[1].old.as_str(), effect.old_new[1].new.as_str()), ("not set", "x"));
    says(&effect.hits, "the server would take it");
}

#[test]
fn switching_the_context_says_that_every_later_command_goes_elsewhere() {
    let kube = effect("kubectl config use-context prod", &[("current-context", ok("staging\n"))]);
    says(&kube.hits, "every later kubectl and helm command goes to prod instead of staging");
    assert_eq!(kube.undo, Some(Undo::Command("kubectl config use-context staging".to_owned())));
    let azure = effect(
        "az aks get-credentials --resource-group ops --name shop-prod --overwrite-existing",
        &[("kubectl config current-context", ok("staging"))],
    );
    says(&azure.hits, "goes to shop-prod instead of staging");
    says(&azure.drops, "the credentials of the same name");
    let same = effect("kubectl config use-context prod", &[("current-context", ok("prod\n"))]);
    assert_eq!(same.zero.as_deref(), Some("the cluster is prod already"));
    // Behind a switch in the same statement, a look would ask the wrong cluster.
    let behind = looked("kubectl config use-context prod && kubectl delete pod web-1");
    assert!(behind.looks.iter().all(|look| !look.ask.contains("web-1")), "{behind:#?}");
    says(&behind.said.unknown, "leads it elsewhere");
}
