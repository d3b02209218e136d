//! Events: what happened to an object, counted when it happens again.
use serde_json::{Value, json};

use super::Cluster;
use super::kinds::EVENTS;
use super::store::Key;
use super::value::{Dig, mark, name, namespace, stamp, uid};

/// Who says it.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    pub component: &'a str,
    pub host: &'a str,
}

pub const fn controller(component: &str) -> From<'_> {
    From { component, host: "" }
}

impl Cluster {
    /// A reason in capitals at its front is a warning: `!BackOff`.
    pub(super) fn event(&mut self, about: &Value, from: From, reason: &str, message: &str, container: &str) {
        let (kind, reason) =
            reason.strip_prefix('!').map_or(("Normal", reason), |reason| ("Warning", reason));
        let place = if namespace(about).is_empty() { "default" } else { namespace(about) };
        let field =
            if container.is_empty() { String::new() } else { format!("spec.containers{{{container}}}") };
        let id = mark(&format!("{}/{reason}/{message}/{field}", uid(about)));
        let key = Key::new(EVENTS, place, &format!("{}.{id:016x}", name(about)));
        let now = stamp(self.now);
        if self.store.get(&key).is_some() {
            self.store.edit(&key, |event| {
                let count = event.int("/count").unwrap_or(1);
                event.put("/count", count + 1);
                event.put("/lastTimestamp", now);
            });
            return;
        }
        let mut object = json!({"kind": about.text("/kind"), "name": name(about), "uid": uid(about), "apiVersion": about.text("/apiVersion"),
            "resourceVersion": about.text("/metadata/resourceVersion")});
        // The last three are of a namespace and of a container.
        for (place, text) in [("/namespace", namespace(about)), ("/fieldPath", &field)] {
            if !text.is_empty() {
                object.put(place, text);
            }
        }
        let mut source = json!({"component": from.component});
        if !from.host.is_empty() {
            source.put("/host", from.host);
        }
        let identity = self.store.new_uid();
        self.store.set(EVENTS, json!({
            "kind": "Event", "apiVersion": "v1",
            "metadata": {"name": key.name, "namespace": place, "uid": identity, "creationTimestamp": now},
            "involvedObject": object, "reason": reason, "message": message, "source": source, "firstTimestamp": now,
            "lastTimestamp": now, "count": 1, "type": kind, "eventTime": null, "reportingComponent": from.component,
            "reportingInstance": from.host,
        }));
    }
}
