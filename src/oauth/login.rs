//! Logins and consents on a provider's own pages, of which OAuth sees nothing (PROTOCOL §2.6): what became of a form is
//! told by the provider's [`Adapter`] from the outside of the answer, never from its words.
//!
//! Knows no provider. A form's body is read only where the operator asked for user names, and then of that name alone.

use std::borrow::Cow;

use super::client_authentication::named;
use super::endpoint::EndpointKind as Kind;
use super::event::ProtocolEvent;
use super::html_form;
use super::json::{self, Json};
use super::limits::LoginForms;
use super::links::Links;
use super::observation::{
    Confidence, Interaction, LinkRole, Message, OAuthError, Observation, Outcome, Reason, Recognition, Tier,
};
use super::parameters::text;
use super::policy::Issuer;
use super::provider::{Adapter, Evidence, Handle, Means, Only, Purpose, Rule, Test, Verdict};
use super::scene::{Answer, Scene, put_links};
use super::username;
use crate::http::{MediaType, RequestHead, ResponseHead, UrlParts, normalise_path};
use crate::seen::Seen;

/// What an adapter or the generic rule said.
struct Judged {
    verdict: Verdict,
    means: Option<Means>,
    /// The kind of what told it.
    evidence: &'static str,
    /// The provider's own code for it.
    code: Option<String>,
    confidence: Confidence,
}

/// The adapter of a request, if its issuer's profile has one. `with`: whether a parameter is there, where they are read.
pub(super) fn adapter<'p>(issuer: &'p Issuer, head: &RequestHead, with: &dyn Fn(&str) -> bool) -> Option<&'p Adapter> {
    let profile = issuer.profile().filter(|profile| !profile.adapters.is_empty())?;
    let method = head.method()?;
    let path = normalise_path(head.path()?);
    let only = |adapter: &Adapter| match &adapter.only {
        None => true,
        Some(Only::Header(name, end)) => head.headers.first(name).is_some_and(|value| value.ends_with(end.as_bytes())),
        Some(Only::With(name)) => with(name),
        Some(Only::Without(name)) => !with(name),
    };
    profile.adapters.iter().find(|adapter| {
        adapter.method.as_bytes() == method && profile.fits(&adapter.path, issuer.path(), &path) && only(adapter)
    })
}

/// Whether a form of which only the user's name may be read goes here: its parameters are nobody's business.
pub(super) fn is_form<'p>(issuer: &'p Issuer, kind: Option<Kind>, head: &RequestHead) -> Option<&'p Adapter> {
    let read_anyway = matches!(kind, Some(Kind::Authorization | Kind::Token | Kind::EndSession | Kind::Userinfo));
    adapter(issuer, head, &|_| true).filter(|adapter| !read_anyway && adapter.purpose == Purpose::Login)
}

/// Adds the attempt, the decision or the step that an exchange is beside its `events`.
pub(super) fn observe<'a>(scene: &Scene<'a>, events: &mut Vec<Observation<'a>>) {
    let forms = scene.policy.limits.login_forms != LoginForms::Off;
    let found = adapter(scene.issuer, scene.decoded.request, &|name| scene.parameters.has(name));
    let found = found.filter(|adapter| forms || adapter.purpose == Purpose::Consent);
    let username = found.map_or(Seen::Absent, |adapter| read_username(scene, adapter));
    let judged = match found {
        Some(adapter) => Some(judge(scene, adapter, events, &username)),
        None if forms => generic(scene, events),
        None => None,
    };
    match judged {
        Some(judged) if judged.verdict != Verdict::Step => {
            events.insert(0, observation(scene, found, &judged, username));
        }
        Some(_) | None if scene.policy.limits.interactions && events.is_empty() => events.extend(step(scene)),
        Some(_) | None => events.extend(of_grant(scene, events)),
    }
}

/// Applies the rules. A server that did not answer, or a response to the client, says more than any rule.
fn judge<'a>(
    scene: &Scene<'a>,
    adapter: &Adapter,
    events: &[Observation<'a>],
    username: &Seen<Cow<'a, str>>,
) -> Judged {
    let sure = match adapter.evidence {
        Evidence::Run | Evidence::Source | Evidence::Configured => Confidence::High,
        Evidence::Documentation | Evidence::Field => Confidence::Medium,
    };
    let judged =
        |verdict, evidence, confidence| Judged { verdict, means: adapter.means, evidence, code: None, confidence };
    match scene.answer() {
        Answer::Nobody => return judged(Verdict::Unknown, "no_response", Confidence::Low),
        Answer::Local(400..=499) => return judged(Verdict::Failure, "local_reply", sure),
        Answer::Local(_) => return judged(Verdict::Unknown, "local_reply", Confidence::Low),
        Answer::Server(_) => {}
    }
    if let Some(response) = events.iter().find(|event| is_response(event)) {
        return match response.error.as_ref() {
            None => judged(Verdict::Success, "authorization_response", sure),
            Some(error) if error.is_any(&["access_denied"]) => judged(Verdict::Failure, "redirect_error", sure),
            Some(_) => judged(Verdict::Unknown, "redirect_error", Confidence::Low),
        };
    }
    let answer = Shown::of(scene, username);
    let found = adapter.rules.iter().find_map(|rule| answer.holds(rule).map(|code| (rule, code)));
    match found {
        Some((rule, code)) => Judged {
            verdict: rule.verdict,
            means: rule.means.or(adapter.means),
            evidence: rule.tests.last().map_or("any", |test| evidence(test, rule.verdict)),
            code,
            confidence: if rule.verdict == Verdict::Unknown { Confidence::Low } else { sure },
        },
        None => judged(Verdict::Unknown, "unmatched", Confidence::Low),
    }
}

fn is_response(event: &Observation<'_>) -> bool {
    let delivered = match &event.message {
        Message::AuthorizationResponse(message) => message.delivery != Some(super::observation::Delivery::Page),
        _ => false,
    };
    delivered && matches!(event.event, ProtocolEvent::AuthorizationResponse | ProtocolEvent::AuthorizationError)
}

/// The kind of a test, as the record says it.
fn evidence(test: &Test, verdict: Verdict) -> &'static str {
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

/// What of an answer rules look at.
struct Shown<'s, 'a> {
    scene: &'s Scene<'a>,
    status: u16,
    location: Option<&'a [u8]>,
    json: Option<Json<'s>>,
    named: bool,
}

impl<'s, 'a> Shown<'s, 'a> {
    fn of(scene: &'s Scene<'a>, username: &Seen<Cow<'a, str>>) -> Self {
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
    fn holds(&self, rule: &Rule) -> Option<Option<String>> {
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
            Test::RedirectQuery(name) => target()
                .and_then(|target| target.query)
                .is_some_and(|query| super::form::read(query).take(QUERY).any(|pair| *pair.name == *name.as_bytes())),
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

fn read_code(json: &Json<'_>) -> Option<String> {
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

/// A form on an unknown page: that the page asks for a password again is all that can be known.
fn generic<'a>(scene: &Scene<'a>, events: &[Observation<'a>]) -> Option<Judged> {
    let interaction = scene.endpoint.is_none_or(|endpoint| endpoint.kind == Kind::Interaction);
    let known = scene.issuer.profile().is_some_and(|profile| !profile.adapters.is_empty());
    let form = scene.decoded.request.headers.media_type() == Some(MediaType::Form);
    let Answer::Server(status @ (200 | 401 | 403 | 422)) = scene.answer() else { return None };
    let wanted = interaction && !known && form && scene.is_post() && events.is_empty();
    let page = scene.decoded.response_content.bytes();
    let again =
        wanted && scene.response_media() == Some(MediaType::Html) && html_form::has_attribute(page, "type", "password");
    let verdict = if status >= 400 { Verdict::Failure } else { Verdict::Unknown };
    again.then_some(Judged {
        verdict,
        means: Some(Means::Password),
        evidence: "re_render",
        code: None,
        confidence: Confidence::Low,
    })
}

fn read_username<'a>(scene: &Scene<'a>, adapter: &Adapter) -> Seen<Cow<'a, str>> {
    let allowed = scene.policy.limits.login_forms == LoginForms::Username && adapter.purpose == Purpose::Login;
    if !allowed {
        return Seen::Absent;
    }
    let content = &scene.decoded.request_content;
    username::read(&scene.decoded.request.headers, content, &adapter.usernames).and_then(text)
}

fn observation<'a>(
    scene: &Scene<'a>,
    adapter: Option<&'a Adapter>,
    judged: &Judged,
    username: Seen<Cow<'a, str>>,
) -> Observation<'a> {
    let consent = adapter.is_some_and(|adapter| adapter.purpose == Purpose::Consent);
    let event = if consent { ProtocolEvent::ConsentDecision } else { ProtocolEvent::LoginAttempt };
    let message = Interaction {
        adapter: Some(adapter.map_or("generic", |adapter| &adapter.id)),
        evidence: Some(judged.evidence),
        means: judged.means,
        code: judged.code.clone(),
        scope: if consent { granted(scene) } else { Seen::Absent },
        username: username.clone(),
        step: None,
    };
    let mut observation = framed(scene, event, message, judged.confidence);
    (observation.outcome, observation.reason) = outcome(judged);
    if consent && observation.reason == Some(Reason::CredentialsRejected) {
        observation.reason = None;
    }
    let mut links = Links::default();
    link_handle(scene, adapter, &mut links);
    link_state(scene, &mut links);
    if let Some(issuer) = observation.issuer.clone() {
        let name = username.map(super::links::octets);
        links.add_scoped(LinkRole::Username, "request.username", issuer, name);
    }
    put_links(&mut observation, links);
    observation
}

/// An event of a page, with the client that its URL names.
fn framed<'a>(
    scene: &Scene<'a>,
    event: ProtocolEvent,
    message: Interaction<'a>,
    confidence: Confidence,
) -> Observation<'a> {
    let tier = if scene.issuer.profile().is_some() { Tier::Profile } else { Tier::Heuristic };
    let rule = if event == ProtocolEvent::InteractionStep { "interaction" } else { "login_adapter" };
    let recognition = Recognition { tier, rule, confidence };
    let mut observation = scene.observation(event, recognition, Message::Interaction(Box::new(message)));
    observation.client = named(&scene.parameters);
    observation
}

fn outcome(judged: &Judged) -> (Outcome, Option<Reason>) {
    match (judged.verdict, judged.evidence) {
        (Verdict::Failure, "local_reply") => (Outcome::Failure, Some(Reason::LocalReply)),
        (Verdict::Unknown, "local_reply") => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Verdict::Unknown, "no_response") => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Verdict::Failure, _) => (Outcome::Failure, Some(Reason::CredentialsRejected)),
        (Verdict::Pending, _) => (Outcome::Pending, Some(Reason::Interaction)),
        (Verdict::Success, _) => (Outcome::Success, None),
        (Verdict::Step | Verdict::Unknown, _) => (Outcome::Unknown, None),
    }
}

/// The scopes that a consent form sent, where its parameters are read.
fn granted<'a>(scene: &Scene<'a>) -> Seen<Vec<Cow<'a, str>>> {
    let mut scopes = if scene.body_format.is_some() { scene.parameters.repeated("scope") } else { Vec::new() };
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { Seen::Absent } else { Seen::Present(scopes) }
}

/// PROTOCOL §3.3, `ix`: unique on the server's authority.
fn link_handle<'a>(scene: &Scene<'a>, adapter: Option<&Adapter>, links: &mut Links<'a>) {
    let request = scene.decoded.request;
    let handle = match adapter.map(|adapter| (&adapter.handle, &adapter.path)) {
        Some((Handle::Query(name), _)) => scene.parameters.octets(name),
        Some((Handle::Path(name), template)) => {
            let after = template.rsplit('/').take_while(|segment| !is_variable(segment, name)).count();
            let path = normalise_path(request.path().unwrap_or_default());
            let segment = path.rsplit(|byte| *byte == b'/').nth(after).map(<[u8]>::to_vec);
            segment.map_or(Seen::Absent, |segment| Seen::Present(Cow::Owned(segment)))
        }
        Some((Handle::None, _)) | None => Seen::Absent,
    };
    let authority = String::from_utf8_lossy(request.authority().unwrap_or_default()).to_ascii_lowercase();
    links.add_scoped(LinkRole::Ix, "request.interaction", Cow::Owned(authority), handle);
}

fn is_variable(segment: &str, name: &str) -> bool {
    segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) == Some(name)
}

/// The client's `state`, where the provider's own URL carries it.
fn link_state<'a>(scene: &Scene<'a>, links: &mut Links<'a>) {
    let carrier = scene.issuer.profile().and_then(|profile| profile.client_data.as_deref());
    let data = carrier.and_then(|name| scene.parameters.octets(name).present());
    let Some(json) = data.and_then(|data| super::jwt::decode_json(&data)) else { return };
    if let Seen::Present(state) = json.text("st", STATE) {
        links.add(LinkRole::State, "request.state", Seen::Present(Cow::Owned(state.as_bytes().to_vec())));
    }
}

/// A page of a flow that is no attempt: recorded where the operator asks for it.
fn step<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let kind = scene.endpoint.map(|endpoint| endpoint.kind);
    if !matches!(kind, Some(Kind::Interaction | Kind::Resume)) {
        return None;
    }
    let message = Interaction { step: Some(step_name(scene)), ..Interaction::default() };
    let mut observation = framed(scene, ProtocolEvent::InteractionStep, message, Confidence::High);
    observation.outcome = Outcome::Pending;
    let mut links = Links::default();
    link_handle(scene, adapter(scene.issuer, scene.decoded.request, &|_| true), &mut links);
    link_state(scene, &mut links);
    put_links(&mut observation, links);
    Some(observation)
}

/// What the words of a path say: a closed list.
fn step_name(scene: &Scene<'_>) -> &'static str {
    let path = normalise_path(scene.decoded.request.path().unwrap_or_default()).to_ascii_lowercase();
    let has =
        |words: &[&str]| words.iter().any(|word| path.windows(word.len()).any(|window| window == word.as_bytes()));
    STEPS.into_iter().find(|(_, words)| has(words)).map_or("page", |(name, _)| name)
}

const STEPS: [(&str, &[&str]); 6] = [
    ("consent", &["consent", "approval", "grant"]),
    ("mfa", &["mfa", "otp", "sas/", "challenge", "verify"]),
    ("register", &["regist", "signup"]),
    ("reset", &["reset", "forgot", "recovery"]),
    ("broker", &["broker", "callback", "idpresponse"]),
    ("login", &["login", "authenticate", "sign_in", "signin", "account"]),
];

/// PROTOCOL §1.8: a grant that carries the end-user's own credentials is an attempt, which the token endpoint's refusal
/// tells the outcome of.
fn of_grant<'a>(scene: &Scene<'a>, events: &[Observation<'a>]) -> Option<Observation<'a>> {
    let denied = events.iter().find(|event| event.event == ProtocolEvent::TokenDenied)?;
    let error = denied.error.as_ref().filter(|error| error.is_any(&["invalid_grant", "access_denied"]))?;
    let grant = scene.parameters.text("grant_type").present()?;
    let (_, means) = GRANTS.into_iter().find(|(end, _)| grant == *end || grant.ends_with(&format!("/{end}")))?;
    let username = scene.parameters.text("username");
    let code = scene.response_object().and_then(|object| {
        let json = Json::Object(object);
        json.at("/error_codes/0").and_then(read_code)
    });
    let message = Interaction {
        adapter: Some("token_endpoint"),
        evidence: Some("token_error"),
        means: Some(means),
        code,
        username,
        ..Interaction::default()
    };
    let mut observation =
        scene.observation(ProtocolEvent::LoginAttempt, denied.recognition, Message::Interaction(Box::new(message)));
    observation.issuer.clone_from(&denied.issuer);
    observation.outcome = Outcome::Failure;
    observation.reason = Some(Reason::CredentialsRejected);
    observation.error = Some(OAuthError { code: error.code.clone(), description: Seen::Absent, uri: Seen::Absent });
    observation.client = named(&scene.parameters);
    if observation.client.id.is_absent() {
        observation.client.id = denied.client.id.clone();
        observation.client.id_source = denied.client.id_source;
    }
    let mut links = Links::default();
    if let Some(issuer) = observation.issuer.clone() {
        links.add_scoped(LinkRole::Username, "request.username", issuer, scene.parameters.octets("username"));
    }
    put_links(&mut observation, links);
    Some(observation)
}

/// Grants by which the end-user logs in, by their last word, and the means.
const GRANTS: [(&str, Means); 8] = [
    ("password", Means::Password),
    ("password-realm", Means::Password),
    ("mfa-otp", Means::Otp),
    ("mfa-oob", Means::Otp),
    ("mfa-recovery-code", Means::Otp),
    ("passwordless/otp", Means::Otp),
    ("urn:okta:params:oauth:grant-type:otp", Means::Otp),
    ("urn:okta:params:oauth:grant-type:oob", Means::Otp),
];

/// Bytes of a provider's code.
const CODE: usize = 64;

/// Bytes of a `state` inside another parameter.
const STATE: usize = 4096;

/// Parameters of a redirect that are looked at.
const QUERY: usize = 64;

#[cfg(test)]
mod tests;
