//! Walking through other people's JSON: members in either spelling, objects by their place.

use serde_json::Value;

/// A member by its protobuf name: Envoy's files and its admin interface write `vm_config`, other tools `vmConfig`.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(camel(name))).filter(|found| !found.is_null())
}

/// Members of members.
pub(crate) fn path<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().try_fold(value, |value, name| member(value, name))
}

/// A text at the end of a path.
pub(crate) fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    path(value, names)?.as_str()
}

/// The elements of a list at the end of a path; none where there is no list.
pub(crate) fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    path(value, names).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The type of an `Any`, without the part before the last slash.
pub(crate) fn any_type(value: &Value) -> Option<&str> {
    value.get("@type")?.as_str()?.rsplit('/').next()
}

/// An `Any` of the type, or a `TypedStruct` that says to be one.
pub(crate) fn of_type<'a>(value: &'a Value, type_name: &str) -> Option<&'a Value> {
    let found = any_type(value)?;
    if found == type_name {
        return Some(value);
    }
    let named = text(value, &["type_url"])?.rsplit('/').next()?;
    (found.ends_with(".TypedStruct") && named == type_name).then(|| member(value, "value")).flatten()
}

/// Every object in a document, outermost first, with its JSON pointer (RFC 6901).
pub(crate) fn objects(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                let inner = members.iter().map(|(name, inner)| (format!("{pointer}/{}", escaped(name)), inner));
                let mut inner: Vec<_> = inner.collect();
                inner.reverse();
                open.append(&mut inner);
                found.push((pointer, value));
            }
            Value::Array(elements) => {
                let inner = elements.iter().enumerate().map(|(index, inner)| (format!("{pointer}/{index}"), inner));
                let mut inner: Vec<_> = inner.collect();
                inner.reverse();
                open.append(&mut inner);
            }
            _ => {}
        }
    }
    found
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        let mut letters = part.chars();
        whole.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
        whole
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_of_a_member_are_one() {
        assert_eq!(member(&json!({"vmConfig": 1}), "vm_config"), Some(&json!(1)));
        assert_eq!(member(&json!({"vm_config": 2}), "vm_config"), Some(&json!(2)));
        assert_eq!(member(&json!({"vm_config": null}), "vm_config"), None);
    }

    #[test]
    fn objects_come_with_their_pointers() {
        let document = json!({"a/b": [{"c": {}}], "d": {}});
        let pointers: Vec<_> = objects(&document).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["", "/a~1b/0", "/a~1b/0/c", "/d"]);
    }
}
