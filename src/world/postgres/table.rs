//! Tables of applications: their rows are there, and statements change them.
use std::collections::BTreeSet;
use std::sync::Arc;

use sqlparser::ast::{
    AssignmentTarget, ColumnOption, CreateTable, Delete, Expr, FromTable, Insert, ObjectType, SetExpr,
    Statement, TableConstraint, TableFactor, TableObject, TableWithJoins, Update,
};

use super::cast::cast;
use super::expr::{Binder, Code, Column, Env, Scope, ident};
use super::fault::{Fault, Res};
use super::from::last;
use super::select::Key;
use super::state::{Database, Index, Relation, SECOND};
use super::value::kind::{BOOL, DATE, FLOAT8, INT2, INT4, INT8, NUMERIC, TIMESTAMP, TIMESTAMPTZ};
use super::value::{Oid, Row, Value, named};

const MOST_ROWS: usize = 100_000;
const MOST_BYTES: usize = 256 << 20;

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

type Work = Box<dyn FnOnce(&mut Env<'_>) -> Res<String>>;

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
    Relation {
        oid,
        database: database.to_owned(),
        schema: "public".into(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        columns,
        rows: Arc::default(),
        bytes: 8192,
        dead: 0,
        bloat: 0,
        indexes: Vec::new(),
        scans: [0, 0],
        changes: [0, 0, 0],
        vacuumed: [None, None],
        analyzed: [None, None],
        readers: Vec::new(),
    }
}

fn only(table: &TableWithJoins) -> Res<(Option<String>, String, String)> {
    let TableFactor::Table { name, alias, .. } = &table.relation else {
        return Err(Fault::unsupported("this kind of target"));
    };
    if !table.joins.is_empty() {
        return Err(Fault::unsupported("a join as a target"));
    }
    let schema = name.0.len().checked_sub(2).and_then(|at| name.0.get(at)?.as_ident()).map(ident);
    Ok((schema, last(name), alias.as_ref().map_or_else(|| last(name), |alias| ident(&alias.name))))
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
                Database::is_server_full_of(&relation.indexes)?;
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

    fn target(&self, schema: Option<&str>, name: &str, right: &str) -> Res<&Relation> {
        let relation = self.db.relation(self.pid, schema, name)?;
        match right {
            "OWN" if self.db.has(self.db.user(self.pid), &relation.owner) => {}
            "OWN" => return Err(Fault::new("42501", format!("must be owner of table {name}"))),
            right => self.db.may(self.pid, relation, right)?,
        }
        Ok(relation)
    }

    fn insert(&self, insert: &Insert) -> Res<Work> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(Fault::unsupported("this target"));
        };
        if insert.returning.is_some() || insert.on.is_some() {
            return Err(Fault::unsupported("RETURNING or ON CONFLICT"));
        }
        let relation = self.target(None, &last(name), "INSERT")?;
        let place = |column: &sqlparser::ast::ObjectName| {
            let wanted = last(column);
            let found = relation.columns.iter().position(|(name, _)| *name == wanted);
            found.ok_or_else(|| {
                let why = format!("column \"{wanted}\" of relation \"{}\" does not exist", relation.name);
                Fault::new("42703", why)
            })
        };
        let mut places = insert.columns.iter().map(place).collect::<Res<Vec<_>>>()?;
        if places.is_empty() {
            places = (0..relation.columns.len()).collect();
        }
        let source = insert.source.as_ref().ok_or_else(|| Fault::unsupported("DEFAULT VALUES"))?;
        // A parameter or a text among the values is of its column's type.
        let plan = match &*source.body {
            SetExpr::Values(values) => {
                let scope = Scope::default();
                let mut rows = Vec::new();
                for row in &values.rows {
                    let mut codes = Vec::new();
                    for (e, place) in row.content.iter().zip(&places) {
                        let ty = relation.columns.get(*place).map_or(super::value::kind::TEXT, |(_, ty)| *ty);
                        codes.push(self.assigned(self.expr(e, &scope)?, ty)?);
                    }
                    if row.content.len() > places.len() {
                        return Err(Fault::new("42601", "INSERT has more expressions than target columns"));
                    }
                    rows.push(codes);
                }
                Ok(rows)
            }
            _ => Err(self.query(source, None)?),
        };
        let oid = relation.oid;
        let types: Vec<Oid> = relation.columns.iter().map(|(_, ty)| *ty).collect();
        Ok(Box::new(move |env| {
            let mut fresh = Vec::new();
            match &plan {
                Ok(rows) => {
                    for codes in rows {
                        fresh.push(codes.iter().map(|code| (code.run)(env)).collect::<Res<Row>>()?);
                    }
                }
                Err(plan) => {
                    for row in (plan.run)(env)? {
                        let mut cells = Vec::new();
                        for ((value, (_, from)), place) in row.into_iter().zip(&plan.columns).zip(&places) {
                            cells.push(cast(env, value, *from, types.get(*place).copied().unwrap_or(*from))?);
                        }
                        fresh.push(cells);
                    }
                }
            }
            let count = fresh.len();
            changed(env, oid, |rows| {
                for cells in fresh {
                    let mut row = vec![Value::Null; types.len()];
                    for (value, place) in cells.into_iter().zip(&places) {
                        if let Some(cell) = row.get_mut(*place) {
                            *cell = value;
                        }
                    }
                    // A key that is not given counts on.
                    if let Some(key) = row.first_mut().filter(|key| key.is_null())
                        && matches!(types.first(), Some(&INT4 | &INT8))
                    {
                        *key = rows
                            .iter()
                            .filter_map(|row| row.first())
                            .map(Value::int)
                            .max()
                            .map_or(1, |n| n + 1)
                            .into();
                    }
                    rows.push(row);
                }
                Ok([count, 0, 0])
            })?;
            Ok(format!("INSERT 0 {count}"))
        }))
    }

    fn assigned(&self, code: Code, ty: Oid) -> Res<Code> {
        self.convert(code, ty, None)
    }

    fn scope(relation: &Relation, alias: &str) -> Scope<'static> {
        let column =
            |(name, ty): &(String, Oid)| Column { table: alias.to_owned(), name: name.clone(), ty: *ty };
        Scope { columns: relation.columns.iter().map(column).collect(), ..Scope::default() }
    }

    fn filter(&self, selection: Option<&Expr>, scope: &Scope<'_>) -> Res<Code> {
        match selection {
            Some(e) => self.coerce(self.expr(e, scope)?, BOOL),
            None => Ok(Code::constant(BOOL, true.into())),
        }
    }

    fn update(&self, update: &Update) -> Res<Work> {
        if update.from.is_some() || update.returning.is_some() {
            return Err(Fault::unsupported("UPDATE with FROM or RETURNING"));
        }
        let (schema, name, alias) = only(&update.table)?;
        let relation = self.target(schema.as_deref(), &name, "UPDATE")?;
        let scope = Self::scope(relation, &alias);
        let filter = self.filter(update.selection.as_ref(), &scope)?;
        let mut sets = Vec::new();
        for assignment in &update.assignments {
            let AssignmentTarget::ColumnName(column) = &assignment.target else {
                return Err(Fault::unsupported("this assignment"));
            };
            let column = last(column);
            let place = relation.columns.iter().position(|(name, _)| *name == column).ok_or_else(|| {
                Fault::new("42703", format!("column \"{column}\" of relation \"{name}\" does not exist"))
            })?;
            let ty = relation.columns.get(place).map_or(super::value::kind::TEXT, |(_, ty)| *ty);
            sets.push((place, self.assigned(self.expr(&assignment.value, &scope)?, ty)?));
        }
        let oid = relation.oid;
        Ok(Box::new(move |env| {
            let mut rows = env.db.scanned(oid);
            let mut count = 0;
            for slot in &mut rows {
                let (row, new) = env.within(std::mem::take(slot), |env| {
                    if !(filter.run)(env)?.is_true() {
                        return Ok(Vec::new());
                    }
                    sets.iter().map(|(place, code)| Ok((*place, (code.run)(env)?))).collect::<Res<Vec<_>>>()
                })?;
                *slot = row;
                count += usize::from(!new.is_empty());
                for (place, value) in new {
                    if let Some(cell) = slot.get_mut(place) {
                        *cell = value;
                    }
                }
            }
            changed(env, oid, |all| {
                *all = rows;
                Ok([0, count, 0])
            })?;
            Ok(format!("UPDATE {count}"))
        }))
    }

    fn delete(&self, delete: &Delete) -> Res<Work> {
        if delete.using.is_some() || delete.returning.is_some() {
            return Err(Fault::unsupported("DELETE with USING or RETURNING"));
        }
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        let [table] = tables.as_slice() else { return Err(Fault::unsupported("several targets")) };
        let (schema, name, alias) = only(table)?;
        let relation = self.target(schema.as_deref(), &name, "DELETE")?;
        let filter = self.filter(delete.selection.as_ref(), &Self::scope(relation, &alias))?;
        let oid = relation.oid;
        Ok(Box::new(move |env| {
            let (rows, mut kept) = (env.db.scanned(oid), Vec::new());
            let before = rows.len();
            for row in rows {
                let (row, gone) = env.within(row, |env| Ok((filter.run)(env)?.is_true()))?;
                kept.extend((!gone).then_some(row));
            }
            let count = before - kept.len();
            changed(env, oid, |all| {
                *all = kept;
                Ok([0, 0, count])
            })?;
            Ok(format!("DELETE {count}"))
        }))
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
        Database::is_server_full_of(&self.db.relations)?;
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

/// Changes the rows of a table: what was there before is dead, and sizes follow.
fn changed(env: &mut Env<'_>, oid: Oid, work: impl FnOnce(&mut Vec<Row>) -> Res<[usize; 3]>) -> Res<()> {
    let pid = env.pid;
    let Some(one) = env.db.relations.iter_mut().find(|one| one.oid == oid) else { return Ok(()) };
    let mut rows = one.rows.to_vec();
    let before = i64::try_from(rows.len()).unwrap_or(0).max(1);
    let counts = work(&mut rows)?;
    for index in one.indexes.iter().filter(|index| index.primary) {
        let places: Vec<usize> = index
            .columns
            .iter()
            .filter_map(|name| one.columns.iter().position(|(column, _)| column == name))
            .collect();
        let mut seen = BTreeSet::new();
        for row in &rows {
            let key: Row = places.iter().filter_map(|at| row.get(*at).cloned()).collect();
            if key.iter().any(Value::is_null) {
                let why = format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    index.columns.join(", "),
                    one.name
                );
                return Err(Fault::new("23502", why));
            }
            if !seen.insert(Key(key)) {
                let why = format!("duplicate key value violates unique constraint \"{}\"", index.name);
                return Err(Fault::new("23505", why));
            }
        }
    }
    let [new, updated, deleted] = counts.map(|count| i64::try_from(count).unwrap_or(0));
    one.bytes = one.bytes.saturating_add(one.bytes / before * (new + updated));
    one.dead += updated + deleted;
    for (count, more) in one.changes.iter_mut().zip([new, updated, deleted]) {
        *count += more;
    }
    one.rows = Arc::new(rows);
    let weight: usize = env.db.relations.iter().flat_map(|one| one.rows.iter()).map(weight).sum();
    if weight > MOST_BYTES {
        return Err(Fault::new("53100", "could not extend the table: No space left on device"));
    }
    let Some(one) = env.db.relations.iter().find(|one| one.oid == oid) else { return Ok(()) };
    let (name, database) = (one.name.clone(), one.database.clone());
    if let Some(base) = env.db.bases.iter_mut().find(|base| base.name == database) {
        base.counts.changed += new + updated + deleted;
    }
    if let Some(session) = env.db.sessions.get_mut(&pid) {
        session.holds = Some(name);
    }
    if updated + deleted + new > 0 {
        env.db.deed("write", pid, Vec::new());
    }
    Ok(())
}

/// About how many bytes a row takes here.
fn weight(row: &Row) -> usize {
    let cell = |value: &Value| 40 + if let Value::Text(text) = value { text.len() } else { 0 };
    row.iter().map(cell).sum()
}
