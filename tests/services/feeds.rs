//! The sources as the cockpit runs them, and all they said so far, looked at as a whole.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::Text;
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Follow, LineKind, LogNews, Streams};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Kind, Object, ObjectRef, Usage};
use firedeck::domain::pod::Pod;
use firedeck::sources::supervise::Signals;
use firedeck::sources::{kubernetes, logs};
use kube::config::Kubeconfig;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::common::fault::Proxy;
use crate::suite::{As, kubeconfig, kubeconfig_through};

/// A bound for a test that fails, not a measure.
const LONGEST: Duration = Duration::from_mins(3);

/// The context that goes through a proxy, beside one that does not.
pub(crate) const BROKEN: &str = "broken";

/// A line of a log, as it would be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) pod: Text,
    pub(crate) kind: LineKind,
    pub(crate) text: String,
}

/// Everything of one kind of fact, by feed, as a cockpit keeps it.
#[derive(Debug)]
pub(crate) struct Picture<T> {
    rows: BTreeMap<Feed, BTreeMap<ObjectRef, T>>,
    /// What a full picture under way has named.
    filling: BTreeMap<Feed, BTreeSet<ObjectRef>>,
    /// How many full pictures were begun.
    begun: BTreeMap<Feed, usize>,
}

impl<T> Picture<T> {
    fn new() -> Self {
        Picture { rows: BTreeMap::new(), filling: BTreeMap::new(), begun: BTreeMap::new() }
    }

    fn take(&mut self, feed: &Feed, seen: Vec<Seen<T>>, id: impl Fn(&T) -> &ObjectRef) {
        let rows = self.rows.entry(feed.clone()).or_default();
        for seen in seen {
            match seen {
                Seen::Begin => {
                    self.filling.insert(feed.clone(), BTreeSet::new());
                    *self.begun.entry(feed.clone()).or_default() += 1;
                }
                Seen::Is(fact) => {
                    if let Some(named) = self.filling.get_mut(feed) {
                        named.insert(id(&fact).clone());
                    }
                    rows.insert(id(&fact).clone(), fact);
                }
                Seen::Gone(id) => {
                    rows.remove(&id);
                }
                Seen::End => {
                    let named = self.filling.remove(feed).expect("an end after a beginning");
                    rows.retain(|id, _| named.contains(id));
                }
            }
        }
    }

    /// The rows of one feed.
    pub(crate) fn of(&self, feed: &Feed) -> impl Iterator<Item = &T> {
        self.rows.get(feed).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn names(&self, feed: &Feed) -> BTreeSet<String> {
        self.rows.get(feed).into_iter().flat_map(BTreeMap::keys).map(|id| id.name.to_string()).collect()
    }

    /// How many full pictures of a feed were begun.
    pub(crate) fn begun(&self, feed: &Feed) -> usize {
        self.begun.get(feed).copied().unwrap_or(0)
    }
}

pub(crate) struct Feeds {
    pub(crate) handle: kubernetes::Handle,
    pub(crate) logs: logs::Handle,
    inbox: mpsc::Receiver<Vec<News>>,
    /// The first context.
    pub(crate) context: Text,
    pub(crate) states: BTreeMap<Feed, FeedState>,
    /// Every state in turn.
    pub(crate) past: Vec<(Feed, FeedState)>,
    pub(crate) pods: Picture<Pod>,
    pub(crate) objects: Picture<Object>,
    pub(crate) pod_usage: Vec<(ObjectRef, Usage)>,
    pub(crate) node_usage: Vec<(Text, Usage)>,
    following: Option<Arc<Follow>>,
    pub(crate) lines: Vec<Written>,
    pub(crate) streams: Streams,
    cancel: CancellationToken,
    _file: tempfile::NamedTempFile,
}

impl Drop for Feeds {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Feeds {
    /// As one user, straight to the server.
    pub(crate) fn of(who: As, namespaces: &[&str]) -> Feeds {
        let text = std::fs::read_to_string(kubeconfig(who)).expect("the suite's kubeconfig");
        Feeds::open(&text, namespaces, Vec::new())
    }

    /// Two contexts: [`BROKEN`] through the proxy, and the same cluster without it.
    pub(crate) fn beside(proxy: &Proxy, who: As, namespaces: &[&str]) -> Feeds {
        let well = std::fs::read_to_string(kubeconfig(who)).expect("the suite's kubeconfig");
        let well = Kubeconfig::from_yaml(&well).expect("it is good");
        let mut both = Kubeconfig::from_yaml(&kubeconfig_through(proxy, who)).expect("still good");
        both.clusters[0].name = BROKEN.into();
        both.auth_infos[0].name = BROKEN.into();
        both.contexts[0].name = BROKEN.into();
        let context = both.contexts[0].context.as_mut().expect("a context");
        (context.cluster, context.user) = (BROKEN.into(), Some(BROKEN.into()));
        let contexts = vec![BROKEN.to_owned(), well.contexts[0].name.clone()];
        let both = both.merge(well).expect("merged");
        Feeds::open(&serde_json::to_string(&both).expect("written"), namespaces, contexts)
    }

    pub(crate) fn open(text: &str, namespaces: &[&str], contexts: Vec<String>) -> Feeds {
        let read = Kubeconfig::from_yaml(text).expect("a kubeconfig");
        let context = contexts.first().cloned().or(read.current_context).expect("a context");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let (out, inbox) = mpsc::channel(64);
        let cancel = CancellationToken::new();
        let options = kubernetes::Options {
            kubeconfig: vec![file.path().to_owned()],
            contexts,
            flag_namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            profile_namespaces: Vec::new(),
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let handle = kubernetes::start(options, out.clone(), cancel.clone());
        let clients = handle.clone();
        let clients = Arc::new(move |context: &str| clients.cluster(context).map(|cluster| cluster.client));
        let signals = Signals { retry: handle.retry_signal(), cancel: cancel.clone() };
        Feeds {
            logs: logs::start(clients, None, out, signals),
            handle,
            inbox,
            context: context.into(),
            states: BTreeMap::new(),
            past: Vec::new(),
            pods: Picture::new(),
            objects: Picture::new(),
            pod_usage: Vec::new(),
            node_usage: Vec::new(),
            following: None,
            lines: Vec::new(),
            streams: Streams::default(),
            cancel,
            _file: file,
        }
    }

    pub(crate) fn pods_in(&self, namespace: &str) -> Feed {
        Feed::Pods(self.context.clone(), namespace.into())
    }

    pub(crate) fn objects_in(&self, kind: Kind, namespace: &str) -> Feed {
        Feed::Objects(self.context.clone(), kind, namespace.into())
    }

    pub(crate) fn nodes(&self) -> Feed {
        self.objects_in(Kind::Node, "")
    }

    pub(crate) fn metrics(&self) -> Feed {
        Feed::Metrics(self.context.clone())
    }

    /// Follows this and nothing else; what was followed before is forgotten.
    pub(crate) async fn follow(&mut self, follow: Follow) {
        self.logs.follow(Some(follow.clone()), 32);
        self.until("the order taken", |feeds| (feeds.following.as_deref() == Some(&follow)).then_some(()))
            .await;
    }

    /// A reference into the first context.
    pub(crate) fn id(&self, kind: Kind, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { context: self.context.clone(), kind, namespace: namespace.into(), name: name.into() }
    }

    /// Waits until all that was said amounts to this.
    pub(crate) async fn until<T>(&mut self, what: &str, is: impl Fn(&Feeds) -> Option<T>) -> T {
        let deadline = Instant::now() + LONGEST;
        loop {
            if let Some(found) = is(self) {
                return found;
            }
            let Ok(heard) = timeout_at(deadline, self.inbox.recv()).await else {
                panic!("waited in vain for {what}; {}", self.told());
            };
            let news = heard.unwrap_or_else(|| panic!("the sources ended before {what}"));
            for news in news {
                self.take(news);
            }
        }
    }

    fn told(&self) -> String {
        let lines = &self.lines[self.lines.len().saturating_sub(10)..];
        format!("states: {:#?}\nlines: {lines:#?}\nstreams: {:?}", self.states, self.streams)
    }

    /// Waits until the feed is in such a state; the state.
    pub(crate) async fn state(&mut self, feed: &Feed, is: impl Fn(&FeedState) -> bool) -> FeedState {
        let what = format!("another state of {feed:?}");
        self.until(&what, |feeds| feeds.states.get(feed).filter(|state| is(state)).cloned()).await
    }

    pub(crate) async fn live(&mut self, feed: &Feed) {
        self.state(feed, |state| *state == FeedState::Live).await;
    }

    /// Waits until the feed is down; why.
    pub(crate) async fn down(&mut self, feed: &Feed) -> String {
        match self.state(feed, |state| matches!(state, FeedState::Down { .. })).await {
            FeedState::Down { why, .. } => why,
            _ => unreachable!(),
        }
    }

    /// Waits until the feed is forbidden; what it needs.
    pub(crate) async fn forbidden(&mut self, feed: &Feed) -> String {
        match self.state(feed, |state| matches!(state, FeedState::Forbidden { .. })).await {
            FeedState::Forbidden { needs } => needs,
            _ => unreachable!(),
        }
    }

    /// How often the feed said that it is live: each time it was heard from.
    pub(crate) fn heard(&self, feed: &Feed) -> usize {
        self.past.iter().filter(|(of, state)| of == feed && *state == FeedState::Live).count()
    }

    /// Whether such a feed was ever said to be other than well.
    pub(crate) fn was_ill(&self, is: impl Fn(&Feed) -> bool) -> Option<&(Feed, FeedState)> {
        let ill = |state: &FeedState| {
            !matches!(state, FeedState::Connecting | FeedState::Loading | FeedState::Live)
        };
        self.past.iter().find(|(feed, state)| is(feed) && ill(state))
    }

    fn take(&mut self, news: News) {
        harmless(&news);
        match news {
            News::Feed(feed, state) => {
                self.past.push((feed.clone(), state.clone()));
                self.states.insert(feed, state);
            }
            News::Pods(feed, seen) => self.pods.take(&feed, seen, |pod| &pod.id),
            News::Objects(feed, seen) => self.objects.take(&feed, seen, |object| &object.id),
            News::PodUsage(_, usage) => self.pod_usage = usage,
            News::NodeUsage(_, usage) => self.node_usage = usage,
            News::Logs(LogNews::Began(follow)) => {
                self.following = Some(follow);
                self.lines.clear();
            }
            News::Logs(LogNews::Streams(streams)) => self.streams = streams,
            News::Logs(LogNews::Chunk(chunk)) => self.lines.extend(chunk.views().map(|view| Written {
                pod: view.stream.pod.clone(),
                kind: view.line.kind,
                text: view.text.to_owned(),
            })),
            _ => {}
        }
    }

    /// The numbers that the pretend kubelet wrote into its lines, of one pod.
    pub(crate) fn numbers(&self, pod: &str) -> Vec<u64> {
        self.lines.iter().filter(|line| &*line.pod == pod).filter_map(|line| number(&line.text)).collect()
    }
}

/// `seq=7` or `"seq":7` in a line.
pub(crate) fn number(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("seq=").or_else(|| line.split_once("\"seq\":"))?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Nothing that could act on a terminal, or reorder or hide text, in any text of it.
fn harmless(news: &News) {
    // Debug writes such characters as `\u{1b}`, `\r`, `\0`; a backslash itself is doubled.
    let said = format!("{news:?}");
    let mut rest = said.as_str();
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let kind = escape.chars().next().expect("Debug ends no text with half an escape");
        let bad = match kind {
            'u' => {
                let code = escape[2..].split('}').next().expect("a code");
                let code = u32::from_str_radix(code, 16).expect("in hex");
                matches!(code,
                    0..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
                    | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
            }
            'r' | 't' | 'n' | '0' => true,
            _ => false,
        };
        let around: String = rest[at..].chars().take(60).collect();
        assert!(!bad, "not made harmless: …{around}");
        rest = &escape[kind.len_utf8()..];
    }
}
