//! Finds the files below some paths: what git ignores and what is hidden is left out, links are followed
//! once.
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::file::{Stamp, not_a_file, why};
use crate::domain::text::grouped;

/// How Markdown files end.
const ENDINGS: [&str; 7] = ["md", "markdown", "mdown", "mkdn", "mkd", "mdwn", "mdx"];

/// What may follow such an ending: templates, and text by another name.
const AFTER: [&str; 12] =
    ["txt", "erb", "j2", "jinja", "jinja2", "tmpl", "tpl", "gotmpl", "tt", "liquid", "njk", "in"];

/// Whether a file of this name is Markdown.
pub fn is_markdown(name: &str) -> bool {
    let known = |list: &[&str], part: &str| list.iter().any(|one| part.eq_ignore_ascii_case(one));
    let mut parts = name.rsplit('.');
    let (last, before, stem) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    // A name that begins with its ending is a hidden file's own name.
    let named = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    (named(before) && known(&ENDINGS, last))
        || (named(stem) && known(&AFTER, last) && before.is_some_and(|part| known(&ENDINGS, part)))
}

/// A file to read.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub path: PathBuf,
    pub stamp: Stamp,
    /// Somebody named it: it is missed when it is not there.
    pub named: bool,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub files: Vec<Found>,
    /// What could not be looked at, and why.
    pub failed: Vec<(PathBuf, String)>,
    /// Where a change can make another walk come to something else.
    pub directories: Vec<PathBuf>,
    /// Where a limit was reached.
    pub notes: Vec<String>,
}

type Identity = (u64, u64);

fn identity(about: &Metadata) -> Identity {
    (about.dev(), about.ino())
}

struct Walker<'a> {
    wanted: fn(&str) -> bool,
    limits: Limits,
    cancel: &'a CancellationToken,
    out: Walked,
    /// Directories that were entered already, and files that were found already.
    entered: Arc<Mutex<HashSet<Identity>>>,
    found: HashSet<Identity>,
    entries: usize,
    bytes: u64,
    full: bool,
}

/// Walks the paths in their order, for files whose name is wanted; `None` when it was cancelled.
pub(super) fn walk(
    paths: &[PathBuf],
    wanted: fn(&str) -> bool,
    limits: Limits,
    cancel: &CancellationToken,
) -> Option<Walked> {
    let mut walker = Walker {
        wanted,
        limits,
        cancel,
        out: Walked::default(),
        entered: Arc::default(),
        found: HashSet::new(),
        entries: 0,
        bytes: 0,
        full: false,
    };
    for path in paths {
        walker.named(path)?;
    }
    Some(walker.out)
}

impl Walker<'_> {
    fn named(&mut self, path: &Path) -> Option<()> {
        self.out.directories.extend(path.parent().map(Path::to_owned));
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => return self.tree(path),
            Ok(about) if about.is_file() => {
                self.linked_from(path);
                if !self.found.contains(&identity(&about)) {
                    self.file(path.to_owned(), &about, true);
                }
            }
            Ok(about) => self.failed(path, not_a_file(&about).into()),
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
                self.failed(path, "its link leads nowhere".into());
            }
            Err(error) => self.failed(path, why(&error)),
        }
        Some(())
    }

    fn failed(&mut self, path: &Path, why: String) {
        self.out.failed.push((path.to_owned(), why));
    }

    /// A change of what a link leads to happens where that lies.
    fn linked_from(&mut self, path: &Path) {
        if path.is_symlink() {
            let target = path.canonicalize().ok();
            self.out.directories.extend(target.as_deref().and_then(Path::parent).map(Path::to_owned));
        }
    }

    fn file(&mut self, path: PathBuf, about: &Metadata, named: bool) {
        let size = about.len().min(self.limits.bytes);
        let too_many = self.out.files.len() >= self.limits.documents;
        if too_many || self.bytes + size > self.limits.together {
            if !std::mem::replace(&mut self.full, true) {
                let what = if too_many {
                    let most = grouped(self.limits.documents as u64);
                    format!("there are more than {most} files to read: the first {most} are")
                } else {
                    let most = grouped(self.limits.together >> 20);
                    format!("the files are larger than {most} MB together: the first of them are read")
                };
                self.out.notes.push(format!("{what}; name a smaller directory"));
            }
            return;
        }
        self.bytes += size;
        self.found.insert(identity(about));
        self.out.files.push(Found { path, stamp: Stamp::of(about), named });
    }

    /// A directory, and then the links in it that lead to what was not found so far.
    fn tree(&mut self, root: &Path) -> Option<()> {
        let first = self.out.files.len();
        let mut links = self.below(root)?;
        while let Some(link) = links.pop() {
            if self.full {
                break;
            }
            links.extend(self.link(&link)?);
        }
        if let Some(new) = self.out.files.get_mut(first..) {
            new.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Some(())
    }

    /// Everything below a directory but what links lead to; gives the links.
    fn below(&mut self, root: &Path) -> Option<Vec<PathBuf>> {
        let Ok(about) = fs::metadata(root) else { return Some(Vec::new()) };
        if !self.entered.lock().unwrap_or_else(PoisonError::into_inner).insert(identity(&about)) {
            return Some(Vec::new());
        }
        let entered = self.entered.clone();
        let walk = WalkBuilder::new(root)
            .follow_links(false)
            .require_git(false)
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .filter_entry(move |entry| {
                let directory = entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir());
                let Some(about) = directory.then(|| fs::metadata(entry.path()).ok()).flatten() else {
                    return true;
                };
                entered.lock().unwrap_or_else(PoisonError::into_inner).insert(identity(&about))
            })
            .build();
        let mut links = Vec::new();
        for entry in walk {
            self.entries += 1;
            if self.cancel.is_cancelled() {
                return None;
            }
            if self.full {
                break;
            }
            if self.entries > self.limits.entries {
                self.full = true;
                let most = grouped(self.limits.entries as u64);
                self.out.notes.push(format!(
                    "`{}` is too large: after {most} files the rest was left out; name a smaller directory",
                    root.display()
                ));
                break;
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.refused(root, &error);
                    continue;
                }
            };
            let Some(kind) = entry.file_type() else { continue };
            if kind.is_dir() || entry.depth() == 0 {
                self.out.directories.push(entry.into_path());
            } else if kind.is_symlink() {
                links.push(entry.into_path());
            } else if (self.wanted)(&entry.file_name().to_string_lossy()) {
                match entry.metadata() {
                    // It was named before. Two names of one file are two documents.
                    Ok(about) if about.nlink() == 1 && self.found.contains(&identity(&about)) => {}
                    Ok(about) if about.is_file() => self.file(plain(entry.path()), &about, false),
                    Ok(about) => self.failed(&plain(entry.path()), not_a_file(&about).into()),
                    // It went away meanwhile.
                    Err(_) => {}
                }
            }
        }
        links.reverse();
        Some(links)
    }

    /// What a link leads to, unless that was found already, or lies around the link itself.
    fn link(&mut self, link: &Path) -> Option<Vec<PathBuf>> {
        let wanted = (self.wanted)(&link.file_name().unwrap_or_default().to_string_lossy());
        let Ok(about) = fs::metadata(link) else {
            if wanted {
                self.failed(&plain(link), "its link leads nowhere".into());
            }
            return Some(Vec::new());
        };
        if about.is_dir() {
            let (here, there) =
                (link.parent().and_then(|dir| dir.canonicalize().ok()), link.canonicalize().ok());
            let around = here.zip(there).is_none_or(|(here, there)| here.starts_with(there));
            return if around { Some(Vec::new()) } else { self.below(link) };
        }
        if wanted && about.is_file() && !self.found.contains(&identity(&about)) {
            self.linked_from(link);
            self.file(plain(link), &about, false);
        } else if wanted && !about.is_file() {
            self.failed(&plain(link), not_a_file(&about).into());
        }
        Some(Vec::new())
    }

    /// What the walk itself could not look at.
    fn refused(&mut self, root: &Path, error: &ignore::Error) {
        // Something that went away meanwhile is no longer there to be missed.
        let Some(io) = error.io_error().filter(|io| io.kind() != ErrorKind::NotFound) else { return };
        let path = path_of(error).unwrap_or(root);
        self.out.failed.push((plain(path), why(io)));
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// Without the `./` that a walk of `.` puts in front.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_told_by_its_ending_and_templates_of_it_too() {
        for name in ["a.md", "A.MD", "a.b.markdown", "x.mdx", "x.md.erb", "x.md.j2", "x.md.txt", "x.mdown"] {
            assert!(is_markdown(name), "{name}");
        }
        for name in ["md", ".md", "a.txt", "a.erb", "a.md.bak", "amd", "a.md~", ".md.txt"] {
            assert!(!is_markdown(name), "{name}");
        }
    }
}
