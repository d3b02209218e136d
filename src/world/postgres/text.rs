//! Statements as `psql` asks them inside of a pod: the same server, and its answers as a table of text.
use std::collections::BTreeMap;
use std::fmt::Write;

use super::command::{Reply, split};
use super::fault::Fault;
use super::names;
use super::state::Database;
use super::value::{Value, category};

impl Database {
    /// What `psql` prints for a text, or its error; `plain` is its `-At`.
    pub fn query(&mut self, user: &str, database: &str, sql: &str, plain: bool) -> Result<String, String> {
        let said = [("user", user), ("database", database), ("application_name", "psql")];
        let said: BTreeMap<String, String> =
            said.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let password = self.role_named(user).and_then(|role| role.password.clone());
        let (pid, _) = self.connect(&said, password.as_deref(), None).map_err(|fault| {
            let socket = "/var/run/postgresql/.s.PGSQL.5432";
            format!(
                "psql: error: connection to server on socket \"{socket}\" failed: FATAL:  {}\n",
                fault.message
            )
        })?;
        let done = self.answered(pid, sql, plain);
        self.finish(pid);
        self.disconnect(pid);
        done
    }

    fn answered(&mut self, pid: i32, sql: &str, plain: bool) -> Result<String, String> {
        let said = |fault: &Fault| told(fault, sql);
        let mut out = String::new();
        self.begin(pid, sql);
        for tokens in split(sql).map_err(|fault| said(&fault))? {
            let answer =
                self.execute(pid, &tokens, &[], &[]).map_err(|fault| format!("{out}{}", said(&fault)))?;
            out.extend(answer.notices.iter().map(said));
            match answer.reply {
                Reply::Empty => {}
                Reply::Done(tag) => _ = writeln!(out, "{tag}"),
                Reply::Rows { columns, rows, .. } => {
                    let cell = |(value, (_, ty)): (&Value, &(String, u32))| names::shown(self, value, *ty);
                    let rows: Vec<Vec<String>> =
                        rows.iter().map(|row| row.iter().zip(&columns).map(cell).collect()).collect();
                    if plain {
                        out.extend(rows.iter().map(|row| format!("{}\n", row.join("|"))));
                    } else {
                        out.push_str(&aligned(&columns, &rows));
                    }
                }
            }
        }
        Ok(out)
    }
}

/// A fault as `psql` prints it, with the line of the statement that it points into.
fn told(fault: &Fault, sql: &str) -> String {
    let mut out = format!("{}:  {}\n", fault.severity, fault.message);
    if let Some((line, column)) = fault.at {
        let at = |n: u64| usize::try_from(n).unwrap_or(1).saturating_sub(1);
        let lead = format!("LINE {line}: ");
        let text = sql.lines().nth(at(line)).unwrap_or_default();
        _ = write!(out, "{lead}{text}\n{}^\n", " ".repeat(lead.len() + at(column).min(10_000)));
    }
    out.extend(fault.hint.iter().map(|hint| format!("HINT:  {hint}\n")));
    out
}

fn aligned(columns: &[(String, u32)], rows: &[Vec<String>]) -> String {
    let letters = |text: &str| text.chars().count();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| letters(cell));
        cells.chain(columns.get(at).map(|(name, _)| letters(name))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let centred = |(name, wide): (&String, &usize)| {
        let left = (wide - letters(name).min(*wide)) / 2;
        format!(" {}{name}{} ", " ".repeat(left), " ".repeat(wide.saturating_sub(left + letters(name))))
    };
    let heads: Vec<String> = columns.iter().map(|(name, _)| name).zip(&widths).map(centred).collect();
    let rule: Vec<String> = widths.iter().map(|wide| "-".repeat(wide + 2)).collect();
    let mut out = format!("{}\n{}\n", heads.join("|"), rule.join("+"));
    for row in rows {
        let cells = row.iter().zip(columns.iter().zip(&widths)).map(|(cell, ((_, ty), wide))| {
            let pad = " ".repeat(wide.saturating_sub(letters(cell)));
            if category(*ty) == 'N' { format!(" {pad}{cell} ") } else { format!(" {cell}{pad} ") }
        });
        out.push_str(cells.collect::<Vec<_>>().join("|").trim_end());
        out.push('\n');
    }
    let count = if rows.len() == 1 { "row" } else { "rows" };
    _ = write!(out, "({} {count})\n\n", rows.len());
    out
}
