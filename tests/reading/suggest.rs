//! Finding: the right runbook for an alert, a pod and a search, with the reason; and none where none fits.
use std::fmt::Write as _;
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::runbook::suggest::{self, Alert, AlertRule, Hit, Index, PodTrouble, coverage};
use firedeck::runbook::{Document, catalogue};

const HARBOUR: &str = "\
# Harbour runbooks

## Incidents

### Boats keep crashing (P1)

**Severity:** P1 - Critical

**Symptoms:**
- The quay answers with 503
- Restarts of the tug pods

1. **Look**

   **If pods are crashlooping:**
   ```bash
   kubectl describe pod -n harbour -l app=tug
   kubectl rollout restart deploy/tug -n harbour
   ```

### Ledger out of connections

**Symptoms:**
- \"too many connections\" in the logs

```bash
psql -c 'SELECT count(*) FROM pg_stat_activity'
```

### Lantern certificate renewal

**Purpose:** Renew the certificate before it expires

```bash
certbot renew
```

### Raise the number of boats

**Trigger:** load above 70 % for 10 minutes

```bash
kubectl scale deploy/tug -n harbour --replicas=9
```
";

const REDIS: &str = "\
# Cache

## RedisMemoryFull

```bash
redis-cli info memory
```

## Slow queries of the cache

```bash
redis-cli slowlog get
```
";

const MOLE: &str = "\
# Mole

## High memory usage

**Symptoms:**
- OOMKilled pods

```bash
kubectl top pods -n mole
```
";

fn documents() -> Vec<Arc<Document>> {
    [
        ("rb/harbour.md", HARBOUR),
        ("rb/cache.md", REDIS),
        ("rb/mole/README.md", MOLE),
        ("rb/LanternDark.md", "# Lantern\n\n## Steps\n\n```bash\nsystemctl status lantern\n```\n"),
    ]
    .into_iter()
    .map(|(path, text)| Arc::new(catalogue::read(path, text, &Tables::default())))
    .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn alert(name: &str) -> Alert {
    Alert { name: name.into(), ..Alert::default() }
}

fn titles(documents: &[Arc<Document>], hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| documents[hit.document].runbooks[hit.runbook].title.clone()).collect()
}

/// The title of the best hit for an alert, and its reason.
fn best(alert: &Alert) -> Option<(String, String)> {
    let documents = documents();
    let hits = suggest::for_alert(&documents, alert);
    Some((titles(&documents, &hits).first()?.clone(), hits.first()?.reason.clone()))
}

#[test]
fn a_runbook_url_leads_to_its_section() {
    for url in [
        "https://wiki.example/rb/harbour.md#ledger-out-of-connections",
        "https://wiki.example/rb/harbour/#ledger-out-of-connections",
        "rb/harbour.html#ledger-out-of-connections",
        "https://git.example/team/blob/main/rb/harbour.md?plain=1#ledger-out-of-connections",
    ] {
        let alert = Alert { runbook_url: Some(url.into()), ..alert("Whatever") };
        let (title, reason) = best(&alert).unwrap();
        assert_eq!(title, "Ledger out of connections", "{url}");
        assert!(reason.contains("runbook_url"), "{reason}");
    }
    let annotated =
        Alert { annotations: pairs(&[("runbook_url", "https://x.example/rb/mole/")]), ..alert("Whatever") };
    assert_eq!(best(&annotated).unwrap().0, "High memory usage");
}

#[test]
fn an_alert_finds_the_title_or_the_file_that_bears_its_name() {
    assert_eq!(best(&alert("RedisMemoryFull")).unwrap().0, "RedisMemoryFull");
    let (title, reason) = best(&alert("LanternDark")).unwrap();
    assert!(title == "Steps" || title == "Lantern", "{title}");
    assert!(reason.contains("file bears"), "{reason}");
}

#[test]
fn the_words_of_an_alert_find_a_branch_a_symptom_and_a_synonym() {
    let crash = Alert { labels: pairs(&[("namespace", "harbour")]), ..alert("KubePodCrashLooping") };
    let (title, reason) = best(&crash).unwrap();
    assert_eq!(title, "Boats keep crashing (P1)");
    assert!(!reason.is_empty());
    assert_eq!(best(&alert("PostgresTooManyConns")).unwrap().0, "Ledger out of connections");
    assert_eq!(best(&alert("TLSCertExpiringSoon")).unwrap().0, "Lantern certificate renewal");
}

#[test]
fn of_runbooks_that_name_an_alert_the_one_for_its_own_app_comes_first() {
    let book = |title: &str, app: &str| {
        format!(
            "### {title}\n\n**Severity:** P1\n**Alerts:** HighErrorRate\n\n1. **Look**\n\n   ```bash\n   kubectl \
             rollout status deployment/{app} -n shop\n   ```\n\n"
        )
    };
    let text = format!(
        "# Shop runbooks\n\n## Incidents\n\n{}{}{}",
        book("Payments cannot be signed", "payments"),
        book("The catalog shows nothing", "catalog"),
        book("The page fails", "web")
    );
    let documents = vec![Arc::new(catalogue::read("shop.md", &text, &Tables::default()))];
    let of = |app: &str| {
        let labels = pairs(&[("app", app), ("namespace", "shop")]);
        suggest::for_alert(&documents, &Alert { labels, ..alert("HighErrorRate") })
    };
    let hits = of("catalog");
    assert_eq!(titles(&documents, &hits)[0], "The catalog shows nothing");
    assert_eq!(hits[0].reason, "it names HighErrorRate of catalog");
    assert!(
        hits[0].score >= suggest::SURE && hits[1..].iter().all(|hit| hit.score < suggest::SURE),
        "{hits:?}"
    );
    let hits = of("orders");
    assert!(
        hits.iter().all(|hit| hit.score < suggest::SURE && hit.reason.contains(", but for ")),
        "{hits:?}"
    );
}

#[test]
fn a_pod_that_only_is_not_up_yet_has_no_symptom() {
    let trouble = PodTrouble { reason: "ContainerCreating".into(), ..PodTrouble::default() };
    assert_eq!(suggest::for_pod(&documents(), &trouble), Vec::new());
}

#[test]
fn where_nothing_fits_nothing_is_shown() {
    for name in
        ["Watchdog", "KubeNodeNotReady", "CoffeeMachineEmpty", "TargetDown", "HighServiceUsage", "", "---"]
    {
        assert_eq!(best(&alert(name)), None, "{name}");
    }
    let talk = Alert {
        annotations: pairs(&[(
            "description",
            "The high usage of the service in the cluster is a critical problem",
        )]),
        ..alert("SomethingElse")
    };
    assert_eq!(best(&talk), None);
}

#[test]
fn another_programs_runbook_is_no_hit_for_a_known_program() {
    // The mole has a runbook on memory, but redis has its own.
    let documents = documents();
    let hits = suggest::for_alert(&documents, &alert("RedisMemoryHigh"));
    assert_eq!(titles(&documents, &hits), ["RedisMemoryFull"]);
}

#[test]
fn a_pod_finds_its_runbook_by_reason_workload_and_namespace() {
    let documents = documents();
    let pod = |namespace: &str, workload: &str, reason: &str| PodTrouble {
        namespace: namespace.into(),
        workload: workload.into(),
        reason: reason.into(),
    };
    let hits = suggest::for_pod(&documents, &pod("harbour", "tug", "CrashLoopBackOff"));
    assert_eq!(titles(&documents, &hits).first().unwrap(), "Boats keep crashing (P1)");
    assert!(hits[0].reason.contains("deploy/tug"), "{}", hits[0].reason);
    let hits = suggest::for_pod(&documents, &pod("mole", "crane", "OOMKilled 137"));
    assert_eq!(titles(&documents, &hits).first().unwrap(), "High memory usage");
    for reason in ["ImagePullBackOff", "Pending", "Running"] {
        assert_eq!(suggest::for_pod(&documents, &pod("mole", "crane", reason)), [], "{reason}");
    }
}

#[test]
fn a_search_needs_every_word_and_says_where_it_matched() {
    let documents = documents();
    let hits = suggest::search(&documents, "ledger conn");
    assert_eq!(titles(&documents, &hits).first().unwrap(), "Ledger out of connections");
    assert_eq!(hits[0].reason, "its title");
    let marked: String = hits[0]
        .text
        .chars()
        .enumerate()
        .filter(|(at, _)| hits[0].positions.contains(&u32::try_from(*at).unwrap()))
        .map(|(_, c)| c)
        .collect();
    assert_eq!(marked, "Ledgerconn");
    let hits = suggest::search(&documents, "slowlog");
    assert_eq!((hits[0].line, hits[0].reason.starts_with("a command")), (12, true), "{hits:?}");
    assert_eq!(suggest::search(&documents, "slowlog ledger"), []);
    assert_eq!(suggest::search(&documents, " "), []);
    let typo = suggest::search(&documents, "certifcate");
    assert_eq!(titles(&documents, &typo).first().unwrap(), "Lantern certificate renewal");
}

#[test]
fn hits_come_best_first_and_stay_inside_their_documents() {
    let documents = documents();
    for query in ["boats", "e", "kubectl", "-n harbour"] {
        let hits = suggest::search(&documents, query);
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "{query}");
        for hit in hits {
            let length = u32::try_from(hit.text.chars().count()).unwrap();
            assert!(hit.positions.iter().all(|at| *at < length) && hit.line <= documents[hit.document].lines);
        }
    }
}

#[test]
fn coverage_sorts_rules_into_covered_dead_and_without() {
    let rule = |name: &str, url: Option<&str>| AlertRule {
        name: name.into(),
        annotations: url.map(|url| vec![("runbook_url".to_owned(), url.to_owned())]).unwrap_or_default(),
        ..AlertRule::default()
    };
    let rules = [
        rule("RedisMemoryFull", None),
        rule("Tide", Some("https://x.example/rb/harbour.md#boats-keep-crashing-p1")),
        rule("Storm", Some("https://x.example/rb/harbour.md#storm")),
        rule("Fog", Some("https://x.example/rb/fog.md")),
        rule("LanternDark", Some("https://x.example/rb/lamp.md")),
        rule("KubePodCrashLooping", None),
    ];
    let index = Index::new(&documents());
    let coverage = coverage(&index, &rules);
    let covered: Vec<usize> = coverage.covered.iter().map(|covered| covered.rule).collect();
    let dead: Vec<(usize, bool)> =
        coverage.dead_links.iter().map(|dead| (dead.rule, dead.instead.is_some())).collect();
    // What words alone would suggest covers nothing.
    assert_eq!(
        (covered, dead, coverage.without),
        (vec![0, 1], vec![(2, true), (3, false), (4, true)], vec![5])
    );
    let reason = &coverage.dead_links[0].reason;
    assert!(reason.contains("#storm"), "{reason}");
}

#[test]
fn five_hundred_documents_answer_within_milliseconds() {
    let text = |n: usize| {
        let mut text = format!("# Part {n}\n");
        for k in 0..6 {
            let _ = write!(
                text,
                "\n## Trouble {k} with engine {n}\n\n**Symptoms:** slow answers, errors\n\n```bash\nkubectl get pods -n part-{n}\nkubectl logs deploy/engine-{n} -n part-{n} --tail=50\n```\n"
            );
        }
        text
    };
    let documents: Vec<_> = (0..500)
        .map(|n| Arc::new(catalogue::read(&format!("rb/{n}.md"), &text(n), &Tables::default())))
        .collect();
    let index = Index::new(&documents);
    let started = std::time::Instant::now();
    for _ in 0..5 {
        assert!(!index.search("trouble engine 77").is_empty());
        index.for_alert(&Alert { labels: pairs(&[("namespace", "part-77")]), ..alert("Engine77Slow") });
    }
    // A debug build; a release build is ten times faster.
    assert!(started.elapsed().as_millis() < 25_000, "{:?}", started.elapsed());
}

#[test]
fn hostile_names_and_queries_find_nothing_and_do_no_harm() {
    let index = Index::new(&documents());
    for text in
        ["\u{0}\u{feff}", "((((", "%%%zz%", "#", "ｆｕｌｌ", &"a".repeat(100_000), &"A b ".repeat(10_000)]
    {
        index.search(text);
        index.for_alert(&Alert {
            runbook_url: Some(text.into()),
            annotations: pairs(&[("summary", text)]),
            ..alert(text)
        });
        index.for_pod(&PodTrouble { namespace: text.into(), workload: text.into(), reason: text.into() });
    }
    assert_eq!(Index::new(&[]).search("a"), []);
}
