//! Queries: where rows come from, which of them stay, how they are grouped, sorted and cut.
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, OrderByOptions, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Spanned,
    Value as Literal,
};

use super::aggregate::Aggregate;
use super::cast::{cast, common};
use super::expr::{Binder, Code, Env, Scope, ident};
use super::fault::{Fault, Res};
use super::from::last;
use super::title::title;
use super::value::kind::{BOOL, INT8, UNKNOWN};
use super::value::{Oid, Row, Value, order};

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
            (true, false) => {
                if way.nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if way.nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            _ if way.down => order(b, a),
            _ => order(a, b),
        });
        each.fold(Ordering::Equal, Ordering::then)
    });
    rows.into_iter().map(|(row, _)| row)
}

pub type Columns = Vec<(String, Oid)>;
pub type Rows = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<Row>>>;
type Keyed = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<(Row, Row)>>>;

/// A query that can be asked.
pub struct Plan {
    pub columns: Columns,
    pub run: Rows,
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
                let (skip, most) =
                    (count(&offset, env)?.unwrap_or(0), count(&limit, env)?.unwrap_or(usize::MAX));
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
                SetOperator::Except | SetOperator::Minus => {
                    all.retain(|row| !set.contains(&Key(row.clone())));
                }
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

    fn select(
        &self,
        select: &Select,
        keys: &[OrderByExpr],
        outer: Option<&Scope<'_>>,
    ) -> Res<(Columns, Keyed)> {
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
        let meant = |e: &Expr| place(e, &names).ok().and_then(|at| items.get(at)).map(|(_, e)| e);
        let groups: Vec<Expr> = match &select.group_by {
            GroupByExpr::Expressions(all, more) if more.is_empty() => {
                let own = |e: &Expr| self.expr(e, &scope).is_ok() && !matches!(e, Expr::Value(_));
                all.iter().map(|e| if own(e) { e } else { meant(e).unwrap_or(e) }.clone()).collect()
            }
            _ => return Err(Fault::unsupported("this kind of GROUP BY")),
        };
        let group_codes =
            groups.iter().map(|e| self.settled(self.expr(e, &scope)?)).collect::<Res<Vec<_>>>()?;
        scope.aggregates = Some(RefCell::default());
        scope.grouped = Some(grouped(&groups, &scope));
        // Whether it is grouped is known once everything has been looked at.
        let bind = |scope: &Scope<'_>| -> Res<_> {
            let having = test(select.having.as_ref(), scope)?;
            let bound = items.iter().map(|(_, e)| self.expr(e, scope)).collect::<Res<Vec<_>>>()?;
            let order = keys.iter().map(|key| {
                let e = match &key.expr {
                    e @ Expr::Value(_) => items.get(place(e, &names)?).map_or(e, |(_, e)| e),
                    e @ Expr::Identifier(_) => meant(e).unwrap_or(e),
                    e => e,
                };
                self.settled(self.expr(e, scope)?)
            });
            Ok((having, bound, order.collect::<Res<Vec<_>>>()?))
        };
        scope.free.set(true);
        let mut bound = bind(&scope)?;
        let mut aggregates =
            scope.aggregates.replace(RefCell::default()).map(RefCell::into_inner).unwrap_or_default();
        let is_grouped = !groups.is_empty() || select.having.is_some() || !aggregates.is_empty();
        if is_grouped {
            scope.free.set(false);
            bound = bind(&scope)?;
            aggregates = scope.aggregates.take().map(RefCell::into_inner).unwrap_or_default();
        }
        let (having, codes, order) = bound;
        let columns = names.iter().zip(&codes).map(|((name, _), code)| (name.clone(), code.ty)).collect();
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(Fault::unsupported("DISTINCT ON")),
        };
        let wide = scope.columns.len();
        let groups = is_grouped.then_some((group_codes, aggregates));
        let steps = Steps { filter, groups, wide, having, codes, order, distinct };
        let rows = source.rows;
        let keyed: Keyed = Box::new(move |env| {
            let rows = rows(env)?;
            steps.take(env, rows)
        });
        Ok((columns, keyed))
    }
}

/// What is done with the rows of a SELECT, one thing after another.
struct Steps {
    filter: Option<Code>,
    groups: Option<(Vec<Code>, Vec<Aggregate>)>,
    /// How many columns there are to choose from.
    wide: usize,
    having: Option<Code>,
    codes: Vec<Code>,
    order: Vec<Code>,
    distinct: bool,
}

fn all(codes: &[Code], env: &mut Env<'_>) -> Res<Row> {
    codes.iter().map(|code| (code.run)(env)).collect()
}

fn is(test: Option<&Code>, env: &mut Env<'_>) -> Res<bool> {
    test.map_or(Ok(true), |test| Ok((test.run)(env)?.is_true()))
}

impl Steps {
    fn take(&self, env: &mut Env<'_>, rows: Vec<Row>) -> Res<Vec<(Row, Row)>> {
        let mut kept = rows;
        if let Some(filter) = &self.filter {
            let rows = std::mem::take(&mut kept);
            for row in rows {
                let (row, keep) = env.within(row, |env| is(Some(filter), env))?;
                kept.extend(keep.then_some(row));
            }
        }
        let mut out = Vec::new();
        match &self.groups {
            None => {
                for row in kept {
                    out.extend(self.made(env, row)?);
                }
            }
            Some((keys, aggregates)) => {
                let mut sets: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
                for row in kept {
                    let (row, key) = env.within(row, |env| all(keys, env))?;
                    sets.entry(Key(key)).or_default().push(row);
                }
                if sets.is_empty() && keys.is_empty() {
                    sets.insert(Key(Vec::new()), Vec::new());
                }
                for mut rows in sets.into_values() {
                    let results =
                        aggregates.iter().map(|one| one.of(env, &mut rows)).collect::<Res<Row>>()?;
                    env.aggregates.push(results);
                    let row = rows.into_iter().next().unwrap_or_else(|| vec![Value::Null; self.wide]);
                    let made = self.made(env, row);
                    env.aggregates.pop();
                    out.extend(made?);
                }
            }
        }
        if self.distinct {
            let mut seen = BTreeSet::new();
            out.retain(|(row, _)| seen.insert(Key(row.clone())));
        }
        Ok(out)
    }

    /// The answer's row of a row or a group, with the keys that it is sorted by.
    fn made(&self, env: &mut Env<'_>, row: Row) -> Res<Option<(Row, Row)>> {
        let (_, made) = env.within(row, |env| {
            if !is(self.having.as_ref(), env)? {
                return Ok(None);
            }
            Ok(Some((all(&self.codes, env)?, all(&self.order, env)?)))
        })?;
        Ok(made)
    }
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
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                Some(last(name))
            }
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
                Some(of) => {
                    let why = format!("missing FROM-clause entry for table \"{of}\"");
                    Fault::new("42P01", why).at(item.span())
                }
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
            Fault::new("42P10", format!("ORDER BY position {value} is not in select list")).at(value.span)
        }
        other => Fault::new("42703", format!("column \"{other}\" does not exist")).at(e.span()),
    })
}

fn grouped(groups: &[Expr], scope: &Scope<'_>) -> (Vec<usize>, Vec<String>) {
    let find = |table: Option<String>, name: String| {
        scope
            .columns
            .iter()
            .position(|c| c.name == name && table.as_ref().is_none_or(|table| c.table == *table))
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
