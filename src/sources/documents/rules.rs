//! Reads files of alert rules as plain text; what they say is told apart elsewhere.
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::Limits;
use super::decode::decode;
use super::file::{self, why};
use super::walk::walk;

/// A file and its text, or why it could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub path: String,
    pub text: Result<String, String>,
}

/// The files that are named, and those below the directories that end like rules; and what was left out.
pub fn rules(paths: &[PathBuf], limits: Limits) -> (Vec<Text>, Vec<String>) {
    let Some(walked) = walk(paths, ends_like_rules, limits, &CancellationToken::new()) else {
        return (Vec::new(), Vec::new());
    };
    let read = |path: &Path| -> Result<String, String> {
        let content = file::read(path, limits.bytes).map_err(|error| why(&error))?;
        // A rule that is cut off would be missed without a word.
        if let Some(defect) = content.defects.first() {
            return Err(defect.text.clone());
        }
        Ok(decode(&content.bytes).0.into_owned())
    };
    let found = walked.files.iter().map(|found| (found.path.as_path(), read(&found.path)));
    let failed = walked.failed.iter().map(|(path, why)| (path.as_path(), Err(why.clone())));
    let all = found.chain(failed);
    (all.map(|(path, text)| Text { path: path.display().to_string(), text }).collect(), walked.notes)
}

fn ends_like_rules(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ["yaml", "yml", "json", "rules"].iter().any(|known| end.eq_ignore_ascii_case(known))
}
