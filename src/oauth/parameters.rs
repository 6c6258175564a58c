//! The parameters of one message, wherever they stood: query, form, JSON body, request object.
//!
//! Each is read on its own. A name sent twice has no value (which of them counted is unknowable, RFC 6749 §3.1); an empty
//! value counts as left out and is reported.

use std::borrow::Cow;

use super::form;
use super::json::{Json, Object};
use super::limits::Limits;
use crate::seen::{Malformation, Seen};

/// All parameters of a message, in order.
#[derive(Clone, Debug, Default)]
pub struct Parameters<'a> {
    list: Vec<Parameter<'a>>,
    cut: bool,
    in_query: bool,
}

#[derive(Clone, Debug)]
struct Parameter<'a> {
    name: Cow<'a, [u8]>,
    value: Value<'a>,
    /// Whether the name was followed by a value: only then is it shown to be a name.
    named: bool,
}

#[derive(Clone, Debug)]
enum Value<'a> {
    Json(Json<'a>),
    Octets(Cow<'a, [u8]>),
    TooLong,
}

impl<'a> Value<'a> {
    /// A JWT may be longer than anything else (PROTOCOL §2.9).
    fn within(octets: Cow<'a, [u8]>, limits: &Limits) -> Self {
        let most = if octets.starts_with(b"ey") { limits.jwt } else { limits.value };
        if octets.len() > most { Self::TooLong } else { Self::Octets(octets) }
    }
}

/// Words kept of a space-separated list, and values of a repeatable parameter (PROTOCOL §2.9).
const WORDS: usize = 64;

/// Unknown names that are listed (PROTOCOL §2.1, HQ-05).
const UNKNOWN: usize = 32;

/// Stands for a name that does not look like one: it may be the piece of a secret that was cut at a `&`.
const ODD_NAME: &str = "{odd}";

impl<'a> Parameters<'a> {
    /// Reads a query or fragment. This is the entry of the fuzz target for forms.
    #[must_use]
    pub fn read(text: &'a [u8], limits: &Limits) -> Self {
        let mut parameters = Self::default();
        parameters.add_form(text, limits);
        parameters
    }

    /// The same, with nothing borrowed.
    pub(super) fn into_owned(self) -> Parameters<'static> {
        let own = |parameter: Parameter<'a>| Parameter {
            name: Cow::Owned(parameter.name.into_owned()),
            value: match parameter.value {
                Value::Json(json) => Value::Json(json.into_owned()),
                Value::Octets(octets) => Value::Octets(Cow::Owned(octets.into_owned())),
                Value::TooLong => Value::TooLong,
            },
            named: parameter.named,
        };
        Parameters { list: self.list.into_iter().map(own).collect(), cut: self.cut, in_query: self.in_query }
    }

    /// Adds the query of a request.
    pub(super) fn add_query(&mut self, query: &'a [u8], limits: &Limits) {
        let before = self.list.len();
        self.add_form(query, limits);
        self.in_query = self.list.len() > before;
    }

    /// Adds a form body, fragment or query.
    pub(super) fn add_form(&mut self, text: &'a [u8], limits: &Limits) {
        for pair in form::read(text) {
            let named = pair.value.is_some();
            let value = Value::within(pair.value.unwrap_or_default(), limits);
            self.add(Parameter { name: pair.name, value, named }, limits);
        }
    }

    /// Adds pairs that are decoded already (a form on a page).
    pub(super) fn add_pair(&mut self, name: Cow<'a, [u8]>, value: Cow<'a, [u8]>, limits: &Limits) {
        let value = Value::within(value, limits);
        self.add(Parameter { name, value, named: true }, limits);
    }

    /// Adds the members of a JSON object: texts and numbers as they are, the rest as JSON.
    pub(super) fn add_object(&mut self, object: &Object<'a>, limits: &Limits) {
        for (name, value) in object.members() {
            let value = match value {
                Json::Text(text) => Value::within(super::links::octets(text.clone()), limits),
                Json::Whole(number) => Value::Octets(Cow::Owned(number.to_string().into_bytes())),
                other => Value::Json(other.clone()),
            };
            let name = super::links::octets(name.clone());
            self.add(Parameter { name, value, named: true }, limits);
        }
    }

    /// The same for the body of a request, where some servers spell the names in camel case (Google's STS).
    pub(super) fn add_request_object(&mut self, object: &Object<'a>, limits: &Limits) {
        let before = self.list.len();
        self.add_object(object, limits);
        for parameter in self.list.iter_mut().skip(before) {
            let alias = ALIASES.iter().find(|(alias, name)| *parameter.name == *alias.as_bytes() && !object.has(name));
            if let Some((_, name)) = alias {
                parameter.name = Cow::Borrowed(name.as_bytes());
            }
        }
    }

    fn add(&mut self, parameter: Parameter<'a>, limits: &Limits) {
        if self.list.len() >= limits.parameters || parameter.name.len() > limits.name {
            self.cut = true;
        } else {
            self.list.push(parameter);
        }
    }

    /// These parameters, overridden by those of a request object (OIDC Core §6.1), but for `client_id`: it names whom
    /// the object is of.
    pub(super) fn overridden_by(&self, object: Self) -> Self {
        let inner = |name: &[u8]| object.list.iter().any(|parameter| parameter.name == name);
        let kept = self.list.iter().filter(|parameter| *parameter.name == *CLIENT_ID || !inner(&parameter.name));
        let mut list: Vec<Parameter<'a>> = kept.cloned().collect();
        let outer_client = list.iter().any(|parameter| *parameter.name == *CLIENT_ID);
        list.extend(object.list.into_iter().filter(|parameter| !(outer_client && *parameter.name == *CLIENT_ID)));
        Self { list, cut: self.cut || object.cut, in_query: self.in_query }
    }

    /// These of a request object alone (RFC 9101 §6.3), with what names the client and the object.
    pub(super) fn replaced_by(&self, object: Self) -> Self {
        let about = |parameter: &&Parameter<'a>| {
            [CLIENT_ID, b"request", b"request_uri"].iter().any(|name| *parameter.name == **name)
        };
        let outside = Self { list: self.list.iter().filter(about).cloned().collect(), ..self.clone() };
        outside.overridden_by(object)
    }

    /// The names that were sent more than once and may not be (RFC 6749 §3.1), at most 32.
    pub(super) fn ambiguous(&self) -> Vec<Cow<'a, str>> {
        let mut names = Vec::new();
        for (at, parameter) in self.list.iter().enumerate() {
            let again = self.list.iter().skip(at.saturating_add(1)).any(|other| other.name == parameter.name);
            let allowed = REPEATABLE.iter().any(|name| *parameter.name == *name.as_bytes());
            if again && !allowed && names.len() < UNKNOWN {
                let name = shown_name(parameter);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Whether something was left out at a limit.
    #[must_use]
    pub fn cut(&self) -> bool {
        self.cut
    }

    /// Whether any came in the query.
    pub(super) fn in_query(&self) -> bool {
        self.in_query
    }

    /// Whether a name was sent, whatever its value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|parameter| *parameter.name == *name.as_bytes())
    }

    /// How often a name was sent.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.list.iter().filter(|parameter| *parameter.name == *name.as_bytes()).count()
    }

    /// The octets of a value, fully decoded.
    #[must_use]
    pub fn octets(&self, name: &str) -> Seen<Cow<'a, [u8]>> {
        self.value(name).and_then(octets)
    }

    /// A value as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Seen<Cow<'a, str>> {
        self.octets(name).and_then(text)
    }

    /// The words of a space-separated value; of an array of texts where it came as JSON.
    #[must_use]
    pub fn words(&self, name: &str) -> Seen<Vec<Cow<'a, str>>> {
        self.value(name).and_then(|value| match value {
            Value::Json(Json::List(items)) => {
                let items = items.iter().take(WORDS).filter_map(|item| item.text(WORD).present());
                Seen::Present(items.collect())
            }
            other => octets(other).and_then(text).map(|text| words(&text)),
        })
    }

    /// A whole number of 0 or more.
    #[must_use]
    pub fn whole(&self, name: &str) -> Seen<u64> {
        self.text(name).and_then(|text| match text.parse() {
            Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Seen::Present(number),
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
                Seen::Malformed(Malformation::Range)
            }
            _ => Seen::Malformed(Malformation::Type),
        })
    }

    /// A value that is JSON: parsed where it came as text.
    #[must_use]
    pub fn json(&self, name: &str) -> Seen<Json<'static>> {
        self.value(name).and_then(|value| match value {
            Value::Json(json) => Seen::Present(json.clone().into_owned()),
            other => octets(other).and_then(|octets| {
                super::json::read(&octets)
                    .map_or(Seen::Malformed(Malformation::Type), |json| Seen::Present(json.into_owned()))
            }),
        })
    }

    /// The length of a value in octets.
    #[must_use]
    pub fn length(&self, name: &str) -> Seen<usize> {
        self.octets(name).map(|octets| octets.len())
    }

    /// Every value of a parameter that may be repeated (RFC 8707 §2), those that are text.
    #[must_use]
    pub fn repeated(&self, name: &str) -> Vec<Cow<'a, str>> {
        let mut all = Vec::new();
        for parameter in self.list.iter().filter(|parameter| *parameter.name == *name.as_bytes()) {
            match &parameter.value {
                Value::Json(Json::List(items)) => all.extend(items.iter().filter_map(|item| item.text(WORD).present())),
                other => all.extend(octets(other).and_then(text).present()),
            }
        }
        all.truncate(WORDS);
        all
    }

    /// The names that are not in `known`, in order, each once, at most 32. A name that does not look like one is shown as
    /// `{odd}`.
    #[must_use]
    pub fn unknown(&self, known: &[&str]) -> Vec<Cow<'a, str>> {
        let mut names: Vec<Cow<'a, str>> = Vec::new();
        for parameter in &self.list {
            if known.iter().any(|name| *parameter.name == *name.as_bytes()) {
                continue;
            }
            let name = shown_name(parameter);
            if !names.contains(&name) && names.len() < UNKNOWN {
                names.push(name);
            }
        }
        names
    }

    fn value(&self, name: &str) -> Seen<&Value<'a>> {
        let mut found = self.list.iter().filter(|parameter| *parameter.name == *name.as_bytes());
        match (found.next(), found.next()) {
            (None, _) => Seen::Absent,
            (Some(_), Some(_)) => Seen::Malformed(Malformation::Duplicate),
            (Some(parameter), None) => match &parameter.value {
                Value::Octets(octets) if octets.is_empty() => Seen::Malformed(Malformation::Empty),
                Value::Json(Json::Null) => Seen::Malformed(Malformation::Empty),
                Value::TooLong => Seen::Malformed(Malformation::TooLong),
                value => Seen::Present(value),
            },
        }
    }
}

const CLIENT_ID: &[u8] = b"client_id";

/// RFC 8707 §2, RFC 8693 §2.1.
const REPEATABLE: [&str; 2] = ["audience", "resource"];

/// Names in camel case, and what they stand for.
const ALIASES: [(&str, &str); 13] = [
    ("actorToken", "actor_token"),
    ("actorTokenType", "actor_token_type"),
    ("clientAssertion", "client_assertion"),
    ("clientAssertionType", "client_assertion_type"),
    ("clientId", "client_id"),
    ("clientSecret", "client_secret"),
    ("codeVerifier", "code_verifier"),
    ("grantType", "grant_type"),
    ("redirectUri", "redirect_uri"),
    ("refreshToken", "refresh_token"),
    ("requestedTokenType", "requested_token_type"),
    ("subjectToken", "subject_token"),
    ("subjectTokenType", "subject_token_type"),
];

/// A word is not longer than a whole value.
const WORD: usize = 8 * 1024;

fn octets<'a>(value: &Value<'a>) -> Seen<Cow<'a, [u8]>> {
    match value {
        Value::Octets(octets) => Seen::Present(octets.clone()),
        Value::TooLong => Seen::Malformed(Malformation::TooLong),
        Value::Json(_) => Seen::Malformed(Malformation::Type),
    }
}

/// Octets as text, without a copy where they borrow.
pub(super) fn text(octets: Cow<'_, [u8]>) -> Seen<Cow<'_, str>> {
    let text = match octets {
        Cow::Borrowed(octets) => std::str::from_utf8(octets).ok().map(Cow::Borrowed),
        Cow::Owned(octets) => String::from_utf8(octets).ok().map(Cow::Owned),
    };
    text.map_or(Seen::Malformed(Malformation::Utf8), Seen::Present)
}

/// The words of a space-separated list, at most 64.
pub(super) fn words<'a>(text: &Cow<'a, str>) -> Vec<Cow<'a, str>> {
    let split =
        |text: &'a str| text.split(' ').filter(|word| !word.is_empty()).take(WORDS).map(Cow::Borrowed).collect();
    match text {
        Cow::Borrowed(text) => split(text),
        Cow::Owned(text) => {
            let words = text.split(' ').filter(|word| !word.is_empty()).take(WORDS);
            words.map(|word| Cow::Owned(word.to_owned())).collect()
        }
    }
}

fn shown_name<'a>(parameter: &Parameter<'a>) -> Cow<'a, str> {
    let name = &parameter.name;
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    let begins = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if !(parameter.named && plain && begins && name.len() <= 40 && digits <= 4) {
        return Cow::Borrowed(ODD_NAME);
    }
    text(name.clone()).present().unwrap_or(Cow::Borrowed(ODD_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Parameters<'_> {
        Parameters::read(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_value_is_read_once_or_not_at_all() {
        let parameters = read("state=a&state=b&scope=&nonce=%ff&max_age=3600&x");
        assert_eq!(parameters.text("state"), Seen::Malformed(Malformation::Duplicate));
        assert_eq!(parameters.text("scope"), Seen::Malformed(Malformation::Empty));
        assert_eq!(parameters.text("nonce"), Seen::Malformed(Malformation::Utf8));
        assert_eq!(parameters.octets("nonce"), Seen::Present(Cow::Borrowed(b"\xff".as_slice())));
        assert_eq!(parameters.whole("max_age"), Seen::Present(3600));
        assert_eq!(parameters.text("x"), Seen::Malformed(Malformation::Empty));
        assert_eq!(parameters.text("client_id"), Seen::Absent);
    }

    #[test]
    fn limits_hold() {
        let limits = Limits::default();
        let long = format!(
            "state={}&request=ey{}&{}=1",
            "a".repeat(limits.value + 1),
            "a".repeat(limits.value),
            "n".repeat(129)
        );
        let parameters = read(&long);
        assert_eq!(parameters.text("state"), Seen::Malformed(Malformation::TooLong));
        assert!(parameters.text("request").present().is_some());
        assert!(parameters.cut());
        let many = "a=1&".repeat(201);
        assert!(read(&many).cut() && !read(&"a=1&".repeat(200)).cut());
    }

    #[test]
    fn what_does_not_look_like_a_name_is_not_shown() {
        let parameters = read("foo=1&Bar12x&{\"refresh_token\":\"abc\"}=&x1a2b3c4d5=1&Client_ID=web&state=1&foo=2");
        assert_eq!(parameters.unknown(&["state"]), ["foo", "{odd}", "Client_ID"]);
        assert_eq!(read(&"eyJhbGciOiJSUzI1NiJ9".repeat(3)).unknown(&[]), ["{odd}"]);
    }

    #[test]
    fn a_request_object_overrides_all_but_the_client() {
        let object = super::super::json::read_object(
            br#"{"client_id":"b","scope":"openid email","max_age":5,"resource":["r1","r2"]}"#,
        )
        .unwrap();
        let mut inner = Parameters::default();
        inner.add_object(&object, &Limits::default());
        let merged = read("client_id=a&scope=openid&state=s").overridden_by(inner.clone());
        assert_eq!(merged.text("client_id"), Seen::Present("a".into()));
        assert_eq!(merged.words("scope"), Seen::Present(vec!["openid".into(), "email".into()]));
        assert_eq!(merged.text("state"), Seen::Present("s".into()));
        assert_eq!(merged.whole("max_age"), Seen::Present(5));
        assert_eq!(merged.repeated("resource"), ["r1", "r2"]);
        assert_eq!(read("state=s").overridden_by(inner).text("client_id"), Seen::Present("b".into()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..256), form in "([a-z%+0-9]{0,4}=[a-z%+0-9]{0,6}&){0,6}") {
            for text in [text.as_slice(), form.as_bytes()] {
                let parameters = Parameters::read(text, &Limits::default());
                for name in ["a", "state", ""] {
                    let _ = (parameters.text(name), parameters.words(name), parameters.whole(name), parameters.json(name), parameters.repeated(name));
                }
                let unknown = parameters.unknown(&[]);
                prop_assert!(unknown.len() <= UNKNOWN);
            }
        }
    }
}
