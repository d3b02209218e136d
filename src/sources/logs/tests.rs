//! Following against a small server that breaks connections on purpose.
use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::log::{LineKind, LogNews, Streams};
use crate::domain::news::News;
use crate::domain::object::{Kind, ObjectRef};

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"web-1","uid":"u"},
    "spec":{"containers":[{"name":"web"}]},"status":{"phase":"Running","containerStatuses":[
    {"name":"web","containerID":"c://1","restartCount":0,"state":{"running":{}}}]}}"#;

/// What one connection for the log is answered: status, what is sent, and whether it then stays open.
#[derive(Clone)]
struct Answer {
    status: &'static str,
    body: &'static str,
    stays: bool,
}

const STAYS: bool = true;
const BREAKS: bool = false;

fn lines(body: &'static str, stays: bool) -> Answer {
    Answer { status: "200 OK", body, stays }
}

struct Server {
    answers: Mutex<VecDeque<Answer>>,
    asked: mpsc::UnboundedSender<String>,
    /// Status and body that lists of pods are answered with.
    pods: (&'static str, String),
}

impl Server {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let target = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, body, stays) = if target.contains("/log?") {
            let _ = self.asked.send(target.clone());
            let answer = self.answers.lock().unwrap().pop_front().unwrap_or(lines("", STAYS));
            (answer.status, answer.body.to_owned(), answer.stays)
        } else {
            (
                self.pods.0,
                if target.contains("watch=true") { String::new() } else { self.pods.1.clone() },
                false,
            )
        };
        let watch = target.contains("watch=true") && status.starts_with("200");
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        if !body.is_empty() {
            stream.write_all(format!("{:x}\r\n{body}\r\n", body.len()).as_bytes()).await?;
        }
        if stays || watch {
            std::future::pending::<()>().await;
        }
        if !target.contains("/log?") || !status.starts_with("200") {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.shutdown().await
    }
}

fn pod() -> Follow {
    let pod =
        ObjectRef { context: "c".into(), kind: Kind::Pod, namespace: "shop".into(), name: "web-1".into() };
    Follow::Pod { pod, container: None, previous: false }
}

fn list(pods: &[String]) -> String {
    let items = pods.join(",");
    format!(
        r#"{{"apiVersion":"v1","kind":"PodList","metadata":{{"resourceVersion":"1"}},"items":[{items}]}}"#
    )
}

struct Cockpit {
    news: mpsc::Receiver<Vec<News>>,
    asked: mpsc::UnboundedReceiver<String>,
    seen: Vec<(LineKind, String)>,
    feed: Option<FeedState>,
    streams: Option<Streams>,
    _handle: Handle,
}

impl Cockpit {
    async fn new(answers: Vec<Answer>) -> Cockpit {
        Cockpit::with(pod(), ("200 OK", list(&[POD.to_owned()])), answers).await
    }

    async fn with(follow: Follow, pods: (&'static str, String), answers: Vec<Answer>) -> Cockpit {
        Cockpit::with_at_most(64, follow, pods, answers).await
    }

    async fn with_at_most(
        most: usize,
        follow: Follow,
        pods: (&'static str, String),
        answers: Vec<Answer>,
    ) -> Cockpit {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked_out, asked) = mpsc::unbounded_channel();
        let server = Arc::new(Server { answers: Mutex::new(answers.into()), asked: asked_out, pods });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&server).serve(stream));
            }
        });
        let mut config = kube::Config::new(format!("http://{address}").parse().unwrap());
        config.root_cert = Some(Vec::new());
        config.default_retry = false;
        let client = kube::Client::try_from(config).unwrap();
        let (out, news) = mpsc::channel(16);
        let handle = start(Arc::new(move |_| Some(client.clone())), None, out, Signals::default());
        handle.follow(Some(follow), most);
        Cockpit { news, asked, seen: Vec::new(), feed: None, streams: None, _handle: handle }
    }

    /// Takes news in until what is waited for is so.
    async fn until(&mut self, what: &str, so: impl Fn(&Cockpit) -> bool) {
        let wait = async {
            while !so(self) {
                for news in self.news.recv().await.unwrap() {
                    match news {
                        News::Logs(LogNews::Chunk(chunk)) => {
                            self.seen
                                .extend(chunk.views().map(|view| (view.line.kind, view.text.to_owned())));
                        }
                        News::Feed(Feed::Logs, state) => self.feed = Some(state),
                        News::Logs(LogNews::Streams(streams)) => self.streams = Some(streams),
                        _ => {}
                    }
                }
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await;
        assert!(waited.is_ok(), "never: {what}; seen {:?}, feed {:?}", self.seen, self.feed);
    }

    fn has(&self, text: &str) -> bool {
        self.seen.iter().any(|(_, line)| line.contains(text))
    }

    fn texts(&self) -> Vec<&str> {
        self.seen.iter().map(|(_, text)| text.as_str()).collect()
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_a_line_is_resumed_without_loss_or_doubling() {
    let mut cockpit = Cockpit::new(vec![
        lines(
            "2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.2Z two\n2026-01-02T03:04:05.2Z two aga",
            BREAKS,
        ),
        lines(
            "2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.2Z two\n2026-01-02T03:04:05.2Z two again\n\
             2026-01-02T03:04:06Z three\n",
            STAYS,
        ),
    ])
    .await;
    cockpit.until("the third line", |c| c.has("three")).await;
    assert_eq!(cockpit.texts(), ["one", "two", "two again", "three"]);
    let first = cockpit.asked.recv().await.unwrap();
    assert!(first.contains("timestamps=true") && first.contains("tailLines="), "{first}");
    let second = cockpit.asked.recv().await.unwrap();
    assert!(
        second.contains("sinceTime=2026-01-02T03%3A04%3A05Z") && !second.contains("tailLines"),
        "{second}"
    );
}

#[tokio::test]
async fn a_log_that_was_rotated_meanwhile_shows_a_gap() {
    let mut cockpit = Cockpit::new(vec![
        lines("2026-01-02T03:04:05.1Z one\n", BREAKS),
        lines("2026-01-02T03:04:09Z later\n", STAYS),
    ])
    .await;
    cockpit.until("the later line", |c| c.has("later")).await;
    let kinds: Vec<_> = cockpit.seen.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [LineKind::Written, LineKind::Gap, LineKind::Written]);
}

#[tokio::test]
async fn a_refusal_is_a_line_and_a_state_and_ends_nothing() {
    let refused = Answer {
        status: "403 Forbidden",
        body: r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403}"#,
        stays: false,
    };
    let mut cockpit = Cockpit::new(vec![refused]).await;
    let forbidden =
        |c: &Cockpit| matches!(&c.feed, Some(FeedState::Forbidden { needs }) if needs.contains("pods/log"));
    cockpit.until("forbidden", |c| forbidden(c) && c.has("forbidden: needs get pods/log in `shop`")).await;
}

#[tokio::test]
async fn a_pod_that_may_not_be_listed_is_followed_unseen() {
    let forbidden = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
    let answers = vec![lines("2026-01-02T03:04:05Z one\n", STAYS)];
    let mut cockpit = Cockpit::with(pod(), ("403 Forbidden", forbidden.into()), answers).await;
    cockpit.until("the line", |c| c.has("one")).await;
}

#[tokio::test]
async fn a_container_that_was_read_to_its_end_is_not_asked_for_any_more() {
    let over = POD.replace("Running", "Succeeded").replace(
        r#""state":{"running":{}}"#,
        r#""state":{"terminated":{"reason":"Completed","exitCode":0}}"#,
    );
    let answers = vec![lines("2026-01-02T03:04:05Z one\n", BREAKS)];
    let mut cockpit = Cockpit::with(pod(), ("200 OK", list(&[over])), answers).await;
    cockpit.until("its end", |c| c.has("ended: Completed 0")).await;
    assert_eq!(cockpit.texts(), ["one", "ended: Completed 0"], "what it wrote is read first");
    let none = |c: &Cockpit| c.streams.as_ref().is_some_and(|s| (s.following, s.asked) == (0, 0));
    cockpit.until("nothing left to read", none).await;
}

#[tokio::test]
async fn more_containers_than_are_read_at_once_are_counted() {
    let pods: Vec<String> = (0..70).map(|n| POD.replace("web-1", &format!("web-{n}"))).collect();
    let follow = Follow::Namespace { context: "c".into(), namespace: "shop".into() };
    let mut cockpit = Cockpit::with(follow, ("200 OK", list(&pods)), Vec::new()).await;
    let full = |c: &Cockpit| c.streams.as_ref().is_some_and(|s| (s.following, s.asked) == (64, 70));
    cockpit.until("64 of 70", full).await;
}

#[tokio::test]
async fn no_more_containers_are_read_at_once_than_the_settings_allow() {
    let pods: Vec<String> = (0..9).map(|n| POD.replace("web-1", &format!("web-{n}"))).collect();
    let follow = Follow::Namespace { context: "c".into(), namespace: "shop".into() };
    let mut cockpit = Cockpit::with_at_most(4, follow, ("200 OK", list(&pods)), Vec::new()).await;
    let full = |c: &Cockpit| c.streams.as_ref().is_some_and(|s| (s.following, s.asked) == (4, 9));
    cockpit.until("4 of 9", full).await;
}

/// A pod by its name, with so many restarts behind it.
fn restarted(name: &str, times: u32) -> String {
    POD.replace("web-1", name)
        .replace(r#""uid":"u""#, &format!(r#""uid":"u-{name}""#))
        .replace(r#""restartCount":0"#, &format!(r#""restartCount":{times}"#))
}

fn selector() -> Follow {
    let owner = ObjectRef {
        context: "c".into(),
        kind: Kind::Deployment,
        namespace: "shop".into(),
        name: "web".into(),
    };
    Follow::Selector { owner, labels: vec![("app".into(), "web".into())] }
}

#[tokio::test]
async fn of_a_selector_the_containers_before_are_read_where_there_are_any() {
    let pods = [restarted("web-1", 0), restarted("web-2", 3), restarted("web-3", 0)];
    let answers = vec![lines("2026-01-02T03:04:05Z the last words\n", BREAKS)];
    let before = Follow::Before(Box::new(selector()));
    let mut cockpit = Cockpit::with(before, ("200 OK", list(&pods)), answers).await;
    cockpit.until("the last words", |c| c.has("the last words")).await;
    let asked = cockpit.asked.recv().await.unwrap();
    assert!(asked.contains("/pods/web-2/log") && asked.contains("previous=true"), "{asked}");
    let others = |c: &Cockpit| {
        c.streams.as_ref().is_some_and(|s| s.asked == 0 && s.waiting == ["2 others were never restarted"])
    };
    cockpit.until("why there is no more", others).await;
    assert!(cockpit.asked.try_recv().is_err(), "nothing else is asked for");
}

#[tokio::test]
async fn of_a_selector_without_a_restart_it_is_said_that_there_is_nothing_before() {
    let pods = [restarted("web-1", 0), restarted("web-2", 0)];
    let before = Follow::Before(Box::new(selector()));
    let mut cockpit = Cockpit::with(before, ("200 OK", list(&pods)), Vec::new()).await;
    let none = "none of 2 containers was restarted: there is none before them";
    cockpit.until("why", |c| c.streams.as_ref().is_some_and(|s| s.waiting == [none])).await;
}

#[tokio::test]
async fn marked_pods_are_read_together_and_no_others() {
    // The server answers every list with all three.
    let pods = ["web-1", "web-2", "web-3"].map(|name| restarted(name, 0));
    let things = ["web-1", "web-3"].map(|name| ObjectRef {
        context: "c".into(),
        kind: Kind::Pod,
        namespace: "shop".into(),
        name: name.into(),
    });
    let follow = Follow::Marked { context: "c".into(), things: things.to_vec() };
    let answers =
        vec![lines("2026-01-02T03:04:05Z one\n", STAYS), lines("2026-01-02T03:04:06Z two\n", STAYS)];
    let mut cockpit = Cockpit::with(follow, ("200 OK", list(&pods)), answers).await;
    cockpit.until("both", |c| c.has("one") && c.has("two")).await;
    assert_eq!(cockpit.texts(), ["one", "two"], "in the order of time");
    assert!(cockpit.streams.as_ref().is_some_and(|s| s.asked == 2), "{:?}", cockpit.streams);
}
