//! Reads a profile: one system with its contexts, servers, probes and limits.
use std::path::PathBuf;

use super::reader::{Located, Table};
use super::secret;
use super::{facts, meant, web};
use crate::domain::secret::{carries_password, looks_secret};
use crate::domain::settings::Profile;
use crate::domain::settings::endpoint::{Backend, DocumentHint, Endpoint, Footing};
use crate::domain::settings::web::WebOptions;

/// A profile as one file has it; what is absent leaves the choice to others.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ProfileFile {
    pub name: String,
    pub title: Option<Located<String>>,
    pub theme: Option<Located<String>>,
    pub scope: ScopeOfView,
    pub documents: Vec<DocumentHint>,
    pub endpoints: Vec<Endpoint>,
    pub rest: Profile,
    /// The line of each thing, by the name that `config show` gives it.
    pub lines: Vec<(String, usize)>,
}

/// What may stand both at the top of the config and in a profile.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ScopeOfView {
    pub protected: Option<Located<bool>>,
    pub read_only: Option<Located<bool>>,
    pub contexts: Option<Located<Vec<String>>>,
    pub namespaces: Option<Located<Vec<String>>>,
    pub kubeconfig: Option<Located<Vec<PathBuf>>>,
    pub runbooks: Option<Located<Vec<PathBuf>>>,
}

/// Reads the keys that decide what is looked at, and whether it may be changed.
pub(super) fn scope(table: &Table<'_, '_>) -> ScopeOfView {
    let plain = |list: Located<Vec<Located<String>>>| Located {
        value: list.value.into_iter().map(|text| text.value).collect::<Vec<_>>(),
        span: list.span,
    };
    let paths = |list: Located<Vec<Located<String>>>| Located {
        value: list.value.iter().map(|text| table.reader.path(&text.value)).collect::<Vec<_>>(),
        span: list.span,
    };
    ScopeOfView {
        protected: table.yes_or_no("protected"),
        read_only: table.yes_or_no("read_only"),
        contexts: table.texts("contexts").map(plain),
        namespaces: table.texts("namespaces").map(|list| {
            for name in &list.value {
                if let Err(why) = namespace(&name.value) {
                    table.reader.fault(&name.span, why, "write its name, or `all`");
                }
            }
            let mut list = plain(list);
            list.value = super::merge::all_or_some(list.value);
            list
        }),
        kubeconfig: table.texts("kubeconfig").map(paths),
        runbooks: table.texts("runbooks").map(paths),
    }
}

/// Whether Kubernetes could have a namespace of this name.
pub(super) fn namespace(name: &str) -> Result<(), String> {
    let label = |name: &str| {
        name.len() <= 63
            && !name.starts_with('-')
            && !name.ends_with('-')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if matches!(name, "all" | "*") || (!name.is_empty() && label(name)) {
        return Ok(());
    }
    Err(format!("`{name}` cannot be the name of a namespace"))
}

/// Whether a name can be a profile's: it is part of a file name, and typed.
pub(super) fn name_is_good(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && !name.starts_with(['.', '-'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Reads a whole profile, from its own file or from `[profiles.NAME]`.
pub(super) fn read(name: &str, table: &Table<'_, '_>) -> ProfileFile {
    let mut lines = Vec::new();
    let documents = documents(table, &mut lines);
    let endpoints: Vec<Endpoint> =
        Backend::ALL.iter().flat_map(|backend| endpoints(table, *backend, &mut lines)).collect();
    let sites = web::sites(table, &mut lines);
    let ground = Footing { env: env(table), ..footing(table) };
    let (probes, limits) = facts::read(table, &documents, &endpoints);
    for key in ["probes", "limits", "run_on", "workdir", "env"] {
        lines.extend(table.raw(key).map(|value| (key.to_owned(), table.reader.line(&value.span()))));
    }
    let read = ProfileFile {
        name: name.to_owned(),
        title: table.text("title"),
        theme: table.text("theme"),
        scope: scope(table),
        documents,
        endpoints,
        lines,
        rest: Profile { ground, sites, probes, limits, ..Profile::default() },
    };
    table.done();
    read
}

/// Where commands run.
fn footing(table: &Table<'_, '_>) -> Footing {
    let run_on = table.text("run_on");
    if let Some(target) = &run_on {
        let bad = target.value.starts_with('-')
            || target.value.contains(|c: char| c.is_whitespace() || c.is_control());
        if bad || target.value.is_empty() {
            let what = format!("`{}` is no box that ssh could reach", target.value);
            table.reader.fault(&target.span, what, "write `user@host`, or a name that the ssh settings know");
        }
    }
    let remote = run_on.is_some();
    let workdir = table.text("workdir").map(|dir| {
        // A directory of another box is not beside this file.
        if remote && !dir.value.starts_with(['/', '~']) {
            let what = format!("`{}` is no directory of another box", dir.value);
            table.reader.fault(&dir.span, what, "write all of its path");
        }
        if remote { PathBuf::from(&dir.value) } else { table.reader.path(&dir.value) }
    });
    Footing { run_on: run_on.map(|text| text.value), workdir, env: Vec::new() }
}

/// `[env]`: what the shells of steps find set.
fn env(table: &Table<'_, '_>) -> Vec<(String, String)> {
    let Some(inner) = table.table("env") else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in inner.free_texts() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.value.starts_with(|c: char| c.is_ascii_digit()) || !name.value.chars().all(word) {
            let what = format!("`{}` cannot be the name of a variable", name.value);
            table.reader.fault(&name.span, what, "letters, digits and `_` can");
        } else if looks_secret(&name.value) || carries_password(&value.value) {
            let what = format!("`{}` is a secret and is not written here", name.value);
            table.reader.fault(&value.span, what, "set it in the environment that firedeck is started in");
        } else {
            all.push((name.value, value.value));
        }
    }
    all
}

fn documents(table: &Table<'_, '_>, lines: &mut Vec<(String, usize)>) -> Vec<DocumentHint> {
    let mut all: Vec<DocumentHint> = Vec::new();
    for one in table.tables("documents") {
        let number = one.needed("number", one.text("number"));
        let path = one.needed("path", one.text("path"));
        let ground = footing(&one);
        one.done();
        let (Some(number), Some(path)) = (number, path) else { continue };
        if all.iter().any(|other| other.number == number.value) {
            let what = format!("the document number `{}` is taken already", number.value);
            one.reader.fault(&number.span, what, "give each document its own");
            continue;
        }
        lines.push((format!("document {}", number.value), one.reader.line(&one.span)));
        all.push(DocumentHint { number: number.value, path: one.reader.path(&path.value), ground });
    }
    all
}

fn endpoints(table: &Table<'_, '_>, backend: Backend, lines: &mut Vec<(String, usize)>) -> Vec<Endpoint> {
    let mut all: Vec<Endpoint> = Vec::new();
    for (nth, one) in table.tables(backend.name()).into_iter().enumerate() {
        let url = one.needed("url", one.text("url"));
        let name = one.text("name");
        let emergency = if backend == Backend::Postgres { one.text("emergency_url") } else { None };
        let project = if backend == Backend::Docker { one.text("project") } else { None };
        let (username, password, token) = match backend {
            Backend::Docker => (None, None, None),
            Backend::Postgres | Backend::Redis => {
                (one.text("username"), secret::reference(&one, "password"), None)
            }
            Backend::Alertmanager | Backend::Prometheus => {
                (one.text("username"), secret::reference(&one, "password"), secret::reference(&one, "token"))
            }
        };
        let web = match backend {
            Backend::Alertmanager | Backend::Prometheus => {
                web::options(&one, url.as_ref(), token.is_some() || password.is_some())
            }
            _ => WebOptions::default(),
        };
        one.done();
        for url in url.iter().chain(&emergency) {
            check_url(&one, url, backend.schemes());
        }
        let Some(url) = url else { continue };
        let span = name.as_ref().map_or(one.head(), |name| name.span.clone());
        let name = name.map_or_else(
            || if nth == 0 { backend.name().into() } else { format!("{}-{}", backend.name(), nth + 1) },
            |name| name.value,
        );
        if all.iter().any(|other| other.name == name) {
            one.reader.fault(&span, format!("the name `{name}` is taken already"), "give each its own");
        }
        lines.push((format!("{} {name}", backend.name()), one.reader.line(&one.span)));
        all.push(Endpoint {
            backend,
            name,
            url: url.value,
            username: username.map(|text| text.value),
            password,
            token,
            emergency_url: emergency.map(|text| text.value),
            project: project.map(|text| text.value),
            web,
        });
    }
    all
}

/// An address has a known beginning, a host, and no password in it.
pub(super) fn check_url(table: &Table<'_, '_>, url: &Located<String>, schemes: &[&str]) {
    if let Err((what, help)) = address(&url.value, schemes) {
        table.reader.fault(&url.span, what, help);
    }
}

/// What is wrong with an address, and how it is written.
pub(super) fn address(url: &str, schemes: &[&str]) -> Result<(), (String, String)> {
    let fault = |what: &str, help: String| Err((what.to_owned(), help));
    let begins = || {
        let all: Vec<String> = schemes.iter().map(|scheme| format!("`{scheme}://`")).collect();
        format!("it begins with {}", all.join(" or "))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return fault("this is no address", begins());
    };
    if !schemes.contains(&scheme) {
        let help = match meant::meant(scheme, schemes.iter().copied()) {
            Some(word) => format!("did you mean `{word}://`? {}", begins()),
            None => begins(),
        };
        return fault(&format!("`{scheme}://` does not fit here"), help);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    if let Some((user, host)) = authority.rsplit_once('@') {
        if user.contains(':') {
            let help = "keep the name in the address and write `password = { env = \"NAME\" }` beside it";
            return fault("the address holds a password", help.into());
        }
        if host.is_empty() {
            return fault("the address has no host", begins());
        }
    }
    let asked = rest.split_once('?').map_or("", |(_, asked)| asked).to_lowercase();
    if asked.split('&').any(|pair| {
        ["pass", "token", "secret", "apikey", "api_key"].iter().any(|word| pair.starts_with(word))
    }) {
        let help = "take it out of the address and write `password = { env = \"NAME\" }` beside it";
        return fault("the address holds a password", help.into());
    }
    if (authority.is_empty() && scheme != "unix") || rest.is_empty() || rest.chars().any(char::is_whitespace)
    {
        return fault("the address has no host, or a space in it", begins());
    }
    Ok(())
}
