//! Who else keeps an object as it is, and would undo a change made past them.
use serde_json::Value;

use crate::domain::object::Kind;
use crate::sources::kubernetes::deeds::pick::{annotation, count, label, number, text};

/// Tools that hold the wanted state elsewhere, found by their marks.
pub(super) fn keepers(kind: Kind, object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let tracked = match annotation(object, "argocd.argoproj.io/tracking-id") {
        "" => label(object, "argocd.argoproj.io/instance"),
        id => id.split(':').next().unwrap_or(id),
    };
    if !tracked.is_empty() {
        out.push(format!("Argo CD (`{tracked}`) keeps this {kind}: it may put the old state back"));
    }
    for (mark, what) in [
        ("kustomize.toolkit.fluxcd.io/name", "Kustomization"),
        ("helm.toolkit.fluxcd.io/name", "HelmRelease"),
    ] {
        let name = label(object, mark);
        if !name.is_empty() {
            out.push(format!("Flux ({what} `{name}`) keeps this {kind}: it may put the old state back"));
        }
    }
    let release = annotation(object, "meta.helm.sh/release-name");
    let helm = !release.is_empty() || label(object, "app.kubernetes.io/managed-by") == "Helm";
    if helm && out.is_empty() {
        let release = if release.is_empty() { String::new() } else { format!(" `{release}`") };
        out.push(format!(
            "Helm release{release} made this {kind}: its next upgrade may put the old state back"
        ));
    }
    out
}

/// The autoscaler of a workload, which sets its replicas again within seconds.
pub(super) fn autoscaler(hpas: &[Value], kind: Kind, name: &str, to: u32) -> Option<String> {
    let hpa = hpas.iter().find(|hpa| {
        text(hpa, "/spec/scaleTargetRef/kind") == kind.title()
            && text(hpa, "/spec/scaleTargetRef/name") == name
    })?;
    let hpa_name = text(hpa, "/metadata/name");
    let min = number(hpa, "/spec/minReplicas").unwrap_or(1);
    let max = count(hpa, "/spec/maxReplicas");
    let effect = if to == 0 {
        "at 0 replicas it stops scaling until you scale up again".into()
    } else if i64::from(to) < min {
        format!("it will go back to at least {min}")
    } else if to > max {
        format!("it will go back to at most {max}")
    } else {
        "it may change the number again".into()
    };
    Some(format!("HPA `{hpa_name}` ({min}–{max}) sets these replicas: {effect}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_would_put_the_old_state_back_is_named() {
        let argo = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:n/web"}}});
        assert_eq!(
            keepers(Kind::Deployment, &argo)[0],
            "Argo CD (`shop`) keeps this deployment: it may put the old state back"
        );
        let flux = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}});
        assert!(keepers(Kind::Deployment, &flux)[0].starts_with("Flux (Kustomization `apps`)"));
        let helm = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "web"}}});
        assert!(keepers(Kind::Deployment, &helm)[0].starts_with("Helm release `web`"));
        assert!(keepers(Kind::Deployment, &json!({})).is_empty());
    }

    #[test]
    fn an_autoscaler_says_what_it_would_do_with_the_number() {
        let hpa = json!({"metadata": {"name": "web"}, "spec": {"minReplicas": 2, "maxReplicas": 6,
            "scaleTargetRef": {"kind": "Deployment", "name": "web"}}});
        let says = |to| autoscaler(std::slice::from_ref(&hpa), Kind::Deployment, "web", to).unwrap();
        assert!(says(1).ends_with("it will go back to at least 2"));
        assert!(says(9).ends_with("it will go back to at most 6"));
        assert!(says(0).contains("stops scaling"));
        assert!(autoscaler(std::slice::from_ref(&hpa), Kind::StatefulSet, "web", 1).is_none());
    }
}
