//! Logout by the browser (S-08 to S-13). Whether sessions really ended is what several records show.

use super::finding::Findings;
use super::redirect::is_listed;
use super::table::Rule;
use super::{Case, present};
use crate::oauth::{Delivery, Logout, ProtocolEvent, SignatureCheck};

pub(super) fn judge(case: &Case<'_>, logout: &Logout<'_>, findings: &mut Findings<'_>) {
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
    findings.when(hint.signature == SignatureCheck::Failed, Rule::S13, &["id_token.signature=failed"]);
    let foreign =
        case.client_id().zip(present(&hint.aud)).is_some_and(|(client, aud)| !aud.iter().any(|aud| aud == client));
    findings.when(foreign, Rule::S13, &["id_token.aud", "client.id"]);
}
