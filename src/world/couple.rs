//! What one part means for another: sessions of pods, requests that fail, series of everything, pages of sites.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::World;
use super::alerts::Sent;
use super::cluster::PodFact;
use super::happen::pool_of;
use super::postgres::{Facts, Pool, Work};
use super::scenario::App;
use super::sites::Page;

#[derive(Debug, Default)]
pub(super) struct Couple {
    /// Pools of pods.
    pools: BTreeSet<String>,
    /// Requests so far, by app and code.
    requests: BTreeMap<(String, &'static str), f64>,
    /// Pages that the scenario has written itself.
    pub fixed: BTreeSet<(String, String)>,
    sent: usize,
}

/// From this share of failed requests on, a page says so.
const DEGRADED: f64 = 0.2;
const DOWN: f64 = 0.95;

#[expect(clippy::cast_precision_loss, reason = "no count here is that large")]
fn float(count: u64) -> f64 {
    count as f64
}

fn count(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

fn of<'p>(pods: &'p [PodFact], app: &App) -> impl Iterator<Item = &'p PodFact> {
    let (namespace, name) = (app.namespace.clone(), app.name.clone());
    pods.iter().filter(move |pod| pod.namespace == namespace && pod.app == name && !pod.deleting)
}

impl World {
    /// Each pod that runs holds its sessions.
    pub(super) fn hold(&mut self, pods: &[PodFact]) {
        let mut now = BTreeSet::new();
        for app in self.scenario.app.iter().filter(|app| app.sessions > 0) {
            for pod in of(pods, app).filter(|pod| pod.phase == "Running" && pod.ready) {
                now.insert(pod.name.clone());
                self.database.pool(Pool {
                    name: pod.name.clone(),
                    client: pod.address.clone(),
                    size: app.sessions,
                    work: Work::Busy { takes: 0.02, pause: 0.9 },
                    ..pool_of(app)
                });
            }
        }
        for gone in self.couple.pools.difference(&now) {
            self.database.remove_pool(gone);
        }
        self.couple.pools = now;
    }

    /// Which share of an app's requests fails.
    fn failing(&self, app: &App, pods: &[PodFact], facts: &Facts, depth: u8) -> f64 {
        if of(pods, app).all(|pod| !pod.ready) {
            return 1.0;
        }
        let own = self.errors.get(&app.key()).map_or(0.002, |percent| percent / 100.0);
        let starved = if app.sessions > 0 && facts.used >= facts.usable { 0.55 } else { 0.0 };
        let needed = app.needs.iter().filter_map(|needed| {
            let found = self.scenario.app(needed)?;
            (depth > 0).then(|| self.failing(found, pods, facts, depth - 1) * 0.8)
        });
        needed.fold(own.max(starved), f64::max)
    }

    /// Sets every series anew.
    pub(super) fn measure(&mut self, pods: &[PodFact], facts: &Facts) {
        self.measure_cluster(pods);
        self.measure_database(facts);
        self.measure_cache();
        self.measure_engine();
        let seconds = float(u64::try_from(super::metrics::EVERY).unwrap_or(5));
        let apps: Vec<(String, String, f64, f64)> = self
            .scenario
            .app
            .iter()
            .map(|app| {
                let fails = self.failing(app, pods, facts, 3);
                (app.namespace.clone(), app.name.clone(), app.traffic, fails)
            })
            .collect();
        for (namespace, name, traffic, fails) in apps.iter().filter(|app| app.2 > 0.0) {
            for (code, share) in [("200", 1.0 - fails), ("500", *fails)] {
                let all = self
                    .couple
                    .requests
                    .entry((format!("{namespace}/{name}"), code))
                    .or_insert(40_000.0 * share);
                *all += traffic * seconds * share;
                let labels =
                    [("namespace", namespace.as_str()), ("app", name), ("deployment", name), ("code", code)];
                self.metrics.set("http_requests_total", &labels, *all);
            }
        }
        let expires = self.sites.certificate().ends.as_second();
        let sites: Vec<(String, String)> =
            self.scenario.site.iter().map(|site| (site.name.clone(), site.path.clone())).collect();
        for (name, path) in sites {
            let well = self.sites.page(&name, &path).is_some_and(|page| page.status < 400 && !page.hole);
            let labels = [("site", name.as_str()), ("path", path.as_str())];
            self.metrics.set("probe_success", &labels, if well { 1.0 } else { 0.0 });
            self.metrics.set(
                "probe_ssl_earliest_cert_expiry",
                &labels,
                float(u64::try_from(expires).unwrap_or(0)),
            );
        }
        for job in ["kubernetes", "postgres", "redis", "docker"] {
            let up =
                if job == "redis" && !self.cache.facts().up { Err("connection refused") } else { Ok(()) };
            self.metrics.target(job, &format!("{job}.shop.example:9100"), up);
        }
        self.metrics.set("watchdog", &[], 1.0);
    }

    fn measure_cluster(&mut self, pods: &[PodFact]) {
        let m = &mut self.metrics;
        for pod in pods {
            let labels = [
                ("namespace", pod.namespace.as_str()),
                ("pod", &pod.name),
                ("container", &pod.container),
                ("app", &pod.app),
                ("deployment", &pod.app),
            ];
            m.set(
                "kube_pod_container_status_restarts_total",
                &labels,
                float(u64::try_from(pod.restarts).unwrap_or(0)),
            );
            m.set("kube_pod_status_ready", &labels, if pod.ready { 1.0 } else { 0.0 });
            m.set("container_memory_working_set_bytes", &labels, pod.memory);
            m.set("container_cpu_millicores", &labels, pod.cpu_milli);
            if let Some(limit) = pod.memory_limit {
                m.set("kube_pod_container_memory_limit_bytes", &labels, limit);
            }
            let mut reason = labels.to_vec();
            reason.push(("reason", &pod.status));
            m.set("kube_pod_container_status_reason", &reason, 1.0);
        }
        for one in self.cluster.deployments() {
            let labels = [("namespace", one.namespace.as_str()), ("deployment", &one.name)];
            let number = |count: i64| float(u64::try_from(count).unwrap_or(0));
            m.set("kube_deployment_spec_replicas", &labels, number(one.desired));
            m.set("kube_deployment_status_replicas_available", &labels, number(one.available));
            let image = [labels[0], labels[1], ("image", one.image.as_str())];
            m.set("kube_deployment_image", &image, 1.0);
        }
        for node in self.cluster.nodes() {
            let labels = [("node", node.name.as_str())];
            m.set("kube_node_ready", &labels, if node.ready { 1.0 } else { 0.0 });
        }
    }

    fn measure_database(&mut self, facts: &Facts) {
        let m = &mut self.metrics;
        m.set("pg_up", &[], 1.0);
        m.set("pg_connections", &[], count(facts.used));
        m.set("pg_connections_usable", &[], count(facts.usable));
        m.set("pg_connections_refused_total", &[], float(facts.refused_total));
        m.set("pg_blocked_sessions", &[], count(facts.blocked));
        m.set("pg_longest_transaction_seconds", &[], facts.longest);
        for (state, sessions) in &facts.by_state {
            m.set("pg_sessions_by_state", &[("state", state)], count(*sessions));
        }
        for (application, sessions) in &facts.by_application {
            m.set("pg_sessions", &[("application", application)], count(*sessions));
        }
        for (replica, _, behind, _) in &facts.replicas {
            m.set("pg_replication_lag_seconds", &[("replica", replica)], *behind);
        }
    }

    fn measure_cache(&mut self) {
        let facts = self.cache.facts();
        let m = &mut self.metrics;
        m.set("redis_up", &[], if facts.up { 1.0 } else { 0.0 });
        if !facts.up {
            return;
        }
        m.set("redis_memory_used_bytes", &[], count(facts.used));
        m.set("redis_memory_max_bytes", &[], count(facts.max));
        m.set("redis_connected_clients", &[], count(facts.clients));
        m.set("redis_keys", &[], count(facts.keys));
        m.set("redis_keys_without_ttl", &[], count(facts.lasting));
        m.set("redis_evicted_keys_total", &[], float(facts.counts.evicted));
        m.set("redis_keyspace_hits_total", &[], float(facts.counts.hits));
        m.set("redis_keyspace_misses_total", &[], float(facts.counts.misses));
        m.set("redis_refused_writes_total", &[], float(facts.counts.refused));
        m.set("redis_evicts", &[], if self.cache.evicts() { 1.0 } else { 0.0 });
    }

    fn measure_engine(&mut self) {
        for one in self.engine.facts() {
            let labels =
                [("project", one.project.as_str()), ("service", &one.service), ("container", &one.name)];
            let yes = |yes: bool| if yes { 1.0 } else { 0.0 };
            self.metrics.set("container_up", &labels, yes(one.up));
            self.metrics.set("container_healthy", &labels, yes(one.up && one.healthy != Some(false)));
            self.metrics.set("container_restarts_total", &labels, float(one.restarts));
        }
    }

    /// The alerts go where alerts go; and the debrief hears whether the page is out, and whether all is well.
    ///
    /// As a Prometheus does it: at once when something has changed, else every so often.
    pub(super) fn tell_alerts(&mut self, due: bool) {
        let fired = self.metrics.firing();
        let page = self.scenario.page.as_str();
        let name = |labels: &BTreeMap<String, String>| labels.get("alertname").cloned().unwrap_or_default();
        let open = |one: &&super::metrics::Fired| one.ends > self.now;
        let paged =
            fired.iter().filter(open).any(|one| page.split('|').any(|page| page == name(&one.labels)));
        let quiet = |one: &super::metrics::Fired| one.labels.get("severity").is_some_and(|own| own == "none");
        let firing = fired.iter().filter(open).filter(|one| !quiet(one)).count();
        let healed = match self.scenario.healed.as_str() {
            "" => firing == 0,
            expr => self.metrics.holds(expr),
        };
        let now = self.now;
        self.tape.looks(now, paged, healed);
        let sent = fired.into_iter().map(|one| Sent {
            labels: one.labels,
            annotations: one.annotations,
            starts: Some(one.starts),
            ends: Some(one.ends),
            generator: one.generator,
        });
        let sent: Vec<Sent> = sent.collect();
        if due || sent.len() != self.couple.sent {
            self.couple.sent = sent.len();
            self.alerts.receive(sent);
        }
    }

    /// Pages say how their app is.
    pub(super) fn show(&mut self, pods: &[PodFact], facts: &Facts) {
        let mut pages = Vec::new();
        for site in &self.scenario.site {
            if self.couple.fixed.contains(&(site.name.clone(), site.path.clone())) {
                continue;
            }
            let page = match self.scenario.app(&site.app) {
                Some(app) => {
                    let fails = self.failing(app, pods, facts, 3);
                    let (status, word) = match fails {
                        fails if fails >= DOWN => (503, "unhealthy"),
                        fails if fails >= DEGRADED => (200, "degraded"),
                        _ => (200, "healthy"),
                    };
                    Page::json(
                        status,
                        json!({"status": word, "service": app.name, "version": tag(&app.image)}),
                    )
                }
                None => Page::text(if site.status == 0 { 200 } else { site.status }, &site.says),
            };
            let page = Page { method: if site.posted { "POST" } else { "GET" }, ..page };
            pages.push((site.name.clone(), site.path.clone(), page));
        }
        for (name, path, page) in pages {
            self.sites.site(&name, &path, page);
        }
    }

    /// What the operator did goes onto the tape.
    pub(super) fn hear(&mut self) {
        let mut heard: Vec<(jiff::Timestamp, String)> = Vec::new();
        for deed in self.cluster.deeds() {
            let says = format!(
                "kubernetes {} {} {}/{} {}",
                deed.verb, deed.resource, deed.namespace, deed.name, deed.detail
            );
            heard.push((deed.at, says));
        }
        for deed in self.database.deeds() {
            heard.push((deed.at, format!("postgres {} {}", deed.what, deed.text)));
        }
        for deed in self.cache.deeds() {
            heard.push((deed.at, format!("redis {}", deed.command)));
        }
        for deed in self.engine.deeds() {
            heard.push((deed.at, format!("docker {}", deed.command)));
        }
        for deed in self.alerts.deeds() {
            let did = match deed.did {
                super::alerts::Did::Silenced => "silenced",
                super::alerts::Did::Changed => "changed a silence of",
                super::alerts::Did::Expired => "ended a silence of",
            };
            heard.push((deed.at, format!("alertmanager {did} {}", deed.hit.join(", "))));
        }
        for deed in self.sites.deeds() {
            heard.push((self.now, format!("http {} {}{}", deed.method, deed.site, deed.path)));
        }
        for (at, says) in heard {
            self.tape.did(at, says);
        }
    }
}

fn tag(image: &str) -> &str {
    image.rsplit_once(':').map_or("", |(_, tag)| tag)
}
