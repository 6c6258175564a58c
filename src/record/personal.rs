//! The personal-data class of every member of a record, for its schema and for the table in `docs/privacy.md`. Native only.
//!
//! A member of a closed form (a number, a yes, a word of a list, an id of ours) can hold nobody's name. Every other one has a
//! row here or in `privacy::TABLE`: a new member without one fails a test.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::record::privacy;
use crate::record::schema::{member, schemas};

/// What a record may hold of a person in one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Personal {
    /// `x-personal-data`: `identifier`, `pii`, `pii-possible`, `pii-weak`, `pseudonymous`, or `technical`.
    pub class: String,
    /// What each profile does with it, by the profile's name (`x-profiles`); nothing where it is technical.
    pub actions: BTreeMap<String, String>,
    /// Whether the place is an object of pseudonym, mask and value.
    pub is_pseudonym: bool,
}

/// Every place of a record that is not of a closed form, by its path: `id_token.aud[]`, `registration.texts{}`.
///
/// Read out of the schemas, so that it says what those say.
#[must_use]
pub fn places() -> BTreeMap<String, Personal> {
    let mut places = BTreeMap::new();
    for schema in schemas().values() {
        walk(schema, schema, "", &mut places);
    }
    places
}

impl Personal {
    /// Whether a profile may leave something of a person here in clear, be it a part: of a pseudonym, in its mask or value.
    /// Never of technical members, which are not meant for people.
    #[must_use]
    pub fn is_clear(&self, profile: &str) -> bool {
        let action = self.actions.get(profile).map(String::as_str);
        matches!(action, Some("keep" | "mask" | "network" | "scrub"))
    }
}

/// Writes `x-personal-data` and `x-profiles` into the general schema.
pub(super) fn annotate(schema: &mut Value) {
    for row in &privacy::TABLE {
        for path in row.members {
            let Some(member) = member(schema, path) else { continue };
            let actions = row.actions().map(|(profile, action)| (profile.to_owned(), Value::from(action.as_str())));
            member.insert(CLASS.to_owned(), row.class.as_str().into());
            member.insert(PROFILES.to_owned(), Value::Object(Map::from_iter(actions)));
        }
    }
    for path in technical() {
        if let Some(member) = member(schema, &path) {
            member.insert(CLASS.to_owned(), TECHNICAL.into());
        }
    }
    let definitions = schema.get_mut("$defs").and_then(Value::as_object_mut);
    let sections = definitions.into_iter().flatten().filter(|(name, _)| !SHARED.contains(&name.as_str()));
    sections.for_each(|(_, section)| close(section));
    close(schema);
}

/// The members that have a class of their own.
#[cfg(test)]
pub(super) fn members() -> impl Iterator<Item = String> {
    privacy::TABLE.iter().flat_map(|row| row.members).map(|path| (*path).to_owned()).chain(technical())
}

fn technical() -> impl Iterator<Item = String> {
    let path = |section: &str, name: &str| match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    };
    MEMBERS.iter().flat_map(move |(section, names)| names.iter().map(move |name| path(section, name)))
}

/// Gives members of a closed form their class.
fn close(section: &mut Value) {
    let members = section.get_mut("properties").and_then(Value::as_object_mut);
    for (_, member) in members.into_iter().flatten() {
        if let Some(member) = member.as_object_mut()
            && !member.contains_key(CLASS)
            && is_closed(member)
        {
            member.insert(CLASS.to_owned(), "none".into());
        }
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    match inner(schema) {
        Some((_, inner)) => is_closed(inner),
        None => {
            let kind = schema.get("type").and_then(Value::as_str);
            matches!(kind, Some("boolean" | "integer"))
                || ["const", "enum", "pattern"].iter().any(|word| schema.contains_key(*word))
        }
    }
}

/// The items of a list or the values of a map, and how a path writes them.
fn inner(schema: &Map<String, Value>) -> Option<(&'static str, &Map<String, Value>)> {
    let of = |name: &str| schema.get(name).and_then(Value::as_object);
    of("items").map(|items| ("[]", items)).or_else(|| of("additionalProperties").map(|values| ("{}", values)))
}

fn walk(root: &Value, section: &Value, path: &str, places: &mut BTreeMap<String, Personal>) {
    let members = section.get("properties").and_then(Value::as_object);
    for (name, member) in members.into_iter().flatten().filter_map(|(name, member)| Some((name, member.as_object()?))) {
        let mut path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let mut leaf = member;
        while let Some((how, within)) = inner(leaf) {
            path.push_str(how);
            leaf = within;
        }
        let definition = leaf.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
        let class = member.get(CLASS).and_then(Value::as_str);
        match (definition, class) {
            (_, Some("none")) => {}
            (Some("UriSection"), Some(class)) => {
                for part in ["uri", "query[]"] {
                    places.insert(format!("{path}.{part}"), place(class, member, false));
                }
            }
            (_, Some(class)) => drop(places.insert(path, place(class, member, definition.is_some()))),
            (Some(name), None) => {
                if let Some(section) = root.get("$defs").and_then(|definitions| definitions.get(name)) {
                    walk(root, section, &path, places);
                }
            }
            (None, None) => drop(places.insert(path, place("unknown", member, false))),
        }
    }
}

fn place(class: &str, member: &Map<String, Value>, is_pseudonym: bool) -> Personal {
    let actions = member.get(PROFILES).and_then(Value::as_object).into_iter().flatten();
    let action = |(profile, action): (&String, &Value)| Some((profile.clone(), action.as_str()?.to_owned()));
    Personal { class: class.to_owned(), actions: actions.filter_map(action).collect(), is_pseudonym }
}

/// The member of a schema that says it.
pub(super) const CLASS: &str = "x-personal-data";
const PROFILES: &str = "x-profiles";
const TECHNICAL: &str = "technical";

/// Their members are what the members are that refer to them.
const SHARED: [&str; 2] = ["Pseudonym", "UriSection"];

/// Words of the protocol, of the provider and of the deployment, the same in every profile. None is meant for a person; all
/// are texts that somebody chose.
const MEMBERS: &[(&str, &[&str])] = &[
    ("", &["endpoint_kind", "error", "error_uri", "issuer", "provider", "rule", "tenant"]),
    ("AuditSection", &["config_digest", "inline_secrets", "issuers", "problems", "purpose", "sinks", "version"]),
    ("DpopSection", &["alg"]),
    ("EntitySection", &["iss", "sub"]),
    ("ExchangeSection", &["authority", "method", "path_template", "request_id", "tls_version"]),
    ("IdTokenSection", &["acr", "alg", "amr", "iss", "key_references", "kid", "typ"]),
    ("IntegritySection", &["ambiguous", "conflict", "cut"]),
    ("InteractionSection", &["adapter", "code", "evidence"]),
    ("IntrospectionSection", &["acr", "cnf", "iss", "scope", "token_type"]),
    ("KeySection", &["alg", "crv", "kid", "kty", "use"]),
    ("LossSection", &["sink", "why"]),
    ("MetadataSection", &["authorities", "flags", "issuer", "supported"]),
    ("ObserverSection", &["namespace", "node", "pod", "workload"]),
    ("RegistrationSection", &["flags", "grant_types", "response_types", "scope"]),
    (
        "RequestSection",
        &[
            "acr_values",
            "actor_token_type",
            "audience",
            "authorization_details",
            "claims",
            "code_challenge_method",
            "credential",
            "events",
            "grant_type",
            "iss",
            "object_differs",
            "prompt",
            "requested_token_type",
            "resource",
            "response_mode",
            "response_type",
            "scope",
            "subject_format",
            "subject_token_type",
            "token_type_hint",
            "unknown_parameters",
        ],
    ),
    (
        "ResponseSection",
        &["acr_values", "iss", "issued_token_type", "members", "scope", "suberror", "token_type", "verification_uri"],
    ),
    ("SignedMessageSection", &["alg", "enc", "key_references", "kid", "typ"]),
    ("SubjectSection", &["iss"]),
    ("TokenSection", &["acr", "alg", "cnf", "iss", "kid", "scope", "typ"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_a_class() {
        let unknown: Vec<String> =
            places().into_iter().filter(|(_, place)| place.class == "unknown").map(|(path, _)| path).collect();
        assert_eq!(unknown, Vec::<String>::new(), "a text that has a row neither here nor in privacy::TABLE");
    }

    #[test]
    fn the_types_say_the_same_class_to_those_who_read_them() {
        let mut differ = Vec::new();
        for schema in schemas().values() {
            let sections = schema["$defs"].as_object().unwrap().values().chain([schema]);
            for (name, member) in sections.filter_map(|section| section["properties"].as_object()).flatten() {
                let said = member["description"].as_str().and_then(|text| text.split("Personal data: `").nth(1));
                let said = said.and_then(|rest| rest.split('`').next());
                let class = member[CLASS].as_str().filter(|class| !["none", TECHNICAL].contains(class));
                if said != class {
                    differ.push(format!("{name}: {said:?}, {class:?}"));
                }
            }
        }
        differ.sort();
        differ.dedup();
        assert_eq!(differ, Vec::<String>::new());
    }

    #[test]
    fn a_place_says_what_each_profile_does() {
        let places = places();
        let of = |path: &str| {
            let place = &places[path];
            let actions = ["minimal", "standard", "full"].map(|profile| place.actions[profile].as_str());
            (place.class.as_str(), actions, place.is_pseudonym)
        };
        assert_eq!(of("id_token.email"), ("pii", ["hmac", "mask", "keep"], true));
        assert_eq!(of("response.actors[].sub"), ("pseudonymous", ["drop", "keep", "keep"], true));
        assert_eq!(of("request.redirect_uri.uri"), ("identifier", ["keep"; 3], false));
        assert_eq!(of("registration.texts{}"), ("identifier", ["keep"; 3], false));
        assert_eq!(places["request.scope[]"].class, "technical");
        assert!(!places.contains_key("outcome") && !places.contains_key("exchange.status"));
        assert!(!places["source.user_agent"].is_clear("minimal") && places["source.user_agent"].is_clear("full"));
    }
}
