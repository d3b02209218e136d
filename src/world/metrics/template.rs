//! The templates of labels and annotations, as far as rules use them: `{{ $labels.pod }}`, `{{ $value }}`, and
//! `{{ $value | humanizePercentage }}`.
use super::api::number;
use super::series::Labels;

/// The text with its values in it; what is not understood says so in its place.
pub fn expand(text: &str, labels: &Labels, value: f64) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((action, after)) = after.split_once("}}") else { break };
        let said = match (action.trim(), action.trim().strip_prefix("$labels.")) {
            (_, Some(name)) => labels.get(name).cloned().unwrap_or_default(),
            ("$value", _) => number(value),
            ("$value | humanizePercentage", _) => format!("{}%", short(value * 100.0)),
            (other, _) => return format!("<error expanding template: {other:?} is not known>"),
        };
        out.extend([before, &said]);
        rest = after;
    }
    out + rest
}

/// Four digits that count, without zeros at the end.
fn short(value: f64) -> String {
    let before = format!("{:.0}", value.abs().floor()).len();
    let text = format!("{value:.*}", 4_usize.saturating_sub(before));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
