//! Events in words.

use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::role::Role;

/// What happened, in at most [`LONGEST`] characters; nothing for an event that this version does not know.
pub(crate) fn words(entry: &Entry) -> Option<&'static str> {
    Some(match &*entry.event {
        "authorization.request" if entry.silent => "silent login requested",
        "authorization.request" => "login requested",
        "authorization.response" => match (entry.has(Role::Code), entry.has(Role::At) || entry.has(Role::Idt)) {
            (true, false) => "sent back with a code",
            (true, true) => "sent back, code + tokens",
            (false, true) => "sent back with tokens",
            (false, false) => "sent back",
        },
        "login.attempt" => match entry.outcome {
            Outcome::Failure => "login failed",
            Outcome::Pending => "login goes on",
            Outcome::Success => "logged in",
            Outcome::Unknown | Outcome::Unstated => "login form sent",
        },
        "token.denied" => match entry.grant.as_deref() {
            Some("authorization_code") => "code refused",
            Some("refresh_token") => "refresh refused",
            Some("password") => "password refused",
            _ => "token refused",
        },
        "token.issued" => match entry.grant.as_deref() {
            Some("authorization_code") => "code redeemed for tokens",
            Some("client_credentials") => "token for the client",
            Some("password") => "tokens for a password",
            _ => "tokens issued",
        },
        event => {
            let (_, done, refused) = WORDS.iter().find(|(known, ..)| *known == event)?;
            if entry.outcome == Outcome::Failure { refused } else { done }
        }
    })
}

/// Columns of the longest of them.
pub(crate) const LONGEST: usize = 28;

/// The event, in words; and in those of its failure.
const WORDS: &[(&str, &str, &str)] = &[
    ("audit.config.rejected", "configuration rejected", "configuration rejected"),
    ("audit.drop", "records dropped", "records dropped"),
    ("audit.start", "audit started", "audit started"),
    ("audit.stop", "audit stopped", "audit stopped"),
    ("authorization.error", "sent back with an error", "sent back with an error"),
    ("authorization.initiated", "sent to log in", "sent to log in"),
    ("bearer.missing", "API called without a token", "API called without a token"),
    ("bearer.rejected", "API refused the token", "API refused the token"),
    ("bearer.used", "API called", "API called"),
    ("callback.received", "callback at the client", "callback at the client"),
    ("challenge.response", "credentials taken", "credentials refused"),
    ("ciba.notified", "decoupled login announced", "decoupled login announced"),
    ("ciba.pushed", "tokens pushed", "refusal pushed"),
    ("ciba.request", "decoupled login requested", "decoupled login refused"),
    ("client.auth_failed", "client not authenticated", "client not authenticated"),
    ("client.deleted", "client deleted", "client not deleted"),
    ("client.metadata_fetched", "client's documents read", "client's documents read"),
    ("client.read", "client read", "client not read"),
    ("client.registered", "client registered", "registration refused"),
    ("client.updated", "client changed", "client not changed"),
    ("consent.decision", "consent given", "consent refused"),
    ("credential.issued", "credential issued", "credential refused"),
    ("device.authorization", "device login requested", "device login refused"),
    ("device.user_code", "device code typed", "device code refused"),
    ("discovery.fetched", "metadata read", "metadata read"),
    ("federation.fetched", "federation document read", "federation document read"),
    ("interaction.step", "page of the provider", "page of the provider"),
    ("jwks.fetched", "keys read", "keys read"),
    ("login.initiated_by_third_party", "login begun by a third party", "login begun by a third party"),
    ("logout.backchannel", "client told of logout", "client refused logout"),
    ("logout.completed", "logged out", "logout failed"),
    ("logout.frontchannel", "client's page told of logout", "client's page told of logout"),
    ("logout.local", "logged out at the client", "logged out at the client"),
    ("logout.requested", "logout requested", "logout refused"),
    ("logout.returned", "back after logout", "back after logout"),
    ("oauth.unknown", "unknown message", "unknown message"),
    ("par.request", "login request pushed", "pushed request refused"),
    ("request_object.fetched", "request object fetched", "no request object"),
    ("response.aborted", "client left before the end", "client left before the end"),
    ("security.dpop_nonce", "asked for another proof", "asked for another proof"),
    ("session.checked", "session looked at", "session looked at"),
    ("session.terminated", "session ended", "session not ended"),
    ("signal.received", "security event received", "security event received"),
    ("token.exchanged", "token exchanged", "token exchanged"),
    ("token.introspected", "token looked up", "token look-up refused"),
    ("token.pending", "token not yet", "token not yet"),
    ("token.refreshed", "tokens refreshed", "tokens refreshed"),
    ("token.request", "token request, no answer", "token request, no answer"),
    ("token.revoked", "token revoked", "revocation refused"),
    ("token.validated_legacy", "token validated", "validation refused"),
    ("token.withheld", "token withheld", "token withheld"),
    ("userinfo.accessed", "userinfo read", "userinfo refused"),
];

#[cfg(test)]
mod tests {
    use oidc_audit::oauth::ProtocolEvent;

    use super::*;
    use crate::timeline::sample::{Sample, entries};

    #[test]
    fn every_event_of_the_filter_has_words_that_fit() {
        for event in ProtocolEvent::ALL {
            let entries = entries(&[Sample::new(0, event.as_str())]);
            let words = words(&entries[0]);
            let columns = words.map(|words| words.chars().count());
            assert!(columns.is_some_and(|columns| columns <= LONGEST), "{}: {words:?}", event.as_str());
        }
    }
}
