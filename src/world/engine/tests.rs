//! What the clients of the world's engine are promised.
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::api::Reply;
use super::*;

const SHOP: [(&str, &str); 3] = [("redis", ""), ("api", "redis:service_started:false"), ("worker", "")];

fn engine() -> Engine {
    let mut engine = Engine::new(3, Timestamp::from_second(1_800_000_000).unwrap());
    for (service, needs) in SHOP {
        engine.container(Spec {
            project: "shop".into(),
            service: service.into(),
            name: service.into(),
            image: format!("registry.example/{service}:1.0"),
            needs: needs.into(),
            check: vec!["CMD".into(), "/health".into()],
            memory: 60 << 20,
            memory_limit: 256 << 20,
            ..Spec::default()
        });
    }
    engine
}

fn pass(engine: &mut Engine, seconds: u32) {
    for _ in 0..seconds * 4 {
        engine.tick(engine.now + SignedDuration::from_millis(250));
    }
}

fn ask(engine: &mut Engine, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    match engine.ask(method, path, &query.split('&').filter_map(pair).collect::<Vec<_>>(), body) {
        Reply::Json(code, value) => (code, value),
        Reply::Text(text) => (200, text.into()),
        Reply::Empty(code) => (code, Value::Null),
        Reply::Logs(mut wanted) => {
            let (bytes, more) = engine.written(&mut wanted);
            (200, json!([String::from_utf8_lossy(&bytes), more]))
        }
        Reply::Events(mut wanted) => {
            let (bytes, more) = engine.happened(&mut wanted);
            (200, json!([String::from_utf8_lossy(&bytes), more]))
        }
        Reply::Wait(id) => (200, json!([engine.over(&id).1])),
        Reply::Stats(id) => (200, engine.stats(&id).unwrap()),
        Reply::Begins(begins) => (101, begins.command.into()),
    }
}

pub fn post(engine: &mut Engine, target: &str) -> u16 {
    ask(engine, "POST", target, &Value::Null).0
}

fn get(engine: &mut Engine, target: &str) -> Value {
    ask(engine, "GET", target, &Value::Null).1
}

fn state(engine: &mut Engine, name: &str) -> Value {
    get(engine, &format!("/containers/{name}/json"))["State"].clone()
}

fn health(engine: &mut Engine, name: &str) -> String {
    state(engine, name)["Health"]["Status"].as_str().unwrap().to_owned()
}

#[test]
fn a_restart_mends_what_it_is_said_to_mend_and_nothing_else() {
    let mut engine = engine();
    let away = Behaviour::Unhealthy { says: "upstream is away".into() };
    engine.behave("shop", "api", &away, &Heals::Restart);
    engine.behave("shop", "worker", &away, &Heals::Nothing);
    pass(&mut engine, 20);
    assert_eq!(
        (health(&mut engine, "api"), health(&mut engine, "worker")),
        ("unhealthy".into(), "unhealthy".into())
    );
    assert_eq!(state(&mut engine, "api")["Health"]["Log"][0]["Output"], "upstream is away");
    for name in ["api", "worker"] {
        assert_eq!(post(&mut engine, &format!("/containers/{name}/restart")), 204);
        assert_eq!(health(&mut engine, name), "starting");
    }
    pass(&mut engine, 20);
    assert_eq!(
        (health(&mut engine, "api"), health(&mut engine, "worker")),
        ("healthy".into(), "unhealthy".into())
    );
    let deeds: Vec<String> = engine.deeds().into_iter().map(|deed| deed.command).collect();
    assert_eq!(deeds, ["restart api", "restart worker"]);
}

#[test]
fn what_crashes_comes_back_later_and_later_until_what_it_needs_is_started() {
    let mut engine = engine();
    let crash = Behaviour::Crash { after: 1.0, code: 7, says: "level=error msg=\"no redis\"".into() };
    engine.behave("shop", "worker", &crash, &Heals::StartOf("redis".into()));
    pass(&mut engine, 60);
    let early = engine.facts()[2].restarts;
    assert!((4..12).contains(&early), "{early}");
    let listed = get(&mut engine, r#"/containers/json?filters={"status":["restarting"]}"#);
    assert!(listed[0]["Status"].as_str().unwrap().starts_with("Restarting (7) "), "{listed}");
    post(&mut engine, "/containers/worker/restart");
    pass(&mut engine, 2);
    assert_eq!(state(&mut engine, "worker")["ExitCode"], 7, "its own restart does not help");
    post(&mut engine, "/containers/redis/restart");
    post(&mut engine, "/containers/worker/restart");
    pass(&mut engine, 30);
    assert_eq!(
        (state(&mut engine, "worker")["Running"].clone(), health(&mut engine, "worker").as_str()),
        (json!(true), "healthy")
    );
}

#[test]
fn a_leak_ends_at_the_limit_and_begins_again() {
    let mut engine = engine();
    engine.behave("shop", "api", &Behaviour::Leak { bytes_per_second: 20e6 }, &Heals::Nothing);
    pass(&mut engine, 5);
    let usage = get(&mut engine, "/containers/api/stats?stream=0")["memory_stats"]["usage"].as_u64().unwrap();
    assert!(usage > 140 << 20, "{usage}");
    pass(&mut engine, 20);
    assert!(engine.facts()[1].restarts > 0);
    let events =
        get(&mut engine, r#"/events?since=0&until=1800000100&filters={"event":["oom"],"container":["api"]}"#);
    assert!(events[0].as_str().unwrap().contains("\"Action\":\"oom\""), "{events}");
}

#[test]
fn a_log_is_given_by_its_end_its_time_and_its_streams() {
    let mut engine = engine();
    let say = |engine: &mut Engine, error: bool, text: &str| {
        let now = engine.now;
        engine.containers[1].say(now, error, text);
    };
    say(&mut engine, false, "one");
    pass(&mut engine, 10);
    say(&mut engine, true, "level=error two");
    let log = |engine: &mut Engine, rest: &str| {
        get(engine, &format!("/containers/api/logs?{rest}"))[0].as_str().unwrap().to_owned()
    };
    assert_eq!(log(&mut engine, "stderr=1&tail=1"), "\u{2}\0\0\0\0\0\0\u{10}level=error two\n");
    let stamped = log(&mut engine, "stdout=1&stderr=1&timestamps=1&tail=1");
    assert!(
        stamped.contains("2027-01-15T08:00:10.000") && stamped.ends_with("Z level=error two\n"),
        "{stamped}"
    );
    let late = log(&mut engine, "stdout=1&stderr=1&since=1800000005");
    assert!(late.contains("two") && !late.contains("one"), "{late}");
    let early = log(&mut engine, "stdout=1&stderr=1&until=1800000005");
    assert!(early.contains("one") && !early.contains("two"));
    assert_eq!(ask(&mut engine, "GET", "/containers/api/logs", &Value::Null).0, 400);
    let more = |engine: &mut Engine| get(engine, "/containers/api/logs?stdout=1&follow=1")[1].clone();
    assert_eq!(more(&mut engine), true);
    let query = [("stdout".to_owned(), "1".to_owned()), ("follow".to_owned(), "1".to_owned())];
    let Reply::Logs(mut wanted) = engine.ask("GET", "/containers/api/logs", &query, &Value::Null) else {
        panic!()
    };
    post(&mut engine, "/containers/api/restart");
    assert!(!engine.written(&mut wanted).1, "the log ends with the run");
    post(&mut engine, "/containers/api/stop");
    assert_eq!(more(&mut engine), false, "and with its container");
}

#[test]
fn what_cannot_be_done_is_refused_in_the_engines_words() {
    let mut engine = engine();
    assert_eq!(post(&mut engine, "/containers/api/start"), 304);
    assert_eq!(post(&mut engine, "/containers/api/unpause"), 409);
    assert_eq!(post(&mut engine, "/containers/api/pause"), 204);
    assert_eq!(state(&mut engine, "api")["Status"], "paused");
    let exec = json!({ "Cmd": ["true"] });
    assert_eq!(ask(&mut engine, "POST", "/containers/api/exec", &exec).0, 409);
    assert_eq!(ask(&mut engine, "DELETE", "/containers/api", &Value::Null).0, 409);
    assert_eq!(post(&mut engine, "/containers/api/kill"), 204);
    assert_eq!(
        (state(&mut engine, "api")["ExitCode"].clone(), post(&mut engine, "/containers/api/stop")),
        (json!(137), 304)
    );
    for (method, target, says) in [
        ("GET", "/containers/none/json", "No such container: none"),
        ("GET", "/images/none:1/json", "No such image: none:1"),
        ("GET", "/exec/1/json", "No such exec instance: 1"),
        ("GET", "/swarm", "page not found"),
        ("POST", "/containers/api/explode", "page not found"),
    ] {
        let (code, said) = ask(&mut engine, method, target, &Value::Null);
        assert_eq!((code, said["message"].as_str()), (404, Some(says)), "{target}");
    }
    assert_eq!(ask(&mut engine, "POST", "/images/create?fromImage=none&tag=1", &Value::Null).0, 404);
}

#[test]
fn a_container_made_anew_is_as_sick_as_the_old_one_unless_its_image_was_the_reason() {
    let mut engine = engine();
    engine.behave("shop", "api", &Behaviour::Unhealthy { says: "no".into() }, &Heals::OtherImage);
    engine.image("registry.example/api:0.9");
    let mut anew = |tag: &str| {
        let target = format!("/images/create?fromImage=registry.example/api&tag={tag}");
        assert_eq!(ask(&mut engine, "POST", &target, &Value::Null).0, 200);
        let labels = json!({ "com.docker.compose.project": "shop", "com.docker.compose.service": "api" });
        let body = json!({ "Image": format!("registry.example/api:{tag}"), "Labels": labels });
        assert_eq!(ask(&mut engine, "POST", "/containers/create?name=new", &body).0, 201);
        assert_eq!(ask(&mut engine, "DELETE", "/containers/api?force=1", &Value::Null).0, 204);
        assert_eq!(post(&mut engine, "/containers/new/rename?name=api"), 204);
        assert_eq!(post(&mut engine, "/containers/api/start"), 204);
        pass(&mut engine, 20);
        health(&mut engine, "api")
    };
    assert_eq!((anew("1.0"), anew("0.9")), ("unhealthy".into(), "healthy".into()));
}

#[test]
fn images_that_nobody_uses_can_go_and_others_stay() {
    let mut engine = engine();
    engine.image("registry.example/api:0.8");
    let prune = r#"/images/prune?filters={"dangling":["false"],"until":["24h"]}"#;
    let (_, said) = ask(&mut engine, "POST", prune, &Value::Null);
    assert_eq!(said["ImagesDeleted"][0]["Untagged"], "registry.example/api:0.8");
    assert_eq!(get(&mut engine, "/images/json").as_array().unwrap().len(), 3);
    assert_eq!(post(&mut engine, "/images/registry.example/api:1.0/tag?repo=known&tag=good"), 201);
    let known = get(&mut engine, r#"/images/json?filters={"reference":["known"]}"#);
    assert_eq!(known[0]["RepoTags"][1], "known:good");
}

#[test]
fn containers_are_chosen_by_labels_state_and_name() {
    let mut engine = engine();
    post(&mut engine, "/containers/redis/stop");
    let names = |engine: &mut Engine, target: &str| -> Vec<String> {
        let all = get(engine, target);
        all.as_array().unwrap().iter().map(|one| one["Names"][0].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&mut engine, "/containers/json"), ["/worker", "/api"]);
    let label = r#"/containers/json?all=1&filters={"label":{"com.docker.compose.service=redis":true}}"#;
    assert_eq!(names(&mut engine, label), ["/redis"]);
    assert_eq!(names(&mut engine, r#"/containers/json?filters={"status":["exited"]}"#), ["/redis"]);
    assert_eq!(names(&mut engine, r#"/containers/json?all=1&filters={"name":["^/api$"]}"#), ["/api"]);
    assert_eq!(ask(&mut engine, "GET", "/containers/json?filters=[", &Value::Null).0, 400);
}

#[test]
fn no_request_breaks_it() {
    let (mut engine, mut dice) = (engine(), Dice::new(1));
    let words = [
        "containers",
        "api",
        "json",
        "..",
        "",
        "%",
        "\u{1b}",
        "create",
        "exec",
        "logs",
        "start",
        "images",
        "prune",
    ];
    let values = ["-1", "1e300", "NaN", "9999-12-31T23:59:59Z", "{}", "{\"a\":null}", "0", "1"];
    let names = ["since", "until", "tail", "filters", "stdout", "stderr", "limit", "name"];
    for _ in 0..20_000 {
        let mut pick = |all: &[&str]| all[usize::try_from(dice.below(all.len() as u64)).unwrap()].to_owned();
        let path = format!("/{}/{}/{}", pick(&words), pick(&words), pick(&words));
        let query = [(pick(&names), pick(&values)), (pick(&names), pick(&values))];
        let body: Value = serde_json::from_str(&pick(&values)).unwrap_or_default();
        let method = pick(&["GET", "POST", "DELETE", "PATCH"]);
        match engine.ask(&method, &path, &query, &body) {
            Reply::Logs(mut wanted) => drop(engine.written(&mut wanted)),
            Reply::Events(mut wanted) => drop(engine.happened(&mut wanted)),
            _ => {}
        }
    }
}

#[test]
fn spans_are_said_as_the_engine_says_them() {
    let begin = Timestamp::from_second(1_000).unwrap();
    for (seconds, said) in [
        (0, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (600, "10 minutes"),
        (3_700, "About an hour"),
        (36_000, "10 hours"),
        (500_000, "5 days"),
    ] {
        assert_eq!(container::span(Some(begin), begin + SignedDuration::from_secs(seconds)), said);
    }
}

#[tokio::test]
async fn a_command_runs_over_the_connection_and_its_code_is_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let mut inner = engine();
    let exec = json!({ "Cmd": ["sh", "-c", "echo 'a day'; hostname; exit 4; echo more"] });
    let (_, made) = ask(&mut inner, "POST", "/containers/api/exec", &exec);
    let id = made["Id"].as_str().unwrap().to_owned();
    let shared = super::super::base::Shared::new(inner);
    let server = tokio::spawn(serve(tokio::net::UnixListener::bind(&socket).unwrap(), shared.whole()));
    let mut stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    let request = format!(
        "POST /v1.43/exec/{id}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.starts_with("HTTP/1.1 101 ") && heard.ends_with("a day\napi\n"), "{heard}");
    let code = shared.whole().with(|engine| get(engine, &format!("/exec/{id}/json"))["ExitCode"].clone());
    assert_eq!(code, Some(json!(4)));
    server.abort();
}
