//! Takes up changed settings while the cockpit runs.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::merge::load;
use super::request::{Effective, Request};
use crate::domain::settings::Settings;

/// An editor's save is several events: written, renamed, its mode set.
const QUIET: Duration = Duration::from_millis(200);

/// A directory that never falls quiet must not keep a change from being taken up.
const MOST_NOISE: Duration = Duration::from_secs(2);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    // The thread ends when the last sender is gone, which the watcher holds.
    stop: mpsc::Sender<Heard>,
}

#[derive(Debug)]
enum Heard {
    /// These paths; none when the system lost count.
    Changed(Vec<PathBuf>),
    Stop,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.send(Heard::Stop);
    }
}

/// Calls `tell` with the new settings, or with what is wrong with them, whenever files that have a say
/// were changed. Directories are watched, not files: editors and Kubernetes replace a file by a rename,
/// or the symbolic link that leads to it, and then the old file never changes again.
pub fn watch(
    request: Request,
    now: &Effective,
    tell: impl FnMut(Result<Effective, String>) + Send + 'static,
) -> notify::Result<Watch> {
    let (send, heard) = mpsc::channel();
    let events = send.clone();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the files is an event too, and would wake us for ever.
        match event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
            Ok(event) => drop(events.send(Heard::Changed(event.paths))),
            Err(_) => drop(events.send(Heard::Changed(Vec::new()))),
        }
    })?;
    let mut watching = Watching { watcher, watched: BTreeSet::new(), wanted: Vec::new() };
    watching.keep(&now.directories)?;
    let known = Ok(now.clone());
    thread::Builder::new()
        .name("settings".into())
        .spawn(move || run(&request, &heard, watching, known, tell))
        .map_err(notify::Error::io)?;
    Ok(Watch { stop: send })
}

fn run(
    request: &Request,
    heard: &Receiver<Heard>,
    mut watching: Watching,
    mut known: Result<Effective, String>,
    mut tell: impl FnMut(Result<Effective, String>),
) {
    let started = known.as_ref().ok().map(|now| now.settings.clone());
    let mut directories = known.as_ref().map(|now| now.directories.clone()).unwrap_or_default();
    while let Ok(Heard::Changed(paths)) = heard.recv() {
        if !watching.matters(&paths) {
            continue;
        }
        let since = Instant::now();
        while since.elapsed() < MOST_NOISE {
            match heard.recv_timeout(QUIET) {
                Ok(Heard::Changed(_)) => {}
                Ok(Heard::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        let now = load(request).map_err(|problems| problems.to_string());
        if let Ok(now) = &now {
            directories.clone_from(&now.directories);
        }
        let now = match (now, &started) {
            (Ok(now), Some(started)) => elsewhere(started, &now.settings).map_or(Ok(now), Err),
            (now, _) => now,
        };
        // A directory that was made, or made anew, since.
        if let Err(error) = watching.keep(&directories) {
            tracing::warn!(%error, "settings are no longer watched");
        }
        if now != known {
            known.clone_from(&now);
            tell(now);
        }
    }
}

/// What is looked at must not change under a question that is open, nor a name on the screen lead to
/// another cluster than the one that is connected: only a new start does that.
fn elsewhere(started: &Settings, now: &Settings) -> Option<String> {
    let (before, after) = (&started.profile, &now.profile);
    let changed = [
        ("profile", before.name != after.name),
        ("contexts", before.contexts != after.contexts),
        ("namespaces", before.namespaces != after.namespaces),
        ("kubeconfig", started.kubeconfig != now.kubeconfig),
    ];
    let names: Vec<String> =
        changed.iter().filter(|(_, changed)| *changed).map(|(name, _)| format!("`{name}`")).collect();
    if names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    Some(format!("{names} changed, which only a new start takes up: until then the old settings stand"))
}

struct Watching {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    /// What may hold settings; `watched` has the directories above those that are not there yet.
    wanted: Vec<PathBuf>,
}

impl Watching {
    /// Whether a change of these paths can be one of the settings: above a directory that is not there
    /// yet, a busy home directory changes all the time.
    fn matters(&self, paths: &[PathBuf]) -> bool {
        let touches =
            |path: &PathBuf| self.wanted.iter().any(|dir| path.starts_with(dir) || dir.starts_with(path));
        paths.is_empty() || paths.iter().any(touches)
    }

    /// Watches these directories, those their links lead to, and for what is not there yet the nearest
    /// directory above it.
    fn keep(&mut self, directories: &[PathBuf]) -> notify::Result<()> {
        let linked: Vec<PathBuf> = directories.iter().flat_map(|dir| linked(dir)).collect();
        self.wanted = directories.iter().cloned().chain(linked.iter().cloned()).collect();
        let wanted: BTreeSet<PathBuf> =
            directories.iter().filter_map(|dir| nearest(dir)).chain(linked).collect();
        for gone in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        // Watched again even if they were before: the name may be another directory by now.
        for dir in &wanted {
            match self.watcher.watch(dir, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // It went away meanwhile; the one above it tells when it is back.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        self.watched = wanted;
        Ok(())
    }
}

/// The directory itself, or the first above it that is there.
fn nearest(dir: &Path) -> Option<PathBuf> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    dir.ancestors().find(|dir| dir.is_dir()).map(Path::to_owned)
}

/// Where the links in a directory lead to: a config file may itself be one.
fn linked(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().take(200);
    let links = entries.map(|entry| entry.path()).filter(|path| path.is_symlink());
    links.filter_map(|path| Some(path.canonicalize().ok()?.parent()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};

    use super::super::place::Env;
    use super::*;

    struct World {
        dir: tempfile::TempDir,
        heard: Receiver<Result<Effective, String>>,
        _watch: Watch,
    }

    impl World {
        fn new(prepare: impl FnOnce(&Path)) -> World {
            let dir = tempfile::tempdir().expect("a directory");
            prepare(dir.path());
            let env = Env::of(&[("XDG_CONFIG_HOME", &dir.path().display().to_string()), ("TERM", "xterm")]);
            let request = Request { env, ..Request::default() };
            let now = load(&request).expect("good at first");
            let (tell, heard) = channel();
            let watch = watch(request, &now, move |now| {
                let _ = tell.send(now);
            });
            World { dir, heard, _watch: watch.expect("watching") }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join("firedeck").join(name)
        }

        /// The next news that fits; what an editor leaves half written may come before it.
        fn wait(&self, fits: impl Fn(&Result<Effective, String>) -> bool) {
            loop {
                let now =
                    self.heard.recv_timeout(Duration::from_secs(20)).expect("the change was not taken up");
                if fits(&now) {
                    return;
                }
            }
        }
    }

    fn mouse(now: &Result<Effective, String>) -> bool {
        now.as_ref().is_ok_and(|now| now.settings.mouse)
    }

    #[test]
    fn a_change_is_taken_up_and_a_bad_one_is_refused_with_its_line() {
        let world = World::new(|dir| {
            fs::create_dir_all(dir.join("firedeck")).expect("made");
            fs::write(dir.join("firedeck/config.toml"), "mouse = false\n").expect("written");
        });
        fs::write(world.path("new"), "mouse = true\n").expect("written");
        fs::rename(world.path("new"), world.path("config.toml")).expect("renamed, as editors do");
        world.wait(mouse);
        fs::write(world.path("config.toml"), "mouse = 3\n").expect("written");
        world.wait(|now| now.as_ref().is_err_and(|text| text.contains("config.toml:1:9")));
        fs::write(world.path("config.toml"), "mouse = true\nborders = \"ascii\"\n").expect("written");
        world.wait(mouse);
    }

    #[test]
    fn the_cockpit_is_not_led_to_another_place_while_it_runs() {
        let world = World::new(|dir| {
            fs::create_dir_all(dir.join("firedeck")).expect("made");
            fs::write(dir.join("firedeck/config.toml"), "namespaces = \"web\"\n").expect("written");
        });
        fs::write(world.path("config.toml"), "namespaces = \"jobs\"\nmouse = true\n").expect("written");
        world.wait(|now| now.as_ref().is_err_and(|text| text.starts_with("`namespaces` changed")));
        fs::write(world.path("config.toml"), "namespaces = \"web\"\nmouse = true\n").expect("written");
        world.wait(mouse);
    }

    #[test]
    fn a_swapped_link_and_a_directory_that_comes_later_are_seen() {
        let world = World::new(|_| ());
        for (version, text) in [("v1", "mouse = false"), ("v2", "mouse = true")] {
            fs::create_dir_all(world.path(version)).expect("made");
            fs::write(world.path(version).join("config.toml"), text).expect("written");
        }
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, world.path(name)).expect("linked");
        link("v1", "..data");
        link("..data/config.toml", "config.toml");
        world.wait(|now| now.as_ref().is_ok_and(|now| !now.shown[0].value.contains("absent")));
        link("v2", "..data_tmp");
        fs::rename(world.path("..data_tmp"), world.path("..data")).expect("swapped");
        world.wait(mouse);
    }
}
