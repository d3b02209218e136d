//! Starts the servers of a world on loopback, on ports that the kernel picks, and lets its time pass.
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use super::base::{Handle, Shared};
use super::cluster::Cluster;
use super::fault::{self, Door};
use super::sites::serve::Authority;
use super::{World, alerts, cluster, engine, metrics, postgres, redis, sites};
use crate::domain::exercise::{Backend, Faults};

const BEAT: Duration = Duration::from_millis(250);

/// In the directory of a world: the engine's socket, and in PEM the authority behind the sites' certificates.
pub const DOCKER: &str = "docker.sock";
pub const AUTHORITY: &str = "authority.pem";

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
}

/// A world whose servers run until this is dropped.
pub struct Running {
    pub world: Handle<World>,
    cluster: Handle<Cluster>,
    tasks: JoinSet<()>,
}

impl Running {
    /// An address of the cluster's for another user: whoever comes in by it is this one.
    pub fn admit(&mut self, user: &str) -> std::io::Result<SocketAddr> {
        let listener = listen(0)?;
        let address = listener.local_addr()?;
        let (listener, cluster, user) =
            (TcpListener::from_std(listener)?, self.cluster.clone(), user.to_owned());
        self.tasks.spawn(async move { cluster::serve_as(listener, cluster, &user).await });
        Ok(address)
    }
}

fn listen(port: u16) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Listeners, before anybody serves them: what has to know their addresses can be written first.
pub struct Bound {
    tcp: [std::net::TcpListener; 7],
    engine: std::os::unix::net::UnixListener,
    authority: Authority,
    doors: Vec<(Way, Backend)>,
    faults: Faults,
    pub addresses: Addresses,
}

/// A listener before one of the servers.
enum Way {
    Tcp(std::net::TcpListener, SocketAddr),
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

impl Bound {
    /// From now on every server stands behind a door that can be broken.
    pub fn behind(&mut self, faults: Faults) -> std::io::Result<()> {
        let own = &mut self.addresses;
        for (address, backend) in [
            (&mut own.kubernetes, Backend::Kubernetes),
            (&mut own.postgres, Backend::Database),
            (&mut own.redis, Backend::Redis),
            (&mut own.prometheus, Backend::Prometheus),
            (&mut own.alertmanager, Backend::Alertmanager),
            (&mut own.http, Backend::Sites),
            (&mut own.https, Backend::Sites),
        ] {
            let door = listen(0)?;
            let to = std::mem::replace(address, door.local_addr()?);
            self.doors.push((Way::Tcp(door, to), backend));
        }
        let to = own.docker.with_extension("engine");
        std::fs::rename(&own.docker, &to)?;
        let door = std::os::unix::net::UnixListener::bind(&own.docker)?;
        door.set_nonblocking(true)?;
        self.doors.push((Way::Unix(door, to), Backend::Docker));
        self.faults = faults;
        Ok(())
    }
}

/// `dir` is a directory of our own: the engine's socket and the authority's certificate go there. A port of nothing
/// is one that the kernel picks.
pub fn bind(dir: &Path, redis: u16) -> std::io::Result<Bound> {
    let tcp = [listen(0)?, listen(0)?, listen(redis)?, listen(0)?, listen(0)?, listen(0)?, listen(0)?];
    let docker = dir.join(DOCKER);
    // Of a process that began here before and had to begin anew.
    let _ = std::fs::remove_file(&docker);
    let engine = std::os::unix::net::UnixListener::bind(&docker)?;
    engine.set_nonblocking(true)?;
    let authority = Authority::new().map_err(std::io::Error::other)?;
    std::fs::write(dir.join(AUTHORITY), authority.pem())?;
    let [kubernetes, postgres, redis, prometheus, alertmanager, http, https] = &tcp;
    let addresses = Addresses {
        kubernetes: kubernetes.local_addr()?,
        postgres: postgres.local_addr()?,
        redis: redis.local_addr()?,
        prometheus: prometheus.local_addr()?,
        alertmanager: alertmanager.local_addr()?,
        http: http.local_addr()?,
        https: https.local_addr()?,
        docker,
    };
    Ok(Bound { tcp, engine, authority, doors: Vec::new(), faults: Faults::default(), addresses })
}

/// Lets the servers of a world run, and its time pass. `over` is kept at whether what went wrong is over.
pub fn start(bound: Bound, world: World, over: Arc<AtomicBool>) -> std::io::Result<Running> {
    let shared = Shared::new(world);
    let Bound { tcp, engine, authority, doors, faults, .. } = bound;
    let [kubernetes, postgres, redis, prometheus, alertmanager, http, https] = tcp;
    let tcp = TcpListener::from_std;
    let mut tasks = JoinSet::new();
    for (way, backend) in doors {
        let door = match way {
            Way::Tcp(listener, to) => Door::Tcp(tcp(listener)?, to),
            Way::Unix(listener, to) => Door::Unix(UnixListener::from_std(listener)?, to),
        };
        tasks.spawn(fault::stand(door, backend, faults.clone()));
    }
    let cluster = shared.part(|world: &mut World| &mut world.cluster);
    let admin = (tcp(kubernetes)?, cluster.clone());
    tasks.spawn(async move { cluster::serve_as(admin.0, admin.1, "admin").await });
    tasks.spawn(postgres::serve(tcp(postgres)?, shared.part(|world: &mut World| &mut world.database)));
    tasks.spawn(redis::serve(tcp(redis)?, shared.part(|world: &mut World| &mut world.cache)));
    tasks.spawn(metrics::serve::serve(tcp(prometheus)?, shared.part(|world: &mut World| &mut world.metrics)));
    tasks.spawn(alerts::serve::serve(tcp(alertmanager)?, shared.part(|world: &mut World| &mut world.alerts)));
    let engine = UnixListener::from_std(engine)?;
    tasks.spawn(engine::serve(engine, shared.part(|world: &mut World| &mut world.engine)));
    tasks.spawn(sites::serve::serve(tcp(http)?, shared.part(|world: &mut World| &mut world.sites)));
    let sites = shared.part(|world: &mut World| &mut world.sites);
    tasks.spawn(sites::serve::serve_tls(tcp(https)?, sites, authority));
    let ticked = shared.whole();
    tasks.spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let healed = ticked.with(|world| {
                world.tick(Timestamp::now());
                world.tape.healed().is_some()
            });
            over.store(healed.unwrap_or_default(), Ordering::Relaxed);
        }
    });
    Ok(Running { world: shared.whole(), cluster, tasks })
}
