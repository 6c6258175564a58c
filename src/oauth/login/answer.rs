//! What rules look at in an answer: its status, where it redirects, names of cookies, marks of the page, members of JSON.

use std::borrow::Cow;

use super::super::html_form;
use super::super::json::{self, Json};
use super::super::provider::{Rule, Test, Verdict};
use super::super::scene::Scene;
use crate::http::{MediaType, ResponseHead, UrlParts, normalise_path};
use crate::seen::Seen;

/// What of an answer rules look at.
pub(super) struct Shown<'s, 'a> {
    scene: &'s Scene<'a>,
    status: u16,
    location: Option<&'a [u8]>,
    json: Option<Json<'s>>,
    named: bool,
}

impl<'s, 'a> Shown<'s, 'a> {
    pub(super) fn of(scene: &'s Scene<'a>, username: &Seen<Cow<'a, str>>) -> Self {
        let body = || scene.decoded.response_content.whole();
        let is_json = scene.response_media().is_some_and(|media| media != MediaType::Html);
        Self {
            scene,
            status: scene.decoded.status().unwrap_or_default(),
            location: scene.location(),
            json: body().filter(|_| is_json).and_then(json::read),
            named: !username.is_absent(),
        }
    }

    /// The code that was met on the way, if all tests hold.
    pub(super) fn holds(&self, rule: &Rule) -> Option<Option<String>> {
        let mut code = None;
        rule.tests.iter().all(|test| self.test(test, &mut code)).then_some(code)
    }

    fn test(&self, test: &Test, code: &mut Option<String>) -> bool {
        let pointed = |pointer: &str| self.json.as_ref().and_then(|json| json.at(pointer));
        let target = || self.location.map(UrlParts::read);
        match test {
            Test::Attribute(name, word) => html_form::has_attribute(self.page(), name, word),
            Test::Cookie(name) => self.head().is_some_and(|head| head.sets_cookie(name)),
            Test::Header(name) => self.head().is_some_and(|head| head.headers.first(name).is_some()),
            Test::Json(pointer) => pointed(pointer).is_some_and(is_something),
            Test::JsonCode(pointer) => keep(code, pointed(pointer).and_then(read_code)),
            Test::JsonIs(pointer, value) => pointed(pointer).is_some_and(|json| is(json, value)),
            Test::Named => self.named,
            Test::PageCode(name) => keep(code, page_code(self.page(), name)),
            Test::Redirect => self.location.is_some(),
            Test::RedirectAway => target().is_some_and(|target| !self.is_own(&target)),
            Test::RedirectQuery(name) => target().and_then(|target| target.query).is_some_and(|query| {
                super::super::form::read(query).take(QUERY).any(|pair| *pair.name == *name.as_bytes())
            }),
            Test::RedirectTo(template) => target().is_some_and(|target| {
                let path = normalise_path(target.path);
                let issuer = self.scene.issuer;
                self.is_own(&target)
                    && issuer.profile().is_some_and(|profile| profile.fits(template, issuer.path(), &path))
            }),
            Test::Status(status) => self.status == *status,
        }
    }

    fn head(&self) -> Option<&'a ResponseHead> {
        self.scene.decoded.response
    }

    fn page(&self) -> &[u8] {
        let is_page = self.scene.response_media() == Some(MediaType::Html);
        if is_page { self.scene.decoded.response_content.bytes() } else { b"" }
    }

    fn is_own(&self, target: &UrlParts<'_>) -> bool {
        target.host().is_none_or(|host| self.scene.issuer.owns(host))
    }
}

fn keep(code: &mut Option<String>, found: Option<String>) -> bool {
    let there = found.is_some();
    *code = found.or_else(|| code.take());
    there
}

fn is_something(json: &Json<'_>) -> bool {
    match json {
        Json::Null | Json::Bool(false) => false,
        Json::Text(text) => !text.is_empty(),
        Json::List(items) => !items.is_empty(),
        Json::Object(object) => object.members().next().is_some(),
        Json::Bool(true) | Json::Cut | Json::Float(_) | Json::Negative | Json::Whole(_) => true,
    }
}

fn is(json: &Json<'_>, wanted: &str) -> bool {
    match json {
        Json::Text(text) => text == wanted,
        Json::Whole(number) => wanted.parse() == Ok(*number),
        Json::Bool(value) => wanted.parse() == Ok(*value),
        _ => false,
    }
}

pub(super) fn read_code(json: &Json<'_>) -> Option<String> {
    match json {
        Json::Whole(number) => Some(number.to_string()),
        Json::Text(text) => as_code(text.as_bytes()),
        _ => None,
    }
}

/// A code is a machine's word: nothing that a person wrote looks like it for long.
fn as_code(text: &[u8]) -> Option<String> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:#".contains(byte);
    let is = !text.is_empty() && text.len() <= CODE && text.iter().all(plain);
    is.then(|| text.iter().map(|byte| char::from(*byte)).collect())
}

/// The value of `"name":"value"` in a page's script.
fn page_code(page: &[u8], name: &str) -> Option<String> {
    let wanted = [b"\"", name.as_bytes(), b"\":\""].concat();
    let at = page.windows(wanted.len()).position(|window| window == wanted)?;
    let rest = page.get(at.saturating_add(wanted.len())..)?;
    let end = rest.iter().take(CODE.saturating_add(1)).position(|byte| *byte == b'"')?;
    as_code(rest.get(..end)?)
}

/// The kind of a test, as the record says it.
pub(super) fn evidence(test: &Test, verdict: Verdict) -> &'static str {
    let failed = verdict == Verdict::Failure;
    match test {
        Test::Attribute(..) | Test::PageCode(_) if failed => "re_render",
        Test::Attribute(..) | Test::PageCode(_) => "page",
        Test::Cookie(_) => "cookie",
        Test::Header(_) => "header",
        Test::Json(_) | Test::JsonCode(_) | Test::JsonIs(..) if failed => "json_error",
        Test::Json(_) | Test::JsonCode(_) | Test::JsonIs(..) => "json",
        Test::Named => "username",
        Test::Redirect | Test::RedirectAway | Test::RedirectQuery(_) | Test::RedirectTo(_) if failed => {
            "redirect_error"
        }
        Test::Redirect | Test::RedirectAway | Test::RedirectQuery(_) | Test::RedirectTo(_) => "redirect",
        Test::Status(_) => "status",
    }
}

/// Bytes of a provider's code.
const CODE: usize = 64;

/// Parameters of a redirect that are looked at.
const QUERY: usize = 64;
