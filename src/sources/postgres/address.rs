//! Where a server is, read from its URL as `libpq` reads it, and how much TLS that asks for.
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use tokio_postgres::config::TargetSessionAttrs;

use crate::domain::settings::Endpoint;
use crate::sources::reason::brief;

/// As `sslmode` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    Disable,
    /// With TLS where the server has it, and said when it has not.
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Tls {
    fn parse(text: &str) -> Option<Tls> {
        Some(match text {
            "disable" => Tls::Disable,
            // What libpq tries last, we try first: nothing is lost by that.
            "allow" | "prefer" => Tls::Prefer,
            "require" => Tls::Require,
            "verify-ca" => Tls::VerifyCa,
            "verify-full" => Tls::VerifyFull,
            _ => return None,
        })
    }
}

#[derive(Clone)]
pub struct Address {
    pub hosts: Vec<(String, u16)>,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    pub database: Option<String>,
    pub tls: Tls,
    /// Which of several hosts is meant.
    pub wanted: TargetSessionAttrs,
    /// Authorities to trust; `system` or nothing means those of this box.
    pub root: Option<PathBuf>,
    /// Our own certificate and its key.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// Without secrets: `db.example:5432/shop`.
impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        write!(out, "{}", brief(&hosts.join(",")))?;
        match self.database.as_deref().or(self.user.as_deref()) {
            Some(database) => write!(out, "/{}", brief(database)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Address({self})")
    }
}

const PORT: u16 = 5432;

impl Address {
    /// Reads an endpoint's URL; an error names the part that cannot be meant, never the whole of it.
    pub fn of(endpoint: &Endpoint, url: &str) -> Result<Address, String> {
        let mut address = Address::parse(url)?;
        if let Some(user) = &endpoint.username {
            address.user.get_or_insert_with(|| user.clone());
        }
        Ok(address)
    }

    pub fn parse(url: &str) -> Result<Address, String> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or("the address does not begin with `postgres://`")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') && !authority.contains('@') {
            return Err("an `@` after the first `/`: write a `/` of a password as %2F, an `@` as %40".into());
        }
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) =
            login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        let some = |text: &str| (!text.is_empty()).then(|| decoded(text));
        let mut address = Address {
            hosts: Vec::new(),
            user: some(user),
            password: password.map(|password| decoded(password).into()),
            database: some(path),
            tls: Tls::default(),
            wanted: TargetSessionAttrs::Any,
            root: None,
            own: None,
        };
        let mut hosts = hosts.to_owned();
        let mut port = PORT;
        let (mut certificate, mut key) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match name {
                "sslmode" => {
                    address.tls =
                        Tls::parse(&value).ok_or_else(|| format!("`{}` is no sslmode", brief(&value)))?;
                }
                "target_session_attrs" => {
                    address.wanted = wanted(&value)
                        .ok_or_else(|| format!("`{}` is no target_session_attrs", brief(&value)))?;
                }
                "sslrootcert" => address.root = Some(value.into()),
                "sslcert" => certificate = Some(PathBuf::from(value)),
                "sslkey" => key = Some(PathBuf::from(value)),
                "host" => hosts = value.replace('/', "%2F"),
                "port" => port = number(&value)?,
                "user" => address.user = Some(value),
                "password" => address.password = Some(value.into()),
                "dbname" => address.database = Some(value),
                // What else libpq knows is set by firedeck itself, or means nothing to it.
                _ => {}
            }
        }
        address.own = certificate.zip(key);
        for host in hosts.split(',') {
            address.hosts.push(host_of(host, port)?);
        }
        // A file of authorities is there to be looked at.
        if address.tls == Tls::Require && address.root.is_some() {
            address.tls = Tls::VerifyCa;
        }
        Ok(address)
    }

    /// Sockets of this box carry no TLS, and need none.
    pub fn is_socket(&self) -> bool {
        self.hosts.iter().all(|(host, _)| host.starts_with('/'))
    }
}

fn host_of(text: &str, port: u16) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':').map_or(Ok(port), number)?),
        None => match text.rsplit_once(':') {
            Some((host, after)) => (host, number(after)?),
            None => (text, port),
        },
    };
    let host = decoded(host);
    Ok((if host.is_empty() { "localhost".into() } else { host }, port))
}

/// Which hosts `libpq` would take; it asks those that are both, or neither, twice, which nobody here needs.
fn wanted(text: &str) -> Option<TargetSessionAttrs> {
    Some(match text {
        "any" => TargetSessionAttrs::Any,
        "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
        "read-only" | "standby" => TargetSessionAttrs::ReadOnly,
        _ => return None,
    })
}

/// Where a port is meant a password may stand, if a `/` in it was not written as `%2F`: it is not repeated.
fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "what stands for a port is none".into())
}

/// Without `%41`; what is no such pair stays as it is.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let pair = pair.filter(|_| *byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(pair.unwrap_or(*byte));
        rest = if pair.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn parse(url: &str) -> Address {
        Address::parse(url).expect("an address")
    }

    #[test]
    fn every_part_of_an_address_is_read() {
        let address =
            parse("postgres://me:p%40ss@db.example:6432/shop?sslmode=verify-full&sslrootcert=/ca.crt");
        assert_eq!(address.hosts, [("db.example".to_owned(), 6432)]);
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password.as_ref().map(ExposeSecret::expose_secret), Some("p@ss"));
        assert_eq!((address.tls, address.root.clone()), (Tls::VerifyFull, Some("/ca.crt".into())));
        assert_eq!(address.to_string(), "db.example:6432/shop");
        assert!(!format!("{address:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_not_said_is_as_libpq_has_it() {
        let address = parse("postgresql://");
        assert_eq!((address.hosts, address.tls), (vec![("localhost".to_owned(), 5432)], Tls::Prefer));
        assert_eq!(parse("postgres://h?sslmode=require&sslrootcert=a").tls, Tls::VerifyCa);
        assert_eq!(parse("postgres://h/d?application_name=x&whatever=1").database.as_deref(), Some("d"));
    }

    #[test]
    fn several_hosts_sockets_and_ipv6_are_addresses_too() {
        assert_eq!(parse("postgres://a:1,b/d?port=7").hosts, [("a".to_owned(), 1), ("b".to_owned(), 7)]);
        let socket = parse("postgres:///d?host=/var/run/postgresql");
        assert!(socket.is_socket());
        assert!(parse("postgres://%2Frun/d").is_socket());
        assert_eq!(parse("postgres://[::1]:9/d").hosts, [("::1".to_owned(), 9)]);
    }

    #[test]
    fn what_cannot_be_meant_is_named_without_the_secrets_around_it() {
        for (url, says) in [
            ("postgres://u:hunter2@h?sslmode=on", "`on` is no sslmode"),
            ("postgres://u:hunter2@h:x", "what stands for a port is none"),
            ("postgres://u:hunter2?x@h/d", "what stands for a port is none"),
            (
                "postgres://u:hunter2/x@h/d",
                "an `@` after the first `/`: write a `/` of a password as %2F, an `@` as %40",
            ),
            ("postgres://a,b/d?target_session_attrs=master", "`master` is no target_session_attrs"),
            ("mysql://u:hunter2@h", "the address does not begin with `postgres://`"),
        ] {
            assert_eq!(Address::parse(url).expect_err("no address"), says);
        }
    }
}
