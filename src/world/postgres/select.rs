//! Queries: where rows come from, which of them stay, how they are grouped, sorted and cut.
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, OrderByExpr, OrderByKind,
    OrderByOptions, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    Spanned, TableAlias, TableFactor, TableWithJoins, Value as Literal,
};

use super::catalog;
use super::expr::{Binder, Code, Column, Env, Scope, cast, common, ident, title};
use super::fault::{Fault, Res};
use super::function;
use super::value::kind::{BOOL, INT8, TEXT, UNKNOWN};
use super::value::{Oid, Row, Value, element, order};

/// Rows as the key of a set.
#[derive(Debug, Clone)]
pub struct Key(pub Row);

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        let first = self.0.iter().zip(&other.0).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
        first.unwrap_or_else(|| self.0.len().cmp(&other.0.len()))
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Key {}

/// Which way one key is sorted.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    down: bool,
    nulls_first: bool,
}

impl Way {
    pub fn of(options: &OrderByOptions) -> Way {
        let down = matches!(options.sort, Some(sqlparser::ast::OrderBySort::Desc));
        Way { down, nulls_first: options.nulls_first.unwrap_or(down) }
    }
}

/// Rows in the order of the keys beside them.
pub fn sorted(mut rows: Vec<(Row, Row)>, ways: &[Way]) -> impl Iterator<Item = Row> {
    rows.sort_by(|(_, a), (_, b)| {
        let each = ways.iter().zip(a.iter().zip(b)).map(|(way, (a, b))| match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => if way.nulls_first { Ordering::Less } else { Ordering::Greater },
            (false, true) => if way.nulls_first { Ordering::Greater } else { Ordering::Less },
            _ if way.down => order(b, a),
            _ => order(a, b),
        });
        each.fold(Ordering::Equal, Ordering::then)
    });
    rows.into_iter().map(|(row, _)| row)
}

pub type Columns = Vec<(String, Oid)>;
type Rows = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<Row>>>;
type Keyed = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<(Row, Row)>>>;

/// A query that can be asked.
pub struct Plan {
    pub columns: Columns,
    pub run: Rows,
}

/// Where rows come from; what looks at the row beside it is asked for each of those anew.
struct Source {
    columns: Vec<Column>,
    rows: Rows,
    lateral: bool,
}

impl Binder<'_> {
    pub fn query(&self, q: &Query, outer: Option<&Scope<'_>>) -> Res<Plan> {
        if q.fetch.is_some() || q.for_clause.is_some() || !q.pipe_operators.is_empty() {
            return Err(Fault::unsupported("this kind of query"));
        }
        let known = self.ctes.borrow().len();
        if let Some(with) = &q.with {
            if with.recursive {
                return Err(Fault::unsupported("WITH RECURSIVE"));
            }
            for cte in &with.cte_tables {
                let columns = cte.alias.columns.iter().map(|column| ident(&column.name)).collect();
                self.ctes.borrow_mut().push((ident(&cte.alias.name), columns, (*cte.query).clone()));
            }
        }
        let keys = match q.order_by.as_ref().map(|by| &by.kind) {
            Some(OrderByKind::Expressions(all)) => all.as_slice(),
            Some(OrderByKind::All(_)) => return Err(Fault::unsupported("ORDER BY ALL")),
            None => &[],
        };
        let bound = self.body(&q.body, keys, outer);
        let bound = bound.and_then(|bound| Ok((bound, self.bounds(q, outer)?)));
        self.ctes.borrow_mut().truncate(known);
        let ((columns, keyed), (limit, offset)) = bound?;
        let ways: Vec<Way> = keys.iter().map(|key| Way::of(&key.options)).collect();
        Ok(Plan {
            columns,
            run: Box::new(move |env| {
                let rows = keyed(env)?;
                let count = |code: &Option<Code>, env: &mut Env<'_>| -> Res<Option<usize>> {
                    let Some(code) = code else { return Ok(None) };
                    let value = (code.run)(env)?;
                    if !value.is_null() && value.int() < 0 {
                        return Err(Fault::new("2201W", "LIMIT must not be negative"));
                    }
                    Ok((!value.is_null()).then(|| usize::try_from(value.int()).unwrap_or(usize::MAX)))
                };
                let (skip, most) = (count(&offset, env)?.unwrap_or(0), count(&limit, env)?.unwrap_or(usize::MAX));
                Ok(sorted(rows, &ways).skip(skip).take(most).collect())
            }),
        })
    }

    fn bounds(&self, q: &Query, outer: Option<&Scope<'_>>) -> Res<(Option<Code>, Option<Code>)> {
        let scope = Scope { outer, ..Scope::default() };
        let number = |e: Option<&Expr>| e.map(|e| self.coerce(self.expr(e, &scope)?, INT8)).transpose();
        match &q.limit_clause {
            None => Ok((None, None)),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                Ok((number(limit.as_ref())?, number(offset.as_ref().map(|offset| &offset.value))?))
            }
            Some(other) => Err(Fault::unsupported(other)),
        }
    }

    fn body(&self, body: &SetExpr, keys: &[OrderByExpr], outer: Option<&Scope<'_>>) -> Res<(Columns, Keyed)> {
        let (columns, run): (Columns, Rows) = match body {
            SetExpr::Select(select) => return self.select(select, keys, outer),
            SetExpr::Query(query) => {
                let plan = self.query(query, outer)?;
                (plan.columns, plan.run)
            }
            SetExpr::Values(values) => {
                let scope = Scope { outer, ..Scope::default() };
                let wide = values.rows.first().map_or(0, |row| row.content.len());
                let mut columns: Vec<Vec<Code>> = (0..wide).map(|_| Vec::new()).collect();
                for row in &values.rows {
                    if row.content.len() != wide {
                        return Err(Fault::new("42601", "VALUES lists must all be the same length"));
                    }
                    for (column, e) in columns.iter_mut().zip(&row.content) {
                        column.push(self.expr(e, &scope)?);
                    }
                }
                let mut types = Vec::new();
                let mut all = Vec::new();
                for (at, column) in columns.into_iter().enumerate() {
                    let (column, ty) = self.unified("VALUES", column)?;
                    types.push((format!("column{}", at + 1), ty));
                    all.push(column);
                }
                let count = values.rows.len();
                let run: Rows = Box::new(move |env| {
                    env.step(count)?;
                    let row = |at: usize, env: &mut Env<'_>| {
                        all.iter().filter_map(|column| column.get(at)).map(|code| (code.run)(env)).collect()
                    };
                    (0..count).map(|at| row(at, env)).collect()
                });
                (types, run)
            }
            SetExpr::Table(table) => {
                let name = table.table_name.as_ref().map(ident).unwrap_or_default();
                let source = self.table(None, &name)?;
                (source.columns.into_iter().map(|c| (c.name, c.ty)).collect(), source.rows)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.united(*op, *set_quantifier, left, right, outer)?
            }
            other => return Err(Fault::unsupported(format!("`{other}` as a query"))),
        };
        let keys = keys.iter().map(|key| place(&key.expr, &columns)).collect::<Res<Vec<_>>>()?;
        let keyed: Keyed = Box::new(move |env| {
            let rows = run(env)?;
            let key = |row: &Row| keys.iter().filter_map(|at| row.get(*at).cloned()).collect();
            Ok(rows.into_iter().map(|row| (row.clone(), key(&row))).collect())
        });
        Ok((columns, keyed))
    }

    fn united(
        &self,
        op: SetOperator,
        quantifier: SetQuantifier,
        left: &SetExpr,
        right: &SetExpr,
        outer: Option<&Scope<'_>>,
    ) -> Res<(Columns, Rows)> {
        let ((a, left), (b, right)) = (self.body(left, &[], outer)?, self.body(right, &[], outer)?);
        if a.len() != b.len() {
            let why = format!("each {op} query must have the same number of columns");
            return Err(Fault::new("42601", why));
        }
        let mut columns = Vec::new();
        for ((name, one), (_, two)) in a.iter().zip(&b) {
            let ty = common(*one, *two).ok_or_else(|| {
                let (one, two) = (super::value::name(*one), super::value::name(*two));
                Fault::new("42804", format!("{op} types {one} and {two} cannot be matched"))
            })?;
            columns.push((name.clone(), ty));
        }
        let types: Vec<Oid> = columns.iter().map(|(_, ty)| *ty).collect();
        let brought = move |rows: Vec<(Row, Row)>, from: &Columns, env: &mut Env<'_>| -> Res<Vec<Row>> {
            let mut brought = |row: Row| {
                let cells = row.into_iter().zip(from.iter().zip(&types));
                cells.map(|(value, ((_, from), to))| cast(env, value, *from, *to)).collect::<Res<Row>>()
            };
            rows.into_iter().map(|(row, _)| brought(row)).collect()
        };
        let run: Rows = Box::new(move |env| {
            let rows = left(env)?;
            let mut all = brought(rows, &a, env)?;
            let rows = right(env)?;
            let others = brought(rows, &b, env)?;
            let set: BTreeSet<Key> = match op {
                SetOperator::Union => {
                    all.extend(others);
                    BTreeSet::new()
                }
                _ => others.into_iter().map(Key).collect(),
            };
            match op {
                SetOperator::Intersect => all.retain(|row| set.contains(&Key(row.clone()))),
                SetOperator::Except | SetOperator::Minus => all.retain(|row| !set.contains(&Key(row.clone()))),
                SetOperator::Union => {}
            }
            if quantifier != SetQuantifier::All {
                let mut seen = BTreeSet::new();
                all.retain(|row| seen.insert(Key(row.clone())));
            }
            Ok(all)
        });
        Ok((columns, run))
    }

    fn select(&self, select: &Select, keys: &[OrderByExpr], outer: Option<&Scope<'_>>) -> Res<(Columns, Keyed)> {
        if select.into.is_some() || !select.named_window.is_empty() || select.qualify.is_some() {
            return Err(Fault::unsupported("this kind of SELECT"));
        }
        let source = self.from(&select.from, outer)?;
        let mut scope = Scope { columns: source.columns, outer, ..Scope::default() };
        let test = |e: Option<&Expr>, scope: &Scope<'_>| {
            e.map(|e| self.coerce(self.expr(e, scope)?, BOOL).map_err(|fault| fault.at(e.span()))).transpose()
        };
        let filter = test(select.selection.as_ref(), &scope)?;
        let items = items(select, &scope)?;
        let names: Columns = items.iter().map(|(name, _)| (name.clone(), UNKNOWN)).collect();
        // What stands at a place of the answer, or is called as one of its columns, is that column.
        let meant = |e: &Expr| place(e, &names).ok().and_then(|at| items.get(at)).map(|(_, e)| e.clone());
        let groups: Vec<Expr> = match &select.group_by {
            GroupByExpr::Expressions(all, more) if more.is_empty() => {
                let own = |e: &Expr| self.expr(e, &scope).is_ok() && !matches!(e, Expr::Value(_));
                all.iter().map(|e| if own(e) { e.clone() } else { meant(e).unwrap_or_else(|| e.clone()) }).collect()
            }
            _ => return Err(Fault::unsupported("this kind of GROUP BY")),
        };
        let group_codes = groups
            .iter()
            .map(|e| self.settled(self.expr(e, &scope)?))
            .collect::<Res<Vec<_>>>()?;
        scope.aggregates = Some(RefCell::default());
        scope.grouped = Some(grouped(&groups, &scope));
        // Whether it is grouped is known once everything has been looked at.
        let bind = |scope: &Scope<'_>| -> Res<_> {
            let having = test(select.having.as_ref(), scope)?;
            let bound = items.iter().map(|(_, e)| self.expr(e, scope)).collect::<Res<Vec<_>>>()?;
            let order = keys.iter().map(|key| {
                let e = match &key.expr {
                    e @ (Expr::Identifier(_) | Expr::Value(_)) => meant(e).unwrap_or_else(|| e.clone()),
                    e => e.clone(),
                };
                self.settled(self.expr(&e, scope)?)
            });
            Ok((having, bound, order.collect::<Res<Vec<_>>>()?))
        };
        scope.free.set(true);
        let mut bound = bind(&scope)?;
        let mut aggregates = scope.aggregates.replace(RefCell::default()).map(RefCell::into_inner).unwrap_or_default();
        let is_grouped = !groups.is_empty() || select.having.is_some() || !aggregates.is_empty();
        if is_grouped {
            scope.free.set(false);
            bound = bind(&scope)?;
            aggregates = scope.aggregates.take().map(RefCell::into_inner).unwrap_or_default();
        }
        let (having, codes, order) = bound;
        scope.free.set(true);
        let columns = names.iter().zip(&codes).map(|((name, _), code)| (name.clone(), code.ty)).collect();
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => None,
            Some(Distinct::Distinct) => Some(Vec::new()),
            Some(Distinct::On(all)) => {
                Some(all.iter().map(|e| self.expr(e, &scope)).collect::<Res<Vec<_>>>()?)
            }
        };
        let wide = scope.columns.len();
        let ways: Vec<Way> = keys.iter().map(|key| Way::of(&key.options)).collect();
        let rows = source.rows;
        let keyed: Keyed = Box::new(move |env| {
            let mut kept = Vec::new();
            for row in rows(env)? {
                let (row, keep) = env.within(row, |env| match &filter {
                    Some(filter) => Ok((filter.run)(env)?.is_true()),
                    None => Ok(true),
                })?;
                kept.extend(keep.then_some(row));
            }
            let mut out = Vec::new();
            let mut made = |row: Row, env: &mut Env<'_>| -> Res<()> {
                let (_, made) = env.within(row, |env| {
                    if let Some(having) = &having
                        && !(having.run)(env)?.is_true()
                    {
                        return Ok(None);
                    }
                    let all = |codes: &[Code], env: &mut Env<'_>| {
                        codes.iter().map(|code| (code.run)(env)).collect::<Res<Row>>()
                    };
                    let own = all(distinct.as_deref().unwrap_or_default(), env)?;
                    Ok(Some((all(&codes, env)?, all(&order, env)?, own)))
                })?;
                out.extend(made);
                Ok(())
            };
            if is_grouped {
                let mut sets: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
                for row in kept {
                    let (row, key) =
                        env.within(row, |env| group_codes.iter().map(|code| (code.run)(env)).collect::<Res<Row>>())?;
                    sets.entry(Key(key)).or_default().push(row);
                }
                if sets.is_empty() && group_codes.is_empty() {
                    sets.insert(Key(Vec::new()), Vec::new());
                }
                for mut rows in sets.into_values() {
                    let results = aggregates.iter().map(|one| one.of(env, &mut rows)).collect::<Res<Row>>()?;
                    env.aggregates.push(results);
                    let row = rows.into_iter().next().unwrap_or_else(|| vec![Value::Null; wide]);
                    let done = made(row, env);
                    env.aggregates.pop();
                    done?;
                }
            } else {
                for row in kept {
                    made(row, env)?;
                }
            }
            if let Some(on) = &distinct {
                if !on.is_empty() {
                    let all = out.into_iter().map(|(row, keys, own)| ([row, own].concat(), keys)).collect();
                    let wide = codes.len();
                    out = sorted(all, &ways).map(|mut row| {
                        let own = row.split_off(wide);
                        (row, Vec::new(), own)
                    }).collect();
                }
                let mut seen = BTreeSet::new();
                out.retain(|(row, _, own)| seen.insert(Key(if on.is_empty() { row.clone() } else { own.clone() })));
            }
            Ok(out.into_iter().map(|(row, keys, _)| (row, keys)).collect())
        });
        Ok((columns, keyed))
    }

    fn from(&self, from: &[TableWithJoins], outer: Option<&Scope<'_>>) -> Res<Source> {
        let mut all = Source { columns: Vec::new(), rows: Box::new(|_| Ok(vec![Vec::new()])), lateral: false };
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
            let missing = || Fault::new("42703", format!("column \"{name}\" specified in USING clause does not exist"));
            places.push(place(&columns).zip(place(&right.columns)).ok_or_else(missing)?);
        }
        let mut all = columns;
        // The right one of two that are joined by their name is reached only through its table.
        all.extend(right.columns.into_iter().map(|column| match using.contains(&column.name) {
            true => Column { name: format!("{} ", column.name), ..column },
            false => column,
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
                let (row, own) = if lateral { env.within(row, |env| second(env))? } else { (row, Vec::new()) };
                let mut found = false;
                for other in if lateral { &own } else { &fixed } {
                    if !places.iter().all(|(a, b)| {
                        row.get(*a).zip(other.get(*b)).is_some_and(|(a, b)| !a.is_null() && order(a, b).is_eq())
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

    fn table(&self, schema: Option<&str>, name: &str) -> Res<Source> {
        let own = |column: (String, Oid)| Column { table: name.to_owned(), name: column.0, ty: column.1 };
        let cte = self.ctes.borrow().iter().enumerate().rev().find(|(_, cte)| cte.0 == name).map(|(at, cte)| (at, cte.clone()));
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
        if schema.is_none_or(|schema| schema == "pg_catalog" || schema == "information_schema" || name.starts_with("pg_stat_statements"))
            && let Some(view) = catalog::view(name)
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

    fn call(&self, name: &str, args: &[sqlparser::ast::FunctionArg], left: &Scope<'_>) -> Res<Source> {
        if let Some(view) = catalog::view(name).filter(|_| catalog::is_function(name)) {
            let own = |(column, ty)| Column { table: name.to_owned(), name: column, ty };
            return Ok(Source { columns: view.columns().map(own).collect(), rows: Box::new(move |env| view.rows(env)), lateral: false });
        }
        let args = args.iter().map(|arg| match arg {
            sqlparser::ast::FunctionArg::Unnamed(sqlparser::ast::FunctionArgExpr::Expr(e)) => self.expr(e, left),
            other => Err(Fault::unsupported(other)),
        });
        Ok(series(name, function::call(self, name, args.collect::<Res<Vec<_>>>()?)?))
    }
}

/// A function in FROM: a row for each value of the set that it returns, or one.
fn series(name: &str, code: Code) -> Source {
    let many = function::is_set(name);
    let ty = if many { element(code.ty).unwrap_or(TEXT) } else { code.ty };
    let columns = vec![Column { table: name.to_owned(), name: name.to_owned(), ty }];
    let rows: Rows = Box::new(move |env| {
        let value = (code.run)(env)?;
        Ok(if many { value.list().iter().map(|value| vec![value.clone()]).collect() } else { vec![vec![value]] })
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

pub fn last(name: &sqlparser::ast::ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(ident).unwrap_or_default()
}

/// The columns of the answer with what they show.
fn items(select: &Select, scope: &Scope<'_>) -> Res<Vec<(String, Expr)>> {
    let mut items = Vec::new();
    for item in &select.projection {
        let of = match item {
            SelectItem::UnnamedExpr(e) => {
                items.push((title(e), e.clone()));
                continue;
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                items.push((ident(alias), expr.clone()));
                continue;
            }
            SelectItem::Wildcard(_) => None,
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => Some(last(name)),
            other => return Err(Fault::unsupported(other)),
        };
        let before = items.len();
        for column in scope.columns.iter().filter(|c| of.as_ref().is_none_or(|of| c.table == *of)) {
            if column.name.ends_with(' ') {
                continue;
            }
            let part = |name: &str| sqlparser::ast::Ident::with_quote('"', name);
            let parts = vec![part(&column.table), part(&column.name)];
            items.push((column.name.clone(), Expr::CompoundIdentifier(parts)));
        }
        if items.len() == before {
            return Err(match of {
                Some(of) => Fault::new("42P01", format!("missing FROM-clause entry for table \"{of}\"")),
                None => Fault::new("42601", "SELECT * with no tables specified is not valid"),
            });
        }
    }
    Ok(items)
}

/// The place of a column of the answer: by its number, or its name.
fn place(e: &Expr, columns: &Columns) -> Res<usize> {
    let at = match e {
        Expr::Value(value) => match &value.value {
            Literal::Number(text, _) => text.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
            _ => None,
        },
        Expr::Identifier(name) => columns.iter().position(|(column, _)| *column == ident(name)),
        _ => None,
    };
    at.filter(|at| *at < columns.len()).ok_or_else(|| match e {
        Expr::Value(value) => {
            Fault::new("42P10", format!("ORDER BY position {value} is not in select list"))
        }
        other => Fault::new("42703", format!("column \"{other}\" does not exist")).at(e.span()),
    })
}

fn grouped(groups: &[Expr], scope: &Scope<'_>) -> (Vec<usize>, Vec<String>) {
    let find = |table: Option<String>, name: String| {
        scope.columns.iter().position(|c| c.name == name && table.as_ref().is_none_or(|table| c.table == *table))
    };
    let columns = groups.iter().filter_map(|e| match e {
        Expr::Identifier(name) => find(None, ident(name)),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, name] => find(Some(ident(table)), ident(name)),
            _ => None,
        },
        _ => None,
    });
    (columns.collect(), groups.iter().map(ToString::to_string).collect())
}
