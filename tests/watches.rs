//! The Kubernetes feeds against a server that does exactly what a test says, over a real socket.
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::sources::kubernetes::{Handle, Options, start};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What the server answers to one request for pods.
enum Answer {
    Status(u16),
    List(&'static str),
    /// Lines of a watch, after which the stream stays open.
    Open(Vec<String>),
    /// Lines of a watch, after which the stream ends.
    Ends(Vec<String>),
}

struct Request {
    /// Path and query.
    target: String,
    token: String,
}

impl Request {
    fn streams_list(&self) -> bool {
        self.target.contains("sendInitialEvents=true")
    }

    fn watches(&self) -> bool {
        self.target.contains("watch=true")
    }
}

type Script = Arc<dyn Fn(&Request, usize) -> Answer + Send + Sync>;

struct Lab {
    handle: Handle,
    inbox: mpsc::Receiver<Vec<News>>,
    seen: Vec<Heard>,
    requests: Arc<Mutex<Vec<String>>>,
    kubeconfig: tempfile::NamedTempFile,
    port: u16,
    cancel: CancellationToken,
}

/// What the pods' feed said, in short.
#[derive(Debug, Clone, PartialEq)]
enum Heard {
    State(FeedState),
    Begin,
    Is(String),
    Gone(String),
    End,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Lab {
    /// The script gets each request for pods and its number, from 0.
    async fn new(script: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Lab {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, Arc::new(script), requests.clone()));
        let mut lab = Lab::with_user(port, "token: old");
        lab.requests = requests;
        lab
    }

    fn with_user(port: u16, user: &str) -> Lab {
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        write(&kubeconfig, port, user);
        let (out, inbox) = mpsc::channel(64);
        let cancel = CancellationToken::new();
        let options = Options {
            kubeconfig: vec![kubeconfig.path().to_owned()],
            flag_namespaces: vec!["*".into()],
            ..Options::default()
        };
        let handle = start(options, out, cancel.clone());
        Lab { handle, inbox, seen: Vec::new(), requests: Arc::default(), kubeconfig, port, cancel }
    }

    /// Waits until the pods' feed has said this.
    async fn until(&mut self, fits: impl Fn(&Heard) -> bool) -> Heard {
        let waiting = async {
            loop {
                let news = self.inbox.recv().await.expect("the feeds have ended");
                let heard: Vec<Heard> = news.into_iter().flat_map(short).collect();
                self.seen.extend(heard.iter().cloned());
                if let Some(found) = heard.into_iter().find(&fits) {
                    return found;
                }
            }
        };
        let heard = timeout(Duration::from_secs(20), waiting).await;
        heard.unwrap_or_else(|_| panic!("never said; heard only {:#?}", self.seen))
    }

    async fn live(&mut self) {
        self.until(|heard| *heard == Heard::State(FeedState::Live)).await;
    }

    async fn down(&mut self) -> String {
        let is_down =
            |heard: &Heard| matches!(heard, Heard::State(FeedState::Down { next_try: Some(_), .. }));
        match self.until(is_down).await {
            Heard::State(FeedState::Down { why, .. }) => why,
            _ => unreachable!(),
        }
    }

    fn was_down(&self) -> bool {
        self.seen.iter().any(|heard| matches!(heard, Heard::State(FeedState::Down { .. })))
    }

    fn facts(&self) -> Vec<Heard> {
        self.seen.iter().filter(|heard| !matches!(heard, Heard::State(_))).cloned().collect()
    }
}

fn write(kubeconfig: &tempfile::NamedTempFile, port: u16, user: &str) {
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: lab, \
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}], \
         users: [{{name: u, user: {{{user}}}}}], contexts: [{{name: lab, context: {{cluster: c, user: u}}}}]}}"
    );
    std::fs::write(kubeconfig.path(), text).unwrap();
}

fn short(news: News) -> Vec<Heard> {
    match news {
        News::Feed(Feed::Pods(..), state) => vec![Heard::State(state)],
        News::Pods(_, seen) => seen
            .into_iter()
            .map(|seen| match seen {
                Seen::Begin => Heard::Begin,
                Seen::Is(pod) => Heard::Is(pod.id.name.to_string()),
                Seen::Gone(id) => Heard::Gone(id.name.to_string()),
                Seen::End => Heard::End,
            })
            .collect(),
        _ => Vec::new(),
    }
}

async fn serve(listener: TcpListener, script: Script, requests: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, script.clone(), requests.clone()));
    }
}

async fn answer(stream: TcpStream, script: Script, requests: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let Some(target) = head.first().and_then(|line| line.split(' ').nth(1)) else { return Ok(()) };
    let token = head.iter().find_map(|line| line.trim().strip_prefix("authorization: Bearer "));
    let request = Request { target: target.to_owned(), token: token.unwrap_or_default().to_owned() };
    let about_pods = target.starts_with("/api/v1/pods");
    let answer = if about_pods {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.target.clone());
            requests.len() - 1
        };
        script(&request, number)
    } else {
        Answer::Status(404)
    };
    let (code, lines, stays) = match answer {
        Answer::Status(code) => {
            (code, vec![format!(r#"{{"kind":"Status","status":"Failure","code":{code}}}"#)], false)
        }
        Answer::List(list) => (200, vec![list.to_owned()], false),
        Answer::Open(lines) => (200, lines, true),
        Answer::Ends(lines) => (200, lines, false),
    };
    let head = format!(
        "HTTP/1.1 {code} Whatever\r\nretry-after: 17\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for line in lines {
        stream.write_all(format!("{line}\n").as_bytes()).await?;
    }
    stream.flush().await?;
    if stays {
        std::future::pending::<()>().await;
    }
    Ok(())
}

fn event(kind: &str, name: &str, version: u32) -> String {
    format!(
        r#"{{"type":"{kind}","object":{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"shop","resourceVersion":"{version}"}}}}}}"#
    )
}

/// The bookmark that ends a streamed list.
fn whole(version: u32) -> String {
    format!(
        r#"{{"type":"BOOKMARK","object":{{"kind":"Pod","apiVersion":"v1","metadata":{{"resourceVersion":"{version}","annotations":{{"k8s.io/initial-events-end":"true"}}}}}}}}"#
    )
}

fn gone() -> String {
    r#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#.into()
}

fn is(name: &str) -> Heard {
    Heard::Is(name.into())
}

#[tokio::test]
async fn a_server_that_cannot_stream_its_lists_is_read_in_pages() {
    let mut lab = Lab::new(|request, _| match request {
        r if r.streams_list() => Answer::Status(422),
        r if r.watches() => Answer::Open(vec![]),
        r if r.target.contains("continue=more") => Answer::List(
            r#"{"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"b"}}]}"#,
        ),
        _ => Answer::List(
            r#"{"kind":"PodList","metadata":{"resourceVersion":"5","continue":"more"},"items":[{"metadata":{"name":"a"}}]}"#,
        ),
    })
    .await;
    lab.live().await;
    assert_eq!(lab.facts(), [Heard::Begin, is("a"), is("b"), Heard::End]);
    assert!(!lab.was_down(), "{:?}", lab.seen);
    assert!(lab.requests.lock().unwrap()[1].contains("limit=500"));
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_where_it_was() {
    let mut lab = Lab::new(|request, _| match request {
        r if r.streams_list() => Answer::Ends(vec![event("ADDED", "a", 4), whole(5), event("ADDED", "b", 7)]),
        _ => Answer::Open(vec![event("DELETED", "a", 8)]),
    })
    .await;
    lab.until(|heard| *heard == Heard::Gone("a".into())).await;
    assert_eq!(lab.facts(), [Heard::Begin, is("a"), Heard::End, is("b"), Heard::Gone("a".into())]);
    assert!(lab.requests.lock().unwrap()[1].contains("resourceVersion=7"));
    assert!(!lab.was_down(), "{:?}", lab.seen);
}

#[tokio::test]
async fn missed_changes_bring_a_new_full_picture_and_no_alarm() {
    let mut lab = Lab::new(|_, number| match number {
        0 => Answer::Ends(vec![event("ADDED", "a", 4), whole(5), gone()]),
        _ => Answer::Open(vec![event("ADDED", "b", 9), whole(9)]),
    })
    .await;
    lab.until(|heard| *heard == is("b")).await;
    lab.live().await;
    assert_eq!(lab.facts(), [Heard::Begin, is("a"), Heard::End, Heard::Begin, is("b"), Heard::End]);
    assert!(!lab.was_down(), "{:?}", lab.seen);
}

#[tokio::test]
async fn a_kind_is_watched_when_it_is_wanted_and_one_the_server_lacks_is_absent() {
    let mut lab = Lab::new(|_, _| Answer::Open(vec![whole(5)])).await;
    lab.live().await;
    lab.handle.watch(vec![Kind::Certificate]);
    loop {
        let news = timeout(Duration::from_secs(20), lab.inbox.recv()).await.expect("never said").unwrap();
        if let [News::Feed(Feed::Objects(_, Kind::Certificate, _), FeedState::Absent { why })] = &news[..] {
            assert!(why.contains("certificates.cert-manager.io"), "{why}");
            break;
        }
    }
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let mut lab = Lab::new(|_, _| Answer::Status(403)).await;
    let needs = "list and watch pods in all namespaces".to_owned();
    lab.until(|heard| *heard == Heard::State(FeedState::Forbidden { needs: needs.clone() })).await;
}

#[tokio::test]
async fn an_expired_token_is_replaced_without_an_alarm() {
    let mut lab = Lab::new(|request, number| match (&*request.token, number) {
        ("old", 0) => Answer::Ends(vec![event("ADDED", "a", 4), whole(5)]),
        ("old", _) => Answer::Status(401),
        _ => Answer::Open(vec![event("ADDED", "b", 9), whole(9)]),
    })
    .await;
    lab.live().await;
    write(&lab.kubeconfig, lab.port, "token: new");
    lab.until(|heard| *heard == is("b")).await;
    assert!(!lab.was_down(), "{:?}", lab.seen);
    assert!(lab.handle.cluster("lab").is_some_and(|cluster| cluster.generation == 2));
}

#[tokio::test]
async fn a_token_that_stays_bad_is_said_and_not_hammered() {
    let mut lab = Lab::new(|_, _| Answer::Status(401)).await;
    let why = lab.down().await;
    assert!(why.contains("does not accept the credentials"), "{why}");
    assert_eq!(lab.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn garbage_is_an_outage_and_then_a_new_full_picture() {
    let mut lab = Lab::new(|_, number| match number {
        0 => Answer::Open(vec![event("ADDED", "a", 4), whole(5), "<html>no</html>".into()]),
        _ => Answer::Open(vec![event("ADDED", "b", 9), whole(9)]),
    })
    .await;
    let why = lab.down().await;
    assert!(why.contains("makes no sense"), "{why}");
    lab.until(|heard| *heard == is("b")).await;
    assert_eq!(lab.facts()[3..], [Heard::Begin, is("b")]);
}

#[tokio::test]
async fn a_server_that_ends_every_watch_at_once_is_not_hammered() {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let openings = opened.clone();
    let mut lab = Lab::new(move |request, _| match request {
        r if r.streams_list() => Answer::Ends(vec![whole(5)]),
        _ => {
            openings.lock().unwrap().push(Instant::now());
            Answer::Ends(vec![])
        }
    })
    .await;
    while opened.lock().unwrap().len() < 3 {
        lab.live().await;
    }
    let opened = opened.lock().unwrap();
    assert!(opened[2] - opened[1] >= Duration::from_millis(900), "{:?}", opened[2] - opened[1]);
}

#[tokio::test]
async fn a_streamed_list_that_never_gets_whole_is_read_in_pages_instead() {
    let mut lab = Lab::new(|request, _| match request {
        r if r.streams_list() => Answer::Ends(vec![event("ADDED", "a", 4)]),
        r if r.watches() => Answer::Open(vec![]),
        _ => Answer::List(
            r#"{"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}}]}"#,
        ),
    })
    .await;
    lab.live().await;
    assert_eq!(lab.facts(), [Heard::Begin, is("a"), Heard::Begin, is("a"), Heard::End]);
}

#[tokio::test]
async fn names_that_could_act_on_a_terminal_are_made_harmless() {
    let mut lab =
        Lab::new(|_, _| Answer::Open(vec![event("ADDED", r"a\u001b[2J\u202eb", 4), whole(5)])).await;
    let Heard::Is(name) = lab.until(|heard| matches!(heard, Heard::Is(_))).await else { unreachable!() };
    assert!(!name.contains(['\u{1b}', '\u{202e}']), "{name:?}");
}

#[tokio::test]
async fn what_a_login_plugin_complains_of_is_shown_and_what_it_prints_is_not() {
    let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Always, \
                args: ['-c', 'echo secret-token; echo the device is not enrolled >&2; exit 1']}";
    let mut lab = Lab::with_user(9, exec);
    let why = lab.down().await;
    assert!(why.contains("`sh` failed: the device is not enrolled"), "{why}");
    assert!(!why.contains("secret-token"), "{why}");
}

#[tokio::test]
async fn a_login_that_cannot_be_renewed_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("used").display().to_string();
    let script = format!(
        "test -e {mark} && {{ echo your session has ended >&2; exit 1; }}; touch {mark}; \
         echo \\'{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":\
         {{\"token\":\"secret-token\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}}}}\\'"
    );
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['-c', {}]}}",
        serde_json::to_string(&script.replace("\\'", "'")).unwrap()
    );
    let mut lab = Lab::with_user(9, &exec);
    let why = lab.down().await;
    assert!(why.contains("your session has ended") && !why.contains("secret-token"), "{why}");
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_its_header_asks() {
    let before = firedeck::sources::now();
    let mut lab = Lab::new(|_, _| Answer::Status(429)).await;
    let is_down = |heard: &Heard| matches!(heard, Heard::State(FeedState::Down { next_try: Some(_), .. }));
    let Heard::State(FeedState::Down { why, next_try: Some(next) }) = lab.until(is_down).await else {
        unreachable!()
    };
    assert_eq!(why, "the server is busy");
    assert!(next.since(before) > Duration::from_secs(10), "{next:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_refuses_and_that_is_what_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut lab = Lab::with_user(port, "token: t");
    assert_eq!(lab.down().await, "connection refused");
}

#[tokio::test]
async fn a_broken_kubeconfig_is_reported_without_the_token_in_it() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"users:\n- name: u\n  user:\n    token: hunter2\n   bad: [\n").unwrap();
    let (out, mut inbox) = mpsc::channel(8);
    let options = Options { kubeconfig: vec![file.path().to_owned()], ..Options::default() };
    let cancel = CancellationToken::new();
    let _handle = start(options, out, cancel.clone());
    let said = format!("{:?}", inbox.recv().await.unwrap());
    assert!(said.contains("Absent") && said.contains("line") && !said.contains("hunter2"), "{said}");
    cancel.cancel();
}

#[tokio::test]
async fn a_context_that_does_not_exist_is_reported_with_those_that_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    write(&file, 9, "token: t");
    let (out, mut inbox) = mpsc::channel(8);
    let options = Options {
        kubeconfig: vec![file.path().to_owned()],
        contexts: vec!["prod".into()],
        ..Options::default()
    };
    let cancel = CancellationToken::new();
    let _handle = start(options, out, cancel.clone());
    loop {
        let news = timeout(Duration::from_secs(20), inbox.recv()).await.expect("never said").unwrap();
        if let [News::Feed(Feed::Pods(context, _), FeedState::Absent { why })] = &news[..] {
            assert_eq!(&**context, "prod");
            assert!(why.contains("no context `prod`") && why.contains("`lab`"), "{why}");
            break;
        }
    }
    cancel.cancel();
}
