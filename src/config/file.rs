//! Reads a settings file, and says plainly why it cannot.
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::problem::{Problem, Source};

/// Settings of a megabyte are a mistake, or an attack.
const MOST_BYTES: u64 = 1 << 20;

/// `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Source>, Problem> {
    let name = path.display().to_string();
    let cannot = |error: &io::Error| {
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "give yourself the right to read it, or name another with --config"
            }
            _ => "",
        };
        Problem::of(&name, format!("cannot be read: {}", why(error)), help)
    };
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    if !about.is_file() {
        let what = if about.is_dir() { "is a directory, not a file" } else { "is not a plain file" };
        return Err(Problem::of(&name, what, "name a TOML file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Problem::of(&name, "is larger than 1 MB, which no settings are", "name a TOML file"));
    }
    from_bytes(name, bytes).map(Some)
}

/// Invalid UTF-8 is shown with its place.
pub(super) fn from_bytes(name: String, bytes: Vec<u8>) -> Result<Source, Problem> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or(0);
            let source = Source { name, text: String::from_utf8_lossy(error.as_bytes()).into_owned() };
            let what = format!("is not UTF-8: byte 0x{byte:02x} stands here");
            Err(source.problem(at..at + 1, what, "save it as UTF-8"))
        }
    }
}

/// The reason without the number that libraries append.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotFound => "there is no such file".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_readable_file_says_why() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).expect("written");
            path
        };
        assert_eq!(read(&dir.path().join("absent")), Ok(None));
        assert_eq!(read(&file("good", b"a = 1").join("below")), Ok(None));
        let says = |path: &Path| read(path).expect_err("bad").to_string();
        assert!(says(dir.path()).contains("is a directory"));
        assert!(says(&file("big", &vec![b'#'; (1 << 20) + 1])).contains("larger than 1 MB"));
        let bytes = says(&file("bytes", b"theme = \"\xff\"\n"));
        assert!(bytes.contains("bytes:1:10: is not UTF-8: byte 0xff"), "{bytes}");
        assert!(says(Path::new("/dev/null")).contains("is not a plain file"));
        assert!(read(&file("good", b"a = 1")).expect("good").is_some());
    }
}
