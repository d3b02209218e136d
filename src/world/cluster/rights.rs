//! Who may do what: users by their tokens, and rules from the roles and bindings in the store.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::kinds::{BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES, ROLES};
use super::refusal::Refusal;
use super::value::Dig;
use crate::world::base::Dice;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub token: String,
    pub groups: Vec<String>,
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

/// A binding of a role of the cluster, in a namespace or, where it is empty, everywhere.
fn bind(role: &str, kind: &str, to: &str, namespace: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    let mut bound = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": format!("{role}:{to}")},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": kind, "name": to}]});
    if !namespace.is_empty() {
        bound.put("/kind", "RoleBinding");
        bound.put("/metadata/namespace", namespace);
    }
    bound
}

/// The roles and bindings that are there from the beginning.
pub(super) fn objects() -> Vec<Value> {
    let roles: Value = serde_json::from_str(include_str!("roles.json")).unwrap_or_default();
    let role = |(name, rules): (&String, &Value)| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
    let bound = BOUND.iter().map(|(role, kind, to)| bind(role, kind, to, ""));
    roles.map("").map(role).chain(bound).collect()
}

pub(super) fn users(dice: &mut Dice) -> Vec<User> {
    ["admin", "viewer", "operator"].map(|name| user(dice, name)).into()
}

fn user(dice: &mut Dice, name: &str) -> User {
    let group = if name == "admin" { "system:masters" } else { "firedeck:demo" };
    let groups = [group, "system:authenticated"].map(str::to_owned).into();
    User { name: name.into(), token: format!("{:016x}{:016x}", dice.roll(), dice.roll()), groups }
}

impl Cluster {
    /// A user more, who sees one namespace only; the token to come in with.
    pub fn local_user(&mut self, name: &str, namespace: &str) -> Result<String, String> {
        self.apply(bind("view", "User", name, namespace))?;
        let user = user(self.store.dice(), name);
        let token = user.token.clone();
        self.users.push(user);
        Ok(token)
    }

    /// All rules for a user in a namespace; those of the whole cluster alone where it is empty.
    pub(super) fn rules(&self, user: &User, namespace: &str) -> Vec<Value> {
        let is_meant = |subject: &Value| match subject.text("/kind") {
            "User" => subject.text("/name") == user.name,
            "Group" => user.groups.iter().any(|group| group == subject.text("/name")),
            "ServiceAccount" => {
                user.name
                    == format!(
                        "system:serviceaccount:{}:{}",
                        subject.text("/namespace"),
                        subject.text("/name")
                    )
            }
            _ => false,
        };
        let own = self.store.all(BINDINGS, namespace).filter(|_| !namespace.is_empty());
        let bindings = self
            .store
            .all(CLUSTER_BINDINGS, "")
            .chain(own)
            .filter(|one| one.list("/subjects").iter().any(is_meant));
        let role = |binding: &Arc<Value>| match binding.text("/roleRef/kind") {
            "ClusterRole" => self.store.find(CLUSTER_ROLES, "", binding.text("/roleRef/name")),
            _ => self.store.find(ROLES, namespace, binding.text("/roleRef/name")),
        };
        bindings.filter_map(role).flat_map(|role| role.list("/rules").iter().cloned()).collect()
    }

    pub(super) fn may(&self, user: &User, wish: &Wish) -> bool {
        let has = |rule: &Value, list: &str, what: &str| {
            rule.list(list).iter().any(|one| one == "*" || one == what)
        };
        let path = |rule: &Value| {
            rule.list("/nonResourceURLs").iter().filter_map(Value::as_str).any(|one| {
                one == wish.path || one.strip_suffix('*').is_some_and(|start| wish.path.starts_with(start))
            })
        };
        let named = |rule: &Value| {
            let names = rule.list("/resourceNames");
            names.is_empty() || names.iter().any(|one| one == wish.name)
        };
        self.rules(user, wish.namespace).iter().any(|rule| {
            has(rule, "/verbs", wish.verb)
                && if wish.path.is_empty() {
                    has(rule, "/apiGroups", wish.group)
                        && has(rule, "/resources", wish.resource)
                        && named(rule)
                } else {
                    path(rule)
                }
        })
    }

    /// Refuses what is not allowed.
    pub(super) fn check(&self, user: &User, wish: &Wish) -> Result<(), Refusal> {
        if self.may(user, wish) {
            return Ok(());
        }
        if !wish.path.is_empty() {
            let why =
                format!("forbidden: User \"{}\" cannot {} path \"{}\"", user.name, wish.verb, wish.path);
            return Err(Refusal::new(403, "Forbidden", why));
        }
        let (plural, _) = wish.resource.split_once('/').unwrap_or((wish.resource, ""));
        let of = if wish.group.is_empty() { plural.to_owned() } else { format!("{plural}.{}", wish.group) };
        let about = if wish.name.is_empty() { of } else { format!("{of} \"{}\"", wish.name) };
        let place = match wish.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "{about} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            user.name, wish.verb, wish.resource, wish.group
        );
        let mut details = json!({"kind": plural});
        for (place, text) in [("/name", wish.name), ("/group", wish.group)] {
            if !text.is_empty() {
                details.put(place, text);
            }
        }
        Err(Refusal { details, ..Refusal::new(403, "Forbidden", why) })
    }

    /// Answers what a user asks about themself.
    pub(super) fn review(&self, user: &User, kind: &str, mut body: Value) -> Value {
        match kind {
            "SelfSubjectAccessReview" => {
                let text = |field: &str| body.text(&format!("/spec/resourceAttributes/{field}"));
                let (resource, part) = (text("resource"), text("subresource"));
                let resource =
                    if part.is_empty() { resource.to_owned() } else { format!("{resource}/{part}") };
                let path = body.text("/spec/nonResourceAttributes/path");
                let verb = if path.is_empty() {
                    text("verb")
                } else {
                    body.text("/spec/nonResourceAttributes/verb")
                };
                let wish = Wish {
                    verb,
                    group: text("group"),
                    resource: &resource,
                    namespace: text("namespace"),
                    name: text("name"),
                    path,
                };
                let allowed = self.may(user, &wish);
                body.put("/status", json!({"allowed": allowed}));
            }
            "SelfSubjectRulesReview" => {
                let rules = self.rules(user, body.text("/spec/namespace"));
                let (paths, resources): (Vec<Value>, Vec<Value>) =
                    rules.into_iter().partition(|rule| rule.at("/nonResourceURLs").is_some());
                body.put(
                    "/status",
                    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}),
                );
            }
            _ => body.put("/status/userInfo", json!({"username": user.name, "groups": user.groups})),
        }
        body.fill("/metadata", json!({}));
        body
    }
}
