//! One connection to one server: opened once, held, and spoken over by one at a time.
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::{Mutex as Turn, MutexGuard};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Row, SimpleQueryStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, Tls};
use super::tls;
use super::value::{flag as value_flag, number, text};
use crate::domain::Text;
use crate::sources::backend::Access;
use crate::sources::reason::{brief, reason};

const CONNECT: Duration = Duration::from_secs(3);
/// A little more than the server gives a statement, so that its own word comes first.
const ANSWER: Duration = Duration::from_secs(5);
/// How long an action waits for the poll before it cancels it.
const PATIENCE: Duration = Duration::from_millis(50);
const AFTER_CANCEL: Duration = Duration::from_millis(1_500);

/// A value for a statement, with its type.
pub type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// Why a statement has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is of no use any more.
    Lost(String),
    /// No slot is left on the server for this role.
    Full(String),
    /// The server knows us not.
    Login(String),
    /// An action wanted to speak first.
    Interrupted,
    /// The server says no; the connection stands.
    Said { code: String, what: String },
}

impl Fault {
    pub fn words(&self) -> String {
        match self {
            Fault::Lost(why) | Fault::Full(why) | Fault::Login(why) => why.clone(),
            Fault::Interrupted => "an action went first".into(),
            Fault::Said { code, what } => match code.as_str() {
                "57014" => "the server took more than 3 s for an answer (statement_timeout)".into(),
                "55P03" => format!("something that is read is locked: {what}"),
                _ => format!("{what} ({code})"),
            },
        }
    }

    pub fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Fault::Said { code, .. } if code == wanted)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Fault {
        let Some(said) = error.as_db_error() else { return Fault::Lost(reason(&error)) };
        let what = brief(said.message());
        let code = said.code();
        if what.contains("unsupported startup parameter") {
            return Fault::Lost(format!("a pooler answers here: name the server itself ({what})"));
        }
        if *code == SqlState::TOO_MANY_CONNECTIONS {
            return Fault::Full(what);
        }
        if matches!(*code, SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
            return Fault::Login(what);
        }
        // 57P01 to 57P03: the server goes down or comes up.
        if code.code().starts_with("57P") || code.code().starts_with("08") {
            return Fault::Lost(what);
        }
        Fault::Said { code: code.code().to_owned(), what }
    }
}

/// What is known of the server once we are in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Greeting {
    /// `server_version_num`.
    pub number: i32,
    pub version: Text,
    pub user: Text,
    pub database: Text,
    pub superuser: bool,
    /// Sees every session as it is.
    pub reads_all: bool,
    pub signals: bool,
    pub encrypted: bool,
    /// How many slots are kept for roles that may use them, and whether we may; from version 16 on.
    pub reserve: Option<(i64, bool)>,
    /// `None` where it may not be asked.
    pub system: Option<Text>,
}

/// An open connection.
pub struct Session {
    client: Client,
    pub greeting: Greeting,
    /// Over the reserved role's way in.
    pub emergency: bool,
    /// What was set after connecting.
    settings: Vec<&'static str>,
}

/// The way to a server, for the poll and for actions.
pub struct Link {
    pub access: Access,
    pub name: Text,
    turn: Turn<Option<Session>>,
    cancel: Mutex<Option<(CancelToken, MakeRustlsConnect)>>,
    interrupted: AtomicBool,
    /// Whether whoever had the turn last is the poll: an action is not cut off for another.
    polling: AtomicBool,
    /// Held while a cancel is under way, so that it does not meet what comes after.
    cancelling: Turn<()>,
}

impl Link {
    pub fn new(access: Access) -> Link {
        let name = access.endpoint.name.as_str().into();
        Link {
            access,
            name,
            turn: Turn::default(),
            cancel: Mutex::default(),
            interrupted: AtomicBool::new(false),
            polling: AtomicBool::new(false),
            cancelling: Turn::default(),
        }
    }

    /// For the poll: waits its turn, however long that takes.
    pub async fn turn(&self) -> MutexGuard<'_, Option<Session>> {
        let turn = self.turn.lock().await;
        self.interrupted.store(false, Ordering::Release);
        self.polling.store(true, Ordering::Release);
        turn
    }

    /// For an action: a poll in flight is cancelled, so that the action goes first.
    pub async fn first(&self) -> Result<MutexGuard<'_, Option<Session>>, Fault> {
        let lost = || Fault::Lost("not connected".into());
        let turn = if let Ok(turn) = timeout(PATIENCE, self.turn.lock()).await {
            turn
        } else {
            self.cut_off().await;
            let turn = timeout(AFTER_CANCEL, self.turn.lock()).await;
            turn.map_err(|_| Fault::Lost("the server answers nothing now".into()))?
        };
        self.polling.store(false, Ordering::Release);
        // Another action may have begun a cancel before it lost the race for the turn.
        let _ = timeout(AFTER_CANCEL, self.cancelling.lock()).await;
        let session = turn.as_ref().ok_or_else(lost)?;
        if self.interrupted.swap(false, Ordering::AcqRel) {
            // The cancel may come late, and must not meet what matters.
            let _ = session.ask("SELECT 1", &[]).await;
        }
        Ok(turn)
    }

    /// Cancels what the poll waits for, if it is the poll that has the turn.
    async fn cut_off(&self) {
        let _one = self.cancelling.lock().await;
        if !self.polling.load(Ordering::Acquire) {
            return;
        }
        self.interrupted.store(true, Ordering::Release);
        self.cancel().await;
    }

    async fn cancel(&self) {
        let cancel = self.cancel.lock().ok().and_then(|cancel| cancel.clone());
        if let Some((token, tls)) = cancel {
            // Whether it came through is told by the turn.
            let _ = timeout(AFTER_CANCEL, token.cancel_query(tls)).await;
        }
    }

    /// Cancels what whoever has the turn has sent and no longer waits for; says whether the session can be used again.
    pub async fn give_up(&self, session: &Session) -> bool {
        let _one = self.cancelling.lock().await;
        self.cancel().await;
        // The cancel may meet this one.
        for _ in 0..2 {
            match session.ask("SELECT 1", &[]).await {
                Ok(_) | Err(Fault::Said { .. }) => return true,
                Err(_) => {}
            }
        }
        false
    }

    /// Whether the statement that was cut off was cut off by us.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Opens a connection; `emergency` takes the reserved role's way in.
    pub async fn open(&self, emergency: bool) -> Result<(Session, Address), Fault> {
        let endpoint = &self.access.endpoint;
        let url = endpoint.emergency_url.as_ref().filter(|_| emergency).unwrap_or(&endpoint.url);
        let address = if emergency { Address::parse(url) } else { Address::of(endpoint, url) };
        let mut address = address.map_err(Fault::Lost)?;
        // The endpoint's own password is not the reserved role's, unless that has none.
        if address.password.is_none() {
            let secret = self.access.secret(endpoint.password.as_ref()).await.map_err(Fault::Login)?;
            address.password = secret;
        }
        let tls = MakeRustlsConnect::new(tls::config(&address).map_err(Fault::Lost)?);
        let connected = timeout(patience(&address), config(&address).connect(tls.clone())).await;
        let (client, mut connection) = connected.map_err(|_| Fault::Lost("timed out".into()))??;
        tokio::spawn(poll_fn(move |context| {
            loop {
                match ready!(connection.poll_message(context)) {
                    Some(Ok(AsyncMessage::Notice(notice))) => tracing::debug!("notice: {}", notice.message()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::info!("connection ended: {}", reason(&error));
                        return Poll::Ready(());
                    }
                    None => return Poll::Ready(()),
                }
            }
        }));
        let token = client.cancel_token();
        let session = settle(client, emergency).await?;
        if let Ok(mut cancel) = self.cancel.lock() {
            *cancel = Some((token, tls));
        }
        Ok((session, address))
    }
}

/// Each of several hosts has its own time.
fn patience(address: &Address) -> Duration {
    CONNECT.saturating_mul(u32::try_from(address.hosts.len()).unwrap_or(1).clamp(1, 5))
}

/// Known to every version. With the first packet, not by `SET`: behind a pooler that would stay with a server's
/// connection when others have it.
const OPTIONS: &str = "-c statement_timeout=3000 -c lock_timeout=300 -c timezone=UTC -c datestyle=ISO \
    -c idle_in_transaction_session_timeout=10000";

pub(in crate::sources) fn config(address: &Address) -> Config {
    let mut config = Config::new();
    config.options(OPTIONS).target_session_attrs(address.wanted);
    for (host, port) in &address.hosts {
        config.host(host).port(*port);
    }
    // As libpq has it: without a name one is who one is here.
    let here = || ["PGUSER", "USER"].iter().find_map(|name| std::env::var(name).ok());
    config.user(address.user.clone().or_else(here).unwrap_or_else(|| "postgres".into()));
    if let Some(password) = &address.password {
        config.password(password.expose_secret());
    }
    if let Some(database) = &address.database {
        config.dbname(database);
    }
    config.application_name("firedeck").connect_timeout(CONNECT);
    config
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5));
    config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(20));
    config.ssl_mode(match address.tls {
        Tls::Disable => SslMode::Disable,
        Tls::Prefer if address.is_socket() => SslMode::Disable,
        Tls::Prefer => SslMode::Prefer,
        _ => SslMode::Require,
    });
    config
}

/// Makes a new connection harmless and asks who is there.
async fn settle(client: Client, emergency: bool) -> Result<Session, Fault> {
    let mut session = Session { client, greeting: Greeting::default(), emergency, settings: Vec::new() };
    let first = "SELECT current_setting('server_version_num')::int4, current_setting('server_encoding')";
    let first = session.ask(first, &[]).await?;
    let version: i32 = first.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default();
    let encoding = first.first().map(|row| text(row, 1)).unwrap_or_default();
    if encoding == "SQL_ASCII" {
        // It knows no encoding, and would refuse to send what is none of ours.
        session.settings.push("client_encoding='SQL_ASCII'");
    }
    if version >= 140_000 {
        session.settings.push("idle_session_timeout=0");
    }
    session.set().await;
    let who = "SELECT current_setting('server_version'), current_user::text, current_database()::text, \
        (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), \
        pg_has_role('pg_read_all_stats', 'USAGE'), pg_has_role('pg_signal_backend', 'USAGE'), \
        coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()), false)";
    let rows = session.ask(who, &[]).await?;
    let row = rows.first().ok_or_else(|| Fault::Lost("the server says nothing of itself".into()))?;
    let flag = |at: usize| row.try_get::<_, Option<bool>>(at).ok().flatten().unwrap_or(false);
    let superuser = flag(3);
    session.greeting = Greeting {
        number: version,
        // `15.18 (Debian …)`: what follows is the builder's.
        version: text(row, 0).split_whitespace().next().unwrap_or_default().into(),
        user: text(row, 1).into(),
        database: text(row, 2).into(),
        superuser,
        reads_all: superuser || flag(4),
        signals: superuser || flag(5),
        encrypted: flag(6),
        reserve: None,
        system: None,
    };
    if version >= 160_000 && !superuser {
        let ask = "SELECT current_setting('reserved_connections')::int8, \
            pg_has_role('pg_use_reserved_connections', 'USAGE')";
        let reserve = session.ask(ask, &[]).await.ok();
        session.greeting.reserve = reserve.and_then(|rows| {
            let row = rows.first()?;
            Some((number(row, 0)?, value_flag(row, 1)))
        });
    }
    // Not everywhere, and not for everybody.
    let system = session.ask("SELECT system_identifier::int8 FROM pg_catalog.pg_control_system()", &[]).await;
    let system = system.ok().and_then(|rows| rows.first().and_then(|row| number(row, 0)));
    session.greeting.system = system.map(|system| system.to_string().into());
    Ok(session)
}

impl Session {
    /// One statement, in one round trip and without a prepared one.
    pub async fn ask(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        match timeout(ANSWER, self.client.query_typed(sql, values)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Fault::Lost("timed out".into())),
        }
    }

    /// A text as it is, in one round trip; the server cuts it into statements.
    pub async fn send(&self, text: &str) -> Result<SimpleQueryStream, Fault> {
        Ok(self.client.simple_query_raw(text).await?)
    }

    async fn set(&self) {
        for setting in &self.settings {
            // What is not let through is done without.
            if let Err(fault) = self.ask(&format!("SET {setting}"), &[]).await {
                tracing::info!("{setting}: {}", fault.words());
            }
        }
    }

    /// Puts back whatever statements of others have set; says whether they left a transaction open, which is undone.
    pub async fn restore(&self) -> Result<bool, Fault> {
        let mut open = false;
        // It runs in no transaction, and that is how one is seen. What was set may have been the time for an answer.
        for _ in 0..3 {
            match self.ask("DISCARD ALL", &[]).await {
                Err(fault) if fault.has_code("25001") || fault.has_code("25P02") => {
                    open = true;
                    self.ask("ROLLBACK", &[]).await?;
                }
                Err(fault) if fault.has_code("57014") => {}
                Err(fault) => return Err(fault),
                Ok(_) => {
                    self.set().await;
                    let user = self.ask("SELECT current_user::text", &[]).await?;
                    let user = user.first().map(|row| text(row, 0)).unwrap_or_default();
                    return if *user == *self.greeting.user {
                        Ok(open)
                    } else {
                        Err(Fault::Lost(format!("it speaks as `{user}` now")))
                    };
                }
            }
        }
        Err(Fault::Lost("it is not put back in time".into()))
    }

    pub fn is_open(&self) -> bool {
        !self.client.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_pooler_is_told_from_a_server_and_our_limits_come_with_the_first_packet() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let pooler = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody");
            let mut first = [0; 1_024];
            let n = stream.read(&mut first).await.expect("a packet");
            let said = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
            let size = u32::try_from(said.len() + 4).expect("small").to_be_bytes();
            stream.write_all(&[b"E", &size[..], said].concat()).await.expect("sent");
            String::from_utf8_lossy(&first[..n]).into_owned()
        });
        let address =
            Address::parse(&format!("postgres://u@127.0.0.1:{port}/d?sslmode=disable")).expect("read");
        let fault = config(&address).connect(tokio_postgres::NoTls).await.err().map(Fault::from);
        let words = fault.map(|fault| fault.words()).unwrap_or_default();
        assert!(words.starts_with("a pooler answers here: name the server itself"), "{words}");
        let first = pooler.await.expect("it ends");
        assert!(first.contains("-c statement_timeout=3000") && first.contains("lock_timeout=300"), "{first}");
    }

    #[test]
    fn each_of_several_hosts_has_its_own_time() {
        let of = |url| patience(&Address::parse(url).expect("an address"));
        assert_eq!([of("postgres://a/d"), of("postgres://a,b/d")], [CONNECT, CONNECT * 2]);
    }
}
