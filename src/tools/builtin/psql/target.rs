//! Which server, database and user: from options, an address and the environment.
use std::time::Duration;

use super::super::curl::flags::Given;
use super::super::curl::url::decoded;
use super::wire::limit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub password: Option<String>,
    pub ssl: String,
    pub options: Option<String>,
    pub application: String,
    pub timeout: Option<Duration>,
}

/// The names of libpq, and where each stands in the environment.
const NAMES: [(&str, &str); 9] = [
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("dbname", "PGDATABASE"),
    ("password", "PGPASSWORD"),
    ("sslmode", "PGSSLMODE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
];

const ELSEWHERE: [&str; 4] = ["PGSERVICE", "PGHOSTADDR", "PGTARGETSESSIONATTRS", "PGREQUIREAUTH"];

/// `postgresql://user:password@host:port/database?name=value`.
fn address(text: &str) -> Option<Vec<(String, String)>> {
    let rest = text.strip_prefix("postgresql://").or(text.strip_prefix("postgres://"))?;
    let (rest, asked) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
        Some((host, port)) => (host, port.trim_start_matches(':')),
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let first =
        [("host", host), ("port", port), ("user", user), ("password", password), ("dbname", database)];
    let pairs = asked.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = first.into_iter().chain(pairs).filter(|(_, value)| !value.is_empty());
    Some(pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect())
}

impl Target {
    pub fn of(given: &Given) -> Result<Target, String> {
        Target::from(given, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from(given: &Given, environment: impl Fn(&str) -> Option<String>) -> Result<Target, String> {
        let option = |name| given.value(name).map(str::to_owned);
        let mut pairs = Vec::new();
        let mut free = given.words.iter().cloned();
        // They would lead elsewhere, and are not followed here.
        if let Some(name) = ELSEWHERE.iter().find(|name| environment(name).is_some()) {
            return Err(format!("the built-in psql does not follow {name}"));
        }
        let database = option("--dbname").or_else(|| free.next());
        let (mut host, port) = (option("--host"), option("--port"));
        let user = option("--username").or_else(|| free.next());
        if let Some(word) = free.next() {
            return Err(format!("the built-in psql does not know what \"{word}\" is for"));
        }
        for (name, value) in [("host", host.take()), ("port", port), ("user", user)] {
            pairs.extend(value.map(|value| (name.to_owned(), value)));
        }
        if let Some(database) = database {
            match address(&database) {
                // What stands in an address goes before the options.
                Some(inner) => pairs.splice(0..0, inner).for_each(drop),
                None if database.contains('=') => {
                    return Err("the built-in psql takes an address, and no `name=value` words".to_owned());
                }
                None => pairs.push(("dbname".to_owned(), database)),
            }
        }
        if let Some((name, _)) = pairs.iter().find(|(name, _)| NAMES.iter().all(|(known, _)| known != name)) {
            return Err(format!("invalid connection option \"{name}\""));
        }
        let get = |wanted: &str| {
            let said = pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
            let place = NAMES.iter().find(|(name, _)| *name == wanted).map_or("", |(_, place)| place);
            said.filter(|value| !value.is_empty()).or_else(|| environment(place))
        };
        let port = get("port").unwrap_or("5432".to_owned());
        let wrong = || format!("invalid integer value \"{port}\" for connection option \"port\"");
        let ssl = get("sslmode").unwrap_or("prefer".to_owned());
        if !["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].contains(&ssl.as_str()) {
            return Err(format!("invalid sslmode value: \"{ssl}\""));
        }
        let own = || environment("USER").or_else(|| environment("LOGNAME")).unwrap_or("root".to_owned());
        let user = get("user").unwrap_or_else(own);
        Ok(Target {
            host: get("host").unwrap_or("/var/run/postgresql".to_owned()),
            port: port.parse().map_err(|_| wrong())?,
            database: get("dbname").unwrap_or_else(|| user.clone()),
            password: get("password"),
            ssl,
            user,
            options: get("options"),
            application: get("application_name").unwrap_or("psql".to_owned()),
            timeout: get("connect_timeout").as_deref().and_then(limit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_options_an_address_or_the_environment() {
        let with = |database: &str| Given {
            flags: vec![("--host", "h".to_owned()), ("--dbname", database.to_owned())],
            words: Vec::new(),
        };
        let environment = |name: &str| (name == "PGUSER").then(|| "me".to_owned());
        let read = |database: &str| Target::from(&with(database), environment);
        let plain = read("shop").expect("target");
        assert_eq!((plain.host.as_str(), plain.user.as_str(), plain.port), ("h", "me", 5432));
        let uri = read("postgresql://a%40b:p@[::1]:1/d?sslmode=disable&connect_timeout=3").expect("target");
        assert_eq!((uri.host.as_str(), uri.user.as_str(), uri.database.as_str()), ("::1", "a@b", "d"));
        assert_eq!((uri.ssl.as_str(), uri.timeout), ("disable", Some(Duration::from_secs(3))));
        let aimed = |name: &'static str| move |asked: &str| (asked == name).then(|| "x".to_owned());
        assert!(Target::from(&with("d"), aimed("PGSERVICE")).is_err(), "it may be another server");
        let many = Given { words: vec!["user".to_owned(), "more".to_owned()], ..with("d") };
        assert!(Target::from(&many, environment).is_err());
        assert!(read("host=elsewhere").is_err());
        let odd = read("postgres://h/d?nosuch=1").expect_err("option");
        assert_eq!(odd, "invalid connection option \"nosuch\"");
    }
}
