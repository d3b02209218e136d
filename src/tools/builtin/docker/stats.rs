//! What containers use, measured by the engine.
use std::io::Write;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::Io;
use super::super::curl::flags::Given;
use super::Fault;
use super::engine::{Engine, escaped};
use super::list::{number, short, text};
use super::template::{Heads, listed};
use super::units::{binary, decimal};

const HEADS: &Heads = &[
    ("Container", "CONTAINER"),
    ("ID", "CONTAINER ID"),
    ("Name", "NAME"),
    ("CPUPerc", "CPU %"),
    ("MemUsage", "MEM USAGE / LIMIT"),
    ("MemPerc", "MEM %"),
    ("NetIO", "NET I/O"),
    ("BlockIO", "BLOCK I/O"),
    ("PIDs", "PIDS"),
];
const USUAL: &str = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

fn share(part: f64, whole: f64) -> String {
    format!("{:.2}%", if whole > 0.0 { part / whole * 100.0 } else { 0.0 })
}

/// The fields that formats know; `name` is how the container was asked for.
fn row(stats: &Value, name: &str) -> Value {
    let of = |pointer: &str| number(stats, pointer);
    let work = of("/cpu_stats/cpu_usage/total_usage") - of("/precpu_stats/cpu_usage/total_usage");
    let time = of("/cpu_stats/system_cpu_usage") - of("/precpu_stats/system_cpu_usage");
    let cores = of("/cpu_stats/online_cpus").max(1.0);
    let idle = of("/memory_stats/stats/total_inactive_file").max(of("/memory_stats/stats/inactive_file"));
    let used = of("/memory_stats/usage");
    let used = if idle < used { used - idle } else { used };
    let limit = of("/memory_stats/limit");
    let networks = stats.get("networks").and_then(Value::as_object);
    let net =
        |field: &str| -> f64 { networks.map_or(0.0, |all| all.values().map(|one| number(one, field)).sum()) };
    let blocks = stats.pointer("/blkio_stats/io_service_bytes_recursive").and_then(Value::as_array);
    let block = |wanted: &str| -> f64 {
        let is = |one: &&Value| text(one, "/op").eq_ignore_ascii_case(wanted);
        blocks.map_or(0.0, |all| all.iter().filter(is).map(|one| number(one, "/value")).sum())
    };
    let pair = |a: f64, b: f64| format!("{} / {}", decimal(a, 3), decimal(b, 3));
    json!({
        "Container": name,
        "ID": short(text(stats, "/id")),
        "Name": text(stats, "/name").trim_start_matches('/'),
        "CPUPerc": share(if work > 0.0 { work * cores } else { 0.0 }, time),
        "MemUsage": format!("{} / {}", binary(used), binary(limit)),
        "MemPerc": share(used, limit),
        "NetIO": pair(net("/rx_bytes"), net("/tx_bytes")),
        "BlockIO": pair(block("read"), block("write")),
        "PIDs": of("/pids_stats/current").to_string(),
    })
}

/// Once, or until the reader goes away.
pub async fn run(engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    loop {
        let mut names = given.words.clone();
        if names.is_empty() {
            let all = if given.has("--all") { "?all=1" } else { "" };
            let found = engine.list(&format!("/containers/json{all}")).await?;
            names = found.iter().map(|one| short(text(one, "/Id"))).collect();
        }
        let mut asked = JoinSet::new();
        for (at, name) in names.iter().cloned().enumerate() {
            let engine = engine.clone();
            asked.spawn(async move {
                let path = format!("/containers/{}/stats?stream=0", escaped(&name));
                engine.get(&path).await.map(|stats| (at, row(&stats, &name)))
            });
        }
        let mut rows = Vec::new();
        while let Some(result) = asked.join_next().await {
            rows.extend(result.ok().transpose()?);
        }
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
        let table = listed(&rows, given.value("--format"), USUAL, HEADS).map_err(|why| Fault::new(1, why))?;
        let clear = if given.has("--no-stream") { "" } else { "\x1b[2J\x1b[H" };
        let shown = write!(io.stdout, "{clear}{table}").and_then(|()| io.stdout.flush());
        if given.has("--no-stream") || shown.is_err() {
            return Ok(());
        }
    }
}
