//! Images: which there are, what is pulled, what may go.
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::api::{Filters, Reply, says};
use super::{Engine, Image};

impl Engine {
    pub(super) fn image_fits(&self, image: &Image, filters: &Filters) -> bool {
        filters.fit(|name, word| match name {
            "reference" => image.tags.iter().any(|tag| tag == word || tag.split(':').next() == Some(word)),
            "dangling" => ["true", "1"].contains(&word) == image.tags.is_empty(),
            "until" => {
                let old = word.parse::<SignedDuration>().ok();
                old.is_some_and(|old| self.now.duration_since(image.created) >= old)
            }
            _ => true,
        })
    }

    pub(super) fn image_called(&self, name: &str) -> Result<usize, Reply> {
        let found = self.images.iter().position(|image| is_called(image, name));
        found.ok_or_else(|| says(404, &format!("No such image: {name}")))
    }

    /// No registry is within reach: only what is there already can be pulled, and is up to date.
    pub(super) fn pull(&mut self, name: &str, tag: &str) -> Result<Reply, Reply> {
        // A client writes a plain name out.
        let name = name.split_once("/library/").map_or(name, |(_, plain)| plain);
        let whole = if tag.is_empty() { name.to_owned() } else { format!("{name}:{tag}") };
        if self.image_called(&whole).is_err() {
            let why = "repository does not exist or may require 'docker login'";
            return Err(says(404, &format!("pull access denied for {name}, {why}")));
        }
        self.note_deed(format!("pull {whole}"));
        Ok(Reply::Json(200, json!({ "status": format!("Status: Image is up to date for {whole}") })))
    }

    pub(super) fn tag(&mut self, name: &str, to: &str, tag: &str) -> Result<Reply, Reply> {
        let at = self.image_called(name)?;
        let new = if tag.is_empty() { format!("{to}:latest") } else { format!("{to}:{tag}") };
        self.images.iter_mut().for_each(|image| image.tags.retain(|own| *own != new));
        let tags = self.images.get_mut(at).map(|image| &mut image.tags);
        if let Some(tags) = tags.filter(|tags| tags.len() < 100) {
            tags.push(new);
        }
        Ok(Reply::Empty(201))
    }

    pub(super) fn prune_images(&mut self, filters: &Filters) -> Reply {
        // Without a word only those go that have no name.
        let any = filters.first("dangling").is_some();
        let goes = |image: &Image| {
            let used = self.containers.iter().any(|one| one.image_id == image.id);
            !used && (any || image.tags.is_empty()) && self.image_fits(image, filters)
        };
        let gone: Vec<Image> = self.images.iter().filter(|image| goes(image)).cloned().collect();
        self.images.retain(|image| !gone.iter().any(|other| other.id == image.id));
        self.note_deed(format!("image prune ({} images)", gone.len()));
        let deleted = gone.iter().flat_map(|image| {
            let tags = image.tags.iter().map(|tag| json!({ "Untagged": tag }));
            tags.chain([json!({ "Deleted": image.id })]).collect::<Vec<_>>()
        });
        let freed: u64 = gone.iter().map(|image| image.size).sum();
        Reply::Json(200, json!({ "ImagesDeleted": deleted.collect::<Value>(), "SpaceReclaimed": freed }))
    }
}

fn is_called(image: &Image, name: &str) -> bool {
    let plain = name.trim_start_matches("sha256:");
    let latest = format!("{name}:latest");
    image.tags.iter().any(|tag| tag == name || *tag == latest)
        || (plain.len() >= 12 && image.id.trim_start_matches("sha256:").starts_with(plain))
}
