//! The bytes of a record: RFC 8785 canonical JSON, and never more than 16 KiB of it.
//!
//! Everything that the format forbids (nulls, floats, empty texts, lists and objects, integers over 2^53 - 1) is left out
//! in one place, `prune`, whatever a record says.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::record::model::Record;
use crate::record::notes::MAX_INTEGER;

/// The canonical text of a record.
///
/// Members over the limit are cut, the longest texts first, and named in `integrity.cut`; ids, times, join values and
/// the texts of the schema itself never are.
#[must_use]
pub fn to_canonical(record: &Record) -> String {
    let text = written(record);
    // Fields and maps are sorted already: what remains is to see that nothing needs pruning.
    if text.len() <= MAX_RECORD && is_pruned(&text) { text } else { prune_and_cut(&text) }
}

/// A record as it is. The one place that serialises one: each further kind of serialiser would be another 20 KB of module.
pub(super) fn written(record: &Record) -> String {
    // A record has no map with keys that are not texts, so this cannot fail; an empty text would be seen as no record.
    serde_json::to_string(record).unwrap_or_default()
}

/// Whether a record was written without anything that [`prune`] takes out. Looks inside texts too: a false alarm costs time.
fn is_pruned(text: &str) -> bool {
    let (mut previous, mut digits) = (0, 0_u32);
    for byte in text.bytes() {
        digits = if byte.is_ascii_digit() { digits.saturating_add(1) } else { 0 };
        let empty = matches!((previous, byte), (b'"', b'"') | (b'[', b']') | (b'{', b'}'));
        let null = (previous, byte) == (b':', b'n');
        if empty || null || digits >= DIGITS_OF_MAX {
            return false;
        }
        previous = byte;
    }
    true
}

fn prune_and_cut(text: &str) -> String {
    let mut value = serde_json::from_str(text).unwrap_or_default();
    prune(&mut value);
    let text = encode(&value);
    if text.len() <= MAX_RECORD { text } else { cut(value) }
}

/// RFC 8785 text of a value of ours: no floats in it, and integers that every reader keeps. What a store gave back as fields
/// is hashed in this form.
#[must_use]
pub fn encode(value: &Value) -> String {
    let mut text = String::with_capacity(1_024);
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, text);
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (name, member)) in sorted(members).into_iter().enumerate() {
                separate(at, text);
                write_string(name, text);
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Null => text.push_str("null"),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => write_string(string, text),
    }
}

fn separate(at: usize, text: &mut String) {
    if at > 0 {
        text.push(',');
    }
}

/// RFC 8785 §3.2.3: by UTF-16 code units. The map is sorted by bytes, which is the same below U+E000.
fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    if members.iter().any(|(name, _)| !name.is_ascii()) {
        members.sort_by(|(one, _), (two, _)| one.encode_utf16().cmp(two.encode_utf16()));
    }
    members
}

/// RFC 8785 §3.2.2.2: two-character escapes where there are any, else `\u00xx` in lower case, else as it is.
fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            c if c < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}

/// Takes out what the format forbids. Returns whether anything is left of the value.
fn prune(value: &mut Value) -> bool {
    match value {
        Value::Array(items) => {
            items.retain_mut(prune);
            !items.is_empty()
        }
        Value::Object(members) => {
            members.retain(|_, member| prune(member));
            !members.is_empty()
        }
        Value::Bool(_) => true,
        Value::Null => false,
        Value::Number(number) => number.as_u64().is_some_and(|number| number <= MAX_INTEGER),
        Value::String(string) => !string.is_empty(),
    }
}

/// Shortens the longest texts, then the longest lists, until the record fits.
fn cut(mut value: Value) -> String {
    let mut names = BTreeSet::new();
    let mut text = String::new();
    for step in STEPS {
        shorten(&mut value, "", step, &mut names);
        note(&mut value, &names);
        text = encode(&value);
        if text.len() <= MAX_RECORD {
            break;
        }
    }
    text
}

/// One step: no text longer than `step.text` characters, no list longer than `step.list`.
fn shorten(value: &mut Value, path: &str, step: Step, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if !WHOLE.contains(&path.as_str()) {
                    shorten(member, &path, step, names);
                }
            }
        }
        Value::Array(items) => {
            if items.len() > step.list {
                items.truncate(step.list);
                names.insert(path.to_owned());
            }
            for item in items {
                shorten(item, path, step, names);
            }
        }
        Value::String(string) => {
            if let Some((at, _)) = string.char_indices().nth(step.text) {
                string.truncate(at);
                names.insert(path.to_owned());
            }
        }
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

/// Adds the names to `integrity.cut`.
fn note(value: &mut Value, names: &BTreeSet<String>) {
    let Some(record) = value.as_object_mut() else { return };
    let integrity = record.entry("integrity").or_insert_with(|| Value::Object(Map::new()));
    let Some(integrity) = integrity.as_object_mut() else { return };
    let before = integrity.get("cut").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let all: BTreeSet<&str> = before.chain(names.iter().map(String::as_str)).collect();
    let all: Vec<Value> = all.into_iter().map(Value::from).collect();
    if !all.is_empty() {
        integrity.insert("cut".to_owned(), Value::Array(all));
    }
}

#[derive(Clone, Copy)]
struct Step {
    text: usize,
    list: usize,
}

/// After the last step a record has at most 120 members of at most 4 texts of at most 16 characters: it fits.
const STEPS: [Step; 5] = [
    Step { text: 128, list: 64 },
    Step { text: 64, list: 64 },
    Step { text: 32, list: 32 },
    Step { text: 24, list: 8 },
    Step { text: 16, list: 4 },
];

/// Members that are worth nothing in part.
const WHOLE: [&str; 13] = [
    "coalesced",
    "event",
    "exchange.id",
    "exchange.request_id",
    "exchange.trace_id",
    "flow",
    "id",
    "integrity.cut",
    "integrity.malformed",
    "join",
    "salt",
    "schema",
    "ts",
];

/// 2^53 - 1 has 16 digits.
const DIGITS_OF_MAX: u32 = 16;

/// Receivers refuse longer lines.
pub(super) const MAX_RECORD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::record::model::{ClientSection, ExchangeSection, FlowSection, IntegritySection, RequestSection};

    /// RFC 8785, checked from outside: parsed again and compared, without the writer's own help.
    fn assert_canonical(text: &str) {
        let value: Value = serde_json::from_str(text).unwrap();
        check(&value);
        assert_eq!(reference(&value), text);
        assert!(text.len() <= MAX_RECORD, "{}", text.len());
    }

    fn check(value: &Value) {
        match value {
            Value::Array(items) => {
                assert!(!items.is_empty());
                items.iter().for_each(check);
            }
            Value::Object(members) => {
                assert!(!members.is_empty());
                members.values().for_each(check);
            }
            Value::Bool(_) => {}
            Value::Null => panic!("null"),
            Value::Number(number) => assert!(number.as_u64().unwrap() <= MAX_INTEGER),
            Value::String(string) => assert!(!string.is_empty()),
        }
    }

    fn reference(value: &Value) -> String {
        match value {
            Value::Array(items) => format!("[{}]", items.iter().map(reference).collect::<Vec<_>>().join(",")),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
                let member =
                    |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), reference(value));
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    #[test]
    fn members_are_sorted_by_utf16_code_units_at_every_depth() {
        // RFC 8785 §3.2.3, and U+10000 which sorts before U+FFFD there.
        let value = json!({"b": {"\u{fffd}": 1, "\u{10000}": 2, "a": 3}, "B": [true], "\u{20ac}": "\r", "1": 4});
        assert_eq!(
            encode(&value),
            "{\"1\":4,\"B\":[true],\"b\":{\"a\":3,\"\u{10000}\":2,\"\u{fffd}\":1},\"\u{20ac}\":\"\\r\"}"
        );
    }

    #[test]
    fn characters_are_escaped_as_the_scheme_says() {
        let value = Value::from("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}\u{c}\t");
        assert_eq!(encode(&value), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\f\\t\"");
    }

    #[test]
    fn what_the_format_forbids_is_left_out_at_every_depth() {
        let mut value = json!({
            "a": null, "b": "", "c": [], "d": {}, "e": [{"f": [""]}, "x"], "g": 1.5, "h": 9_007_199_254_740_992_u64,
            "i": -1, "j": false, "k": 0, "l": 9_007_199_254_740_991_u64
        });
        assert!(prune(&mut value));
        assert_eq!(encode(&value), r#"{"e":["x"],"j":false,"k":0,"l":9007199254740991}"#);
    }

    fn oversized(text: &str, list: usize) -> Record {
        let list = || vec![text.to_owned(); list];
        Record {
            schema: "oidc-audit/1".to_owned(),
            id: "000102030405060708090a0b0c0d0e0f-1".to_owned(),
            salt: "AAECAwQFBgcICQoLDA0ODw".to_owned(),
            ts: "2026-01-15T09:30:00.120Z".to_owned(),
            event: "authorization.request".to_owned(),
            exchange: Some(ExchangeSection {
                id: "ab".repeat(16),
                request_id: Some("r".repeat(128)),
                path_template: Some(text.to_owned()),
                ..ExchangeSection::default()
            }),
            client: Some(ClientSection { id: Some(text.to_owned()), ..ClientSection::default() }),
            request: Some(Box::new(RequestSection {
                scope: list(),
                claims: list(),
                acr_values: list(),
                ui_locales: list(),
                unknown_parameters: list(),
                ..RequestSection::default()
            })),
            join: BTreeMap::from([("state".to_owned(), vec!["k1.jqqT4X1EECan3GvJp1Vuzw".to_owned()])]),
            flow: Some(FlowSection {
                anchor: "state".to_owned(),
                id: "k1.jqqT4X1EECan3GvJp1Vuzw".to_owned(),
                upstream: None,
            }),
            integrity: Some(IntegritySection { cut: vec!["client.id".to_owned()], ..IntegritySection::default() }),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_over_the_limit_is_cut_and_says_where() {
        let record = oversized(&"\u{10ffff}".repeat(256), 64);
        let text = to_canonical(&record);
        assert_canonical(&text);
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read.join, record.join);
        assert_eq!(read.flow, record.flow);
        assert_eq!(
            read.exchange.as_ref().map(|exchange| &exchange.id),
            record.exchange.as_ref().map(|exchange| &exchange.id)
        );
        assert_eq!(
            read.integrity.map(|integrity| integrity.cut),
            Some(
                [
                    "client.id",
                    "exchange.path_template",
                    "request.acr_values",
                    "request.claims",
                    "request.scope",
                    "request.ui_locales",
                    "request.unknown_parameters"
                ]
                .map(str::to_owned)
                .to_vec()
            )
        );
    }

    /// Every member of every section.
    fn complete() -> Record {
        let mut schema = serde_json::to_value(schemars::schema_for!(Record)).unwrap();
        let definitions = schema["$defs"].take();
        let value = filled(&schema, &definitions);
        serde_json::from_value(value).unwrap()
    }

    fn filled(schema: &Value, definitions: &Value) -> Value {
        let reference = schema.get("$ref").or_else(|| schema["anyOf"].as_array().and_then(|any| any[0].get("$ref")));
        if let Some(name) = reference.and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/")) {
            return filled(&definitions[name], definitions);
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"].as_array().and_then(|kinds| kinds[0].as_str()));
        match kind {
            Some("array") => json!([filled(&schema["items"], definitions), filled(&schema["items"], definitions)]),
            Some("boolean") => json!(true),
            Some("integer") => json!(7),
            Some("object") if schema.get("properties").is_some() => {
                let properties = schema["properties"].as_object().unwrap();
                properties.iter().map(|(name, member)| (name.clone(), filled(member, definitions))).collect()
            }
            Some("object") => {
                json!({"b": filled(&schema["additionalProperties"], definitions), "a": filled(&schema["additionalProperties"], definitions)})
            }
            _ => json!("x"),
        }
    }

    #[test]
    fn every_section_is_declared_in_the_order_of_its_names() {
        let record = complete();
        let text = to_canonical(&record);
        assert!(is_pruned(&text));
        assert_canonical(&text);
        assert_eq!(text, prune_and_cut(&written(&record)));
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn empty_values_are_found_before_they_are_written() {
        let mut record = oversized("openid", 3);
        record.client = Some(ClientSection { id: Some(String::new()), ..ClientSection::default() });
        record.dur_ms = Some(MAX_INTEGER + 1);
        let text = to_canonical(&record);
        assert_canonical(&text);
        assert!(!text.contains("client\":") && !text.contains("dur_ms"));
    }

    #[test]
    fn members_of_later_versions_are_read_over() {
        let mut value: Value = serde_json::from_str(&to_canonical(&oversized("openid", 3))).unwrap();
        value["later"] = json!({"a": [1]});
        value["request"]["later"] = json!(true);
        value["exchange"]["later"] = json!("x");
        assert_eq!(serde_json::from_value::<Record>(value).unwrap(), oversized("openid", 3));
    }

    #[test]
    fn a_record_within_the_limit_is_not_touched() {
        let record = oversized("openid", 3);
        let read: Record = serde_json::from_str(&to_canonical(&record)).unwrap();
        assert_eq!(read, record);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_record_is_canonical(text in any::<String>(), list in 0usize..200, number in any::<u64>(), repeat in 1usize..80) {
            let mut record = oversized(&text.repeat(repeat), list);
            record.dur_ms = Some(number);
            let text = to_canonical(&record);
            assert_canonical(&text);
            prop_assert_eq!(text, prune_and_cut(&written(&record)));
        }
    }
}
