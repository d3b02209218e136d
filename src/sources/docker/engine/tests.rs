//! What one engine tells, against a small one that answers as it is bid.
use std::sync::LazyLock;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::domain::container::{ContainerState, End};
use crate::domain::settings::Endpoint;

/// Long beside an answer on a busy box.
const WITHIN: Duration = Duration::from_secs(3);

/// `None` is no answer at all.
type Answer = fn(&str) -> Option<&'static str>;

async fn serve(stream: TcpStream, answer: Answer) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await.ok()?;
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1)?;
    let Some(body) = answer(path) else { return std::future::pending().await };
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.ok()
}

async fn engine(answer: Answer) -> (Watching, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer));
        }
    });
    let endpoint = Endpoint::new(Backend::Docker, "box", url.clone());
    let secrets = Arc::new(|_| {
        let none: futures::future::BoxFuture<'static, _> = Box::pin(async { Err("none".to_owned()) });
        none
    });
    let (_, watched) = watch::channel(false);
    let watching = Watching::new(Arc::new(Engine::new(Access { endpoint, secrets })), watched);
    let client = Client::connect(Way::read(&url, |_| None).unwrap(), LIST).await.unwrap();
    (watching, client)
}

const VERSION: &str = r#"{"Version":"28.0","ApiVersion":"1.48","MinAPIVersion":"1.24"}"#;
const LISTED: &str = r#"[{"Id":"a","Names":["/hung"],"State":"running","Status":"Up 2 hours"},
    {"Id":"b","Names":["/well"],"State":"running","Status":"Up 2 hours"}]"#;
const WELL: &str = r#"{"Id":"b","Name":"/well","RestartCount":2,"State":{"Status":"running"}}"#;

fn one_hangs(path: &str) -> Option<&'static str> {
    match path {
        "/version" => Some(VERSION),
        path if path.contains("/containers/json") => Some(LISTED),
        path if path.ends_with("/containers/b/json") => Some(WELL),
        path if path.ends_with("/_ping") => Some("OK"),
        _ => None,
    }
}

fn none_hangs(path: &str) -> Option<&'static str> {
    if path.ends_with("/containers/a/json") {
        Some(r#"{"Id":"a","Name":"/hung","State":{"Status":"running"}}"#)
    } else {
        one_hangs(path)
    }
}

fn all_hangs(path: &str) -> Option<&'static str> {
    if path.contains("json") && !path.contains("/containers/json") || path.ends_with("/_ping") {
        None
    } else {
        one_hangs(path)
    }
}

#[tokio::test]
async fn a_container_that_hangs_blinds_nobody_for_the_others() {
    let (watching, client) = engine(one_hangs).await;
    watching.list(&client).await.unwrap();
    watching.engine.table().get_mut("a").unwrap().facts.restarts = Some(7);
    watching.inspect(&client, ["a".into(), "b".into()], WITHIN).await.unwrap();
    let table = watching.engine.table().clone();
    let (hung, well) = (&table["a"], &table["b"]);
    assert_eq!((hung.facts.state, hung.facts.restarts), (ContainerState::Running, None));
    assert_eq!((hung.inspected, well.inspected, well.facts.restarts), (false, true, Some(2)));
    assert_eq!(watching.doubtful(), [Text::from("a")], "it is asked again with the next list");
    assert!(watching.place(&client, None).missing.is_empty());
}

#[tokio::test]
async fn an_engine_that_hangs_as_a_whole_is_noticed_where_a_container_gives_no_answer() {
    let (watching, client) = engine(all_hangs).await;
    watching.list(&client).await.unwrap();
    let told = watching.inspect(&client, ["a".into(), "b".into()], WITHIN).await;
    assert!(
        matches!(&told, Err(SourceError::Unreachable { why }) if why.starts_with("no answer within")),
        "{told:?}"
    );
}

const MANY: usize = 2_000;
static LONG: LazyLock<String> = LazyLock::new(|| {
    let one = |n| format!(r#"{{"Id":"{n}","Names":["/c{n}"],"State":"running","Status":"Up 2 hours"}}"#);
    format!("[{}]", (0..MANY).map(one).collect::<Vec<_>>().join(","))
});

fn many(path: &str) -> Option<&'static str> {
    if path.contains("/containers/json") { Some(&LONG) } else { one_hangs(path) }
}

#[tokio::test]
async fn who_looks_in_while_a_list_is_read_finds_every_container() {
    let (watching, client) = engine(many).await;
    watching.list(&client).await.unwrap();
    let (engine, over) = (watching.engine.clone(), Arc::new(AtomicBool::new(false)));
    let until = over.clone();
    let looking = std::thread::spawn(move || {
        let mut least = MANY;
        while !until.load(Ordering::Relaxed) {
            least = least.min(engine.table().len());
        }
        least
    });
    for _ in 0..3 {
        watching.list(&client).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    assert_eq!(looking.join().unwrap(), MANY);
}

#[tokio::test]
async fn after_a_gap_every_container_is_inspected_anew() {
    let (mut watching, client) = engine(none_hangs).await;
    let (out, mut news) = tokio::sync::mpsc::channel(64);
    let mut wire = Wire::new(watching.feed(), out);
    tokio::spawn(async move { while news.recv().await.is_some() {} });
    watching.list(&client).await.unwrap();
    watching.inspect(&client, ["a".into(), "b".into()], WITHIN).await.unwrap();
    watching.engine.table().get_mut("b").unwrap().facts.restarts = Some(1);
    watching.full(&client, &mut wire, false).await.unwrap();
    assert_eq!(watching.engine.table()["b"].facts.restarts, Some(1), "nothing tells of another run");
    watching.full(&client, &mut wire, true).await.unwrap();
    assert_eq!(watching.engine.table()["b"].facts.restarts, Some(2));
}

#[tokio::test]
async fn an_end_without_a_code_is_no_good_end() {
    let (mut watching, client) = engine(one_hangs).await;
    watching.list(&client).await.unwrap();
    let code = |code| format!(r#""exitCode":"{code}""#);
    for (attributes, end) in [
        (code("137"), Some(137)),
        (code("x"), None),
        (code("0"), Some(0)),
        (code(""), None),
        (String::new(), None),
    ] {
        let json = format!(
            r#"{{"Type":"container","Action":"die","timeNano":1000000,
                "Actor":{{"ID":"a","Attributes":{{{attributes}}}}}}}"#
        );
        watching.hear(&serde_json::from_str(&json).unwrap()).unwrap();
        let ended = watching.engine.table()["a"].facts.end;
        assert_eq!(ended, end.map(|code| End { code, oom: false, at: Some(Timestamp(1)) }));
    }
}

#[tokio::test]
async fn what_podman_tells_in_words_of_its_own_is_understood() {
    let (mut watching, client) = engine(one_hangs).await;
    watching.list(&client).await.unwrap();
    let event = |action: &str| {
        let json = format!(
            r#"{{"Type":"container","Action":"{action}","timeNano":1000000,
                "Actor":{{"ID":"a","Attributes":{{"containerExitCode":"3"}}}}}}"#
        );
        serde_json::from_str::<Event>(&json).unwrap()
    };
    watching.hear(&event("died")).unwrap();
    assert_eq!(watching.engine.table()["a"].facts.end.map(|end| end.code), Some(3));
    watching.hear(&event("remove")).unwrap();
    assert!(!watching.engine.table().contains_key("a"));
    assert_eq!(ContainerState::parse("stopped"), ContainerState::Exited);
}
