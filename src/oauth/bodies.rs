//! Which bodies are read, and how much of them. What is not read cannot leak: no login form, no page without a use.

use super::bearer;
use super::client_documents;
use super::endpoint::EndpointKind as Kind;
use super::html_form;
use super::limits::LoginForms;
use super::login;
use super::party::Side;
use super::policy::{Interest, Issuer, Policy};
use super::provider::Purpose;
use crate::body::Body;
use crate::http::{MediaType, RequestHead, ResponseHead, UrlParts, normalise_path};

/// What is read of a request, decided on its head.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BodyPlan {
    /// The most bytes of the request body that are read; `None` to leave it alone.
    pub request: Option<usize>,
}

impl Policy {
    /// Whether an exchange can hold a protocol message at all: not `HEAD` or a preflight, gRPC, or an upgrade
    /// (PROTOCOL §1.3). At a resource server alone only the use of a token is one, and it may ask for an upgrade.
    #[must_use]
    pub fn is_relevant(&self, interest: &Interest, head: &RequestHead) -> bool {
        let party = interest.issuer.is_some() || interest.owners.relying_party.is_some() || interest.endpoint.is_some();
        (party && can_be_message(head)) || self.is_use(interest, head)
    }

    /// Whether a request is one for a resource, with a token where requests without are nobody's business.
    pub(super) fn is_use(&self, interest: &Interest, head: &RequestHead) -> bool {
        let server = interest.owners.resource_server.and_then(|index| self.parties.get(index));
        interest.kind().is_none() && server.is_some_and(|server| bearer::is_use(server, head))
    }

    /// Which bodies are read of a request. Never the body of an interaction (it holds passwords) unless the operator asked
    /// for user names, and never that of a request to an unknown path once the issuer's endpoints are known, or of a client
    /// that named no endpoint there.
    #[must_use]
    pub fn bodies(&self, interest: &Interest, head: &RequestHead) -> BodyPlan {
        let names = self.limits.login_forms == LoginForms::Username;
        let named = |issuer: &Issuer| {
            names && login::is_form(issuer, interest.kind(), head).is_some_and(|form| !form.usernames.is_empty())
        };
        let issuer = interest.issuer.and_then(|issuer| self.issuers.get(issuer));
        let of_issuer = interest.side == Side::AuthorizationServer
            && issuer.is_some_and(|issuer| wants_request(issuer, interest, head) || named(issuer));
        let of_party = (interest.side != Side::AuthorizationServer || interest.endpoint.is_none())
            && self.party_wants_request(interest.kind(), head);
        let wanted = (of_issuer || of_party) && can_be_message(head);
        BodyPlan { request: wanted.then_some(self.limits.request_body) }
    }

    /// Whether the answer to a login or consent form is judged by what is in it.
    fn is_judged(&self, issuer: &Issuer, head: &RequestHead) -> bool {
        let adapter = login::adapter(issuer, head, &|_| true);
        adapter.is_some_and(|adapter| self.limits.login_forms != LoginForms::Off || adapter.purpose == Purpose::Consent)
    }

    /// The most bytes of the response body that are read, decided on its head; `None` to leave it alone.
    #[must_use]
    pub fn response_bodies(&self, interest: &Interest, head: &RequestHead, response: &ResponseHead) -> Option<usize> {
        let status = response.status()?;
        let bodiless = status < 200 || (300..400).contains(&status) || matches!(status, 204 | 205);
        if bodiless || !can_be_message(head) {
            return None;
        }
        if interest.side != Side::AuthorizationServer {
            return self.party_response(interest.kind(), status, response);
        }
        let issuer = self.issuers.get(interest.issuer?)?;
        let media = response.headers.media_type();
        let json = Some(self.limits.json_body);
        let html = (media == Some(MediaType::Html)).then_some(self.limits.html_body);
        let error = if media == Some(MediaType::Json) && status >= 400 { json } else { None };
        // An answer to a script of the server's own pages may hold the redirect (H-08).
        let script = if media == Some(MediaType::Json) && status == 200 { json } else { None };
        match interest.kind() {
            Some(Kind::Token | Kind::Userinfo) => json,
            Some(Kind::Discovery | Kind::Federation | Kind::Jwks | Kind::Webfinger) => {
                json.filter(|_| status == 200 && html.is_none())
            }
            _ if html.is_none() && self.is_judged(issuer, head) => json,
            Some(kind) if kind.is_back_channel() => json.filter(|_| html.is_none()),
            Some(Kind::Authorization) => html.or(error).or(script),
            Some(Kind::Callback) => html,
            Some(Kind::Interaction | Kind::Resume) => html.or(script),
            Some(Kind::DeviceVerification)
                if issuer.profile().is_some_and(|profile| profile.user_code_page.is_some()) =>
            {
                html
            }
            Some(Kind::EndSession) => html.or(error),
            Some(Kind::AdminSession) => error,
            None if expects_json(issuer, head) && html.is_none() => json,
            None => html,
            Some(_) => None,
        }
    }

    /// What of the requests to a client or resource server is read: what its endpoints take, security events, and forms
    /// that an authorization server's page posts (Form Post Response Mode §2).
    fn party_wants_request(&self, kind: Option<Kind>, head: &RequestHead) -> bool {
        if head.method() != Some(b"POST") {
            return false;
        }
        let media = head.headers.media_type();
        let form = media == Some(MediaType::Form);
        match kind {
            Some(Kind::BackchannelLogout | Kind::SetReceiver) => true,
            Some(Kind::Callback | Kind::InitiateLogin | Kind::FrontchannelLogout) => form,
            Some(Kind::CibaNotification) => matches!(media, Some(MediaType::Json) | None),
            Some(_) => false,
            None if is_security_event(head) => true,
            None => form && (self.is_from_an_issuer(head) || is_for_a_back_channel(head)),
        }
    }

    fn party_response(&self, kind: Option<Kind>, status: u16, response: &ResponseHead) -> Option<usize> {
        let is_json = response.headers.media_type() == Some(MediaType::Json);
        let Some(kind) = kind else {
            return (status == 200 && client_documents::is_request_object(response)).then_some(self.limits.json_body);
        };
        let wanted = match kind {
            Kind::RequestObject => status == 200,
            Kind::Login => status < 300 && is_json,
            Kind::BackchannelLogout | Kind::SetReceiver => status >= 400 && is_json,
            _ => false,
        };
        wanted.then_some(self.limits.json_body)
    }

    /// Whether a page of a watched issuer sent the request (RFC 6454 §7).
    fn is_from_an_issuer(&self, head: &RequestHead) -> bool {
        let host = head.headers.first("origin").and_then(|origin| UrlParts::read(origin).host());
        host.is_some_and(|host| self.issuers.iter().any(|issuer| issuer.owns(host)))
    }
}

/// A form that no browser sent, to a path that says what it is for.
fn is_for_a_back_channel(head: &RequestHead) -> bool {
    let path = normalise_path(head.path().unwrap_or_default()).to_ascii_lowercase();
    let says = |word: &[u8]| path.windows(word.len()).any(|part| part == word);
    let browser = head.headers.first("cookie").is_some() || head.headers.first("origin").is_some();
    !browser && (says(b"backchannel") || says(b"back-channel"))
}

/// RFC 8935 §2.1
pub(super) fn is_security_event(head: &RequestHead) -> bool {
    head.headers.first("content-type").is_some_and(|value| {
        let name = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"application/secevent+jwt")
    })
}

/// Not `HEAD` or a preflight, gRPC, or an upgrade (PROTOCOL §1.3).
pub(super) fn can_be_message(head: &RequestHead) -> bool {
    let method = head.method().unwrap_or_default();
    let spoken = !matches!(method, b"HEAD" | b"OPTIONS" | b"CONNECT" | b"TRACE");
    spoken && head.headers.media_type() != Some(MediaType::Grpc) && head.headers.first("upgrade").is_none()
}

/// Whether a response body that is still coming can be left alone from here on: it is a page whose form has ended.
#[must_use]
pub fn has_enough(response: &ResponseHead, body: &Body) -> bool {
    let page = response.headers.media_type() == Some(MediaType::Html);
    page && response.headers.first("content-encoding").is_none() && html_form::is_decided(body.bytes())
}

fn wants_request(issuer: &Issuer, interest: &Interest, head: &RequestHead) -> bool {
    let updates = matches!(interest.kind(), Some(Kind::ClientConfiguration | Kind::Registration));
    match head.method() {
        Some(b"POST") => {}
        Some(b"PUT" | b"PATCH") if updates => {}
        _ => return false,
    }
    let form = matches!(head.headers.media_type(), Some(MediaType::Form) | None);
    match interest.kind() {
        // Whatever it says it is: a token request with an odd content type is one that an auditor wants to see.
        Some(Kind::Token) => true,
        Some(kind) if kind.is_back_channel() => true,
        // A provider is a client of others: what they post to it is read as a client's.
        Some(Kind::BackchannelLogout | Kind::Callback) => form,
        Some(Kind::Authorization | Kind::DeviceVerification | Kind::EndSession | Kind::Userinfo) => form,
        // RFC 9493 §3: who is signed out stands in a JSON body.
        Some(Kind::AdminSession) => form || head.headers.media_type() == Some(MediaType::Json),
        Some(Kind::EndSessionConfirm) => {
            form && issuer.profile().is_some_and(|profile| profile.logout_consent.is_some())
        }
        Some(_) => false,
        None => head.headers.media_type() == Some(MediaType::Form) && !issuer.is_mapped(),
    }
}

/// A message that is told by its answer: of a back channel (H-10, H-13 to H-17, H-22), UserInfo (H-18), or a document that
/// is fetched (H-24, H-25).
fn expects_json(issuer: &Issuer, head: &RequestHead) -> bool {
    let media = head.headers.media_type();
    let asked = head.method() == Some(b"POST") && matches!(media, Some(MediaType::Form | MediaType::Json));
    let fetched = head.method() == Some(b"GET") && super::recognise::well_known(head).is_some();
    let keys = head.method() == Some(b"GET") && super::recognise::is_keys_path(head) && !issuer.knows(Kind::Jwks);
    let userinfo = head.headers.first("authorization").is_some() && super::recognise::is_userinfo_path(head);
    fetched || ((asked || keys) && !issuer.is_mapped()) || (userinfo && !issuer.knows(Kind::Userinfo))
}

#[cfg(test)]
mod tests {
    use super::super::policy::IssuerSettings;
    use super::super::{Limits, Provider};
    use super::*;
    use crate::http::Headers;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers::new(pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
    }

    fn policy(provider: Option<Provider>) -> Policy {
        let issuer = IssuerSettings { issuer: "https://idp.test".to_owned(), provider, ..IssuerSettings::default() };
        Policy::new(vec![issuer], Limits::default()).unwrap()
    }

    fn request(policy: &Policy, method: &str, path: &str, media: &str) -> Option<usize> {
        let head = RequestHead { headers: headers(&[(":method", method), (":path", path), ("content-type", media)]) };
        policy.bodies(&policy.triage(b"idp.test", path.as_bytes()).unwrap(), &head).request
    }

    fn response(policy: &Policy, path: &str, status: &str, media: &str) -> Option<usize> {
        let head = RequestHead { headers: headers(&[(":method", "GET"), (":path", path)]) };
        let answer = ResponseHead { headers: headers(&[(":status", status), ("content-type", media)]) };
        policy.response_bodies(&policy.triage(b"idp.test", path.as_bytes()).unwrap(), &head, &answer)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_login_form_is_never_read() {
        let policy = policy(Some(Provider::OidcProvider));
        assert_eq!(request(&policy, "POST", "/interaction/x", FORM), None);
        assert_eq!(request(&policy, "POST", "/token", "text/plain"), Some(65536));
        assert_eq!(request(&policy, "OPTIONS", "/token", FORM), None);
        assert_eq!(request(&policy, "GET", "/token", FORM), None);
    }

    #[test]
    fn an_unknown_path_is_read_only_until_the_endpoints_are_known() {
        let mut policy = policy(None);
        assert_eq!(request(&policy, "POST", "/x", FORM), Some(65536));
        assert_eq!(request(&policy, "POST", "/x", "application/json"), None);
        policy.learn(0, br#"{"issuer":"https://idp.test","token_endpoint":"https://idp.test/token"}"#).unwrap();
        assert_eq!(request(&policy, "POST", "/x", FORM), None);
        assert_eq!(request(&policy, "POST", "/token", FORM), Some(65536));
    }

    #[test]
    fn pages_are_read_where_a_response_can_be_in_one() {
        let policy = policy(Some(Provider::OidcProvider));
        assert_eq!(response(&policy, "/auth", "200", "text/html; charset=utf-8"), Some(131_072));
        assert_eq!(response(&policy, "/auth/x", "400", "text/html"), Some(131_072));
        assert_eq!(response(&policy, "/somewhere", "200", "text/html"), Some(131_072));
        assert_eq!(response(&policy, "/somewhere", "200", "application/json"), None);
        assert_eq!(response(&policy, "/auth", "303", "text/html"), None);
        assert_eq!(response(&policy, "/jwks", "200", "text/html"), None);
        assert_eq!(response(&policy, "/jwks", "200", "application/jwk-set+json"), Some(262_144));
        assert_eq!(response(&policy, "/jwks", "404", "text/plain"), None);
        assert_eq!(response(&policy, "/token", "200", "text/plain"), Some(262_144));
        assert_eq!(response(&policy, "/session/end", "200", "text/html"), Some(131_072));
    }
}
