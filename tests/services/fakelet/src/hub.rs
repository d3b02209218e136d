//! All pods of the pretend nodes: the watch that feeds them, the timers that move them, and the
//! writes that report them.
use crate::api::{Api, Failure};
use crate::clock::now_ms;
use crate::pod::{Pod, PodObj, Stage};
use futures_util::StreamExt;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

pub struct Book {
    pub pods: HashMap<String, Pod>,
    pub names: HashMap<String, String>,
}

pub struct Hub {
    pub api: Api,
    pub book: Mutex<Book>,
    pub nodes: HashSet<String>,
    pub down: Mutex<HashSet<String>>,
    pub rate: f64,
    timers: mpsc::UnboundedSender<(i64, String)>,
    slots: Semaphore,
    ips: AtomicU64,
    pub synced: AtomicBool,
    pub patches: AtomicU64,
    pub failures: AtomicU64,
}

#[derive(Deserialize)]
struct WatchEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

impl Hub {
    pub fn new(
        api: Api,
        nodes: HashSet<String>,
        rate: f64,
    ) -> (Arc<Hub>, mpsc::UnboundedReceiver<(i64, String)>) {
        let (tx, rx) = mpsc::unbounded_channel();
        let hub = Hub {
            api,
            book: Mutex::new(Book { pods: HashMap::new(), names: HashMap::new() }),
            nodes,
            down: Mutex::new(HashSet::new()),
            rate,
            timers: tx,
            slots: Semaphore::new(96),
            ips: AtomicU64::new(2),
            synced: AtomicBool::new(false),
            patches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        };
        (Arc::new(hub), rx)
    }

    pub fn is_down(&self, node: &str) -> bool {
        self.down.lock().unwrap().contains(node)
    }

    fn next_ip(&self) -> String {
        let n = self.ips.fetch_add(1, Relaxed);
        format!("10.{}.{}.{}", 244 + (n >> 16 & 7), n >> 8 & 255, n & 255)
    }

    /// Lets a pod move on, then writes out whatever changed.
    pub fn poke(self: &Arc<Self>, uid: &str) {
        let now = now_ms();
        let mut book = self.book.lock().unwrap();
        let Some(p) = book.pods.get_mut(uid) else { return };
        if self.is_down(&p.node) {
            return;
        }
        p.advance(now, self.rate);
        if let Some(t) = p.next {
            if t < i64::MAX / 8 {
                let _ = self.timers.send((t, uid.to_string()));
            }
        }
        if !p.syncing && (p.dirty || p.delete_now || !p.events.is_empty()) {
            p.syncing = true;
            let (hub, uid) = (self.clone(), uid.to_string());
            tokio::spawn(async move { hub.sync(uid).await });
        }
    }

    async fn sync(self: Arc<Self>, uid: String) {
        loop {
            let _slot = self.slots.acquire().await;
            let now = now_ms();
            let (ns, name, status, events, delete) = {
                let mut book = self.book.lock().unwrap();
                let Some(p) = book.pods.get_mut(&uid) else { return };
                if !p.dirty && !p.delete_now && p.events.is_empty() {
                    p.syncing = false;
                    return;
                }
                let status = p.dirty.then(|| p.status());
                p.dirty = false;
                let events = p.drain_events(now);
                (p.ns.clone(), p.name.clone(), status, events, std::mem::take(&mut p.delete_now))
            };
            let base = format!("/api/v1/namespaces/{ns}");
            if let Some(s) = status {
                self.patches.fetch_add(1, Relaxed);
                match self.api.strategic(&format!("{base}/pods/{name}/status"), &s).await {
                    Ok(_) => {}
                    Err(Failure::Gone) => {}
                    Err(Failure::Retry(why)) => {
                        // A uid conflict means the name now belongs to another pod; the watch will say so.
                        self.failures.fetch_add(1, Relaxed);
                        if !why.ends_with("409") {
                            eprintln!("status of {ns}/{name}: {why}");
                            if let Some(p) = self.book.lock().unwrap().pods.get_mut(&uid) {
                                p.dirty = true;
                                p.delete_now |= delete;
                            }
                            tokio::time::sleep(Duration::from_millis(1000)).await;
                            continue;
                        }
                    }
                    Err(Failure::Fatal(why)) => {
                        self.failures.fetch_add(1, Relaxed);
                        eprintln!("status of {ns}/{name}: {why}");
                    }
                }
            }
            for (ev, body, fresh) in events {
                let r = if fresh {
                    self.api.post(&format!("{base}/events"), &body).await
                } else {
                    self.api.merge(&format!("{base}/events/{ev}"), &body).await
                };
                if let Err(Failure::Fatal(why)) = r {
                    eprintln!("event of {ns}/{name}: {why}");
                }
            }
            if delete {
                let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": {"uid": uid}});
                let r = self
                    .api
                    .call(Method::DELETE, &format!("{base}/pods/{name}"), "application/json", Some(&body))
                    .await;
                if let Err(Failure::Retry(why)) = r {
                    if !why.ends_with("409") {
                        eprintln!("delete of {ns}/{name}: {why}");
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        if let Some(p) = self.book.lock().unwrap().pods.get_mut(&uid) {
                            p.delete_now = true;
                        }
                    }
                }
            }
        }
    }

    /// After a node outage: report every pod of the node again.
    pub fn resync_node(self: &Arc<Self>, node: &str) {
        let uids: Vec<String> = {
            let mut book = self.book.lock().unwrap();
            book.pods
                .values_mut()
                .filter(|p| p.node == node)
                .map(|p| {
                    p.dirty = p.stage != Stage::New;
                    p.uid.clone()
                })
                .collect()
        };
        for u in uids {
            self.poke(&u);
        }
    }

    /// Takes in one object; the answer is its resource version.
    fn seen(
        self: &Arc<Self>,
        kind: &str,
        raw: &str,
        listed: &mut Option<HashSet<String>>,
    ) -> Result<String, String> {
        let o: PodObj = serde_json::from_str(raw).map_err(|e| e.to_string())?;
        let (uid, key) = (o.metadata.uid.clone(), format!("{}/{}", o.metadata.namespace, o.metadata.name));
        let rv = o.metadata.resource_version.clone();
        if let Some(l) = listed {
            l.insert(uid.clone());
        }
        let now = now_ms();
        {
            let mut book = self.book.lock().unwrap();
            if kind == "DELETED" {
                book.pods.remove(&uid);
                if book.names.get(&key) == Some(&uid) {
                    book.names.remove(&key);
                }
                return Ok(rv);
            }
            if !self.nodes.contains(&o.spec.node_name) {
                return Ok(rv);
            }
            if let Some(p) = book.pods.get_mut(&uid) {
                if !p.update(o, now, self.rate) {
                    return Ok(rv);
                }
            } else {
                let gone = o.metadata.deletion_timestamp.is_some();
                let grace = o.metadata.deletion_grace_period_seconds;
                let mut p = Pod::new(o, self.next_ip(), now, self.rate);
                if gone {
                    p.deleting = true;
                    p.stage = Stage::Stopping;
                    p.next = Some(now + p.plan.term_delay.unwrap_or(500).min(grace.unwrap_or(30) * 1000));
                }
                book.names.insert(key, uid.clone());
                book.pods.insert(uid.clone(), p);
            }
        }
        self.poke(&uid);
        Ok(rv)
    }

    /// One event line. `Err(true)` asks for a fresh start from the full set.
    fn take(
        self: &Arc<Self>,
        line: &[u8],
        listed: &mut Option<HashSet<String>>,
        rv: &mut String,
    ) -> Result<(), bool> {
        let Ok(ev) = serde_json::from_slice::<WatchEvent>(line) else {
            eprintln!("watch: unreadable event");
            return Ok(());
        };
        match ev.kind {
            "BOOKMARK" => {
                if let Ok(o) = serde_json::from_str::<PodObj>(ev.object.get()) {
                    *rv = o.metadata.resource_version;
                }
                if listed.is_some() && ev.object.get().contains("k8s.io/initial-events-end") {
                    let l = listed.take().unwrap();
                    let mut book = self.book.lock().unwrap();
                    book.pods.retain(|u, _| l.contains(u));
                    let Book { pods, names } = &mut *book;
                    names.retain(|_, u| pods.contains_key(u));
                    println!("watch in sync, {} pods", pods.len());
                    self.synced.store(true, Relaxed);
                }
            }
            "ERROR" => {
                eprintln!("watch: {}", ev.object.get());
                return Err(true);
            }
            k => match self.seen(k, ev.object.get(), listed) {
                Ok(v) if listed.is_none() => *rv = v,
                Ok(_) => {}
                Err(e) => eprintln!("watch: {e}"),
            },
        }
        Ok(())
    }

    /// Follows all bound pods for ever: first the full set, streamed one by one, then the changes.
    /// A dropped connection resumes where it stopped.
    pub async fn follow(self: Arc<Self>) {
        let base = "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%21%3D&allowWatchBookmarks=true&timeoutSeconds=3000";
        let mut rv = String::new();
        loop {
            let fresh = rv.is_empty();
            let path = if fresh {
                format!("{base}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
            } else {
                format!("{base}&resourceVersion={rv}")
            };
            match self.api.watch(&path).await {
                Err(e) => {
                    eprintln!("watch: {e}");
                    if e.contains("410") {
                        rv.clear();
                    }
                }
                Ok(resp) => {
                    if !fresh {
                        println!("watch resumed at {rv}");
                    }
                    // Reading and acting are apart: the server drops a watcher that reads slowly.
                    let (tx, mut rx) = mpsc::unbounded_channel::<Vec<u8>>();
                    let reader = tokio::spawn(async move {
                        let mut body = resp.bytes_stream();
                        let mut buf: Vec<u8> = Vec::new();
                        while let Some(Ok(chunk)) = body.next().await {
                            buf.extend_from_slice(&chunk);
                            let mut from = 0;
                            while let Some(n) = buf[from..].iter().position(|b| *b == b'\n') {
                                if tx.send(buf[from..from + n].to_vec()).is_err() {
                                    return;
                                }
                                from += n + 1;
                            }
                            buf.drain(..from);
                        }
                    });
                    let mut listed = fresh.then(HashSet::new);
                    while let Some(line) = rx.recv().await {
                        if self.take(&line, &mut listed, &mut rv).is_err() {
                            rv.clear();
                            break;
                        }
                    }
                    reader.abort();
                    if listed.is_some() {
                        rv.clear(); // cut off inside the initial set
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    pub async fn tick(self: Arc<Self>, mut rx: mpsc::UnboundedReceiver<(i64, String)>) {
        let mut heap: BinaryHeap<Reverse<(i64, String)>> = BinaryHeap::new();
        loop {
            let wait = heap.peek().map_or(3_600_000, |Reverse((t, _))| (t - now_ms()).max(0)) as u64;
            tokio::select! {
                got = rx.recv() => match got {
                    Some(x) => heap.push(Reverse(x)),
                    None => return,
                },
                _ = tokio::time::sleep(Duration::from_millis(wait)) => {
                    let now = now_ms();
                    while heap.peek().is_some_and(|Reverse((t, _))| *t <= now) {
                        let Reverse((t, uid)) = heap.pop().unwrap();
                        // A timer that the pod no longer wants is dropped here.
                        let due = self.book.lock().unwrap().pods.get(&uid).is_some_and(|p| p.next.is_some_and(|n| n <= t));
                        if due {
                            self.poke(&uid);
                        }
                    }
                }
            }
        }
    }
}
