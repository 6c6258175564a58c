//! Logins and consents on a provider's own pages, of which OAuth sees nothing (PROTOCOL §2.6): what became of a form is
//! told by the provider's [`Adapter`] from the outside of the answer, never from its words.
//!
//! Knows no provider. A form's body is read only where the operator asked for user names, and then of that name alone.

use std::borrow::Cow;

use super::client_authentication::named;
use super::endpoint::EndpointKind as Kind;
use super::event::ProtocolEvent;
use super::html_form;
use super::limits::LoginForms;
use super::links::Links;
use super::observation::{Confidence, Interaction, LinkRole, Message, Observation, Outcome, Reason, Recognition, Tier};
use super::parameters::text;
use super::policy::Issuer;
use super::provider::{Adapter, Evidence, Handle, Means, Only, Purpose, Verdict};
use super::scene::{Answer, Scene, put_links};
use super::username;
use crate::http::{MediaType, RequestHead, normalise_path};
use crate::seen::Seen;
use answer::{Shown, evidence};

mod answer;
mod grant;

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
        Some(_) | None => events.extend(grant::observe(scene, events)),
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

/// Bytes of a `state` inside another parameter.
const STATE: usize = 4096;

#[cfg(test)]
mod tests;
