//! The token endpoint (RFC 6749 §3.2, §4.1.3, §5, §6; OIDC Core §3.1.3): one request, one answer, one observation.

use std::borrow::Cow;

use super::back_channel::{Answered, TOKEN, VALUE, Verdict, link_assertion, proves};
use super::checks::Companions;
use super::client_authentication::identify_client;
use super::dpop;
use super::event::ProtocolEvent;
use super::grants;
use super::introspection;
use super::json::Object;
use super::keys::Carrier;
use super::links::{Links, octets, s256};
use super::observation::{
    AccessToken, Client, ClientIdSource, DpopProof, Hidden, IdToken, LinkRole, Message, OAuthError, Observation,
    Outcome, Reason, Recognition, ScopeSource, TokenExchange, TokenRequest, TokenResponse, Trust,
};
use super::parameters::words;
use super::scene::{Answer, Scene, put_links, was_sent};
use super::token_claims::{Claims, NOT_A_JWT, OF_ACCESS_TOKEN, OF_ID_TOKEN, OF_SECOND_TOKEN, read_access_token};
use crate::body::Completeness;
use crate::seen::{Malformation, Seen};

/// The tokens of a success response.
#[derive(Default)]
struct Issued<'a> {
    id_token: Option<IdToken<'a>>,
    id_claims: Option<Claims>,
    access_token: Option<AccessToken<'a>>,
    access_claims: Option<Claims>,
}

/// Reads a token request and its answer. `None` for what is no token request: another method without a grant.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !scene.is_post() && !scene.parameters.has("grant_type") {
        return None;
    }
    if grants::is_validation(&scene.parameters) {
        return Some(introspection::observe_legacy(scene, recognition));
    }
    let body = Answered::read(scene);
    let verdict = judge(scene, &body);
    let granted = body.object.as_ref().filter(|_| verdict.outcome == Outcome::Success);
    let mut request = read_request(scene);
    let (mut client, not_encoded) = identify_client(scene);
    let issued = granted.map(|granted| read_tokens(scene, granted, &client)).unwrap_or_default();
    let mut links = Links::default();
    link_request(scene, &mut links);
    if let Some(granted) = granted {
        link_response(granted, &mut links);
    }
    request.dpop = link_possession(scene, issued.access_claims.as_ref(), &mut links);
    let response = granted.map(|granted| read_response(scene, granted, &request));
    client.authenticated = authenticated(&client, &verdict);
    name_client(&mut client, &issued);
    link_assertion(scene, &client, &mut links);
    let Issued { id_token, id_claims, access_token, access_claims } = issued;
    let exchanged = grants::exchanged(&scene.parameters, granted, access_claims.as_ref());
    let vendor_error = grants::vendor_error(&body).filter(|_| verdict.error.is_some());
    let message = TokenExchange { request, response, id_token, access_token, exchanged, vendor_error };
    let mut observation = scene.observation(verdict.event, recognition, Message::Token(Box::new(message)));
    let named = id_claims.as_ref().and_then(Claims::issuer);
    scene.claim_named(&mut observation, named.as_deref());
    let fallback = observation.issuer.clone();
    link_claims(&mut links, id_claims.as_ref(), access_claims.as_ref(), fallback.as_ref());
    link_session(scene, granted, &mut links, fallback.as_ref());
    link_username(scene, &mut links, fallback);
    let speaker = id_claims.as_ref().and_then(|claims| claims.subject(Trust::Direct));
    observation.subject = speaker.or_else(|| access_claims.as_ref().and_then(|claims| claims.subject(Trust::Direct)));
    hide_tokens(&mut observation);
    observation.outcome = verdict.outcome;
    observation.reason = verdict.reason;
    observation.error = verdict.error;
    observation.client = client;
    observation.integrity.basic_not_encoded = not_encoded;
    observation.integrity.response_body = body.completeness;
    put_links(&mut observation, links);
    Some(observation)
}

/// Tokens, or an error, that are pushed to a client (CIBA Core §10.3, §12). Anybody can push: what the tokens say rests on
/// the client's answer.
pub(super) fn observe_pushed<'a>(
    scene: &Scene<'a>,
    pushed: &Object<'a>,
    recognition: Recognition,
    links: &mut Links<'a>,
) -> Observation<'a> {
    let mut issued = read_tokens(scene, pushed, &Client::default());
    let failed = was_sent(&pushed.get("error"));
    let response =
        (!failed).then(|| TokenResponse { no_store: false, ..read_response(scene, pushed, &TokenRequest::default()) });
    if let Some(id_token) = &mut issued.id_token {
        id_token.trust = Some(Trust::Unverified);
    }
    link_response(pushed, links);
    let issuer = issued.id_claims.as_ref().and_then(Claims::issuer);
    link_claims(links, issued.id_claims.as_ref(), issued.access_claims.as_ref(), issuer.as_ref());
    let subject = issued.id_claims.as_ref().and_then(|claims| claims.subject(Trust::Unverified));
    let mut client = Client::default();
    name_client(&mut client, &issued);
    let (id_token, access_token) = (issued.id_token, issued.access_token);
    let message = TokenExchange { response, id_token, access_token, ..TokenExchange::default() };
    let mut observation = scene.observation(ProtocolEvent::CibaPushed, recognition, Message::Token(Box::new(message)));
    scene.claim_named(&mut observation, issuer.as_deref());
    observation.subject = subject;
    observation.client = client;
    observation
}

fn judge<'a>(scene: &Scene<'a>, body: &Answered<'a>) -> Verdict<'a> {
    use Outcome::{Failure, Unknown};
    use ProtocolEvent::{TokenDenied, TokenRequest as Requested};
    let verdict = |event, outcome, reason| Verdict { event, outcome, reason: Some(reason), error: None };
    match scene.answer() {
        Answer::Nobody => verdict(Requested, Unknown, Reason::NoResponse),
        Answer::Local(400..=499) => verdict(TokenDenied, Failure, Reason::LocalReply),
        Answer::Local(_) => verdict(Requested, Unknown, Reason::LocalReply),
        Answer::Server(status) => {
            let of_body = body.object.as_ref().and_then(OAuthError::of_object);
            let of_head = || scene.decoded.response.filter(|_| status >= 400).and_then(OAuthError::of_challenges);
            match of_body.or_else(of_head) {
                Some(error) => refused(status, error),
                None => judge_status(scene, body, status),
            }
        }
    }
}

fn judge_status<'a>(scene: &Scene<'a>, body: &Answered<'a>, status: u16) -> Verdict<'a> {
    let unknown = |reason| (ProtocolEvent::TokenRequest, Outcome::Unknown, Some(reason));
    let asked = |grant: &str| matches!(scene.parameters.text("grant_type"), Seen::Present(asked) if asked == grant);
    // A decision instead of a token (UMA 2.0 in Keycloak, `response_mode=decision`).
    let granted =
        asked(UMA_TICKET) && body.object.as_ref().map(|object| object.boolean("result")) == Some(Seen::Present(true));
    let issued = granted || ["access_token", "id_token", "issued_token_type"].iter().any(|name| body.has_text(name));
    let (event, outcome, reason) = match (status, body.completeness) {
        (200..=299, Completeness::Truncated) => unknown(Reason::BodyTruncated),
        (200..=299, Completeness::Undecoded) => unknown(Reason::BodyEncoding),
        (200..=299, _) if issued => (grants::event(&scene.parameters), Outcome::Success, None),
        (200..=299, _) => unknown(Reason::BodyUnparseable),
        (401, _) => (ProtocolEvent::ClientAuthFailed, Outcome::Failure, Some(Reason::HttpStatus)),
        _ => (ProtocolEvent::TokenDenied, Outcome::Failure, Some(Reason::HttpStatus)),
    };
    Verdict { event, outcome, reason, error: None }
}

/// An `error` decides at any status. `401` alone means the client, but for the codes that servers give there for the
/// end-user's password (Keycloak, Dex).
fn refused(status: u16, error: OAuthError<'_>) -> Verdict<'_> {
    use ProtocolEvent::{ClientAuthFailed, TokenDenied, TokenPending};
    let client = error.is("invalid_client")
        || (status == 401 && !error.is_any(&["invalid_grant", "access_denied", "expired_token"]));
    let (event, outcome, reason) = match () {
        () if error.is_any(&["authorization_pending", "slow_down"]) => (TokenPending, Outcome::Pending, Reason::Poll),
        () if error.is("use_dpop_nonce") => (TokenPending, Outcome::Pending, Reason::RetryNonce),
        () if error.is_any(&["mfa_required", "interaction_required"]) => {
            (TokenPending, Outcome::Pending, Reason::Interaction)
        }
        () if client => (ClientAuthFailed, Outcome::Failure, Reason::OauthError),
        () => (TokenDenied, Outcome::Failure, Reason::OauthError),
    };
    Verdict { event, outcome, reason: Some(reason), error: Some(error) }
}

fn read_request<'a>(scene: &Scene<'a>) -> TokenRequest<'a> {
    let parameters = &scene.parameters;
    let grant_type = parameters.text("grant_type").and_then(|grant| match grant {
        grant if grant.len() > GRANT_TYPE => Seen::Malformed(Malformation::TooLong),
        grant => Seen::Present(grant),
    });
    TokenRequest {
        grant_type,
        redirect_uri: parameters.text("redirect_uri"),
        scope: parameters.words("scope"),
        resource: parameters.repeated("resource"),
        audience: parameters.repeated("audience"),
        username: parameters.text("username"),
        body_format: scene.body_format,
        parameters_in_query: parameters.in_query(),
        code_verifier: was_sent(&parameters.octets("code_verifier")),
        dpop: None,
        unknown_parameters: parameters.unknown(KNOWN),
    }
}

fn read_response<'a>(scene: &Scene<'a>, granted: &Object<'a>, request: &TokenRequest<'a>) -> TokenResponse<'a> {
    let scope = granted.text("scope", VALUE).map(|scope| words(&scope));
    let scope_source = match (&scope, &request.scope) {
        (Seen::Absent, Seen::Present(_)) => ScopeSource::Request,
        (Seen::Absent, _) => ScopeSource::AssumedUnchanged,
        _ => ScopeSource::Response,
    };
    let scope = if scope_source == ScopeSource::Request { request.scope.clone() } else { scope };
    let refresh_expires_in = match granted.whole("refresh_expires_in") {
        Seen::Absent => granted.whole("refresh_token_expires_in"),
        seen => seen,
    };
    let presented = scene.parameters.octets("refresh_token").present();
    let issued = granted.text("refresh_token", TOKEN);
    let rotated = presented.and_then(|old| match &issued {
        Seen::Absent => Some(false),
        Seen::Malformed(_) => None,
        Seen::Present(new) => Some(new.as_bytes() != old.as_ref()),
    });
    TokenResponse {
        scope,
        scope_source: Some(scope_source),
        token_type: granted.text("token_type", 64),
        expires_in: granted.whole("expires_in"),
        refresh_expires_in,
        refresh_token: was_sent(&issued),
        rotated,
        no_store: no_store(scene),
    }
}

fn no_store(scene: &Scene<'_>) -> bool {
    let headers = scene.decoded.response.map(|response| &response.headers);
    headers.is_some_and(|headers| headers.list("cache-control").any(|member| member.eq_ignore_ascii_case(b"no-store")))
}

fn read_tokens<'a>(scene: &Scene<'a>, granted: &Object<'a>, client: &Client<'a>) -> Issued<'a> {
    let token = |name: &str| granted.text(name, TOKEN).present();
    let access_token = token("access_token");
    let with = Companions {
        client: client.id.as_ref().present().map(AsRef::as_ref),
        access_token: access_token.as_ref().map(|token| token.as_bytes()),
        ..Companions::default()
    };
    let carried = (Trust::Direct, Carrier::Server);
    let (id_token, id_claims) =
        token("id_token").and_then(|token| scene.id_token(token.as_bytes(), carried, &with)).unzip();
    let (access_token, access_claims) = access_token.map(|token| read_access_token(token.as_bytes())).unzip();
    Issued { id_token, id_claims, access_token, access_claims: access_claims.flatten() }
}

fn link_request<'a>(scene: &Scene<'a>, links: &mut Links<'a>) {
    let parameters = &scene.parameters;
    links.add(LinkRole::Code, "request.code", parameters.octets("code"));
    let challenge = parameters.octets("code_verifier").map(|verifier| s256(&verifier));
    links.add(LinkRole::Pkce, "request.code_verifier", challenge);
    links.add(LinkRole::RtIn, "request.refresh_token", parameters.octets("refresh_token"));
    grants::link_request(parameters, links);
}

/// The client's DPoP key and certificate, and those that the access token is bound to (RFC 9449 §6, RFC 8705 §3).
fn link_possession<'a>(
    scene: &Scene<'a>,
    access_token: Option<&Claims>,
    links: &mut Links<'a>,
) -> Option<DpopProof<'a>> {
    let bound = access_token.map(|claims| claims.confirmation("jkt")).unwrap_or_default();
    let is_own = |authority: &[u8]| scene.issuer.owns(authority);
    let proof = dpop::read(scene.decoded.request, None, bound.as_ref().present().map(AsRef::as_ref), &is_own);
    match &proof {
        Some(proof) => proof.link(links),
        None => links.add(LinkRole::Dpop, "token.cnf", bound.map(octets)),
    }
    dpop::link_certificates(scene, access_token, links);
    proof.map(|proof| proof.facts)
}

fn link_response<'a>(granted: &Object<'a>, links: &mut Links<'a>) {
    let token = |name: &str| granted.text(name, TOKEN).map(octets);
    links.add(LinkRole::At, "response.access_token", token("access_token"));
    links.add(LinkRole::RtOut, "response.refresh_token", token("refresh_token"));
    grants::link_response(granted, links);
    let id_token = token("id_token");
    match &id_token {
        Seen::Present(token) if super::jwt::read(token).is_none() => {
            links.note_if_malformed("response.id_token", &NOT_A_JWT)
        }
        _ => links.add(LinkRole::Idt, "response.id_token", id_token),
    }
}

fn link_claims<'a>(
    links: &mut Links<'a>,
    id: Option<&Claims>,
    access: Option<&Claims>,
    fallback: Option<&Cow<'a, str>>,
) {
    if let Some(id) = id {
        id.link(links, &OF_ID_TOKEN, fallback);
    }
    if let Some(access) = access {
        let names = if id.is_some() { &OF_SECOND_TOKEN } else { &OF_ACCESS_TOKEN };
        access.link(links, names, fallback);
    }
}

/// PROTOCOL §2.5: claims that are there and cannot be read.
fn hide_tokens(observation: &mut Observation<'_>) {
    let Message::Token(message) = &observation.message else { return };
    let encrypted = message.id_token.as_ref().is_some_and(|token| token.encrypted);
    let opaque = message.access_token.as_ref().is_some_and(AccessToken::hides_claims);
    for (hidden, group) in [(encrypted, Hidden::JweIdToken), (opaque, Hidden::OpaqueAt)] {
        if hidden {
            observation.hide(group);
        }
    }
}

/// Keycloak names the session beside the tokens, also where no token does.
fn link_session<'a>(
    scene: &Scene<'a>,
    granted: Option<&Object<'a>>,
    links: &mut Links<'a>,
    issuer: Option<&Cow<'a, str>>,
) {
    let named = links.list.iter().any(|link| link.role == LinkRole::Sid);
    let plain = scene.issuer.profile().is_some_and(|profile| profile.session_state_is_sid);
    if let (false, true, Some(granted), Some(issuer)) = (named, plain, granted, issuer) {
        let session = granted.text("session_state", VALUE).map(octets);
        links.add_scoped(LinkRole::Sid, "response.session_state", issuer.clone(), session);
    }
}

/// RFC 6749 §4.3.2: the resource owner's name, which people also type passwords into.
fn link_username<'a>(scene: &Scene<'a>, links: &mut Links<'a>, issuer: Option<Cow<'a, str>>) {
    if let (Some(issuer), Seen::Present(name)) = (issuer, scene.parameters.octets("username")) {
        links.add_scoped(LinkRole::Username, "request.username", issuer, Seen::Present(name));
    }
}

/// The server accepted the client's proof where it gave tokens, and refused it where it said `invalid_client`. Of a
/// client that proves nothing there is nothing to say.
fn authenticated(client: &Client<'_>, verdict: &Verdict<'_>) -> Option<bool> {
    match verdict.event {
        ProtocolEvent::ClientAuthFailed => Some(false),
        _ if verdict.is_success() && proves(client) => Some(true),
        _ => None,
    }
}

/// PROTOCOL §2.3, 8: a client that did not name itself is named by the ID token, else by the access token.
fn name_client<'a>(client: &mut Client<'a>, issued: &Issued<'a>) {
    if let (true, Some(claims)) = (client.id.is_absent() && issued.id_token.is_none(), &issued.access_claims)
        && let Seen::Present(party) = claims.client()
    {
        client.id = Seen::Present(party);
        client.id_source = Some(ClientIdSource::Response);
    }
    if let (true, Some(id_token)) = (client.id.is_absent(), &issued.id_token) {
        let only = |audience: Vec<Cow<'a, str>>| match audience.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        let party = id_token.azp.clone().present().or_else(|| id_token.aud.clone().present().and_then(only));
        if let Some(party) = party {
            client.id = Seen::Present(party);
            client.id_source = Some(ClientIdSource::Response);
        }
    }
}

/// PROTOCOL §1.8
const UMA_TICKET: &str = "urn:ietf:params:oauth:grant-type:uma-ticket";

/// Bytes of `grant_type` that are kept.
const GRANT_TYPE: usize = 128;

/// Parameters of a token request that are recorded, or secret and known to be (PROTOCOL §5.2).
const KNOWN: &[&str] = &[
    "actor_token",
    "actor_token_type",
    "assertion",
    "audience",
    "auth_req_id",
    "authorization_details",
    "binding_code",
    "channel_hint",
    "claim_token",
    "claim_token_format",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_info",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "device_secret",
    "grant_type",
    "interaction_code",
    "mfa_token",
    "oob_code",
    "otp",
    "password",
    "pct",
    "permission",
    "pre-authorized_code",
    "realm",
    "recovery_code",
    "redirect_uri",
    "refresh_token",
    "requested_token_type",
    "requested_token_use",
    "resource",
    "response_mode",
    "rpt",
    "scope",
    "subject_token",
    "subject_token_type",
    "submit_request",
    "ticket",
    "tx_code",
    "user_pin",
    "username",
];

#[cfg(test)]
mod tests;
