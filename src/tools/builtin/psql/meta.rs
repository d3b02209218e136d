//! Backslash commands, and a password that is asked for where somebody can type it.
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use postgres_protocol::password::scram_sha_256;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{End, Session};

/// What the original asks for `\l` and `\dt`.
const DATABASES: &str = r#"SELECT d.datname as "Name",
       pg_catalog.pg_get_userbyid(d.datdba) as "Owner",
       pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding",
       d.datcollate as "Collate",
       d.datctype as "Ctype",
       d.daticulocale as "ICU Locale",
       CASE d.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS "Locale Provider",
       pg_catalog.array_to_string(d.datacl, E'\n') AS "Access privileges"
FROM pg_catalog.pg_database d
ORDER BY 1;"#;
const TABLES: &str = r#"SELECT n.nspname as "Schema",
  c.relname as "Name",
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' END as "Type",
  pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r','p','')
      AND n.nspname <> 'pg_catalog'
      AND n.nspname !~ '^pg_toast'
      AND n.nspname <> 'information_schema'
  AND pg_catalog.pg_table_is_visible(c.oid)
ORDER BY 1,2;"#;

/// What is typed on the terminal, unseen.
pub fn secret(prompt: &str) -> Option<String> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    terminal.write_all(prompt.as_bytes()).ok()?;
    tcsetattr(&terminal, OptionalActions::Flush, &hidden).ok()?;
    let mut line = String::new();
    let read = BufReader::new(&terminal).read_line(&mut line);
    let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
    let _ = terminal.write_all(b"\n");
    read.ok().filter(|count| *count > 0)?;
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

impl Session<'_> {
    pub(super) async fn meta(&mut self, text: &str) -> End {
        let mut words = text.split_whitespace();
        let command = words.next().unwrap_or_default();
        let word = words.next();
        let more = words.next().is_some() || word.is_some() && command != "\\password";
        match command {
            _ if more => self.unknown(text),
            "\\q" => End::Quit,
            "\\conninfo" => {
                let (target, ip) =
                    (&self.target, self.link.address().map(|address| address.ip().to_string()));
                let (host, port) = (&target.host, target.port);
                let place = match ip {
                    None => format!("via socket in \"{host}\""),
                    Some(ip) if ip == *host => format!("on host \"{host}\""),
                    Some(ip) => format!("on host \"{host}\" (address \"{ip}\")"),
                };
                let (database, user) = (&target.database, &target.user);
                let who = format!("to database \"{database}\" as user \"{user}\"");
                let _ = writeln!(self.io.stdout, "You are connected {who} {place} at port \"{port}\".");
                End::Good
            }
            "\\l" => self.titled("List of databases", DATABASES).await,
            "\\dt" => self.titled("List of relations", TABLES).await,
            "\\password" => self.password(word).await,
            _ => self.unknown(command),
        }
    }

    fn unknown(&mut self, command: &str) -> End {
        let _ = writeln!(self.io.stderr, "the built-in psql does not know {command}");
        End::Unknown
    }

    async fn titled(&mut self, title: &'static str, query: &str) -> End {
        self.shape.title = Some(title);
        let end = self.ask(query).await;
        self.shape.title = None;
        end
    }

    /// A new password is made unreadable here: the server never sees it.
    async fn password(&mut self, user: Option<&str>) -> End {
        // As a name in SQL: in small letters where it stands in no quotes.
        let user = match user
            .map(|user| user.strip_prefix('"').and_then(|user| user.strip_suffix('"')).ok_or(user))
        {
            None => self.target.user.clone(),
            Some(Ok(quoted)) => quoted.to_owned(),
            Some(Err(plain)) => plain.to_lowercase(),
        };
        let new = secret(&format!("Enter new password for user \"{user}\": "));
        let again = secret("Enter it again: ");
        let Some(new) = new.filter(|new| Some(new) == again.as_ref()) else {
            let _ = writeln!(self.io.stderr, "Passwords didn't match.");
            return End::Failed;
        };
        let hash = scram_sha_256(new.as_bytes());
        let quiet = std::mem::replace(&mut self.quiet, true);
        let end = self.ask(&format!("ALTER USER \"{}\" PASSWORD '{hash}'", user.replace('"', "\"\""))).await;
        self.quiet = quiet;
        end
    }
}
