//! The original clients against whichever backends there are: the same command, the same words, the same exit code.
use std::process::{Command, Output};

use crate::postgres::watched::app;
use crate::suite::{As, eventually, kubeconfig, setting};

/// What is asked of a client, how it ends, and what it says on the way.
type Asked = (&'static [&'static str], i32, &'static str);

async fn each(client: impl Fn() -> Command, table: &[Asked]) {
    for (words, code, says) in table {
        let last = std::cell::RefCell::new(String::new());
        let ask = async || {
            let (ended, said) = run(client().args(*words)).await;
            let so = ended == Some(*code) && said.contains(says);
            *last.borrow_mut() = format!("{ended:?}: {said}");
            so.then_some(())
        };
        // What was just begun may have to come to it.
        if ask().await.is_none() {
            eventually(&format!("{words:?} to end with {code} and `{says}`; {}", last.borrow()), ask).await;
        }
    }
}

/// Its exit code, and all that it said.
async fn run(command: &mut Command) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::from(std::mem::replace(command, Command::new("true")));
    let Output { status, stdout, stderr } = command.output().await.expect("the client is installed");
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).trim().to_owned())
}

async fn done(command: &mut Command, words: &[&str]) -> String {
    let (code, said) = run(command.args(words)).await;
    assert_eq!(code, Some(0), "{words:?}: {said}");
    said
}

fn kubectl(who: As) -> Command {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig(who));
    command
}

#[tokio::test]
async fn kubectl_looks_is_refused_and_tries() {
    each(
        || kubectl(As::Admin),
        &[
            (&["version"], 0, "Server Version: v1."),
            (&["get", "--raw", "/readyz"], 0, "ok"),
            (&["get", "nodes"], 0, "node-1"),
            (&["top", "nodes"], 0, "node-1"),
            (&["-n", "shop", "get", "deploy", "web", "-o", "jsonpath={.spec.replicas}"], 0, "3"),
            (
                &["-n", "shop", "get", "deploy", "web", "-o", "yaml"],
                0,
                "image: registry.example/shop/web:7.2.0",
            ),
            (&["-n", "shop", "get", "pods", "-l", "app=cart", "-o", "wide"], 0, "cart-"),
            (
                &["-n", "shop", "get", "pods", "--field-selector=status.phase=Running", "-o", "name"],
                0,
                "pod/web-",
            ),
            (&["-n", "shop", "get", "pod", "nope"], 1, "(NotFound): pods \"nope\" not found"),
            (&["get", "nope"], 1, "the server doesn't have a resource type \"nope\""),
            (&["-n", "shop", "describe", "deploy", "web"], 0, "NewReplicaSet:"),
            (&["-n", "shop", "get", "events", "--field-selector=type=Warning"], 0, "BackOff"),
            (
                &["-n", "shop", "rollout", "status", "deploy/web", "--timeout=60s"],
                0,
                "successfully rolled out",
            ),
            (&["-n", "shop", "rollout", "history", "deploy/search"], 0, "REVISION"),
            (&["-n", "shop", "logs", "deploy/web", "--tail=2"], 0, "seq"),
            (&["-n", "shop", "exec", "deploy/web", "--", "echo", "in"], 0, "in"),
            (&["-n", "shop", "scale", "deploy/nope", "--replicas=2"], 1, "not found"),
            (
                &[
                    "-n",
                    "shop",
                    "patch",
                    "deploy/web",
                    "--dry-run=server",
                    "-p",
                    "{\"spec\":{\"replicas\":4}}",
                ],
                0,
                "deployment.apps/web patched",
            ),
            (&["auth", "can-i", "delete", "pods"], 0, "yes"),
        ],
    )
    .await;
    each(
        || kubectl(As::View),
        &[
            (&["-n", "shop", "get", "pods"], 0, "web-"),
            (&["auth", "can-i", "delete", "pods", "-n", "shop"], 1, "no"),
            (&["-n", "shop", "get", "secrets"], 1, "cannot list resource \"secrets\""),
            (&["-n", "shop", "delete", "pod", "nope"], 1, "(Forbidden)"),
        ],
    )
    .await;
}

fn psql(password: &str) -> Command {
    let url = setting("POSTGRES_COMMON").replace(":suite@", &format!(":{password}@"));
    let mut command = Command::new("psql");
    command.args(["-X", &url]);
    command
}

#[tokio::test]
async fn psql_asks_errs_and_ends_a_session() {
    each(
        || psql("suite"),
        &[
            (&["-Atc", "SELECT 1"], 0, "1"),
            (&["-c", "\\conninfo"], 0, "as user \"watcher\""),
            (&["-Atc", "SHOW max_connections"], 0, "60"),
            (&["-Atc", "SELECT datname FROM pg_database ORDER BY datname"], 0, "template1"),
            (
                &["-Atc", "SELECT usename, application_name, state FROM pg_stat_activity WHERE pid = pg_backend_pid()"],
                0,
                "watcher|psql|active",
            ),
            (&["-xc", "SELECT current_user"], 0, "-[ RECORD 1 ]"),
            (&["-c", "SELECT 1/0"], 1, "division by zero"),
            (&["-c", "SELECT * FROM nope"], 1, "relation \"nope\" does not exist"),
            (&["-c", "SELECT FROM WHERE"], 1, "syntax error"),
        ],
    )
    .await;
    each(
        || psql("wrong"),
        &[(&["-c", "SELECT 1"], 2, "password authentication failed for user \"watcher\"")],
    )
    .await;
    let session = app("COMMON", "web", "by-psql").await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'by-psql'";
    assert_eq!(done(&mut psql("suite"), &["-Atc", end]).await, "t");
    eventually("its end", async || session.client.simple_query("SELECT 1").await.is_err().then_some(()))
        .await;
}

fn redis_cli() -> Command {
    let mut command = Command::new("redis-cli");
    command.args(["-u", &setting("REDIS")]);
    command
}

#[tokio::test]
async fn redis_cli_reads_writes_and_is_refused() {
    each(
        redis_cli,
        &[
            (&["ping"], 0, "PONG"),
            (&["-3", "ping"], 0, "PONG"),
            (&["info", "memory"], 0, "maxmemory:67108864"),
            (&["config", "get", "maxmemory-policy"], 0, "noeviction"),
            (&["get", "session:1"], 0, "user"),
            (&["--scan", "--pattern", "session:39*"], 0, "session:390"),
            (&["exists", "nope"], 0, "0"),
            (&["client", "list"], 0, "cmd=client|list"),
            (&["set", "by-hand", "1", "ex", "60"], 0, "OK"),
            (&["ttl", "by-hand"], 0, ""),
            (&["del", "by-hand"], 0, "1"),
            (&["get", "by-hand"], 0, ""),
            (&["nope"], 0, "ERR unknown command 'nope'"),
            (&["get"], 0, "ERR wrong number of arguments for 'get' command"),
        ],
    )
    .await;
}

fn amtool() -> Command {
    let mut command = Command::new("amtool");
    command.arg(format!("--alertmanager.url=http://{}", setting("ALERTMANAGER_A")));
    command
}

#[tokio::test]
async fn amtool_lists_alerts_and_makes_and_ends_a_silence() {
    each(
        amtool,
        &[
            (&["alert", "query", "alertname=Down"], 0, "active"),
            (&["alert", "query", "alertname=Down", "-o", "json"], 0, "\"pod\":\"web-1\""),
            (&["alert", "query", "alertname=NoSuch", "-o", "json"], 0, "[]"),
            (&["config", "show"], 0, "receivers:"),
        ],
    )
    .await;
    let made = ["silence", "add", "alertname=ByAmtool", "--comment=known", "--author=me", "--duration=1h"];
    let said = done(&mut amtool(), &made).await;
    let id = said.lines().find(|line| line.len() == 36).expect("its number").to_owned();
    assert!(done(&mut amtool(), &["silence", "query", "alertname=ByAmtool"]).await.contains(&id));
    done(&mut amtool(), &["silence", "expire", &id]).await;
    assert!(!done(&mut amtool(), &["silence", "query", "alertname=ByAmtool"]).await.contains(&id));
}

#[tokio::test]
async fn promtool_asks_for_values_and_labels() {
    let server = format!("http://{}", setting("PROMETHEUS"));
    let ask = |what: &'static str, rest: &[&str]| {
        let mut command = Command::new("promtool");
        command.args(["query", what, &server]).args(rest);
        command
    };
    each(
        || ask("instant", &[]),
        &[
            (&["vector(7)"], 0, "=> 7"),
            (&["sum("], 1, "parse error"),
            (&["ALERTS{alertname=\"Down\"}"], 0, "pod=\"web-2\""),
        ],
    )
    .await;
    each(|| ask("range", &[]), &[(&["--step=30s", "vector(1)"], 0, "1 @[")]).await;
    each(|| ask("labels", &[]), &[(&["alertname"], 0, "Watchdog")]).await;
}

fn docker() -> Command {
    let mut command = Command::new("docker");
    command.env("DOCKER_HOST", format!("unix://{}", setting("DOCKER_SOCKET")));
    command
}

#[tokio::test]
async fn docker_looks_enters_and_lets_a_container_live_and_die() {
    let _up = crate::docker::ENGINE.read().await;
    each(
        docker,
        &[
            (&["version", "--format", "{{.Server.Version}}"], 0, "."),
            (&["ps", "--format", "{{.Names}}"], 0, "mcp-server"),
            (&["ps", "-a", "--filter", "label=com.docker.compose.service=import"], 0, "Exited (3)"),
            (&["inspect", "-f", "{{.State.Health.Status}}", "rest-api"], 0, "unhealthy"),
            (&["logs", "--tail", "1", "mcp-server"], 0, "level="),
            (&["images"], 0, "registry.example/devops-mcp"),
            (&["stats", "--no-stream", "--format", "{{.Name}}", "mcp-server"], 0, "mcp-server"),
            (&["top", "for-shell"], 0, "sleep 100000"),
            (&["exec", "for-shell", "echo", "hi"], 0, "hi"),
            (&["exec", "for-shell", "sh", "-c", "echo in; exit 4"], 4, "in"),
            (&["inspect", "nope"], 1, "No such object: nope"),
            (&["logs", "nope"], 1, "No such container: nope"),
        ],
    )
    .await;
    let image = "registry.example/devops-mcp:1.4.2";
    let run = ["run", "-d", "--name", "by-docker", "--network", "none", "--stop-timeout", "0", image];
    done(docker().args(run), &["sh", "-c", "echo up; sleep 100000"]).await;
    each(
        docker,
        &[
            (&["logs", "by-docker"], 0, "up"),
            (&["stop", "by-docker"], 0, "by-docker"),
            (&["ps", "-a", "--filter", "name=by-docker"], 0, "Exited (137)"),
            (&["start", "by-docker"], 0, "by-docker"),
            (&["inspect", "-f", "{{.State.Running}}", "by-docker"], 0, "true"),
            (&["rm", "-f", "by-docker"], 0, "by-docker"),
            (&["ps", "-aq", "--filter", "name=by-docker"], 0, ""),
        ],
    )
    .await;
}
