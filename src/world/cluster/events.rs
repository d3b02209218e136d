//! Events: what happened to an object, counted when it happens again.
use serde_json::{Value, json};

use super::Cluster;
use super::store::Key;
use super::value::{Dig, mark, name, namespace, stamp, uid};

/// Who says it: a component, and its node if it is on one.
pub type From<'a> = (&'a str, &'a str);

impl Cluster {
    /// A sign at the front of the reason is a warning: `!BackOff`.
    pub(super) fn event(&mut self, about: &Value, (component, host): From, reason: &str, message: &str) {
        let (kind, reason) =
            reason.strip_prefix('!').map_or(("Normal", reason), |reason| ("Warning", reason));
        let place = if namespace(about).is_empty() { "default" } else { namespace(about) };
        let id = mark(&format!("{}/{reason}/{message}", uid(about)));
        let key = Key::new("Event", place, &format!("{}.{id:016x}", name(about)));
        let now = stamp(self.now);
        if self.store.get(&key).is_some() {
            return self.store.edit(&key, |event| {
                event.put("/count", event.count("/count") + 1);
                event.put("/lastTimestamp", now);
            });
        }
        let mut object = json!({"kind": about.text("/kind"), "name": name(about), "uid": uid(about), "apiVersion": about.text("/apiVersion"),
            "resourceVersion": about.text("/metadata/resourceVersion")});
        if !namespace(about).is_empty() {
            object.put("/namespace", namespace(about));
        }
        let identity = self.store.new_uid();
        self.store.set(json!({
            "kind": "Event", "apiVersion": "v1",
            "metadata": {"name": key.name, "namespace": place, "uid": identity, "creationTimestamp": now},
            "involvedObject": object, "reason": reason, "message": message, "source": {"component": component, "host": host},
            "firstTimestamp": now, "lastTimestamp": now, "count": 1, "type": kind, "eventTime": null,
            "reportingComponent": component, "reportingInstance": host,
        }));
    }
}
