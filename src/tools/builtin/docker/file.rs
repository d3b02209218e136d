//! A compose file: its services and their images, with the variables of the environment put in.
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Fault;

/// The names that are looked for where none is given.
const USUAL: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

#[derive(Debug, Default)]
pub struct File {
    pub path: PathBuf,
    /// What it says; nothing where it is not on this box.
    pub model: Option<Value>,
    variables: HashMap<String, String>,
}

/// `NAME=value` lines.
fn variables(text: &str) -> HashMap<String, String> {
    let pair = |line: &str| {
        let (name, value) = line.trim().trim_start_matches("export ").split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!name.starts_with('#')).then(|| (name.trim().to_owned(), value.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

/// `$NAME`, `${NAME}`, `${NAME:-other}`, `${NAME:?why}` and `$$` as Compose takes them.
fn filled(text: &str, value: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    let inner = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some((name, behind)) =
            behind.strip_prefix('{').and_then(|behind| behind.split_once('}'))
        {
            rest = behind;
            let end = name.find(|sign| !inner(sign)).unwrap_or(name.len());
            let (name, how) = name.split_at_checked(end).unwrap_or((name, ""));
            let empty = how.starts_with(':');
            let found = value(name).filter(|found| !empty || !found.is_empty());
            match (found, how.trim_start_matches(':').split_at_checked(1)) {
                (Some(found), _) => out.push_str(&found),
                (None, Some(("-", other))) => out.push_str(other),
                (None, Some(("?", why))) => {
                    return Err(format!("required variable {name} is missing a value: {why}"));
                }
                (None, _) => {}
            }
        } else {
            let end = behind.find(|sign| !inner(sign)).unwrap_or(behind.len());
            let (name, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
            out.push_str(&value(name).unwrap_or_default());
            rest = behind;
        }
    }
    Ok(out + rest)
}

impl File {
    /// The file of that name, or the usual one here.
    pub fn read(name: Option<&str>, environment: Option<&str>) -> Result<File, Fault> {
        let usual = || USUAL.iter().map(|name| (*name).to_owned()).find(|name| Path::new(name).exists());
        let none = || Fault::new(14, "no configuration file provided: not found");
        let name = name.map(str::to_owned).or_else(usual).ok_or_else(none)?;
        let path = std::path::absolute(&name).unwrap_or(PathBuf::from(&name));
        let beside = path.with_file_name(".env");
        let variables = match environment {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|_| Fault::new(1, format!("couldn't find env file: {file}")))
                .map(|text| variables(&text))?,
            None => variables(&std::fs::read_to_string(beside).unwrap_or_default()),
        };
        let text = std::fs::read_to_string(&path).ok();
        let wrong = |why: String| Fault::new(15, format!("{}: {why}", path.display()));
        let model = text.map(|text| serde_saphyr::from_str::<Value>(&text)).transpose();
        let model = model.map_err(|error| wrong(format!("yaml: {error}")))?;
        if model.as_ref().is_some_and(|model| !model.is_object()) {
            return Err(wrong("top-level object must be a mapping".to_owned()));
        }
        Ok(File { path, model, variables })
    }

    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.variables.get(name).cloned())
    }

    pub fn missing(&self) -> Fault {
        Fault::new(14, format!("open {}: no such file or directory", self.path.display()))
    }

    pub fn keys(&self, section: &str) -> Vec<String> {
        let section = self.model.as_ref().and_then(|model| model.get(section)?.as_object());
        section.map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }

    /// The name that it gives its project, or that of its directory.
    pub fn project(&self) -> Option<String> {
        let model = self.model.as_ref()?;
        let said = model.get("name").and_then(Value::as_str).map(str::to_owned);
        let parent =
            self.path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().to_lowercase());
        let plain = |name: String| -> String {
            name.chars().filter(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_')).collect()
        };
        said.or(parent.map(plain))
    }

    /// The image of a service, where the file says one.
    pub fn image(&self, service: &str) -> Result<Option<String>, Fault> {
        let image =
            self.model.as_ref().and_then(|model| model.get("services")?.get(service)?.get("image")?.as_str());
        let fill = |text| filled(text, &|name| self.variable(name));
        image.map(fill).transpose().map_err(|why| Fault::new(15, why))
    }

    /// Every image, to see that all variables can be put in.
    pub fn images(&self) -> Result<Vec<String>, Fault> {
        let all = self.keys("services").into_iter().map(|service| self.image(&service));
        Ok(all.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_as_compose_does_it() {
        let value = |name: &str| match name {
            "TAG" => Some("7".to_owned()),
            "NONE" => Some(String::new()),
            _ => None,
        };
        let text = "a:$TAG b:${TAG} ${NO:-x:y} ${TAG:-z} $$TAG ${NO} ${NONE:-a}${NONE-b}";
        assert_eq!(filled(text, &value).as_deref(), Ok("a:7 b:7 x:y 7 $TAG  a"));
        assert!(filled("${NO:?say it}", &value).is_err_and(|why| why.ends_with("say it")));
        assert_eq!(variables("# no\nA=1\nexport B='2'\n").len(), 2);
    }
}
