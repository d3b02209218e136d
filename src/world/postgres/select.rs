//! Queries: which rows stay, how they are grouped, sorted and cut, and what of them is shown.
use std::cell::RefCell;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, LimitClause, OrderByExpr, OrderByKind, OrderBySort, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Spanned,
    Value as Literal,
};

use super::aggregate::Aggregate;
use super::code::{Binder, Code, Env, Scope, all, common, unmatched};
use super::expr::{ident, last};
use super::fault::{Fault, Res};
use super::value::kind::{INT8, TEXT, UNKNOWN};
use super::value::{Oid, Row, Value, named, order, rows_order, short};

pub type Columns = Vec<(String, Oid)>;
pub type Rows = Box<dyn Fn(&mut Env<'_>) -> Res<Vec<Row>>>;

/// A query that can be asked. Its rows may be longer than its columns: what they are sorted by stands behind.
pub struct Plan {
    pub columns: Columns,
    pub rows: Rows,
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
        let number = |e: &Expr| self.coerce(self.expr(e, &Scope::default())?, INT8);
        let (limit, offset) = match &q.limit_clause {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                let offset = offset.as_ref().map(|offset| number(&offset.value));
                (limit.as_ref().map(number).transpose()?, offset.transpose()?)
            }
            Some(other) => return Err(Fault::unsupported(other)),
        };
        let rows: Rows = Box::new(move |env| {
            let mut rows = rows(env)?;
            rows.sort_by(|a, b| {
                let each = ways.iter().zip(a.iter().skip(wide).zip(b.iter().skip(wide)));
                let mut each = each.map(|(down, (a, b))| if *down { order(b, a) } else { order(a, b) });
                each.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
            });
            let mut count = |code: &Option<Code>, otherwise: usize| {
                let value = code.as_ref().map(|code| (code.run)(env)).transpose()?;
                let value = value.filter(|value| !value.is_null()).map(|value| value.int());
                let negative = |_| Fault::new("2201W", "LIMIT must not be negative");
                value.map_or(Ok(otherwise), |n| usize::try_from(n).map_err(negative))
            };
            let (skip, most) = (count(&offset, 0)?, count(&limit, usize::MAX)?);
            let mut rows: Vec<Row> = rows.into_iter().skip(skip).take(most).collect();
            rows.iter_mut().for_each(|row| row.truncate(wide));
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
        let plain = select.into.is_none() && select.named_window.is_empty() && select.qualify.is_none();
        let (groups, distinct) = match (&select.group_by, &select.distinct) {
            (GroupByExpr::Expressions(all, more), None | Some(Distinct::All)) if more.is_empty() && plain => {
                (all, false)
            }
            (GroupByExpr::Expressions(all, more), Some(Distinct::Distinct)) if more.is_empty() && plain => {
                (all, true)
            }
            _ => return Err(Fault::unsupported("this kind of SELECT")),
        };
        let source = self.from(&select.from, outer)?;
        let mut scope = Scope { columns: source.columns, outer, ..Scope::default() };
        let filter = select.selection.as_ref().map(|e| self.truth(e, &scope)).transpose()?;
        let items = items(select, &scope)?;
        let own = |e: &Expr| !matches!(e, Expr::Value(_)) && self.expr(e, &scope).is_ok();
        let group = |e| if own(e) { Ok(e) } else { meant(e, &items) };
        let groups = groups.iter().map(group).collect::<Res<Vec<&Expr>>>()?;
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
        let settled = |ty: Oid| if ty == UNKNOWN { TEXT } else { ty };
        let columns: Columns =
            items.iter().zip(&codes).map(|((name, _), code)| (name.clone(), settled(code.ty))).collect();
        let aggregates = scope.aggregates.take().map(RefCell::into_inner).unwrap_or_default();
        let (rows, wide, from_wide) = (source.rows, columns.len(), scope.columns.len());
        let rows: Rows = Box::new(move |env| {
            let found = rows(env)?;
            let mut rows = env.kept(found, filter.as_ref())?;
            if is_grouped {
                rows = grouped(env, rows, &group_codes, &aggregates, from_wide)?;
                rows = env.kept(rows, having.as_ref())?;
            }
            let shown = rows.into_iter().map(|row| Ok(env.within(row, |env| all(&codes, env))?.1));
            let mut rows = shown.collect::<Res<Vec<Row>>>()?;
            if distinct {
                rows.sort_by(|a, b| rows_order(a, b));
                rows.dedup_by(|a, b| a.iter().zip(b).take(wide).all(|(a, b)| order(a, b).is_eq()));
            }
            Ok(rows)
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
fn items(select: &Select, scope: &Scope<'_>) -> Res<Vec<(String, Expr)>> {
    let mut items = Vec::new();
    for item in &select.projection {
        let of = match item {
            SelectItem::UnnamedExpr(e) => {
                items.push((title(e).unwrap_or_else(|| "?column?".into()), e.clone()));
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
            let parts = [&column.table, &column.name].map(|name| Ident::with_quote('"', name.as_str()));
            items.push((column.name.clone(), Expr::CompoundIdentifier(parts.to_vec())));
        }
        if items.len() == before {
            let why = "SELECT * with no tables specified is not valid";
            return Err(Fault::new("42601", why).at(item.span()));
        }
    }
    Ok(items)
}

/// What stands at a place of the answer, or is called as one of its columns, is that column.
fn meant<'e>(e: &'e Expr, items: &'e [(String, Expr)]) -> Res<&'e Expr> {
    match e {
        Expr::Identifier(name) => {
            Ok(items.iter().find(|(title, _)| *title == ident(name)).map_or(e, |(_, item)| item))
        }
        Expr::Value(value) => {
            let Literal::Number(text, _) = &value.value else { return Ok(e) };
            let at = text.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let missing = || Fault::new("42P10", format!("position {text} is not in select list"));
            Ok(&at.and_then(|at| items.get(at)).ok_or_else(|| missing().at(value.span))?.1)
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
        Expr::Case { else_result, .. } => match else_result.as_deref().and_then(title) {
            Some(title) if !matches!(else_result.as_deref(), Some(Expr::Cast { .. })) => title,
            _ => "case".into(),
        },
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first()? {
                SelectItem::UnnamedExpr(e) => return title(e),
                SelectItem::ExprWithAlias { alias, .. } => ident(alias),
                _ => return None,
            },
            _ => return None,
        },
        Expr::Exists { .. } => "exists".into(),
        Expr::Extract { .. } => "extract".into(),
        Expr::Interval(_) => "interval".into(),
        _ => return None,
    })
}
