//! Authorization requests: what was asked for. Whether somebody logged in is not looked at.

use super::finding::{Findings, Severity};
use super::redirect::{Host, host_kind, is_http, is_listed, leads_on, oddity};
use super::table::Rule;
use super::{Baseline, Case, holds, is_email, present};
use crate::http::{MediaType, UrlParts};
use crate::oauth::{
    AuthorizationRequest, Comparison, Delivery, Hidden, LinkRole, Message, ProtocolEvent, RequestForm, SignedMessage,
};
use crate::seen::{Malformation, Seen};

pub(super) fn judge(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    judge_parameters(case, request, findings);
    // What a client publishes was named by a request that is judged itself.
    if case.observation.event != ProtocolEvent::RequestObjectFetched {
        object(case, request, findings);
    }
    // Where a request begins the page is the client's.
    if case.observation.event == ProtocolEvent::AuthorizationRequest {
        page(case, findings);
    }
}

/// What is asked for, wherever it is asked: at the authorization endpoint, or where requests are pushed.
pub(super) fn judge_parameters(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    grant(case, request, findings);
    binding(case, request, findings);
    redirection(case, request, findings);
    client(case, request, findings);
    if let Some(object) = request.object.as_ref().filter(|object| !object.encrypted) {
        signed(case, object, findings);
        mismatch(request, object, findings);
    }
}

/// RFC 9101 §10.1: with `alg` `none` nothing is protected; RFC 8725 §3.2. An object that never ends can be sent again.
fn signed(case: &Case<'_>, object: &SignedMessage<'_>, findings: &mut Findings<'_>) {
    let alg = present(&object.alg).map(AsRef::as_ref).unwrap_or_default();
    let latest = case.judged.now.as_secs().saturating_add(OBJECT_LIFE);
    let what = match () {
        () if alg.is_empty() || alg.eq_ignore_ascii_case("none") => "request.object.alg=none",
        () if alg.starts_with("HS") => "request.object.alg",
        () if object.exp.is_absent() => "request.object.exp=absent",
        () if present(&object.exp).is_some_and(|exp| *exp > latest) => "request.object.exp",
        () => return,
    };
    findings.when(true, Rule::A16, &[what]);
}

/// RFC 9101 §6.3: the `client_id` values "MUST" be the same, and what stands outside is not to be used; §10.7 on mixing. OIDC
/// Core §6.1: `response_type` and `client_id` outside "MUST match".
fn mismatch(request: &AuthorizationRequest<'_>, object: &SignedMessage<'_>, findings: &mut Findings<'_>) {
    let differs = request.object_differs.iter().copied().find(|name| COPIED.contains(name));
    let wrong = |verdict: Option<Comparison>| verdict == Some(Comparison::Wrong);
    let checks = [(wrong(object.checks.iss), "request.object.iss"), (wrong(object.checks.aud), "request.object.aud")];
    let claim = checks.into_iter().find_map(|(wrong, what)| wrong.then_some(what));
    let found = differs.or(claim);
    findings.when(found.is_some(), Rule::A17, &Vec::from_iter(found));
}

/// RFC 9700 §2.1.2: "clients SHOULD NOT use the implicit grant (response type token)".
fn grant(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    let token = holds(&request.response_type, "token");
    let id_token = holds(&request.response_type, "id_token");
    let mode = |mode: &str| present(&request.response_mode).is_some_and(|asked| asked == mode);
    findings.when(token, Rule::A01, &["response_type=token"]);
    findings.when(id_token && !mode("form_post"), Rule::A02, &["response_type=id_token"]);
    findings.when((token || id_token) && mode("query"), Rule::A24, &["response_mode=query"]);
    let nonce = request.oidc_nonce.is_absent() && !case.is_request_hidden();
    findings.when(id_token && nonce, Rule::A09, &["nonce=absent"]);
}

/// RFC 9700 §2.1.1: "Public clients MUST use PKCE", and of confidential clients: "the use of PKCE is RECOMMENDED".
fn binding(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    let (state, nonce, challenge) = (&request.oauth_state, &request.oidc_nonce, &request.code_challenge);
    let visible = !case.is_request_hidden();
    let missing = visible && is_missing(challenge);
    let public = case.client().and_then(|client| client.confidential) == Some(false);
    let protected = holds(&request.scope, "openid") && !nonce.is_absent();
    let severity = match (public, protected && case.settings.baseline.is_none()) {
        (true, _) => Severity::High,
        (false, true) => Severity::Low,
        (false, false) => Severity::Medium,
    };
    findings.graded(missing && holds(&request.response_type, "code"), Rule::A03, severity, &["code_challenge=absent"]);
    let method = present(&request.code_challenge_method).map(AsRef::as_ref);
    let plain = present(challenge).is_some() && matches!(method, None | Some("plain"));
    findings.when(plain, Rule::A04, &["code_challenge_method=plain"]);
    let malformed = case.observation.circumstances.challenge_malformed;
    findings.when(malformed, Rule::A05, &["code_challenge=malformed"]);
    let unbound = visible && is_missing(state) && is_missing(nonce) && is_missing(challenge);
    let asked = present(&request.response_type).is_some();
    findings.when(unbound && asked, Rule::A07, &["state=absent", "nonce=absent", "code_challenge=absent"]);
    let short = present(state).is_some_and(|length| *length < STATE);
    let severity = if is_missing(challenge) { Severity::Medium } else { Severity::Low };
    findings.graded(short, Rule::A08, severity, &["state=short"]);
}

/// Absent, or without a value; what is there in another way is not missing.
fn is_missing<T>(seen: &Seen<T>) -> bool {
    matches!(seen, Seen::Absent | Seen::Malformed(Malformation::Empty))
}

/// RFC 6749 §3.1.2.1: the redirection endpoint SHOULD require TLS; RFC 9700 §2.1: exact string matching.
fn redirection(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    let openid = holds(&request.scope, "openid") && !case.is_request_hidden();
    findings.when(openid && is_missing(&request.redirect_uri), Rule::A14, &["redirect_uri=absent"]);
    let Some(uri) = present(&request.redirect_uri) else { return };
    let parts = UrlParts::read(uri.as_bytes());
    let known = case.client().map(|client| client.redirect_uris.as_slice()).unwrap_or_default();
    findings.when(!known.is_empty() && !is_listed(uri, known), Rule::A10, &["redirect_uri=unlisted"]);
    match host_kind(&parts) {
        Host::Other => findings.when(is_http(&parts), Rule::A11, &["redirect_uri=http"]),
        Host::Localhost => findings.graded(is_http(&parts), Rule::A11, Severity::Low, &["redirect_uri=localhost"]),
        Host::Loopback => {}
    }
    let odd = oddity(uri, known);
    findings.when(odd.is_some(), Rule::A12, &Vec::from_iter(odd));
    findings.when(leads_on(uri), Rule::A13, &["redirect_uri.query=url"]);
}

/// RFC 9101 §10.4: fetching a `request_uri` is what makes a server reach where a stranger wants.
fn object(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    let declared = case.observation.circumstances.declared.is_some_and(|declared| declared.par_required);
    let own = case.client().is_some_and(|client| client.par_required);
    let pushed = request.form == Some(RequestForm::Par);
    findings.when((declared || own) && !pushed, Rule::A18, &["form"]);
    let known = case.client().map(|client| client.request_uris.as_slice()).unwrap_or_default();
    let mut links = case.observation.links.iter();
    let uri = links.find(|link| link.role == LinkRole::Par).map(|link| link.value.expose());
    let listed = uri.is_some_and(|uri| known.iter().any(|known| known.as_bytes() == uri.as_ref()));
    findings.when(request.form == Some(RequestForm::RequestUri) && !listed, Rule::A19, &["request_uri=unlisted"]);
}

/// RFC 9700 §2.3: privileges SHOULD be restricted to the minimum required. And OIDC Core §17.1 of what URLs give away.
fn client(case: &Case<'_>, request: &AuthorizationRequest<'_>, findings: &mut Findings<'_>) {
    let allowed = case.client().map(|client| client.scopes.as_slice()).unwrap_or_default();
    let asked = present(&request.scope).map(Vec::as_slice).unwrap_or_default();
    let excess = !allowed.is_empty() && asked.iter().any(|scope| !allowed.iter().any(|allowed| allowed == scope));
    findings.when(excess, Rule::A25, &["scope=unlisted"]);
    if request.delivery != Some(Delivery::Query) {
        return;
    }
    let hint = present(&request.login_hint).is_some_and(|hint| is_email(hint) || is_number(hint));
    let found = match () {
        () if hint => "login_hint",
        () if request.id_token_hint => "id_token_hint",
        () if case.observation.circumstances.claims_valued => "claims",
        () => return,
    };
    findings.when(true, Rule::A23, &[found]);
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.starts_with('+') && digits >= 7
}

/// RFC 9700 §2.6: CORS "MUST NOT be supported at the authorization endpoint"; §4.16: against clickjacking, servers use
/// Content Security Policy level 2 or later, and `X-Frame-Options` for old browsers.
pub(super) fn page(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(answer) = case.answer() else { return };
    findings.when(answer.first("access-control-allow-origin").is_some(), Rule::A26, &["access-control-allow-origin"]);
    let page = case.status() == Some(200) && answer.media_type() == Some(MediaType::Html);
    let policy =
        || answer.all("content-security-policy").any(|line| super::redirect::contains(line, b"frame-ancestors"));
    let open = page && answer.first("x-frame-options").is_none() && !policy();
    let carries = case.judged.observations.len() > 1;
    findings.when(open && !carries, Rule::A27, &["x-frame-options=absent", "content-security-policy=absent"]);
}

impl Case<'_> {
    /// Pushed, referenced, in an object that cannot be read, or cut.
    fn is_request_hidden(&self) -> bool {
        let request = match &self.observation.message {
            Message::AuthorizationRequest(request) => request.as_ref(),
            Message::Pushed(pushed) => &pushed.request,
            _ => return false,
        };
        let elsewhere = matches!(request.form, Some(RequestForm::Par | RequestForm::RequestUri));
        let sealed = request.form == Some(RequestForm::Request) && request.object.is_none();
        let groups = [Hidden::JweRequest, Hidden::Truncated, Hidden::Undecoded];
        let hidden = self.observation.hidden.iter().any(|group| groups.contains(group));
        elsewhere || sealed || hidden || self.observation.integrity.parameters_cut
    }

    pub(super) fn fapi(&self) -> bool {
        self.settings.baseline == Some(Baseline::Fapi2)
    }
}

/// Octets of a `state` that nobody guesses: 96 bits in base64url.
const STATE: usize = 16;

/// Seconds that a request object may live.
const OBJECT_LIFE: u64 = 3_600;

/// Parameters whose copies beside a request object decide who asks, and where it goes. `scope` is not: OIDC Core §6.1 has
/// `openid` alone outside.
const COPIED: [&str; 3] = ["client_id", "redirect_uri", "response_type"];
