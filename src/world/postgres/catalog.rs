//! The server's own tables and parameters, by what they are called and what columns they have.
use super::code::Env;
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

/// A table of the server's own: what its rows are read from, and which columns are shown of those.
#[derive(Clone, Copy)]
pub struct View {
    of: &'static str,
    columns: &'static str,
}

pub fn view(name: &str) -> Option<View> {
    VIEWS.lines().find_map(|line| {
        let (own, rest) = line.split_once(' ')?;
        let (of, columns) = rest.split_once(' ')?;
        (own == name).then_some(View { of, columns })
    })
}

impl View {
    pub fn columns(self) -> impl Iterator<Item = (String, Oid)> {
        self.columns.split(' ').filter_map(|column| column.split_once(':')).map(|(name, ty)| {
            let ty = ty.split('=').next().unwrap_or_default();
            (name.to_owned(), named(ty).unwrap_or(kind::TEXT))
        })
    }

    pub fn rows(self, env: &mut Env<'_>) -> Res<Vec<Row>> {
        let rows = views::rows(env.db, env.pid, self.of);
        env.step(rows.len())?;
        let types: Vec<(String, Oid)> = self.columns().collect();
        // What a row does not say is as the list of columns has it, or null.
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
