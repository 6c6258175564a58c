//! Judgement: from what an exchange said to what is wrong with it ([`Finding`]).
//!
//! Knows the protocol's observations and the operator's word about the deployment. Does not know records, joins, other
//! exchanges or how anything is stored: what several records decide is judged where they are.
//!
//! A rule fires on what was seen. What is hidden (pushed, encrypted, cut) is not missing. Nothing is judged of an answer
//! of the proxy itself.

mod authorization;
mod bearer;
mod channel;
mod claims;
mod clients;
mod finding;
mod logout;
mod redirect;
mod response;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod token;

use std::net::IpAddr;

use crate::http::{Headers, RequestHead, ResponseHead};
use crate::oauth::{ClientAuthMethod, Message, Observation, Outcome, ProtocolEvent};
use crate::time::Timestamp;

use finding::Findings;
pub use finding::{Finding, MAX_FINDINGS, Severity};
pub use settings::{Baseline, ClientRules, Lifetimes, Plaintext, RuleSettings};
pub use table::Rule;
#[cfg(not(target_family = "wasm"))]
pub use table::{RuleText, table};

/// One exchange as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The request head.
    pub request: &'a RequestHead,
    /// The response head, if one was seen.
    pub response: Option<&'a ResponseHead>,
    /// All that was observed in it.
    pub observations: &'a [Observation<'a>],
    /// Where it came from.
    pub hop: Hop,
    /// When it ended.
    pub now: Timestamp,
}

/// The connection of a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hop {
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// Whether the connection itself had TLS.
    pub tls: bool,
    /// Whether the workload beside the proxy sent it: its own connection to the proxy never has TLS.
    pub outbound: bool,
    /// Whether the other end showed a certificate.
    pub certificate: bool,
    /// The proxy answered itself.
    pub local: bool,
}

/// Judges one observation of an exchange.
///
/// Allocates nothing where nothing is found; gives at most [`MAX_FINDINGS`].
#[must_use]
pub fn evaluate(settings: &RuleSettings, judged: &Judged<'_>, observation: &Observation<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(settings, observation.outcome == Outcome::Failure);
    if judged.hop.local {
        return findings.finish();
    }
    let asked = observation.circumstances.asked;
    let case = Case { settings, judged, observation, asked };
    match &observation.message {
        Message::AuthorizationRequest(request) => authorization::judge(&case, request, &mut findings),
        Message::AuthorizationResponse(response) => response::judge(&case, response, &mut findings),
        Message::Bearer(bearer) => bearer::judge(&case, bearer, &mut findings),
        Message::Interaction(_) => authorization::page(&case, &mut findings),
        Message::KeySet(set) => clients::judge_keys(set, &mut findings),
        Message::Logout(logout) => logout::judge(&case, logout, &mut findings),
        Message::Metadata(metadata) => clients::judge_metadata(&case, metadata, &mut findings),
        Message::Pushed(pushed) => clients::judge_pushed(&case, pushed, &mut findings),
        Message::Registration(client) => clients::judge_registration(&case, client, &mut findings),
        Message::Token(token) => token::judge(&case, token, &mut findings),
        Message::TokenQuery(query) => clients::judge_query(&case, query, &mut findings),
        Message::Userinfo(userinfo) => token::judge_use(&case, userinfo, &mut findings),
        _ => {}
    }
    token::judge_client(&case, &mut findings);
    channel::judge(&case, &mut findings);
    findings.finish()
}

/// What is found once per stream, and not in an exchange. `ephemeral`: no keys are configured.
#[must_use]
pub fn evaluate_start(settings: &RuleSettings, ephemeral: bool) -> Vec<Finding> {
    let mut findings = Findings::new(settings, false);
    findings.when(ephemeral, Rule::V04, &["audit.keys=ephemeral"]);
    findings.finish()
}

/// An observation in its exchange, with what rules ask of them.
struct Case<'a> {
    settings: &'a RuleSettings,
    judged: &'a Judged<'a>,
    observation: &'a Observation<'a>,
    /// The issuer that is configured for the endpoint.
    asked: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn client_id(&self) -> Option<&'a str> {
        present(&self.observation.client.id).map(AsRef::as_ref)
    }

    /// What the operator said of the client.
    fn client(&self) -> Option<&'a ClientRules> {
        self.settings.client(self.client_id()?, self.observation.issuer.as_deref())
    }

    fn succeeded(&self) -> bool {
        self.observation.outcome == Outcome::Success
    }

    fn has(&self, event: ProtocolEvent) -> bool {
        self.judged.observations.iter().any(|other| other.event == event)
    }

    fn fields(&self) -> &'a Headers {
        &self.judged.request.headers
    }

    fn answer(&self) -> Option<&'a Headers> {
        self.judged.response.map(|response| &response.headers)
    }

    fn status(&self) -> Option<u16> {
        self.judged.response.and_then(ResponseHead::status)
    }

    fn no_store(&self) -> bool {
        self.answer()
            .is_some_and(|answer| answer.list("cache-control").any(|member| member.eq_ignore_ascii_case(b"no-store")))
    }

    fn basic(&self) -> bool {
        self.observation.client.auth_method.is_some_and(|method| method != ClientAuthMethod::None)
    }

    fn is_post(&self) -> bool {
        self.judged.request.method() == Some(b"POST")
    }

    /// Whether the query of the request holds one of these names.
    fn in_query(&self, names: &[&'static str]) -> Option<&'static str> {
        in_query(self.judged.request.query()?, names)
    }
}

/// One of these names in a query.
fn in_query(query: &[u8], names: &[&'static str]) -> Option<&'static str> {
    crate::oauth::form::read(query)
        .filter(|pair| pair.value.as_ref().is_some_and(|value| !value.is_empty()))
        .find_map(|pair| names.iter().find(|name| *pair.name == *name.as_bytes()).copied())
}

/// A value, borrowed.
fn present<T>(seen: &crate::seen::Seen<T>) -> Option<&T> {
    seen.as_ref().present()
}

fn holds<T: AsRef<str>>(list: &crate::seen::Seen<Vec<T>>, word: &str) -> bool {
    present(list).is_some_and(|list| list.iter().any(|one| one.as_ref() == word))
}

/// A text with `@` and a point after it.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
}
