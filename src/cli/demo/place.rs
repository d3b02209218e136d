//! The directory of a demo: settings, a kubeconfig, the shop's own runbooks, and stand-ins for the tools.
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::tools::builtin;
use crate::world::scenario::Scenario;
use crate::world::servers::Addresses;
use crate::world::{CACHE, DATABASE};

pub const SHOP: &str = include_str!("../../../assets/scenarios/shop.md");
const PREFIX: &str = "firedeck-demo-";

pub fn make() -> io::Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&dir)?;
    for inner in ["bin", "run", "state"] {
        DirBuilder::new().mode(0o700).create(dir.join(inner))?;
    }
    Ok(dir)
}

/// Takes away what demos that were killed have left.
pub fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Scripts of the tools' names, which call this program's own.
pub fn tools(dir: &Path, program: &Path) -> io::Result<()> {
    let program = program.to_string_lossy().replace('\'', "'\\''");
    for tool in builtin::tools() {
        let file = dir.join("bin").join(tool);
        fs::write(&file, format!("#!/bin/sh\nexec '{program}' tool {tool} \"$@\"\n"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

pub struct Place<'a> {
    pub dir: &'a Path,
    pub addresses: &'a Addresses,
    pub real_tools: bool,
}

impl Place<'_> {
    pub fn write(&self, scenario: &Scenario) -> io::Result<()> {
        let at = self.addresses;
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "demo",
            "clusters": [{"name": "demo", "cluster": {"server": format!("http://{}", at.kubernetes)}}],
            "users": [{"name": "admin", "user": {}}],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "admin", "namespace": "shop"}}],
        });
        fs::write(self.dir.join("kubeconfig"), kubeconfig.to_string())?;
        fs::write(self.dir.join("shop.md"), self.shop())?;
        fs::write(self.dir.join("config.toml"), self.settings(scenario))
    }

    /// The originals know no name of the demo's: for them the addresses are written out.
    fn shop(&self) -> String {
        if !self.real_tools {
            return SHOP.to_owned();
        }
        let at = self.addresses;
        let port = |name: &str, text: &str, at: &std::net::SocketAddr| {
            text.replace(&format!("-h {name}"), &format!("-h {} -p {}", at.ip(), at.port()))
        };
        let text = port(DATABASE, SHOP, &at.postgres);
        let text = port(CACHE, &text, &at.redis);
        let site = regex::Regex::new(r"http://((?:\w+\.)?shop\.example)/");
        site.map_or(text.clone(), |site| {
            site.replace_all(&text, format!("http://{}/$1/", at.http)).into_owned()
        })
    }

    fn settings(&self, scenario: &Scenario) -> String {
        let at = self.addresses;
        let dir = self.dir.display();
        let mut hosts =
            vec![format!("{DATABASE}:5432={}", at.postgres), format!("{CACHE}:6379={}", at.redis)];
        let mut names: Vec<&str> = scenario.site.iter().map(|site| site.name.as_str()).collect();
        names.dedup();
        for name in names {
            hosts.push(format!("{name}:80={}", at.http));
            hosts.push(format!("{name}:443={}", at.https));
        }
        let hosts = hosts.join(",");
        let mut text = format!(
            "runbooks = [\"{dir}/shop.md\", \"models:\"]\nprofile = \"demo\"\n\n\
             [profiles.demo]\ntitle = \"{}\"\ncontexts = [\"demo\"]\nnamespaces = [\"shop\"]\n\
             kubeconfig = [\"{dir}/kubeconfig\"]\n\n\
             [profiles.demo.env]\n{} = \"{hosts}\"\n\n\
             [[profiles.demo.documents]]\nnumber = \"shop\"\npath = \"{dir}/shop.md\"\n\n\
             [[profiles.demo.alertmanager]]\nname = \"alerts\"\nurl = \"http://{}\"\n\n\
             [[profiles.demo.prometheus]]\nname = \"metrics\"\nurl = \"http://{}\"\n\n\
             [[profiles.demo.postgres]]\nname = \"orders\"\nurl = \"postgres://oncall@{}/orders\"\n\
             emergency_url = \"postgres://rescue@{}/orders\"\n\n\
             [[profiles.demo.redis]]\nname = \"cache\"\nurl = \"redis://{}\"\n\n\
             [[profiles.demo.docker]]\nname = \"portal\"\nurl = \"unix://{}\"\n",
            scenario.title.replace('"', "'"),
            builtin::HOSTS,
            at.alertmanager,
            at.prometheus,
            at.postgres,
            at.postgres,
            at.redis,
            at.docker.display(),
        );
        for (name, site) in
            [("shop", "shop.example"), ("orders", "orders.shop.example"), ("signer", "signer.shop.example")]
        {
            let _ = write!(
                text,
                "\n[[profiles.demo.probes]]\nname = \"{name} health\"\nsource = \"http\"\nevery = \"10s\"\n\
                 query = \"http://{}/{site}/health\"\npick = \".status\"\nok = \"= healthy\"\ncritical = \"!= healthy\"\n",
                at.http
            );
        }
        for (name, query, unit, ok, critical) in [
            ("connections used", "100 * pg_connections / pg_connections_usable", "%", "< 80", ">= 95"),
            (
                "memory of the cache that can't be freed",
                "100 * redis_memory_used_bytes / redis_memory_max_bytes * (1 - redis_evicts)",
                "%",
                "< 80",
                ">= 95",
            ),
            (
                "certificate, days left",
                "min(probe_ssl_earliest_cert_expiry - time()) / 86400",
                "d",
                "> 30",
                "< 7",
            ),
        ] {
            let _ = write!(
                text,
                "\n[[profiles.demo.probes]]\nname = \"{name}\"\nsource = \"promql\"\nevery = \"10s\"\nquery = \"{query}\"\n\
                 on = \"metrics\"\nunit = \"{unit}\"\nok = \"{ok}\"\ncritical = \"{critical}\"\n"
            );
        }
        text
    }
}
