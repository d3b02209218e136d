//! `firedeck demo` and `firedeck drill`: the cockpit over the embedded world.
//!
//! What the shells of steps find has to stand in the environment of this process, so it begins twice: the first time
//! it makes a directory and becomes itself again with that in its environment; then it starts the world and the
//! cockpit, in one process.
pub mod alone;
mod debrief;
mod place;

use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::atomic::Ordering;

use clap::Args;
use jiff::Timestamp;

use super::out;
use crate::config::{Env, Request, View};
use crate::domain::exercise::{Exercise, Faults};
use crate::world::scenario::{self, Scenario};
use crate::world::{World, servers};
use place::Place;

/// The directory of a demo that has begun.
const DIR: &str = "FIREDECK_DEMO_DIR";
/// Where the state of this user is, which a demo leaves alone.
const STATE: &str = "FIREDECK_DEMO_STATE";

#[derive(Debug, Args)]
pub struct Wanted {
    /// What goes wrong: one of `--list`, or a file of your own that ends in .toml
    #[arg(value_name = "SCENARIO", default_value = "bad-release")]
    scenario: String,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    /// The same number makes the same world
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    /// Steps run this box's own kubectl, psql, redis-cli, curl, docker and jq, where it has them
    #[arg(long)]
    real_tools: bool,
}

impl Wanted {
    pub fn lists(&self) -> bool {
        self.list
    }
}

/// With `drill` as an exercise, which says whether hints are given.
pub fn run(wanted: &Wanted, request: Request, drill: Option<bool>) -> color_eyre::Result<ExitCode> {
    if wanted.list {
        return Ok(list());
    }
    let scenario = match read(&wanted.scenario) {
        Ok(scenario) => scenario,
        Err(why) => return Ok(out::complain(&format!("firedeck: {why}"))),
    };
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else {
        return begin(wanted.real_tools);
    };
    let done = over(&scenario, wanted, request, drill, &dir);
    // It was made for this demo, by this demo.
    let _ = std::fs::remove_dir_all(&dir);
    done
}

/// Makes the directory, and becomes this program again within it.
fn begin(real_tools: bool) -> color_eyre::Result<ExitCode> {
    place::sweep();
    let dir = place::make()?;
    let program = std::env::current_exe()?;
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    if !real_tools {
        place::tools(&dir, &program)?;
        let own = std::iter::once(dir.join("bin")).chain(std::env::split_paths(&path));
        path = std::env::join_paths(own)?;
    }
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(DIR, &dir)
        .env(STATE, Env::read().state_dir().unwrap_or_default())
        .env("PATH", path)
        .env("XDG_STATE_HOME", dir.join("state"))
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .env("DOCKER_HOST", format!("unix://{}", dir.join(servers::DOCKER).display()))
        .env("CURL_CA_BUNDLE", dir.join(servers::AUTHORITY))
        .env_remove("KUBECONFIG")
        .env_remove("PGPASSWORD")
        .env_remove("REDISCLI_AUTH")
        .exec();
    let _ = std::fs::remove_dir_all(&dir);
    Err(error.into())
}

fn over(
    scenario: &Scenario,
    wanted: &Wanted,
    mut request: Request,
    drill: Option<bool>,
    dir: &std::path::Path,
) -> color_eyre::Result<ExitCode> {
    let mut bound = servers::bind(dir, 0)?;
    let faults = Faults::default();
    bound.behind(faults.clone())?;
    let place = Place { dir, addresses: &bound.addresses, real_tools: wanted.real_tools };
    place.write(scenario)?;
    request.config = Some(dir.join("config.toml"));
    request.profile = None;
    request.kubeconfig.clear();
    let world = World::new(scenario.clone(), wanted.seed, Timestamp::now());
    let world = world.map_err(|why| color_eyre::eyre::eyre!("the world of `{}`: {why}", scenario.name))?;
    let began = Timestamp::now();
    let exercise = Exercise {
        word: if drill.is_some() { "DRILL" } else { "DEMO" }.to_owned(),
        title: scenario.title.clone(),
        brief: scenario.brief.clone(),
        hints: if drill == Some(false) { Vec::new() } else { scenario.hint.clone() },
        built_in: if wanted.real_tools { Vec::new() } else { built_in() },
        began: crate::domain::time::Timestamp(began.as_millisecond()),
        faults,
        quiet: scenario.page.is_empty(),
        keys: std::sync::Arc::default(),
        over: std::sync::Arc::default(),
    };
    let keys = exercise.keys.clone();
    let is_over = exercise.over.clone();
    let mut heard = None;
    let view = if request.wall { View::Wall } else { View::Board };
    let code = super::work(request, view, |mut options| {
        options.exercise = Some(exercise);
        let heard = &mut heard;
        async move {
            let running = servers::start(bound, world, is_over)?;
            *heard = Some(running.world.clone());
            Box::pin(crate::app::run(options)).await
        }
    })?;
    if let Some(world) = heard {
        let state = std::env::var_os(STATE).map(PathBuf::from);
        let told = world.with(|world| debrief::told(world, began, keys.load(Ordering::Relaxed)));
        if let Some(told) = told {
            told.print(scenario, drill);
            if drill.is_some() {
                told.keep(scenario, state.as_deref());
            }
        }
    }
    Ok(code)
}

/// Tools that stand first in the path of its shells.
fn built_in() -> Vec<String> {
    crate::tools::builtin::tools().iter().map(|&tool| tool.to_owned()).collect()
}

/// A scenario that is built in, or one of a file.
fn read(name: &str) -> Result<Scenario, String> {
    if let Some(scenario) = Scenario::built_in(name) {
        return scenario;
    }
    if std::path::Path::new(name).extension().is_some_and(|end| end == "toml") {
        let text = std::fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
        return Scenario::told(name, &text);
    }
    let known: Vec<&str> = scenario::names().collect();
    Err(format!("there is no scenario `{name}`\n  = one of {}", known.join(", ")))
}

fn list() -> ExitCode {
    let mut text = String::new();
    for name in scenario::names() {
        match read(name) {
            Ok(scenario) => {
                let _ = writeln!(text, "{name:<21}{}", scenario.title);
            }
            Err(why) => return out::complain(&format!("firedeck: {why}")),
        }
    }
    out::print(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_and_its_world_be_built() {
        for name in scenario::names() {
            let scenario = read(name).expect("it is read");
            assert!(!scenario.brief.is_empty() && !scenario.runbook.is_empty(), "{name}");
            assert!(place::SHOP.contains(&format!("Runbook: {}", scenario.runbook)), "{name}");
            World::new(scenario, 1, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(500_000))
                .map(|_| ())
                .expect(name);
        }
    }
}
