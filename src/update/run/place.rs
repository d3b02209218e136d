//! Where the commands of a runbook run, and which cluster and namespace their kubectl goes to.
use crate::domain::shell::Where;
use crate::model::Model;

/// Where the commands of the open runbook run.
pub(super) fn place(model: &Model) -> Where {
    let profile = &model.settings.profile;
    let of = model.checklist.as_ref().and_then(|open| open.of.as_ref()).map(|of| &of.context);
    let known = of.and_then(|of| model.clusters.get_key_value(of));
    let cluster = known.or_else(|| model.clusters.first_key_value());
    let (context, facts) = match cluster {
        Some((context, facts)) => (context.to_string(), Some(facts)),
        None => (profile.contexts.first().cloned().unwrap_or_default(), None),
    };
    let namespace = profile.namespaces.iter().find(|name| *name != "*").cloned();
    let own = facts.and_then(|facts| facts.namespaces.first().map(ToString::to_string));
    let path = model.checklist.as_ref().map_or("", |open| open.book.document.path.as_str());
    let footing = profile.footing(path);
    let from_profile = facts.is_some_and(|facts| facts.namespace_origin == "profile");
    let mut origin = facts.map(|facts| facts.namespace_origin.clone()).unwrap_or_default();
    let namespace = match (namespace.or(own), facts) {
        (Some(namespace), _) => namespace,
        (None, None) => String::new(),
        // Who looks at all of them sends kubectl to none but its own.
        (None, Some(facts)) if facts.own_namespace.is_empty() => {
            "default, none given".clone_into(&mut origin);
            "default".to_owned()
        }
        (None, Some(facts)) => {
            "kubeconfig".clone_into(&mut origin);
            facts.own_namespace.clone()
        }
    };
    let beside = facts.map(|facts| facts.own_namespace.clone());
    let beside = beside.filter(|beside| from_profile && *beside != namespace);
    Where {
        context,
        namespace,
        beside: beside.unwrap_or_default(),
        origin,
        built_in: model.exercise.as_ref().map(|exercise| exercise.built_in.clone()).unwrap_or_default(),
        ..Where::on(&model.host, footing)
    }
}
