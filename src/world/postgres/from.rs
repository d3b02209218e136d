//! Where the rows of a query come from: tables, the server's own tables, functions, other queries, and all of
//! these side by side.
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Join, JoinConstraint, JoinOperator, ObjectName,
    Spanned, TableAlias, TableFactor, TableWithJoins,
};

use super::catalog;
use super::expr::{Binder, Code, Column, Scope, ident};
use super::fault::{Fault, Res};
use super::function;
use super::select::Rows;
use super::value::kind::{BOOL, TEXT};
use super::value::{Oid, Value, element, order};

/// Where rows come from; what looks at the row beside it is asked for each of those anew.
pub struct Source {
    pub columns: Vec<Column>,
    pub rows: Rows,
    lateral: bool,
}

impl Binder<'_> {
    pub fn from(&self, from: &[TableWithJoins], outer: Option<&Scope<'_>>) -> Res<Source> {
        let mut all =
            Source { columns: Vec::new(), rows: Box::new(|_| Ok(vec![Vec::new()])), lateral: false };
        for table in from {
            all = self.beside(all, &table.relation, None, outer)?;
            for join in &table.joins {
                all = self.join(all, join, outer)?;
            }
        }
        Ok(all)
    }

    fn join(&self, left: Source, join: &Join, outer: Option<&Scope<'_>>) -> Res<Source> {
        let (constraint, keeps) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => (on, false),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, true),
            _ => return Err(Fault::unsupported("this kind of join")),
        };
        self.beside(left, &join.relation, Some((constraint, keeps)), outer)
    }

    /// Each row of the left with each of the right that fits it.
    fn beside(
        &self,
        left: Source,
        right: &TableFactor,
        on: Option<(&JoinConstraint, bool)>,
        outer: Option<&Scope<'_>>,
    ) -> Res<Source> {
        let scope = Scope { columns: left.columns, outer, ..Scope::default() };
        let right = self.factor(right, &scope)?;
        let Scope { columns, .. } = scope;
        let wide = right.columns.len();
        let using = match on {
            Some((JoinConstraint::Using(names), _)) => names.iter().map(last).collect::<Vec<_>>(),
            Some((JoinConstraint::Natural, _)) => return Err(Fault::unsupported("NATURAL JOIN")),
            _ => Vec::new(),
        };
        let mut places = Vec::new();
        for name in &using {
            let place = |columns: &[Column]| columns.iter().position(|column| column.name == *name);
            let missing =
                || Fault::new("42703", format!("column \"{name}\" specified in USING clause does not exist"));
            places.push(place(&columns).zip(place(&right.columns)).ok_or_else(missing)?);
        }
        if let Some((JoinConstraint::On(e), _)) = on {
            equal(e, &columns, &right.columns, &mut places);
        }
        let mut all = columns;
        // The right one of two that are joined by their name is reached only through its table.
        all.extend(right.columns.into_iter().map(|column| {
            if using.contains(&column.name) {
                Column { name: format!("{} ", column.name), ..column }
            } else {
                column
            }
        }));
        let scope = Scope { columns: all, outer, ..Scope::default() };
        let condition = match on {
            Some((JoinConstraint::On(e), _)) => Some(self.coerce(self.expr(e, &scope)?, BOOL)?),
            _ => None,
        };
        let keeps = on.is_some_and(|(_, keeps)| keeps);
        let (first, second, lateral) = (left.rows, right.rows, right.lateral);
        let rows: Rows = Box::new(move |env| {
            let lefts = first(env)?;
            let fixed = if lateral { Vec::new() } else { second(env)? };
            let mut out = Vec::new();
            for row in lefts {
                let (row, own) =
                    if lateral { env.within(row, |env| second(env))? } else { (row, Vec::new()) };
                let mut found = false;
                for other in if lateral { &own } else { &fixed } {
                    if !places.iter().all(|(a, b)| {
                        row.get(*a)
                            .zip(other.get(*b))
                            .is_some_and(|(a, b)| !a.is_null() && order(a, b).is_eq())
                    }) {
                        continue;
                    }
                    let both = [row.as_slice(), other.as_slice()].concat();
                    let (both, fits) = env.within(both, |env| match &condition {
                        Some(condition) => Ok((condition.run)(env)?.is_true()),
                        None => Ok(true),
                    })?;
                    found |= fits;
                    out.extend(fits.then_some(both));
                }
                if keeps && !found {
                    out.push([row, vec![Value::Null; wide]].concat());
                }
            }
            Ok(out)
        });
        Ok(Source { columns: scope.columns, rows, lateral: false })
    }

    fn factor(&self, factor: &TableFactor, left: &Scope<'_>) -> Res<Source> {
        let (mut source, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let schema = name.0.len().checked_sub(2).and_then(|at| name.0.get(at)?.as_ident()).map(ident);
                (self.table(schema.as_deref(), &last(name)).map_err(|fault| fault.at(name.span()))?, alias)
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                (self.call(&last(name), &args.args, left)?, alias)
            }
            TableFactor::Function { name, alias, args, .. } => (self.call(&last(name), args, left)?, alias),
            TableFactor::UNNEST { alias, array_exprs, .. } => {
                let args = array_exprs.iter().map(|e| self.expr(e, left)).collect::<Res<Vec<_>>>()?;
                (series("unnest", function::call(self, "unnest", args)?), alias)
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let plan = self.query(subquery, if *lateral { Some(left) } else { left.outer })?;
                let column = |(name, ty)| Column { table: String::new(), name, ty };
                let columns = plan.columns.into_iter().map(column).collect();
                (Source { columns, rows: plan.run, lateral: *lateral }, alias)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.from(std::slice::from_ref(&**table_with_joins), left.outer);
            }
            other => return Err(Fault::unsupported(format!("`{other}` in FROM"))),
        };
        if let Some(alias) = alias {
            renamed(&mut source, alias)?;
        }
        Ok(source)
    }

    pub fn table(&self, schema: Option<&str>, name: &str) -> Res<Source> {
        let own = |column: (String, Oid)| Column { table: name.to_owned(), name: column.0, ty: column.1 };
        let cte = self
            .ctes
            .borrow()
            .iter()
            .enumerate()
            .rev()
            .find(|(_, cte)| cte.0 == name)
            .map(|(at, cte)| (at, cte.clone()));
        if let (None, Some((at, (_, columns, query)))) = (schema, cte) {
            // It sees those before it, not itself.
            let hidden = self.ctes.borrow_mut().split_off(at);
            let plan = self.query(&query, None);
            self.ctes.borrow_mut().extend(hidden);
            let mut plan = plan?;
            for (column, name) in plan.columns.iter_mut().zip(columns) {
                column.0 = name;
            }
            let columns = plan.columns.into_iter().map(own).collect();
            return Ok(Source { columns, rows: plan.run, lateral: false });
        }
        let full = format!("{}.{name}", schema.unwrap_or_default());
        let known = schema.is_none_or(|schema| schema == "pg_catalog" || name == "pg_stat_statements");
        if let Some(view) = catalog::view(if schema == Some("information_schema") { &full } else { name })
            && (known || view.name == full)
        {
            let columns = view.columns().map(own).collect();
            return Ok(Source { columns, rows: Box::new(move |env| view.rows(env)), lateral: false });
        }
        let relation = self.db.relation(self.pid, schema, name)?;
        self.db.may(self.pid, relation, "SELECT")?;
        let (oid, columns) = (relation.oid, relation.columns.iter().cloned().map(own).collect());
        let rows: Rows = Box::new(move |env| {
            let rows = env.db.scanned(oid);
            env.step(rows.len())?;
            Ok(rows)
        });
        Ok(Source { columns, rows, lateral: false })
    }

    fn call(&self, name: &str, args: &[FunctionArg], left: &Scope<'_>) -> Res<Source> {
        if let Some(view) = catalog::view(name).filter(|_| catalog::is_function(name)) {
            let own = |(column, ty)| Column { table: name.to_owned(), name: column, ty };
            return Ok(Source {
                columns: view.columns().map(own).collect(),
                rows: Box::new(move |env| view.rows(env)),
                lateral: false,
            });
        }
        let args = args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => self.expr(e, left),
            other => Err(Fault::unsupported(other)),
        });
        Ok(series(name, function::call(self, name, args.collect::<Res<Vec<_>>>()?)?))
    }
}

/// Columns that have to be equal in both: what differs there needs no closer look.
fn equal(e: &Expr, left: &[Column], right: &[Column], places: &mut Vec<(usize, usize)>) {
    let Expr::BinaryOp { left: a, op, right: b } = e else { return };
    if *op == BinaryOperator::And {
        equal(a, left, right, places);
        equal(b, left, right, places);
    }
    let place = |e: &Expr, columns: &[Column]| match e {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [table, name] => {
                let (table, name) = (ident(table), ident(name));
                columns.iter().position(|column| column.table == table && column.name == name)
            }
            _ => None,
        },
        _ => None,
    };
    if *op == BinaryOperator::Eq {
        places.extend(place(a, left).zip(place(b, right)).or_else(|| place(b, left).zip(place(a, right))));
    }
}

/// A function in FROM: a row for each value of the set that it returns, or one.
fn series(name: &str, code: Code) -> Source {
    let many = function::is_set(name);
    let ty = if many { element(code.ty).unwrap_or(TEXT) } else { code.ty };
    let columns = vec![Column { table: name.to_owned(), name: name.to_owned(), ty }];
    let rows: Rows = Box::new(move |env| {
        let value = (code.run)(env)?;
        Ok(if many {
            value.list().iter().map(|value| vec![value.clone()]).collect()
        } else {
            vec![vec![value]]
        })
    });
    Source { columns, rows, lateral: true }
}

fn renamed(source: &mut Source, alias: &TableAlias) -> Res<()> {
    let name = ident(&alias.name);
    if alias.columns.len() > source.columns.len() {
        return Err(Fault::new("42P10", format!("table \"{name}\" has too few columns")));
    }
    // A function's only column is called as the function is.
    let only = source.columns.len() == 1 && source.columns.first().is_some_and(|c| c.name == c.table);
    for (at, column) in source.columns.iter_mut().enumerate() {
        column.table.clone_from(&name);
        match alias.columns.get(at) {
            Some(new) => column.name = ident(&new.name),
            None if only => column.name.clone_from(&name),
            None => {}
        }
    }
    Ok(())
}

pub fn last(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(ident).unwrap_or_default()
}
