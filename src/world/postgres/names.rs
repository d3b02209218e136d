//! Numbers that stand for things, and the names of those.
use super::catalog;
use super::fault::{Fault, Res};
use super::state::Database;
use super::value::kind::{REGCLASS, REGNAMESPACE, REGROLE, REGTYPE};
use super::value::{self, Oid, Value};
use super::views;

/// The number of what is called so.
pub fn oid_of(db: &Database, pid: i32, text: &str, ty: Oid) -> Res<Value> {
    if let Ok(oid) = text.parse::<Oid>() {
        return Ok(oid.into());
    }
    let bare = text.replace('"', "");
    let missing = |code, what: &str| Fault::new(code, format!("{what} \"{bare}\" does not exist"));
    Ok(match ty {
        REGCLASS => {
            let (schema, name) =
                bare.split_once('.').map_or((None, &*bare), |(schema, name)| (Some(schema), name));
            let own =
                if schema == Some("pg_catalog") || schema.is_none() { catalog::number(name) } else { None };
            let index = || db.relations.iter().flat_map(|one| &one.indexes).find(|index| index.name == name);
            match (own, index()) {
                (Some(oid), _) => oid.into(),
                (None, Some(index)) => index.oid.into(),
                (None, None) => db.relation(pid, schema, name)?.oid.into(),
            }
        }
        REGROLE => db.role_named(&bare).ok_or_else(|| missing("42704", "role"))?.oid.into(),
        REGNAMESPACE => match &*bare {
            "pg_catalog" => 11_i64.into(),
            "public" => 2200_i64.into(),
            _ => return Err(missing("3F000", "schema")),
        },
        REGTYPE => value::named(&bare).ok_or_else(|| missing("42704", "type"))?.into(),
        _ => Value::Null,
    })
}

/// The text of a value, with the names of what numbers stand for.
pub fn shown(db: &Database, value: &Value, ty: Oid) -> String {
    if let (Value::List(all), Some(inner)) = (value, value::element(ty))
        && matches!(inner, REGCLASS | REGROLE)
    {
        let all: Vec<Value> = all.iter().map(|value| shown(db, value, inner).into()).collect();
        return value::shown(&all.into(), value::kind::TEXTS);
    }
    let Value::Int(oid) = value else { return value::shown(value, ty) };
    let name = match ty {
        REGCLASS => {
            let table = db.relations.iter().find(|one| i64::from(one.oid) == *oid);
            let table = table.map(|one| {
                let (own, schema) = (&one.name, &one.schema);
                if schema == "public" { own.clone() } else { format!("{schema}.{own}") }
            });
            let index =
                || db.relations.iter().flat_map(|one| &one.indexes).find(|one| i64::from(one.oid) == *oid);
            let view =
                || catalog::views().find(|view| catalog::number(view.name).map(i64::from) == Some(*oid));
            table
                .or_else(|| index().map(|one| one.name.clone()))
                .or_else(|| view().map(|view| view.name.to_owned()))
        }
        REGROLE => db.roles.iter().find(|one| i64::from(one.oid) == *oid).map(|one| one.name.clone()),
        REGTYPE => Oid::try_from(*oid).ok().map(value::name),
        REGNAMESPACE => match oid {
            11 => Some("pg_catalog".into()),
            2200 => Some("public".into()),
            _ => db
                .relations
                .iter()
                .find(|one| views::schema_oid(&one.schema) == *oid)
                .map(|one| one.schema.clone()),
        },
        _ => None,
    };
    name.unwrap_or_else(|| value::shown(value, ty))
}
