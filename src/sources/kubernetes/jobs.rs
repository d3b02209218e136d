//! Jobs and cron jobs: what is read of them, and how they become an `Object`.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::intern::Interner;
use super::lean::{Lean, LeanCondition, Moment, at, conditions, lean_meta, object, resource};
use super::workloads::count;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{CronJob, Facts, Job, Kind, Object};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JobLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: JobSpec,
    #[serde(default)]
    status: JobStatus,
}

resource!(JobLite, Kind::Job);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    completions: Option<i64>,
    parallelism: Option<i64>,
    suspend: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobStatus {
    active: Option<i64>,
    succeeded: Option<i64>,
    failed: Option<i64>,
    start_time: Option<Moment>,
    completion_time: Option<Moment>,
    conditions: Option<Vec<LeanCondition>>,
}

impl Lean for JobLite {
    const KIND: Kind = Kind::Job;
    type Fact = Object;

    fn reduce(self, context: &Text, known: &mut Interner) -> Object {
        let JobLite { metadata, spec, status } = self;
        let all = status.conditions.as_ref();
        let failed = all.into_iter().flatten().find(|one| one.kind == "Failed" && one.met() == Some(true));
        // A failed job has no completion time, but the moment it was given up.
        let given_up = failed.and_then(|condition| at(condition.last_transition_time.as_ref()));
        let job = Job {
            wanted: count(spec.completions.or(spec.parallelism).or(Some(1))),
            active: count(status.active),
            succeeded: count(status.succeeded),
            failed: count(status.failed),
            suspended: spec.suspend == Some(true),
            started: at(status.start_time.as_ref()),
            finished: at(status.completion_time.as_ref()).or(given_up),
            conditions: conditions(all, known),
        };
        object(Kind::Job, &metadata, context, known, Facts::Job(job))
    }

    fn news(feed: Feed, seen: Vec<Seen<Object>>) -> News {
        News::Objects(feed, seen)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CronJobLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: CronJobSpec,
    #[serde(default)]
    status: CronJobStatus,
}

resource!(CronJobLite, Kind::CronJob);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CronJobSpec {
    schedule: Option<String>,
    time_zone: Option<String>,
    suspend: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CronJobStatus {
    active: Option<Vec<IgnoredAny>>,
    last_schedule_time: Option<Moment>,
    last_successful_time: Option<Moment>,
}

impl Lean for CronJobLite {
    const KIND: Kind = Kind::CronJob;
    type Fact = Object;

    fn reduce(self, context: &Text, known: &mut Interner) -> Object {
        let CronJobLite { metadata, spec, status } = self;
        let schedule = spec.schedule.unwrap_or_default();
        let schedule = match spec.time_zone.filter(|zone| !zone.is_empty()) {
            Some(zone) => format!("{schedule} {zone}"),
            None => schedule,
        };
        let cron = CronJob {
            schedule: known.text(&schedule),
            suspended: spec.suspend == Some(true),
            active: status.active.map_or(0, |active| u32::try_from(active.len()).unwrap_or(u32::MAX)),
            last: at(status.last_schedule_time.as_ref()),
            last_success: at(status.last_successful_time.as_ref()),
        };
        object(Kind::CronJob, &metadata, context, known, Facts::CronJob(cron))
    }

    fn news(feed: Feed, seen: Vec<Seen<Object>>) -> News {
        News::Objects(feed, seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_failed_job_finished_when_it_was_given_up() {
        let text = r#"{"metadata":{"name":"backup"},"spec":{"completions":1},"status":{"failed":4,
            "startTime":"2026-11-20T03:00:00Z","conditions":[{"type":"Failed","status":"True",
            "reason":"BackoffLimitExceeded","lastTransitionTime":"2026-11-20T03:10:00Z"}]}}"#;
        let job =
            serde_json::from_str::<JobLite>(text).unwrap().reduce(&"lab".into(), &mut Interner::default());
        let Facts::Job(job) = job.facts else { panic!("a job") };
        assert_eq!((job.wanted, job.failed, job.finished), (1, 4, Timestamp::parse("2026-11-20T03:10:00Z")));
    }

    #[test]
    fn a_schedule_names_its_time_zone() {
        let text = r#"{"metadata":{"name":"nightly"},"spec":{"schedule":"0 3 * * *","timeZone":"Europe/Paris"},
            "status":{"active":[{"name":"nightly-1"}]}}"#;
        let cron = serde_json::from_str::<CronJobLite>(text)
            .unwrap()
            .reduce(&"lab".into(), &mut Interner::default());
        let Facts::CronJob(cron) = cron.facts else { panic!("a cron job") };
        assert_eq!((&*cron.schedule, cron.active), ("0 3 * * * Europe/Paris", 1));
    }
}
