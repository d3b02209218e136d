//! Starts the servers of a world on loopback, on ports that the kernel picks, and lets its time pass.
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use super::base::{Handle, Shared};
use super::sites::serve::Authority;
use super::{World, alerts, cluster, engine, metrics, postgres, redis, sites};

const BEAT: Duration = Duration::from_millis(250);

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub kubernetes: SocketAddr,
    pub postgres: SocketAddr,
    pub redis: SocketAddr,
    pub prometheus: SocketAddr,
    pub alertmanager: SocketAddr,
    pub http: SocketAddr,
    pub https: SocketAddr,
    pub docker: PathBuf,
    /// Of the authority behind the sites' certificates, in PEM.
    pub authority: PathBuf,
}

/// A world whose servers run until this is dropped.
pub struct Running {
    pub addresses: Addresses,
    pub world: Handle<World>,
    _tasks: JoinSet<()>,
}

/// `dir` is a directory of our own: the engine's socket and the authority's certificate go there.
pub async fn start(world: World, dir: &Path) -> std::io::Result<Running> {
    let shared = Shared::new(world);
    let listen = || TcpListener::bind(("127.0.0.1", 0));
    let (kubernetes, postgres, redis) = (listen().await?, listen().await?, listen().await?);
    let (prometheus, alertmanager) = (listen().await?, listen().await?);
    let (http, https) = (listen().await?, listen().await?);
    let docker = dir.join("docker.sock");
    let engine = UnixListener::bind(&docker)?;
    let authority = Authority::new().map_err(std::io::Error::other)?;
    let file = dir.join("authority.pem");
    std::fs::write(&file, authority.pem())?;
    let addresses = Addresses {
        kubernetes: kubernetes.local_addr()?,
        postgres: postgres.local_addr()?,
        redis: redis.local_addr()?,
        prometheus: prometheus.local_addr()?,
        alertmanager: alertmanager.local_addr()?,
        http: http.local_addr()?,
        https: https.local_addr()?,
        docker,
        authority: file,
    };
    let mut tasks = JoinSet::new();
    let admin = shared.part(|world: &mut World| &mut world.cluster);
    tasks.spawn(async move { cluster::serve_as(kubernetes, admin, "admin").await });
    tasks.spawn(postgres::serve(postgres, shared.part(|world: &mut World| &mut world.database)));
    tasks.spawn(redis::serve(redis, shared.part(|world: &mut World| &mut world.cache)));
    tasks.spawn(metrics::serve::serve(prometheus, shared.part(|world: &mut World| &mut world.metrics)));
    tasks.spawn(alerts::serve::serve(alertmanager, shared.part(|world: &mut World| &mut world.alerts)));
    tasks.spawn(engine::serve(engine, shared.part(|world: &mut World| &mut world.engine)));
    tasks.spawn(sites::serve::serve(http, shared.part(|world: &mut World| &mut world.sites)));
    tasks.spawn(sites::serve::serve_tls(https, shared.part(|world: &mut World| &mut world.sites), authority));
    let ticked = shared.whole();
    tasks.spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            ticked.with(|world| world.tick(Timestamp::now()));
        }
    });
    Ok(Running { addresses, world: shared.whole(), _tasks: tasks })
}
