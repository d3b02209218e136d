//! Looking and acting against a server that does exactly what a test says, over a real socket.
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedeck::domain::Text;
use firedeck::domain::action::{Check, Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::time::Timestamp;
use firedeck::sources::kubernetes::connect::{Cluster, connect};
use firedeck::sources::kubernetes::{Options, deeds};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server does with one request.
enum Answer {
    Says(u16, Value),
    /// It takes the request and never answers.
    Silence,
    /// It takes the request and hangs up.
    HangsUp,
}

struct Request {
    method: String,
    path: String,
    body: Value,
}

impl Request {
    fn is(&self, method: &str, ending: &str) -> bool {
        self.method == method && self.path.split('?').next().is_some_and(|path| path.ends_with(ending))
    }
}

type Script = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

struct Lab {
    cluster: Cluster,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Lab {
    async fn new(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Lab {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, Arc::new(script), requests.clone()));
        Lab { cluster: reach(port).await, requests }
    }

    async fn look(&self, plan: &[Native]) -> Findings {
        deeds::look(|_: &Text| Some(self.cluster.clone()), plan).await
    }

    /// Everything that was said, the end last.
    async fn act(&self, looked: Looked) -> Vec<Outcome> {
        let (report, mut said) = mpsc::channel(64);
        let end = deeds::act(&self.cluster, looked, Timestamp(0), &report).await;
        drop(report);
        let mut all = Vec::new();
        while let Some(outcome) = said.recv().await {
            all.push(outcome);
        }
        all.push(end);
        all
    }

    fn count(&self, method: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| request.method == method).count()
    }
}

async fn reach(port: u16) -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: \
         \"http://127.0.0.1:{port}\"}}}}]\nusers: [{{name: u, user: {{}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
    )
    .unwrap();
    let options = Options { kubeconfig: vec![file.path().to_owned()], ..Options::default() };
    connect(&options, &"c".into()).await.unwrap()
}

async fn serve(listener: TcpListener, script: Script, requests: Arc<Mutex<Vec<Request>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, script.clone(), requests.clone()));
    }
}

async fn answer(
    stream: TcpStream,
    script: Script,
    requests: Arc<Mutex<Vec<Request>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or("").to_owned(), words.next().unwrap_or("").to_owned());
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let request = Request { method, path, body: serde_json::from_slice(&body).unwrap_or(Value::Null) };
        let answer = script(&request);
        requests.lock().unwrap().push(request);
        match answer {
            Answer::Silence => std::future::pending::<()>().await,
            Answer::HangsUp => return Ok(()),
            Answer::Says(status, body) => {
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.get_mut().write_all(head.as_bytes()).await?;
                stream.get_mut().write_all(body.as_bytes()).await?;
            }
        }
    }
}

fn native(verb: Verb) -> Native {
    let target =
        ObjectRef { context: "c".into(), kind: Kind::Deployment, namespace: "n".into(), name: "web".into() };
    Native { target, uid: "u".into(), verb }
}

fn looked(verb: Verb) -> Looked {
    Looked { native: native(verb), generation: Some(4), also: None }
}

fn deployment(uid: &str, replicas: u32) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "n", "uid": uid, "generation": 4},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
        "status": {"observedGeneration": 4, "replicas": replicas, "updatedReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas},
    })
}

fn status(code: u16, message: &str) -> Answer {
    let body =
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    Answer::Says(code, body)
}

const SCALE: Verb = Verb::Scale { from: 3, to: 5 };

#[tokio::test]
async fn a_silent_server_leaves_every_check_open_and_refuses_nothing() {
    let lab = Lab::new(|_| Answer::Silence).await;
    tokio::time::pause();
    let found = lab.look(&[native(SCALE)]).await;
    assert_eq!(found.allowed, Check::NotChecked);
    assert_eq!(found.drift, None);
    assert!(found.unchecked.len() >= 3, "{:?}", found.unchecked);
    assert_eq!(found.actions, [Looked { native: native(SCALE), generation: None, also: None }]);
}

#[tokio::test]
async fn a_target_made_anew_is_refused_before_anything_is_sent() {
    let lab = Lab::new(|_| Answer::Says(200, deployment("another", 3))).await;
    let found = lab.look(&[native(SCALE)]).await;
    assert!(found.drift.is_some_and(|why| why.contains("made anew")));
    let end = lab.act(looked(Verb::Restart)).await.pop();
    assert!(matches!(end, Some(Outcome::Refused { why }) if why.contains("made anew")));
    assert_eq!(lab.count("PATCH"), 0);
}

#[tokio::test]
async fn a_condition_that_failed_says_what_changed() {
    let lab = Lab::new(|request| match &*request.method {
        "PATCH" => status(422, "the server rejected our request due to an error in our request"),
        _ => Answer::Says(200, deployment("u", 4)),
    })
    .await;
    let end = lab.act(looked(SCALE)).await.pop();
    let why = "changed since it was shown: replicas are 4, not 3".to_owned();
    assert_eq!(end, Some(Outcome::Refused { why }));
}

#[tokio::test]
async fn a_change_without_an_answer_is_uncertain_and_is_never_sent_twice() {
    for silent in [false, true] {
        let lab = Lab::new(move |request| match &*request.method {
            "PATCH" if silent => Answer::Silence,
            "PATCH" => Answer::HangsUp,
            _ => Answer::Says(200, deployment("u", 3)),
        })
        .await;
        let waited_out = async {
            // The clock stands still, and so skips to the next deadline, once there is nothing left but to wait.
            while silent && lab.count("PATCH") == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if silent {
                tokio::time::pause();
            }
        };
        let (end, ()) = tokio::join!(lab.act(looked(SCALE)), waited_out);
        let end = end.last().cloned();
        assert!(matches!(end, Some(Outcome::Uncertain { .. })), "{end:?}");
        assert_eq!(lab.count("PATCH"), 1);
    }
}

#[tokio::test]
async fn a_busy_server_is_not_asked_a_second_time_for_a_change() {
    let lab = Lab::new(|request| match &*request.method {
        "PATCH" => status(429, "too many requests"),
        _ => Answer::Says(200, deployment("u", 3)),
    })
    .await;
    let end = lab.act(looked(SCALE)).await.pop();
    assert!(matches!(end, Some(Outcome::Refused { why }) if why.contains("nothing was changed")));
    assert_eq!(lab.count("PATCH"), 1);
}

#[tokio::test]
async fn a_missing_right_names_what_to_grant() {
    let lab = Lab::new(|request| match &*request.method {
        "PATCH" => status(403, "no"),
        _ => Answer::Says(200, deployment("u", 3)),
    })
    .await;
    let end = lab.act(looked(SCALE)).await.pop();
    let why = "forbidden: grant patch deployments/scale in `n`: no".to_owned();
    assert_eq!(end, Some(Outcome::Refused { why }));
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let lab = Lab { cluster: reach(port).await, requests: Arc::default() };
    let end = lab.act(looked(SCALE)).await.pop();
    assert!(matches!(end, Some(Outcome::Refused { why }) if why.contains("not sent: connection refused")));
}

#[tokio::test]
async fn a_drain_evicts_only_the_pods_that_the_question_named() {
    let evicted = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = evicted.clone();
    let lab = Lab::new(move |request| {
        let pod = |name: &str| {
            let owner = json!({"kind": "ReplicaSet", "name": "web-1", "uid": "r", "controller": true});
            json!({"metadata": {"name": name, "namespace": "n", "uid": name, "ownerReferences": [owner]},
                "status": {"phase": "Running"}})
        };
        match &*request.method {
            "POST" => {
                seen.store(true, std::sync::atomic::Ordering::SeqCst);
                Answer::Says(201, json!({}))
            }
            "GET" if request.is("GET", "/pods") => {
                let gone = seen.load(std::sync::atomic::Ordering::SeqCst);
                let items = if gone { vec![pod("late")] } else { vec![pod("early"), pod("late")] };
                Answer::Says(200, json!({"items": items}))
            }
            _ => Answer::Says(200, json!({"metadata": {"name": "node-1", "uid": "u"}})),
        }
    })
    .await;
    let target =
        ObjectRef { kind: Kind::Node, namespace: "".into(), name: "node-1".into(), ..native(SCALE).target };
    let verb = Verb::Drain { grace_seconds: None, force: false };
    let native = Native { target, uid: "u".into(), verb };
    let said = lab.act(Looked { native, generation: None, also: Some(vec!["early".into()]) }).await;
    let Some(Outcome::Settled { says }) = said.last() else { panic!("{said:?}") };
    assert!(says.contains("1 that came after the question stay"), "{says}");
    let requests = lab.requests.lock().unwrap();
    let asked: Vec<&str> = requests.iter().filter(|r| r.method == "POST").map(|r| r.path.as_str()).collect();
    assert_eq!(asked, ["/api/v1/namespaces/n/pods/early/eviction"]);
}

#[tokio::test]
async fn scaling_down_is_settled_once_it_is_seen_and_its_condition_was_in_the_request() {
    let lab = Lab::new(|request| match &*request.method {
        "PATCH" => Answer::Says(200, json!({})),
        _ => Answer::Says(200, deployment("u", 1)),
    })
    .await;
    let said = lab.act(looked(Verb::Scale { from: 3, to: 1 })).await;
    assert_eq!(said.first(), Some(&Outcome::Started));
    assert!(matches!(said.last(), Some(Outcome::Settled { .. })), "{said:?}");
    let requests = lab.requests.lock().unwrap();
    let patch = requests.iter().find(|request| request.is("PATCH", "/deployments/web/scale")).unwrap();
    assert_eq!(patch.body[0], json!({"op": "test", "path": "/metadata/uid", "value": "u"}));
    assert_eq!(patch.body[1], json!({"op": "test", "path": "/spec/replicas", "value": 3}));
}

#[tokio::test]
async fn hostile_words_of_the_server_are_made_harmless_in_findings_and_outcomes() {
    let lab = Lab::new(|request| match &*request.method {
        "PATCH" => status(400, "\u{1b}[2Jno\u{202e}"),
        "POST" => Answer::Says(
            201,
            json!({"status": {"allowed": false, "reason": "\u{1b}]52;c;x\u{7}",
            "userInfo": {"username": "\u{1b}[31mjane"}}}),
        ),
        _ => Answer::Says(200, deployment("u", 3)),
    })
    .await;
    let found = lab.look(&[native(SCALE)]).await;
    assert_eq!(found.identity.as_deref(), Some("jane"));
    let all = format!("{found:?} {:?}", lab.act(looked(SCALE)).await);
    assert!(!all.contains("\\u{1b}") && !all.contains("\\u{202e}"), "{all}");
}

#[tokio::test]
async fn an_object_that_may_not_be_read_says_what_is_missing_and_keeps_the_rest() {
    let event = json!({"metadata": {"name": "e"}, "reason": "Pulled", "message": "ok", "type": "Normal",
        "involvedObject": {"name": "web"}, "lastTimestamp": "2026-01-01T00:00:00Z"});
    let lab = Lab::new(move |request| {
        if request.path.contains("/events") {
            Answer::Says(200, json!({"items": [event]}))
        } else {
            status(403, "no")
        }
    })
    .await;
    let inspection = deeds::inspect(&lab.cluster.client, &native(SCALE).target).await;
    assert_eq!(inspection.missing, ["deployment `n/web`: forbidden: needs get deployments"]);
    assert_eq!((inspection.uid, inspection.events.len()), (None, 1));
}
