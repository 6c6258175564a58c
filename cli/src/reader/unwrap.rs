//! Records inside what stores export: search responses, log entries, query results.
//!
//! Knows the names of members that exports keep records in, and no format beyond that: a record may lie there as an object
//! or as text. Looks nowhere else, and never inside a record: what a caller sent is in a record too, and may look like one.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Hands every record inside one JSON text to `each`, outermost first. How many there were.
pub(super) fn unwrap(text: &[u8], each: &mut dyn FnMut(&[u8])) -> u64 {
    let mut count = 0;
    if let Ok(text) = std::str::from_utf8(text) {
        look(text, DEPTH, &mut |record| {
            count += 1;
            each(record);
        });
    }
    count
}

/// The same for a document that is longer than a line: it is read as it comes, and never in memory as a whole.
///
/// # Errors
///
/// It is no JSON, or cannot be read; what came before was handed out.
pub(super) fn unwrap_document(input: &mut dyn Read, each: &mut dyn FnMut(&[u8])) -> serde_json::Result<u64> {
    let mut count = 0;
    let mut counted = |record: &[u8]| {
        count += 1;
        each(record);
    };
    Walk { each: &mut counted, depth: DEPTH }.deserialize(&mut serde_json::Deserializer::from_reader(input))?;
    Ok(count)
}

fn look(text: &str, depth: usize, each: &mut dyn FnMut(&[u8])) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let text = text.trim_ascii();
    match text.as_bytes().first() {
        Some(b'{') if is_record(text) => each(text.as_bytes()),
        Some(b'{') => {
            let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else { return };
            let carriers = members.iter().filter(|(name, _)| is_carrier(name));
            carriers.for_each(|(_, value)| look(value.get(), depth, each));
        }
        Some(b'[') => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else { return };
            items.iter().for_each(|item| look(item.get(), depth, each));
        }
        Some(b'"') => {
            if let Ok(inner) = serde_json::from_str::<String>(text)
                && inner.trim_ascii_start().starts_with('{')
            {
                look(&inner, depth, each);
            }
        }
        _ => {}
    }
}

/// Whether it has the members that tell a record or a checkpoint from everything else.
fn is_record(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
        #[serde(borrow)]
        schema: Option<&'a RawValue>,
    }
    let envelope = serde_json::from_str::<Envelope<'_>>(text);
    envelope.is_ok_and(|envelope| envelope.id.is_some() && envelope.schema.is_some_and(|schema| schema.get() == SCHEMA))
}

fn is_carrier(name: &str) -> bool {
    CARRIERS.binary_search(&name).is_ok()
}

/// Goes down through containers as they are read; what lies in a list is read whole, one item at a time.
struct Walk<'a> {
    each: &'a mut dyn FnMut(&[u8]),
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let depth = self.depth.saturating_sub(1);
        // A record that was printed over several lines has no carriers: its members are kept until that is clear.
        let mut own: Vec<(String, Box<RawValue>)> = Vec::new();
        let mut bytes = 0_usize;
        while let Some(name) = members.next_key::<String>()? {
            if depth > 0 && is_carrier(&name) && CONTAINERS.contains(&name.as_str()) {
                members.next_value_seed(Walk { each: &mut *self.each, depth })?;
            } else if bytes <= MAX_RECORD {
                let value = members.next_value::<Box<RawValue>>()?;
                bytes = bytes.saturating_add(name.len()).saturating_add(value.get().len());
                own.push((name, value));
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        let quoted = |name: &str| serde_json::Value::from(name).to_string();
        let members: Vec<String> =
            own.iter().map(|(name, value)| format!("{}:{}", quoted(name), value.get())).collect();
        look(&format!("{{{}}}", members.join(",")), depth, self.each);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let depth = self.depth.saturating_sub(1);
        while let Some(item) = items.next_element::<Box<RawValue>>()? {
            look(item.get(), depth, self.each);
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Sorted. Elasticsearch and OpenSearch: `hits`, `_source`. OTLP: `resourceLogs` to `stringValue`. Loki: `data`, `result`, `values`,
/// `line`. Splunk: `result`, `results`, `_raw`, `event`. `VictoriaLogs`: `_msg`. Clouds: `events`, `message`, `jsonPayload`,
/// `textPayload`. `ClickHouse` and others: whatever the column is called, if it is called like one of these.
const CARRIERS: [&str; 23] = [
    "_msg",
    "_raw",
    "_source",
    "body",
    "data",
    "event",
    "events",
    "hits",
    "jsonPayload",
    "line",
    "log",
    "logRecords",
    "message",
    "msg",
    "raw",
    "record",
    "resourceLogs",
    "result",
    "results",
    "scopeLogs",
    "stringValue",
    "textPayload",
    "values",
];
/// Those that hold many.
const CONTAINERS: [&str; 6] = ["data", "events", "hits", "resourceLogs", "result", "results"];
/// Of containers, lists and texts in each other.
const DEPTH: usize = 16;
/// More than a record with what a store adds to it.
const MAX_RECORD: usize = 128 * 1_024;
const SCHEMA: &str = "\"oidc-audit/1\"";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(number: u64) -> Value {
        json!({"id": format!("000102030405060708090a0b0c0d0e0f-{number}"), "schema": "oidc-audit/1"})
    }

    fn found(export: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        unwrap(export.to_string().as_bytes(), &mut |text| lines.push(String::from_utf8(text.to_vec()).unwrap()));
        let mut streamed = Vec::new();
        let pretty = serde_json::to_string_pretty(export).unwrap();
        let each = &mut |text: &[u8]| {
            let value: Value = serde_json::from_slice(text).unwrap();
            streamed.push(value.to_string());
        };
        unwrap_document(&mut pretty.as_bytes(), each).unwrap();
        assert_eq!(streamed, lines, "in one line and over many lines");
        lines
    }

    #[test]
    fn every_store_gives_back_what_it_was_given() {
        let (one, two) = (record(1), record(2));
        let (text, other) = (one.to_string(), two.to_string());
        let both = [text.clone(), other.clone()];
        let hits = json!([{"_id": "1", "_score": 1.5, "_source": one}, {"_id": "2", "_source": two}]);
        let logs = json!([{"body": {"stringValue": text}}, {"body": {"stringValue": other}}]);
        let exports = [
            json!([one, two]),
            json!({"took": 1, "hits": {"total": {"value": 2}, "hits": hits}}),
            json!({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": logs}]}]}),
            json!({"status": "success", "data": {"resultType": "streams", "result": [
                {"stream": {"job": "x"}, "values": [["1", text], ["2", other, {"meta": "x"}]]}]}}),
            json!({"results": [{"_raw": text, "source": "x"}, {"_raw": other}]}),
            json!({"events": [{"timestamp": 1, "message": text}, {"message": other}]}),
        ];
        for export in &exports {
            assert_eq!(found(export), both, "{export}");
        }
        for line in [
            json!({"_index": "audit", "_source": one}),
            json!({"labels": {}, "line": text, "timestamp": "1"}),
            json!({"preview": false, "result": {"_raw": text}}),
            json!({"raw": text, "ts": 1}),
            json!({"jsonPayload": one, "insertId": "x"}),
            json!({"log": format!("{text}\n"), "stream": "stdout"}),
        ] {
            assert_eq!(found(&line), both[..1], "{line}");
        }
    }

    #[test]
    fn what_a_caller_sent_is_never_taken_for_a_record() {
        let fake = record(9).to_string();
        let mut real = record(1);
        real["client"] = json!({"id": fake});
        real["event"] = json!(fake);
        let carried = json!({"body": {"stringValue": real.to_string()}, "attributes": [{"key": "client", "value": {"stringValue": fake}}]});
        assert_eq!(found(&json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [carried]}]}]})), [real.to_string()]);
        assert_eq!(found(&json!({"_source": real})), [real.to_string()]);
        assert_eq!(found(&json!({"stream": {"client": fake}})), Vec::<String>::new());
    }

    #[test]
    fn members_are_where_the_search_finds_them() {
        assert!(CARRIERS.is_sorted());
        assert!(CONTAINERS.iter().all(|name| is_carrier(name)));
    }
}
