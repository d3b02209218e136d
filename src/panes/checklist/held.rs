//! The sessions that firedeck holds with databases, for a line that found its server full.
use crate::domain::Text;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::settings::{Action, Backend};
use crate::model::Model;
use crate::model::run::Spot;
use crate::runbook::execution::State;
use crate::runbook::judge::{Named, Offer};

/// What can go over a held session, where a line has just failed for want of another.
pub fn offered<'m>(model: &'m Model, at: &Spot, state: &State) -> Option<(&'m [String], &'m Named)> {
    if *state != State::Failed {
        return None;
    }
    let Offer::HeldSession { sql, named } = model.runs.judged.get(at)?.offer.as_ref()?;
    Some((sql, named))
}

/// The servers with a live session, and where each is: `db.example:5432/shop`.
pub fn live(model: &Model) -> impl Iterator<Item = (&Text, &str)> {
    model.feeds.iter().filter_map(|(feed, status)| match feed {
        Feed::Endpoint(Backend::Postgres, name)
            if status.state == FeedState::Live && status.stale(feed, model.now).is_none() =>
        {
            Some((name, model.places.get(feed).map_or("", |place| place.server.as_str())))
        }
        _ => None,
    })
}

/// What stands under such a line.
pub fn words(model: &Model) -> String {
    let key = model.key(Action::HeldSession);
    if live(model).next().is_none() {
        return match crate::panes::database::offers(model).next() {
            Some((_, role)) => {
                format!("the server is full: {key} lets firedeck in as its reserved role `{role}`")
            }
            None => format!("the server is full; {}", none(model)),
        };
    }
    format!("the server is full: {key} asks it over the session that firedeck holds")
}

/// Why there is no session to take.
pub fn none(model: &Model) -> &'static str {
    let named = model.settings.profile.endpoints.iter().any(|one| one.backend == Backend::Postgres);
    if named {
        "no database pane holds a session now: its server does not answer, or has no slot for it either"
    } else {
        "no database pane holds a session: name the server in the profile"
    }
}

/// Whose session is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    pub name: Text,
    /// It is where the command would have gone, as far as that says.
    pub meant: bool,
    /// There are others, and nothing tells which is meant.
    pub among: bool,
}

/// The one that the command names; else the only one, or the first.
pub fn pick(model: &Model, named: &Named) -> Option<Pick> {
    let is = |(_, place): &(&Text, &str)| is_at(place, named);
    if let Some((name, _)) = live(model).find(|one| !named.is_nothing() && is(one)) {
        return Some(Pick { name: name.clone(), meant: true, among: false });
    }
    let mut all = live(model);
    let (name, _) = all.next()?;
    Some(Pick { name: name.clone(), meant: named.is_nothing(), among: all.next().is_some() })
}

/// Whether a server at this place is the one that is named.
fn is_at(place: &str, named: &Named) -> bool {
    let (hosts, database) = place.rsplit_once('/').unwrap_or((place, ""));
    let host = named.host.as_deref().map(|host| if host == "localhost" { "127.0.0.1" } else { host });
    let at = hosts.split(',').any(|one| {
        let (own, port) = one.rsplit_once(':').unwrap_or((one, "5432"));
        let own = if own == "localhost" { "127.0.0.1" } else { own };
        host.is_none_or(|host| host.eq_ignore_ascii_case(own))
            && named.port.as_deref().is_none_or(|named| named == port)
    });
    at && named.database.as_deref().is_none_or(|named| named == database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_named_one_when_all_that_is_named_fits() {
        let named = |host: &str, port: &str, database: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Named { host: some(host), port: some(port), database: some(database) }
        };
        for (place, named, is) in [
            ("db:5432/shop", named("db", "", ""), true),
            ("db:5432/shop", named("DB", "5432", "shop"), true),
            ("db:5432/shop", named("db", "", "ledger"), false),
            ("db:5432/shop", named("db", "6432", ""), false),
            ("a:5432,b:5433/shop", named("b", "5433", ""), true),
            ("a:5432,b:5433/shop", named("b", "5432", ""), false),
            ("127.0.0.1:5432/shop", named("localhost", "", "shop"), true),
            ("db:5432/shop", named("", "", "shop"), true),
        ] {
            assert_eq!(is_at(place, &named), is, "{place} {named:?}");
        }
    }
}
