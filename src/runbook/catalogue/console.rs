//! Lines of a shell's block that no shell reads: those behind a bare `psql` or `redis-cli`, SQL that stands alone,
//! a crontab's lines and a program's.
use super::super::document::Line;
use super::quotes::Quotes;
use super::session::Part;
use super::speech::{is_metrics, is_query, is_redis, is_sql, joins_query};
use super::verbs::is_command;
use crate::commands::tools::Tables;
use crate::commands::{Lang, Source, shell};

/// The most lines that a statement of SQL may take.
const MOST: usize = 60;

/// Cuts a shell's lines into what the shell gets and what consoles get.
pub fn parts(lines: Vec<Line>) -> Vec<Part> {
    let may_be = |line: &Line| {
        let text = line.text.trim();
        opener(text).is_some() || is_sql(text) || is_metrics(text) && !is_command(text)
    };
    if !lines.iter().any(may_be) {
        return vec![Part { lang: Lang::Shell, lines }];
    }
    let mut cut = Cutting::default();
    let mut quotes = Quotes::default();
    let mut console = None;
    let mut statement = String::new();
    // How many lines an open statement of SQL has.
    let mut open = 0;
    // How many signs a query has open, behind its first line.
    let mut query: Option<i32> = None;
    for (at, line) in lines.iter().enumerate() {
        let text = line.text.trim();
        if quotes.is_open() {
            quotes.take(&line.text);
            statement.push_str(&line.text);
            statement.push('\n');
            cut.give(Lang::Shell, line);
            if !quotes.is_open() {
                console = opened(&statement);
            }
            continue;
        }
        let note =
            text.is_empty() || text.starts_with('#') || console == Some(Lang::Sql) && text.starts_with("--");
        if open > 0 {
            let ends = note || open >= MOST || is_command(text) && !is_clause(text);
            open = if ends { 0 } else { open + 1 };
        }
        if note {
            query = None;
            cut.held.push(line.clone());
            continue;
        }
        if open > 0 {
            cut.give(Lang::Sql, line);
            open = if text.ends_with(';') { 0 } else { open };
            continue;
        }
        let goes_on = query.is_some_and(|depth| depth > 0 || joins_query(text));
        if goes_on || console.is_none() && is_metrics(text) && !is_command(text) {
            query = Some(query.filter(|_| goes_on).unwrap_or_default() + depth(text));
            cut.give(Lang::Query, line);
            continue;
        }
        query = None;
        if let Some(lang) = console {
            let leaves = shell::session::is_leave(text);
            if leaves || belongs(lang, text) {
                cut.give(lang, line);
                open = usize::from(
                    lang == Lang::Sql && !text.ends_with(';') && !text.starts_with('\\') && !leaves,
                );
                console = console.filter(|_| !leaves);
                continue;
            }
            console = None;
        }
        if stands_alone(text, lines.get(at..).unwrap_or_default()) {
            cut.give(Lang::Sql, line);
            open = usize::from(!text.ends_with(';'));
            continue;
        }
        quotes.take(&line.text);
        statement.clear();
        statement.push_str(&line.text);
        statement.push('\n');
        cut.give(Lang::Shell, line);
        if !quotes.is_open() {
            console = opened(&statement);
        }
    }
    cut.done()
}

/// How many signs a line leaves open.
fn depth(text: &str) -> i32 {
    let count = |signs: [char; 3]| i32::try_from(text.matches(signs).count()).unwrap_or(i32::MAX / 2);
    count(['(', '[', '{']) - count([')', ']', '}'])
}

#[derive(Default)]
struct Cutting {
    parts: Vec<Part>,
    /// Comments and blank lines: they belong to what follows them.
    held: Vec<Line>,
}

impl Cutting {
    fn give(&mut self, lang: Lang, line: &Line) {
        for held in std::mem::take(&mut self.held) {
            let held = if lang == Lang::Sql { commented(&held) } else { held };
            self.push(lang, held);
        }
        self.push(lang, line.clone());
    }

    fn push(&mut self, lang: Lang, line: Line) {
        match self.parts.last_mut() {
            Some(part) if part.lang == lang => part.lines.push(line),
            _ => self.parts.push(Part { lang, lines: vec![line] }),
        }
    }

    fn done(mut self) -> Vec<Part> {
        let lang = self.parts.last().map_or(Lang::Shell, |part| part.lang);
        for held in std::mem::take(&mut self.held) {
            let held = if lang == Lang::Sql { commented(&held) } else { held };
            self.push(lang, held);
        }
        self.parts
    }
}

/// A shell's comment as SQL has it.
pub fn commented(line: &Line) -> Line {
    match line.text.trim_start().strip_prefix('#') {
        Some(rest) if rest.is_empty() || rest.starts_with([' ', '\t', '#']) => {
            Line { no: line.no, text: format!("--{}", rest.replace("--", "- -")) }
        }
        _ => line.clone(),
    }
}

/// The language of a console that a word of the line names.
fn opener(line: &str) -> Option<Lang> {
    line.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'')).find_map(|word| match word {
        "psql" | "pgcli" | "mysql" | "mariadb" | "mycli" | "sqlite3" | "cqlsh" => Some(Lang::Sql),
        "redis-cli" | "valkey-cli" | "keydb-cli" => Some(Lang::Redis),
        "mongosh" | "mongo" => Some(Lang::Query),
        _ => None,
    })
}

/// The language of the console that a statement leaves open.
fn opened(statement: &str) -> Option<Lang> {
    opener(statement)?;
    let script = shell::read(Source { text: statement, lines: &[1] }, &Tables::default());
    let [one] = script.statements.as_slice() else { return None };
    let traits = one.traits;
    let fed = traits.pipe || traits.heredoc || traits.background || traits.compound;
    let tool = one.inner_tool.as_deref().unwrap_or(&one.tool);
    opener(tool).filter(|_| traits.interactive && traits.opaque && !fed)
}

/// Whether a line behind the opener is typed into the console, and no command of the shell again.
fn belongs(lang: Lang, text: &str) -> bool {
    let said = match lang {
        Lang::Sql => {
            is_sql(text) || text.starts_with(['\\', '.']) && !text.starts_with("./") || text.ends_with(';')
        }
        Lang::Redis => is_redis(&text.to_uppercase()),
        _ => {
            is_query(text)
                || ["use ", "show ", "db.", "rs.", "sh."].iter().any(|start| text.starts_with(start))
        }
    };
    said || !is_command(text)
}

/// SQL where a shell would look for a command: its verb is written in capitals, and where English has the word too,
/// a `;` ends it.
fn stands_alone(text: &str, from: &[Line]) -> bool {
    let verb = text.split_whitespace().next().unwrap_or_default();
    let shouted = verb.len() > 1 && verb.bytes().all(|b| b.is_ascii_uppercase());
    let ends = || {
        let told = from.iter().take(MOST).map(|line| line.text.trim()).take_while(|text| !text.is_empty());
        told.into_iter().any(|text| text.ends_with(';'))
    };
    shouted && is_sql(text) && !is_command(text) && (matches!(verb, "SELECT" | "DELETE" | "INSERT") || ends())
}

/// A line that goes on with a statement of SQL, although its first word is a tool's name as well.
fn is_clause(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        word.as_str(),
        "set"
            | "join"
            | "from"
            | "where"
            | "and"
            | "or"
            | "values"
            | "on"
            | "limit"
            | "order"
            | "group"
            | "having"
            | "left"
            | "inner"
            | "returning"
            | "union"
            | "sort"
            | "select"
    )
}

/// `0 3 * * 0 root /opt/clean.sh`, `@daily /opt/clean.sh`: what cron runs by itself.
pub fn is_cron(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let named = matches!(
        first,
        "@daily" | "@hourly" | "@weekly" | "@monthly" | "@yearly" | "@annually" | "@midnight" | "@reboot"
    );
    if named {
        return words.next().is_some();
    }
    let field = |word: &str| {
        let fits = word.split([',', '-', '/']).all(|one| {
            !one.is_empty() && (one == "*" || one.bytes().all(|b| b.is_ascii_digit()) && one.len() < 3)
                || one.len() == 3 && one.bytes().all(|b| b.is_ascii_alphabetic())
        });
        fits && !word.is_empty()
    };
    let begins = first.starts_with(|c: char| c == '*' || c.is_ascii_digit());
    let fields = std::iter::once(first).chain(words.by_ref().take(4));
    begins && fields.filter(|word| field(word)).count() == 5 && words.next().is_some()
}

/// A line of a program in a shell's block, which no shell could run: `app.pool = await connect()`.
pub fn is_program_line(text: &str) -> bool {
    let dotted = |name: &str| {
        let mut parts = name.split('.');
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        name.contains('.') && parts.all(word)
    };
    let called = |text: &str| {
        text.ends_with(')')
            && text.split_once('(').is_some_and(|(name, _)| dotted(name) && !name.starts_with("db."))
    };
    let awaited = text.strip_prefix("await ").is_some_and(called);
    let assigned =
        text.split_once(" = ").is_some_and(|(name, value)| dotted(name) && !value.trim().is_empty());
    !is_query(text) && (awaited || assigned || called(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(Lang, Vec<String>)> {
        let lines = (1..).zip(text.lines()).map(|(no, text)| Line { no, text: text.to_owned() }).collect();
        let texts = |part: Part| (part.lang, part.lines.into_iter().map(|line| line.text).collect());
        parts(lines).into_iter().map(texts).collect()
    }

    fn langs(text: &str) -> Vec<(Lang, usize)> {
        cut(text).into_iter().map(|(lang, lines)| (lang, lines.len())).collect()
    }

    #[test]
    fn what_follows_a_bare_console_is_typed_into_it() {
        let (shell, sql, redis, query) = (Lang::Shell, Lang::Sql, Lang::Redis, Lang::Query);
        assert_eq!(
            langs("docker exec -it db psql -U a shop\n\n# tables\n\\dt\nSELECT 1;"),
            [(shell, 1), (sql, 4)]
        );
        assert_eq!(
            langs("psql \\\n  -U a shop\nselect *\nfrom x;\n\\q\ndf -h"),
            [(shell, 2), (sql, 3), (shell, 1)]
        );
        assert_eq!(langs("redis-cli -h r\nFLUSHALL\nexit\nuptime"), [(shell, 1), (redis, 2), (shell, 1)]);
        assert_eq!(langs("mongosh\nuse app\ndb.users.deleteMany({})"), [(shell, 1), (query, 2)]);
    }

    #[test]
    fn a_console_that_is_given_its_text_or_followed_by_commands_gets_no_line() {
        for text in [
            "psql -c 'SELECT 1'\n\\x",
            "psql <<SQL\nDROP TABLE x;\nSQL\nFLUSH",
            "redis-cli PING\nFLUSHALL",
            "psql -U a shop\nkubectl get pods",
            "cat x | psql\nuptime",
            "psql -c \"\nSELECT 1;\n\"",
        ] {
            let shell_only = langs(text);
            assert_eq!(shell_only, [(Lang::Shell, text.lines().count())], "{text}");
        }
    }

    #[test]
    fn sql_that_stands_alone_is_one_statement_with_its_comment() {
        let text = "df -h\n\n# kill -- them\nSELECT pg_terminate_backend(pid) FROM x\nWHERE a = 1;\n\n# then\nuptime";
        let got = cut(text);
        let sql = ["", "-- kill - - them", "SELECT pg_terminate_backend(pid) FROM x", "WHERE a = 1;"];
        assert_eq!(got.len(), 3, "{got:?}");
        assert_eq!(got[1], (Lang::Sql, sql.map(str::to_owned).to_vec()));
        assert_eq!(langs("CALL the database team\nGRANT them access"), [(Lang::Shell, 2)]);
    }

    #[test]
    fn lines_of_a_crontab_and_of_a_program_are_told() {
        for line in
            ["0 3 * * 0 root /opt/x.sh", "*/5 * * * * /opt/x", "@daily /opt/x.sh", "0 2 1-7 jan,feb mon x"]
        {
            assert!(is_cron(line), "{line}");
        }
        for line in ["0 3 * * 0", "* * *", "crontab -e", "5 4 3 2 1", "@daily", "sleep 1 2 3 4 5 6"] {
            assert!(!is_cron(line), "{line}");
        }
        for line in ["await app.pool.close()", "app.pool = await x.y(...)", "os.kill(1)"] {
            assert!(is_program_line(line), "{line}");
        }
        for line in
            ["./a.sh (x)", "db.x.drop()", "f() {", "a.sh b = c", "x=1 y", "echo a.b = c", "curl http://a.b/c"]
        {
            assert!(!is_program_line(line), "{line}");
        }
    }
}
