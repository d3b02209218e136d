//! Jobs and the calendar that makes them.
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Cluster;
use super::deployments::owner;
use super::events::controller;
use super::kinds::{CRON_JOBS, JOBS, PODS};
use super::store::Key;
use super::value::{Dig, condition, later, leaves, met, name, namespace, stamp, whole};
use super::write::Part;
use crate::world::base::seconds;

impl Cluster {
    pub(super) fn jobs(&mut self) {
        for cron in self.busy(CRON_JOBS) {
            self.keep_calendar(&cron);
        }
        for job in self.busy(JOBS) {
            self.work(&job);
        }
    }

    fn work(&mut self, job: &Arc<Value>) {
        let (now, from) = (self.now, controller("job-controller"));
        if let Some(ended) = ["Complete", "Failed"].iter().find(|one| met(job, one)) {
            let done = job.list("/status/conditions").iter().find(|one| one.text("/type") == *ended);
            let since = done.and_then(|one| one.time("/lastTransitionTime")).unwrap_or(now);
            if job
                .int("/spec/ttlSecondsAfterFinished")
                .is_some_and(|most| seconds(since, now) >= super::value::float(most))
            {
                self.drop(&Key::of(JOBS, job));
            }
            return;
        }
        let pods = self.store.owned(PODS, job);
        let count = |phase: &str| {
            i64::try_from(pods.iter().filter(|pod| pod.text("/status/phase") == phase).count()).unwrap_or(0)
        };
        let (succeeded, failed) = (count("Succeeded"), count("Failed"));
        let active: Vec<&Arc<Value>> =
            pods.iter().filter(|pod| super::deployments::serves(pod) && !leaves(pod)).collect();
        let ready = active.iter().filter(|pod| met(pod, "Ready")).count();
        let wanted = job.int("/spec/completions").unwrap_or(1);
        let limit = job.int("/spec/backoffLimit").unwrap_or(6);
        let suspended = job.flag("/spec/suspend");
        let began = job.time("/status/startTime").unwrap_or(now);
        let late = job
            .int("/spec/activeDeadlineSeconds")
            .is_some_and(|most| seconds(began, now) > super::value::float(most));
        let verdict = match () {
            () if succeeded >= wanted => Some((
                "Complete",
                "CompletionsReached",
                "Reached expected number of succeeded pods".to_owned(),
            )),
            () if failed > limit => Some((
                "Failed",
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit".to_owned(),
            )),
            () if late => Some((
                "Failed",
                "DeadlineExceeded",
                "Job was active longer than specified deadline".to_owned(),
            )),
            () => None,
        };
        let mut running = i64::try_from(active.len()).unwrap_or(0);
        if suspended || verdict.is_some() {
            for pod in &active {
                self.drop(&Key::of(PODS, pod));
            }
            running = 0;
        } else {
            // After each failure it waits twice as long.
            let last = pods
                .iter()
                .filter(|pod| pod.text("/status/phase") == "Failed")
                .filter_map(|pod| pod.time("/status/containerStatuses/0/state/terminated/finishedAt"))
                .max();
            let wait = 10.0 * f64::from(1_u32 << u32::try_from(failed.clamp(1, 6) - 1).unwrap_or(0));
            let waits = last.is_some_and(|last| now < later(last, wait));
            let most = job.int("/spec/parallelism").unwrap_or(1).min(wanted.clamp(0, 500) - succeeded);
            while running < most && !waits {
                let Ok(pod) = self.pod_of(job, &format!("{}-", name(job)), "") else { break };
                self.event(job, from, "SuccessfulCreate", &format!("Created pod: {}", name(&pod)), "");
                running += 1;
            }
        }
        if let Some((kind, reason, why)) = &verdict {
            let (reason, why) =
                if *kind == "Complete" { ("Completed", "Job completed") } else { (*reason, why.as_str()) };
            let sign = if *kind == "Complete" { "" } else { "!" };
            self.event(job, from, &format!("{sign}{reason}"), why, "");
        }
        self.store.edit(&Key::of(JOBS, job), |job| {
            job.fill("/status/startTime", stamp(now));
            job.put("/status/uncountedTerminatedPods", json!({}));
            job.put("/status/terminating", 0);
            for (field, count) in [("active", running), ("succeeded", succeeded), ("failed", failed)] {
                let place = format!("/status/{field}");
                if count > 0 {
                    job.put(&place, count);
                } else {
                    job.cut(&place);
                }
            }
            job.put("/status/ready", ready);
            if let Some((kind, reason, why)) = &verdict {
                let before = if *kind == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" };
                condition(job, now, before, "True", reason, why);
                condition(job, now, kind, "True", reason, why);
                if *kind == "Complete" {
                    job.put("/status/completionTime", stamp(now));
                }
                job.put("/status/ready", 0);
            }
            if suspended {
                condition(job, now, "Suspended", "True", "JobSuspended", "Job suspended");
            } else if met(job, "Suspended") {
                condition(job, now, "Suspended", "False", "JobResumed", "Job resumed");
            }
        });
    }

    fn keep_calendar(&mut self, cron: &Arc<Value>) {
        let now = self.now;
        let mut jobs = self.store.owned(JOBS, cron);
        jobs.sort_by(|a, b| a.text("/metadata/creationTimestamp").cmp(b.text("/metadata/creationTimestamp")));
        for (kind, field) in
            [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")]
        {
            let ended: Vec<&Arc<Value>> = jobs.iter().filter(|job| met(job, kind)).collect();
            let keep = usize::try_from(cron.int(&format!("/spec/{field}")).unwrap_or(1)).unwrap_or(0);
            for job in ended.iter().take(ended.len().saturating_sub(keep)) {
                self.drop(&Key::of(JOBS, job));
            }
        }
        let running: Vec<Value> = jobs.iter().filter(|job| !met(job, "Complete") && !met(job, "Failed")).map(|job| {
            json!({"kind": "Job", "apiVersion": "batch/v1", "name": name(job), "namespace": namespace(job), "uid": super::value::uid(job)})
        }).collect();
        let busy = !running.is_empty() && cron.text("/spec/concurrencyPolicy") == "Forbid";
        let minute = Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now);
        let last = cron
            .time("/status/lastScheduleTime")
            .or_else(|| cron.time("/metadata/creationTimestamp"))
            .unwrap_or(now);
        // Whoever slept over a time makes up for the last one that was missed.
        let slept = whole(self.passed / 60.0).clamp(0, 1440);
        let minutes =
            (0..=slept).filter_map(|back| Timestamp::from_second(minute.as_second() - 60 * back).ok());
        let mut missed =
            minutes.filter(|minute| *minute > last && fits(cron.text("/spec/schedule"), *minute));
        let (due, minute) = missed.next().map_or((false, minute), |minute| (true, minute));
        if due && !busy && !cron.flag("/spec/suspend") {
            let mut body = cron.pointer("/spec/jobTemplate").cloned().unwrap_or_default();
            body.put("/metadata/name", format!("{}-{}", name(cron), minute.as_second() / 60));
            body.put("/metadata/ownerReferences", json!([owner(cron)]));
            if let Ok(job) = self.create(JOBS, namespace(cron), body, Part::Main, false) {
                self.event(
                    cron,
                    controller("cronjob-controller"),
                    "SuccessfulCreate",
                    &format!("Created job {}", name(&job)),
                    "",
                );
            }
        }
        let well = jobs.iter().filter_map(|job| job.time("/status/completionTime")).max();
        self.store.edit(&Key::of(CRON_JOBS, cron), |cron| {
            if running.is_empty() {
                cron.cut("/status/active");
            } else {
                cron.put("/status/active", running);
            }
            if due {
                cron.put("/status/lastScheduleTime", stamp(minute));
            }
            if let Some(at) = well {
                cron.put("/status/lastSuccessfulTime", stamp(at));
            }
        });
    }
}

/// Whether a minute, in UTC, is one of a schedule's.
fn fits(schedule: &str, at: Timestamp) -> bool {
    let schedule = match schedule {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        other => other,
    };
    let time = at.to_zoned(TimeZone::UTC);
    let now = [time.minute(), time.hour(), time.day(), time.month(), time.weekday().to_sunday_zero_offset()];
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    fields.len() == 5
        && fields.iter().zip(now).all(|(field, now)| field.split(',').any(|part| part_fits(part, now)))
}

fn part_fits(part: &str, now: i8) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let Some(step) = step.parse::<i8>().ok().filter(|step| *step > 0) else { return false };
    let (from, to) = match range.split_once('-') {
        Some((from, to)) => (from.parse().ok(), to.parse().ok()),
        None if range == "*" => (Some(0), Some(i8::MAX)),
        None => (range.parse().ok(), if part.contains('/') { Some(i8::MAX) } else { range.parse().ok() }),
    };
    matches!((from, to), (Some(from), Some(to)) if from <= now && now <= to && (now - from) % step == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_fits_its_minutes_and_no_others() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // A Friday.
        let (three, other) = (at("2026-11-27T03:00:00Z"), at("2026-11-27T03:07:00Z"));
        for yes in ["0 3 * * *", "*/5 * * * *", "0 1-4 * * 5", "0 3 27 11 *", "0,30 3 * * *"] {
            assert!(fits(yes, three) && !fits(yes, other), "{yes}");
        }
        assert!(!fits("0 3 * *", three) && !fits("x 3 * * *", three) && !fits("*/0 3 * * *", three));
    }
}
