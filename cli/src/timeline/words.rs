//! Events in words.

use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::role::Role;

/// What happened, in at most [`LONGEST`] characters; nothing for an event that this version does not know.
pub(crate) fn words(entry: &Entry) -> Option<&'static str> {
    let refused = entry.outcome == Outcome::Failure;
    let either = |done, refusal| if refused { refusal } else { done };
    Some(match &*entry.event {
        "audit.config.rejected" => "configuration rejected",
        "audit.drop" => "records dropped",
        "audit.start" => "audit started",
        "audit.stop" => "audit stopped",
        "authorization.error" => "sent back with an error",
        "authorization.initiated" => "sent to log in",
        "authorization.request" => match entry.silent {
            true => "silent login requested",
            false => "login requested",
        },
        "authorization.response" => match (entry.has(Role::Code), entry.has(Role::At) || entry.has(Role::Idt)) {
            (true, false) => "sent back with a code",
            (true, true) => "sent back, code + tokens",
            (false, true) => "sent back with tokens",
            (false, false) => "sent back",
        },
        "bearer.rejected" => "API refused the token",
        "bearer.used" => "API called",
        "callback.received" => "callback at the client",
        "ciba.request" => either("decoupled login requested", "decoupled login refused"),
        "client.auth_failed" => "client not authenticated",
        "client.deleted" => either("client deleted", "client not deleted"),
        "client.registered" => either("client registered", "registration refused"),
        "client.updated" => either("client changed", "client not changed"),
        "device.authorization" => either("device login requested", "device login refused"),
        "login.attempt" => either("logged in", "login failed"),
        "logout.backchannel" => either("client told of logout", "client refused logout"),
        "logout.completed" => either("logged out", "logout failed"),
        "logout.frontchannel" => "client's page told of logout",
        "logout.requested" => either("logout requested", "logout refused"),
        "logout.returned" => "back after logout",
        "par.request" => either("login request pushed", "pushed request refused"),
        "response.aborted" => "client left before the end",
        "session.terminated" => either("session ended", "session not ended"),
        "signal.received" => "security event received",
        "token.denied" => match entry.grant.as_deref() {
            Some("authorization_code") => "code refused",
            Some("refresh_token") => "refresh refused",
            Some("password") => "password refused",
            _ => "token refused",
        },
        "token.exchanged" => "token exchanged",
        "token.introspected" => either("token looked up", "token look-up refused"),
        "token.issued" => match entry.grant.as_deref() {
            Some("authorization_code") => "code redeemed for tokens",
            Some("client_credentials") => "token for the client",
            Some("password") => "tokens for a password",
            _ => "tokens issued",
        },
        "token.pending" => "token not yet",
        "token.refreshed" => "tokens refreshed",
        "token.request" => "token request, no answer",
        "token.revoked" => either("token revoked", "revocation refused"),
        "token.withheld" => "token withheld",
        "userinfo.accessed" => either("userinfo read", "userinfo refused"),
        _ => return None,
    })
}

/// Columns of the longest of them.
pub(crate) const LONGEST: usize = 28;
