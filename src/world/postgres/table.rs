//! Tables of applications: their rows are there, and statements change them.
use std::sync::Arc;

use sqlparser::ast::{ColumnOption, CreateTable, ObjectType, Statement, TableConstraint};

use super::expr::{Binder, Env, ident};
use super::fault::{Fault, Res};
use super::from::last;
use super::state::{Database, Index, Relation, SECOND};
use super::value::kind::{BOOL, DATE, FLOAT8, INT2, INT4, INT8, NUMERIC, TIMESTAMP, TIMESTAMPTZ};
use super::value::{Oid, Row, Value, named};

pub const MOST_ROWS: usize = 100_000;

/// A table to begin with. Its rows are made up: numbers count on, moments lie an hour apart.
#[derive(Debug, Clone)]
pub struct Table<'t> {
    pub database: &'t str,
    pub name: &'t str,
    /// Names with their types; the first one is the key.
    pub columns: &'t [(&'t str, &'t str)],
    pub rows: usize,
    pub bytes: i64,
    pub dead: i64,
    /// Bytes that nothing stands in.
    pub bloat: i64,
    /// Names of columns with an index of their own.
    pub indexes: &'t [&'t str],
    /// Read through from end to end, so many times already.
    pub scans: i64,
}

pub type Work = Box<dyn FnOnce(&mut Env<'_>) -> Res<String>>;

pub fn is_write(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    matches!(word(0), "insert" | "update" | "delete" | "truncate")
        || matches!(
            (word(0), word(1)),
            ("create", "table" | "temp" | "temporary" | "index" | "unique") | ("drop", "table" | "index")
        )
}

fn made_up(at: usize, name: &str, ty: Oid, now: i64) -> Value {
    let n = i64::try_from(at).unwrap_or(0) + 1;
    match ty {
        BOOL => (n % 7 != 0).into(),
        INT2 | INT4 | INT8 => {
            if name == "id" {
                n.into()
            } else {
                (n * 37 % 1_000).into()
            }
        }
        NUMERIC => Value::Num((n * 1_313 % 90_000).into(), 2),
        FLOAT8 => Value::Int(n % 100).float().into(),
        TIMESTAMP | TIMESTAMPTZ | DATE if name.starts_with("expires") => {
            Value::Time(now + n * 86_400 * SECOND * 9)
        }
        TIMESTAMP | TIMESTAMPTZ | DATE if name.starts_with("revoked") || name.starts_with("deleted") => {
            Value::Null
        }
        TIMESTAMP | TIMESTAMPTZ | DATE => Value::Time(now - n * 3_600 * SECOND),
        _ => format!("{name}-{n}").into(),
    }
}

impl Database {
    /// Adds a table to a database, which is made if it is not there.
    pub fn table(&mut self, table: &Table<'_>) {
        self.base(table.database, "postgres", 7_500_000);
        let owner = self.base_named(table.database).map(|base| base.owner.clone()).unwrap_or_default();
        let oid = self.oid();
        let typed =
            |(name, ty): &(&str, &str)| ((*name).to_owned(), named(ty).unwrap_or(super::value::kind::TEXT));
        let columns: Vec<(String, Oid)> = table.columns.iter().map(typed).collect();
        let (now, count) = (self.now, table.rows.min(MOST_ROWS));
        let row = |at| columns.iter().map(|(name, ty)| made_up(at, name, *ty, now)).collect::<Row>();
        let rows = (0..count).map(row).collect();
        let key = columns.first().map(|(name, _)| name.clone()).unwrap_or_default();
        let mut relation = blank(oid, table.database, table.name, &owner, columns);
        relation.rows = Arc::new(rows);
        (relation.bytes, relation.dead, relation.bloat) = (table.bytes, table.dead, table.bloat);
        relation.scans = [table.scans, table.scans.saturating_mul(i64::try_from(count).unwrap_or(0))];
        relation.changes = [i64::try_from(count).unwrap_or(0), table.dead, table.dead / 4];
        (relation.vacuumed[1], relation.analyzed[1]) =
            (Some(now - 5_400 * SECOND), Some(now - 5_100 * SECOND));
        let share = table.bytes / 6;
        relation.indexes.push(self.index(format!("{}_pkey", table.name), vec![key], true, share, 912_000));
        for (column, nth) in table.indexes.iter().zip(0_i64..) {
            let name = format!("{}_{column}_idx", table.name);
            // The first is used, the others are less and less.
            let scans = 40_000 / (1 + nth * nth * 40_001);
            relation.indexes.push(self.index(name, vec![(*column).to_owned()], false, share, scans));
        }
        self.relations.push(relation);
    }

    fn index(&mut self, name: String, columns: Vec<String>, primary: bool, bytes: i64, scans: i64) -> Index {
        // The constraint of the key has the next number.
        let oid = self.oid();
        self.oid();
        Index { oid, name, columns, unique: primary, primary, bytes: bytes.max(8192), scans, valid: true }
    }
}

fn blank(oid: Oid, database: &str, name: &str, owner: &str, columns: Vec<(String, Oid)>) -> Relation {
    let [database, name, owner, schema] = [database, name, owner, "public"].map(str::to_owned);
    Relation { oid, database, schema, name, owner, columns, bytes: 8192, ..Relation::default() }
}

impl Binder<'_> {
    /// What a statement would change, ready to be done; the work says what it was.
    pub fn write(&self, statement: &Statement) -> Res<Work> {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Truncate(truncate) => {
                let mut oids = Vec::new();
                for table in &truncate.table_names {
                    oids.push(self.target(None, &last(&table.name), "TRUNCATE")?.oid);
                }
                Ok(Box::new(move |env| {
                    for one in env.db.relations.iter_mut().filter(|one| oids.contains(&one.oid)) {
                        (one.rows, one.dead, one.bloat, one.bytes) = (Arc::default(), 0, 0, 8192);
                    }
                    env.db.deed("truncate", env.pid, Vec::new());
                    Ok("TRUNCATE TABLE".into())
                }))
            }
            Statement::CreateTable(table) => self.create(table),
            Statement::CreateIndex(index) => {
                let relation = self.target(None, &last(&index.table_name), "OWN")?;
                let columns: Vec<String> =
                    index.columns.iter().map(|column| column.column.expr.to_string()).collect();
                if let Some(missing) =
                    columns.iter().find(|name| !relation.columns.iter().any(|(one, _)| one == *name))
                {
                    return Err(Fault::new("42703", format!("column \"{missing}\" does not exist")));
                }
                let name = index
                    .name
                    .as_ref()
                    .map_or_else(|| format!("{}_{}_idx", relation.name, columns.join("_")), last);
                if relation.indexes.iter().any(|one| one.name == name) {
                    return Err(Fault::new("42P07", format!("relation \"{name}\" already exists")));
                }
                Database::room_beside(&relation.indexes)?;
                let (oid, unique) = (relation.oid, index.unique);
                Ok(Box::new(move |env| {
                    let mut index = env.db.index(name, columns, false, 0, 0);
                    index.unique = unique;
                    if let Some(one) = env.db.relations.iter_mut().find(|one| one.oid == oid) {
                        index.bytes = index.bytes.max(one.bytes / 6);
                        one.indexes.push(index);
                    }
                    env.db.deed("create index", env.pid, Vec::new());
                    Ok("CREATE INDEX".into())
                }))
            }
            Statement::Drop { object_type: ObjectType::Table, names, if_exists, .. } => {
                let mut oids = Vec::new();
                for name in names {
                    match self.target(None, &last(name), "OWN") {
                        Ok(relation) => oids.push(relation.oid),
                        Err(fault) if fault.code == "42P01" && *if_exists => {}
                        Err(fault) if fault.code == "42P01" => {
                            return Err(Fault::new(
                                "42P01",
                                format!("table \"{}\" does not exist", last(name)),
                            ));
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(Box::new(move |env| {
                    env.db.relations.retain(|one| !oids.contains(&one.oid));
                    env.db.deed("drop table", env.pid, Vec::new());
                    Ok("DROP TABLE".into())
                }))
            }
            Statement::Drop { object_type: ObjectType::Index, names, .. } => {
                let names: Vec<String> = names.iter().map(last).collect();
                let all = || self.db.relations.iter().flat_map(|one| &one.indexes);
                if let Some(missing) = names.iter().find(|name| !all().any(|index| index.name == **name)) {
                    return Err(Fault::new("42704", format!("index \"{missing}\" does not exist")));
                }
                Ok(Box::new(move |env| {
                    for one in &mut env.db.relations {
                        one.indexes.retain(|index| !names.contains(&index.name));
                    }
                    env.db.deed("drop index", env.pid, Vec::new());
                    Ok("DROP INDEX".into())
                }))
            }
            _ => Err(Fault::unsupported("this statement")),
        }
    }

    pub fn target(&self, schema: Option<&str>, name: &str, right: &str) -> Res<&Relation> {
        let relation = self.db.relation(self.pid, schema, name)?;
        match right {
            "OWN" if self.db.has(self.db.user(self.pid), &relation.owner) => {}
            "OWN" => return Err(Fault::new("42501", format!("must be owner of table {name}"))),
            right => self.db.may(self.pid, relation, right)?,
        }
        Ok(relation)
    }

    fn create(&self, table: &CreateTable) -> Res<Work> {
        let name: String = last(&table.name).chars().take(63).collect();
        if self.db.relation(self.pid, None, &name).is_ok() {
            if table.if_not_exists {
                return Ok(Box::new(|_| Ok("CREATE TABLE".into())));
            }
            return Err(Fault::new("42P07", format!("relation \"{name}\" already exists")));
        }
        if table.query.is_some() || table.temporary {
            return Err(Fault::unsupported("this kind of CREATE TABLE"));
        }
        Database::room_beside(&self.db.relations)?;
        let (mut columns, mut key) = (Vec::new(), None);
        for column in &table.columns {
            let ty = column.data_type.to_string();
            let ty = named(&ty).ok_or_else(|| {
                Fault::new("42704", format!("type \"{}\" does not exist", ty.to_lowercase()))
            })?;
            if column.options.iter().any(|option| matches!(option.option, ColumnOption::PrimaryKey(_))) {
                key = Some(vec![ident(&column.name)]);
            }
            columns.push((ident(&column.name).chars().take(63).collect(), ty));
        }
        for constraint in &table.constraints {
            if let TableConstraint::PrimaryKey(primary) = constraint {
                key = Some(primary.columns.iter().map(|column| column.column.expr.to_string()).collect());
            }
        }
        Ok(Box::new(move |env| {
            let (oid, pid) = (env.db.oid(), env.pid);
            let (database, owner) = (env.db.database(pid).to_owned(), env.db.user(pid).to_owned());
            let mut relation = blank(oid, &database, &name, &owner, columns);
            if let Some(key) = key {
                relation.indexes.push(env.db.index(format!("{name}_pkey"), key, true, 0, 0));
            }
            env.db.relations.push(relation);
            env.db.deed("create table", pid, Vec::new());
            Ok("CREATE TABLE".into())
        }))
    }
}
