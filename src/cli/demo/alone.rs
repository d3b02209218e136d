//! A world without a cockpit: other programs are its clients. `tests/services/run --world` starts it.
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre::eyre;
use jiff::Timestamp;

use crate::world::scenario::Scenario;
use crate::world::{World, servers};

#[derive(Debug, Args)]
pub struct Wanted {
    /// A directory of its own; when all servers answer, `addresses` in it says where they are
    dir: PathBuf,
    /// What there is: a file that ends in .toml, and nothing beside it
    scenario: PathBuf,
    /// Somebody else who has an address of the cluster's to come in by
    #[arg(long)]
    user: Vec<String>,
    /// The port of its Redis; else one that the kernel picks
    #[arg(long, default_value_t = 0)]
    redis_port: u16,
}

/// Serves until it is killed.
pub fn run(wanted: &Wanted) -> color_eyre::Result<ExitCode> {
    let text = std::fs::read_to_string(&wanted.scenario)?;
    let scenario = Scenario::read(&wanted.scenario.to_string_lossy(), &text).map_err(|why| eyre!(why))?;
    let world = World::new(scenario, 7, Timestamp::now()).map_err(|why| eyre!(why))?;
    let bound = servers::bind(&wanted.dir, wanted.redis_port)?;
    let at = bound.addresses.clone();
    let mut text = String::new();
    for (name, address) in [
        ("admin", at.kubernetes),
        ("postgres", at.postgres),
        ("redis", at.redis),
        ("prometheus", at.prometheus),
        ("alertmanager", at.alertmanager),
        ("http", at.http),
        ("https", at.https),
    ] {
        let _ = writeln!(text, "{name} {address}");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let mut running = servers::start(bound, world, std::sync::Arc::default())?;
        for name in &wanted.user {
            let _ = writeln!(text, "{name} {}", running.admit(name)?);
        }
        // Whoever waits for it sees all of it.
        let (new, file) = (wanted.dir.join("addresses.new"), wanted.dir.join("addresses"));
        std::fs::write(&new, text)?;
        std::fs::rename(new, file)?;
        std::future::pending().await
    })
}
