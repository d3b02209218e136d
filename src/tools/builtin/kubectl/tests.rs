//! The built-in kubectl before a server that says what the test says.
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::Io;
use super::jsonpath::Template;
use super::quantity::Quantity;
use super::{call::Call, table, time, yaml};

/// What was written, shared with whoever writes.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("whole")).into_owned()
    }
}

struct Ran {
    code: u8,
    out: String,
    err: String,
    /// `METHOD path body` of every request that is no discovery.
    asked: Vec<String>,
}

fn discovery() -> [Value; 2] {
    let kind = |name: &str, kind: &str, scope: &str| {
        json!({"resource": name, "singularResource": kind.to_lowercase(), "scope": scope,
            "responseKind": {"kind": kind}, "shortNames": [], "categories": []})
    };
    let group = |name: &str, kinds: Vec<Value>| json!({"items": [{"metadata": {"name": name}, "versions": [{"version": "v1", "resources": kinds}]}]});
    let space = "Namespaced";
    let core = vec![
        kind("pods", "Pod", space),
        kind("configmaps", "ConfigMap", space),
        kind("secrets", "Secret", space),
        kind("events", "Event", space),
        kind("nodes", "Node", "Cluster"),
    ];
    [group("", core), group("apps", vec![kind("deployments", "Deployment", space)])]
}

/// Runs a call; a `_` in it is a blank. What the server answers is named by `METHOD path`; all else is not found.
async fn kubectl(line: &str, stdin: &str, answers: &[(&str, Value)]) -> Ran {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers: Vec<(String, Value)> =
        answers.iter().map(|(to, what)| ((*to).to_owned(), what.clone())).collect();
    let seen = Arc::clone(&asked);
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            let (head, body) = loop {
                let count = stream.read(&mut buffer).await.unwrap_or(0);
                request.extend_from_slice(buffer.get(..count).unwrap_or_default());
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) || count == 0 {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let to: Vec<&str> = head.lines().next().unwrap_or_default().split(' ').collect();
            let to = to.get(..2).unwrap_or_default().join(" ");
            let [core, groups] = discovery();
            let found = answers.iter().find(|(path, _)| to == *path).map(|(_, what)| what.clone());
            let missing = json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
                "message": format!("no {to}")});
            let (status, answer) = match to.as_str() {
                "GET /api" => (200, core),
                "GET /apis" => (200, groups),
                _ => {
                    seen.lock().expect("whole").push(format!("{to} {body}"));
                    found.map_or((404, missing), |answer| (200, answer))
                }
            };
            // A text is sent as it stands.
            let answer = answer.as_str().map_or(answer.to_string(), str::to_owned);
            let length = answer.len();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all((head + &answer).as_bytes()).await;
        }
    });
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config");
    let config = json!({"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a", "user": ""}}],
        "clusters": [{"name": "a", "cluster": {"server": format!("http://127.0.0.1:{port}")}}]});
    std::fs::write(&path, config.to_string()).expect("written");
    let mut args: Vec<String> = line.split(' ').map(|word| word.replace('_', " ")).collect();
    args.insert(0, format!("--kubeconfig={}", path.display()));
    let (out, err) = (Sink::default(), Sink::default());
    let mut io = Io {
        stdin: Box::new(io::Cursor::new(stdin.to_owned())),
        stdout: Box::new(out.clone()),
        stderr: Box::new(err.clone()),
        terminal: false,
    };
    let code = super::run(args, &mut io).await;
    server.abort();
    let asked = asked.lock().expect("whole").clone();
    Ran { code, out: out.text(), err: err.text(), asked }
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "resourceVersion": "1", "generation": 1},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}}}})
}

const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";

#[tokio::test]
async fn a_table_of_the_server_is_shown_with_the_columns_that_are_asked_for() {
    let column = |name: &str, priority: i64| json!({"name": name, "priority": priority});
    let row = |name: &str, ready: &str| json!({"cells": [name, ready, "10.0.0.1"], "object": {"metadata": {"labels": {"app": "web"}}}});
    let pods = json!({"kind": "Table", "metadata": {}, "rows": [row("web-1", "1/1"), row("web-long-2", "0/1")],
        "columnDefinitions": [column("Name", 0), column("Ready", 0), column("IP", 1)]});
    let answers = [("GET /api/v1/namespaces/default/pods?limit=500", pods)];
    let ran = kubectl("get pods", "", &answers).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "NAME         READY\nweb-1        1/1\nweb-long-2   0/1\n");
    let ran = kubectl("get pods -o wide --show-labels --no-headers", "", &answers).await;
    assert_eq!(ran.out, "web-1        1/1   10.0.0.1   app=web\nweb-long-2   0/1   10.0.0.1   app=web\n");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_originals_words() {
    for (line, code, said) in [
        ("get pods web", 1, "Error from server (NotFound): no GET /api/v1/namespaces/default/pods/web\n"),
        ("get walrus", 1, "error: the server doesn't have a resource type \"walrus\"\n"),
        ("get pods --walrus", 1, "Error: unknown flag: --walrus\nSee 'kubectl get --help' for usage.\n"),
        ("cp a b", 1, "error: the built-in kubectl does not know `cp`\n"),
        (
            "scale deployment/web --replicas=2 --timeout=3s",
            1,
            "Error: unknown flag: --timeout\nSee 'kubectl scale --help' for usage.\n",
        ),
    ] {
        let ran = kubectl(line, "", &[]).await;
        assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (code, said, ""), "{line}");
    }
}

#[tokio::test]
async fn what_is_only_tried_says_so_in_its_request() {
    let answers = |to: &'static str| {
        [(to, deployment()), ("GET /apis/apps/v1/namespaces/default/deployments/web", deployment())]
    };
    let delete = "DELETE /apis/apps/v1/namespaces/default/deployments/web";
    let ran = kubectl("delete deployment web --dry-run=server", "", &answers(delete)).await;
    assert_eq!(ran.out, "deployment.apps \"web\" deleted (server dry run)\n");
    assert!(
        ran.asked.iter().any(|one| one.starts_with("DELETE") && one.contains("\"dryRun\":[\"All\"]")),
        "{:?}",
        ran.asked
    );
    let ran = kubectl("delete deployment web --dry-run=client", "", &answers(delete)).await;
    assert!(ran.out.ends_with("deleted (dry run)\n") && ran.asked.iter().all(|one| one.starts_with("GET")));
    let scale =
        "PATCH /apis/apps/v1/namespaces/default/deployments/web/scale?fieldManager=kubectl&dryRun=All";
    let ran = kubectl("scale deployment/web --replicas=5 --dry-run=server", "", &answers(scale)).await;
    assert_eq!(ran.out, "deployment.apps/web scaled (server dry run)\n");
}

#[tokio::test]
async fn a_manifest_that_says_less_than_before_takes_away_what_it_said() {
    let mut manifest = deployment();
    manifest["metadata"] = json!({"name": "web"});
    let mut live = deployment();
    let applied = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"annotations": {}, "name": "web", "namespace": "default"},
        "spec": manifest["spec"]});
    live["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{applied}\n")});
    let get = ("GET /apis/apps/v1/namespaces/default/deployments/web", live.clone());
    let ran = kubectl("apply -f -", &manifest.to_string(), std::slice::from_ref(&get)).await;
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("deployment.apps/web unchanged\n", ""));
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "A", "value": "9"}]);
    let patch =
        "PATCH /apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl&fieldValidation=Strict";
    let ran = kubectl("apply -f -", &manifest.to_string(), &[get, (patch, live)]).await;
    assert_eq!(ran.out, "deployment.apps/web configured\n");
    let sent = ran.asked.iter().find_map(|one| one.strip_prefix(patch)).expect("a patch");
    let sent: Value = serde_json::from_str(sent).expect("an object");
    let env = json!([{"name": "A", "value": "9"}, {"name": "B", "$patch": "delete"}]);
    assert_eq!(sent["spec"], json!({"template": {"spec": {"containers": [{"name": "web", "env": env}]}}}));
}

#[tokio::test]
async fn logs_of_many_pods_bear_their_names_and_only_their_ends() {
    let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [{"name": "c"}]}});
    let list = json!({"items": [pod("a"), pod("b")], "metadata": {}});
    let ran = kubectl(
        "logs -l app=web --prefix",
        "",
        &[
            ("GET /api/v1/namespaces/default/pods?limit=500&labelSelector=app%3Dweb", list),
            ("GET /api/v1/namespaces/default/pods/a/log?container=c&tailLines=10", json!("one\ntwo\n")),
            ("GET /api/v1/namespaces/default/pods/b/log?container=c&tailLines=10", json!("three")),
        ],
    )
    .await;
    assert_eq!(ran.out, "[pod/a/c] one\n[pod/a/c] two\n[pod/b/c] three");
}

#[tokio::test]
async fn a_rollout_that_misses_its_deadline_fails() {
    let mut web = deployment();
    web["status"] =
        json!({"observedGeneration": 1, "updatedReplicas": 1, "replicas": 2, "availableReplicas": 2});
    let get = |web: &Value| [("GET /apis/apps/v1/namespaces/default/deployments/web", web.clone())];
    let line = "rollout status deployment/web --watch=false";
    let ran = kubectl(line, "", &get(&web)).await;
    let said =
        "Waiting for deployment \"web\" rollout to finish: 1 out of 2 new replicas have been updated...\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, said));
    web["status"]["conditions"] = json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]);
    let ran = kubectl(line, "", &get(&web)).await;
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "error: deployment \"web\" exceeded its progress deadline\n")
    );
}

#[tokio::test]
async fn a_variable_is_set_where_it_stands_and_a_new_one_last() {
    let patch = format!("PATCH {WEB}?fieldManager=kubectl");
    let mut after = deployment();
    after["spec"]["replicas"] = json!(3);
    let get = format!("GET {WEB}");
    let ran = kubectl(
        "set env deployment/web C=3 A=9 B-",
        "",
        &[(get.as_str(), deployment()), (patch.as_str(), after)],
    )
    .await;
    assert_eq!(ran.out, "deployment.apps/web env updated\n");
    let sent: Value =
        serde_json::from_str(ran.asked.iter().find_map(|one| one.strip_prefix(&patch)).expect("sent"))
            .expect("read");
    let named = |name: &str, value: &str| json!({"name": name, "value": value, "valueFrom": null});
    let env = json!([named("A", "9"), {"name": "B", "$patch": "delete"}, named("C", "3")]);
    assert_eq!(sent["spec"]["template"]["spec"]["containers"], json!([{"name": "web", "env": env}]));
}

#[tokio::test]
async fn variables_are_listed_with_where_they_come_from() {
    let mut web = deployment();
    let from = json!({"secretKeyRef": {"name": "db", "key": "password"}});
    web["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": "1"}, {"name": "PASSWORD", "valueFrom": from}]);
    let get = format!("GET {WEB}");
    let ran = kubectl("set env deployment/web --list", "", &[(get.as_str(), web)]).await;
    assert_eq!(ran.out, "# Deployment web, container web\nA=1\n# PASSWORD from secret db, key password\n");
}

#[test]
fn a_path_leads_where_the_original_goes() {
    let pods = json!({"items": [
        {"name": "a", "n": 1, "labels": {"x.y/z": "1"}, "ports": [80, 81]},
        {"name": "b", "n": 12, "labels": {}, "ports": []}]});
    for (path, text) in [
        ("{.items[*].name}", "a b"),
        ("{.items[0].labels.x\\.y/z}", "1"),
        ("{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}.", "a\t1\nb\t12\n."),
        ("{range .items[*]}{.name}:{range .ports[*]} {@}{end};{end}", "a: 80 81;b:;"),
        ("{.items[?(@.n>5)].name}", "b"),
        ("{.items[?(@.name==\"a\")].ports}", "[80,81]"),
        ("{.items[-1].name} {.items[*]['name']}", "b a b"),
        ("{.nothing.at.all}", ""),
    ] {
        assert_eq!(Template::read(path).expect("read").text(&pods).expect("written"), text, "{path}");
    }
    for path in ["{.items[0}", "{range .items", "{.items[?(@.a]}", "{\"x}", "{..name}", "{.items[0:1]}"] {
        assert!(Template::read(path).is_err(), "{path}");
    }
    let beyond = Template::read("{.items[7].name}").expect("read").text(&pods);
    assert_eq!(beyond, Err("array index out of bounds: index 7, length 2".to_owned()));
}

#[test]
fn yaml_quotes_what_would_be_read_as_something_else() {
    let object = json!({"a": "true", "b": "1.5", "c": "a: b", "d": "", "e": "one\n\n  two\n", "f": ["x", {"y": null, "z": [1]}, ["w"]],
        "g": {}, "h": "5affd306-64f0", "i": "10.0.0.0/8", "j": "{\"a\": 1}\n", "t": "2026-11-27T06:12:43Z", "z": "- x", "p": "it's fine", "q": {"r": {"s": "a\n b"}}});
    let text = "a: \"true\"\nb: \"1.5\"\nc: \"a: b\"\nd: \"\"\ne: |\n  one\n\n    two\nf:\n- x\n- \"y\": null\n  z:\n  - 1\n- - w\ng: {}\nh: 5affd306-64f0\ni: 10.0.0.0/8\nj: |\n  {\"a\": 1}\n\
        p: it's fine\nq:\n  r:\n    s: |-\n      a\n       b\nt: \"2026-11-27T06:12:43Z\"\nz: \"- x\"\n";
    for odd in [
        " a\nb",
        "a \nb",
        "a\n\n",
        "\n",
        "a\u{1b}b",
        "~",
        "1e3",
        "0xaf",
        "1:30",
        "2026-11-27",
        ".5",
        "null",
        "a #b",
        "a:",
        "'a",
        "no",
    ] {
        let written = yaml::yaml(&json!({ "k": odd }));
        let read: Value = serde_saphyr::from_str(&written).expect("read");
        assert_eq!(read, json!({ "k": odd }), "{written}");
    }
    assert_eq!(yaml::yaml(&object), text);
}

#[test]
fn amounts_and_ages_are_said_as_the_original_says_them() {
    let sum = |amounts: &[&str]| {
        let mut sum = Quantity::default();
        for one in amounts {
            sum.add(Quantity::read(one).expect("an amount"));
        }
        sum
    };
    let memory = sum(&["64Mi", "1Gi", "512Ki"]);
    assert_eq!(memory.to_string(), "1114624Ki");
    let sum = sum(&["450m", "0.55", "1"]);
    assert_eq!((sum.to_string().as_str(), sum.share(Quantity::read("4").expect("an amount"))), ("2", 50));
    assert_eq!(Quantity::read("1500001n").map(Quantity::thousandths), Some(2));
    assert_eq!(Quantity::read("walrus"), None);
    let said: Vec<String> = [59, 119, 120, 605, 10_800, 28_800, 200_000, 800_000].map(time::human).to_vec();
    assert_eq!(said, ["59s", "119s", "2m", "10m", "3h", "8h", "2d7h", "9d"]);
    assert_eq!(table::align("a\tb\tc\nlong\tb\n\nx\ty\n", 0, 2), "a     b  c\nlong  b\n\nx  y\n");
}

#[test]
fn options_are_read_in_every_spelling_and_stand_before_the_verb_too() {
    let read = |line: &str| {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Call::read(&args).expect("read")
    };
    let call = read("--context west -n=yard rollout restart deployment/web");
    assert_eq!(
        (call.verb, call.value("context"), call.value("namespace")),
        ("rollout restart", Some("west"), Some("yard"))
    );
    let call = read("exec -itcweb p --namespace=yard -- ls -n x");
    assert!(call.on("stdin") && call.on("tty") && call.value("container") == Some("web"));
    assert_eq!(
        (call.words, call.behind),
        (vec!["p".to_owned()], ["ls", "-n", "x"].map(str::to_owned).to_vec())
    );
    assert!(read("logs -f x").on("follow") && read("apply -f x").value("filename") == Some("x"));
}

/// What a call asks for beside what it reads.
fn changes(ran: &Ran) -> Vec<&String> {
    ran.asked.iter().filter(|one| !one.starts_with("GET ")).collect()
}

/// Every list that a call without a name could take for what is meant.
fn everything() -> [(&'static str, Value); 4] {
    let list = |kind: &str, name: &str| {
        let meta = json!({"name": name, "namespace": "default", "uid": "1"});
        json!({"kind": kind, "items": [{"metadata": meta, "spec": {"unschedulable": false}}], "metadata": {}})
    };
    [
        ("GET /api/v1/namespaces/default/pods?limit=500", list("PodList", "a")),
        ("GET /api/v1/namespaces/default/pods/", list("PodList", "a")),
        ("GET /api/v1/nodes?limit=500", list("NodeList", "n")),
        ("GET /api/v1/nodes/", list("NodeList", "n")),
    ]
}

#[tokio::test]
async fn a_name_or_a_selector_that_is_empty_does_not_stand_for_everything() {
    // A `_` is a blank, and the word between two blanks is empty.
    for line in [
        "delete pods -l ",
        "delete pods -l _",
        "delete pods --selector=",
        "delete pods --field-selector=",
        "delete pod ",
        "delete pod a ",
        "delete pod/",
        "delete  a",
        "delete pods, a",
        "delete node ",
        "delete node ..",
        "delete pod a --all",
        "delete pod a -l app=web",
        "delete pods --all -l app=web",
        "delete pods -- -l app=web",
        "label pods -l  a=b",
        "cordon ",
        "cordon -l ",
        "uncordon --selector=",
        "drain -l ",
        "drain  --force",
        "set image pods -l  web=web:2",
        "scale pods --replicas=0 -l ",
        "wait --for=delete pods -l ",
    ] {
        let ran = kubectl(line, "", &everything()).await;
        assert!(ran.code > 0 && !ran.err.is_empty(), "{line}: {} {}", ran.code, ran.err);
        assert_eq!(changes(&ran), Vec::<&String>::new(), "{line}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_nothing_is_done() {
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}).to_string();
    for line in [
        "delete -f - -l app=web",
        "delete -f - --all",
        "delete -f - pod",
        "apply -f - more.yaml",
        "delete pod a --dry-run none",
        "delete pod a --cascade orphan",
        "delete pod a --force --grace-period=5",
        "delete pod a --now --grace-period=5",
        "delete pod a --server=http://127.0.0.1:1",
        "set image pod/a web-",
        "top pods a b",
        "config get-contexts a b",
        "rollout undo deployment",
    ] {
        let ran = kubectl(line, &manifest, &[]).await;
        assert!(ran.code > 0 && !ran.err.is_empty(), "{line}: {} {}", ran.code, ran.err);
        assert_eq!(changes(&ran), Vec::<&String>::new(), "{line}");
    }
}

#[tokio::test]
async fn an_empty_namespace_is_the_usual_one() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "default"}});
    let ran =
        kubectl("get pod a -o name -n  --context ", "", &[("GET /api/v1/namespaces/default/pods/a", pod)])
            .await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "pod/a\n"));
}

#[tokio::test]
async fn a_node_that_cannot_be_closed_is_not_emptied() {
    let node = json!({"kind": "Node", "metadata": {"name": "n"}, "spec": {}});
    let ran = kubectl("drain n --force", "", &[("GET /api/v1/nodes/n", node)]).await;
    assert!(ran.code == 1 && ran.err.starts_with("error: unable to drain node \"n\""), "{}", ran.err);
    assert!(ran.asked.iter().all(|one| !one.contains("pods")), "{:?}", ran.asked);
}

#[tokio::test]
async fn a_server_gives_a_terminal_no_orders() {
    let pod = json!({"kind": "Pod", "metadata": {"name": "a", "annotations": {"x": "\u{1b}[2J"}}});
    let answers = [("GET /api/v1/namespaces/default/pods/a", pod)];
    let described = kubectl("describe pod a", "", &answers).await.out;
    assert!(described.contains("x: ^[[2J") && !described.contains('\u{1b}'), "{described:?}");
    let columns = kubectl("get pod a -o custom-columns=X:.metadata.annotations.x", "", &answers).await.out;
    assert_eq!(columns, "X\n^[[2J\n");
}

#[tokio::test]
async fn a_secret_that_changes_is_a_difference_which_is_not_shown() {
    let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": value}});
    let at = "/api/v1/namespaces/default/secrets/s";
    let (get, patch) =
        (format!("GET {at}"), format!("PATCH {at}?fieldManager=kubectl&dryRun=All&fieldValidation=Strict"));
    let answers = [(get.as_str(), secret("b2xk")), (patch.as_str(), secret("bmV3"))];
    let ran = kubectl("diff -f -", &secret("bmV3").to_string(), &answers).await;
    assert!(ran.code == 1 && ran.out.contains("changed"), "{} {}", ran.code, ran.err);
    assert!(!ran.out.contains("b2xk") && !ran.out.contains("bmV3"), "{}", ran.out);
    let described = kubectl("describe secret s", "", &[(get.as_str(), secret("b2xk"))]).await.out;
    assert!(described.contains("k:  3 bytes") && !described.contains("b2xk"), "{described}");
}
