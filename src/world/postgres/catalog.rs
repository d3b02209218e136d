//! The server's own tables and parameters, by what they are called and what columns they have.
use super::expr::Env;
use super::fault::Res;
use super::value::{Oid, Row, Value, kind, named, parse};
use super::views;

const VIEWS: &str = include_str!("catalog.txt");
const SETTINGS: &str = include_str!("settings.txt");

/// A parameter as it is when nobody has set it.
pub struct Setting {
    pub name: &'static str,
    pub value: &'static str,
    pub unit: &'static str,
    pub context: &'static str,
    pub kind: &'static str,
}

pub fn settings() -> impl Iterator<Item = Setting> {
    SETTINGS.lines().filter_map(|line| {
        let mut parts = line.split('|');
        let mut next = || parts.next();
        Some(Setting { name: next()?, value: next()?, unit: next()?, context: next()?, kind: next()? })
    })
}

pub fn setting(name: &str) -> Option<Setting> {
    settings().find(|one| one.name.eq_ignore_ascii_case(name))
}

/// A table of the server's own.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub name: &'static str,
    columns: &'static str,
}

pub fn views() -> impl Iterator<Item = View> {
    VIEWS.lines().filter_map(|line| line.split_once(' ')).map(|(name, columns)| View { name, columns })
}

pub fn view(name: &str) -> Option<View> {
    views().find(|view| view.name == name)
}

/// Views that are asked like functions.
pub fn is_function(name: &str) -> bool {
    matches!(name, "pg_stat_statements" | "pg_control_system")
}

/// Its number, for whoever asks for it by name.
pub fn number(name: &str) -> Option<Oid> {
    let at = views().position(|view| view.name == name)?;
    Some(12_000 + Oid::try_from(at).unwrap_or(0))
}

impl View {
    pub fn columns(self) -> impl Iterator<Item = (String, Oid)> {
        self.columns.split(' ').filter_map(|column| column.split_once(':')).map(|(name, ty)| {
            let ty = ty.split('=').next().unwrap_or_default();
            (name.to_owned(), if ty == "char" { kind::CHAR } else { named(ty).unwrap_or(kind::TEXT) })
        })
    }

    pub fn rows(self, env: &mut Env<'_>) -> Res<Vec<Row>> {
        let rows = views::rows(env.db, env.pid, self.name)?;
        env.step(rows.len().saturating_mul(2))?;
        let types: Vec<(String, Oid)> = self.columns().collect();
        // What a row does not say is as the table of columns has it, or null.
        let mut blank = Vec::new();
        for (column, (_, ty)) in self.columns.split(' ').zip(&types) {
            let value = column.split_once('=').map(|(_, value)| parse(value, *ty));
            blank.push(value.transpose()?.unwrap_or(Value::Null));
        }
        let filled = |row: Vec<(&str, Value)>| {
            let mut cells = blank.clone();
            for (name, value) in row {
                let at = types.iter().position(|(one, _)| one == name);
                if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
                    *cell = value;
                }
            }
            cells
        };
        Ok(rows.into_iter().map(filled).collect())
    }
}
