//! The pods, counted by their places: once after each change, not for each condition and each picture.
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::pod::Phase;
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::evidence::{Counts, Shares, Tally};
use crate::panes::pods;

/// Counts anew; nothing where neither the pods nor what they use has changed.
pub fn count(model: &Model) -> Option<Tally> {
    let of = (model.pods.revision(), measured(model));
    if model.runs.evidence.tally.of == of {
        return None;
    }
    let mut tally = Tally { of, ..Tally::default() };
    for (pod, rank) in model.pods.ranked() {
        let key = (pod.id.context.clone(), pod.id.namespace.clone());
        let counts: &mut Counts = tally.places.entry(key).or_default();
        let ails = pods::ails(model.now, pod, rank.level);
        counts.all += u32::from(rank.level != Level::Done);
        counts.failing += u32::from(rank.level == Level::Bad);
        counts.doubtful += u32::from(rank.level == Level::Warn);
        counts.unknown += u32::from(rank.level == Level::Unknown);
        counts.crashing += u32::from(ails.crashing);
        counts.starved += u32::from(ails.starved);
        counts.waiting += u32::from(ails.waiting);
        counts.imageless += u32::from(ails.imageless);
        if pod.phase != Phase::Running || rank.level == Level::Unknown {
            continue;
        }
        counts.running += 1;
        if let Some(meter) = model.usage.get(&pod.id) {
            let [memory, cpu] = pods::of_limits(pod, meter);
            counts.memory.add(memory);
            counts.cpu.add(cpu);
        }
    }
    Some(tally)
}

/// When the metrics were read last.
fn measured(model: &Model) -> Option<Timestamp> {
    let metrics = model.feeds.iter().filter(|(feed, _)| matches!(feed, Feed::Metrics(_)));
    metrics.filter_map(|(_, status)| status.heard).max()
}

impl Shares {
    fn add(&mut self, share: Option<u64>) {
        let Some(share) = share else { return };
        self.least = if self.known == 0 { share } else { self.least.min(share) };
        self.most = self.most.max(share);
        self.known += 1;
    }

    /// Of both together.
    pub(super) fn with(self, other: Shares) -> Shares {
        match (self.known, other.known) {
            (0, _) => other,
            (_, 0) => self,
            (one, two) => Shares {
                known: one + two,
                least: self.least.min(other.least),
                most: self.most.max(other.most),
            },
        }
    }
}
