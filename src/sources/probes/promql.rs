//! Asks a Prometheus for a value: of several series the worst, and once for what came before.
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;

use super::super::http::{self, shown};
use super::super::now;
use super::ask::Asked;
use super::servers::{Server, Servers};
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::Fact;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;
use crate::domain::vital::{Answer, Heard, REMEMBERED, number, worst};

/// No answer that a person looks at is larger.
const MOST_BYTES: usize = 8 << 20;
/// Series that are listed for who opens the row.
const MOST_SERIES: usize = 100;

pub(super) async fn ask(fact: &Fact, servers: &Servers, first: bool) -> Asked {
    let asked = async {
        let server = servers.find(Backend::Prometheus, fact.on.as_deref())?;
        let series = read(&query(server, servers, "query", &[("query", &fact.query)]).await?)?;
        let past = match (first, series.as_slice()) {
            (true, [_, ..]) => before(fact, server, servers, &series).await.unwrap_or_default(),
            _ => Vec::new(),
        };
        Ok::<_, String>((series, past))
    };
    match asked.await {
        Ok((series, past)) => told(fact, &series, past),
        Err(why) => Asked::failed(&why),
    }
}

/// One value of one series.
#[derive(Debug, Clone, PartialEq)]
struct Series {
    labels: String,
    /// The newest last.
    values: Vec<(Timestamp, f64)>,
    /// A text, where the expression is one.
    text: Option<String>,
}

fn told(fact: &Fact, series: &[Series], past: Vec<(Timestamp, f64)>) -> Asked {
    let answer = |series: &Series| match (&series.text, series.values.last()) {
        (Some(text), _) => Answer::Text(text.as_str().into()),
        (None, Some((_, value))) => Answer::Value(*value),
        (None, None) => Answer::Value(f64::NAN),
    };
    let answers: Vec<Answer> = series.iter().map(answer).collect();
    let Some((nth, ill)) = worst(fact, &answers) else {
        return Asked::failed("no series: nothing is measured by that name");
    };
    let labels = series.get(nth).map_or("", |series| &series.labels);
    let note = match series.len() {
        1 => labels.to_owned(),
        all if ill > 1 => format!("{labels}, one of {ill} of {all}"),
        all => format!("{labels}, of {all}"),
    };
    let counted = |answer: &&Answer| !matches!(answer, Answer::Value(value) if value.is_nan());
    let note = match answers.len() - answers.iter().filter(counted).count() {
        idle if idle == 0 || idle == answers.len() => note,
        idle => format!("{note}, {idle} idle"),
    };
    let mut heard = Heard::of(answers.get(nth).cloned().unwrap_or_default()).note(note);
    heard.past = past;
    let lines = series.iter().zip(&answers).take(MOST_SERIES).map(|(series, answer)| {
        let value = match answer {
            Answer::Value(value) => number(*value),
            Answer::Text(text) => text.to_string(),
            _ => String::new(),
        };
        (value, series.labels.clone())
    });
    Asked::new(heard).seen("Series", lines)
}

/// What the worst series was before now, a value for each time that it will be asked.
async fn before(
    fact: &Fact,
    server: &Server,
    servers: &Servers,
    series: &[Series],
) -> Result<Vec<(Timestamp, f64)>, String> {
    let answers: Vec<Answer> = series
        .iter()
        .map(|series| Answer::Value(series.values.last().map_or(f64::NAN, |(_, value)| *value)))
        .collect();
    let labels = worst(fact, &answers).and_then(|(nth, _)| series.get(nth)).map(|series| &series.labels);
    let step = fact.every.max(Duration::from_secs(1));
    let back = step * u32::try_from(REMEMBERED).unwrap_or(32);
    let until = now().0 / 1000 - i64::try_from(step.as_secs()).unwrap_or(0);
    let from = until - i64::try_from(back.as_secs()).unwrap_or(0);
    let (from, until, step) = (from.to_string(), until.to_string(), step.as_secs().to_string());
    let wanted = [("query", fact.query.as_str()), ("start", &from), ("end", &until), ("step", &step)];
    let all = read(&query(server, servers, "query_range", &wanted).await?)?;
    let own = all.into_iter().find(|other| Some(&other.labels) == labels);
    Ok(own.map(|series| series.values).unwrap_or_default())
}

async fn query(
    server: &Server,
    servers: &Servers,
    what: &str,
    parameters: &[(&str, &str)],
) -> Result<Vec<u8>, String> {
    let url = address(&server.access.endpoint.url, what)?;
    let way = servers.into(server).await?;
    let sent = way.request(Method::GET, url).query(parameters).send().await;
    if sent.as_ref().map_or_else(reqwest::Error::is_connect, |answer| answer.status() == 401) {
        servers.forget(server);
    }
    let answer = sent.map_err(|error| way.why(&error))?;
    // What is wrong with an expression stands in the body of a refusal.
    if !matches!(answer.status().as_u16(), 400 | 422 | 503) {
        http::refused(&answer, &format!("/api/v1/{what}"))?;
    }
    http::body(answer, MOST_BYTES).await
}

fn address(base: &str, what: &str) -> Result<Url, String> {
    let no_address = || format!("`{}` is no address", shown(base));
    let mut url = Url::parse(base).map_err(|_| no_address())?;
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().map_err(|()| no_address())?.pop_if_empty().extend(["api", "v1", what]);
    Ok(url)
}

/// Reads an answer to `query` and to `query_range` alike.
fn read(body: &[u8]) -> Result<Vec<Series>, String> {
    let strange = || "does not answer as a Prometheus does".to_owned();
    let answer: Value = serde_json::from_slice(body).map_err(|_| strange())?;
    if answer["status"] == "error" {
        let why = answer["error"].as_str().unwrap_or("no reason given");
        return Err(format!("refused: {}", clean_to(why, 200)));
    }
    let data = &answer["data"];
    let result = &data["result"];
    let all = || result.as_array().ok_or_else(strange);
    match data["resultType"].as_str() {
        Some("scalar") => {
            Ok(vec![Series { labels: String::new(), values: vec![point(result)?], text: None }])
        }
        Some("string") => {
            let text = result[1].as_str().ok_or_else(strange)?.to_owned();
            Ok(vec![Series { labels: String::new(), values: Vec::new(), text: Some(text) }])
        }
        Some("vector") => all()?.iter().map(|one| series(one, std::slice::from_ref(&one["value"]))).collect(),
        Some("matrix") => {
            let points = |one: &'_ Value| one["values"].as_array().cloned().unwrap_or_default();
            all()?.iter().map(|one| series(one, &points(one))).collect()
        }
        _ => Err(strange()),
    }
}

fn series(one: &Value, points: &[Value]) -> Result<Series, String> {
    // A native histogram has no one value.
    let values = points.iter().filter(|point| !point.is_null()).map(point).collect::<Result<_, _>>()?;
    Ok(Series { labels: labels(&one["metric"]), values, text: None })
}

/// `[1774440000.123, "0.5"]`
fn point(pair: &Value) -> Result<(Timestamp, f64), String> {
    let strange = || "does not answer as a Prometheus does".to_owned();
    let at = pair[0].as_f64().ok_or_else(strange)?;
    let value = pair[1].as_str().and_then(value).ok_or_else(strange)?;
    let at = Duration::try_from_secs_f64(at).map_err(|_| strange())?;
    Ok((Timestamp(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)), value))
}

fn value(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text => text.parse().ok(),
    }
}

/// `{instance="a:9090", job="b"}`; nothing where there are none.
fn labels(metric: &Value) -> String {
    let Some(all) = metric.as_object() else { return String::new() };
    let named = all.iter().filter(|(name, _)| *name != "__name__");
    let pairs: Vec<String> =
        named.map(|(name, value)| format!("{name}=\"{}\"", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::limit::{Bound, FactSource};
    use crate::domain::vital::Vital;

    fn fact(ok: &str, critical: &str) -> Fact {
        Fact {
            name: "rate".into(),
            source: FactSource::Promql,
            query: "x".into(),
            on: None,
            unit: None,
            pick: None,
            every: Duration::from_secs(30),
            ok: Bound::parse(ok).ok(),
            warning: None,
            critical: Bound::parse(critical).ok(),
        }
    }

    const TWO: &str = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","job":"a"},"value":[1774440000.5,"1"]},
        {"metric":{"__name__":"up","job":"b"},"value":[1774440000.5,"0"]}]}}"#;

    #[test]
    fn of_several_series_the_worst_counts_with_its_labels() {
        let fact = fact("= 1", "= 0");
        let mut vital = Vital::new(0, &fact, None);
        vital.hear(told(&fact, &read(TWO.as_bytes()).expect("read"), Vec::new()).heard, Timestamp(0));
        assert_eq!(&*vital.says, "0, critical = 0; {job=\"b\"}, of 2");
    }

    #[test]
    fn a_series_in_which_nothing_happens_hides_no_other() {
        let mut two = read(TWO.as_bytes()).expect("read");
        two[1].values[0].1 = f64::NAN;
        let of = |series: &[Series]| told(&fact("< 0.5", "> 0.9"), series, Vec::new()).heard;
        let heard = of(&two);
        assert_eq!((heard.answer, heard.note.as_str()), (Answer::Value(1.0), "{job=\"a\"}, of 2, 1 idle"));
        assert!(matches!(of(&two[1..]).answer, Answer::Value(value) if value.is_nan()), "nor is it made up");
    }

    #[test]
    fn whatever_a_server_computes_is_read() {
        let scalar = br#"{"status":"success","data":{"resultType":"scalar","result":[1,"2.5"]}}"#;
        assert_eq!(read(scalar).expect("read")[0].values, [(Timestamp(1000), 2.5)]);
        let matrix = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{},"values":[[1,"NaN"],[2,"+Inf"],[3,"-Inf"]]}]}}"#;
        let values = &read(matrix).expect("read")[0].values;
        assert!(values[0].1.is_nan() && values[1].1 > 0.0 && values[2].1 < 0.0);
        let text = br#"{"status":"success","data":{"resultType":"string","result":[1,"abc"]}}"#;
        assert_eq!(read(text).expect("read")[0].text.as_deref(), Some("abc"));
    }

    #[test]
    fn nothing_measured_is_not_zero_and_a_refusal_says_why() {
        let empty = br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert!(told(&fact("< 1", ""), &read(empty).expect("read"), Vec::new()).heard.failed());
        let bad = br#"{"status":"error","errorType":"bad_data","error":"parse error: unexpected end"}"#;
        assert_eq!(read(bad), Err("refused: parse error: unexpected end".into()));
        for strange in ["<html>", "{}", r#"{"status":"success","data":{"resultType":"vector","result":3}}"#] {
            assert!(read(strange.as_bytes()).is_err(), "{strange}");
        }
    }

    #[test]
    fn the_path_of_a_server_behind_a_proxy_is_kept() {
        let of = |base| address(base, "query").map(|url| url.to_string());
        assert_eq!(of("https://x.example/prom/"), Ok("https://x.example/prom/api/v1/query".into()));
        assert!(of("prometheus").is_err());
    }
}
