//! Queries: where rows come from, which of them stay, how they are grouped, sorted and cut, and what is shown.
use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;

use sqlparser::ast::{
    Distinct, DuplicateTreatment, Expr, Function as Call, FunctionArguments, GroupByExpr, Ident, Join,
    JoinConstraint, JoinOperator, LimitClause, OrderByExpr, OrderByKind, OrderBySort, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, TableFactor,
    TableWithJoins, Value as Literal,
};

use super::catalog;
use super::code::{Binder, Code, Column, Env, Scope, all, common, convert, unmatched};
use super::expr::{ident, last};
use super::function::missing;
use super::value::kind::{FLOAT8, INT4, INT8, TEXT, UNKNOWN};
use super::value::{Fault, Oid, Res, Row, Value, category, named, order, rows_order, short};

pub type Columns = Vec<(String, Oid)>;
pub type Rows = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<Row>>>;

/// A query that can be asked. Its rows may be longer than its columns: what they are sorted by stands behind.
pub struct Plan {
    pub columns: Columns,
    pub rows: Rows,
}

/// What has no type by itself is text.
fn settled(ty: Oid) -> Oid {
    if ty == UNKNOWN { TEXT } else { ty }
}

impl Binder<'_> {
    pub fn query(&self, q: &Query, outer: Option<&Scope<'_>>) -> Res<Plan> {
        if q.with.is_some() || q.fetch.is_some() || !q.locks.is_empty() {
            return Err(Fault::unsupported("this kind of query"));
        }
        let keys = match q.order_by.as_ref().map(|by| &by.kind) {
            Some(OrderByKind::Expressions(all)) => all.as_slice(),
            Some(OrderByKind::All(_)) => return Err(Fault::unsupported("ORDER BY ALL")),
            None => &[],
        };
        if keys.iter().any(|key| key.options.nulls_first.is_some()) {
            return Err(Fault::unsupported("NULLS FIRST and LAST"));
        }
        let Plan { columns, rows } = self.body(&q.body, keys, outer)?;
        let down = |key: &OrderByExpr| matches!(key.options.sort, Some(OrderBySort::Desc));
        let (ways, wide): (Vec<bool>, usize) = (keys.iter().map(down).collect(), columns.len());
        let number = |e: &Expr| convert(self.expr(e, &Scope::default())?, INT8);
        let limit = match &q.limit_clause {
            None => None,
            Some(LimitClause::LimitOffset { limit, offset: None, .. }) => {
                limit.as_ref().map(number).transpose()?
            }
            Some(other) => return Err(Fault::unsupported(other)),
        };
        let rows: Rows = Box::new(move |env| {
            let mut rows = rows(env)?;
            rows.sort_by(|a, b| {
                let each = ways.iter().zip(a.iter().skip(wide).zip(b.iter().skip(wide)));
                let mut each = each.map(|(down, (a, b))| if *down { order(b, a) } else { order(a, b) });
                each.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            });
            let most = limit.as_ref().map(|limit| (limit.run)(env)).transpose()?.unwrap_or(Value::Null);
            if !most.is_null() {
                let negative = |_| Fault::new("2201W", "LIMIT must not be negative");
                rows.truncate(usize::try_from(most.int()).map_err(negative)?);
            }
            for row in &mut rows {
                row.truncate(wide);
            }
            Ok(rows)
        });
        Ok(Plan { columns, rows })
    }

    fn body(&self, body: &SetExpr, keys: &[OrderByExpr], outer: Option<&Scope<'_>>) -> Res<Plan> {
        match body {
            SetExpr::Select(select) => self.select(select, keys, outer),
            SetExpr::Query(query) if keys.is_empty() => self.query(query, outer),
            SetExpr::SetOperation {
                left,
                op: SetOperator::Union,
                set_quantifier: SetQuantifier::All,
                right,
            } if keys.is_empty() => {
                let (left, right) = (self.body(left, &[], outer)?, self.body(right, &[], outer)?);
                if left.columns.len() != right.columns.len() {
                    return Err(Fault::new("42601", "each UNION query must have the same number of columns"));
                }
                let pairs = left.columns.into_iter().zip(&right.columns);
                let column = |((name, a), (_, b)): ((String, Oid), &(String, Oid))| {
                    Ok((name, common(a, *b).ok_or_else(|| unmatched("UNION", a, *b))?))
                };
                let columns = pairs.map(column).collect::<Res<_>>()?;
                let rows: Rows = Box::new(move |env| Ok([(left.rows)(env)?, (right.rows)(env)?].concat()));
                Ok(Plan { columns, rows })
            }
            other => Err(Fault::unsupported(format!("`{other}` as a query"))),
        }
    }

    fn select(&self, select: &Select, keys: &[OrderByExpr], outer: Option<&Scope<'_>>) -> Res<Plan> {
        let GroupByExpr::Expressions(by, more) = &select.group_by else {
            return Err(Fault::unsupported("this kind of GROUP BY"));
        };
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let other = select.distinct.is_some() && (!distinct || !by.is_empty());
        if other || select.into.is_some() || !select.named_window.is_empty() || !more.is_empty() {
            return Err(Fault::unsupported("this kind of SELECT"));
        }
        let source = self.from(&select.from, outer)?;
        let mut scope = Scope { columns: source.columns, outer, ..Scope::default() };
        let filter = select.selection.as_ref().map(|e| self.truth(e, &scope)).transpose()?;
        let items = items(select, &scope)?;
        let own = |e: &Expr| !matches!(e, Expr::Value(_)) && self.expr(e, &scope).is_ok();
        let group = |e| if own(e) { Ok(e) } else { meant(e, &items) };
        let mut groups = by.iter().map(group).collect::<Res<Vec<&Expr>>>()?;
        if distinct {
            groups.extend(items.iter().map(|(_, e)| &**e));
        }
        let group_codes = groups.iter().map(|e| self.expr(e, &scope)).collect::<Res<Vec<_>>>()?;
        // Whether it is grouped is known once everything has been looked at.
        let bind = |scope: &Scope<'_>| -> Res<_> {
            let having = select.having.as_ref().map(|e| self.truth(e, scope)).transpose()?;
            let shown = items.iter().map(|(_, e)| self.expr(e, scope));
            let sorted = keys.iter().map(|key| self.expr(meant(&key.expr, &items)?, scope));
            Ok((having, shown.chain(sorted).collect::<Res<Vec<Code>>>()?))
        };
        scope.aggregates = Some(RefCell::default());
        let mut bound = bind(&scope)?;
        let found = scope.aggregates.replace(RefCell::default()).is_some_and(|all| !all.borrow().is_empty());
        let is_grouped = found || !groups.is_empty() || select.having.is_some();
        if is_grouped {
            let texts = groups.iter().map(ToString::to_string);
            scope.grouped = Some(group_codes.iter().map(|code| code.column).zip(texts).collect());
            bound = bind(&scope)?;
        }
        let (having, codes) = bound;
        let columns: Columns =
            items.iter().zip(&codes).map(|((name, _), code)| (name.clone(), settled(code.ty))).collect();
        let aggregates = scope.aggregates.take().map(RefCell::into_inner).unwrap_or_default();
        let (rows, wide) = (source.rows, scope.columns.len());
        let rows: Rows = Box::new(move |env| {
            let found = rows(env)?;
            let mut rows = env.kept(found, filter.as_ref())?;
            if is_grouped {
                rows = grouped(env, rows, &group_codes, &aggregates, wide)?;
                rows = env.kept(rows, having.as_ref())?;
            }
            rows.into_iter().map(|row| Ok(env.within(row, |env| all(&codes, env))?.1)).collect()
        });
        Ok(Plan { columns, rows })
    }
}

/// The first row of every group, with what was gathered of the group behind it.
fn grouped(
    env: &mut Env<'_>,
    rows: Vec<Row>,
    keys: &[Code],
    aggregates: &[Aggregate],
    wide: usize,
) -> Res<Vec<Row>> {
    let mut keyed = Vec::new();
    for row in rows {
        let (row, key) = env.within(row, |env| all(keys, env))?;
        keyed.push((key, row));
    }
    keyed.sort_by(|(a, _), (b, _)| rows_order(a, b));
    let sets = keyed.chunk_by(|(a, _), (b, _)| rows_order(a, b).is_eq());
    let mut sets: Vec<Vec<Row>> = sets.map(|set| set.iter().map(|(_, row)| row.clone()).collect()).collect();
    if sets.is_empty() && keys.is_empty() {
        sets.push(Vec::new());
    }
    let group = |set: Vec<Row>| {
        let gathered = aggregates.iter().map(|one| one.of(env, &set)).collect::<Res<Row>>()?;
        let first = set.into_iter().next().unwrap_or_else(|| vec![Value::Null; wide]);
        Ok([first, gathered].concat())
    };
    sets.into_iter().map(group).collect()
}

/// The columns of the answer with what they show.
fn items<'s>(select: &'s Select, scope: &Scope<'_>) -> Res<Vec<(String, Cow<'s, Expr>)>> {
    let mut items = Vec::new();
    for item in &select.projection {
        let of = match item {
            SelectItem::UnnamedExpr(e) => {
                items.push((title(e).unwrap_or_else(|| "?column?".into()), Cow::Borrowed(e)));
                continue;
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                items.push((ident(alias), Cow::Borrowed(expr)));
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
            let parts = [&column.table, &column.name].map(|name| Ident::with_quote('"', name.as_str()));
            items.push((column.name.clone(), Cow::Owned(Expr::CompoundIdentifier(parts.to_vec()))));
        }
        if items.len() == before {
            return Err(Fault::new("42601", "SELECT * with no tables specified is not valid"));
        }
    }
    Ok(items)
}

/// What stands at a place of the answer, or is called as one of its columns, is that column.
fn meant<'e>(e: &'e Expr, items: &'e [(String, Cow<'_, Expr>)]) -> Res<&'e Expr> {
    match e {
        Expr::Identifier(name) => {
            Ok(items.iter().find(|(title, _)| *title == ident(name)).map_or(e, |(_, item)| &**item))
        }
        Expr::Value(value) => {
            let Literal::Number(text, _) = &value.value else { return Ok(e) };
            let at = text.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let missing = || Fault::new("42P10", format!("position {text} is not in select list"));
            Ok(&at.and_then(|at| items.get(at)).ok_or_else(missing)?.1)
        }
        _ => Ok(e),
    }
}

/// What a column is called: by what it shows, or else by its type.
fn title(e: &Expr) -> Option<String> {
    Some(match e {
        Expr::Identifier(name) => ident(name),
        Expr::CompoundIdentifier(parts) => ident(parts.last()?),
        Expr::Function(call) => last(&call.name),
        Expr::Nested(inner) => return title(inner),
        Expr::Cast { expr, data_type, .. } => match title(expr) {
            Some(title) if title != "case" => title,
            _ => short(named(&data_type.to_string())?).to_owned(),
        },
        Expr::Case { .. } => "case".into(),
        Expr::Extract { .. } => "extract".into(),
        Expr::Interval(_) => "interval".into(),
        _ => return None,
    })
}

/// What an aggregate makes of the values of a group.
pub type Fold = fn(&[Value]) -> Value;

pub struct Aggregate {
    /// Of every row; without one rows are counted as they are.
    arg: Option<Code>,
    filter: Option<Code>,
    distinct: bool,
    fold: Fold,
}

pub fn aggregate(name: &str) -> Option<Fold> {
    Some(match name {
        "count" => |all| all.len().into(),
        "sum" => sum,
        "avg" => |all| match sum(all) {
            Value::Null => Value::Null,
            sum => (sum.float() / Value::from(all.len()).float()).into(),
        },
        "min" => |all| extreme(all, Ordering::Less),
        "max" => |all| extreme(all, Ordering::Greater),
        _ => return None,
    })
}

fn sum(all: &[Value]) -> Value {
    let is_whole = all.iter().all(|value| matches!(value, Value::Int(_)));
    let exact = || all.iter().try_fold(0_i64, |sum, value| sum.checked_add(value.int()));
    match (all, if is_whole { exact() } else { None }) {
        ([], _) => Value::Null,
        (_, Some(sum)) => sum.into(),
        _ => all.iter().map(Value::float).sum::<f64>().into(),
    }
}

/// The least or the greatest of those that are known.
pub fn extreme(all: &[Value], wanted: Ordering) -> Value {
    let known = all.iter().filter(|value| !value.is_null());
    known.reduce(|best, one| if order(one, best) == wanted { one } else { best }).cloned().into()
}

impl Aggregate {
    /// Over the rows of one group.
    fn of(&self, env: &mut Env<'_>, rows: &[Row]) -> Res<Value> {
        let mut all = Vec::new();
        for row in env.kept(rows.to_vec(), self.filter.as_ref())? {
            let value = match &self.arg {
                Some(arg) => env.within(row, |env| (arg.run)(env))?.1,
                None => true.into(),
            };
            all.extend(Some(value).filter(|value| !value.is_null()));
        }
        if self.distinct {
            all.sort_by(order);
            all.dedup_by(|a, b| order(a, b).is_eq());
        }
        Ok((self.fold)(&all))
    }
}

impl Binder<'_> {
    /// An aggregate with the type of what it gives.
    pub fn aggregate(&self, call: &Call, args: &[&Expr], fold: Fold, s: &Scope<'_>) -> Res<(Oid, Aggregate)> {
        let arg = args.first().map(|e| self.expr(e, s)).transpose()?;
        let (name, ty) = (last(&call.name), arg.as_ref().map_or(UNKNOWN, |code| code.ty));
        let gives = match (&*name, args.len()) {
            ("count", 0 | 1) => INT8,
            ("min" | "max", 1) => settled(ty),
            ("sum", 1) if matches!(ty, INT4 | INT8) => INT8,
            ("sum" | "avg", 1) if category(ty) == 'N' => FLOAT8,
            _ => return Err(missing(&name, &[ty])),
        };
        let distinct = matches!(&call.args, FunctionArguments::List(list)
            if list.duplicate_treatment == Some(DuplicateTreatment::Distinct));
        let filter = call.filter.as_ref().map(|e| self.truth(e, s)).transpose()?;
        Ok((gives, Aggregate { arg, filter, distinct, fold }))
    }
}

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
                let (on, keeps) = match join_operator {
                    JoinOperator::Join(JoinConstraint::On(e))
                    | JoinOperator::Inner(JoinConstraint::On(e)) => (e, false),
                    JoinOperator::Left(JoinConstraint::On(e))
                    | JoinOperator::LeftOuter(JoinConstraint::On(e)) => (e, true),
                    _ => return Err(Fault::unsupported("this kind of join")),
                };
                all = self.beside(all, relation, Some(on), keeps, outer)?;
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
            for column in &mut source.columns {
                column.table = ident(&alias.name);
            }
            for (column, new) in source.columns.iter_mut().zip(&alias.columns) {
                column.name = ident(&new.name);
            }
        }
        Ok(source)
    }

    fn table(&self, schema: Option<&str>, name: &str) -> Res<Source> {
        let own = |column: (String, Oid)| Column { table: name.to_owned(), name: column.0, ty: column.1 };
        let in_public = schema == Some("public") && name != "pg_stat_statements";
        if let Some(view) = catalog::view(name).filter(|_| !in_public) {
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
