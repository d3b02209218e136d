//! INSERT, UPDATE and DELETE: bound first, then done to a table's rows.
use std::collections::BTreeSet;
use std::sync::Arc;

use sqlparser::ast::{
    AssignmentTarget, Delete, Expr, FromTable, Insert, SetExpr, TableFactor, TableObject, TableWithJoins,
    Update,
};

use super::cast::cast;
use super::expr::{Binder, Code, Column, Env, Scope, ident};
use super::fault::{Fault, Res};
use super::from::last;
use super::select::Key;
use super::state::Relation;
use super::table::Work;
use super::value::kind::{BOOL, INT4, INT8, TEXT};
use super::value::{Oid, Row, Value};

const MOST_BYTES: usize = 256 << 20;

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
    pub fn insert(&self, insert: &Insert) -> Res<Work> {
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
                        let ty = relation.columns.get(*place).map_or(TEXT, |(_, ty)| *ty);
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

    pub fn update(&self, update: &Update) -> Res<Work> {
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
            let ty = relation.columns.get(place).map_or(TEXT, |(_, ty)| *ty);
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

    pub fn delete(&self, delete: &Delete) -> Res<Work> {
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
