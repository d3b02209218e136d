//! Invented log lines. Line `i` of a run is always the same, so any window of it can be made on demand.
use crate::clock::{millis, mix};
use crate::pod::{Behaviour, Plan, Run};

const PATHS: [&str; 8] = [
    "/api/v1/items",
    "/api/v1/orders",
    "/healthz",
    "/mcp/tools/list",
    "/mcp/session",
    "/api/v1/users",
    "/metrics",
    "/api/v1/invoices",
];
const VERBS: [&str; 5] = ["GET", "GET", "GET", "POST", "PUT"];

fn level(h: u64, bad: bool) -> &'static str {
    match (h % 100, bad) {
        (0..=1, _) => "ERROR",
        (2..=6, _) => "WARN",
        (7..=24, true) => "ERROR",
        (7..=14, _) => "DEBUG",
        _ => "INFO",
    }
}

fn message(lv: &str, h: u64) -> String {
    let path = PATHS[(h >> 8) as usize % PATHS.len()];
    let verb = VERBS[(h >> 16) as usize % VERBS.len()];
    let n = h >> 20 & 0xffff;
    match lv {
        "ERROR" => match h >> 40 & 3 {
            0 => format!(
                "{verb} {path}/{n} 500 {}ms err=\"pq: remaining connection slots are reserved for non-replication superuser connections\"",
                800 + n % 4000
            ),
            1 => format!(
                "upstream 10.244.0.{} refused connection: dial tcp: connect: connection refused",
                n % 250
            ),
            2 => format!("{verb} {path}/{n} 502 {}ms err=\"context deadline exceeded\"", 5000 + n % 900),
            _ => "OOM command not allowed when used memory > 'maxmemory'. client=redis".to_string(),
        },
        "WARN" => format!("slow request {verb} {path}/{n} took {}ms", 900 + n % 2000),
        "DEBUG" => format!("cache lookup key=item:{n} hit={}", n & 1 == 0),
        _ => format!("{verb} {path}/{n} 200 {}ms", 3 + n % 60),
    }
}

/// Lines meant to upset a careless terminal program.
fn hostile(i: u64, h: u64) -> Vec<u8> {
    let s: &[u8] = match i % 18 {
        0 => b"\x1b[31mred\x1b[0m \x1b[1;5;44mblinking\x1b[0m then plain",
        1 => b"clear screen \x1b[2J\x1b[H and home",
        2 => b"title \x1b]0;owned by a log line\x07 set",
        3 => b"clipboard \x1b]52;c;cm0gLXJmIC8=\x07 write",
        4 => b"link \x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\ here",
        5 => b"progress 10%\rprogress 50%\rprogress 100%",
        6 => b"nul \0 bell \x07 backspace abc\x08\x08\x08xyz del \x7f",
        7 => b"invalid utf-8 \xff\xfe\xc3\x28 \xf0\x9f\x98 tail",
        8 => "wide 漢字かな交じり文 한국어 🧱🧱 👩‍👩‍👧‍👦 🇨🇭 e\u{301} zero\u{200b}width".as_bytes(),
        9 => "rtl \u{202e}txt.exe\u{202c} \u{2066}isolate\u{2069} عربى עברית".as_bytes(),
        10 => b"tab\tseparated\tvalues\tand\x0bvertical\x0cformfeed",
        11 => b"alt screen \x1b[?1049h\x1b[?25l mouse \x1b[?1000h\x1b[?1006h paste \x1b[?2004h",
        12 => b"query \x1b[6n\x1b[c\x1b[>q\x1b]11;?\x07 terminal",
        13 => "c1 controls \u{9b}31m \u{9d}0;title\u{9c} \u{85}nel \u{2028}ls".as_bytes(),
        14 => b"",
        15 => b"   leading and trailing spaces   ",
        16 => b"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJlLW5vdC1yZWFs password=hunter2",
        _ => {
            let mut v = format!("long line {i}: ").into_bytes();
            v.extend((0..10_000).map(|k| b'a' + ((h >> (k % 48)) as u8).wrapping_add(k as u8) % 26));
            return v;
        }
    };
    s.to_vec()
}

/// Appends line `i` of `run`, newline included.
pub fn line(out: &mut Vec<u8>, run: &Run, plan: &Plan, i: u64, stamp: bool) {
    let h = mix(run.seed ^ i.wrapping_mul(0x9e37));
    let at = millis(run.time_of(i));
    if stamp {
        out.extend_from_slice(at[..at.len() - 1].as_bytes());
        out.extend_from_slice(format!("{:06}Z ", i % 1_000_000).as_bytes()); // unique below the millisecond
    }
    let lv = level(h, matches!(plan.what, Behaviour::Crashloop | Behaviour::Oom | Behaviour::Unready));
    let msg = message(lv, h);
    match plan.log_format.as_str() {
        "json" => {
            let m = msg.replace('\\', "\\\\").replace('"', "\\\"");
            out.extend_from_slice(format!("{{\"ts\":\"{at}\",\"level\":\"{}\",\"seq\":{i},\"trace_id\":\"{h:016x}\",\"msg\":\"{m}\"}}", lv.to_lowercase()).as_bytes());
        }
        "logfmt" => out.extend_from_slice(
            format!("ts={at} level={} seq={i} trace_id={h:016x} msg={msg:?}", lv.to_lowercase()).as_bytes(),
        ),
        "short" => out.extend_from_slice(format!("{i} {lv} ok").as_bytes()),
        "hostile" => out.extend(hostile(i, h)),
        // One line in fifty is as long as a line must be borne to be.
        "huge" if i % 50 == 49 => {
            out.extend_from_slice(format!("{at} INFO seq={i} ").as_bytes());
            out.resize(out.len() + 10 * 1024 * 1024, b'x');
        }
        "stack" if i % 20 >= 14 => out.extend_from_slice(
            format!("\tat com.example.Order$Inner.call{}(Order.java:{})", i % 20, h % 900).as_bytes(),
        ),
        _ => out.extend_from_slice(format!("{at} {lv:<5} seq={i} req={:08x} {msg}", h as u32).as_bytes()),
    }
    out.push(b'\n');
}

/// The last words of a run that failed.
pub fn epilogue(run: &Run, plan: &Plan) -> Vec<String> {
    if !run.failed {
        return vec![];
    }
    let at = millis(run.end.unwrap_or(run.start));
    if plan.what == Behaviour::Oom || run.reason == "OOMKilled" {
        return vec![format!("{at} WARN  heap at 98% of limit, allocation of 67108864 bytes pending")];
    }
    vec![
        format!("{at} ERROR startup check failed: dial tcp 127.0.0.1:5432: connect: connection refused"),
        "panic: cannot reach database: dial tcp 127.0.0.1:5432: connect: connection refused".into(),
        "".into(),
        "goroutine 1 [running]:".into(),
        "main.mustConnect(0xc0000b2000, 0x2a)".into(),
        "\t/app/main.go:87 +0x1d4".into(),
        format!("exit status {}", run.exit),
    ]
}
