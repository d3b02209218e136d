//! A value that a real shell gets is that value and nothing else, whatever it is and wherever it stands.
use std::os::unix::ffi::OsStringExt;
use std::process::{Command as Process, Stdio};

use firedeck::commands::tools::Tables;
use firedeck::commands::{self, Lang, Source};
use firedeck::domain::text::quoted;
use firedeck::runbook::binding::{Origin, Resolved, Value, Values, resolve};
use firedeck::runbook::placeholder::{Scope, find};
use firedeck::runbook::types::{Attributes, Command};
use proptest::prelude::*;

/// One command with its value in, as the runner would get it.
fn put_in(template: &str, value: &str) -> Result<String, String> {
    resolved(template, value).map(|resolved| resolved.text)
}

fn resolved(template: &str, value: &str) -> Result<Resolved, String> {
    let tables = Tables::default();
    let script = commands::read(Source { text: template, lines: &[1, 2, 3] }, Lang::Shell, &tables);
    let statement = script.statements.into_iter().next().expect("a statement");
    let placeholders = find(&statement, &Scope::default());
    assert_eq!(placeholders.len(), 1, "{template}");
    let command = Command {
        statement,
        placeholders,
        future: false,
        elsewhere: None,
        attributes: Attributes::default(),
    };
    let mut values = Values::default();
    values.set("value", Value { text: value.into(), origin: Origin::Operator });
    resolve(&command, &values, &tables).map_err(|refusal| refusal.to_string())
}

/// What the shell made of it; the directory is empty, so that a `*` finds nothing to hide behind.
fn said(script: &str) -> String {
    let empty = tempfile::tempdir().expect("a directory");
    let output = Process::new("sh")
        .arg("-c")
        .arg(std::ffi::OsString::from_vec(script.as_bytes().to_vec()))
        .current_dir(empty.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    let left = std::fs::read_dir(empty.path()).expect("read").count();
    assert_eq!(left, 0, "`{script}` made a file");
    let text = String::from_utf8(output.stdout).expect("text");
    text.strip_suffix('\n').map_or(text.clone(), str::to_owned)
}

/// Strings that are made to break out: every sign of a shell, of JSON and of SQL comes often.
fn hostile() -> impl Strategy<Value = String> {
    let sign = prop_oneof![
        3 => prop::sample::select(vec!['\'', '"', '\\', '$', '`', '(', ')', ';', '&', '|', '<', '>', '*', '?', '~', '#', '!', '{', '}', '[', ']', '-', '=', '\n', '\t', ' ', '%', '^']),
        2 => prop::char::range('a', 'f'),
        1 => any::<char>().prop_filter("no NUL", |c| *c != '\0'),
    ];
    prop::collection::vec(sign, 1..16).prop_map(|signs| signs.into_iter().collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quoting_survives_a_real_shell(value in hostile()) {
        prop_assume!(!value.trim().is_empty());
        let first = put_in("env A=<value> printenv A", &value);
        if first.is_err_and(|why| why.contains("a screen does not show")) {
            // What cannot be shown is not put in at all.
            return Ok(());
        }
        for template in ["env A=<value> printenv A", "env A='<value>' printenv A", "env \"A=<value>\" printenv A"] {
            let text = put_in(template, &value).map_err(TestCaseError::fail)?;
            prop_assert_eq!(said(&text), value.clone(), "{}", text);
        }
        for template in ["env A='{\"a\":\"<value>\"}' printenv A", "env A=\"{\\\"a\\\":\\\"<value>\\\"}\" printenv A"] {
            let text = put_in(template, &value).map_err(TestCaseError::fail)?;
            let read: serde_json::Value = serde_json::from_str(&said(&text)).expect("JSON");
            prop_assert_eq!(read["a"].as_str(), Some(value.as_str()), "{}", text);
        }
        let template = "cat <<EOF\n<value>\nEOF";
        if let Ok(text) = put_in(template, &value) {
            prop_assert_eq!(said(&text), value, "{}", text);
        }
    }
    #[test]
    fn a_variable_is_that_value_or_is_refused(value in hostile()) {
        prop_assume!(!value.trim().is_empty());
        for template in [
            "env A=$value printenv A",
            "env \"A=$value\" printenv A",
            "A=$value; printf '%s\\n' \"$A\"",
            "cat <<EOF\n$value\nEOF",
        ] {
            let Ok(resolved) = resolved(template, &value) else { continue };
            let set: Vec<String> =
                resolved.variables.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect();
            prop_assert_eq!(said(&format!("{}{}", set.concat(), resolved.text)), value.clone(), "{}", template);
        }
    }
}
