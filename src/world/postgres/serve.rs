//! Serves connections: from the first packet to the last, a session for each.
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::command::{Tokens, split};
use super::extended::{Portal, Prepared};
use super::state::{Database, Signal};
use super::value::{Fault, Oid, Res, Value};
use super::wire::{Reader, Writer, read};
use crate::world::base::Handle;

const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;
const CANCEL: i32 = 80_877_102;
const VERSION: i32 = 3 << 16;
const MOST_CONNECTIONS: usize = 3_000;
/// What clients want to know from the beginning.
const REPORTED: &str = "application_name client_encoding DateStyle integer_datetimes server_encoding \
    server_version standard_conforming_strings TimeZone";

/// Takes connections until it is dropped.
pub async fn serve(listener: TcpListener, database: Handle<Database>) {
    let mut all = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) if all.len() < MOST_CONNECTIONS => {
                    all.spawn(connection(stream, from, database.clone()));
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = all.join_next() => {}
        }
    }
}

pub struct Client {
    stream: BufReader<TcpStream>,
    database: Handle<Database>,
    pub pid: i32,
    pub out: Writer,
    pub statements: BTreeMap<String, Prepared>,
    pub portal: Option<Portal>,
    /// After an error everything is passed over until the client waits for an answer.
    skips: bool,
}

async fn connection(stream: TcpStream, from: SocketAddr, database: Handle<Database>) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    let entered = tokio::time::timeout(Duration::from_mins(1), enter(&mut stream, from, &database)).await;
    let (mut out, ended) = match entered {
        Ok(Some((out, Ok(pid)))) => {
            let (statements, portal) = (BTreeMap::new(), None);
            let mut client = Client { stream, database, pid, out, statements, portal, skips: false };
            let ended = client.talk().await;
            client.database.with(|db| db.disconnect(pid));
            stream = client.stream;
            (client.out, ended)
        }
        Ok(Some((out, Err(fault)))) => (out, Err(fault)),
        _ => return,
    };
    if let Err(fault) = ended {
        out.fault(&fault);
        let _ = stream.write_all(&out.0).await;
        let _ = stream.shutdown().await;
    }
}

/// From the first packet until it is known who is there.
async fn enter(
    stream: &mut BufReader<TcpStream>,
    from: SocketAddr,
    database: &Handle<Database>,
) -> Option<(Writer, Res<i32>)> {
    let mut out = Writer::default();
    let mut said = BTreeMap::new();
    while said.is_empty() {
        let (_, body) = read(stream, true).await?;
        let mut reader = Reader(&body);
        match reader.int().ok()? {
            SSL | GSS => stream.write_all(b"N").await.ok()?,
            CANCEL => {
                let (pid, secret) = (reader.int().ok()?, reader.int().ok()?);
                database.with(|db| db.cancel(pid, secret));
                return None;
            }
            VERSION.. => {
                while let Some(name) = reader.text().ok().filter(|name| !name.is_empty()) {
                    said.insert(name, reader.text().ok()?);
                }
                said.get("user")?;
            }
            _ => return None,
        }
    }
    let mut password = None;
    if database.with(|db| db.asks_password(said.get("user").map_or("", |user| user)))? {
        out.message(b'R', |out| out.extend(3_i32.to_be_bytes()));
        stream.write_all(&std::mem::take(&mut out.0)).await.ok()?;
        let (kind, body) = read(stream, false).await?;
        password = Reader(&body).text().ok().filter(|_| kind == b'p');
    }
    let from = Some((from.ip().to_string(), i32::from(from.port())));
    let entered = database.with(|db| db.connect(&said, password.as_deref(), from))?;
    if let Ok((pid, secret)) = &entered {
        out.message(b'R', |out| out.extend(0_i32.to_be_bytes()));
        out.message(b'K', |out| out.extend([pid.to_be_bytes(), secret.to_be_bytes()].concat()));
    }
    Some((out, entered.map(|(pid, _)| pid)))
}

/// Waits until something reaches the session from outside.
async fn signal(database: &Handle<Database>, pid: i32) -> Signal {
    poll_fn(|context| match database.with(|db| db.listen(pid, context.waker())) {
        Some(None) => Poll::Pending,
        Some(Some(signal)) => Poll::Ready(signal),
        None => Poll::Ready(Signal::Terminate),
    })
    .await
}

fn terminated() -> Fault {
    Fault::fatal("57P01", "terminating connection due to administrator command")
}

impl Client {
    pub fn db<R>(&self, work: impl FnOnce(&mut Database) -> R) -> Res<R> {
        self.database.with(work).ok_or_else(terminated)
    }

    /// Until the client goes, or why it has to.
    async fn talk(&mut self) -> Res<()> {
        let pid = self.pid;
        for name in REPORTED.split(' ') {
            let value = self.db(|db| db.current(pid, name))?.unwrap_or_default();
            self.out.pair(name, &value);
        }
        self.ready();
        loop {
            if self.stream.get_mut().write_all(&std::mem::take(&mut self.out.0)).await.is_err() {
                return Ok(());
            }
            let message = {
                let Client { stream, database, .. } = self;
                let mut message = pin!(read(stream, false));
                loop {
                    tokio::select! {
                        biased;
                        // Whoever runs nothing has nothing that could be cancelled.
                        signal = signal(database, pid) => if signal == Signal::Terminate {
                            return Err(terminated());
                        },
                        message = &mut message => break message,
                    }
                }
            };
            match message {
                None | Some((b'X', _)) => return Ok(()),
                Some((kind, body)) => self.handle(kind, &body).await?,
            }
        }
    }

    /// One message. What is returned ends the connection.
    async fn handle(&mut self, kind: u8, body: &[u8]) -> Res<()> {
        let mut reader = Reader(body);
        let done = match kind {
            b'S' => Ok(()),
            b'H' => return Ok(()),
            _ if self.skips => return Ok(()),
            b'Q' => {
                let sql = reader.text()?;
                self.simple(&sql).await
            }
            b'P' | b'B' | b'D' | b'E' | b'C' => self.extended(kind, &mut reader).await,
            _ => return Err(Fault::fatal("08P01", format!("invalid frontend message type {kind}"))),
        };
        if let Err(fault) = done {
            if fault.severity == "FATAL" {
                return Err(fault);
            }
            let pid = self.pid;
            self.db(|db| db.fail(pid))?;
            self.out.fault(&fault);
            self.skips = kind != b'Q';
        }
        if matches!(kind, b'Q' | b'S') {
            self.skips = false;
            self.portal = None;
            self.ready();
        }
        Ok(())
    }

    fn ready(&mut self) {
        let pid = self.pid;
        let block = self.db(|db| {
            db.finish(pid);
            db.sessions.get(&pid).and_then(|one| one.block)
        });
        self.out.ready(block.ok().flatten());
    }

    async fn simple(&mut self, sql: &str) -> Res<()> {
        let pid = self.pid;
        self.db(|db| db.begin(pid, sql))?;
        for tokens in split(sql)? {
            self.run(&tokens, &[], &[], None).await?;
        }
        Ok(())
    }

    /// Does one statement, and holds its answer back as long as it takes. Where the formats of its columns are known
    /// the client has been told of them.
    pub async fn run(
        &mut self,
        tokens: &Tokens,
        types: &[Oid],
        params: &[Value],
        formats: Option<&[i16]>,
    ) -> Res<()> {
        let pid = self.pid;
        let (answer, ended) = self.db(|db| {
            let answer = db.execute(pid, tokens, types, params);
            let one = db.sessions.get_mut(&pid);
            // A session that ended itself is gone before its answer.
            let ended = one.as_ref().is_none_or(|one| one.signal == Some(Signal::Terminate));
            if let (Ok(answer), Some(one)) = (&answer, one) {
                one.wait = (answer.sleep > 0.0).then_some(("Timeout", "PgSleep"));
            }
            (answer, ended)
        })?;
        let answer = answer?;
        for notice in &answer.notices {
            self.out.fault(notice);
        }
        if ended {
            return Err(terminated());
        }
        if answer.sleep > 0.0 {
            self.sleep(answer.sleep).await?;
        }
        if let Some((columns, rows)) = &answer.found {
            if formats.is_none() {
                self.out.columns(columns, &[]);
            }
            self.out.rows(columns, rows, formats.unwrap_or_default());
        }
        if answer.tag.is_empty() {
            self.out.empty(b'I');
        } else {
            self.out.tag(&answer.tag);
        }
        Ok(())
    }

    /// To the end, or why not.
    async fn sleep(&mut self, seconds: f64) -> Res<()> {
        let pid = self.pid;
        let limit = self.db(|db| db.current(pid, "statement_timeout"))?.and_then(|limit| limit.parse().ok());
        let limit = limit.filter(|limit| *limit > 0).map_or(Duration::MAX, Duration::from_millis);
        let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let cancelled = |why: &str| Fault::new("57014", format!("canceling statement due to {why}"));
        tokio::select! {
            signal = signal(&self.database, self.pid) => Err(match signal {
                Signal::Cancel => cancelled("user request"),
                Signal::Terminate => terminated(),
            }),
            () = tokio::time::sleep(limit.min(whole)) => {
                if limit < whole { Err(cancelled("statement timeout")) } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_postgres::types::Type;
    use tokio_postgres::{Client, Config, NoTls};

    use super::super::tests::{START, ask, database};
    use super::*;
    use crate::world::base::Shared;

    async fn served() -> (Config, Handle<Database>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(listener.local_addr().expect("an address").port())
            .user("app")
            .dbname("orders");
        let shared = Shared::new(database());
        tokio::spawn(serve(listener, shared.whole()));
        (config, shared.whole())
    }

    async fn client(config: &Config) -> Client {
        let (client, connection) = config.connect(NoTls).await.expect("a session");
        tokio::spawn(connection);
        client
    }

    #[tokio::test]
    async fn a_client_prepares_and_reads_every_type() {
        let (config, _) = served().await;
        let client = client(&config).await;
        let sql = "SELECT $1::int8 + 1, $2 || 'b', now(), 1.5::float8, true, pg_blocking_pids(1), current_user::text, \
            pg_backend_pid(), id FROM stock WHERE id = $1 AND id = ANY ($3)";
        let row = client
            .query_typed(
                sql,
                &[(&3_i64, Type::INT8), (&"a", Type::TEXT), (&vec![3_i64, 4], Type::INT8_ARRAY)],
            )
            .await
            .expect("a row");
        let row = row.first().expect("a row");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1), row.get::<_, f64>(3)), (4, "ab", 1.5));
        let now: std::time::SystemTime = row.get(2);
        assert_eq!(now.duration_since(std::time::UNIX_EPOCH).expect("later").as_secs(), START.unsigned_abs());
        assert_eq!((row.get::<_, bool>(4), row.get::<_, Vec<i32>>(5)), (true, vec![]));
        assert_eq!((row.get::<_, &str>(6), row.get::<_, i64>(8)), ("app", 3));
        let fault = client.query("SELECT nothing", &[]).await.expect_err("a mistake");
        assert_eq!(fault.code().map(|code| code.code().to_owned()).as_deref(), Some("42703"));
        assert!(client.query_one("SELECT 1", &[]).await.is_ok(), "the session stands");
    }

    #[tokio::test]
    async fn what_runs_is_cancelled_timed_out_and_ended() {
        let (config, database) = served().await;
        let (sleeper, other) = (client(&config).await, client(&config).await);
        let code = |fault: tokio_postgres::Error| {
            fault.code().map(|code| code.code().to_owned()).unwrap_or_default()
        };
        sleeper.batch_execute("SET statement_timeout = 20").await.expect("set");
        let late = sleeper.query("SELECT pg_sleep(60)", &[]).await.expect_err("late");
        assert_eq!(code(late), "57014");
        sleeper.batch_execute("RESET statement_timeout").await.expect("reset");
        let running = |database: &Handle<Database>| {
            let asked = database.with(|db| {
                ask(db, "mon", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            });
            asked.as_deref() == Some("1")
        };
        let token = sleeper.cancel_token();
        let sleep = tokio::spawn(async move {
            (sleeper.query("SELECT pg_sleep(60)", &[]).await.expect_err("ended"), sleeper)
        });
        while !running(&database) {
            tokio::task::yield_now().await;
        }
        token.cancel_query(NoTls).await.expect("sent");
        let (fault, sleeper) = sleep.await.expect("an end");
        assert_eq!(code(fault), "57014");
        let pid: i32 = sleeper.query_one("SELECT pg_backend_pid()", &[]).await.expect("a row").get(0);
        other.query_typed("SELECT pg_terminate_backend($1)", &[(&pid, Type::INT4)]).await.expect("ended");
        let fault = sleeper.query("SELECT 1", &[]).await.expect_err("it is gone");
        assert!(fault.is_closed() || code(fault) == "57P01");
    }

    #[tokio::test]
    async fn a_password_is_asked_for_and_a_session_ends_with_its_connection() {
        let (mut config, database) = served().await;
        config.user("guarded").password("wrong");
        let fault = config
            .connect(NoTls)
            .await
            .err()
            .and_then(|fault| fault.code().map(|code| code.code().to_owned()));
        assert_eq!(fault.as_deref(), Some("28P01"));
        let one = client(config.password("secret")).await;
        one.batch_execute("BEGIN").await.expect("begun");
        drop(one);
        while database.with(|db| db.facts().used) != Some(0) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn bytes_that_are_no_protocol_end_their_connection_alone() {
        let (config, _) = served().await;
        let port = config.get_ports()[0];
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 64], &[0, 0, 0, 9, 0, 3, 0, 0, 0], &[255; 300]] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
            stream.write_all(bytes).await.expect("sent");
            stream.shutdown().await.expect("shut");
            let mut end = Vec::new();
            let _ = stream.read_to_end(&mut end).await;
        }
        assert!(client(&config).await.query_one("SELECT 1", &[]).await.is_ok());
    }
}
