//! `runbooks run` and `walk` where nobody can be asked: what runs, what stops it, and what is written down.
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PAGE: &str = "# Yard

## Look round

1. Look
   ```bash
   WHO=crane
   printf '%s stands\\n' \"$WHO\"
   ```
2. Mend it
   ```bash
   touch made
   ```

## Fill in

1. Look
   ```bash
   ls <directory>
   ```

## Goes wrong

1. Look
   ```bash
   ls /nowhere-at-all
   printf 'behind\\n'
   ```
";

struct Yard {
    dir: tempfile::TempDir,
}

impl Yard {
    fn new() -> Yard {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("yard.md"), PAGE).expect("written");
        Yard { dir }
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_firedeck"))
            .args(args)
            .args(["--in", "yard.md"])
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .output()
            .expect("run");
        let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        (status.code().unwrap_or(-1), said)
    }

    /// Everything that is in any file below the state's place.
    fn written(&self) -> String {
        fn all(dir: &Path, out: &mut String) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    all(&path, out);
                } else if path.is_file() {
                    out.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut out = String::new();
        all(&self.dir.path().join("state"), &mut out);
        out
    }
}

#[test]
fn what_only_reads_runs_in_one_shell_and_a_change_is_not_run_without_somebody_to_ask() {
    let yard = Yard::new();
    let (code, said) = yard.run(&["runbooks", "run", "look", "round"]);
    assert!(said.contains("crane stands"), "{said}");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("touch made") && said.contains("nobody is here"), "{said}");
    assert!(!yard.dir.path().join("made").exists());
    let written = yard.written();
    for kind in ["run-opened", "step-started", "step-ended", "run-closed", "session-closed"] {
        assert!(written.contains(kind), "{kind}: {written}");
    }
}

#[test]
fn one_step_alone_is_all_that_runs() {
    let yard = Yard::new();
    let (code, said) = yard.run(&["runbooks", "run", "look", "round", "--step", "1"]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("touch"), "{said}");
    let (code, said) = yard.run(&["runbooks", "run", "look", "round", "--step", "9"]);
    assert!(code == 1 && said.contains("there is no step `9`"), "{said}");
}

#[test]
fn a_value_is_given_on_the_command_line_or_asked_for_by_its_name() {
    let yard = Yard::new();
    let (code, said) = yard.run(&["runbooks", "run", "fill", "in"]);
    assert!(code == 3 && said.contains("--set directory=VALUE"), "{said}");
    let dir = yard.dir.path().join("two words");
    std::fs::create_dir(&dir).expect("made");
    std::fs::write(dir.join("found-it"), "").expect("written");
    let (code, said) =
        yard.run(&["runbooks", "run", "fill", "in", "--set", &format!("directory={}", dir.display())]);
    assert!(code == 0 && said.contains("found-it"), "{said}");
}

#[test]
fn what_goes_wrong_ends_it() {
    let yard = Yard::new();
    let (code, said) = yard.run(&["runbooks", "run", "goes", "wrong"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nowhere-at-all") && !said.contains("    behind"), "{said}");
}

#[test]
fn a_walk_explains_and_runs_no_change() {
    let yard = Yard::new();
    let (code, said) = yard.run(&["walk", "look", "round"]);
    assert!(said.contains("a walk") && said.contains("sets variables"), "{said}");
    assert!(code == 3 && !yard.dir.path().join("made").exists(), "{said}");
}
