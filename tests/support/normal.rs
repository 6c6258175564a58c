//! What differs between two runs becomes an ordinal, and only that.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Sorts by time and event, because the queue has lanes, and replaces `id`, `ts`, `dur_ms`, `salt`, `exchange.id` and
/// `exchange.request_id` by ordinals. Time belongs to the exchange: records of one exchange must agree on it.
pub(crate) fn normalise(records: &[Value]) -> Result<Vec<Value>, String> {
    let mut exchanges = BTreeMap::new();
    let mut requests = BTreeMap::new();
    let mut times: BTreeMap<usize, (Value, Value)> = BTreeMap::new();
    let mut salts = BTreeMap::new();
    let mut normal = records.to_vec();
    normal.sort_by_key(|record| (record["ts"].to_string(), record["event"].to_string()));
    for (index, record) in normal.iter_mut().enumerate() {
        let exchange = ordinal(&mut exchanges, &record["exchange"]["id"]);
        let time = (record["ts"].clone(), record["dur_ms"].clone());
        if *times.entry(exchange).or_insert_with(|| time.clone()) != time {
            return Err("records of one exchange disagree on its time".to_owned());
        }
        ordinal(&mut salts, &record["salt"]);
        record["id"] = json!(format!("id-{}", index + 1));
        record["salt"] = json!(format!("salt-{}", index + 1));
        record["ts"] = json!(format!("ts-{exchange}"));
        record["dur_ms"] = json!(format!("dur-{exchange}"));
        record["exchange"]["id"] = json!(format!("exchange-{exchange}"));
        if let Some(request) = record["exchange"].get("request_id").cloned() {
            record["exchange"]["request_id"] = json!(format!("request-{}", ordinal(&mut requests, &request)));
        }
    }
    if salts.len() != records.len() {
        return Err("two records share a salt".to_owned());
    }
    Ok(normal)
}

fn ordinal(seen: &mut BTreeMap<String, usize>, value: &Value) -> usize {
    let next = seen.len() + 1;
    *seen.entry(value.to_string()).or_insert(next)
}
