//! Answers, while they become the words of an effect.
use super::{
    Answer, Effect, Looks, SHOWN, Setting, Sort, Undo, cloud, context, docker, files, git, helm, host, kube,
    process, push, redis, said, sql,
};
use crate::domain::{secret, text};

/// What the answers say; `None` stands for one that did not come in time.
pub fn read(looks: &Looks, answers: &[Option<Answer>]) -> Effect {
    let mut reading =
        Reading { effect: looks.said.clone(), objects: Vec::new(), call: 0, began: 0, zeros: Vec::new() };
    for (at, look) in looks.looks.iter().enumerate() {
        if look.call != reading.call {
            (reading.call, reading.began) = (look.call, reading.effect.hits.len());
        }
        match answers.get(at) {
            Some(Some(answer)) if look.repeated => several(&look.sort, answer, &mut reading),
            Some(Some(answer)) => one(&look.sort, answer, &mut reading),
            _ => reading.unknown(format!("{}: no answer in time", look.sort.what())),
        }
    }
    reading.end(looks)
}

/// The answers of a loop.
fn several(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    let rows: Vec<_> = answer.rows().take(SHOWN).collect();
    if sort.is_single() && answer.rows().count() > SHOWN {
        reading.unknown(format!("{}: it runs more often than answers are read", sort.what()));
    }
    if rows.len() < 2 {
        return one(sort, answer, reading);
    }
    if let Some(line) = answer.err.lines().find(|line| !line.trim().is_empty()) {
        reading.unknown(format!("{}, at least once: {line}", sort.what()));
    }
    if sort.is_single() {
        for row in rows {
            let own = Answer { code: answer.code, out: row.to_owned(), err: String::new() };
            one(sort, &own, reading);
        }
        reading.settle();
    } else {
        if !sort.is_list() {
            reading.unknown(format!(
                "{}: it runs more than once, and only the first answer is read",
                sort.what()
            ));
        }
        one(sort, answer, reading);
    }
}

fn one(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Kube(sort) => kube::read(sort, answer, reading),
        Sort::Helm(sort) => helm::read(sort, answer, reading),
        Sort::Docker(sort) => docker::read(sort, answer, reading),
        Sort::Redis(sort) => redis::read(sort, answer, reading),
        Sort::Sql(sort) => sql::read(sort, answer, reading),
        Sort::Files(sort) => files::read(sort, answer, reading),
        Sort::Host(sort) => host::read(sort, answer, reading),
        Sort::Process(sort) => process::read(sort, answer, reading),
        Sort::Context(sort) => context::read(sort, answer, reading),
        Sort::Git(sort) => git::read(sort, answer, reading),
        Sort::Cloud(sort) => cloud::read(sort, answer, reading),
    }
}

/// Answers, while they are put together.
pub(super) struct Reading {
    pub effect: Effect,
    /// Workloads that were seen.
    pub objects: Vec<kube::Object>,
    /// The call that is read about, and how many lines there were before it.
    call: u32,
    began: usize,
    /// Calls that hit nothing, and why.
    zeros: Vec<(u32, String)>,
}

impl Reading {
    pub fn hit(&mut self, words: impl Into<String>) {
        push(&mut self.effect.hits, &words.into());
    }
    pub fn drop(&mut self, words: impl Into<String>) {
        push(&mut self.effect.drops, &words.into());
    }
    pub fn unknown(&mut self, words: impl Into<String>) {
        push(&mut self.effect.unknown, &words.into());
    }
    pub fn undone_by(&mut self, words: impl Into<String>) {
        push(&mut self.effect.undone_by, &words.into());
    }
    pub fn set(&mut self, what: &str, old: &str, new: &str) {
        if self.effect.old_new.len() < SHOWN {
            let hidden = secret::looks_secret(what);
            let shown =
                |value: &str| if hidden && !value.is_empty() { "…".to_owned() } else { said(value) };
            self.effect.old_new.push(Setting { what: said(what), old: shown(old), new: shown(new) });
        } else {
            self.unknown("more settings than are shown");
        }
    }
    /// All that is set stands there already.
    pub fn sets_nothing(&self) -> bool {
        let all = &self.effect.old_new;
        !all.is_empty() && all.iter().all(|one| one.old == one.new && one.new != "…")
    }
    pub fn undo(&mut self, undo: Undo) {
        match (&mut self.effect.undo, undo) {
            (Some(Undo::Command(all)), Undo::Command(more)) => {
                if !all.lines().any(|line| line == more) && all.lines().count() < SHOWN {
                    all.push('\n');
                    all.push_str(&more);
                }
            }
            // A command says more than words.
            (Some(Undo::Command(_)), Undo::Words(_)) => {}
            (undo, new) => *undo = Some(new),
        }
    }

    /// The call that is read about hits something.
    pub fn has_hit(&self) -> bool {
        self.effect.hits.len() > self.began
    }

    /// The call that is read about is known to hit nothing.
    pub fn is_zero(&self) -> bool {
        !self.has_hit() && self.zeros.iter().any(|(call, _)| *call == self.call)
    }

    /// Says why the call hits nothing; where something is hit, it stays unsaid.
    pub fn zero(&mut self, words: impl Into<String>) {
        if !self.has_hit() && !self.zeros.iter().any(|(call, _)| *call == self.call) {
            self.zeros.push((self.call, said(&words.into())));
        }
    }

    /// Says more of why it hits nothing.
    pub fn zero_more(&mut self, words: impl FnOnce(&str) -> String) {
        let call = self.call;
        match self.zeros.iter_mut().find(|(known, _)| *known == call) {
            Some((_, zero)) => *zero = text::clean_to(&words(zero), 1_200).into_owned(),
            None => self.zeros.push((call, said(&words("")))),
        }
    }

    /// Where a call's own loop hits something at last, what it did not hit is a line among the hits.
    fn settle(&mut self) {
        let place = self.zeros.iter().position(|(call, _)| *call == self.call);
        if let Some(place) = place.filter(|_| self.has_hit()) {
            let (_, words) = self.zeros.remove(place);
            self.hit(words);
        }
    }

    /// Nothing is hit only where every call says so; one of several is a line among the hits.
    fn end(mut self, looks: &Looks) -> Effect {
        let whole = looks.looks.iter().all(|look| self.zeros.iter().any(|(call, _)| *call == look.call));
        let zeros: Vec<_> = self.zeros.drain(..).map(|(_, words)| words).collect();
        // What nobody looked at may be hit all the same.
        if whole && !zeros.is_empty() && looks.said.unknown.is_empty() {
            let words = zeros.join("; ");
            self.effect.zero = Some(text::clean_to(&words, 1_500).into_owned());
        } else {
            for words in zeros {
                self.hit(words);
            }
        }
        let effect = &mut self.effect;
        let nothing = effect.hits.is_empty() && effect.old_new.is_empty() && effect.drops.is_empty();
        // What only reads is not looked at: it hits nothing.
        let reads = looks.looks.is_empty() && looks.said == Effect::default();
        if nothing && !reads && effect.zero.is_none() && effect.unknown.is_empty() {
            effect.unknown.push("the answers do not say what it would hit".to_owned());
        }
        self.effect
    }
}
