//! Documents on a disk that does what disks do: links, pipes, pictures, files that come and go.
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use firedeck::runbook::Document;
use firedeck::sources::documents::{Batch, Entry, Library, Limits, Watch, watch};
use tokio_util::sync::CancellationToken;

struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Disk {
        Disk(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn link(&self, to: &str, name: &str) {
        symlink(to, self.path(name)).expect("linked");
    }

    fn pipe(&self, name: &str) {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, self.path(name), rustix::fs::FileType::Fifo, mode, 0)
            .expect("a pipe");
    }

    fn library(&self, names: &[&str]) -> Library {
        self.limited(names, Limits::default())
    }

    fn limited(&self, names: &[&str], limits: Limits) -> Library {
        let mut library =
            Library::new(names.iter().map(|name| self.path(name)).collect(), Arc::default(), limits);
        library.look(&CancellationToken::new()).expect("not cancelled");
        library
    }

    /// Each entry's path from here, with `!` and the reason where it could not be read.
    fn says(&self, library: &Library) -> Vec<String> {
        library.entries().map(|entry| self.said(entry)).collect()
    }

    fn said(&self, entry: &Entry) -> String {
        let path =
            Path::new(&entry.path).strip_prefix(self.0.path()).expect("below here").display().to_string();
        match &entry.read {
            Ok(_) => path,
            Err(why) => format!("{path}! {why}"),
        }
    }

    fn read(&self, names: &[&str]) -> Vec<String> {
        self.says(&self.library(names))
    }
}

fn document<'a>(library: &'a Library, name: &str) -> &'a Arc<Document> {
    let entry = library.entries().find(|entry| entry.path.ends_with(name)).expect(name);
    entry.read.as_ref().expect(name)
}

#[test]
fn markdown_is_found_and_what_git_ignores_or_is_hidden_is_not() {
    let disk = Disk::new();
    for name in [
        "a.md",
        "b.markdown",
        "c/d.mdx",
        "c/e.md.erb",
        "c/f.md.j2",
        "g.txt",
        "h.rst",
        "i.md.bak",
        ".hidden/x.md",
        ".y.md",
        "node_modules/z.md",
        "old/gone.md",
        "old/kept.md",
    ] {
        disk.write(name, "# A\n");
    }
    disk.write(".gitignore", "node_modules/\n");
    disk.write("old/.gitignore", "gone.md\n");
    assert_eq!(disk.read(&[""]), ["a.md", "b.markdown", "c/d.mdx", "c/e.md.erb", "c/f.md.j2", "old/kept.md"]);
    assert_eq!(
        disk.read(&["g.txt", ".y.md", "old/gone.md"]),
        ["g.txt", ".y.md", "old/gone.md"],
        "named, so read"
    );
    assert_eq!(disk.read(&[".hidden"]), [".hidden/x.md"], "named, so read");
    assert_eq!(
        disk.read(&["c/d.mdx", "c", "c/e.md.erb"]),
        ["c/d.mdx", "c/e.md.erb", "c/f.md.j2"],
        "each once"
    );
}

#[test]
fn links_are_followed_once_and_loops_are_survived() {
    let disk = Disk::new();
    disk.write("books/a.md", "# A\n");
    disk.write("elsewhere/b.md", "# B\n");
    disk.write("elsewhere/deep/c.md", "# C\n");
    disk.link("..", "books/up");
    disk.link("self.md", "books/self.md");
    disk.link("gone.md", "books/broken.md");
    disk.link("gone", "books/broken");
    disk.link("a.md", "books/again.md");
    disk.link("../elsewhere/b.md", "books/b.md");
    disk.link("../elsewhere/deep", "books/deep");
    disk.link("../../books", "elsewhere/deep/back");
    assert_eq!(
        disk.read(&["books"]),
        [
            "books/a.md",
            "books/b.md",
            "books/deep/c.md",
            "books/broken.md! its link leads nowhere",
            "books/self.md! its link leads nowhere"
        ]
    );
    assert_eq!(disk.read(&["books/broken.md"]), ["books/broken.md! its link leads nowhere"]);
}

#[test]
fn many_directories_that_all_link_to_each_other_are_walked_once() {
    let disk = Disk::new();
    for one in 0..24 {
        disk.write(&format!("all/d{one}/x.md"), "# X\n");
        for other in 0..24 {
            disk.link(&format!("../d{other}"), &format!("all/d{one}/to{other}"));
        }
    }
    let began = Instant::now();
    assert_eq!(disk.read(&["all"]).len(), 24);
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
}

#[test]
fn what_is_no_file_is_an_entry_with_its_reason_and_nothing_waits_for_it() {
    let disk = Disk::new();
    disk.pipe("a.md");
    disk.write("b.md/inside.md", "# B\n");
    disk.write("c.md", "# C\n");
    assert_eq!(disk.read(&[""]), ["b.md/inside.md", "c.md", "a.md! is not a plain file"]);
    assert_eq!(
        disk.read(&["a.md", "nowhere.md", "c.md"]),
        ["c.md", "a.md! is not a plain file", "nowhere.md! there is no such file"]
    );
}

#[test]
fn a_file_that_may_not_be_read_costs_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let disk = Disk::new();
    disk.write("a.md", "# A\n");
    disk.write("secret/b.md", "# B\n");
    disk.write("c.md", "# C\n");
    for name in ["a.md", "secret"] {
        fs::set_permissions(disk.path(name), fs::Permissions::from_mode(0o0)).expect("set");
    }
    let said = disk.read(&[""]);
    fs::set_permissions(disk.path("secret"), fs::Permissions::from_mode(0o700)).expect("set");
    if rustix::process::geteuid().is_root() {
        assert_eq!(said, ["a.md", "c.md", "secret/b.md"], "nothing is closed to root");
    } else {
        assert_eq!(said, ["c.md", "a.md! permission denied", "secret! permission denied"]);
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_read_and_said() {
    let disk = Disk::new();
    disk.write("latin.md", b"# Caf\xe9\n\nText\n");
    disk.write(
        "wide.md",
        [0xff, 0xfe].into_iter().chain("# A\n".encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<_>>(),
    );
    disk.write("picture.md", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR");
    disk.write("plain.md", "# A\n");
    let library = disk.library(&[""]);
    let defects = |name| {
        document(&library, name).defects.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join("; ")
    };
    assert!(defects("latin.md").contains("read as Latin-1"));
    assert!(defects("wide.md").contains("UTF-16"));
    assert!(defects("picture.md").contains("hardly text"));
    assert_eq!(defects("plain.md"), "");
}

#[test]
fn a_file_that_is_too_large_is_read_as_far_as_it_may_be() {
    let disk = Disk::new();
    disk.write("big.md", "# A\n\nwords and words\n".repeat(200_000));
    let library = disk.limited(&[""], Limits { bytes: 1 << 20, ..Limits::default() });
    let big = document(&library, "big.md");
    assert!((100_000..200_000).contains(&big.lines), "{}", big.lines);
    let said = big.defects.last().expect("a defect");
    assert!(said.line == big.lines && said.text.contains("larger than 1 MB"), "{said:?} {}", big.lines);
}

#[test]
fn a_directory_of_a_hundred_thousand_files_is_read_up_to_the_limit_which_is_said() {
    let disk = Disk::new();
    disk.write("all/0.md", "");
    for nth in 1..100_000 {
        fs::hard_link(disk.path("all/0.md"), disk.path(&format!("all/{nth}.md")))
            .or_else(|_| fs::write(disk.path(&format!("all/{nth}.md")), ""))
            .expect("made");
    }
    let began = Instant::now();
    let library = disk.library(&["all"]);
    assert_eq!(library.entries().count(), 20_000);
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
    let [note] = library.notes() else { panic!("{:?}", library.notes()) };
    assert!(note.contains("more than 20,000 files"), "{note}");
}

#[test]
fn files_that_are_too_large_together_are_read_up_to_the_limit_which_is_said() {
    let disk = Disk::new();
    for nth in 0..6 {
        disk.write(&format!("{nth}.md"), "words and words\n".repeat(40_000));
    }
    let library = disk.limited(&[""], Limits { together: 2 << 20, ..Limits::default() });
    assert_eq!(disk.says(&library), ["0.md", "1.md", "2.md"]);
    assert!(
        library.notes().iter().any(|note| note.contains("larger than 2 MB together")),
        "{:?}",
        library.notes()
    );
}

#[test]
fn a_tree_that_is_too_large_to_look_through_is_left_with_a_word() {
    let disk = Disk::new();
    for nth in 0..50 {
        disk.write(&format!("all/{nth:02}/x.md"), "# X\n");
    }
    let library = disk.limited(&["all"], Limits { entries: 40, ..Limits::default() });
    assert!((1..=20).contains(&library.entries().count()));
    assert!(
        library.notes().iter().any(|note| note.contains("too large: after 40 files")),
        "{:?}",
        library.notes()
    );
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let disk = Disk::new();
    let old = SystemTime::now() - Duration::from_hours(1);
    for name in ["a.md", "b.md"] {
        disk.write(name, "# One\n");
        fs::File::options()
            .write(true)
            .open(disk.path(name))
            .and_then(|file| file.set_modified(old))
            .expect("set");
    }
    let mut library = disk.library(&[""]);
    let first = document(&library, "a.md").clone();
    let mut look = || library.look(&CancellationToken::new()).expect("not cancelled");
    assert!(look().is_empty());
    // Of the same size and the same time: only its bytes tell.
    disk.write("a.md", "# Two\n");
    fs::File::options()
        .write(true)
        .open(disk.path("a.md"))
        .and_then(|file| file.set_modified(old))
        .expect("set");
    // Written again with the same bytes.
    disk.write("b.md", "# One\n");
    let batch = look();
    assert_eq!(batch.changed.len(), 1, "{batch:?}");
    assert!(batch.changed[0].path.ends_with("a.md") && batch.gone.is_empty());
    fs::remove_file(disk.path("b.md")).expect("removed");
    assert!(look().gone[0].ends_with("b.md"));
    assert!(!Arc::ptr_eq(&first, document(&library, "a.md")));
}

#[test]
fn a_reading_that_is_cancelled_leaves_what_was_known() {
    let disk = Disk::new();
    disk.write("a.md", "# A\n");
    let mut library = disk.library(&[""]);
    disk.write("b.md", "# B\n");
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert!(library.look(&cancelled).is_none());
    assert_eq!(disk.says(&library), ["a.md"]);
    assert_eq!(library.look(&CancellationToken::new()).expect("looked").changed.len(), 1);
}

struct Seen {
    heard: Receiver<Batch>,
    _watch: Watch,
}

impl Seen {
    fn of(library: Library) -> Seen {
        let (tell, heard) = channel();
        let watch = watch(library, move |batch, _| {
            let _ = tell.send(batch);
        });
        Seen { heard, _watch: watch.expect("watching") }
    }

    /// Waits until everything that is wanted was told: a name that changed, or `-` and one that went.
    fn wait(&self, wanted: &[&str]) {
        let mut missing: Vec<&str> = wanted.to_vec();
        while !missing.is_empty() {
            let batch = self
                .heard
                .recv_timeout(Duration::from_secs(20))
                .unwrap_or_else(|_| panic!("not told: {missing:?}"));
            missing.retain(|wanted| match wanted.strip_prefix('-') {
                Some(gone) => !batch.gone.iter().any(|path| path.ends_with(gone)),
                None => !batch.changed.iter().any(|entry| entry.path.ends_with(wanted)),
            });
        }
    }
}

#[test]
fn changes_are_told_in_batches_while_the_documents_are_watched() {
    let disk = Disk::new();
    disk.write("a.md", "# A\n");
    disk.write("sub/b.md", "# B\n");
    let seen = Seen::of(disk.library(&["", "later/c.md"]));
    disk.write("new.tmp", "# A, edited\n");
    fs::rename(disk.path("new.tmp"), disk.path("a.md")).expect("replaced, as editors do");
    seen.wait(&["a.md"]);
    disk.write("sub/deeper/d.md", "# D\n");
    disk.write("later/c.md", "# C\n");
    seen.wait(&["d.md", "c.md"]);
    disk.write("sub/deeper/d.md", "# D, edited in place\n");
    seen.wait(&["d.md"]);
    fs::remove_dir_all(disk.path("sub")).expect("removed");
    seen.wait(&["-b.md", "-d.md"]);
    fs::rename(disk.path("a.md"), disk.path("z.md")).expect("renamed");
    seen.wait(&["z.md", "-a.md"]);
    disk.write(".gitignore", "z.md\n");
    seen.wait(&["-z.md"]);
}
