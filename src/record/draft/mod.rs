//! From an observation to a draft: everything that a record says but its place in a stream.
//!
//! This is where personal data and secrets stay behind. What a family of events adds is in a file of its own.

mod authorization;
mod back_channel;
mod bearer;
mod envelope;
mod id_token;
mod interaction;
mod logout;
mod made;
mod notices;
mod parties;
mod published;
mod registration;
mod signed_message;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;
mod words;

use std::borrow::Cow;

use crate::http::{RequestHead, ResponseHead};
use crate::oauth::{Message, Observation, Outcome, ResponseSource, Vantage};
use crate::record::class::Class;
use crate::record::event::Event;
use crate::record::keys::Keys;
use crate::record::model::{FindingSection, IntegritySection, ObserverSection, Pseudonym, Record};
use crate::record::notes::{MAX_INTEGER, Notes};
use crate::record::privacy::{Privacy, Profile, attempted_name, hint};
use crate::record::source::{network, source_address};
use crate::record::text::{TEXT_LIMIT, clean};
use crate::rules::Finding;
use crate::seen::Seen;
use crate::time::Timestamp;

pub use made::{CoalesceKey, Draft};

/// Which proxy this is; the same for all records of a root context. Empty texts are left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observer {
    /// Envoy node id.
    pub node: Option<String>,
    /// Istio workload name.
    pub workload: Option<String>,
    /// Kubernetes namespace.
    pub namespace: Option<String>,
    /// Pod name.
    pub pod: Option<String>,
}

/// What the host knows about an exchange beside its messages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// 128 random bits: what the records of one exchange share.
    pub exchange_id: [u8; 16],
    /// Start of the request.
    pub started: Timestamp,
    /// End of the stream.
    pub ended: Timestamp,
    /// Address of the downstream peer, with or without port.
    pub source_address: Option<String>,
    /// TLS version of the downstream connection (`TLSv1.3`).
    pub tls_version: Option<String>,
    /// Whether the downstream presented a certificate.
    pub mtls: Option<bool>,
    /// URI SAN of the downstream certificate.
    pub peer_spiffe_id: Option<String>,
    /// Which way the traffic goes.
    pub direction: Direction,
    /// The filter saw this exchange in the access log phase alone.
    pub log_only: bool,
    /// Who answered.
    pub response_source: ResponseSource,
}

/// Envoy's traffic direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Direction {
    /// To the workload beside the proxy.
    Inbound,
    /// From the workload beside the proxy.
    Outbound,
    /// Not a sidecar.
    #[default]
    Unspecified,
}

/// What all drafts of a root context rest on.
#[derive(Clone, Copy, Debug)]
pub struct Drafting<'a> {
    /// Keys of joins and pseudonyms.
    pub keys: &'a Keys,
    /// How much of a person is recorded.
    pub privacy: &'a Privacy,
    /// Which proxy this is.
    pub observer: &'a Observer,
}

/// Drafts the record of one observation.
///
/// Never fails: what cannot be recorded is named in `integrity`. Costs one keyed hash per link and identity claim, and
/// a copy of what is kept; bounded by the limits of PROTOCOL §2.9.
#[must_use]
pub fn draft(
    context: &Drafting<'_>,
    facts: &Facts,
    request: &RequestHead,
    response: Option<&ResponseHead>,
    vantage: Vantage,
    observation: &Observation<'_>,
    findings: &[Finding],
) -> Draft {
    let mut drafter = Drafter {
        keys: context.keys,
        profile: context.privacy.profile,
        issuer: observation.issuer.as_deref().unwrap_or_default(),
        outcome: observation.outcome,
        notes: Notes::default(),
    };
    let mut record = Record::of(Event::Protocol(observation.event), facts.started);
    record.dur_ms = Some(facts.ended.millis_since(facts.started).min(MAX_INTEGER));
    record.vantage = Some(vantage.as_str().to_owned());
    record.observer = context.observer.section(facts.direction);
    drafter.judgement(&mut record, observation);
    drafter.envelope(&mut record, (facts, request, response), observation);
    let source = source_address(facts.source_address.as_deref(), &request.headers, context.privacy.trusted_hops);
    drafter.source(&mut record, source, &request.headers);
    record.client = drafter.client(&observation.client);
    record.role = observation.broker.then(|| "broker".to_owned());
    record.subject = observation.subject.as_ref().and_then(|subject| drafter.subject(subject));
    drafter.message(&mut record, &observation.message);
    drafter.joins(&mut record, observation);
    record.hidden = observation.hidden.iter().map(|group| group.as_str().to_owned()).collect();
    record.integrity = drafter.integrity(observation);
    record.findings = sections(findings);

    let class = Class::of(observation);
    let coalesce_key = (class == Class::Failure).then(|| CoalesceKey {
        event: Event::Protocol(observation.event).as_str(),
        why: why(&record),
        network: source.map(|source| network(source.address)).unwrap_or_default().into(),
    });
    Draft::new(record, class, coalesce_key)
}

/// Why an exchange failed, and what was found in it: failures that differ in either are told apart.
fn why(record: &Record) -> Box<str> {
    let error = record.error.as_deref().or(record.reason.as_deref()).unwrap_or_default();
    let rules = record.findings.iter().flat_map(|finding| [" ", finding.rule.as_str()]);
    std::iter::once(error).chain(rules).collect()
}

/// `findings`
pub(super) fn sections(findings: &[Finding]) -> Vec<FindingSection> {
    let section = |finding: &Finding| FindingSection {
        evidence: finding.evidence.iter().map(|name| (*name).to_owned()).collect(),
        rule: [finding.rule.as_str(), if finding.attempt { ".attempt" } else { "" }].concat(),
        severity: finding.severity.as_str().to_owned(),
    };
    findings.iter().map(section).collect()
}

/// What the parts of a draft share while it is made.
struct Drafter<'a> {
    keys: &'a Keys,
    profile: Profile,
    /// Empty when it is not known.
    issuer: &'a str,
    outcome: Outcome,
    notes: Notes,
}

impl Drafter<'_> {
    /// Outcome, reason, error and how the exchange was recognised.
    fn judgement(&mut self, record: &mut Record, observation: &Observation<'_>) {
        record.outcome = Some(words::outcome(observation.outcome).to_owned());
        record.reason = observation.reason.map(|reason| words::reason(reason).to_owned());
        record.recognition = Some(words::tier(observation.recognition.tier).to_owned());
        record.rule = Some(observation.recognition.rule.to_owned());
        record.confidence = Some(words::confidence(observation.recognition.confidence).to_owned());
        record.endpoint_kind = observation.endpoint_kind.map(|kind| kind.as_str().to_owned());
        record.provider = observation.provider.map(str::to_owned);
        record.issuer = observation.issuer.as_ref().and_then(|issuer| self.own("issuer", issuer));
        record.tenant = observation.tenant.as_ref().and_then(|tenant| self.own("tenant", tenant));
        if let Some(error) = &observation.error {
            self.error(record, error, observation);
        }
    }

    fn message(&mut self, record: &mut Record, message: &Message<'_>) {
        match message {
            Message::AuthorizationRequest(message) => self.authorization_request(record, message),
            Message::AuthorizationResponse(message) => self.authorization_response(record, message),
            Message::Bearer(message) => self.bearer(record, message),
            Message::Fetched => {}
            Message::LoginInitiation(message) => self.login_initiation(record, message),
            Message::Signal(message) => self.signal(record, message),
            Message::Interaction(message) => self.interaction(record, message),
            Message::Ciba(message) => self.ciba(record, message),
            Message::DeviceAuthorization(message) => self.device_authorization(record, message),
            Message::Entity(message) => self.entity(record, message),
            Message::KeySet(message) => self.key_set(record, message),
            Message::Logout(message) => self.logout(record, message),
            Message::Metadata(message) => self.metadata(record, message),
            Message::Named(message) => self.named(record, message),
            Message::Pushed(message) => self.pushed(record, message),
            Message::Registration(message) => self.registration(record, message),
            Message::Token(message) => self.token(record, message),
            Message::TokenQuery(message) => self.token_query(record, message),
            Message::Userinfo(message) => self.userinfo(record, message),
        }
    }

    fn integrity(&mut self, observation: &Observation<'_>) -> Option<IntegritySection> {
        for (member, why) in &observation.malformed {
            self.notes.malformed(member, *why);
        }
        let seen = &observation.integrity;
        let yes = |flag: bool| flag.then_some(true);
        let ambiguous = self.notes.names("integrity.ambiguous", &observation.ambiguous, MAX_AMBIGUOUS);
        let (cut, malformed) = std::mem::take(&mut self.notes).finish();
        let section = IntegritySection {
            ambiguous,
            conflict: seen.conflict.map(str::to_owned),
            method_override: yes(seen.method_override),
            authority_conflict: yes(seen.authority_conflict),
            basic_not_encoded: yes(seen.basic_not_encoded),
            content_type_missing: yes(seen.content_type_missing),
            cut,
            malformed,
            parameters_cut: yes(seen.parameters_cut),
            request_body: words::completeness(seen.request_body).map(str::to_owned),
            response_body: words::completeness(seen.response_body).map(str::to_owned),
        };
        (section != IntegritySection::default()).then_some(section)
    }

    /// A text that is present.
    fn own(&mut self, member: &'static str, text: &str) -> Option<String> {
        self.notes.keep(member, clean(text, TEXT_LIMIT))
    }

    /// Pseudonym of a name that somebody typed or sent along.
    fn name(&mut self, member: &'static str, seen: &Seen<Cow<'_, str>>) -> Option<Pseudonym> {
        let name = self.notes.present(member, seen)?;
        Some(attempted_name(self.keys, self.profile, self.issuer, name, self.outcome))
    }

    /// Pseudonym of a hint at the end-user.
    fn hint(&mut self, member: &'static str, seen: &Seen<Cow<'_, str>>) -> Option<Pseudonym> {
        let name = self.notes.present(member, seen)?;
        Some(hint(self.keys, self.profile, self.issuer, name, self.outcome))
    }
}

impl Observer {
    /// Who writes, in one text: `namespace/workload/pod` in a mesh, `-` for what is not known of them; else the node's id.
    /// `None`: nothing is known. At most 128 bytes.
    #[must_use]
    pub fn group(&self) -> Option<String> {
        let parts = [&self.namespace, &self.workload, &self.pod];
        let place = || parts.map(|part| part.as_deref().unwrap_or("-")).join("/");
        let group = if parts.iter().any(|part| part.is_some()) { Some(place()) } else { self.node.clone() };
        let mut text = clean(&group?, GROUP_LIMIT).text;
        text.truncate(text.floor_char_boundary(GROUP_LIMIT));
        Some(text).filter(|text| !text.is_empty())
    }

    /// `observer`, with the direction of one exchange.
    pub(super) fn section(&self, direction: Direction) -> Option<ObserverSection> {
        let text = |text: &Option<String>| text.as_deref().map(|text| clean(text, TEXT_LIMIT).text);
        let section = ObserverSection {
            node: text(&self.node).filter(|text| !text.is_empty()),
            workload: text(&self.workload).filter(|text| !text.is_empty()),
            namespace: text(&self.namespace).filter(|text| !text.is_empty()),
            pod: text(&self.pod).filter(|text| !text.is_empty()),
            direction: direction.as_str().map(str::to_owned),
        };
        (section != ObserverSection::default()).then_some(section)
    }
}

impl Direction {
    /// The word that records use; none for a proxy that is no sidecar.
    #[must_use]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Inbound => Some("inbound"),
            Self::Outbound => Some("outbound"),
            Self::Unspecified => None,
        }
    }
}

impl Record {
    /// The envelope of every record, without its place in a stream.
    pub(super) fn of(event: Event, at: Timestamp) -> Self {
        Self { schema: SCHEMA.to_owned(), ts: at.rfc3339_millis(), event: event.as_str().to_owned(), ..Self::default() }
    }
}

/// PROTOCOL HQ-05: names of parameters.
const MAX_AMBIGUOUS: usize = 32;

/// Names the record format. Within it members are only added.
pub(super) const SCHEMA: &str = "oidc-audit/1";

/// Bytes of [`Observer::group`], which is in every checkpoint.
const GROUP_LIMIT: usize = 128;
