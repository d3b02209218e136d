//! Who may do what: users, and rules from the roles and bindings in the store.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::refusal::Refusal;
use super::value::Dig;

/// Somebody, who is authenticated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<&'static str>,
}

impl User {
    pub fn named(name: &str) -> User {
        let group = if name == "admin" { "system:masters" } else { "firedeck:demo" };
        User { name: name.to_owned(), groups: vec![group, "system:authenticated"] }
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    /// With its sub-resource: `pods/log`.
    pub resource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    /// Instead of a resource.
    pub path: &'a str,
}

/// Which role is bound to whom.
const BOUND: &[(&str, &str, &str)] = &[
    ("cluster-admin", "Group", "system:masters"),
    ("view", "User", "viewer"),
    ("edit", "User", "operator"),
    ("node-reader", "User", "operator"),
    ("system:discovery", "Group", "system:authenticated"),
    ("system:basic-user", "Group", "system:authenticated"),
];

/// The roles and bindings that are there from the beginning.
pub(super) fn objects() -> Vec<Value> {
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    let roles: Value = serde_json::from_str(include_str!("roles.json")).unwrap_or_default();
    let role = |(name, rules): (&String, &Value)| json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
    let bind = |(role, kind, to): &(&str, &str, &str)| {
        json!({"apiVersion": version, "kind": "ClusterRoleBinding", "metadata": {"name": format!("{role}:{to}")},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": kind, "name": to}]})
    };
    roles.map("").map(role).chain(BOUND.iter().map(bind)).collect()
}

impl Cluster {
    /// All rules for a user in a namespace; those of the whole cluster alone where it is empty.
    pub(super) fn rules(&self, user: &User, namespace: &str) -> Vec<Value> {
        let is_meant = |subject: &Value| {
            let (place, name) = (subject.text("/namespace"), subject.text("/name"));
            match subject.text("/kind") {
                "Group" => user.groups.contains(&name),
                "ServiceAccount" => user.name == format!("system:serviceaccount:{place}:{name}"),
                _ => user.name == name,
            }
        };
        let own = self.store.all("RoleBinding", namespace).filter(|_| !namespace.is_empty());
        let all = self.store.all("ClusterRoleBinding", "").chain(own);
        let role = |binding: &Arc<Value>| {
            let (kind, name) = (binding.text("/roleRef/kind"), binding.text("/roleRef/name"));
            self.store.find(kind, if kind == "Role" { namespace } else { "" }, name)
        };
        let bound = all.filter(|one| one.list("/subjects").iter().any(is_meant)).filter_map(role);
        bound.flat_map(|role| role.list("/rules").iter().cloned()).collect()
    }

    pub(super) fn may(&self, user: &User, wish: &Wish) -> bool {
        let has = |rule: &Value, list: &str, what: &str| {
            rule.list(list)
                .iter()
                .filter_map(Value::as_str)
                .any(|one| one == what || one.strip_suffix('*').is_some_and(|start| what.starts_with(start)))
        };
        let fits = |rule: &Value| {
            let named = rule.list("/resourceNames").is_empty() || has(rule, "/resourceNames", wish.name);
            match wish.path {
                "" => named && has(rule, "/apiGroups", wish.group) && has(rule, "/resources", wish.resource),
                path => has(rule, "/nonResourceURLs", path),
            }
        };
        self.rules(user, wish.namespace).iter().any(|rule| has(rule, "/verbs", wish.verb) && fits(rule))
    }

    /// Refuses what is not allowed.
    pub(super) fn check(&self, user: &User, wish: &Wish) -> Result<(), Refusal> {
        if self.may(user, wish) {
            return Ok(());
        }
        let Wish { verb, group, resource, namespace, name, path } = wish;
        let user = &user.name;
        if !path.is_empty() {
            let why = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
            return Err(Refusal::new(403, "Forbidden", why));
        }
        let plural = resource.split('/').next().unwrap_or_default();
        let of = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let about = if name.is_empty() { of } else { format!("{of} \"{name}\"") };
        let place = match *namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "{about} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        );
        let details = json!({"kind": plural, "name": name, "group": group});
        Err(Refusal { details, ..Refusal::new(403, "Forbidden", why) })
    }

    /// Answers what a user asks about themself.
    pub(super) fn review(&self, user: &User, kind: &str, mut body: Value) -> Value {
        match kind {
            "SelfSubjectAccessReview" => {
                let text = |field: &str| body.text(&format!("/spec/resourceAttributes/{field}"));
                let resource = [text("resource"), text("subresource")].join("/");
                let path = body.text("/spec/nonResourceAttributes/path");
                let verb = [text("verb"), body.text("/spec/nonResourceAttributes/verb")].concat();
                let (group, namespace, name) = (text("group"), text("namespace"), text("name"));
                let resource = resource.trim_end_matches('/');
                let wish = Wish { verb: &verb, group, resource, namespace, name, path };
                body.put("/status/allowed", self.may(user, &wish));
            }
            "SelfSubjectRulesReview" => {
                let rules = self.rules(user, body.text("/spec/namespace"));
                let (paths, resources): (Vec<Value>, Vec<Value>) =
                    rules.into_iter().partition(|rule| rule.at("/nonResourceURLs").is_some());
                let status =
                    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false});
                body.put("/status", status);
            }
            _ => body.put("/status/userInfo", json!({"username": user.name, "groups": user.groups})),
        }
        body.fill("/metadata", json!({}));
        body
    }
}
