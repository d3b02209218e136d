//! `firedeck runbooks` as a user types it: what it prints, what it exits with, and what never reaches a terminal.
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use serde_json::Value;

use crate::common::terminal::Start;

const CRANES: &str = "\
# Yard operations

## Crane does not lift

**Severity**: P2
**Response time**: 30 minutes

**Symptoms:**

- loads stay on the ground

**Steps:**

1. **Look at the pods** (5 min)

   ```bash
   kubectl get pods -n yard -l app=crane
   ```

2. **Remove the broken one**

   ```bash
   kubectl delete namespace <namespace>
   ```

## Morning round

| Severity | Response time |
|---|---|
| P1 | 15 minutes |
| P2 | 30 minutes |

- [ ] Read the shift book
- [ ] Look at the gates

```bash
craneop lower --all
```
";

pub(super) struct World(tempfile::TempDir);

impl World {
    pub(super) fn new() -> World {
        World(tempfile::tempdir().expect("a directory"))
    }

    pub(super) fn with_cranes() -> World {
        let world = World::new();
        world.write("docs/cranes.md", CRANES);
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// `firedeck runbooks …` with nothing of the one who tests around it.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
        command
            .env_clear()
            .env("HOME", self.0.path())
            .env("TERM", "xterm-256color")
            .current_dir(self.0.path());
        let output = command.arg("runbooks").args(arguments).output().expect("run");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Ran {
            code: output.status.code().expect("ended by itself"),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    pub(super) fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

pub(super) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The fields of an object as the README promises them.
fn promised(object: &str) -> Vec<&'static str> {
    let readme = include_str!("../../README.md");
    let row = readme.lines().find(|line| line.starts_with(&format!("| {object} | `"))).expect(object);
    let fields = row.split(';').next().expect("fields").split('`').skip(1).step_by(2);
    let mut fields: Vec<&str> = fields.collect();
    fields.sort_unstable();
    fields
}

pub(super) fn sorted(names: &str) -> Vec<&str> {
    let mut names: Vec<&str> = names.split_whitespace().collect();
    names.sort_unstable();
    names
}

#[test]
fn without_any_runbooks_it_says_what_to_set() {
    let world = World::new();
    let ran = world.run(&["list"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("no runbooks are named") && ran.err.contains("runbooks = ["), "{}", ran.err);
    assert_eq!(world.run(&["lint"]).code, 2, "for CI, nothing looked at is not nothing found");
}

#[test]
fn the_usual_places_are_read_when_none_is_named() {
    let world = World::new();
    let titles = |ran: Ran| {
        ran.json()["documents"]
            .as_array()
            .expect("documents")
            .iter()
            .map(|d| d["path"].as_str().expect("a path").to_owned())
            .collect::<Vec<_>>()
    };
    world.write("notes.md", "# Notes\n");
    world.write("deep/inside.md", "# Inside\n");
    assert_eq!(titles(world.run(&["list", "--json"])), ["deep/inside.md", "notes.md"]);
    world.write("docs/runbooks/a.md", "# A\n");
    assert_eq!(titles(world.run(&["list", "--json"])), ["docs/runbooks/a.md"]);
    world.write("runbooks/b.md", "# B\n");
    assert_eq!(titles(world.run(&["list", "--json"])), ["runbooks/b.md"]);
    world.write(
        ".config/firedeck/config.toml",
        "runbooks = [\"mine\", \"~/notes.md\"]\n[profiles.yard]\nrunbooks = \"yard.md\"\n",
    );
    world.write(".config/firedeck/mine/c.md", "# C\n");
    world.write(".config/firedeck/yard.md", "# D\n");
    let ends = |paths: Vec<String>, ends: &[&str]| {
        assert!(
            paths.len() == ends.len() && paths.iter().zip(ends).all(|(path, end)| path.ends_with(end)),
            "{paths:?}"
        );
    };
    ends(titles(world.run(&["list", "--json"])), &[".config/firedeck/mine/c.md", "/notes.md"]);
    ends(titles(world.run(&["list", "--json", "--profile", "yard"])), &[".config/firedeck/yard.md"]);
    assert_eq!(
        titles(world.run(&["list", "--json", "deep"])),
        ["deep/inside.md"],
        "what is typed is heard first"
    );
}

#[test]
fn the_list_for_programs_has_the_fields_that_are_promised() {
    let world = World::with_cranes();
    let ran = world.run(&["list", "--json", "docs", "gone.md"]);
    assert_eq!(ran.code, 1, "a file could not be read");
    assert_eq!(ran.err, "gone.md: there is no such file\n");
    let all = ran.json();
    assert_eq!(keys(&all), ["documents"]);
    let gone = &all["documents"][1];
    assert_eq!((&gone["path"], &gone["error"]), (&"gone.md".into(), &"there is no such file".into()));
    let document = &all["documents"][0];
    assert_eq!(keys(document), promised("document"));
    assert_eq!(
        (&document["path"], &document["title"]),
        (&"docs/cranes.md".into(), &"Yard operations".into())
    );
    let runbook = &document["runbooks"][0];
    assert_eq!(keys(runbook), promised("runbook"));
    assert_eq!((&runbook["title"], &runbook["line"]), (&"Crane does not lift".into(), &3.into()));
    assert_eq!(runbook["severity"], "P2");
    assert_eq!(runbook["trigger"], Value::Null, "what the document does not say is null");
    let fact = &document["facts"][0];
    assert_eq!(keys(fact), promised("fact"));
    assert!(fact["rows"][0]["line"].is_u64(), "{fact}");
    let step = &runbook["steps"][0];
    assert_eq!(keys(step), promised("step"));
    let command = &step["commands"][0];
    assert_eq!(keys(command), promised("command"));
    assert_eq!(
        (&command["text"], &command["line"]),
        (&"kubectl get pods -n yard -l app=crane".into(), &17.into())
    );
    assert_eq!((&command["risk"], &command["tool"]), (&"read".into(), &"kubectl".into()));
    let delete = &runbook["steps"][1]["commands"][0];
    assert_eq!(
        (&delete["risk"], &delete["placeholders"]),
        (&"danger".into(), &serde_json::json!(["<namespace>"]))
    );
}

#[test]
fn the_list_for_people_is_a_table_that_can_be_narrowed() {
    let world = World::with_cranes();
    let all = world.run(&["list", "docs"]).good();
    let row = all.lines().find(|line| line.contains("Crane does not lift")).expect("a row");
    for part in ["docs/cranes.md:3", "P2", "2", "✗ danger"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert!(all.ends_with("2 runbooks in 1 document\n"), "{all}");
    assert!(!all.contains('\u{1b}'), "no colours where nobody sees them");
    let rows = |arguments: &[&str]| {
        let out = world.run(&[&["list", "docs"], arguments].concat()).good();
        out.lines().filter(|line| line.starts_with("docs/")).count()
    };
    assert_eq!(rows(&["--risk", "danger"]), 1);
    assert_eq!(rows(&["--filter", "LIFT crane"]), 1);
    assert_eq!(rows(&["--kind", "daily"]), 1);
    assert_eq!(rows(&["--kind", "daily", "--risk", "danger"]), 0);
    let narrowed = world.run(&["list", "docs", "--json", "--filter", "morning"]).json();
    assert_eq!(narrowed["documents"][0]["runbooks"].as_array().expect("a list").len(), 1);
    assert_eq!(world.run(&["list", "docs", "--kind", "nightly"]).code, 2);
}

#[test]
fn one_runbook_is_shown_by_its_name_a_part_of_it_or_a_line() {
    let world = World::with_cranes();
    for name in
        [&["Crane does not lift"][..], &["crane", "lift"], &["docs/cranes.md:22"], &["crane-does-not-lift"]]
    {
        let text = world.run(&[&["show", "--in", "docs"], name].concat()).good();
        for part in [
            "Crane does not lift",
            "P2",
            "respond within 30 minutes",
            "loads stay on the ground",
            "[ ] 1 Look at the pods",
            "kubectl get pods -n yard -l app=crane",
            "✗ danger",
            "fill in: <namespace>",
        ] {
            assert!(text.contains(part), "{part} of {name:?}:\n{text}");
        }
    }
    world.write("alone.md", CRANES);
    assert!(
        world.run(&["show", "alone.md:3"]).good().contains("Crane does not lift"),
        "no setting names this file"
    );
    let both = world.run(&["show", "alone.md"]);
    assert_eq!((both.code, both.out.as_str()), (1, ""));
    assert!(both.err.contains("alone.md:3  Crane") && both.err.contains("Morning round"), "{}", both.err);
    let twice = world.run(&["show", "--in", ".", "Crane does not lift"]);
    assert!(twice.code == 1 && twice.err.contains("docs/cranes.md:3"), "{}", twice.err);
    let none = world.run(&["show", "--in", "docs", "crane", "lifting", "badly"]);
    assert!(none.code == 1 && none.err.contains("there is no runbook"), "{}", none.err);
    let path = world.run(&["show", "quite", "unknown", "docs"]);
    assert!(path.code == 1 && path.err.contains("`docs` is a path: put it behind --in"), "{}", path.err);
    let one = world.run(&["show", "--json", "docs/cranes.md:3"]).json();
    assert_eq!((&one["path"], &one["runbook"]["line"]), (&"docs/cranes.md".into(), &3.into()));
}

/// Sequences that would clear the screen, set the title, move the cursor, or turn the text around.
const HOSTILE: &str = "\
# T\u{1b}[2J\u{1b}]0;owned\u{7}itle\u{202e}

## Crane\u{1b}[31m down\u{8}\u{8}

**Severity**: P1\u{9b}5m

Warning: \u{1b}]52;c;aGk=\u{7}careful

1. **Look\u{1b}[1A up**

   ```bash
   # label\u{1b}[2K
   kubectl delete ns <x\u{1b}[31m> \u{1b}]8;;http://x\u{7}
   curl -fsS http://x/{a,b}\u{7f}
   ```
";

#[test]
fn nothing_of_a_document_moves_the_terminal() {
    let world = World::new();
    world.write("x.md", HOSTILE);
    world.write("y\u{1b}[2J.md", "# Y\n");
    for arguments in [
        &["list", "."][..],
        &["show", "x.md"],
        &["show", "x.md:3"],
        &["show", "--in", ".", "e"],
        &["search", "crane", "--in", "."],
        &["search", "nothing\u{1b}[2Jlike this", "--in", "."],
        &["lint", "."],
        &["coverage", "--rules", "gone\u{1b}[2J.yml", "."],
    ] {
        let ran = world.run(arguments);
        for text in [&ran.out, &ran.err] {
            let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(bad, None, "{arguments:?}:\n{text}");
        }
    }
}

#[test]
fn colours_come_to_a_terminal_alone_and_no_color_takes_them_away() {
    let world = World::with_cranes();
    let cranes = world.path("docs/cranes.md").display().to_string();
    let home = world.0.path().display().to_string();
    let seen = |no_color: &str| {
        let start = Start::new(env!("CARGO_BIN_EXE_firedeck")).env("HOME", &home).env("NO_COLOR", no_color);
        let start = start.arg("runbooks").arg("show").arg(format!("{cranes}:3")).size(60, 50);
        let mut shown = start.run();
        shown.wait_for("danger");
        assert!(shown.exits().success());
        String::from_utf8_lossy(&shown.bytes(0)).into_owned()
    };
    let coloured = seen("");
    assert!(coloured.contains("\u{1b}[38;5;") || coloured.contains(";38;5;"), "{coloured}");
    let plain = seen("1");
    assert!(!plain.contains("38;5;") && !plain.contains("48;5;"), "{plain}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let world = World::new();
    let mut text = String::from("# Many\n\n");
    for nth in 0..1_500 {
        let _ = write!(
            text,
            "## Crane {nth} does not lift\n\n- [ ] Look at crane {nth}\n- [ ] Call its driver\n\n"
        );
    }
    world.write("many.md", text);
    for arguments in [&["list", "many.md"][..], &["list", "--json", "many.md"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_firedeck"))
            .env_clear()
            .env("HOME", world.0.path())
            .current_dir(world.0.path())
            .arg("runbooks")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut first = [0; 16];
        child.stdout.take().expect("piped").read_exact(&mut first).expect("something is printed");
        let ended = child.wait_with_output().expect("ended");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
        assert!(ended.status.code().is_some_and(|code| code <= 1), "{arguments:?}: {}", ended.status);
    }
}

#[test]
fn own_tools_are_judged_by_the_settings() {
    let world = World::with_cranes();
    let lower = |world: &World| {
        let all = world.run(&["list", "--json", "docs"]).json();
        let steps = all["documents"][0]["runbooks"][1]["steps"].as_array().expect("steps").clone();
        let commands = steps.iter().flat_map(|step| step["commands"].as_array().expect("a list").clone());
        commands.into_iter().find(|command| command["tool"] == "craneop").expect("the command")
    };
    assert_eq!(lower(&world)["risk"], "change", "what is not known");
    world.write(
        ".config/firedeck/config.toml",
        "[[commands]]\ncommand = \"craneop lower\"\nrisk = \"danger\"\nwhy = \"the load hangs over people\"\nmarks = [\"long_running\"]\n",
    );
    let known = lower(&world);
    assert_eq!((&known["risk"], &known["why"]), (&"danger".into(), &"the load hangs over people".into()));
    assert_eq!(known["long_running"], true);
}

#[test]
fn completions_and_the_manual_know_the_programs() {
    let home = tempfile::tempdir().expect("a directory");
    let out = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
        let output = command.env_clear().env("HOME", home.path()).args(arguments).output().expect("run");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(out(&["completions", "fish"]).contains("coverage"));
    assert!(out(&["man"]).contains("runbooks"));
    assert!(Path::new(env!("CARGO_BIN_EXE_firedeck")).exists() && out(&["rb", "--help"]).contains("search"));
}
