//! Logout by the browser and by what authorization servers tell clients (S-01 to S-13). Whether sessions really ended is what several records show.

use super::finding::{Findings, Severity};
use super::redirect::is_listed;
use super::table::Rule;
use super::{Case, present};
use crate::oauth::{AccessToken, Delivery, LinkRole, Logout, Outcome, ProtocolEvent, Reason, Side, SignatureCheck};

pub(super) fn judge(case: &Case<'_>, logout: &Logout<'_>, findings: &mut Findings<'_>) {
    match case.observation.event {
        ProtocolEvent::LogoutBackchannel => {
            if let Some(token) = &logout.token {
                notice(case, logout, token, findings);
            }
            let refused = matches!(case.observation.outcome, Outcome::Failure);
            let silent = case.observation.reason == Some(Reason::NoResponse);
            // A client that refuses a token that is wrong does what it must.
            findings.when((refused && findings.is_empty()) || silent, Rule::S06, &["exchange.status"]);
            cacheable(case, findings);
        }
        ProtocolEvent::LogoutFrontchannel => {
            let session = case.observation.links.iter().any(|link| link.role == LinkRole::Sid);
            findings.when(session == logout.iss.is_absent(), Rule::S11, &["request.iss", "request.sid"]);
            cacheable(case, findings);
        }
        _ => browser(case, logout, findings),
    }
}

/// Back-Channel Logout 1.0 §2.8, Front-Channel Logout 1.0 §2: the answer "SHOULD include `Cache-Control: no-store`".
fn cacheable(case: &Case<'_>, findings: &mut Findings<'_>) {
    let answered = case.status().is_some_and(|status| (200..300).contains(&status));
    findings.when(answered && !case.no_store(), Rule::S07, &["cache-control"]);
}

/// Back-Channel Logout 1.0 §2.4, §2.6: what a client checks of a logout token.
fn notice(case: &Case<'_>, logout: &Logout<'_>, token: &AccessToken<'_>, findings: &mut Findings<'_>) {
    let Some(said) = token.presented.as_ref().filter(|_| !token.claim_names.is_empty()) else { return };
    let has = |name: &str| token.claim_names.iter().any(|claim| claim == name);
    findings.when(has("nonce"), Rule::S01, &["token.nonce"]);
    let about = logout.events.iter().any(|event| event == BACK_CHANNEL);
    findings.when(!about, Rule::S02, &["token.events"]);
    findings.when(!has("sub") && !has("sid"), Rule::S03, &["token.sub=absent", "token.sid=absent"]);
    let unsigned = present(&said.alg).is_none_or(|alg| alg.eq_ignore_ascii_case("none"));
    findings.when(unsigned, Rule::S04, &["token.alg=none"]);
    // A broker is told by another issuer than itself.
    let own = case.observation.issuer.as_deref().filter(|_| case.observation.side == Side::RelyingParty);
    let foreign = own.zip(present(&said.iss)).is_some_and(|(own, iss)| own != iss);
    findings.when(foreign && !unsigned, Rule::S04, &["token.iss", "issuer"]);
    let now = case.judged.now.as_secs();
    let exp = present(&token.exp).copied();
    let life = exp.zip(present(&said.iat)).map(|(exp, iat)| exp.saturating_sub(*iat)).unwrap_or_default();
    findings.when(token.exp.is_absent(), Rule::S05, &["token.exp=absent"]);
    let past = exp.is_some_and(|exp| exp.saturating_add(SKEW) < now);
    findings.when(past, Rule::S05, &["token.exp"]);
    findings.graded(!past && life > LIFE, Rule::S05, Severity::Info, &["token.exp", "token.iat"]);
}

fn browser(case: &Case<'_>, logout: &Logout<'_>, findings: &mut Findings<'_>) {
    let completed = case.observation.event == ProtocolEvent::LogoutCompleted;
    let requested = case.observation.event == ProtocolEvent::LogoutRequested;
    let known = case.client().map(|client| client.post_logout_redirect_uris.as_slice()).unwrap_or_default();
    let unlisted =
        present(&logout.post_logout_redirect_uri).is_some_and(|uri| !known.is_empty() && !is_listed(uri, known));
    // One exchange may hold both events: the return is judged where it happened, and where it was refused.
    let judged = completed || !case.has(ProtocolEvent::LogoutCompleted);
    findings.when(unlisted && judged, Rule::S08, &["request.post_logout_redirect_uri=unlisted"]);
    let asked = present(&logout.post_logout_redirect_uri).is_some() && case.has(ProtocolEvent::LogoutRequested);
    findings.when(completed && asked && !logout.id_token_hint, Rule::S09, &["request.id_token_hint=absent"]);
    let in_url = requested && logout.delivery == Some(Delivery::Query) && logout.id_token_hint;
    findings.when(in_url, Rule::S12, &["request.id_token_hint"]);
    hint(case, logout, completed, findings);
}

/// RP-Initiated Logout 1.0 §2: with a `client_id` that does not match the hint's audience, the server "MUST NOT" go on.
fn hint(case: &Case<'_>, logout: &Logout<'_>, completed: bool, findings: &mut Findings<'_>) {
    let Some(hint) = logout.hint.as_ref().filter(|_| completed) else { return };
    super::claims::judge_kind(hint, findings);
    findings.when(hint.signature == SignatureCheck::Failed, Rule::S13, &["id_token.signature=failed"]);
    let foreign =
        case.client_id().zip(present(&hint.aud)).is_some_and(|(client, aud)| !aud.iter().any(|aud| aud == client));
    findings.when(foreign, Rule::S13, &["id_token.aud", "client.id"]);
}

/// Back-Channel Logout 1.0 §2.4.
const BACK_CHANNEL: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Seconds: "preferably at most two minutes in the future" (Back-Channel Logout 1.0 §4).
const LIFE: u64 = 120;

/// Seconds by which clocks may differ.
const SKEW: u64 = 60;
