//! Which containers of an engine there are to read: those that bear a name, whichever they are by now, or whatever
//! Compose keeps together.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::pods::{Container, Name, Table};
use super::words::Trouble;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::log::Follow;
use crate::sources::supervise::{Source, SourceError, Wire};
use crate::sources::taps::{NoLog, Tapped, Taps};

/// An engine that went away is noticed this soon, whether it said so or not.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// An instance is one run of one container.
pub(super) fn instance(of: &Tapped) -> Option<Text> {
    of.run.map(|began| format!("{}@{began}", of.id).into())
}

/// The container of an instance. Its log is one for all its runs.
pub(super) fn container(instance: &str) -> &str {
    instance.split('@').next().unwrap_or(instance)
}

/// The second in which the run of an instance began.
pub(super) fn began(instance: &str) -> Option<i64> {
    let (_, began) = instance.split_once('@')?;
    began.parse::<i64>().ok().map(|millis| millis.div_euclid(1_000))
}

/// Whether a container is followed.
fn wants(follow: &Follow, one: &Tapped) -> bool {
    match follow {
        Follow::Container { container } => one.name == container.name,
        Follow::Marked { things, .. } => things.iter().any(|thing| thing.name == one.name),
        Follow::Compose { project, service, .. } => {
            one.project == *project && service.as_ref().is_none_or(|service| one.service == *service)
        }
        Follow::Before(_) | Follow::Pod { .. } | Follow::Selector { .. } | Follow::Namespace { .. } => false,
    }
}

/// What a line says of who wrote it: within a project its name goes without saying.
pub(super) fn short<'n>(follow: &Follow, name: &'n str) -> &'n str {
    let Follow::Compose { project, .. } = follow else { return name };
    let own = name.strip_prefix(&**project).and_then(|rest| rest.strip_prefix(['-', '_']));
    own.filter(|own| !own.is_empty()).unwrap_or(name)
}

pub(super) fn trouble(none: NoLog) -> Trouble {
    match none {
        NoLog::Gone => Trouble::Gone,
        NoLog::Forbidden { needs } => Trouble::Forbidden { needs },
        NoLog::Elsewhere { why } => Trouble::NotYet { why },
        NoLog::Broken { why } => Trouble::Broken { why },
    }
}

fn row(of: &Tapped, of_many: bool) -> (Name, Container) {
    let name = (of.project.clone(), of.name.clone(), Text::default(), Text::default());
    let container = Container {
        instance: instance(of),
        running: of.running,
        restarts: of.restarts,
        ended: of.ended.clone(),
        waiting: (!of.running).then(|| of.word.clone()),
        // Among others it is done; alone it is waited for.
        last: of.done && of_many,
    };
    (name, container)
}

/// Keeps the table of what is followed.
pub(super) struct Watch {
    pub(super) taps: Arc<dyn Taps>,
    pub(super) follow: Arc<Follow>,
    pub(super) table: watch::Sender<Option<Table>>,
}

impl Source for Watch {
    fn feed(&self) -> Feed {
        Feed::Logs
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let engine = self.follow.context().clone();
        let of_many = self.follow.is_of_many();
        let Some(mut changes) = self.taps.changes(&engine) else {
            return Err(SourceError::Absent { why: format!("no engine is called `{engine}`") });
        };
        let mut told = false;
        loop {
            changes.borrow_and_update();
            let all = self.taps.containers(&engine).map_err(|why| SourceError::Unreachable { why })?;
            let table: Table =
                all.iter().filter(|one| wants(&self.follow, one)).map(|one| row(one, of_many)).collect();
            let known = self.table.send_if_modified(|known| {
                let differs = known.as_ref() != Some(&table);
                *known = Some(table);
                differs
            });
            if known || !told {
                wire.live().await?;
                told = true;
            }
            let _ = timeout(ASK_EVERY, changes.changed()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::{Kind, ObjectRef};

    fn one(project: &str, service: &str, name: &str) -> Tapped {
        Tapped { project: project.into(), service: service.into(), name: name.into(), ..Tapped::default() }
    }

    fn compose(service: Option<&str>) -> Follow {
        Follow::Compose { engine: "box".into(), project: "shop".into(), service: service.map(Into::into) }
    }

    #[test]
    fn a_service_is_its_containers_and_a_project_all_of_its_services() {
        let (api, db) = (one("shop", "api", "shop-api-1"), one("shop", "db", "shop-db-1"));
        let other = one("billing", "api", "billing-api-1");
        let of = |follow: &Follow| [&api, &db, &other].map(|one| wants(follow, one));
        assert_eq!(of(&compose(Some("api"))), [true, false, false]);
        assert_eq!(of(&compose(None)), [true, true, false]);
        let thing = ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: "billing-api-1".into(),
        };
        let marked = Follow::Marked { context: "box".into(), things: vec![thing] };
        assert_eq!(of(&marked), [false, false, true]);
    }

    #[test]
    fn within_a_project_a_name_goes_without_it() {
        let project = compose(None);
        assert_eq!(short(&project, "shop-api-1"), "api-1");
        assert_eq!(short(&project, "shop_api_1"), "api_1");
        assert_eq!(short(&project, "shop"), "shop");
        assert_eq!(short(&project, "shopper"), "shopper");
    }

    #[test]
    fn what_is_done_is_over_among_others_and_waited_for_alone() {
        let done = Tapped { done: true, ..one("shop", "migrate", "shop-migrate-1") };
        assert!(row(&done, true).1.last && !row(&done, false).1.last);
    }
}
