//! Settings from outside in: every mistake says exactly what it should, and every sub-command works.
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use firedeck::config::{self, Env, Request, Source};
use firedeck::domain::settings::limit::FactSource;
use firedeck::domain::settings::{Action, Key, Scope};
use proptest::prelude::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad-config")
}

/// The program in an empty world: nothing of the one who tests has a say.
fn firedeck(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
    command.env_clear().env("HOME", home).env("TERM", "xterm-256color").current_dir(home);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).expect("UTF-8")
}

fn stderr(command: &mut Command, code: i32) -> String {
    String::from_utf8(command.assert().code(code).get_output().stderr.clone()).expect("UTF-8")
}

#[test]
fn a_profile_sets_variables_for_the_shells_of_steps_and_takes_no_secret() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("c.toml");
    let shown = |text: &str| {
        fs::write(&file, text).expect("written");
        firedeck(home.path()).args(["--config", "c.toml", "config", "show"]).output().expect("ran")
    };
    let good = shown("profile = \"a\"\n[profiles.a.env]\nPGHOST = \"db.shop\"\n");
    assert!(String::from_utf8_lossy(&good.stdout).contains("db.shop"), "{good:?}");
    for (env, says) in [
        ("PGPASSWORD = \"x\"", "is a secret"),
        ("\"A-B\" = \"x\"", "cannot be the name of a variable"),
        ("A = 3", "text in quotes"),
    ] {
        let bad = shown(&format!("profile = \"a\"\n[profiles.a.env]\n{env}\n"));
        assert!(String::from_utf8_lossy(&bad.stderr).contains(says), "{env}: {bad:?}");
    }
}

/// Every `.toml` below a directory, by its path from there.
fn tomls(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in ["", "profiles", "themes"] {
        let entries = fs::read_dir(dir.join(folder)).expect("a directory of fixtures");
        let names = entries.map(|entry| Path::new(folder).join(entry.expect("an entry").file_name()));
        all.extend(names.filter(|path| path.extension().is_some_and(|end| end == "toml")));
    }
    all.sort();
    all
}

/// `FIREDECK_BLESS=1` writes what is said now; it is read by a person before it is kept.
#[test]
fn every_bad_file_says_exactly_what_is_wrong() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = fixtures();
    let all = tomls(&dir);
    assert!(all.len() > 40, "the fixtures are gone");
    let mut wrong = Vec::new();
    for path in all {
        let mut command = firedeck(home.path());
        command.current_dir(&dir).args(["config", "check"]).arg(&path);
        let said = stderr(&mut command, 1);
        let expected = dir.join(path.with_extension("stderr"));
        if std::env::var_os("FIREDECK_BLESS").is_some() {
            fs::write(&expected, &said).expect("written");
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", path.display()));
        }
        assert!(!said.contains("hunter2"), "a secret is shown:\n{said}");
    }
    assert!(wrong.is_empty(), "these say something else now:\n\n{}", wrong.join("\n"));
}

#[test]
fn a_config_that_sets_everything_is_taken_as_it_is_written() {
    let dir = tempfile::tempdir().expect("a directory");
    let home = dir.path().join("firedeck");
    for (name, text) in [
        ("config.toml", include_str!("fixtures/good-config/config.toml")),
        ("keys.toml", include_str!("fixtures/good-config/keys.toml")),
        ("profiles/shop.toml", include_str!("fixtures/good-config/profiles/shop.toml")),
        ("themes/dusk.toml", include_str!("fixtures/good-config/themes/dusk.toml")),
    ] {
        fs::create_dir_all(home.join(name).parent().expect("a parent")).expect("made");
        fs::write(home.join(name), text).expect("written");
    }
    let env = Env::of(&[
        ("XDG_CONFIG_HOME", &dir.path().display().to_string()),
        ("TERM", "xterm"),
        ("COLORTERM", "truecolor"),
    ]);
    let request = Request { env, ..Request::default() };
    let now = config::load(&request).expect("good");
    let at = home.display().to_string();
    let rows: Vec<String> =
        now.shown.iter().map(|row| format!("{} = {} ({})", row.name, row.value, row.origin)).collect();
    let shown = rows.join("\n").replace(&at, "DIR");
    insta::assert_snapshot!("everything_set", shown);
    let keymap = &now.settings.keymap;
    let key = |text| Key::parse(text).expect(text);
    assert_eq!(keymap.action(Scope::Table, key("Ctrl-X")), Some(Action::Drain));
    assert_eq!(keymap.action(Scope::Table, key("D")), None, "taken away");
    assert_eq!(keymap.action(Scope::Table, key("Q")), Some(Action::Quit), "from keys.toml");
    assert_eq!(now.settings.profile.limits.len(), 2);
    assert_eq!(config::check(&request).expect("all good").len(), 4);
}

#[test]
fn the_starter_is_good_as_it_is_and_with_every_line_in_force() {
    let dir = tempfile::tempdir().expect("a directory");
    let written = stdout(firedeck(dir.path()).args(["config", "init"]));
    assert!(written.contains(".config/firedeck/config.toml: written"), "{written}");
    stdout(firedeck(dir.path()).args(["config", "check"]));
    let again = stderr(firedeck(dir.path()).args(["config", "init"]), 1);
    assert!(again.contains("is not overwritten"), "{again}");

    let setting = |line: &&str| {
        let text = line.strip_prefix("# ").unwrap_or("");
        text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let in_force: Vec<&str> = config::starter::TEXT.lines().filter(setting).map(|line| &line[2..]).collect();
    assert!(in_force.len() > 40, "{in_force:?}");
    config::check_bytes("starter.toml", in_force.join("\n").into_bytes()).expect("every line is good");
}

#[test]
fn a_terminal_that_cannot_show_more_than_ascii_gets_no_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let home = dir.path().display().to_string();
    let shown = |env: &[(&str, &str)], config: &str| {
        let dir = dir.path().join(".config/firedeck");
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join("config.toml"), config).expect("written");
        let env: Vec<(&str, &str)> = [("HOME", home.as_str())].iter().chain(env).copied().collect();
        let now = config::load(&Request { env: Env::of(&env), ..Request::default() }).expect("good");
        let row = now.shown.into_iter().find(|row| row.name == "borders").expect("a row");
        format!("{} by {}", row.value, row.origin)
    };
    assert_eq!(shown(&[("TERM", "xterm")], ""), "unicode by default");
    assert_eq!(shown(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8")], ""), "unicode by default");
    assert_eq!(shown(&[("TERM", "xterm"), ("LANG", "C")], ""), "ascii by $LANG");
    assert_eq!(shown(&[("LANG", "C"), ("LC_ALL", "C.utf8")], ""), "unicode by default");
    assert_eq!(shown(&[("LANG", "de_DE.UTF-8"), ("LC_CTYPE", "POSIX")], ""), "ascii by $LC_CTYPE");
    assert_eq!(shown(&[("TERM", "linux"), ("LANG", "C.UTF-8")], ""), "ascii by $TERM");
    assert!(shown(&[("LANG", "C")], "borders = \"unicode\"").contains("config.toml:1"));
}

#[test]
fn a_flag_is_heard_before_a_variable_and_a_variable_before_a_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("c.toml");
    fs::write(&file, "theme = \"day\"\nprofile = \"alecs\"\nnamespaces = [\"web\"]\nread_only = true\n")
        .expect("written");
    let file = file.display().to_string();
    let base = [("FIREDECK_CONFIG", file.as_str()), ("TERM", "xterm")];
    let by_file = Request { env: Env::of(&base), ..Request::default() };
    let by_env = Request {
        env: Env::of(&[base[0], base[1], ("FIREDECK_THEME", "wall"), ("FIREDECK_PROFILE", "lego-mcp")]),
        ..Request::default()
    };
    let by_flag = Request {
        theme: Some("mono".into()),
        profile: Some("legal-platform".into()),
        namespaces: vec!["a".into(), "all".into()],
        ..by_env.clone()
    };
    for (request, theme, profile, namespaces, from) in [
        (&by_file, "day", "alecs", vec!["alecs"], "profile"),
        (&by_env, "wall", "lego-mcp", vec!["lego-mcp", "lego-mcp-staging"], "profile"),
        (&by_flag, "mono", "legal-platform", vec!["*"], "flag"),
    ] {
        let settings = config::load(request).expect("good").settings;
        assert_eq!(settings.theme.name, theme);
        assert_eq!(settings.profile.name, profile);
        assert_eq!(settings.profile.namespaces, namespaces);
        assert_eq!(settings.namespaces_from.name(), from);
        assert!(settings.profile.read_only, "a guard that is on anywhere is on");
    }
}

#[test]
fn a_profile_and_a_context_may_have_a_theme_of_their_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("config.toml");
    let written = |text: &str| {
        fs::write(&file, text).expect("written");
        let env = Env::of(&[("TERM", "xterm")]);
        Request { config: Some(file.clone()), env, ..Request::default() }
    };
    let text = "theme = \"day\"\nprofile = \"a\"\n[context_themes]\n\"prod-eu\" = \"contrast\"\n[profiles.a]\ntheme = \"deutan\"\n[profiles.b]\n";
    let request = written(text);
    let settings = |request: &Request| config::load(request).expect("good").settings;
    let now = settings(&request);
    assert_eq!(now.theme.name, "deutan", "the profile's comes before the config's");
    let themes: Vec<(&str, &str)> =
        now.context_themes.iter().map(|(context, theme)| (&**context, &*theme.name)).collect();
    assert_eq!(themes, [("prod-eu", "contrast")]);
    assert_eq!(settings(&Request { profile: Some("b".into()), ..request.clone() }).theme.name, "day");
    let by_flag = settings(&Request { theme: Some("mono".into()), ..request });
    assert_eq!((&*by_flag.theme.name, by_flag.context_themes.len()), ("mono", 0), "what is asked for holds");

    for (text, place) in [
        ("[context_themes]\n\"prod-eu\" = \"nihgt\"\n", "config.toml:2"),
        ("[profiles.a]\ntheme = \"nihgt\"\n", "config.toml:2"),
        ("profile = \"a\"\n[profiles.a]\ntheme = \"nihgt\"\n", "config.toml:3"),
    ] {
        let said = config::check(&written(text)).expect_err("no such theme").to_string();
        assert!(said.contains(place) && said.contains("did you mean `night`?"), "{said}");
        assert_eq!(said.matches("there is no theme").count(), 1, "{said}");
    }
    fs::create_dir_all(dir.path().join("profiles")).expect("made");
    fs::write(dir.path().join("profiles/c.toml"), "theme = \"nihgt\"\n").expect("written");
    let said = config::check(&written("")).expect_err("no such theme").to_string();
    assert!(said.contains("c.toml:1") && said.contains("did you mean `night`?"), "{said}");
}

#[test]
fn a_variable_left_over_in_a_shell_leads_no_profile_to_another_cluster() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("c.toml");
    fs::write(&file, "profile = \"a\"\n[profiles.a]\nkubeconfig = \"mine\"\n").expect("written");
    let env = |kubeconfig: &str| {
        Env::of(&[("FIREDECK_CONFIG", &file.display().to_string()), ("KUBECONFIG", kubeconfig)])
    };
    let load = |request: Request| config::load(&request).expect("good").settings.kubeconfig;
    let request = Request { env: env("/other:/another"), ..Request::default() };
    assert_eq!(load(request.clone()), [dir.path().join("mine")]);
    assert_eq!(load(Request { kubeconfig: vec!["/flag".into()], ..request }), [PathBuf::from("/flag")]);
    let alone = Request { env: Env::of(&[("KUBECONFIG", "/other::/another")]), ..Request::default() };
    assert_eq!(load(alone), [PathBuf::from("/other"), PathBuf::from("/another")]);
}

#[test]
fn two_keymaps_that_are_unsafe_only_together_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("written");
    let request = Request { config: Some(dir.path().join("config.toml")), ..Request::default() };
    write("keys.toml", "[question]\n\"Z\" = \"yes\"\n");
    write("config.toml", "");
    config::load(&request).expect("good alone");
    write("config.toml", "[keys.table]\n\"Z\" = \"restart\"\n");
    let said = config::load(&request).expect_err("bad together").to_string();
    assert!(said.contains("`Z` asks for `restart`, so it cannot also be the `yes` to it"), "{said}");
}

#[test]
fn the_wall_is_read_only_and_has_its_theme() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("c.toml");
    fs::write(&file, "").expect("written");
    let env = Env::of(&[("TERM", "xterm")]);
    let request = Request { config: Some(file), wall: true, env, ..Request::default() };
    let settings = config::load(&request).expect("good").settings;
    assert!(settings.profile.read_only);
    assert_eq!(settings.theme.name, "wall");
    let other = Request { theme: Some("day".into()), ..request };
    assert_eq!(config::load(&other).expect("good").settings.theme.name, "day");
}

#[test]
fn the_log_is_in_a_directory_of_its_own_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    // What it finds is another test's business.
    firedeck(dir.path()).arg("doctor").output().expect("run");
    let state = dir.path().join(".local/state/firedeck");
    assert_eq!(fs::metadata(&state).expect("made").permissions().mode() & 0o777, 0o700);
    assert!(fs::symlink_metadata(state.join("firedeck.log")).expect("today's").is_symlink());
}

#[test]
fn without_colours_the_theme_says_it_with_bold_and_underline() {
    let load = |env: &[(&str, &str)], theme: Option<&str>| {
        let request = Request { env: Env::of(env), theme: theme.map(str::to_owned), ..Request::default() };
        config::load(&request).expect("good").settings
    };
    let no_color = [("NO_COLOR", "1"), ("TERM", "xterm-256color")];
    assert_eq!(load(&no_color, None).theme.name, "mono");
    assert_eq!(load(&no_color, Some("day")).theme.name, "day", "asked for more recently");
    assert_eq!(load(&[("TERM", "xterm"), ("FIREDECK_THEME", "day")], None).theme.name, "day");
    assert_eq!(load(&[], None).theme.name, "mono");
}

#[test]
fn every_built_in_profile_names_the_lines_its_limits_stand_on() {
    // Name, document, its lines, and its rows of facts.
    let known = [
        ("lego-mcp", "000", 505, 27),
        ("devops-mcp", "001", 1_265, 43),
        ("dev-utilities", "002", 515, 38),
        ("alecs", "003", 616, 42),
        ("legal-platform", "004", 733, 31),
    ];
    assert_eq!(config::PROFILES.len(), known.len());
    for (name, document, length, facts) in known {
        let (_, text) = config::PROFILES.iter().find(|(known, _)| *known == name).expect(name);
        let source = Source { name: name.into(), text: (*text).into() };
        let profile = config::check_profile(name, &source).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(profile.limits.len(), facts, "{name}");
        for limit in &profile.limits {
            assert_eq!(limit.document, document, "{name}: {}", limit.fact.name);
            assert!(!limit.lines.is_empty(), "{name}: {}", limit.fact.name);
            for lines in &limit.lines {
                assert!(lines.to <= length, "{name}: {} at {lines}", limit.fact.name);
            }
            let asked = limit.fact.source.needs_query();
            assert_eq!(asked, !limit.fact.query.is_empty(), "{name}: {}", limit.fact.name);
            assert!(asked || matches!(limit.fact.source, FactSource::Statement | FactSource::None));
        }
    }
}

#[test]
fn a_config_that_was_named_must_be_there() {
    let dir = tempfile::tempdir().expect("a directory");
    for (args, variable) in [(vec!["--config", "nowhere.toml"], None), (vec![], Some("nowhere.toml"))] {
        let mut command = firedeck(dir.path());
        command.args(args).args(["config", "show"]);
        if let Some(variable) = variable {
            command.env("FIREDECK_CONFIG", variable);
        }
        let said = stderr(&mut command, 1);
        assert!(said.contains("nowhere.toml: there is no such file, but"), "{said}");
    }
    let said = stderr(firedeck(dir.path()).env("FIREDECK_LOG", "loud").args(["config", "show"]), 1);
    assert!(said.contains("$FIREDECK_LOG: unknown log level `loud`"), "{said}");
}

#[test]
fn every_sub_command_that_only_tells_works_without_anything_set_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let says = |args: &[&str]| stdout(firedeck(dir.path()).args(args));
    assert!(says(&["--help"]).contains("Exit status"));
    for command in ["open", "wall", "config", "themes", "keys", "completions", "man", "doctor"] {
        let help = says(&[command, "--help"]);
        assert!(help.contains("Usage: firedeck") && help.len() > 300, "{help}");
    }
    let keys = says(&["keys"]);
    let tables = says(&["keys", "--markdown"]);
    for action in Action::ALL {
        assert!(keys.contains(action.help()), "{}", action.name());
        assert!(tables.contains(&format!("| `{}` |", action.name())), "{}", action.name());
    }
    let themes = says(&["themes"]);
    for (name, _) in config::theme::BUILT_IN {
        assert!(themes.contains(name), "{name}");
    }
    assert!(!themes.contains('\u{1b}'), "no colours into a pipe");
    for shell in ["bash", "zsh", "fish"] {
        assert!(says(&["completions", shell]).contains("read-only"), "{shell}");
    }
    assert!(says(&["man"]).starts_with(".ie") && says(&["man"]).contains(".SH NAME"));
    assert!(says(&["config", "show"]).contains("as the kubeconfig says"));
    assert!(fs::read_dir(dir.path()).expect("home").next().is_none(), "and nothing was written");
}

#[test]
fn a_mistake_on_the_command_line_is_a_two() {
    let dir = tempfile::tempdir().expect("a directory");
    for args in
        [vec!["--theem", "x"], vec!["open", "web"], vec!["open", "nosuch/X"], vec!["--log-level", "loud"]]
    {
        stderr(firedeck(dir.path()).args(&args), 2);
    }
}

#[test]
fn the_cockpit_into_a_pipe_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a directory");
    let said = stderr(&mut firedeck(dir.path()), 1);
    assert!(said.contains("must be a terminal") && said.contains("config show"), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let dir = tempfile::tempdir().expect("a directory");
    for args in [["keys", "--markdown"].as_slice(), &["man"], &["completions", "bash"], &["--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_firedeck"))
            .args(args)
            .env_clear()
            .env("HOME", dir.path())
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some() && !said.contains("panicked"), "{args:?}: {said}");
    }
}

#[test]
fn secrets_are_shown_as_references_only() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(
        dir.path().join("c.toml"),
        "[[profiles.p.redis]]\nurl = \"redis://a\"\npassword = { env = \"TOP\" }\n",
    )
    .expect("written");
    let mut command = firedeck(dir.path());
    command.env("TOP", "hunter2").args(["--config", "c.toml", "-p", "p", "config", "show"]);
    let shown = stdout(&mut command);
    assert!(shown.contains("{ env = \"TOP\" }") && !shown.contains("hunter2"), "{shown}");
}

/// Good text with a few bytes of it replaced, cut or doubled: what a tired hand makes of it.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&'static str> = [
        include_str!("fixtures/good-config/config.toml"),
        include_str!("fixtures/good-config/profiles/shop.toml"),
        include_str!("fixtures/good-config/themes/dusk.toml"),
    ]
    .into();
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..12), 0..6);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let end = (at + cut).min(bytes.len() - 1);
            bytes.drain(at..end);
        }
        bytes
    })
}

fn read_as_everything(bytes: &[u8]) {
    let said = config::check_bytes("c.toml", bytes.to_vec()).err().map(|problems| problems.to_string());
    assert!(said.is_none_or(|text| !text.is_empty() && !text.contains('\u{1b}')));
    let source = Source { name: "p.toml".into(), text: String::from_utf8_lossy(bytes).into_owned() };
    let _ = config::check_profile("p", &source).map_err(|problems| problems.to_string());
    let _ = config::theme::parse("t", &source).map_err(|problems| problems.to_string());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[\\[\\]{}=\"'.,#\n\t])*") {
        read_as_everything(text.as_bytes());
    }

    #[test]
    fn any_damage_is_read_or_refused(bytes in damaged()) {
        read_as_everything(&bytes);
    }
}
