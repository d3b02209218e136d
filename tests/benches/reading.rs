//! What a team's documents cost: five hundred of them from disk, and one that is far too long.
use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firedeck::commands::tools::Tables;
use firedeck::runbook::catalogue;
use firedeck::sources::documents::{Library, Limits};
use tokio_util::sync::CancellationToken;

/// One runbook as teams write them, about 2 kB; `nth` makes it its own.
fn runbook(nth: usize) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "## Crane {nth} does not lift

**Severity**: P2
**Response time**: 30 minutes

Symptoms:

- loads stay on the ground
- the dashboard of yard {nth} shows no movement

### Diagnosis

1. **Look at the pods** (5 min)

   ```bash
   # which of them is not ready
   kubectl get pods -n yard-{nth} -l app=crane
   kubectl describe pod <pod-name> -n yard-{nth} | tail -n 40
   ```

   Expected: all are `Running`.

2. **Ask the database** what holds the locks.

   ```sql
   SELECT pid, state, query FROM pg_stat_activity WHERE datname = 'yard_{nth}' ORDER BY query_start LIMIT 20;
   ```

3. Check the queue.

   ```bash
   for shard in a b c; do
     kubectl exec -n yard-{nth} deploy/queue-$shard -- redis-cli LLEN lifts | awk '{{ print $1 }}'
   done
   ```

### Mitigation

- [ ] Restart the drivers: `kubectl rollout restart deployment/driver -n yard-{nth}`
- [ ] If the queue is full, drop what is older than an hour

```bash
cat <<EOF | kubectl apply -f -
apiVersion: v1
kind: ConfigMap
metadata:
  name: limits
  namespace: yard-{nth}
data:
  depth: \"5000\"
EOF
kubectl scale deployment/driver --replicas=6 -n yard-{nth}
```

| Level | Who | Within |
|---|---|---|
| P1 | shift lead | 15 minutes |
| P2 | yard team | 30 minutes |

"
    );
    text
}

fn document(nth: usize) -> String {
    format!("# Operations of yard {nth}\n\n{}{}", runbook(nth), runbook(nth + 1_000))
}

fn five_hundred(folder: &Path) -> io::Result<()> {
    for nth in 0..500 {
        let below = folder.join(format!("team-{}", nth % 20));
        fs::create_dir_all(&below)?;
        fs::write(below.join(format!("yard-{nth}.md")), document(nth))?;
    }
    Ok(())
}

fn look(path: &Path) -> Library {
    let paths = vec![PathBuf::from(path)];
    let mut library = Library::new(paths, Arc::default(), Limits::default());
    let _ = library.look(&CancellationToken::new());
    library
}

fn reading(criterion: &mut Criterion) {
    if let Err(error) = measured(criterion) {
        eprintln!("the documents could not be written: {error}");
    }
}

fn measured(criterion: &mut Criterion) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    five_hundred(folder.path())?;
    let found = look(folder.path());
    let commands = found.entries().filter_map(|entry| entry.read.as_ref().ok()).flat_map(|d| &d.runbooks);
    let commands: usize = commands.flat_map(|book| &book.steps).map(|step| step.commands.len()).sum();
    assert!(commands > 5_000, "the documents were read: {commands} commands");

    let mut group = criterion.benchmark_group("read");
    group.sample_size(20);
    group.throughput(Throughput::Elements(500));
    group.bench_function("500 documents", |b| b.iter(|| look(black_box(folder.path()))));
    let mut known = look(folder.path());
    group.bench_function("500 documents again, unchanged", |b| {
        b.iter(|| known.look(&CancellationToken::new()));
    });

    let mut text = String::from("# All yards\n\n");
    for nth in 0.. {
        if text.len() > 10 << 20 {
            break;
        }
        text.push_str(&runbook(nth));
    }
    let tables = Tables::default();
    group.sample_size(10);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("one document of 10 MB", |b| {
        b.iter(|| catalogue::read("all.md", black_box(&text), &tables));
    });
    group.finish();
    Ok(())
}

criterion_group!(benches, reading);
criterion_main!(benches);
