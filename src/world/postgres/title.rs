//! What the columns of an answer are called.
use sqlparser::ast::{Expr, SelectItem, SetExpr};

use super::expr::ident;
use super::value::{TYPES, named};

/// By what it shows, or else by its type.
pub fn title(e: &Expr) -> String {
    let of_type = |ty: &str| {
        let ty = named(ty).and_then(|ty| TYPES.iter().find(|entry| entry.0 == ty || entry.3 == ty));
        ty.map(|entry| entry.1.to_owned())
    };
    let weak = |e: &Expr| match e {
        Expr::Cast { data_type, .. } => of_type(&data_type.to_string()),
        Expr::TypedString(typed) => of_type(&typed.data_type.to_string()),
        Expr::Interval(_) => Some("interval".into()),
        Expr::Case { .. } => Some("case".into()),
        _ => None,
    };
    strong(e).or_else(|| weak(e)).unwrap_or_else(|| "?column?".into())
}

/// What keeps its name also inside of a cast or a CASE.
fn strong(e: &Expr) -> Option<String> {
    Some(match e {
        Expr::Identifier(name) => ident(name),
        Expr::CompoundIdentifier(parts) => ident(parts.last()?),
        Expr::Function(call) => ident(call.name.0.last()?.as_ident()?),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            return strong(inner);
        }
        Expr::CompoundFieldAccess { root, .. } => return strong(root),
        Expr::Case { else_result, .. } => return strong(else_result.as_ref()?),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first()? {
                SelectItem::UnnamedExpr(e) => return Some(title(e)),
                SelectItem::ExprWithAlias { alias, .. } => ident(alias),
                _ => return None,
            },
            _ => return None,
        },
        Expr::Exists { .. } => "exists".into(),
        Expr::Array(_) => "array".into(),
        Expr::Extract { .. } => "extract".into(),
        Expr::Ceil { .. } => "ceil".into(),
        Expr::Floor { .. } => "floor".into(),
        Expr::AtTimeZone { .. } => "timezone".into(),
        Expr::Substring { .. } => "substring".into(),
        Expr::Position { .. } => "position".into(),
        Expr::Trim { .. } => "btrim".into(),
        _ => return None,
    })
}
