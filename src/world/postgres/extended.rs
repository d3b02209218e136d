//! The messages of prepared statements: parse, bind, describe, execute.
use super::command::split;
use super::fault::{Fault, Res};
use super::serve::{Client, Portal, Prepared};
use super::value::{Oid, Value};
use super::wire::{Reader, parameter, short};

/// Statements and portals that one client may keep.
const MOST: usize = 300;
const MOST_BYTES: usize = 8 << 20;
const MOST_PORTALS: usize = 16;

impl Client {
    pub fn parse(&mut self, reader: &mut Reader<'_>) -> Option<Result<(), (Fault, String)>> {
        let (name, sql) = (reader.text()?, reader.text()?);
        let count = reader.short()?;
        let types = (0..count).map(|_| reader.int().map(i32::cast_unsigned)).collect::<Option<Vec<Oid>>>()?;
        Some(self.prepare(name, &sql, &types).map_err(|fault| (fault, sql)))
    }

    fn prepare(&mut self, name: String, sql: &str, types: &[Oid]) -> Res<()> {
        let pid = self.pid();
        let mut all = split(sql)?;
        if all.len() > 1 {
            return Err(Fault::new("42601", "cannot insert multiple commands into a prepared statement"));
        }
        let bytes: usize = self.statements.values().map(|one| one.sql.len()).sum();
        if self.statements.len() >= MOST || bytes + sql.len() > MOST_BYTES {
            return Err(Fault::new("53400", "too many prepared statements"));
        }
        let tokens = all.pop().unwrap_or_default();
        let (types, _) = self.db(|db| {
            db.begin(pid, sql);
            db.describe(pid, &tokens, types)
        })??;
        self.statements.insert(name, Prepared { sql: sql.to_owned(), tokens, types });
        self.out.empty(b'1');
        Ok(())
    }

    pub fn bind(&mut self, reader: &mut Reader<'_>) -> Option<Result<(), (Fault, String)>> {
        let (portal, name) = (reader.text()?, reader.text()?);
        let shorts = |reader: &mut Reader<'_>| {
            let count = reader.short()?;
            (0..count).map(|_| reader.short()).collect::<Option<Vec<i16>>>()
        };
        let formats = shorts(reader)?;
        let count = reader.short()?;
        let mut raw = Vec::new();
        for _ in 0..count {
            raw.push(match usize::try_from(reader.int()?) {
                Ok(size) => Some(reader.bytes(size)?),
                Err(_) => None,
            });
        }
        let results = shorts(reader)?;
        let Some(prepared) = self.statements.get(&name).cloned() else {
            let why = format!("prepared statement \"{name}\" does not exist");
            return Some(Err((Fault::new("26000", why), String::new())));
        };
        if raw.len() != prepared.types.len() {
            let (given, wants) = (raw.len(), prepared.types.len());
            let why = format!(
                "bind message supplies {given} parameters, but prepared statement \"{name}\" requires {wants}"
            );
            return Some(Err((Fault::new("08P01", why), String::new())));
        }
        let binary = |at: usize| match formats.as_slice() {
            [all] => *all == 1,
            each => each.get(at) == Some(&1),
        };
        let values = raw
            .iter()
            .zip(&prepared.types)
            .enumerate()
            .map(|(at, (raw, ty))| parameter(*raw, binary(at), *ty));
        Some(match values.collect::<Res<Vec<Value>>>() {
            Ok(params) if self.portals.len() < MOST_PORTALS => {
                self.portals.insert(portal, Portal { prepared, params, formats: results, left: None });
                self.out.empty(b'2');
                Ok(())
            }
            Ok(_) => Err((Fault::new("53400", "too many portals"), String::new())),
            Err(fault) => Err((fault, String::new())),
        })
    }

    pub fn describe(&mut self, reader: &mut Reader<'_>) -> Option<Result<(), (Fault, String)>> {
        let (kind, name, pid) = (reader.bytes(1)?, reader.text()?, self.pid());
        let (prepared, formats) = if kind == b"S" {
            (self.statements.get(&name), Vec::new())
        } else {
            let portal = self.portals.get(&name);
            (
                portal.map(|portal| &portal.prepared),
                portal.map(|portal| portal.formats.clone()).unwrap_or_default(),
            )
        };
        let Some(prepared) = prepared.cloned() else {
            let why = format!("prepared statement \"{name}\" does not exist");
            return Some(Err((Fault::new("26000", why), String::new())));
        };
        let described = self.db(|db| db.describe(pid, &prepared.tokens, &prepared.types));
        Some(match described.and_then(|described| described) {
            Ok((types, columns)) => {
                if kind == b"S" {
                    self.out.message(b't', |out| {
                        short(out, types.len());
                        for ty in &types {
                            out.extend(ty.to_be_bytes());
                        }
                    });
                }
                match columns {
                    Some(columns) => self.out.columns(&columns, &formats),
                    None => self.out.empty(b'n'),
                }
                Ok(())
            }
            Err(fault) => Err((fault, prepared.sql)),
        })
    }

    pub async fn execute(&mut self, name: &str, most: usize) -> Result<(), (Fault, String)> {
        let Some(mut portal) = self.portals.remove(name) else {
            return Err((Fault::new("34000", format!("portal \"{name}\" does not exist")), String::new()));
        };
        let pid = self.pid();
        let Prepared { sql, tokens, types } = portal.prepared.clone();
        let told = |fault| (fault, sql.clone());
        if portal.left.is_none() {
            self.db(|db| db.begin(pid, &sql)).map_err(told)?;
            portal.left = self.run(&tokens, &types, &portal.params).await.map_err(told)?;
        }
        let Some((columns, mut rows, tag)) = portal.left.take() else { return Ok(()) };
        let more = if most > 0 && rows.len() > most { rows.split_off(most) } else { Vec::new() };
        self.rows(&columns, &portal.formats, &rows).map_err(told)?;
        if more.is_empty() {
            self.out.tag(&tag);
        } else {
            portal.left = Some((columns, more, tag));
            self.portals.insert(name.to_owned(), portal);
            self.out.empty(b's');
        }
        Ok(())
    }
}
