//! Puts defaults, files, environment and flags together, and remembers where each value came from.
mod themes;

use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{self, Binding};
use super::problem::{Problem, Problems, Source};
use super::profile::{ProfileFile, ScopeOfView};
use super::profiles::{self, Found};
use super::reader::Located;
use super::request::{Effective, Origin, Request, Shown};
use super::settings::{self, ConfigFile};
use super::theme;
use super::{endpoints, file, meant, profile};
use crate::domain::settings::endpoint::SecretRef;
use crate::domain::settings::values::{Borders, LogLevel, LogLimits, NamespacesFrom};
use crate::domain::settings::web::WebOptions;
use crate::domain::settings::{Keymap, Profile, Settings};

/// Reads everything that has a say. Every mistake that can be found is in the error.
pub fn load(request: &Request) -> Result<Effective, Problems> {
    let mut problems = Problems::default();
    let mut merge = Merge { request, shown: Vec::new() };
    let (config, source) = match read_config(request) {
        Ok((config, source, at)) => {
            merge.shown.push(at);
            (config, source)
        }
        Err(found) => {
            problems.0.extend(found.0);
            (ConfigFile::default(), Source { name: String::new(), text: String::new() })
        }
    };
    let dir = request.config_dir();
    let own_keys = read_keys(dir.as_deref()).unwrap_or_else(|found| {
        problems.0.extend(found.0);
        None
    });
    let found = match merge.profile(&config, &source, dir.as_deref()) {
        Ok(found) => found,
        // A profile that a broken config would have described is no mistake of its own.
        Err(found) => {
            if problems.is_empty() {
                problems.0.extend(found.0);
            }
            None
        }
    };
    let theme = merge.theme(&config, &source, found.as_ref(), dir.as_deref());
    let theme = theme.map_err(|found| problems.0.extend(found.0)).ok();
    // One that is not in use is named wrongly all the same.
    for name in config.profiles.iter().filter_map(|profile| profile.theme.as_ref()) {
        problems.0.extend(theme::named(name, &source, dir.as_deref()).err().unwrap_or_default().0);
    }
    if let Err(problem) = flags(request) {
        problems.0.push(problem);
    }
    problems.0.dedup();
    let (Some((theme, depth, own_theme)), true) = (theme, problems.is_empty()) else {
        return Err(problems);
    };
    let mut settings = Settings { theme, depth, ..Settings::default() };
    settings.context_themes = merge.context_themes(&config, &source, depth, dir.as_deref())?;
    merge.screen(&mut settings, &config, &source);
    merge.scope(&mut settings, &config, &source, found.as_ref());
    merge.commands(&mut settings, &config, &source);
    merge.keys(&mut settings, &config.keys, &source, own_keys.as_ref())?;
    let mut directories: Vec<PathBuf> = dir.iter().cloned().collect();
    directories.extend(dir.iter().flat_map(|dir| [dir.join("themes"), dir.join("profiles")]));
    directories.extend(own_theme.and_then(|path| path.parent().map(Path::to_owned)));
    Ok(Effective { settings, shown: merge.shown, directories })
}

fn read_config(request: &Request) -> Result<(ConfigFile, Source, Shown), Problems> {
    let none = Source { name: "config.toml".into(), text: String::new() };
    let row = |value: String, origin| Shown { name: "config".into(), value, origin };
    let Some((path, origin)) = request.config_path() else {
        return Ok((ConfigFile::default(), none, row("none: no $HOME".into(), Origin::Default)));
    };
    let name = path.display().to_string();
    match file::read(&path).map_err(Problems::one)? {
        Some(source) => Ok((settings::parse(&source)?, source, row(name, origin))),
        None if origin == Origin::Default => {
            Ok((ConfigFile::default(), none, row(format!("{name} (absent)"), origin)))
        }
        None => {
            let what = format!("there is no such file, but {origin} names it");
            Err(Problems::one(Problem::of(name, what, "`firedeck config init` writes one to start with")))
        }
    }
}

fn read_keys(dir: Option<&Path>) -> Result<Option<(Vec<Binding>, Source)>, Problems> {
    let Some(dir) = dir else { return Ok(None) };
    let Some(source) = file::read(&dir.join("keys.toml")).map_err(Problems::one)? else { return Ok(None) };
    Ok(Some((settings::parse_keys(&source)?, source)))
}

fn flags(request: &Request) -> Result<(), Problem> {
    for name in &request.namespaces {
        if let Err(why) = profile::namespace(name) {
            return Err(Problem::of("--namespace", why, "write its name, or `all`"));
        }
    }
    let names: Vec<&str> = LogLevel::ALL.iter().map(|level| level.name()).collect();
    if let Some(level) = request.env.given("FIREDECK_LOG").filter(|level| !names.contains(level)) {
        let what = format!("unknown log level `{level}`");
        return Err(Problem::of("$FIREDECK_LOG", what, meant::help(level, &names)));
    }
    endpoints::check(request)?;
    Ok(())
}

/// `all` anywhere in the list is all of them, which is written `*`.
pub(super) fn all_or_some(names: Vec<String>) -> Vec<String> {
    if names.iter().any(|name| matches!(name.as_str(), "all" | "*")) { vec!["*".into()] } else { names }
}

/// A profile with nothing from elsewhere.
pub(super) fn whole(file: ProfileFile) -> Profile {
    let plain = |list: Option<Located<Vec<String>>>| list.map(|list| list.value).unwrap_or_default();
    Profile {
        title: file.title.map(|title| title.value).unwrap_or_default(),
        name: file.name,
        protected: file.scope.protected.is_some_and(|yes| yes.value),
        read_only: file.scope.read_only.is_some_and(|yes| yes.value),
        contexts: plain(file.scope.contexts),
        namespaces: plain(file.scope.namespaces),
        kubeconfig: file.scope.kubeconfig.map(|list| list.value).unwrap_or_default(),
        runbooks: file.scope.runbooks.map(|list| list.value).unwrap_or_default(),
        documents: file.documents,
        endpoints: file.endpoints,
        ..file.rest
    }
}

/// A value on its way, with the origin of the latest word.
struct Merge<'a> {
    request: &'a Request,
    shown: Vec<Shown>,
}

fn from<T: Clone>(source: &Source, value: Option<&Located<T>>) -> Option<(T, Origin)> {
    let located = value?;
    let line = source.place(located.span.start).0;
    Some((located.value.clone(), Origin::File { name: source.name.clone(), line }))
}

impl Merge<'_> {
    fn show(&mut self, name: &str, value: impl fmt::Display, origin: Origin) {
        self.shown.push(Shown { name: name.to_owned(), value: value.to_string(), origin });
    }

    /// Flag, then variable, then file: the first that says something.
    fn named(
        &self,
        flag: (&'static str, Option<&String>),
        variable: &'static str,
        file: Option<(String, Origin)>,
    ) -> Option<(String, Origin)> {
        let by_flag = flag.1.map(|value| (value.clone(), Origin::Flag(flag.0)));
        let by_env =
            || self.request.env.given(variable).map(|value| (value.to_owned(), Origin::Env(variable)));
        by_flag.or_else(by_env).or(file)
    }

    fn profile(
        &mut self,
        config: &ConfigFile,
        source: &Source,
        dir: Option<&Path>,
    ) -> Result<Option<Found>, Problems> {
        let wanted = self.named(
            ("--profile", self.request.profile.as_ref()),
            "FIREDECK_PROFILE",
            from(source, config.profile.as_ref()),
        );
        let Some((name, origin)) = wanted else {
            self.show("profile", "none", Origin::Default);
            return Ok(None);
        };
        let what = format!("there is no profile `{name}`");
        let wanted_by = match (&origin, &config.profile) {
            (Origin::File { .. }, Some(at)) => source.problem(at.span.clone(), what, ""),
            _ => Problem::of(origin.to_string(), what, ""),
        };
        let found = profiles::find(&name, (&config.profiles, source), dir, &wanted_by)?;
        self.show("profile", name, origin);
        Ok(Some(found))
    }

    /// A value that only the config file sets.
    fn value<T: Clone>(
        &mut self,
        name: &str,
        source: &Source,
        file: Option<&Located<T>>,
        usual: T,
        write: impl Fn(&T) -> String,
    ) -> T {
        let (value, origin) = from(source, file).unwrap_or((usual, Origin::Default));
        self.show(name, write(&value), origin);
        value
    }

    fn screen(&mut self, settings: &mut Settings, config: &ConfigFile, source: &Source) {
        let usual = LogLimits::default();
        let usual_mb = u32::try_from(usual.buffer_bytes >> 20).unwrap_or(u32::MAX);
        let usual_streams = u32::try_from(usual.streams).unwrap_or(u32::MAX);
        settings.mouse = self.value("mouse", source, config.mouse.as_ref(), false, bool::to_string);
        let (borders, origin) = from(source, config.borders.as_ref())
            .or_else(|| Some((Borders::Ascii, Origin::Env(self.request.env.only_ascii()?))))
            .unwrap_or_default();
        settings.borders = borders;
        self.show("borders", borders.name(), origin);
        settings.clipboard =
            self.value("clipboard", source, config.clipboard.as_ref(), settings.clipboard, |c| {
                c.name().into()
            });
        let buffer =
            self.value("logs.buffer_mb", source, config.log_buffer_mb.as_ref(), usual_mb, u32::to_string);
        let streams =
            self.value("logs.streams", source, config.log_streams.as_ref(), usual_streams, u32::to_string);
        settings.logs = LogLimits { buffer_bytes: (buffer as usize) << 20, streams: streams as usize };
        let by_flag = self.request.log_level.map(|level| (level, Origin::Flag("--log-level")));
        let by_env = || {
            let said = self.request.env.given("FIREDECK_LOG")?;
            let level = LogLevel::ALL.iter().find(|level| level.name() == said)?;
            Some((*level, Origin::Env("FIREDECK_LOG")))
        };
        let (level, origin) = by_flag
            .or_else(by_env)
            .or_else(|| from(source, config.log_level.as_ref()))
            .unwrap_or((LogLevel::default(), Origin::Default));
        settings.log_level = level;
        self.show("log_level", level.name(), origin);
    }

    fn scope(
        &mut self,
        settings: &mut Settings,
        config: &ConfigFile,
        source: &Source,
        found: Option<&Found>,
    ) {
        let empty = ScopeOfView::default();
        let inner = found.map_or(&empty, |found| &found.file.scope);
        let inner_source = found.map_or(source, |found| &found.source);
        let outer = &config.scope;
        settings.profile = found.map(|found| whole(found.file.clone())).unwrap_or_default();

        // A guard that is on anywhere is on.
        let guard = |of: fn(&ScopeOfView) -> Option<&Located<bool>>| {
            let on = |value: &(bool, Origin)| value.0;
            let both = [from(inner_source, of(inner)), from(source, of(outer))];
            both.iter().flatten().find(|v| on(v)).or(both.iter().flatten().next()).cloned()
        };
        let (protected, origin) = guard(|scope| scope.protected.as_ref()).unwrap_or((false, Origin::Default));
        self.show("protected", protected, origin);
        settings.profile.protected = protected;
        let by_wall = self.request.wall.then_some((true, Origin::Flag("wall")));
        let by_flag = by_wall.or(self.request.read_only.then_some((true, Origin::Flag("--read-only"))));
        let (read_only, origin) =
            by_flag.or_else(|| guard(|scope| scope.read_only.as_ref())).unwrap_or((false, Origin::Default));
        self.show("read_only", read_only, origin);
        settings.profile.read_only = read_only;

        let by_flag =
            |names: &[String], flag| (!names.is_empty()).then(|| (names.to_vec(), Origin::Flag(flag)));
        let inside = from(inner_source, inner.contexts.as_ref());
        let (contexts, origin) = by_flag(&self.request.contexts, "--context")
            .or(inside)
            .or_else(|| from(source, outer.contexts.as_ref()))
            .unwrap_or_default();
        self.show("contexts", list(&contexts, "the current one"), origin);
        settings.profile.contexts = contexts;

        let flagged = by_flag(&self.request.namespaces, "--namespace");
        let inside = from(inner_source, inner.namespaces.as_ref());
        let outside = from(source, outer.namespaces.as_ref());
        settings.namespaces_from = match (&flagged, &inside, &outside) {
            (Some(_), ..) => NamespacesFrom::Flag,
            (_, Some(_), _) => NamespacesFrom::Profile,
            (.., Some(_)) => NamespacesFrom::Config,
            _ => NamespacesFrom::Kubeconfig,
        };
        let (namespaces, origin) = flagged.or(inside).or(outside).unwrap_or_default();
        let namespaces = all_or_some(namespaces);
        self.show("namespaces", list(&namespaces, "as the kubeconfig says"), origin);
        settings.profile.namespaces = namespaces;

        self.kubeconfig(
            settings,
            from(inner_source, inner.kubeconfig.as_ref()),
            from(source, outer.kubeconfig.as_ref()),
        );
        let (runbooks, origin) = from(inner_source, inner.runbooks.as_ref())
            .or_else(|| from(source, outer.runbooks.as_ref()))
            .unwrap_or_default();
        self.show("runbooks", list(&shown(&runbooks), "./runbooks or ./docs/runbooks"), origin);
        settings.profile.runbooks = runbooks;
        self.system(settings, found);
        for (name, url, origin) in endpoints::put(self.request, &mut settings.profile) {
            self.show(&name, url, origin);
        }
    }

    /// The variable comes last of all: one that is left over in a shell must not lead a profile to
    /// another cluster.
    fn kubeconfig(
        &mut self,
        settings: &mut Settings,
        inside: Option<(Vec<PathBuf>, Origin)>,
        outside: Option<(Vec<PathBuf>, Origin)>,
    ) {
        let given = &self.request.kubeconfig;
        let by_flag = (!given.is_empty()).then(|| (given.clone(), Origin::Flag("--kubeconfig")));
        let by_env = || {
            let paths = std::env::split_paths(self.request.env.given("KUBECONFIG")?);
            Some((paths.filter(|path| !path.as_os_str().is_empty()).collect(), Origin::Env("KUBECONFIG")))
        };
        let (paths, origin) = by_flag.or(inside).or(outside).or_else(by_env).unwrap_or_default();
        self.show("kubeconfig", list(&shown(&paths), "~/.kube/config, or in the cluster"), origin);
        settings.profile.kubeconfig.clone_from(&paths);
        settings.kubeconfig = paths;
    }

    fn system(&mut self, settings: &Settings, found: Option<&Found>) {
        let Some(found) = found else { return };
        let origin = |name: &str| {
            let line = found.file.lines.iter().find(|(known, _)| known == name).map(|(_, line)| *line);
            match line {
                Some(line) => Origin::File { name: found.source.name.clone(), line },
                None => Origin::Default,
            }
        };
        let profile = &settings.profile;
        let own = profile.documents.iter().map(|one| (format!("document {}", one.number), &one.ground));
        for (of, footing) in std::iter::once((String::new(), &profile.ground)).chain(own) {
            let dir = footing.workdir.as_ref().map(|dir| dir.display().to_string());
            for (key, value) in [("run_on", footing.run_on.clone()), ("workdir", dir)] {
                let Some(value) = value else { continue };
                let at = if of.is_empty() { key } else { of.as_str() };
                self.show(format!("{of} {key}").trim_start(), value, origin(at));
            }
        }
        for (name, value) in &profile.ground.env {
            self.show(&format!("env {name}"), value, origin("env"));
        }
        for document in &profile.documents {
            let name = format!("document {}", document.number);
            self.show(&name, document.path.display(), origin(&name));
        }
        for endpoint in &profile.endpoints {
            let name = format!("{} {}", endpoint.backend.name(), endpoint.name);
            self.show(&name, &endpoint.url, origin(&name));
            self.entry(&name, [&endpoint.password, &endpoint.token], &endpoint.web, &origin(&name));
        }
        for site in &profile.sites {
            let name = format!("http {}", site.url);
            self.show(&name, site.username.as_deref().unwrap_or("for probes"), origin(&name));
            self.entry(&name, [&site.password, &site.token], &site.web, &origin(&name));
        }
        self.show("probes", profile.probes.len(), origin("probes"));
        self.show("limits", profile.limits.len(), origin("limits"));
    }

    /// How one gets in; of a secret only where it lies.
    fn entry(
        &mut self,
        name: &str,
        [password, token]: [&Option<SecretRef>; 2],
        web: &WebOptions,
        origin: &Origin,
    ) {
        for (what, secret) in [("password", password), ("token", token)] {
            if let Some(secret) = secret {
                self.show(&format!("{name} {what}"), secret, origin.clone());
            }
        }
        for (what, file) in [("ca", &web.ca), ("cert", &web.cert), ("key", &web.key)] {
            if let Some(file) = file {
                self.show(&format!("{name} {what}"), file.display(), origin.clone());
            }
        }
        for (header, said) in &web.headers {
            self.show(&format!("{name} header {header}"), said, origin.clone());
        }
    }

    fn commands(&mut self, settings: &mut Settings, config: &ConfigFile, source: &Source) {
        for rule in &config.commands {
            let Some((rule, origin)) = from(source, Some(rule)) else { continue };
            let mut value = rule.risk.to_string();
            let marks = rule.marks.iter().map(|mark| mark.name());
            for part in marks.chain(Some(rule.why.as_str()).filter(|why| !why.is_empty())) {
                value.push_str(", ");
                value.push_str(part);
            }
            self.show(&format!("command `{}`", rule.words.join(" ")), value, origin);
            settings.commands.push(rule);
        }
    }

    fn keys(
        &mut self,
        settings: &mut Settings,
        bindings: &[Binding],
        source: &Source,
        own: Option<&(Vec<Binding>, Source)>,
    ) -> Result<(), Problems> {
        let from_file = own.iter().flat_map(|(bindings, source)| bindings.iter().map(move |b| (b, source)));
        let all: Vec<(&Binding, &Source)> = from_file.chain(bindings.iter().map(|b| (b, source))).collect();
        let mut map = Keymap::default();
        for (nth, (binding, source)) in all.iter().enumerate() {
            map.bind(binding.scope, binding.key, binding.action);
            let again =
                |(later, _): &(&Binding, &Source)| later.scope == binding.scope && later.key == binding.key;
            if all.iter().skip(nth + 1).any(again) {
                continue;
            }
            let name = format!("keys.{} {}", binding.scope.name(), binding.key);
            let origin = Origin::File { name: source.name.clone(), line: binding.line };
            self.show(&name, binding.action.map_or("none", |action| action.name()), origin);
        }
        settings.keymap = map;
        // Each file may be safe alone, and the two together not.
        let together =
            own.map_or(source.name.clone(), |(_, own)| format!("{} with {}", own.name, source.name));
        let found = keys::dangers(&settings.keymap);
        let found: Vec<Problem> =
            found.into_iter().map(|danger| Problem::of(&together, danger.what, danger.help)).collect();
        if found.is_empty() { Ok(()) } else { Err(Problems(found)) }
    }
}

fn shown(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn list(names: &[String], empty: &str) -> String {
    if names.is_empty() { empty.to_owned() } else { names.join(", ") }
}
