//! The rows of `providers`.

use serde_json::{Value, json};

use super::{Member, member, words};
use crate::config::providers::{ADAPTERS, KINDS, MEANS, METHODS, MOST, OUTCOMES, PATH, ROUTES, RULES, WORDS};

/// The rows, in reading order.
pub(super) fn members() -> Vec<Member> {
    let mut members = vec![member(
        "/providers",
        &format!("object of up to {MOST}"),
        "none",
        "Providers of your own, by name, for `provider` of an issuer: the form of those that are built in.",
        json!({"type": "object", "maxProperties": MOST, "propertyNames": {"pattern": "^[A-Za-z0-9._-]{1,64}$"}, "additionalProperties": profile()}),
    )];
    members.extend(top());
    members.extend(login());
    members.extend(rule());
    members
}

fn top() -> Vec<Member> {
    let at = |name: &str, kind: &str, meaning: &'static str, schema: Value| {
        member(&format!("/providers/*/{name}"), kind, "none", meaning, schema)
    };
    let list = format!("list of up to {WORDS}");
    vec![
        at(
            "routes",
            &format!("object of up to {ROUTES}"),
            "What each path is for, by path template: `/a/{x}` below the issuer's path, `//a` below the host, `{x*}` for any number of segments. The first that fits counts.",
            json!({"type": "object", "maxProperties": ROUTES, "propertyNames": {"pattern": "^/", "maxLength": PATH}, "additionalProperties": {"enum": KINDS}}),
        ),
        at(
            "login",
            &format!("list of up to {ADAPTERS}"),
            "How its login and consent forms are judged. The first whose path and method fit counts.",
            json!({"type": "array", "maxItems": ADAPTERS}),
        ),
        at("case_insensitive", "true or false", "Paths are compared without case.", json!({"type": "boolean"})),
        at("tenant_after", "text", "The segment of the issuer's path before that of the tenant.", text()),
        at(
            "session_state_is_sid",
            "true or false",
            "`session_state` is the `sid` of its tokens.",
            json!({"type": "boolean"}),
        ),
        at("logout_consent", "text", "The field of the logout confirmation that says yes.", text()),
        at("logout_parameters", &list, "Other names of `post_logout_redirect_uri`.", texts()),
        at("logout_pages", &list, "Path templates of the pages on which its logouts end.", texts()),
        at(
            "session_cookies",
            &list,
            "Names of the cookies that are the session; a logout deletes them. A `*` at the end stands for anything.",
            texts(),
        ),
        at(
            "internal_parameters",
            &list,
            "Query parameters of authorization requests that it sends to itself.",
            texts(),
        ),
        at(
            "user_code_page",
            "`{\"name\": …, \"value\": …}`",
            "Attribute and word of a tag of the page that asks for a device's user code.",
            pair(),
        ),
    ]
}

fn login() -> Vec<Member> {
    let at = |name: &str, kind: &str, default: &'static str, meaning: &'static str, schema: Value| {
        member(&format!("/providers/*/login/*/{name}"), kind, default, meaning, schema)
    };
    vec![
        at(
            "name",
            "text",
            "`configured`",
            "Its name in records.",
            json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        ),
        at(
            "path",
            "path template",
            "required",
            "Where the form is posted to.",
            json!({"type": "string", "pattern": "^/", "maxLength": PATH}),
        ),
        at("method", &words(METHODS), "`POST`", "The request's method.", json!({"enum": METHODS})),
        at(
            "header",
            "`{\"name\": …, \"value\": …}`",
            "none",
            "A request header, and the end that its value must have.",
            pair(),
        ),
        at(
            "consent",
            "true or false",
            "`false`",
            "It is a consent form: `consent.decision`.",
            json!({"type": "boolean"}),
        ),
        at("means", &words(MEANS), "none", "By which means the end-user proves who they are.", json!({"enum": MEANS})),
        at(
            "username",
            &format!("list of up to {WORDS}"),
            "none",
            "Form fields or JSON pointers that can hold the user's name; read with `capture.login_forms` `username` alone.",
            texts(),
        ),
        at("handle", "text", "none", "The query parameter that its requests share: `join.ix`.", text()),
        at(
            "rules",
            &format!("list of 1 to {RULES}"),
            "required",
            "The first of which every test holds decides; if none does, the outcome is `unknown`.",
            json!({"type": "array", "minItems": 1, "maxItems": RULES}),
        ),
    ]
}

fn rule() -> Vec<Member> {
    let at = |name: &str, kind: &str, default: &'static str, meaning: &'static str, schema: Value| {
        member(&format!("/providers/*/login/*/rules/*/{name}"), kind, default, meaning, schema)
    };
    vec![
        at("status", "200 to 599", "none", "The status.", json!({"type": "integer", "minimum": 200, "maximum": 599})),
        at("redirect", "true or false", "`false`", "It is a redirect.", json!({"type": "boolean"})),
        at(
            "redirect_to",
            "path template",
            "none",
            "It redirects there, on an authority of the issuer.",
            json!({"type": "string", "pattern": "^/", "maxLength": PATH}),
        ),
        at("redirect_query", "text", "none", "It redirects, and the query has this parameter.", text()),
        at("cookie", "text", "none", "It sets this cookie.", text()),
        at("response_header", "text", "none", "It has this header.", text()),
        at(
            "attribute",
            "`{\"name\": …, \"value\": …}`",
            "none",
            "A tag of the page has this attribute with this word.",
            pair(),
        ),
        at(
            "page_code",
            "text",
            "none",
            "A script of the page has a JSON member of this name with a code, which is recorded.",
            text(),
        ),
        at("json", "JSON pointer", "none", "It leads to something that is not empty.", text()),
        at("json_code", "JSON pointer", "none", "It leads to a code, which is recorded.", text()),
        at(
            "json_is",
            "`{\"name\": …, \"value\": …}`",
            "none",
            "The JSON pointer leads to this text or number.",
            pair(),
        ),
        at(
            "outcome",
            &words(OUTCOMES),
            "required",
            "What it then is; `step` is no attempt at all.",
            json!({"enum": OUTCOMES}),
        ),
        at("means", &words(MEANS), "none", "The means, where this answer shows it.", json!({"enum": MEANS})),
    ]
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": PATH})
}

fn texts() -> Value {
    json!({"type": "array", "maxItems": WORDS, "items": text()})
}

fn pair() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["name", "value"], "properties": {"name": text(), "value": text()}})
}

/// The schema of one provider, from the rows below it.
fn profile() -> Value {
    let mut rows = top();
    rows.extend(login());
    rows.extend(rule());
    Value::Object(super::object("/providers/*", &rows))
}
