//! The paths that decide whether the cockpit keeps up: parsing log lines, searching them, drawing them.
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firedeck::domain::log::{Follow, LogNews};
use firedeck::domain::time::Zone;
use firedeck::model::logs::{Logs, Pattern, scan};
use firedeck::sources::logs::parse;
use firedeck::view::logs::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// About 64 kB of lines as a server sends them.
fn bytes(content: &str) -> Vec<u8> {
    let line = format!("2026-01-02T03:04:05.123456789Z {content}\n");
    line.repeat(64 * 1024 / line.len()).into_bytes()
}

const PLAIN: &str =
    "2026-01-02 03:04:05,123 INFO  [main] c.e.shop.Cart - added 3 items for customer 4711 in 12 ms";
const JSON: &str = r#"{"ts":1767323045.5,"level":"info","logger":"http","msg":"GET /cart","status":200,"took":"12ms","trace":"9f"}"#;
const COLOURED: &str =
    "\u{1b}[32mINFO\u{1b}[0m caf\u{e9}\tGET /cart \u{1b}[1m200\u{1b}[0m took 12 ms for customer 4711";

fn logs(megabytes: usize) -> Logs {
    let follow = Follow::Namespace { context: "c".into(), namespace: "shop".into() };
    let mut logs = Logs::with_capacity(256 * 1024 * 1024);
    logs.follow(Some(follow.clone()));
    logs.news(LogNews::Began(Arc::new(follow)));
    for n in 0..megabytes * 16 {
        let kind = [PLAIN, JSON, COLOURED].get(n % 3).copied().unwrap_or(PLAIN);
        for lines in parse(&bytes(kind)) {
            logs.news(LogNews::Chunk(Arc::new(lines.seal(logs.ring.end()))));
        }
    }
    logs.size = (200, 50);
    logs
}

fn parsing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse 64 kB");
    for (name, kind) in [("plain", PLAIN), ("json", JSON), ("coloured", COLOURED)] {
        let bytes = bytes(kind);
        let lines = bytes.split(|b| *b == b'\n').count() as u64 - 1;
        group.throughput(Throughput::Elements(lines));
        group.bench_function(name, |b| b.iter(|| parse(black_box(&bytes))));
    }
    group.finish();
}

fn searching(criterion: &mut Criterion) {
    let mut logs = logs(64);
    logs.find = Pattern::new("customer 48");
    let mut orders = Vec::new();
    let mut order = logs.look_anew();
    while let Some(now) = order {
        logs.scanned(&scan(&now));
        orders.push(now);
        order = logs.look_on();
    }
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10);
    group.bench_function("64 MB", |b| b.iter(|| orders.iter().map(|o| scan(black_box(o)).id).sum::<u64>()));
    group.finish();
}

fn drawing(criterion: &mut Criterion) {
    let mut logs = logs(4);
    let area = Rect::new(0, 0, 200, 50);
    let mut buffer = Buffer::empty(area);
    let zone = Zone::default();
    for (name, wrap) in [("cut", false), ("wrapped", true)] {
        logs.wrap = wrap;
        criterion.bench_function(&format!("draw 200x50 {name}"), |b| {
            b.iter(|| draw(&mut buffer, area, black_box(&logs), &zone, false, &|_| Style::default()));
        });
    }
}

criterion_group!(benches, parsing, searching, drawing);
criterion_main!(benches);
