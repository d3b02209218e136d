//! Scenarios: what happens when, what it comes to by what is done, and what was right to do. Read from TOML.
use std::collections::BTreeMap;

use serde::Deserialize;

use super::redis;

const ESTATE: &str = include_str!("../../assets/scenarios/estate.toml");

macro_rules! built_in {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../assets/scenarios/", $name, ".toml")))),*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in! {
    "connections"
    "bad-release"
    "memory-leak"
    "cache-full"
    "certificate"
    "signer"
    "lying-check"
    "unhealthy-container"
    "blocked"
    "quiet-morning"
};

/// The names of the scenarios that come with firedeck.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// What there is before anything happens, and what happens then.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    pub name: String,
    pub title: String,
    /// Two sentences for whoever is paged.
    pub brief: String,
    /// The runbook that heals it.
    pub runbook: String,
    /// The alerts that page, with `|` between them; without one nothing goes wrong.
    pub page: String,
    /// It is over when this holds for so many seconds; where nothing is said, when nothing fires any more.
    pub healed: String,
    pub node: Vec<Node>,
    pub app: Vec<App>,
    /// Any object of the cluster, as YAML's JSON would have it.
    pub object: Vec<serde_json::Value>,
    pub writer: Vec<Writer>,
    pub container: Vec<Container>,
    pub site: Vec<Site>,
    pub rule: Vec<Rule>,
    pub role: Vec<Role>,
    pub redis: BTreeMap<String, String>,
    pub postgres: BTreeMap<String, String>,
    /// Days until the certificate of the sites ends.
    pub certificate_days: Option<i64>,
    pub at: Vec<At>,
    pub when: Vec<When>,
    pub right: Vec<Deed>,
    pub worse: Vec<Deed>,
    pub hint: Vec<String>,
    /// What the document could say better.
    pub lesson: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    pub name: String,
    #[serde(default)]
    pub zone: String,
}

/// A deployment, with what it holds elsewhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct App {
    pub namespace: String,
    pub name: String,
    pub image: String,
    /// An image that it ran before, so that there is a way back.
    pub before: String,
    pub replicas: u32,
    pub memory_mib: u32,
    pub memory_limit_mib: u32,
    pub cpu_milli: u32,
    pub log: String,
    pub env: BTreeMap<String, String>,
    /// Requests a second.
    pub traffic: f64,
    /// Sessions that each of its pods holds in the database.
    pub sessions: usize,
    pub database: String,
    pub query: String,
    /// Apps that it cannot serve without.
    pub needs: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    pub prefix: String,
    pub bytes_per_second: f64,
    pub value: usize,
    pub ttl: Option<f64>,
    #[serde(default)]
    pub stock: u64,
}

impl From<&Writer> for redis::Writer {
    fn from(writer: &Writer) -> redis::Writer {
        redis::Writer {
            prefix: writer.prefix.clone(),
            bytes_per_second: writer.bytes_per_second,
            value: writer.value,
            ttl: writer.ttl,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Container {
    pub project: String,
    pub service: String,
    pub image: String,
    pub needs: String,
    pub port: u16,
    pub memory_mib: u64,
    pub checked: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    pub name: String,
    pub path: String,
    /// The app whose pods decide how it is.
    pub app: String,
    /// Fixed, whatever the app does: a check that lies, a box outside of the cluster.
    pub says: String,
    pub status: u16,
    /// It does something, and takes nothing but POST.
    pub posted: bool,
}

/// Somebody who may come into the database.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Role {
    pub name: String,
    /// Whoever comes says it; nothing is asked where there is none.
    pub password: Option<String>,
    pub superuser: bool,
    pub member_of: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    pub name: String,
    pub expr: String,
    pub hold: u64,
    pub severity: String,
    pub summary: String,
    pub runbook: String,
    pub labels: BTreeMap<String, String>,
}

/// Something that happens, so many seconds after the start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    pub after: f64,
    #[serde(default)]
    pub says: String,
    #[serde(rename = "do")]
    pub what: Vec<What>,
}

/// What follows once an expression holds that the metrics are asked, or once something is done.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub holds: String,
    /// A pattern over what is heard of the operator.
    pub did: String,
    pub says: String,
    /// Each time that it begins to hold; else once.
    pub again: bool,
    #[serde(rename = "do")]
    pub what: Vec<What>,
}

/// `app` is `NAMESPACE/NAME` throughout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum What {
    Image {
        app: String,
        to: String,
    },
    Behave {
        app: String,
        what: String,
        #[serde(default)]
        words: Vec<String>,
        #[serde(default)]
        exit_code: Option<i64>,
    },
    Usage {
        app: String,
        cpu_milli: f64,
        memory_mib: f64,
    },
    /// So many requests of a hundred fail, whatever else is so.
    Errors {
        app: String,
        percent: f64,
    },
    Node {
        name: String,
        state: String,
    },
    /// Sessions that an application opens and does not give back: so many a minute, up to so many.
    Leak {
        app: String,
        per_minute: f64,
        most: usize,
        #[serde(default)]
        in_transaction: bool,
    },
    /// It opens no more, and what it has opened goes with the pods that held it.
    EndLeak {
        app: String,
    },
    /// One session holds a row, and so many wait for it.
    Lock {
        app: String,
        table: String,
        waiting: usize,
    },
    Writer(Writer),
    EndWriter {
        prefix: String,
    },
    Redis {
        setting: String,
        value: String,
    },
    Site {
        name: String,
        path: String,
        status: u16,
        says: String,
    },
    Certificate {
        days: i64,
    },
    Container {
        service: String,
        what: String,
        #[serde(default)]
        says: String,
        #[serde(default)]
        heals: String,
    },
    Say {
        app: String,
        line: String,
    },
    Apply {
        object: serde_json::Value,
    },
}

/// What was good or bad to do: a pattern over what is heard of the operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    pub did: String,
    pub says: String,
    /// What has to come of it before it counts: an expression that the metrics are asked.
    #[serde(default)]
    pub so: String,
}

impl App {
    /// `NAMESPACE/NAME`, as everything else calls it.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl Scenario {
    /// The app that is called so, `NAMESPACE/NAME`.
    pub fn app(&self, key: &str) -> Option<&App> {
        let (namespace, name) = key.split_once('/')?;
        self.app.iter().find(|app| app.namespace == namespace && app.name == name)
    }

    /// One that is written so, and nothing beside it. Says what is wrong with it, by the name of its file.
    pub fn read(name: &str, text: &str) -> Result<Scenario, String> {
        let mut read: Scenario = toml::from_str(text).map_err(|error| format!("{name}: {error}"))?;
        name.clone_into(&mut read.name);
        let deeds = read.right.iter().chain(&read.worse).map(|deed| &deed.did);
        for did in deeds.chain(read.when.iter().map(|when| &when.did)) {
            regex::Regex::new(did).map_err(|error| format!("{name}: `{did}`: {error}"))?;
        }
        Ok(read)
    }

    /// One that comes with firedeck, over the estate; none of this name.
    pub fn built_in(name: &str) -> Option<Result<Scenario, String>> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Scenario::told(name, text))
    }

    /// One that is written so, over the estate.
    pub fn told(name: &str, text: &str) -> Result<Scenario, String> {
        Ok(Scenario::read(name, text)?.over(&Scenario::read("estate", ESTATE)?))
    }

    /// What there is everywhere, with what this one has besides and instead: of one name the own one counts.
    fn over(mut self, estate: &Scenario) -> Scenario {
        fn join<T: Clone>(own: &mut Vec<T>, estate: &[T], key: impl Fn(&T) -> String) {
            let known: Vec<String> = own.iter().map(&key).collect();
            let more = estate.iter().filter(|one| !known.contains(&key(one))).cloned();
            let mut all: Vec<T> = more.collect();
            all.append(own);
            *own = all;
        }
        join(&mut self.node, &estate.node, |one| one.name.clone());
        join(&mut self.app, &estate.app, App::key);
        join(&mut self.writer, &estate.writer, |one| one.prefix.clone());
        join(&mut self.container, &estate.container, |one| format!("{}/{}", one.project, one.service));
        join(&mut self.site, &estate.site, |one| format!("{}{}", one.name, one.path));
        join(&mut self.role, &estate.role, |one| one.name.clone());
        join(&mut self.rule, &estate.rule, |one| one.name.clone());
        self.object.splice(0..0, estate.object.iter().cloned());
        for (name, value) in &estate.redis {
            self.redis.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (name, value) in &estate.postgres {
            self.postgres.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self.certificate_days = self.certificate_days.or(estate.certificate_days);
        self.when.extend(estate.when.iter().cloned());
        self
    }
}
