//! Clients of Redis that would be cut off.
use super::super::raw::is_open;
use super::super::{Answer, Reading, Undo};

pub(super) fn clients(filter: &[String], answer: &Answer, reading: &mut Reading) {
    let mut wanted: Vec<(String, String)> = Vec::new();
    if let [address] = filter {
        wanted.push(("addr".to_owned(), address.clone()));
    } else {
        for pair in filter.chunks(2) {
            if let [name, value] = pair {
                wanted.push((name.to_ascii_lowercase(), value.clone()));
            }
        }
    }
    let told = ["id", "addr", "laddr", "user"];
    let rest: Vec<_> = wanted
        .iter()
        .filter(|(name, value)| !told.contains(&name.as_str()) && name != "skipme" || is_open(value))
        .map(|(name, _)| name.clone())
        .collect();
    if !rest.is_empty() {
        reading.unknown(format!("its filter by {} is not applied: it may hit fewer", rest.join(", ")));
    }
    let (mut hit, mut all) = (Vec::new(), 0_u64);
    for row in answer.rows() {
        let field = |name: &str| {
            row.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
        };
        if field("id").is_empty() {
            continue;
        }
        all += 1;
        let fits = wanted
            .iter()
            .filter(|(name, value)| told.contains(&name.as_str()) && !is_open(value))
            .all(|(name, value)| field(name) == value);
        if fits {
            let name = field("name");
            let name = if name.is_empty() { String::new() } else { format!(" {name}") };
            hit.push(format!(
                "client {}{name} from {}, idle {} s, {}",
                field("id"),
                field("addr"),
                field("idle"),
                field("cmd")
            ));
        }
    }
    if all == 0 {
        // The one that asks is always there.
        return reading.unknown("the clients cannot be read");
    }
    if hit.is_empty() {
        return reading.zero(format!("none of {all} clients is meant"));
    }
    if hit.len() > 8 {
        reading.hit(format!("{} of {all} clients", hit.len()));
    }
    hit.into_iter().take(8).for_each(|client| reading.hit(client));
    reading.undo(Undo::Words("none is needed: clients connect again".to_owned()));
}
