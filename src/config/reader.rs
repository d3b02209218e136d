//! Walks a TOML file by hand, so that every mistake in it is reported with its place, not the first alone.
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::meant;
use super::problem::{Problem, Problems, Source};

/// More are not helpful, and a hostile file could hold a million.
const MOST_PROBLEMS: usize = 50;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Located<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// Collects what is wrong with one file.
pub(super) struct Reader<'s> {
    pub source: &'s Source,
    problems: RefCell<Vec<Problem>>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Reader<'s> {
        Reader { source, problems: RefCell::new(Vec::new()) }
    }

    pub(super) fn fault(&self, span: &Range<usize>, what: impl Into<String>, help: impl Into<String>) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS {
            problems.push(self.source.problem(span.clone(), what, help));
        }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.source.place(span.start).0
    }

    /// A path as a file means it: `~/` is home, and what is not absolute is beside the file.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        super::place::expand(text, Path::new(&self.source.name).parent())
    }

    /// What `read` makes of the file, or everything that is wrong with it.
    pub(super) fn read<T>(self, read: impl FnOnce(&Table<'_, '_>) -> T) -> Result<T, Problems> {
        let (root, errors) = DeTable::parse_recoverable(&self.source.text);
        // After a mistake in the writing the rest means little.
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let word = self.source.text.get(span.clone()).unwrap_or("");
            let bare = word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '~'));
            if bare && error.message().starts_with("invalid ") {
                self.fault(&span, "not TOML: text stands in quotes", format!("write `\"{word}\"`"));
            } else {
                self.fault(&span, format!("not TOML: {}", error.message()), "");
            }
        }
        let readable = self.problems.borrow().is_empty();
        let made = readable.then(|| {
            let table = Table::new(&self, root.get_ref(), root.span());
            let made = read(&table);
            table.done();
            made
        });
        let mut problems = Problems(self.problems.into_inner());
        problems.sort();
        problems.0.dedup();
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            _ => Err(problems),
        }
    }
}

/// One table; what is asked for is what it may hold.
pub(super) struct Table<'r, 'i> {
    pub reader: &'r Reader<'r>,
    rows: &'r DeTable<'i>,
    pub span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
}

impl<'r, 'i> Table<'r, 'i> {
    fn new(reader: &'r Reader<'r>, table: &'r DeTable<'i>, span: Range<usize>) -> Table<'r, 'i> {
        Table { reader, rows: table, span, known: RefCell::new(Vec::new()) }
    }

    fn get(&self, key: &'static str) -> Option<&'r Spanned<DeValue<'i>>> {
        self.known.borrow_mut().push(key);
        self.rows.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let what = format!("`{key}` is {}, but {wanted} is needed", kind(value.get_ref()));
        self.reader.fault(&value.span(), what, "");
    }

    /// The value must be there.
    pub(super) fn needed<T>(&self, key: &str, value: Option<Located<T>>) -> Option<Located<T>> {
        // One that is there and wrong was reported already.
        if value.is_none() && !self.rows.iter().any(|(name, _)| name.get_ref() == key) {
            self.reader.fault(&self.head(), format!("`{key}` is missing here"), "");
        }
        value
    }

    /// The first line of the table, which is where something missing is reported.
    pub(super) fn head(&self) -> Range<usize> {
        let rest = self.reader.source.text.get(self.span.clone()).unwrap_or("");
        let first = rest.split('\n').next().unwrap_or("").trim_end().len();
        self.span.start..self.span.start + first
    }

    pub(super) fn text(&self, key: &'static str) -> Option<Located<String>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, "text in quotes");
            return None;
        };
        if text.trim().is_empty() || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.reader.fault(&value.span(), format!("`{key}` is empty, or holds control characters"), "");
            return None;
        }
        Some(Located { value: text.to_owned(), span: value.span() })
    }

    pub(super) fn yes_or_no(&self, key: &'static str) -> Option<Located<bool>> {
        let value = self.get(key)?;
        let Some(yes) = value.get_ref().as_bool() else {
            self.wrong(key, value, "true or false");
            return None;
        };
        Some(Located { value: yes, span: value.span() })
    }

    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<Located<u32>> {
        let value = self.get(key)?;
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong(key, value, "a whole number");
            return None;
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => Some(Located { value: number, span: value.span() }),
            _ => {
                let what = format!("`{key}` is out of range");
                self.reader.fault(
                    &value.span(),
                    what,
                    format!("allowed: {} to {}", range.start(), range.end()),
                );
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<Located<T>> {
        let text = self.text(key)?;
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let Some(one) = all.iter().find(|one| name(**one) == text.value) else {
            let what = format!("unknown {key} `{}`", text.value);
            self.reader.fault(&text.span, what, meant::help(&text.value, &names));
            return None;
        };
        Some(Located { value: *one, span: text.span })
    }

    /// A list of texts; one alone need not be in brackets.
    pub(super) fn texts(&self, key: &'static str) -> Option<Located<Vec<Located<String>>>> {
        let value = self.get(key)?;
        let one = |value: &Spanned<DeValue<'_>>| match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
                Some(Located { value: text.to_owned(), span: value.span() })
            }
            Some(_) => {
                self.reader.fault(&value.span(), format!("`{key}` holds an empty or unprintable text"), "");
                None
            }
            None => {
                self.wrong(key, value, "text in quotes, or a list of it");
                None
            }
        };
        let all = match value.get_ref().as_array() {
            Some(list) => list.iter().filter_map(one).collect(),
            None => vec![one(value)?],
        };
        Some(Located { value: all, span: value.span() })
    }

    pub(super) fn table(&self, key: &'static str) -> Option<Table<'r, 'i>> {
        self.inside(key, self.get(key)?)
    }

    /// The table that a value is.
    pub(super) fn inside<'v, 'w>(&self, key: &str, value: &'v Spanned<DeValue<'w>>) -> Option<Table<'v, 'w>>
    where
        'r: 'v,
    {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, value, "a table");
            return None;
        };
        Some(Table::new(self.reader, table, value.span()))
    }

    /// Every name and value of a table whose keys are free.
    pub(super) fn free(&self) -> impl Iterator<Item = (Located<String>, &'r Spanned<DeValue<'i>>)> {
        self.rows.iter().map(|(name, value)| (located(name), value))
    }

    /// `[[key]]`, each.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'r, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, value, &format!("a list of tables, written `[[{key}]]`"));
            return Vec::new();
        };
        list.iter()
            .filter_map(|item| {
                let table = item.get_ref().as_table();
                if table.is_none() {
                    self.wrong(key, item, "a table");
                }
                Some(Table::new(self.reader, table?, item.span()))
            })
            .collect()
    }

    /// Whether a key is there at all, whatever it holds.
    pub(super) fn raw(&self, key: &'static str) -> Option<&'r Spanned<DeValue<'i>>> {
        self.get(key)
    }

    /// Every name and text of a table whose keys are free.
    pub(super) fn free_texts(&self) -> Vec<(Located<String>, Located<String>)> {
        self.rows
            .iter()
            .filter_map(|(name, value)| {
                let Some(text) = value.get_ref().as_str() else {
                    self.wrong(name.get_ref(), value, "text in quotes");
                    return None;
                };
                Some((located(name), Located { value: text.to_owned(), span: value.span() }))
            })
            .collect()
    }

    /// Every name and table of a table whose keys are free.
    pub(super) fn free_tables(&self) -> Vec<(Located<String>, Table<'r, 'i>)> {
        self.rows
            .iter()
            .filter_map(|(name, value)| {
                let Some(table) = value.get_ref().as_table() else {
                    self.wrong(name.get_ref(), value, "a table");
                    return None;
                };
                Some((located(name), Table::new(self.reader, table, value.span())))
            })
            .collect()
    }

    /// Reports every key that nobody asked for.
    pub(super) fn done(&self) {
        let known = self.known.borrow();
        let mut words: Vec<&str> = known.clone();
        words.sort_unstable();
        words.dedup();
        for (name, _) in self.rows.iter().filter(|(name, _)| !known.contains(&name.get_ref().as_ref())) {
            let what = format!("unknown key `{}`", name.get_ref());
            self.reader.fault(&name.span(), what, meant::help(name.get_ref(), &words));
        }
    }
}

fn located(name: &Spanned<std::borrow::Cow<'_, str>>) -> Located<String> {
    Located { value: name.get_ref().to_string(), span: name.span() }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
