//! The checker sees what is planted, in every spelling, and lets pass what is right.
use super::imports::test_modules;
use super::{crates, faults};

fn seen(module: &str, source: &str) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    faults(&module, source, &crates())
}

#[track_caller]
fn refused(module: &str, source: &str) {
    assert!(!seen(module, source).is_empty(), "not seen in `{module}`: {source}");
}

#[track_caller]
fn passes(module: &str, source: &str) {
    assert_eq!(seen(module, source), Vec::<String>::new(), "in `{module}`: {source}");
}

#[test]
fn an_import_from_above_is_seen_in_every_spelling() {
    for source in [
        "use crate::model::Model;",
        "pub use crate::model::Model;",
        "use crate::{domain::pod, model::{self, msg::Msg}};",
        "use crate::{self as root};",
        "use crate::model as below;",
        "use crate::r#model::Model;",
        "use super::super::model::Model;",
        "use super::{super::model, pod};",
        "use super::super as root; fn f() { root::model::g() }",
        "use super::super::*;",
        "use crate::*;",
        "use crate as root;",
        "use crate::model::*;",
        "use firedeck::model::Model;",
        "use ::firedeck::model::Model;",
        "fn f() { crate::model::g() }",
        "fn f() { use crate::model::g; g() }",
        "fn f(x: crate::model::Model) {}",
        "fn f() -> Vec<crate::model::Model> { Vec::new() }",
        "impl crate::model::Shown for X {}",
        "fn f() { let crate::model::Model { .. } = x; }",
        "macro_rules! m { () => { $crate::model::g() } }",
        "fn f() { println_to!(x, crate::model::g()) }",
        "make! { use crate::{domain::pod, model::Model}; }",
        "fn f() { vec![(1, [crate::model::g()])] }",
        "extern crate firedeck;",
        "extern crate self as me; use me::model::Model;",
        "#[path = \"../../model/mod.rs\"] mod hidden;",
        "mod inner { use super::super::super as root; fn f() { root::model::g() } }",
        "include!(\"../model/mod.rs\");",
        "#[derive(X)] #[x(with = \"crate::model::as_text\")] struct S;",
        "#[crate::model::attribute] fn f() {}",
        "mod inner { use super::super::super::model::Model; }",
        "#[cfg(test)] mod tests { use crate::model::Model; }",
    ] {
        refused("domain::settings", source);
    }
}

#[test]
fn siblings_and_hands_that_know_too_much_are_seen() {
    refused("update::keys", "use crate::view::draw;");
    refused("view", "use crate::update::update;");
    refused("incident", "use crate::commands::risk;");
    refused("store", "use crate::config::load;");
    refused("sources::kubernetes", "use crate::incident::event;");
    refused("config", "use crate::commands::tools::Tables;");
    refused("commands::tools", "use crate::runbook::document;");
    refused("sources::kubernetes", "use crate::model::msg::Msg;");
    refused("model", "use crate::sources::Outbox;");
    refused("panes::pods", "use crate::app::run;");
    refused("update", "use crate::world::cluster;");
    refused("domain", "use crate::elsewhere::x;");
    passes("app", "use crate::{world, update, view, sources::supervise};");
    passes("store::journal", "use crate::{domain::pod::Pod, incident::event::Event};");
    passes("sources::documents", "use crate::{runbook::catalogue, commands::tools::Tables};");
    passes("panes::pods", "use crate::{domain::pod::Pod, model::Model}; use super::table;");
    passes("cli", "use crate::app; fn f() { crate::config::load() }");
    passes("main", "fn main() { firedeck::cli::run() }");
}

#[test]
fn what_reaches_outside_is_seen_in_a_pure_layer() {
    for source in [
        "use tokio::sync::mpsc;",
        "use ::tokio::spawn;",
        "extern crate tokio;",
        "fn f() { tokio::spawn(async {}); }",
        "fn f() { select! { x = tokio::time::sleep(d) => {} } }",
        "use crossterm::event::KeyEvent;",
        "use ratatui::style::Color;",
        "use std::fs;",
        "use std::{collections::HashMap, env};",
        "use std::*;",
        "use std::time::*;",
        "use std::time::{Duration, Instant};",
        "use std::time; fn f() { time::SystemTime::UNIX_EPOCH; }",
        "use std as s; fn f() { s::process::exit(0) }",
        "fn f() { std::net::TcpStream::connect(x); }",
        "fn f() { ::std::env::var(\"HOME\"); }",
        "use jiff::Timestamp; fn f() { Timestamp::now() }",
        "use jiff::Timestamp as T; fn f() { T::now() }",
        "type T = jiff::Timestamp; fn f() { T::now() }",
        "fn f() { list.map(jiff::Zoned::now) }",
        "fn f() { assert_eq!(Timestamp::now(), x) }",
        "fn f() { crate::domain::time::Timestamp::now() }",
        "fn f() { jiff::tz::TimeZone::system() }",
        "fn f() { std::thread::sleep(d) }",
        "fn f() { println!(\"x\") }",
        "fn f() { vec![dbg!(x)] }",
    ] {
        refused("model::pods", source);
    }
}

#[test]
fn what_is_right_passes() {
    passes("view", "use ratatui::{layout::Rect, style::Style}; use tui_big_text::BigText;");
    passes("domain::time", "pub use jiff::{Timestamp, SignedDuration}; use std::time::Duration;");
    passes("domain::pod", "use std::fmt; use super::object::Kind; use serde::{Deserialize, Serialize};");
    passes("model", "pub mod http; use http::Answer; fn f(m: &Model) { m.now(); http::go(); }");
    passes(
        "model",
        "fn f() { let now = self.now; matches!(x, Kind::Pod); format!(\"crate::model {}\", y::Z) }",
    );
    passes("domain", "#[cfg(test)] mod tests { use super::*; use std::fs; use proptest::prelude::*; }");
    passes("domain", "#[test] fn t() { println!(\"{}\", std::env::temp_dir().display()); }");
    passes("sources", "use tokio::sync::mpsc; use std::time::Instant; fn f() { Instant::now() }");
    passes("lib", "pub mod app;");
    passes("panes", "use crate::domain::level::Level; mod tests { use super::Level; } fn f() { Level::Bad }");
    passes("model::list", "#[cfg(test)] #[path = \"list_tests.rs\"] mod tests;");
}

#[test]
fn a_file_that_is_not_rust_is_not_passed_over() {
    refused("domain", "use crate::{;");
}

#[test]
fn a_file_of_tests_is_known_by_the_file_that_declares_it() {
    let module = ["model", "list"].map(str::to_owned);
    let inside = test_modules(&module, false, "#[cfg(test)] mod tests; mod other;");
    assert_eq!(inside, [["model", "list", "tests"].map(str::to_owned)]);
    let beside = test_modules(&module, false, "#[cfg(test)] #[path = \"list_tests.rs\"] mod tests;");
    assert_eq!(beside, [["model", "list_tests"].map(str::to_owned)]);
}
