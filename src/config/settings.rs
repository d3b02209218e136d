//! Reads `config.toml`, and `keys.toml` beside it.
use super::commands;
use super::keys::{self, Binding};
use super::problem::{Problems, Source};
use super::profile::{self, ProfileFile, ScopeOfView};
use super::reader::{Located, Reader, Table};
use crate::domain::settings::CommandRule;
use crate::domain::settings::values::{Borders, Clipboard, LogLevel};

/// A config file as it stands; what is absent is left to others.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ConfigFile {
    pub profile: Option<Located<String>>,
    pub theme: Option<Located<String>>,
    /// By the name of a context.
    pub context_themes: Vec<(String, Located<String>)>,
    pub scope: ScopeOfView,
    pub mouse: Option<Located<bool>>,
    pub borders: Option<Located<Borders>>,
    pub clipboard: Option<Located<Clipboard>>,
    pub log_level: Option<Located<LogLevel>>,
    pub log_buffer_mb: Option<Located<u32>>,
    pub log_streams: Option<Located<u32>>,
    pub commands: Vec<Located<CommandRule>>,
    pub keys: Vec<Binding>,
    pub profiles: Vec<ProfileFile>,
}

pub(super) fn parse(source: &Source) -> Result<ConfigFile, Problems> {
    Reader::new(source).read(|table| {
        let mut config = ConfigFile {
            profile: table.text("profile"),
            theme: table.text("theme"),
            scope: profile::scope(table),
            mouse: table.yes_or_no("mouse"),
            borders: table.choice("borders", Borders::ALL, Borders::name),
            clipboard: table.choice("clipboard", Clipboard::ALL, Clipboard::name),
            log_level: table.choice("log_level", LogLevel::ALL, LogLevel::name),
            commands: commands::read(table),
            keys: table.table("keys").map_or_else(Vec::new, |table| finished(&table, keys::read)),
            ..ConfigFile::default()
        };
        if let Some(themes) = table.table("context_themes") {
            let all = themes.free_texts().into_iter();
            config.context_themes = all.map(|(context, theme)| (context.value, theme)).collect();
        }
        if let Some(logs) = table.table("logs") {
            config.log_buffer_mb = logs.number("buffer_mb", 1..=4_096);
            config.log_streams = logs.number("streams", 1..=64);
            logs.done();
        }
        if let Some(profiles) = table.table("profiles") {
            config.profiles = profiles.free_tables().iter().map(|(name, table)| one(name, table)).collect();
        }
        config
    })
}

fn one(name: &Located<String>, table: &Table<'_, '_>) -> ProfileFile {
    if !profile::name_is_good(&name.value) {
        let what = format!("`{}` cannot be the name of a profile", name.value);
        table.reader.fault(&name.span, what, "use letters, digits, `-`, `_` and `.`");
    }
    profile::read(&name.value, table)
}

/// A keymap in a file of its own: the tables without `keys.` before their names.
pub(super) fn parse_keys(source: &Source) -> Result<Vec<Binding>, Problems> {
    Reader::new(source).read(keys::read)
}

fn finished<T>(table: &Table<'_, '_>, read: impl FnOnce(&Table<'_, '_>) -> T) -> T {
    let made = read(table);
    table.done();
    made
}
