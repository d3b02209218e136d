//! Builds what there is before anything happens.
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::alerts::{Alerts, Config};
use super::cluster::Cluster;
use super::engine::{Engine, Spec};
use super::metrics::{Metrics, Rule};
use super::postgres::{Database, Role, Table};
use super::redis::Redis;
use super::scenario::{App, Scenario};
use super::sites::{Certificate, Sites};

/// How old the estate is when the demo begins.
const AGE: SignedDuration = SignedDuration::from_hours(72);
/// How long a certificate is good for.
pub const VALID: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Where the servers are, as the estate's own people call them.
pub const DATABASE: &str = "db.shop.example";
pub const CACHE: &str = "cache.shop.example";

/// Of what an app requests, so much it uses while nothing is wrong.
const BUSY: f64 = 0.45;
const FILLED: f64 = 0.7;

pub fn cluster(scenario: &Scenario, seed: u64, now: Timestamp) -> Result<Cluster, String> {
    let mut cluster = Cluster::new(seed, now - AGE);
    for node in &scenario.node {
        cluster.apply(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": node.name, "labels": {"topology.kubernetes.io/zone": node.zone}},
        }))?;
    }
    let mut namespaces: Vec<&str> = scenario.app.iter().map(|app| app.namespace.as_str()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for name in namespaces {
        cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))?;
    }
    for object in &scenario.object {
        cluster.apply(object.clone())?;
    }
    for app in &scenario.app {
        let first = if app.before.is_empty() { &app.image } else { &app.before };
        cluster.apply(deployment(app, first))?;
        cluster.apply(service(app))?;
        let (cpu, memory) = (f64::from(app.cpu_milli) * BUSY, mebi(app.memory_mib) * FILLED);
        cluster.usage(&app.namespace, &app.name, cpu, memory);
    }
    cluster.settle(now - SignedDuration::from_hours(20));
    // What runs today came after what ran before.
    for app in scenario.app.iter().filter(|app| !app.before.is_empty()) {
        cluster.apply(deployment(app, &app.image))?;
    }
    cluster.settle(now);
    cluster.deeds();
    Ok(cluster)
}

pub fn mebi(count: u32) -> f64 {
    f64::from(count) * 1_048_576.0
}

/// The app as it is written, with this image.
pub fn deployment(app: &App, image: &str) -> Value {
    let labels = json!({"app": app.name});
    let limit = if app.memory_limit_mib > 0 { app.memory_limit_mib } else { app.memory_mib.max(32) * 2 };
    let env: Vec<Value> = app.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": app.name, "namespace": app.namespace, "labels": labels},
        "spec": {
            "replicas": app.replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"demo/log-format": app.log, "demo/log-rate": "0.4"}},
                "spec": {"containers": [{
                    "name": app.name, "image": image, "env": env,
                    "ports": [{"name": "http", "containerPort": 8080}],
                    "resources": {
                        "requests": {"cpu": format!("{}m", app.cpu_milli.max(10)), "memory": format!("{}Mi", app.memory_mib.max(16))},
                        "limits": {"memory": format!("{limit}Mi")},
                    },
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                }]},
            },
        },
    })
}

fn service(app: &App) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": app.name, "namespace": app.namespace},
        "spec": {"selector": {"app": app.name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    })
}

pub fn database(scenario: &Scenario, seed: u64, now: Timestamp) -> Database {
    let mut database = Database::new(seed, now);
    for role in scenario.role.iter().cloned() {
        database.role(Role {
            name: role.name,
            superuser: role.superuser,
            password: role.password,
            member_of: role.member_of,
            ..Role::default()
        });
    }
    let mut names: Vec<&str> = scenario.app.iter().map(|app| app.database.as_str()).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    for name in names {
        database.role(Role { name: name.into(), ..Role::default() });
        database.base(name, name, 3 << 30);
        for (table, rows, bytes, dead) in [
            ("orders", 1_200_000, 640 << 20, 31_000),
            ("customers", 310_000, 120 << 20, 2_100),
            ("outbox", 48_000, 36 << 20, 22_000),
        ] {
            database.table(&Table {
                database: name,
                name: table,
                columns: &[("id", "int8"), ("state", "text"), ("changed_at", "timestamptz")],
                rows,
                bytes,
                dead,
                bloat: bytes / 9,
                indexes: &["state"],
                scans: 12,
            });
        }
    }
    for (name, value) in &scenario.postgres {
        database.setting(name, value);
    }
    database
}

pub fn cache(scenario: &Scenario, seed: u64, now: Timestamp) -> Redis {
    let mut cache = Redis::new(seed, now);
    for (name, value) in &scenario.redis {
        cache.setting(name, value);
    }
    for writer in &scenario.writer {
        cache.writer(writer.into());
        cache.stock(&writer.prefix, writer.stock);
    }
    // Whoever writes there also reads there.
    if !scenario.writer.is_empty() {
        cache.lookups(420.0, 0.97);
    }
    cache
}

pub fn engine(scenario: &Scenario, seed: u64, now: Timestamp) -> Engine {
    let mut engine = Engine::new(seed, now - AGE);
    for one in &scenario.container {
        let check = if one.checked { vec!["CMD".into(), "/app/healthy".into()] } else { Vec::new() };
        engine.container(Spec {
            project: one.project.clone(),
            service: one.service.clone(),
            name: format!("{}-{}-1", one.project, one.service),
            image: one.image.clone(),
            needs: one.needs.clone(),
            ports: if one.port > 0 { vec![(one.port, one.port)] } else { Vec::new() },
            memory: one.memory_mib.max(16) << 20,
            memory_limit: one.memory_mib.max(16) << 21,
            check,
            ..Spec::default()
        });
    }
    let steps = 60;
    for step in 1..=steps {
        engine.tick(now - AGE + AGE / steps * step);
    }
    engine.deeds();
    engine
}

pub fn metrics(scenario: &Scenario, now: Timestamp) -> Result<Metrics, String> {
    let mut metrics = Metrics::new("http://prometheus.shop.example", &[], now);
    for rule in &scenario.rule {
        let mut labels = rule.labels.clone();
        labels.insert("severity".into(), rule.severity.clone());
        let mut annotations =
            std::collections::BTreeMap::from([("summary".to_owned(), rule.summary.clone())]);
        if !rule.runbook.is_empty() {
            annotations.insert("runbook_url".into(), rule.runbook.clone());
        }
        metrics
            .rule(Rule {
                group: "shop".into(),
                name: rule.name.clone(),
                expr: rule.expr.clone(),
                hold: std::time::Duration::from_secs(rule.hold),
                labels,
                annotations,
            })
            .map_err(|why| format!("{}: {why}", rule.name))?;
    }
    Ok(metrics)
}

pub fn alerts(seed: u64, now: Timestamp) -> Alerts {
    Alerts::new(
        Config::simple("on-call", &["alertname", "namespace"], &["namespace", "deployment"]),
        seed,
        now,
    )
}

pub fn sites(scenario: &Scenario, now: Timestamp) -> Sites {
    let days = scenario.certificate_days.unwrap_or(74);
    let names = scenario.site.iter().map(|site| site.name.clone()).collect();
    let ends = now + SignedDuration::from_hours(days * 24 + 7);
    Sites::new(Certificate { names, begins: ends - VALID, ends })
}
