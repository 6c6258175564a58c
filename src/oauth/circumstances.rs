//! What of an exchange no record shows and rules rest on: which parameters came twice, what
//! the issuer promised. Facts, and no judgement.

use std::borrow::Cow;

use super::endpoint::EndpointKind;
use super::metadata::Declared;
use super::parameters::Parameters;
use super::party::Side;
use super::scene::Scene;
use crate::seen::Seen;

/// What an exchange was like beside what it said.
#[derive(Clone, Debug, Default)]
pub struct Circumstances<'a> {
    /// The issuer that is configured for the endpoint, whatever the message says; `None` where only a shape is known.
    pub asked: Option<&'a str>,
    /// The issuer that the resource server trusts, where it was configured.
    pub trusted: Option<&'a str>,
    /// The audiences by which the resource server knows itself; empty: not known.
    pub audiences: &'a [String],
    /// A known parameter that came twice and may not.
    pub duplicate: Option<&'static str>,
    /// The `claims` parameter asks for claims with certain values (OIDC Core §5.5.1).
    pub claims_valued: bool,
    /// The code challenge is not of the form that its method gives it (RFC 7636 §4.2).
    pub challenge_malformed: bool,
    /// What the issuer's metadata says of its conduct, where it was learned.
    pub declared: Option<&'a Declared>,
}

pub(super) fn read<'a>(scene: &Scene<'a>) -> Circumstances<'a> {
    let parameters = &scene.parameters;
    let server = scene.party.filter(|_| scene.side == Side::ResourceServer);
    Circumstances {
        asked: scene.endpoint.map(|_| scene.issuer.name.as_str()).filter(|_| scene.side == Side::AuthorizationServer),
        trusted: server.and_then(|server| server.issuer).map(|_| scene.issuer.name.as_str()),
        audiences: server.map_or(&[], |server| server.audiences.as_slice()),
        duplicate: duplicate(scene),
        claims_valued: valued(parameters),
        challenge_malformed: is_malformed(parameters),
        declared: scene.issuer.declared.as_ref(),
    }
}

/// In one place: a form that is posted beside the query it was shown for (a consent page) repeats no parameter.
fn duplicate(scene: &Scene<'_>) -> Option<&'static str> {
    let mut repeated = ONCE.iter().filter(|name| scene.parameters.count(name) > 1).peekable();
    repeated.peek()?;
    // Each box that is ticked on a consent page is a `scope` (Spring Authorization Server): no request begins without a type.
    let consents = ["response_type", "grant_type"].iter().all(|kind| !scene.parameters.has(kind))
        && scene.endpoint.is_none_or(|endpoint| endpoint.kind == EndpointKind::Authorization);
    let query = Parameters::read(scene.decoded.request.query().unwrap_or_default(), &scene.policy.limits);
    let twice = |name: &&&str| {
        let (all, in_query) = (scene.parameters.count(name), query.count(name));
        let ticked = consents && **name == "scope" && in_query == 0;
        !ticked && (in_query > 1 || all.saturating_sub(in_query) > 1)
    };
    repeated.find(twice).copied()
}

fn valued(parameters: &Parameters<'_>) -> bool {
    let value = |claims: &[u8]| claims.windows(6).any(|text| text == b"\"value");
    matches!(parameters.octets("claims"), Seen::Present(claims) if value(&claims))
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters; an S256 challenge is 32 octets in base64url.
fn is_malformed(parameters: &Parameters<'_>) -> bool {
    let Seen::Present(challenge) = parameters.octets("code_challenge") else { return false };
    let hashed = parameters.text("code_challenge_method") == Seen::Present(Cow::Borrowed("S256"));
    let length = if hashed { challenge.len() == 43 } else { (43..=128).contains(&challenge.len()) };
    let more: &[u8] = if hashed { b"-_" } else { b"-_.~" };
    !length || !challenge.iter().all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte))
}

/// RFC 6749 §3.1: "Request and response parameters MUST NOT be included more than once." Those that RFC 8707 and RFC 8693
/// allow to be repeated are not here.
const ONCE: &[&str] = &[
    "redirect_uri",
    "client_id",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "username",
    "password",
    "id_token_hint",
    "post_logout_redirect_uri",
    "token",
    "token_type_hint",
    "device_code",
    "user_code",
    "subject_token",
    "actor_token",
    "logout_token",
];
