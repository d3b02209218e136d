//! Images: which there are, what is pulled, what may go.
use serde_json::{Value, json};

use super::api::{Filters, Reply, moment, says};
use super::{Engine, Image};
use crate::world::base::seconds;

impl Engine {
    pub(super) fn image_fits(&self, image: &Image, filters: &Filters) -> bool {
        let old = |word: &str| spoken(word).or_else(|| Some(seconds(moment(word)?, self.now)));
        filters.fit(|name, word| match name {
            "reference" => image
                .tags
                .iter()
                .any(|tag| tag.split(':').next() == Some(word) || tag == word || tag.ends_with(word)),
            "label" => {
                word.split_once('=').is_some_and(|(name, value)| name == "version" && value == image.version)
            }
            "until" => old(word).is_some_and(|old| seconds(image.created, self.now) >= old),
            _ => true,
        })
    }

    pub(super) fn pull(&mut self, name: &str, tag: &str) -> Reply {
        // A client writes a plain name out.
        let name = name.split_once("/library/").map_or(name, |(_, plain)| plain);
        let whole = if tag.is_empty() { name.to_owned() } else { format!("{name}:{tag}") };
        let new = !self.images.iter().any(|image| is_called(image, &whole));
        if new && !self.registry.contains(&whole) {
            return says(
                404,
                &format!(
                    "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
                ),
            );
        }
        self.note_deed(format!("pull {whole}"));
        let id = self.image(&whole);
        let said = if new { "Downloaded newer image" } else { "Image is up to date" };
        let lines = [
            json!({ "status": format!("Pulling from {name}"), "id": tag }),
            json!({ "status": format!("Digest: {id}") }),
            json!({ "status": format!("Status: {said} for {whole}") }),
        ];
        Reply::Bytes(200, "application/json", lines.map(|line| format!("{line}\r\n")).concat().into_bytes())
    }

    pub(super) fn tag(&mut self, name: &str, repository: &str, tag: &str) -> Result<Reply, Reply> {
        let whole = format!("{repository}:{}", if tag.is_empty() { "latest" } else { tag });
        let known = self.images.iter().position(|image| is_called(image, name));
        let at = known.ok_or_else(|| says(404, &format!("No such image: {name}")))?;
        self.note_deed(format!("tag {name} {whole}"));
        self.images.iter_mut().for_each(|image| image.tags.retain(|own| *own != whole));
        self.images.get_mut(at).into_iter().for_each(|image| image.tags.push(whole.clone()));
        Ok(Reply::Empty(201))
    }

    pub(super) fn prune_images(&mut self, filters: &Filters) -> Reply {
        // Without a word only those go that have no name.
        let all = filters.first("dangling").is_some_and(|word| ["false", "0"].contains(&word));
        let goes = |image: &Image| {
            let used = self.containers.iter().any(|one| one.image_id == image.id);
            !used && (all || image.tags.is_empty()) && self.image_fits(image, filters)
        };
        let gone: Vec<Image> = self.images.iter().filter(|image| goes(image)).cloned().collect();
        self.images.retain(|image| !gone.iter().any(|other| other.id == image.id));
        self.note_deed(format!("image prune ({} images)", gone.len()));
        let deleted = gone.iter().flat_map(|image| {
            let tags = image.tags.iter().map(|tag| json!({ "Untagged": tag }));
            tags.chain([json!({ "Deleted": image.id })]).collect::<Vec<_>>()
        });
        Reply::Json(
            200,
            json!({ "ImagesDeleted": deleted.collect::<Value>(), "SpaceReclaimed": gone.iter().map(|image| image.size).sum::<u64>() }),
        )
    }

    pub(super) fn remove_image(&mut self, name: &str) -> Result<Reply, Reply> {
        let found = self.images.iter().find(|image| is_called(image, name)).cloned();
        let image = found.ok_or_else(|| says(404, &format!("No such image: {name}")))?;
        if let Some(user) = self.containers.iter().find(|one| one.image_id == image.id) {
            let id = user.id.get(..12).unwrap_or_default();
            return Err(says(
                409,
                &format!(
                    "conflict: unable to remove repository reference \"{name}\" (must force) - container {id} is using its referenced image"
                ),
            ));
        }
        self.note_deed(format!("rmi {name}"));
        self.images.retain(|other| other.id != image.id);
        Ok(Reply::Json(200, json!([{ "Untagged": name }, { "Deleted": image.id }])))
    }
}

pub(super) fn is_called(image: &Image, name: &str) -> bool {
    let plain = name.trim_start_matches("sha256:");
    let latest = format!("{name}:latest");
    image.tags.iter().any(|tag| tag == name || *tag == latest)
        || (plain.len() >= 12 && image.id.trim_start_matches("sha256:").starts_with(plain))
        || name.split_once("@sha256:").is_some_and(|(_, digest)| image.id.ends_with(digest))
}

/// `240h`, `1h30m`, as seconds.
fn spoken(text: &str) -> Option<f64> {
    let (mut sum, mut number) = (0.0, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' | '.' => {
                number.push(letter);
                continue;
            }
            'h' => 3_600.0,
            'm' => 60.0,
            's' => 1.0,
            _ => return None,
        };
        sum += std::mem::take(&mut number).parse::<f64>().ok()? * unit;
    }
    number.is_empty().then_some(sum)
}
