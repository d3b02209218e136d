//! Which objects a call means: by kind and name, by a selector, or by manifests.
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::api::{Resource, escaped, list, text};
use super::{Fault, Kubectl};

/// An object as the server has it.
#[derive(Debug, Clone)]
pub struct Picked {
    pub kind: Resource,
    pub object: Value,
}

impl Picked {
    pub fn name(&self) -> &str {
        text(&self.object, "/metadata/name")
    }

    pub fn namespace(&self) -> &str {
        text(&self.object, "/metadata/namespace")
    }

    pub fn path(&self) -> String {
        self.kind.path(Some(self.namespace()).filter(|name| !name.is_empty()), Some(self.name()))
    }

    /// `deployment.apps/web`
    pub fn said(&self) -> String {
        format!("{}/{}", self.kind.one(), self.name())
    }
}

/// What stands for a whole kind where no name is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// All of them.
    All,
    /// All where `--all`, a selector or a field selector is given; else it is an error.
    Asked,
}

/// Kinds with the names asked for of each; none means all.
pub async fn groups(
    kubectl: &mut Kubectl<'_>,
    words: &[String],
) -> Result<Vec<(Resource, Vec<String>)>, Fault> {
    let mut groups: Vec<(Resource, Vec<String>)> = Vec::new();
    // Else it would stand for all of them.
    if words.iter().any(|word| word.split(',').any(str::is_empty)) {
        return Err(Fault::error("resource name may not be empty"));
    }
    if words.iter().any(|word| word.contains('/')) {
        for word in words {
            let (kind, name) = word.split_once('/').ok_or_else(|| {
                Fault::error(
                    "there is no need to specify a resource type as a separate argument when passing \
                    arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get \
                    resource resource/<resource_name>'",
                )
            })?;
            if kind.is_empty() || name.is_empty() || name.contains('/') {
                let why = "arguments in resource/name form must have a single resource and name";
                return Err(Fault::error(why));
            }
            let kind = kubectl.api.kind(kind).await?;
            match groups.last_mut().filter(|(last, _)| *last == kind) {
                Some((_, names)) => names.push(name.to_owned()),
                None => groups.push((kind, vec![name.to_owned()])),
            }
        }
        return Ok(groups);
    }
    let Some((kinds, names)) = words.split_first() else { return Ok(groups) };
    for name in kinds.split(',') {
        let all: Vec<Resource> = kubectl.api.kinds().await?.to_vec();
        let of: Vec<Resource> =
            all.into_iter().filter(|kind| kind.categories.iter().any(|one| one == name)).collect();
        let of = if of.is_empty() { vec![kubectl.api.kind(name).await?] } else { of };
        groups.extend(of.into_iter().map(|kind| (kind, names.to_vec())));
    }
    Ok(groups)
}

/// The namespace that a request goes to.
pub fn namespace(kubectl: &Kubectl<'_>) -> Option<String> {
    (!kubectl.call.on("all-namespaces")).then(|| kubectl.api.namespace.clone())
}

/// What is behind the path of a list.
pub fn query(kubectl: &Kubectl<'_>) -> String {
    let mut query = "?limit=500".to_owned();
    for (option, name) in [("selector", "labelSelector"), ("field-selector", "fieldSelector")] {
        if let Some(value) = kubectl.call.value(option) {
            query.extend(["&", name, "=", &escaped(value)]);
        }
    }
    query
}

/// All objects of a kind that the selectors leave, or the pages of a table of them.
pub async fn pages(kubectl: &Kubectl<'_>, path: &str, accept: &str) -> Result<Vec<Value>, Fault> {
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = kubectl.api.read(&format!("{path}{next}"), accept).await?;
        next = format!("&continue={}", escaped(text(&page, "/metadata/continue")));
        pages.push(page);
        if next == "&continue=" {
            return Ok(pages);
        }
    }
}

/// All objects of a kind that the selectors leave.
pub async fn listed(kubectl: &Kubectl<'_>, kind: &Resource) -> Result<Vec<Value>, Fault> {
    let path = kind.path(namespace(kubectl).as_deref(), None) + &query(kubectl);
    of_list(kubectl, kind, &path).await
}

/// The objects of a list, each of which says what it is.
pub async fn of_list(kubectl: &Kubectl<'_>, kind: &Resource, path: &str) -> Result<Vec<Value>, Fault> {
    let pages = pages(kubectl, path, "application/json").await?;
    let mut objects: Vec<Value> = pages.iter().flat_map(|page| list(page, "items").to_vec()).collect();
    for object in objects.iter_mut().filter_map(Value::as_object_mut) {
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.clone().into());
    }
    Ok(objects)
}

/// The objects that the words behind `from` mean. One that is not there is said, and the others are done.
pub async fn pick(kubectl: &mut Kubectl<'_>, from: usize, unnamed: Unnamed) -> Result<Vec<Picked>, Fault> {
    let words: Vec<String> = kubectl.call.words.get(from..).unwrap_or_default().to_vec();
    pick_of(kubectl, &words, unnamed).await
}

pub async fn pick_of(
    kubectl: &mut Kubectl<'_>,
    words: &[String],
    unnamed: Unnamed,
) -> Result<Vec<Picked>, Fault> {
    let mut picked = Vec::new();
    for (kind, name) in asked(kubectl, words, unnamed).await? {
        let path = kind.path(namespace(kubectl).as_deref(), name.as_deref());
        if name.is_none() {
            let objects = of_list(kubectl, &kind, &(path + &query(kubectl))).await?;
            picked.extend(objects.into_iter().map(|object| Picked { kind: kind.clone(), object }));
            continue;
        }
        match kubectl.api.get(&path).await {
            Ok(object) => picked.push(Picked { kind, object }),
            Err(fault) => missing(kubectl, &fault)?,
        }
    }
    Ok(picked)
}

/// What is asked of each kind: one name, or all that the selectors leave.
pub async fn asked(
    kubectl: &mut Kubectl<'_>,
    words: &[String],
    unnamed: Unnamed,
) -> Result<Vec<(Resource, Option<String>)>, Fault> {
    let mut asked = Vec::new();
    let (selects, all) = (kubectl.call.selects(), kubectl.call.on("all"));
    if all && kubectl.call.value("selector").is_some() {
        return Err(Fault::error("setting 'all' parameter but found a non empty selector. "));
    }
    if words.is_empty() {
        return Err(Fault::error("you must provide one or more resources by argument or filename"));
    }
    for (kind, names) in groups(kubectl, words).await? {
        if names.is_empty() {
            if unnamed == Unnamed::Asked && !selects && !all {
                return Err(Fault::error("resource(s) were provided, but no name was specified"));
            }
            asked.push((kind, None));
            continue;
        } else if selects || all {
            return Err(Fault::error("name cannot be provided when a selector is specified"));
        } else if kubectl.call.on("all-namespaces") && kind.namespaced {
            return Err(Fault::error("a resource cannot be retrieved by name across all namespaces"));
        }
        asked.extend(names.into_iter().map(|name| (kind.clone(), Some(name))));
    }
    Ok(asked)
}

/// The objects of the manifests.
pub async fn filed(kubectl: &mut Kubectl<'_>) -> Result<Vec<Picked>, Fault> {
    if !kubectl.call.words.is_empty() || kubectl.call.selects() || kubectl.call.on("all") {
        return Err(Fault::error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        ));
    }
    let mut picked = Vec::new();
    for manifest in manifests(kubectl)? {
        let (kind, path) = place(kubectl, &manifest).await?;
        match kubectl.api.get(&path).await {
            Ok(object) => picked.push(Picked { kind, object }),
            Err(fault) => missing(kubectl, &fault.with(&manifest, "deleting"))?,
        }
    }
    Ok(picked)
}

fn missing(kubectl: &mut Kubectl<'_>, fault: &Fault) -> Result<(), Fault> {
    if kubectl.call.on("ignore-not-found") && fault.says.contains("(NotFound)") {
        return Ok(());
    }
    kubectl.fail(fault)
}

/// An object that is written down somewhere.
#[derive(Debug)]
pub struct Manifest {
    pub object: Value,
    /// The file, or `STDIN`.
    from: String,
}

impl Fault {
    /// With what was done to which file.
    pub fn with(mut self, manifest: &Manifest, doing: &str) -> Fault {
        if let Some((sort, why)) =
            self.says.split_once("): ").filter(|(sort, _)| sort.starts_with("Error from server ("))
        {
            self.says = format!("{sort}): error when {doing} \"{}\": {why}", manifest.from);
        }
        self
    }
}

/// The kind of a manifest, and where its object lies or would lie.
pub async fn place(kubectl: &mut Kubectl<'_>, manifest: &Manifest) -> Result<(Resource, String), Fault> {
    let (from, manifest) = (&manifest.from, &manifest.object);
    let (version, kind) = (text(manifest, "/apiVersion"), text(manifest, "/kind"));
    let found =
        kubectl.api.kinds().await?.iter().find(|one| one.kind == kind && one.api_version() == version);
    let Some(found) = found.cloned() else {
        let why = format!(
            "no matches for kind \"{kind}\" in version \"{version}\"\nensure CRDs are installed first"
        );
        return Err(Fault::error(format!(
            "resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{from}\": {why}",
            text(manifest, "/metadata/name"),
            text(manifest, "/metadata/namespace")
        )));
    };
    let own = text(manifest, "/metadata/namespace");
    if let Some(given) =
        kubectl.call.value("namespace").filter(|given| found.namespaced && !own.is_empty() && *given != own)
    {
        let why = "the namespace from the provided object";
        return Err(Fault::error(format!(
            "{why} \"{own}\" does not match the namespace \"{given}\". \
            You must pass '--namespace={own}' to perform this operation."
        )));
    }
    let namespace = if own.is_empty() { kubectl.api.namespace.as_str() } else { own };
    let path = found.path(Some(namespace), Some(text(manifest, "/metadata/name")));
    Ok((found, path))
}

/// The objects that `-f` names, lists taken apart.
pub fn manifests(kubectl: &mut Kubectl<'_>) -> Result<Vec<Manifest>, Fault> {
    let names: Vec<String> = kubectl.call.values("filename").map(str::to_owned).collect();
    let mut objects = Vec::new();
    for name in names {
        if name == "-" {
            let mut text = String::new();
            kubectl.io.stdin.read_to_string(&mut text)?;
            read(&text, "STDIN", &mut objects)?;
            continue;
        }
        if name.starts_with("http://") || name.starts_with("https://") {
            return Err(Fault::error("the built-in kubectl reads no manifest from a URL"));
        }
        for file in found(Path::new(&name))? {
            read(&std::fs::read_to_string(&file)?, &file.display().to_string(), &mut objects)?;
        }
    }
    if objects.is_empty() {
        return Err(Fault::error(format!("no objects passed to {}", kubectl.call.verb)));
    }
    Ok(objects)
}

/// The file, or the manifests in the directory.
fn found(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    if !path.exists() {
        return Err(Fault::error(format!("the path \"{}\" does not exist", path.display())));
    }
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let inside = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    let mut inside: Vec<PathBuf> = inside.into_iter().map(|one| one.path()).collect();
    inside.retain(|path| {
        path.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
    });
    inside.sort();
    Ok(inside)
}

fn read(text: &str, from: &str, objects: &mut Vec<Manifest>) -> Result<(), Fault> {
    let wrong = |why: String| Fault::error(format!("error parsing {from}: {why}"));
    let read: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|error| wrong(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
    for object in read.into_iter().filter(|object| !object.is_null()) {
        match object.get("items").and_then(Value::as_array) {
            Some(items) if super::api::text(&object, "/kind").ends_with("List") => {
                objects
                    .extend(items.iter().map(|one| Manifest { object: one.clone(), from: from.to_owned() }));
            }
            _ => objects.push(Manifest { object, from: from.to_owned() }),
        }
    }
    for one in objects {
        for (pointer, name) in [("/kind", "Kind"), ("/apiVersion", "apiVersion")] {
            if super::api::text(&one.object, pointer).is_empty() {
                return Err(Fault::error(format!(
                    "error validating \"{from}\": error validating data: {name} not set"
                )));
            }
        }
    }
    Ok(())
}
