//! What must hold for every record, whatever it says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use jsonschema::Validator;
use serde_json::Value;

use super::{canary, root};

/// PROTOCOL G-5.
const MAX_BYTES: usize = 16 * 1024;

/// Checks lines against the schemas in `schemas/record`.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    validators: RefCell<BTreeMap<String, Validator>>,
}

impl Checker {
    /// The record of a line, or what is wrong with the line.
    pub(crate) fn check(&self, line: &str, secrets: &[String]) -> Result<Value, String> {
        let record: Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
        if line.len() > MAX_BYTES {
            return Err(format!("{} bytes", line.len()));
        }
        // members of a parsed object are sorted, and numbers are integers: the text is its own canonical form
        let canonical = record.to_string();
        if canonical != line {
            return Err(format!("not canonical: {line}"));
        }
        plain("", &record)?;
        if let Some(secret) = canary::found(line, secrets) {
            return Err(format!("contains {secret}: {line}"));
        }
        self.validate(&record)?;
        Ok(record)
    }

    fn validate(&self, record: &Value) -> Result<(), String> {
        let event = record["event"].as_str().ok_or("no event")?;
        let mut validators = self.validators.borrow_mut();
        if !validators.contains_key(event) {
            let path = root().join(format!("schemas/record/{event}.json"));
            let text = fs::read(&path).map_err(|_| format!("{} is missing", path.display()))?;
            let schema = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
            let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
            validators.insert(event.to_owned(), validator);
        }
        let errors: Vec<String> =
            validators[event].iter_errors(record).map(|e| format!("{}: {e}", e.instance_path())).collect();
        if errors.is_empty() { Ok(()) } else { Err(format!("schema: {}", errors.join("; "))) }
    }
}

/// No floats, nulls or empty values; integers below 2^53; no control characters.
fn plain(at: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Err(format!("{at}: null")),
        Value::Bool(_) => Ok(()),
        Value::Number(number) => match number.as_u64() {
            Some(number) if number < 1 << 53 => Ok(()),
            _ => Err(format!("{at}: {number}")),
        },
        Value::String(text) if text.is_empty() => Err(format!("{at}: empty")),
        Value::String(text) if text.chars().any(char::is_control) => Err(format!("{at}: control character")),
        Value::String(text) if text.chars().count() > 256 => Err(format!("{at}: {} characters", text.chars().count())),
        Value::String(_) => Ok(()),
        Value::Array(items) if items.is_empty() => Err(format!("{at}: empty")),
        Value::Array(items) => items.iter().try_for_each(|item| plain(at, item)),
        Value::Object(members) if members.is_empty() => Err(format!("{at}: empty")),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| plain(&format!("{at}/{name}"), value)),
    }
}
