//! Servers that the command line or the environment names, in place of the profile's.
use super::problem::Problem;
use super::profile;
use super::request::{Origin, Request};
use crate::domain::settings::endpoint::SecretRef;
use crate::domain::settings::{Backend, Endpoint, Profile};

/// Why an address of the command line is none.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    for (backend, url) in &request.endpoints {
        if let Err((what, help)) = profile::address(url, backend.schemes()) {
            return Err(Problem::of(
                format!("--{}", backend.name()),
                what,
                on_the_command_line(*backend, help),
            ));
        }
    }
    Ok(())
}

/// Servers of the command line, and the engine that the environment names.
pub(super) fn put(request: &Request, profile: &mut Profile) -> Vec<(String, String, Origin)> {
    let mut shown = Vec::new();
    let mut given: Vec<(Backend, String, Origin)> = request
        .endpoints
        .iter()
        .map(|(backend, url)| (*backend, url.clone(), Origin::Flag(flag_of(*backend))))
        .collect();
    let engine = request.env.given("DOCKER_HOST");
    let all = &mut profile.endpoints;
    let named = |backend| all.iter().any(|one| one.backend == backend);
    if let Some(engine) = engine
        && profile.name.is_empty()
        && !given.iter().any(|(backend, ..)| *backend == Backend::Docker)
        && !named(Backend::Docker)
    {
        given.push((Backend::Docker, engine.to_owned(), Origin::Env("DOCKER_HOST")));
    }
    // One that is named and known is asked as it is known.
    let known: Vec<Endpoint> =
        all.iter().filter(|one| given.iter().any(|(_, url, _)| *url == one.url)).cloned().collect();
    all.retain(|one| !given.iter().any(|(backend, ..)| *backend == one.backend));
    for (backend, url, origin) in given {
        let nth = profile.endpoints(backend).count();
        let name =
            if nth == 0 { backend.name().to_owned() } else { format!("{}-{}", backend.name(), nth + 1) };
        shown.push((format!("{} {name}", backend.name()), url.clone(), origin));
        if let Some(known) = known.iter().find(|one| one.backend == backend && one.url == url) {
            profile.endpoints.push(known.clone());
            continue;
        }
        let variable = own_variable(backend).filter(|name| request.env.given(name).is_some());
        profile.endpoints.push(Endpoint {
            password: variable.map(|name| SecretRef::Env(name.into())),
            ..Endpoint::new(backend, name, url)
        });
    }
    shown
}

/// A password belongs into no command line: everybody on the box can read it there.
fn on_the_command_line(backend: Backend, help: String) -> String {
    match (help.contains("password"), own_variable(backend)) {
        (true, Some(name)) => format!("leave it out, and set the variable `{name}`"),
        _ => help,
    }
}

/// The variable in which a backend's own tools look for the password.
fn own_variable(backend: Backend) -> Option<&'static str> {
    match backend {
        Backend::Postgres => Some("PGPASSWORD"),
        Backend::Redis => Some("REDISCLI_AUTH"),
        _ => None,
    }
}

fn flag_of(backend: Backend) -> &'static str {
    match backend {
        Backend::Alertmanager => "--alertmanager",
        Backend::Prometheus => "--prometheus",
        Backend::Postgres => "--postgres",
        Backend::Redis => "--redis",
        Backend::Docker => "--docker",
    }
}
