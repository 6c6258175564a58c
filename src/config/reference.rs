//! Every member of the configuration in one table, a file of rows for each file of the reader beside it. docs/configuration.md
//! and the JSON Schema for editors come from it, and tests hold it and the reader together. Natively only: nothing of it is in
//! the module.

use serde_json::{Map, Value, json};

mod issuers;
mod parties;
mod providers;
mod rules;
mod secrets;
mod settings;
mod sinks;

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// JSON pointer; `*` stands for each entry of a list, or each name where the names are the user's.
    pub pointer: String,
    /// What may stand there, for people.
    pub kind: String,
    /// What holds if it is left out; `required` if it must not be.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
    schema: Value,
}

/// The table, in reading order.
#[must_use]
pub fn reference() -> Vec<Member> {
    let mut members = settings::head();
    members.extend(issuers::members());
    members.extend(parties::members());
    members.extend(providers::members());
    members.extend(sinks::members());
    members.extend(secrets::members());
    members.extend(settings::evidence());
    members.extend(settings::privacy());
    members.extend(settings::capture());
    members.extend(rules::members());
    members.extend(settings::bounds());
    members
}

/// A JSON Schema (draft 2020-12) for editors. It says what the reader says, but for what a schema cannot say: secrets
/// in the environment, issuers that are the same, endpoints on foreign authorities.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object("", &reference());
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("oidc-audit plugin configuration, version 1.0"));
    Value::Object(schema)
}

/// The schema of an object: its members are the rows one step below `pointer`.
fn object(pointer: &str, members: &[Member]) -> Map<String, Value> {
    let below = format!("{pointer}/");
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        let Some(name) = member.pointer.strip_prefix(&below).filter(|name| !name.contains('/') && *name != "*") else {
            continue;
        };
        if member.default == "required" {
            required.push(json!(name));
        }
        properties.insert(name.to_owned(), described(member, members));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    schema
}

/// The schema of a member; that of a list or object is filled from the rows below it, unless its row says all.
fn described(member: &Member, members: &[Member]) -> Value {
    let own = member.schema.as_object().cloned().unwrap_or_default();
    let kind = own.get("type").and_then(Value::as_str);
    let mut schema = match kind {
        Some("array") if !own.contains_key("items") => {
            let entries = Value::Object(object(&format!("{}/*", member.pointer), members));
            [("items".to_owned(), entries)].into_iter().collect()
        }
        Some("object") if !own.contains_key("additionalProperties") => object(&member.pointer, members),
        _ => Map::new(),
    };
    schema.extend(own);
    schema.insert("description".to_owned(), json!(member.meaning));
    Value::Object(schema)
}

fn member(pointer: &str, kind: &str, default: &'static str, meaning: &'static str, schema: Value) -> Member {
    Member { pointer: pointer.to_owned(), kind: kind.to_owned(), default, meaning, schema }
}

fn words(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn range(min: impl std::fmt::Display, max: impl std::fmt::Display) -> String {
    format!("{min} to {max}")
}
