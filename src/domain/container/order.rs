//! In which order containers of Compose begin: whatever others need comes before them. They end the other way round.
use super::Container;
use crate::domain::Text;

/// A service that another one needs to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Need {
    pub service: Text,
    /// Compose restarts the other one with it.
    pub restarts: bool,
}

impl Need {
    /// Of the label of Compose: `db:service_healthy:false,cache:service_started:true`.
    pub fn read(label: &str) -> Vec<Need> {
        let need = |one: &str| {
            let mut parts = one.split(':').map(str::trim);
            let service = parts.next().filter(|service| !service.is_empty())?;
            Some(Need { service: service.into(), restarts: parts.nth(1) == Some("true") })
        };
        label.split(',').filter_map(need).collect()
    }
}

impl Container {
    /// Whether it needs a service of its project, and which way.
    pub fn need_of(&self, other: &Container) -> Option<&Need> {
        let same = !self.project.is_empty() && self.project == other.project;
        self.needs.iter().find(|need| same && !other.service.is_empty() && need.service == other.service)
    }
}

/// Places of the containers in the order in which they begin. What need not wait keeps its place; services that need
/// each other, which Compose refuses, do so too.
pub fn by_need(containers: &[&Container]) -> Vec<usize> {
    let needs = |own: &Container| -> Vec<usize> {
        let others = containers.iter().enumerate();
        others.filter(|(_, other)| own.need_of(other).is_some()).map(|(at, _)| at).collect()
    };
    let mut left: Vec<(usize, Vec<usize>)> =
        containers.iter().enumerate().map(|(at, own)| (at, needs(own))).collect();
    let mut placed = vec![false; containers.len()];
    let mut order = Vec::with_capacity(containers.len());
    while !left.is_empty() {
        let ready = |at: usize, needs: &[usize]| needs.iter().all(|need| *need == at || placed[*need]);
        let next = left.iter().position(|(at, needs)| ready(*at, needs)).unwrap_or(0);
        let (at, _) = left.remove(next);
        placed[at] = true;
        order.push(at);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(service: &str, needs: &str) -> Container {
        Container {
            project: "shop".into(),
            service: service.into(),
            needs: Need::read(needs),
            ..Container::default()
        }
    }

    fn ordered(containers: &[Container]) -> Vec<&str> {
        let borrowed: Vec<&Container> = containers.iter().collect();
        by_need(&borrowed).into_iter().map(|at| &*containers[at].service).collect()
    }

    #[test]
    fn the_label_of_compose_is_read() {
        let needs = Need::read("db:service_healthy:false,cache:service_started:true,plain");
        let needs: Vec<(&str, bool)> = needs.iter().map(|need| (&*need.service, need.restarts)).collect();
        assert_eq!(needs, [("db", false), ("cache", true), ("plain", false)]);
        assert!(Need::read("").is_empty());
    }

    #[test]
    fn what_others_need_comes_first_and_the_rest_stays_in_its_place() {
        let api = container("api", "cache:service_started:false,db:service_healthy:false");
        let web = container("web", "api:service_started:false");
        let (cache, db) = (container("cache", "db:service_healthy:false"), container("db", ""));
        let worker = container("worker", "");
        assert_eq!(ordered(&[api, cache, db, web, worker]), ["db", "cache", "api", "web", "worker"]);
    }

    #[test]
    fn every_container_of_a_service_comes_before_those_that_need_it() {
        let db = || container("db", "");
        assert_eq!(ordered(&[container("api", "db"), db(), db()]), ["db", "db", "api"]);
    }

    #[test]
    fn a_circle_keeps_its_order_and_ends() {
        let circle = [container("a", "b"), container("b", "a"), container("c", "a")];
        assert_eq!(ordered(&circle), ["a", "b", "c"]);
    }

    #[test]
    fn services_of_other_projects_are_not_meant() {
        let other = Container { project: "billing".into(), ..container("db", "") };
        assert_eq!(ordered(&[container("api", "db"), other]), ["api", "db"]);
    }
}
