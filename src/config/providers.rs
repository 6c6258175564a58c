//! `providers`: profiles of the operator's own, in the terms of those that are compiled in.

use std::borrow::Cow;

use super::forms;
use super::problem::ProblemKind;
use super::reader::{Members, Node, Report};
use crate::oauth::{
    Adapter, EndpointKind, Evidence, Handle, Means, Only, PROVIDERS, Profile, Purpose, Route, Rule, Test, Verdict, Word,
};

/// The profiles, each with its canonical text: at most 16, by names that no compiled-in profile has.
pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Vec<(Profile, String)> {
    let Some(members) = node.open(report) else { return Vec::new() };
    let all: Vec<_> = members.all().collect();
    if all.len() > MOST {
        report.problem(&node.pointer, ProblemKind::Count { min: 0, max: MOST });
    }
    all.into_iter().take(MOST).filter_map(|(name, node)| Some((one(name, &node, report)?, node.canonical()))).collect()
}

fn one(name: &str, node: &Node<'_>, report: &mut Report) -> Option<Profile> {
    if PROVIDERS.contains(&name) || name.is_empty() || name.len() > NAME || !forms::is_label(name) {
        let expected = "another name: 1 to 64 of A-Z, a-z, 0-9, `.`, `-`, `_`, of no provider that is known already";
        report.problem(&node.pointer, ProblemKind::Expected(expected));
    }
    let members = node.members(PROVIDER, report)?;
    let flag = |name: &str, report: &mut Report| members.get(name).and_then(|node| node.bool(report)) == Some(true);
    let tenant = members
        .get("tenant_after")
        .and_then(|node| node.text(NAME, "the segment before the tenant's", &is_plain, report).map(owned));
    Some(Profile {
        name: owned(name),
        case_insensitive: flag("case_insensitive", report),
        tenant: tenant.map(|before| (before, Cow::Borrowed("{tenant}"))),
        session_state_is_sid: flag("session_state_is_sid", report),
        logout_consent: members.get("logout_consent").and_then(|node| field(&node, report)),
        logout_parameters: words(&members, "logout_parameters", &is_plain, report),
        logout_pages: words(&members, "logout_pages", &is_template, report),
        session_cookies: words(&members, "session_cookies", &is_plain, report),
        internal_parameters: words(&members, "internal_parameters", &is_plain, report),
        user_code_page: members.get("user_code_page").and_then(|node| pair(&node, report)),
        routes: Cow::Owned(members.get("routes").map(|node| routes(&node, report)).unwrap_or_default()),
        adapters: Cow::Owned(members.get("login").map(|node| adapters(&node, report)).unwrap_or_default()),
        ..Profile::default()
    })
}

fn routes(node: &Node<'_>, report: &mut Report) -> Vec<Route> {
    let Some(members) = node.open(report) else { return Vec::new() };
    let all: Vec<_> = members.all().collect();
    if all.len() > ROUTES {
        report.problem(&node.pointer, ProblemKind::Count { min: 0, max: ROUTES });
    }
    let mut read = Vec::new();
    for (path, node) in all.into_iter().take(ROUTES) {
        if path.len() > PATH || !is_template(path) {
            report.problem(&node.pointer, ProblemKind::Expected(TEMPLATE));
        }
        let kind = node.word(KINDS, report).and_then(|at| EndpointKind::parse(KINDS.get(at)?));
        read.extend(kind.map(|kind| Route { template: owned(path), kind, evidence: Evidence::Configured }));
    }
    read
}

fn adapters(node: &Node<'_>, report: &mut Report) -> Vec<Adapter> {
    node.entries(0, ADAPTERS, report).iter().filter_map(|entry| adapter(entry, report)).collect()
}

fn adapter(node: &Node<'_>, report: &mut Report) -> Option<Adapter> {
    let members = node.members(LOGIN, report)?;
    let path = members.require("path", report);
    let path = path.and_then(|node| node.text(PATH, TEMPLATE, &is_template, report).map(owned));
    let method = members.get("method").and_then(|node| node.word(METHODS, report)).and_then(|at| METHODS.get(at));
    let means = members.get("means").and_then(|node| node.word(MEANS, report));
    let header = members.get("header").and_then(|node| header(&node, report));
    let handle = members.get("handle").and_then(|node| field(&node, report));
    let rules = members.require("rules", report);
    let rules = rules.map(|node| node.entries(1, RULES, report)).unwrap_or_default();
    let rules: Vec<Rule> = rules.iter().filter_map(|entry| rule(entry, report)).collect();
    Some(Adapter {
        id: members.get("name").and_then(|node| label(&node, report)).unwrap_or(Cow::Borrowed("configured")),
        path: path?,
        method: Cow::Borrowed(method.copied().unwrap_or("POST")),
        purpose: if members.get("consent").and_then(|node| node.bool(report)) == Some(true) {
            Purpose::Consent
        } else {
            Purpose::Login
        },
        only: header,
        means: means.and_then(|at| Means::ALL.get(at).copied()),
        usernames: words(&members, "username", &is_plain, report),
        handle: handle.map_or(Handle::None, Handle::Query),
        rules: Cow::Owned(rules),
        evidence: Evidence::Configured,
    })
}

/// Name and end of a request header's value.
fn header(node: &Node<'_>, report: &mut Report) -> Option<Only> {
    let members = node.members(PAIR, report)?;
    let name = members.require("name", report)?.text(NAME, "a lower-case header name", &forms::is_field_name, report);
    let value = members.require("value", report)?.text(PATH, "the end of its value", &is_plain, report);
    Some(Only::Header(owned(name?), owned(value?)))
}

fn rule(node: &Node<'_>, report: &mut Report) -> Option<Rule> {
    let members = node.members(RULE, report)?;
    let mut tests = Vec::new();
    let status = members.get("status").and_then(|node| node.number(200, 599, report));
    tests.extend(status.and_then(|status| u16::try_from(status).ok()).map(Test::Status));
    if members.get("redirect").and_then(|node| node.bool(report)) == Some(true) {
        tests.push(Test::Redirect);
    }
    let template = |name: &str, report: &mut Report| {
        members.get(name).and_then(|node| node.text(PATH, TEMPLATE, &is_template, report).map(owned))
    };
    tests.extend(template("redirect_to", report).map(Test::RedirectTo));
    let mut single = |name: &str, test: &dyn Fn(Word) -> Test| {
        tests.extend(members.get(name).and_then(|node| field(&node, report)).map(test));
    };
    single("redirect_query", &Test::RedirectQuery);
    single("cookie", &Test::Cookie);
    single("response_header", &Test::Header);
    single("page_code", &Test::PageCode);
    single("json", &Test::Json);
    single("json_code", &Test::JsonCode);
    tests.extend(members.get("attribute").and_then(|node| pair(&node, report)).map(|(a, b)| Test::Attribute(a, b)));
    tests.extend(members.get("json_is").and_then(|node| pair(&node, report)).map(|(a, b)| Test::JsonIs(a, b)));
    let outcome = members.require("outcome", report).and_then(|node| node.word(OUTCOMES, report));
    let means = members.get("means").and_then(|node| node.word(MEANS, report));
    if tests.is_empty() {
        report.problem(&node.pointer, ProblemKind::Expected("at least one test beside `outcome`"));
    }
    let verdict = VERDICTS.get(outcome?).copied()?;
    Some(Rule { tests: Cow::Owned(tests), verdict, means: means.and_then(|at| Means::ALL.get(at).copied()) })
}

fn pair(node: &Node<'_>, report: &mut Report) -> Option<(Word, Word)> {
    let members = node.members(PAIR, report)?;
    let name = members.require("name", report).and_then(|node| field(&node, report));
    let value = members.require("value", report).and_then(|node| field(&node, report));
    Some((name?, value?))
}

fn field(node: &Node<'_>, report: &mut Report) -> Option<Word> {
    node.text(PATH, "1 to 256 visible characters", &is_plain, report).map(owned)
}

fn label(node: &Node<'_>, report: &mut Report) -> Option<Word> {
    node.text(NAME, "1 to 64 of A-Z, a-z, 0-9, `.`, `-`, `_`", &forms::is_label, report).map(owned)
}

fn words(members: &Members<'_>, name: &str, is: &dyn Fn(&str) -> bool, report: &mut Report) -> Cow<'static, [Word]> {
    let Some(node) = members.get(name) else { return Cow::Borrowed(&[]) };
    let entries = node.entries(0, WORDS, report);
    let expected = "1 to 256 visible characters; for a page, a path template";
    let read = entries.iter().filter_map(|entry| entry.text(PATH, expected, is, report));
    Cow::Owned(read.map(owned).collect())
}

fn owned(text: &str) -> Word {
    Cow::Owned(text.to_owned())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `/a/{x}/b`, or `//a` from the root of the host.
fn is_template(text: &str) -> bool {
    let below = text.strip_prefix("//").or_else(|| text.strip_prefix('/'));
    below.is_some_and(|below| {
        let segment = |segment: &str| !segment.is_empty() && !segment.contains(['?', '#', '%', '\\']);
        let open = below.split('/').filter(|segment| segment.ends_with("*}")).count();
        is_plain(below) && open <= 2 && (below.is_empty() || below.split('/').all(segment))
    })
}

pub(super) const PROVIDER: &[&str] = &[
    "routes",
    "login",
    "case_insensitive",
    "tenant_after",
    "session_state_is_sid",
    "logout_consent",
    "logout_parameters",
    "logout_pages",
    "session_cookies",
    "internal_parameters",
    "user_code_page",
];
pub(super) const LOGIN: &[&str] =
    &["name", "path", "method", "header", "consent", "means", "username", "handle", "rules"];
pub(super) const RULE: &[&str] = &[
    "status",
    "redirect",
    "redirect_to",
    "redirect_query",
    "cookie",
    "response_header",
    "attribute",
    "page_code",
    "json",
    "json_code",
    "json_is",
    "outcome",
    "means",
];
pub(super) const PAIR: &[&str] = &["name", "value"];
pub(super) const METHODS: &[&str] = &["POST", "PUT", "PATCH"];
pub(super) const MEANS: &[&str] = &["broker", "magic_link", "otp", "password", "spnego", "webauthn"];
pub(super) const OUTCOMES: &[&str] = &["failure", "pending", "step", "success", "unknown"];
const VERDICTS: [Verdict; 5] = [Verdict::Failure, Verdict::Pending, Verdict::Step, Verdict::Success, Verdict::Unknown];

/// What a path of a provider can be for.
pub(super) const KINDS: &[&str] = &[
    "authorization",
    "interaction",
    "resume",
    "token",
    "par",
    "introspection",
    "revocation",
    "userinfo",
    "jwks",
    "discovery",
    "end_session",
    "end_session_confirm",
    "check_session",
    "device_authorization",
    "device_verification",
    "ciba",
    "registration",
    "client_configuration",
    "challenge",
    "credential",
    "admin_session",
    "other",
];

const TEMPLATE: &str = "a path template: `/a/{x}/b` below the issuer's path, `//a/b` below the host; `{x*}` for any number of segments, at most twice";

pub(super) const MOST: usize = 16;
pub(super) const ROUTES: usize = 64;
pub(super) const ADAPTERS: usize = 16;
pub(super) const RULES: usize = 16;
pub(super) const WORDS: usize = 16;
pub(super) const PATH: usize = 256;
const NAME: usize = 64;
