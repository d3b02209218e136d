//! The messages of prepared statements: parse, bind, describe, execute.
use super::command::{Tokens, split};
use super::serve::Client;
use super::value::{Fault, Oid, Res, Row, Value};
use super::wire::{Reader, is_binary, only_text, parameter};

/// Statements that one client may keep.
const MOST: usize = 50;

#[derive(Clone)]
pub struct Prepared {
    sql: String,
    tokens: Tokens,
    types: Vec<Oid>,
}

pub struct Portal {
    prepared: Prepared,
    params: Vec<Value>,
    formats: Vec<i16>,
}

fn no_portal() -> Fault {
    Fault::new("34000", "portal does not exist")
}

impl Client {
    /// One of these messages. There is one portal, whatever it is called.
    pub async fn extended(&mut self, kind: u8, reader: &mut Reader<'_>) -> Res<()> {
        let pid = self.pid;
        match kind {
            b'P' => {
                let (name, sql) = (reader.text()?, reader.text()?);
                let types = reader.many(|reader| reader.int().map(i32::cast_unsigned))?;
                let Ok([tokens]) = <[Tokens; 1]>::try_from(split(&sql)?) else {
                    let why = "cannot insert multiple commands into a prepared statement";
                    return Err(Fault::new("42601", why));
                };
                if self.statements.len() >= MOST {
                    return Err(Fault::new("53400", "too many prepared statements"));
                }
                self.db(|db| {
                    db.begin(pid, &sql);
                    db.describe(pid, &tokens, &types)
                })??;
                self.statements.insert(name, Prepared { sql, tokens, types });
                self.out.empty(b'1');
            }
            b'B' => {
                let (_, name) = (reader.text()?, reader.text()?);
                let given = reader.many(Reader::short)?;
                let raw = reader.many(Reader::cell)?;
                let formats = reader.many(Reader::short)?;
                let prepared = self.prepared(&name)?;
                if raw.len() != prepared.types.len() {
                    let (given, wants) = (raw.len(), prepared.types.len());
                    let why = format!("bind message supplies {given} parameters, but {wants} are required");
                    return Err(Fault::new("08P01", why));
                }
                let values = raw.iter().zip(&prepared.types).enumerate();
                let params = values.map(|(at, (raw, ty))| parameter(*raw, is_binary(&given, at), *ty));
                let params = params.collect::<Res<Row>>()?;
                self.portal = Some(Portal { prepared, params, formats });
                self.out.empty(b'2');
            }
            b'D' => {
                let (what, name) = (reader.bytes(1)?, reader.text()?);
                let (prepared, formats) = match &self.portal {
                    _ if what == b"S" => (self.prepared(&name)?, Vec::new()),
                    Some(portal) => (portal.prepared.clone(), portal.formats.clone()),
                    None => return Err(no_portal()),
                };
                let columns = self.db(|db| db.describe(pid, &prepared.tokens, &prepared.types))??;
                if what == b"S" {
                    self.out.types(&prepared.types);
                }
                let of_text =
                    |(at, (_, ty)): (usize, &(String, Oid))| only_text(*ty) && is_binary(&formats, at);
                match columns {
                    None => self.out.empty(b'n'),
                    Some(columns) if columns.iter().enumerate().any(of_text) => {
                        return Err(Fault::unsupported("a column of this type in binary"));
                    }
                    Some(columns) => self.out.columns(&columns, &formats),
                }
            }
            b'C' => {
                let (what, name) = (reader.bytes(1)?, reader.text()?);
                if what == b"S" {
                    self.statements.remove(&name);
                }
                self.out.empty(b'3');
            }
            _ => {
                // All rows at once, however few are asked for.
                let Portal { prepared, params, formats } = self.portal.take().ok_or_else(no_portal)?;
                self.db(|db| db.begin(pid, &prepared.sql))?;
                self.run(&prepared.tokens, &prepared.types, &params, Some(&formats)).await?;
            }
        }
        Ok(())
    }

    fn prepared(&self, name: &str) -> Res<Prepared> {
        let known = self.statements.get(name).cloned();
        known.ok_or_else(|| Fault::missing("26000", "prepared statement", name))
    }
}
