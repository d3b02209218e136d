//! What the columns of an answer are called.
use sqlparser::ast::{Expr, SelectItem, SetExpr, Value as Literal};

use super::expr::ident;
use super::value::{TYPES, named};

/// What an expression is called in the answer.
pub fn title(e: &Expr) -> String {
    let plain = "?column?".to_owned();
    match e {
        Expr::Identifier(name) => ident(name),
        Expr::CompoundIdentifier(parts) => parts.last().map_or(plain, ident),
        Expr::Function(call) => call.name.0.last().and_then(|part| part.as_ident()).map_or(plain, ident),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => title(inner),
        Expr::CompoundFieldAccess { root, .. } => title(root),
        Expr::Cast { expr, data_type, .. } => match title(expr) {
            inner if inner == plain => named(&data_type.to_string())
                .and_then(|ty| TYPES.iter().find(|entry| entry.0 == ty))
                .map_or(plain, |entry| entry.1.to_owned()),
            inner => inner,
        },
        Expr::Case { else_result, .. } => match else_result.as_ref().map(|e| title(e)) {
            Some(inner) if inner != plain && inner != "bool" => inner,
            _ => "case".into(),
        },
        Expr::Exists { .. } => "exists".into(),
        Expr::Array(_) => "array".into(),
        Expr::Extract { .. } => "extract".into(),
        Expr::Ceil { .. } => "ceil".into(),
        Expr::Floor { .. } => "floor".into(),
        Expr::Interval(_) => "interval".into(),
        Expr::AtTimeZone { .. } => "timezone".into(),
        Expr::Substring { .. } => "substring".into(),
        Expr::Position { .. } => "position".into(),
        Expr::Trim { .. } => "btrim".into(),
        Expr::Value(value) if matches!(value.value, Literal::Boolean(_)) => "bool".into(),
        Expr::TypedString(typed) => typed.data_type.to_string().to_lowercase(),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(e)) => title(e),
                Some(SelectItem::ExprWithAlias { alias, .. }) => ident(alias),
                _ => plain,
            },
            _ => plain,
        },
        _ => plain,
    }
}
