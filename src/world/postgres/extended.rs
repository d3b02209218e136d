//! The messages of prepared statements: parse, bind, describe, execute.
use super::command::split;
use super::fault::{Fault, Res};
use super::serve::{Client, Portal, Prepared};
use super::value::{Oid, Value};
use super::wire::{Reader, is_binary, only_text, parameter};

/// Statements and portals that one client may keep.
const MOST: usize = 300;
const MOST_BYTES: usize = 8 << 20;

/// The message is broken, or what it asks is refused.
pub fn broken() -> Fault {
    Fault::fatal("08P01", "invalid message format")
}

fn no_statement(name: &str) -> Fault {
    Fault::missing("26000", "prepared statement", name)
}

fn no_portal(name: &str) -> Fault {
    Fault::missing("34000", "portal", name)
}

impl Client {
    /// One of these messages.
    pub async fn extended(&mut self, kind: u8, reader: &mut Reader<'_>) -> Res<()> {
        match kind {
            b'P' => {
                let (name, sql) = (reader.text(), reader.text());
                let types = reader.many(|reader| reader.int().map(i32::cast_unsigned));
                let ((name, sql), types) = name.zip(sql).zip(types).ok_or_else(broken)?;
                self.prepare(name, sql, &types)
            }
            b'B' => {
                let (portal, name) = reader.text().zip(reader.text()).ok_or_else(broken)?;
                let shorts = |reader: &mut Reader<'_>| {
                    let each = reader.many(|reader| reader.bytes(2)?.try_into().ok().map(i16::from_be_bytes));
                    each.ok_or_else(broken)
                };
                let formats = shorts(reader)?;
                let raw = reader.many(Reader::cell).ok_or_else(broken)?;
                let results = shorts(reader)?;
                self.bind(portal, &name, &formats, &raw, results)
            }
            b'D' | b'C' => {
                let what = reader.bytes(1).ok_or_else(broken)?;
                let name = reader.text().ok_or_else(broken)?;
                if kind == b'D' {
                    return self.describe(what == b"S", &name);
                }
                if what == b"S" {
                    self.statements.remove(&name);
                } else {
                    self.portals.remove(&name);
                }
                self.out.empty(b'3');
                Ok(())
            }
            _ => {
                // All rows at once, however few are asked for.
                let name = reader.text().ok_or_else(broken)?;
                let portal = self.portals.remove(&name).ok_or_else(|| no_portal(&name))?;
                let (pid, Prepared { sql, tokens, types }) = (self.pid, &portal.prepared);
                self.db(|db| db.begin(pid, sql))?;
                if let Some(found) = self.run(tokens, types, &portal.params).await? {
                    self.out.rows(&found, &portal.formats);
                }
                Ok(())
            }
        }
    }

    fn prepare(&mut self, name: String, sql: String, types: &[Oid]) -> Res<()> {
        let (pid, mut all) = (self.pid, split(&sql)?);
        if all.len() > 1 {
            return Err(Fault::new("42601", "cannot insert multiple commands into a prepared statement"));
        }
        let bytes: usize = self.statements.values().map(|one| one.sql.len()).sum();
        if self.statements.len() >= MOST || bytes + sql.len() > MOST_BYTES {
            return Err(Fault::new("53400", "too many prepared statements"));
        }
        let tokens = all.pop().unwrap_or_default();
        self.db(|db| {
            db.begin(pid, &sql);
            db.describe(pid, &tokens, types)
        })??;
        self.statements.insert(name, Prepared { sql, tokens, types: types.to_vec() });
        self.out.empty(b'1');
        Ok(())
    }

    fn bind(
        &mut self,
        portal: String,
        name: &str,
        formats: &[i16],
        raw: &[Option<&[u8]>],
        results: Vec<i16>,
    ) -> Res<()> {
        let prepared = self.statements.get(name).cloned().ok_or_else(|| no_statement(name))?;
        let (given, wants) = (raw.len(), prepared.types.len());
        if given != wants {
            let needs = format!("but prepared statement \"{name}\" requires {wants}");
            return Err(Fault::new("08P01", format!("bind message supplies {given} parameters, {needs}")));
        }
        if self.portals.len() >= MOST {
            return Err(Fault::new("53400", "too many portals"));
        }
        let values = raw.iter().zip(&prepared.types).enumerate();
        let params = values.map(|(at, (raw, ty))| parameter(*raw, is_binary(formats, at), *ty));
        let params = params.collect::<Res<Vec<Value>>>()?;
        self.portals.insert(portal, Portal { prepared, params, formats: results });
        self.out.empty(b'2');
        Ok(())
    }

    fn describe(&mut self, of_statement: bool, name: &str) -> Res<()> {
        let (prepared, formats) = if of_statement {
            (self.statements.get(name).cloned().ok_or_else(|| no_statement(name))?, Vec::new())
        } else {
            let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
            (portal.prepared.clone(), portal.formats.clone())
        };
        let pid = self.pid;
        let columns = self.db(|db| db.describe(pid, &prepared.tokens, &prepared.types))??;
        if of_statement {
            self.out.types(&prepared.types);
        }
        let Some(columns) = columns else {
            self.out.empty(b'n');
            return Ok(());
        };
        if columns.iter().enumerate().any(|(at, (_, ty))| only_text(*ty) && is_binary(&formats, at)) {
            return Err(Fault::unsupported("a column of this type in binary"));
        }
        self.out.columns(&columns, &formats);
        Ok(())
    }
}
