//! Expected against actual records, told by JSON pointer.

use serde_json::Value;

/// `None` when equal, else one line per difference.
pub(crate) fn difference(expected: &[Value], actual: &[Value]) -> Option<String> {
    let mut lines = Vec::new();
    for index in 0..expected.len().max(actual.len()) {
        match (expected.get(index), actual.get(index)) {
            (Some(expected), Some(actual)) => values(&format!("record {}", index + 1), expected, actual, &mut lines),
            (Some(expected), None) => lines.push(format!("record {}: missing: {expected}", index + 1)),
            (None, Some(actual)) => lines.push(format!("record {}: surplus: {actual}", index + 1)),
            (None, None) => {}
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n    "))
}

fn values(at: &str, expected: &Value, actual: &Value, lines: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let at = format!("{at}/{name}");
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => values(&at, left, right, lines),
                    (Some(left), None) => lines.push(format!("{at}: expected {left}, is not there")),
                    (None, right) => lines.push(format!("{at}: not expected: {}", right.unwrap_or(&Value::Null))),
                }
            }
        }
        (expected, actual) if expected != actual => lines.push(format!("{at}: expected {expected}, is {actual}")),
        _ => {}
    }
}
