//! The way into every node of one endpoint: address, certificates, who we are.
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, RedisConnectionInfo, RedisError, TlsCertificates,
};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use crate::domain::redis::topology::Spot;
use crate::sources::backend::Access;
use crate::sources::reason::{brief, reason};

const CONNECT: Duration = Duration::from_secs(3);
/// For one answer. A server that is busy with a script says so after five seconds; until then it says nothing.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// How the nodes of an endpoint are reached; the same for each.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub seed: Spot,
    pub user: Option<String>,
    db: i64,
    tls: bool,
    socket: bool,
    certificates: Certificates,
    /// Of an address that was typed; a profile never holds one.
    password: Option<SecretString>,
}

/// Files in PEM, as `redis-cli` names them: `?cacert=/etc/ca.pem&cert=…&key=…` behind the address.
#[derive(Debug, Clone, Default)]
struct Certificates {
    authority: Option<String>,
    own: Option<(String, String)>,
}

impl Door {
    pub fn parse(url: &str, user: Option<&str>) -> Result<Door, String> {
        let parsed = Url::parse(url).map_err(|error| format!("its address cannot be read: {error}"))?;
        if parsed.fragment().is_some() {
            return Err("`#insecure` is not done: name the authority with `?cacert=FILE`".into());
        }
        let info = url.into_connection_info().map_err(|error| brief(&error.to_string()))?;
        let (seed, tls, socket) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => (Spot::new(host, *port), false, false),
            ConnectionAddr::TcpTls { host, port, .. } => (Spot::new(host, *port), true, false),
            ConnectionAddr::Unix(path) => (Spot::new(&path.to_string_lossy(), 0), false, true),
            _ => return Err("its address is of an unknown kind".into()),
        };
        let named = |name: &str| {
            parsed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let own = match (named("cert"), named("key")) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err("`cert` and `key` behind the address need each other".into()),
        };
        let settings = info.redis_settings();
        Ok(Door {
            seed,
            user: user.or(settings.username()).map(str::to_owned),
            db: settings.db(),
            tls,
            socket,
            certificates: Certificates { authority: named("cacert"), own },
            password: settings.password().map(SecretString::from),
        })
    }

    /// Who asks, as an access rule names them.
    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or("default")
    }

    pub fn db(&self) -> i64 {
        self.db
    }

    /// Connects, speaks RESP3 where that is known, and logs in. `Err` on the outside is ours, on the inside theirs.
    pub async fn open(
        &self,
        spot: &Spot,
        password: Option<&SecretString>,
    ) -> Result<Result<MultiplexedConnection, RedisError>, String> {
        let address = if self.socket {
            ConnectionAddr::Unix(spot.host.as_ref().into())
        } else if self.tls {
            let host = spot.host.to_string();
            ConnectionAddr::TcpTls { host, port: spot.port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(spot.host.to_string(), spot.port)
        };
        let certificates = if self.tls { self.certificates().await? } else { None };
        let connect = async {
            let newest =
                self.log_in(address.clone(), certificates.clone(), password, ProtocolVersion::RESP3).await;
            match newest {
                Err(error) if error.kind() == ErrorKind::RESP3NotSupported => {
                    self.log_in(address, certificates, password, ProtocolVersion::RESP2).await
                }
                other => other,
            }
        };
        match timeout(CONNECT + ANSWER, connect).await {
            Ok(result) => Ok(result),
            Err(_) => Err("timed out".into()),
        }
    }

    async fn log_in(
        &self,
        address: ConnectionAddr,
        certificates: Option<TlsCertificates>,
        password: Option<&SecretString>,
        protocol: ProtocolVersion,
    ) -> Result<MultiplexedConnection, RedisError> {
        // What it does not need is not asked: a refused `CLIENT SETINFO` would stand in the server's ACL log.
        let mut settings =
            RedisConnectionInfo::default().set_protocol(protocol).set_db(self.db).set_skip_set_lib_name();
        if let Some(password) = password {
            settings = settings.set_password(password.expose_secret());
            if let Some(user) = &self.user {
                settings = settings.set_username(user);
            }
        }
        let info = address.into_connection_info()?.set_redis_settings(settings);
        let client = match certificates {
            Some(certificates) => Client::build_with_tls(info, certificates)?,
            None => Client::open(info)?,
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Read at every new connection: they are replaced while programs run.
    async fn certificates(&self) -> Result<Option<TlsCertificates>, String> {
        let Certificates { authority, own } = &self.certificates;
        if authority.is_none() && own.is_none() {
            return Ok(None);
        }
        let root_cert = match authority {
            Some(path) => Some(read(path).await?),
            None => None,
        };
        let client_tls = match own {
            Some((cert, key)) => {
                Some(ClientTlsConfig { client_cert: read(cert).await?, client_key: read(key).await? })
            }
            None => None,
        };
        Ok(Some(TlsCertificates { client_tls, root_cert }))
    }
}

async fn read(path: &str) -> Result<Vec<u8>, String> {
    let within = timeout(ANSWER, tokio::fs::read(path)).await;
    match within {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(format!("cannot read `{path}`: {}", reason(&error))),
        Err(_) => Err(format!("cannot read `{path}`: timed out")),
    }
}

/// The password, read anew for every connection.
pub(super) async fn password(access: &Access, door: &Door) -> Result<Option<SecretString>, String> {
    let secret = access.secret(access.endpoint.password.as_ref());
    match timeout(CONNECT * 4, secret).await {
        Ok(secret) => secret
            .map(|secret| secret.or_else(|| door.password.clone()))
            .map_err(|why| format!("no password: {}", brief(&why))),
        Err(_) => Err("no password: timed out".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_who_and_by_which_authority() {
        let door = Door::parse("rediss://mon@cache.example:6380/2?cacert=/etc/ca.pem", None).unwrap();
        assert_eq!(
            (door.seed.to_string().as_str(), door.user(), door.db()),
            ("cache.example:6380", "mon", 2)
        );
        assert!(door.tls && door.certificates.authority.as_deref() == Some("/etc/ca.pem"));
        let typed = Door::parse("redis://mon:hunter2@cache", None).unwrap();
        assert!(typed.password.is_some() && !format!("{typed:?}").contains("hunter2"));
        let door = Door::parse("redis://cache", Some("app")).unwrap();
        assert_eq!((door.seed.to_string().as_str(), door.user(), door.tls), ("cache:6379", "app", false));
        let door = Door::parse("unix:///run/redis.sock", None).unwrap();
        assert_eq!(
            (door.seed.to_string().as_str(), door.user(), door.socket),
            ("/run/redis.sock", "default", true)
        );
    }

    #[test]
    fn an_address_that_would_trust_anybody_is_refused() {
        assert!(Door::parse("rediss://cache/#insecure", None).unwrap_err().contains("cacert"));
        assert!(Door::parse("rediss://cache/?cert=a.pem", None).unwrap_err().contains("key"));
        assert!(Door::parse("redis://", None).is_err());
    }
}
