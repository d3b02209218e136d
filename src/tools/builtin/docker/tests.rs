//! The tool against an engine that says what it is told to.
use serde_json::{Value, json};

use super::super::curl::tests::{said, server};

const LOGS: &[u8] = b"\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n";

fn container(state: &str, status: &str) -> Value {
    json!({
        "Id": "0123456789abcdef", "Names": ["/api"], "Image": "shop:1", "Command": "run", "Created": 0, "Ports": [],
        "State": state, "Status": status, "Mounts": [],
        "Labels": {
            "com.docker.compose.project": "shop", "com.docker.compose.service": "api",
            "com.docker.compose.project.config_files": "/srv/shop/compose.yaml",
        },
    })
}

fn answer(request: &[u8]) -> Vec<u8> {
    let request = String::from_utf8_lossy(request).into_owned();
    let target = request.split(" HTTP").next().unwrap_or_default().replace("/v1.41", "");
    let (code, body) = match target.split('?').next().unwrap_or_default() {
        "GET /containers/json" => {
            (200, json!([container("exited", "Exited (3) 2 hours ago")]).to_string().into_bytes())
        }
        "GET /containers/api/json" => (200, br#"{"Name":"/api","Config":{"Tty":false}}"#.to_vec()),
        "GET /containers/api/logs" => (200, LOGS.to_vec()),
        "POST /containers/api/restart" | "POST /containers/0123456789abcdef/start" => (204, Vec::new()),
        "POST /containers//restart" | "POST /containers/../restart" => (301, Vec::new()),
        _ => (404, br#"{"message":"No such container: nosuch"}"#.to_vec()),
    };
    let head = format!("HTTP/1.1 {code} X\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

async fn docker(line: &str) -> (u8, String, String) {
    let port = server(answer).await;
    let line = format!("-H tcp://127.0.0.1:{port} {line}");
    said(&line, async |args, mut io| super::run(args, &mut io).await).await
}

#[tokio::test]
async fn containers_are_listed_looked_into_and_told_what_to_do() {
    let text = |text: &str| text.to_owned();
    let listed = docker("ps -a --format {{.Names}}+{{.Status}}").await;
    assert_eq!(listed, (0, text("api Exited (3) 2 hours ago\n"), text("")));
    assert_eq!(docker("logs --tail 5 api").await, (0, text("out\n"), text("err\n")));
    assert_eq!(docker("inspect -f {{.Name}} api").await.1, "/api\n");
    assert_eq!(docker("restart api").await.1, "api\n");
    let missing = text("Error response from daemon: No such container: nosuch\n");
    assert_eq!(docker("stop nosuch").await, (1, text(""), missing));
    assert_eq!(docker("inspect nosuch").await, (1, text("[]\n"), text("Error: No such object: nosuch\n")));
    let unknown = docker("ps --nosuch").await;
    assert!(unknown.0 == 125 && unknown.2.starts_with("unknown flag: --nosuch\n\n"));
    assert_eq!(
        docker("run x").await,
        (1, text(""), text("docker: the built-in docker has no `docker run x`\n"))
    );
}

#[tokio::test]
async fn a_project_is_known_by_the_name_of_its_file_and_its_services_are_started() {
    let listed =
        docker("compose -f nosuch/compose.yaml ps -a --format {{.Service}}+{{.State}}+{{.ExitCode}}").await;
    assert_eq!(listed.1, "api exited 3\n");
    let started = " Container api  Starting\n Container api  Started\n";
    assert_eq!(docker("compose -p shop up -d api").await, (0, String::new(), started.to_owned()));
    assert_eq!(docker("compose -p shop restart web").await.2, "no such service: web\n");
    assert_eq!(docker("compose -f other.yaml ps").await.0, 14);
    assert_eq!(docker("compose -p shop down").await.0, 1);
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    for line in [
        "restart ",
        "restart api ",
        "restart ..",
        "ps api",
        "logs api web",
        "image prune",
        "image prune --force web",
        "system prune --force web",
        "system prune --force --volumes",
        "exec -it api sh",
        "compose -f a.yaml -f b.yaml -p shop restart",
        "compose --profile debug -p shop up -d",
        "compose --project-directory x -p shop up -d",
        "compose -p shop up",
    ] {
        let ran = docker(line).await;
        assert!(ran.0 > 0 && !ran.2.is_empty(), "{line}: {ran:?}");
    }
    assert_eq!(docker("restart api ").await.1, "api\n", "only the first was restarted");
}
