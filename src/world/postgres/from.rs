//! Where the rows of a query come from: tables, the server's own tables, other queries, and these side by side.
use sqlparser::ast::{Expr, Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableWithJoins};

use super::catalog;
use super::code::{Binder, Column, Scope};
use super::expr::{ident, last};
use super::fault::{Fault, Res};
use super::select::Rows;
use super::value::{Oid, Value};

pub struct Source {
    pub columns: Vec<Column>,
    pub rows: Rows,
}

impl Binder<'_> {
    pub fn from(&self, from: &[TableWithJoins], outer: Option<&Scope<'_>>) -> Res<Source> {
        let mut all = Source { columns: Vec::new(), rows: Box::new(|_| Ok(vec![Vec::new()])) };
        for table in from {
            all = self.beside(all, &table.relation, None, false, outer)?;
            for Join { relation, join_operator, .. } in &table.joins {
                let (constraint, keeps) = match join_operator {
                    JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                        (on, false)
                    }
                    JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, true),
                    _ => return Err(Fault::unsupported("this kind of join")),
                };
                let on = match constraint {
                    JoinConstraint::On(e) => Some(e),
                    JoinConstraint::None => None,
                    _ => return Err(Fault::unsupported("a join without ON")),
                };
                all = self.beside(all, relation, on, keeps, outer)?;
            }
        }
        Ok(all)
    }

    /// Each row of the left with each of the right that fits it; where none does it may be kept alone.
    fn beside(
        &self,
        left: Source,
        right: &TableFactor,
        on: Option<&Expr>,
        keeps: bool,
        outer: Option<&Scope<'_>>,
    ) -> Res<Source> {
        let right = self.factor(right, outer)?;
        let wide = right.columns.len();
        let columns = [left.columns, right.columns].concat();
        let scope = Scope { columns, outer, ..Scope::default() };
        let condition = on.map(|e| self.truth(e, &scope)).transpose()?;
        let rows: Rows = Box::new(move |env| {
            let (lefts, rights) = ((left.rows)(env)?, (right.rows)(env)?);
            let mut out = Vec::new();
            for row in lefts {
                env.step(rights.len())?;
                let both = rights.iter().map(|other| [row.as_slice(), other].concat()).collect();
                let fitting = env.kept(both, condition.as_ref())?;
                if keeps && fitting.is_empty() {
                    out.push([row, vec![Value::Null; wide]].concat());
                }
                out.extend(fitting);
            }
            Ok(out)
        });
        Ok(Source { columns: scope.columns, rows })
    }

    fn factor(&self, factor: &TableFactor, outer: Option<&Scope<'_>>) -> Res<Source> {
        let (mut source, alias) = match factor {
            // Those that are asked like functions are tables as well; what they are called with changes nothing.
            TableFactor::Table { name, alias, .. } => {
                let schema = name.0.iter().rev().nth(1).and_then(|part| part.as_ident()).map(ident);
                (self.table(schema.as_deref(), &last(name))?, alias)
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let plan = self.query(subquery, outer)?;
                let column = |(name, ty)| Column { table: String::new(), name, ty };
                (Source { columns: plan.columns.into_iter().map(column).collect(), rows: plan.rows }, alias)
            }
            other => return Err(Fault::unsupported(format!("`{other}` in FROM"))),
        };
        if let Some(alias) = alias {
            renamed(&mut source, alias)?;
        }
        Ok(source)
    }

    fn table(&self, schema: Option<&str>, name: &str) -> Res<Source> {
        let own = |column: (String, Oid)| Column { table: name.to_owned(), name: column.0, ty: column.1 };
        if let Some(view) = catalog::view(name)
            .filter(|_| schema.is_none_or(|schema| schema != "public" || name == "pg_stat_statements"))
        {
            let columns = view.columns().map(own).collect();
            return Ok(Source { columns, rows: Box::new(move |env| view.rows(env)) });
        }
        let full = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
        let table = self.db.relation(self.pid, &full)?;
        if !self.db.has(self.db.user(self.pid), &table.owner) {
            return Err(Fault::new("42501", format!("permission denied for table {name}")));
        }
        let (oid, columns) = (table.oid, table.columns.iter().cloned().map(own).collect());
        Ok(Source { columns, rows: Box::new(move |env| env.scanned(oid)) })
    }
}

fn renamed(source: &mut Source, alias: &TableAlias) -> Res<()> {
    let name = ident(&alias.name);
    if alias.columns.len() > source.columns.len() {
        return Err(Fault::new("42P10", format!("table \"{name}\" has too few columns")));
    }
    for column in &mut source.columns {
        column.table.clone_from(&name);
    }
    for (column, new) in source.columns.iter_mut().zip(&alias.columns) {
        column.name = ident(&new.name);
    }
    Ok(())
}
