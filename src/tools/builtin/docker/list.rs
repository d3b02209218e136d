//! Lists: containers, images, volumes, networks, and what takes space.
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::Io;
use super::super::curl::flags::Given;
use super::Fault;
use super::engine::{Engine, escaped};
use super::template::{Heads, listed};
use super::units::{age, cut, decimal};

const CONTAINERS: &str =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
const IMAGES: &str = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const DIGESTS: &str = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";

pub const HEADS: &Heads = &[
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("RunningFor", "CREATED"),
    ("Status", "STATUS"),
    ("State", "STATE"),
    ("Ports", "PORTS"),
    ("Names", "NAMES"),
    ("Size", "SIZE"),
    ("Labels", "LABELS"),
];

const IMAGE_HEADS: &Heads = &[
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("ID", "IMAGE ID"),
    ("CreatedSince", "CREATED"),
    ("Size", "SIZE"),
];

pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0)
}

/// Twelve signs of an id.
pub fn short(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

/// `name=value` words as the engine takes them: names with lists of values.
pub fn filters<'a>(words: impl Iterator<Item = &'a str>) -> Result<String, Fault> {
    let mut all: Map<String, Value> = Map::new();
    for word in words {
        let bad = || {
            Fault::new(
                125,
                format!(
                    "invalid argument \"{word}\" for \"-f, --filter\" flag: bad format of filter (expected name=value)"
                ),
            )
        };
        let (name, value) = word.split_once('=').ok_or_else(bad)?;
        let values = all.entry(name.to_owned()).or_insert_with(|| json!({}));
        if let Some(values) = values.as_object_mut() {
            values.insert(value.to_owned(), Value::Bool(true));
        }
    }
    Ok(if all.is_empty() { String::new() } else { escaped(&Value::Object(all).to_string()) })
}

fn since(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    age(Timestamp::now().as_second() - seconds as i64)
}

fn ports(container: &Value) -> String {
    let all = container.get("Ports").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |port: &Value| {
        let (inner, kind) = (number(port, "/PrivatePort"), text(port, "/Type"));
        match number(port, "/PublicPort") {
            0.0 => format!("{inner}/{kind}"),
            outer => format!("{}:{outer}->{inner}/{kind}", text(port, "/IP")),
        }
    };
    let mut all: Vec<String> = all.iter().map(one).collect();
    all.sort();
    all.join(", ")
}

/// The fields of a container that formats know.
pub fn container(one: &Value, whole: bool) -> Value {
    let names = one.get("Names").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> =
        names.iter().filter_map(Value::as_str).map(|name| name.trim_start_matches('/')).collect();
    let command = format!("{:?}", cut(text(one, "/Command"), if whole { usize::MAX } else { 20 }));
    let pairs = one.get("Labels").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut labels: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    labels.sort();
    let id = text(one, "/Id");
    json!({
        "ID": if whole { id.to_owned() } else { short(id) },
        "Image": text(one, "/Image"),
        "Command": command,
        "RunningFor": since(number(one, "/Created")),
        "Status": text(one, "/Status"),
        "State": text(one, "/State"),
        "Ports": ports(one),
        "Names": names.join(","),
        "Size": decimal(number(one, "/SizeRw"), 3),
        "Labels": labels.join(","),
    })
}

/// A row for each name of an image.
fn images(one: &Value, digests: bool) -> Vec<Value> {
    let names = |field: &str| {
        let all = one.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let (mut tags, sums) = (names("RepoTags"), names("RepoDigests"));
    if tags.is_empty() {
        tags.push(format!(
            "{}:<none>",
            sums.first().and_then(|sum| sum.split('@').next()).unwrap_or("<none>")
        ));
    }
    let row = |tag: &String| {
        let (name, tag) = tag.rsplit_once(':').unwrap_or((tag, "<none>"));
        let digest = sums.iter().find_map(|sum| sum.strip_prefix(name)?.strip_prefix('@'));
        json!({
            "Repository": name,
            "Tag": tag,
            "Digest": digest.filter(|_| digests).unwrap_or("<none>"),
            "ID": short(text(one, "/Id")),
            "CreatedSince": since(number(one, "/Created")),
            "Size": decimal(number(one, "/Size"), 3),
        })
    };
    tags.iter().map(row).collect()
}

pub async fn run(verb: &str, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let (quiet, format) = (given.has("--quiet"), given.value("--format"));
    let mut filters = filters(given.values("--filter"))?;
    let (rows, usual, heads) = match verb {
        "ps" => {
            let all = if given.has("--all") { "&all=1" } else { "" };
            let found = engine.list(&format!("/containers/json?filters={filters}{all}")).await?;
            let rows: Vec<Value> = found.iter().map(|one| container(one, given.has("--no-trunc"))).collect();
            (rows, CONTAINERS, HEADS)
        }
        "images" => {
            if let Some(name) = given.words.first() {
                let named = format!("reference={name}");
                filters = self::filters(given.values("--filter").chain([named.as_str()]))?;
            }
            let found = engine.list(&format!("/images/json?filters={filters}")).await?;
            let digests = given.has("--digests");
            let rows = found.iter().flat_map(|one| images(one, digests)).collect();
            (rows, if digests { DIGESTS } else { IMAGES }, IMAGE_HEADS)
        }
        _ => return space(engine, given, io).await,
    };
    let format = if quiet { Some("{{.ID}}") } else { format };
    let out = listed(&rows, format, usual, heads).map_err(|why| Fault::new(1, why))?;
    let _ = write!(io.stdout, "{out}");
    Ok(())
}

/// `system df`.
async fn space(engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let all = engine.get("/system/df").await?;
    let of = |name: &str| all.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (images, containers, volumes, cache) =
        (of("Images"), of("Containers"), of("Volumes"), of("BuildCache"));
    if given.has("--verbose") {
        return detailed(&images, &containers, &volumes, &cache, io);
    }
    let sum =
        |rows: &[Value], pointer: &str| rows.iter().map(|one| number(one, pointer).max(0.0)).sum::<f64>();
    let layers = number(&all, "/LayersSize");
    let used = |one: &&Value| number(one, "/Containers") > 0.0;
    // An image whose share is not known is left out, as the original leaves it out.
    let known = |one: &&Value| number(one, "/Size") >= 0.0 && number(one, "/SharedSize") >= 0.0;
    let held = images.iter().filter(used).filter(known);
    let held = held.map(|one| number(one, "/Size") - number(one, "/SharedSize"));
    let lives = |one: &&Value| matches!(text(one, "/State"), "running" | "paused" | "restarting");
    let linked = |one: &&Value| number(one, "/UsageData/RefCount") > 0.0;
    let dead: Vec<Value> = containers.iter().filter(|one| !lives(one)).cloned().collect();
    let loose: Vec<Value> = volumes.iter().filter(|one| !linked(one)).cloned().collect();
    let idle: Vec<Value> =
        cache.iter().filter(|one| one.get("InUse") != Some(&Value::Bool(true))).cloned().collect();
    let row = |kind: &str, total: usize, active: usize, size: f64, free: f64| {
        let share = format!(" ({}%)", if free > 0.0 { (free * 100.0 / size).trunc() } else { 0.0 });
        let share = if size > 0.0 && kind != "Build Cache" { share } else { String::new() };
        json!({
            "Type": kind, "TotalCount": total.to_string(), "Active": active.to_string(),
            "Size": decimal(size, 4), "Reclaimable": decimal(free, 4) + &share,
        })
    };
    let rows = [
        row("Images", images.len(), images.iter().filter(used).count(), layers, layers - held.sum::<f64>()),
        row(
            "Containers",
            containers.len(),
            containers.iter().filter(lives).count(),
            sum(&containers, "/SizeRw"),
            sum(&dead, "/SizeRw"),
        ),
        row(
            "Local Volumes",
            volumes.len(),
            volumes.iter().filter(linked).count(),
            sum(&volumes, "/UsageData/Size"),
            sum(&loose, "/UsageData/Size"),
        ),
        row("Build Cache", cache.len(), cache.len() - idle.len(), sum(&cache, "/Size"), sum(&idle, "/Size")),
    ];
    let heads: &Heads = &[
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ];
    let usual = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
    let out = listed(&rows, given.value("--format"), usual, heads).map_err(|why| Fault::new(1, why))?;
    let _ = write!(io.stdout, "{out}");
    Ok(())
}

fn detailed(
    images: &[Value],
    containers: &[Value],
    volumes: &[Value],
    cache: &[Value],
    io: &mut Io,
) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for one in images {
        let shared = number(one, "/SharedSize");
        let size = |size: f64| if shared < 0.0 { "N/A".to_owned() } else { decimal(size, 4) };
        let more = [
            ("SharedSize", size(shared)),
            ("UniqueSize", size(number(one, "/Size") - shared)),
            ("Containers", number(one, "/Containers").to_string()),
        ];
        for mut row in self::images(one, false).into_iter().take(1) {
            for (name, value) in &more {
                row.as_object_mut().map(|row| row.insert((*name).to_owned(), Value::from(value.as_str())));
            }
            rows.push(row);
        }
    }
    let mut heads = IMAGE_HEADS.to_vec();
    heads.extend([
        ("SharedSize", "SHARED SIZE"),
        ("UniqueSize", "UNIQUE SIZE"),
        ("Containers", "CONTAINERS"),
    ]);
    let table = format!("{IMAGES}\t{{{{.SharedSize}}}}\t{{{{.UniqueSize}}}}\t{{{{.Containers}}}}");
    let containers: Vec<Value> = containers.iter().map(|one| container(one, false)).collect();
    let usual =
        "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
    let volume = |one: &Value| {
        let (links, size) = (number(one, "/UsageData/RefCount"), number(one, "/UsageData/Size"));
        json!({ "Name": text(one, "/Name"), "Links": links.to_string(), "Size": decimal(size, 4) })
    };
    let volumes: Vec<Value> = volumes.iter().map(volume).collect();
    let volume_heads: &Heads = &[("Name", "VOLUME NAME"), ("Links", "LINKS"), ("Size", "SIZE")];
    let parts = [
        ("Images", listed(&rows, None, &table, &heads)),
        ("Containers", listed(&containers, None, usual, HEADS)),
        ("Local Volumes", listed(&volumes, None, "table {{.Name}}\t{{.Links}}\t{{.Size}}", volume_heads)),
    ];
    for (name, table) in parts {
        let table = table.map_err(|why| Fault::new(1, why))?;
        let _ = write!(io.stdout, "{name} space usage:\n\n{table}\n");
    }
    let size: f64 = cache.iter().map(|one| number(one, "/Size")).sum();
    let heads = "CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED";
    let _ = writeln!(io.stdout, "Build cache usage: {}\n\n{heads}", decimal(size, 4));
    Ok(())
}
