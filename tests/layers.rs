//! Imports point strictly down, pure layers stay pure, files stay short: read from the source itself.
mod imports;
mod planted;

use std::fs;
use std::path::{Path, PathBuf};

use imports::{Import, What, imports, test_modules};

/// The layers from the ground up. Those of one row never import each other.
const ROWS: [&[&str]; 9] = [
    &["defect", "domain", "tls"],
    &["commands", "incident"],
    &["runbook"],
    &["config", "sources", "tools", "store"],
    &["world"],
    &["model"],
    &["panes"],
    &["update", "view"],
    &["app"],
];

/// Above everything, and seen by nothing below.
const TOP: [&str; 4] = ["cli", "main", "lib", "build"];

/// They do no I/O, know no time and import only each other.
const PURE: [&str; 8] = ["domain", "commands", "incident", "runbook", "model", "panes", "update", "view"];

/// Layers that may import less than what lies below them.
const ONLY: [(&str, &[&str]); 3] = [
    ("config", &["domain"]),
    ("sources", &["defect", "domain", "tls", "commands", "runbook"]),
    ("store", &["domain", "incident"]),
];

/// Layers that only these know.
const KNOWN_TO: [(&str, &[&str]); 1] = [("world", &["app", "cli"])];

/// What pure layers may use from outside, besides `std`.
const PURE_CRATES: [&str; 17] = [
    "std",
    "core",
    "alloc",
    "jiff",
    "serde",
    "serde_json",
    "regex",
    "unicode_width",
    "unicode_segmentation",
    "nucleo_matcher",
    "thiserror",
    "sha2",
    "memchr",
    "vte",
    "shuck_parser",
    "shuck_ast",
    "serde_saphyr",
];
const DRAWING_CRATES: [&str; 2] = ["ratatui", "tui_big_text"];

/// Parts of allowed crates that reach outside the program.
const IMPURE: [&str; 13] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::os",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff::tz::TimeZone::system",
    "jiff::tz::TimeZone::try_system",
];
const IMPURE_MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

const LONGEST_FILE: usize = 500;
/// Tables of data.
const LONG_FILES: [&str; 0] = [];

fn row(layer: &str) -> Option<usize> {
    if TOP.contains(&layer) { Some(ROWS.len()) } else { ROWS.iter().position(|row| row.contains(&layer)) }
}

/// Why `from` may not import `to`, if so.
fn forbidden(from: &str, to: &str) -> Option<String> {
    if from == to || from == "lib" {
        return None;
    }
    let (Some(here), Some(there)) = (row(from), row(to)) else {
        return Some(format!("`{to}` is not a layer"));
    };
    if here < there || (here == there && !TOP.contains(&from)) {
        return Some(format!("`{from}` does not lie above `{to}`"));
    }
    if PURE.contains(&from) && !PURE.contains(&to) {
        return Some(format!("`{from}` is pure and `{to}` is not"));
    }
    let limited = ONLY.iter().find(|(layer, _)| *layer == from);
    if let Some((_, only)) = limited
        && !only.contains(&to)
    {
        return Some(format!("`{from}` may import only {only:?}"));
    }
    let (_, knowing) = KNOWN_TO.iter().find(|(layer, _)| *layer == to)?;
    (!knowing.contains(&from)).then(|| format!("only {knowing:?} know `{to}`"))
}

/// Why a pure layer may not name this part of an external crate.
fn impure(layer: &str, path: &[String]) -> Option<String> {
    let drawing = layer == "view" && DRAWING_CRATES.contains(&path[0].as_str());
    if !PURE_CRATES.contains(&path[0].as_str()) && !drawing {
        return Some(format!("a pure layer does not use the crate `{}`", path[0]));
    }
    let whole = path.join("::").replacen("core::", "std::", 1);
    let inside = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}::"));
    let reached = |impure: &str| match whole.strip_suffix("::*") {
        Some(all) => inside(impure, all) || inside(all, impure),
        None => inside(&whole, impure),
    };
    IMPURE
        .iter()
        .find(|impure| reached(impure))
        .map(|impure| format!("`{impure}` reaches outside the program"))
}

/// What is wrong with one file's imports.
fn faults(module: &[String], source: &str, crates: &[String]) -> Vec<String> {
    let layer = module.first().map_or("lib", String::as_str);
    let found = match imports(module, source, crates) {
        Ok(found) => found,
        Err(error) => return vec![format!("cannot be parsed: {error}")],
    };
    found
        .into_iter()
        .filter_map(|import| {
            let why = fault(layer, &import)?;
            Some(format!("line {}: {why}", import.line))
        })
        .collect()
}

fn fault(layer: &str, import: &Import) -> Option<String> {
    let pure = PURE.contains(&layer) && !import.in_tests;
    let tells_time =
        |path: &[String]| pure && path.len() > 1 && path.last().is_some_and(|last| last == "now");
    match &import.what {
        What::Own(path) | What::External(path) | What::Relative(path) if tells_time(path) => {
            Some(format!("`{}` tells the time; it comes as a message", path.join("::")))
        }
        What::Own(path) => match path.first().map(String::as_str) {
            None | Some("*") if layer == "lib" => None,
            None | Some("*") => Some("takes the crate's root, and with it every layer".to_owned()),
            Some(to) => forbidden(layer, to),
        },
        What::External(path) if pure => impure(layer, path),
        What::Macro(name) if pure && IMPURE_MACROS.contains(&name.as_str()) => {
            Some(format!("`{name}!` reaches outside the program"))
        }
        What::Evasion(what) => Some(format!("{what} hides what is imported")),
        What::External(_) | What::Relative(_) | What::Macro(_) => None,
    }
}

/// Every crate that may be named: the dependencies in Cargo.toml, and the standard ones.
fn crates() -> Vec<String> {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("Cargo.toml is good");
    let mut names: Vec<String> = ["std", "core", "alloc"].map(str::to_owned).to_vec();
    for section in ["dependencies", "dev-dependencies"] {
        names
            .extend(manifest[section].as_table().expect("a table").keys().map(|name| name.replace('-', "_")));
    }
    names
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files below a folder, as paths from the root.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// Where a file stands below the crate's root; `src/main.rs` is a crate of its own, called `main` here.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root().join("src")).expect("below src").with_extension("");
    let mut parts: Vec<String> =
        inside.iter().map(|part| part.to_str().expect("a plain name").to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

#[test]
fn imports_point_strictly_down_and_pure_layers_stay_pure() {
    let crates = crates();
    let read_in = |file: PathBuf| (module_of(&file), file.ends_with("mod.rs"), read(&file));
    let files: Vec<(Vec<String>, bool, String)> = files("src").into_iter().map(read_in).collect();
    let only_tests: Vec<(Vec<String>, &[String])> = files
        .iter()
        .flat_map(|(module, is_folder, source)| {
            let tests = test_modules(module, *is_folder, source);
            tests.into_iter().map(move |tests| (tests, module.as_slice()))
        })
        .collect();
    let mut wrong = Vec::new();
    for (module, _, source) in &files {
        let tests = only_tests.iter().find(|(tests, _)| module.starts_with(tests));
        // A file of tests is judged as the tests inside any other file are.
        let found = match tests {
            Some((tests, around)) => {
                let around = if tests == module { around } else { &module[..module.len() - 1] };
                faults(around, &format!("#[cfg(test)] mod tests {{ {source}\n}}"), &crates)
            }
            None => faults(module, source, &crates),
        };
        wrong.extend(found.into_iter().map(|why| format!("{}: {why}", module.join("::"))));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_source_is_a_layer() {
    for file in files("src") {
        let module = module_of(&file);
        let layer = module.first().map_or("lib", String::as_str);
        assert!(row(layer).is_some(), "`{layer}` is not a layer; add it to the table, or put it into one");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut wrong = Vec::new();
    for file in files("src").into_iter().chain(files("tests")) {
        let (text, name) =
            (read(&file), file.strip_prefix(root()).expect("below the root").display().to_string());
        let lines = text.lines().count();
        if lines > LONGEST_FILE && !LONG_FILES.contains(&name.as_str()) {
            wrong.push(format!("{name}: {lines} lines, more than {LONGEST_FILE}: split it by purpose"));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{name}: its first line does not say what the file is for"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
