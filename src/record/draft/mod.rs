//! From an observation to a draft: everything that a record says but its place in a stream.
//!
//! This is where personal data and secrets stay behind. What a family of events adds is in a file of its own.

mod authorization;
mod envelope;
mod id_token;
mod logout;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;
mod words;

use std::borrow::Cow;
use std::io;
use std::mem::size_of;

use crate::http::{RequestHead, ResponseHead};
use crate::oauth::{Client, IdentityKind, LinkRole, Message, OAuthError, Observation, Outcome, Subject, Trust};
use crate::record::class::Class;
use crate::record::event::Event;
use crate::record::join::{Label, flow, join_all, join_key, role};
use crate::record::keys::Keys;
use crate::record::model::{
    AuditSection, ClientSection, CoalescedSection, IdTokenSection, IntegritySection, ObserverSection, Pseudonym,
    Record, RequestSection, ResponseSection, SubjectSection, UserinfoSection,
};
use crate::record::moment::rfc3339;
use crate::record::notes::Notes;
use crate::record::privacy::{Action, Field, Privacy, Profile, attempted_name, identity_claim, is_email};
use crate::record::source::{network, source_address};
use crate::record::text::{TEXT_LIMIT, clean, scrub};
use crate::record::uri::{authority_of, sanitise};
use crate::seen::{Malformation, Seen};
use crate::time::Timestamp;

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
    /// Who answered: `upstream`, `local` or `none`; `None` when the host does not say.
    pub response_source: Option<&'static str>,
    /// How many proxies with this filter the request had passed before.
    pub hop: Option<u64>,
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

/// A record before it has a place in a stream: `id` and `salt` are empty.
#[derive(Clone, Debug)]
pub struct Draft {
    record: Box<Record>,
    class: Class,
    coalesce_key: Option<CoalesceKey>,
    size: usize,
}

/// Failures with an equal key may become one record.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CoalesceKey {
    event: &'static str,
    why: Box<str>,
    network: Box<str>,
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
    vantage: &'static str,
    observation: &Observation<'_>,
) -> Draft {
    let mut drafter = Drafter {
        keys: context.keys,
        profile: context.privacy.profile,
        issuer: observation.issuer.as_deref().unwrap_or_default(),
        outcome: observation.outcome,
        notes: Notes::default(),
    };
    let mut record = Record::of(Event::Protocol(observation.event), facts.started);
    record.dur_ms = Some(facts.ended.millis_since(facts.started));
    record.vantage = Some(vantage.to_owned());
    record.observer = context.observer.section(facts.direction);
    drafter.judgement(&mut record, observation);
    drafter.envelope(&mut record, (facts, request, response), observation);
    let source = source_address(facts.source_address.as_deref(), &request.headers, context.privacy.trusted_hops);
    drafter.source(&mut record, source, &request.headers);
    record.client = drafter.client(&observation.client);
    record.subject = observation.subject.as_ref().and_then(|subject| drafter.subject(subject));
    drafter.message(&mut record, &observation.message);
    drafter.joins(&mut record, observation);
    record.integrity = drafter.integrity(observation);

    let class = Class::of(observation);
    let coalesce_key = (class == Class::Failure).then(|| CoalesceKey {
        event: Event::Protocol(observation.event).as_str(),
        why: record.error.as_deref().or(record.reason.as_deref()).unwrap_or_default().into(),
        network: source.map(|source| network(source.address)).unwrap_or_default().into(),
    });
    Draft::new(record, class, coalesce_key)
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
        record.provider = observation.provider.map(str::to_owned);
        record.issuer = observation.issuer.as_ref().and_then(|issuer| self.own("issuer", issuer));
        record.tenant = observation.tenant.as_ref().and_then(|tenant| self.own("tenant", tenant));
        if let Some(error) = &observation.error {
            self.error(record, error, observation);
        }
    }

    fn error(&mut self, record: &mut Record, error: &OAuthError<'_>, observation: &Observation<'_>) {
        record.error = match error.code {
            Seen::Malformed(Malformation::Type) => Some("invalid_chars".to_owned()),
            _ => self.notes.text("error", &error.code),
        };
        let uri = self.notes.present("error_uri", &error.uri);
        record.error_uri = uri.and_then(|uri| authority_of(uri));
        let Some(description) = self.notes.present("error_description", &error.description) else { return };
        if self.profile.action(Field::ErrorDescription) == Action::Scrub {
            let known: Vec<&str> = known_values(observation).collect();
            record.error_description = self.notes.keep("error_description", scrub(description, &known));
        }
    }

    fn client(&mut self, client: &Client<'_>) -> Option<ClientSection> {
        let id = self.notes.present("client.id", &client.id).and_then(|id| match id.split_once("://") {
            // An id that is a URL (client id metadata documents) is a URL first.
            Some(("http" | "https", _)) => Some(sanitise(id).section.uri),
            _ => self.own("client.id", id),
        });
        let section = ClientSection {
            id_source: client.id_source.filter(|_| id.is_some()).map(|source| words::id_source(source).to_owned()),
            id,
            auth_method: client.auth_method.map(|method| words::auth_method(method).to_owned()),
            authenticated: client.authenticated,
        };
        (section != ClientSection::default()).then_some(section)
    }

    /// PROTOCOL §1.9: what an unauthenticated caller claimed about itself is no subject when it was refused, or anybody
    /// could write records in another user's name.
    fn subject(&mut self, subject: &Subject<'_>) -> Option<SubjectSection> {
        let trust = self.trust(subject.trust)?;
        let sub = self.notes.present("subject.sub", &subject.sub)?;
        let iss = subject.issuer.as_ref().and_then(|issuer| self.own("subject.iss", issuer));
        let mut section = SubjectSection { iss, trust: Some(trust.to_owned()), ..SubjectSection::default() };
        let keep = self.profile.action(Field::Subject) == Action::Keep;
        if is_email(sub) {
            let claim = (IdentityKind::Email, sub.as_ref());
            section.email = Some(identity_claim(self.keys, self.profile, self.issuer, claim, Some(subject.trust)));
            section.sub = if self.profile == Profile::Full { self.own("subject.sub", sub) } else { None };
        } else if keep {
            section.sub = self.own("subject.sub", sub);
        }
        Some(section)
    }

    /// The word for what claims rest on; `None` when they may not be attributed to anybody.
    fn trust(&self, trust: Trust) -> Option<&'static str> {
        match (trust, self.outcome) {
            (Trust::Direct, _) => Some("direct"),
            (Trust::Verified, _) => Some("verified"),
            (Trust::Unverified, Outcome::Failure) => None,
            (Trust::Unverified, Outcome::Success) => Some("accepted"),
            (Trust::Unverified, Outcome::Pending | Outcome::Unknown) => Some("unverified"),
        }
    }

    fn message(&mut self, record: &mut Record, message: &Message<'_>) {
        match message {
            Message::AuthorizationRequest(message) => self.authorization_request(record, message),
            Message::AuthorizationResponse(message) => self.authorization_response(record, message),
            Message::Logout(message) => self.logout(record, message),
            Message::Token(message) => self.token(record, message),
            Message::Userinfo(message) => self.userinfo(record, message),
        }
    }

    fn joins(&mut self, record: &mut Record, observation: &Observation<'_>) {
        let subject = observation.subject.as_ref().filter(|subject| self.trust(subject.trust).is_some());
        let refused = observation.subject.is_some() && subject.is_none();
        let mut joined = join_all(self.keys, &observation.links, |role| role != LinkRole::Sub || !refused);
        if joined.cut {
            self.notes.cut("join");
        }
        for role in joined.too_long {
            self.notes.malformed(too_long(role), Malformation::TooLong);
        }
        if let Some(Seen::Present(sub)) = subject.map(|subject| subject.sub.as_ref())
            && !joined.values.contains_key(role(LinkRole::Sub))
        {
            let issuer = subject.and_then(|subject| subject.issuer.as_deref()).unwrap_or(self.issuer);
            let values = join_key(self.keys, Label::Sub, issuer, sub.as_bytes());
            joined.values.insert(role(LinkRole::Sub).to_owned(), values);
        }
        record.flow = flow(&joined.values);
        record.join = joined.values;
    }

    fn integrity(&mut self, observation: &Observation<'_>) -> Option<IntegritySection> {
        for (member, why) in &observation.malformed {
            self.notes.malformed(member, *why);
        }
        let seen = &observation.integrity;
        let yes = |flag: bool| flag.then_some(true);
        let (cut, malformed) = std::mem::take(&mut self.notes).finish();
        let section = IntegritySection {
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
}

impl Draft {
    pub(super) fn new(record: Record, class: Class, coalesce_key: Option<CoalesceKey>) -> Self {
        let size = weight(&record);
        Self { record: Box::new(record), class, coalesce_key, size }
    }

    /// The record, without `id` and `salt`.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Which share of the queue it may use.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// What it has in common with drafts that it may be coalesced with; `None` for all but failures.
    #[must_use]
    pub fn coalesce_key(&self) -> Option<&CoalesceKey> {
        self.coalesce_key.as_ref()
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Makes this draft stand for `other` too: what they do not have in common is left out, but for the first's
    /// `exchange.id`, and `coalesced` counts them. `other` should be the later one and of the same event.
    pub fn coalesce(&mut self, other: &Self) {
        let (first, last) = (self.record.span(), other.record.span());
        self.record.keep_common(&other.record);
        self.record.coalesced = Some(CoalescedSection {
            count: first.count.saturating_add(last.count),
            first: first.first.min(last.first),
            last: first.last.max(last.last),
        });
        self.size = weight(&self.record);
    }

    pub(super) fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }
}

impl Record {
    /// The envelope of every record, without its place in a stream.
    pub(super) fn of(event: Event, at: Timestamp) -> Self {
        Self { schema: SCHEMA.to_owned(), ts: rfc3339(at), event: event.as_str().to_owned(), ..Self::default() }
    }

    /// How many exchanges a record stands for, and when they began.
    fn span(&self) -> CoalescedSection {
        let one = || CoalescedSection { count: 1, first: self.ts.clone(), last: self.ts.clone() };
        self.coalesced.clone().unwrap_or_else(one)
    }

    /// Leaves out what `other` does not say in the same way.
    fn keep_common(&mut self, other: &Self) {
        let exchange = self.exchange.as_mut().zip(other.exchange.as_ref());
        if let Some((exchange, other)) = exchange {
            common(&mut exchange.request_id, &other.request_id);
            common(&mut exchange.trace_id, &other.trace_id);
            common(&mut exchange.method, &other.method);
            common(&mut exchange.authority, &other.authority);
            common(&mut exchange.path_template, &other.path_template);
            common(&mut exchange.status, &other.status);
            common(&mut exchange.response_source, &other.response_source);
            common(&mut exchange.tls_version, &other.tls_version);
            common(&mut exchange.mtls, &other.mtls);
            common(&mut exchange.hop, &other.hop);
        }
        if let Some((source, other)) = self.source.as_mut().zip(other.source.as_ref()) {
            common(&mut source.address, &other.address);
            common(&mut source.user_agent, &other.user_agent);
        }
        common(&mut self.dur_ms, &other.dur_ms);
        common(&mut self.error_description, &other.error_description);
        common(&mut self.error_uri, &other.error_uri);
        common(&mut self.peer, &other.peer);
        common(&mut self.issuer, &other.issuer);
        common(&mut self.provider, &other.provider);
        common(&mut self.tenant, &other.tenant);
        common(&mut self.client, &other.client);
        common(&mut self.subject, &other.subject);
        common(&mut self.request, &other.request);
        common(&mut self.response, &other.response);
        common(&mut self.token, &other.token);
        common(&mut self.id_token, &other.id_token);
        common(&mut self.userinfo, &other.userinfo);
        common(&mut self.integrity, &other.integrity);
        self.join.retain(|role, values| other.join.get(role) == Some(values));
        if self.flow != other.flow {
            self.flow = None;
        }
    }
}

impl Observer {
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

fn common<T: PartialEq>(kept: &mut Option<T>, other: &Option<T>) {
    if kept != other {
        *kept = None;
    }
}

/// Values of an exchange that must not reappear in free text.
fn known_values<'o>(observation: &'o Observation<'_>) -> impl Iterator<Item = &'o str> {
    let links = observation.links.iter().filter_map(|link| std::str::from_utf8(link.value.expose()).ok());
    let names = match &observation.message {
        Message::AuthorizationRequest(message) => [&message.login_hint].map(|hint| hint.as_ref()),
        Message::Logout(message) => [&message.logout_hint].map(|hint| hint.as_ref()),
        Message::Token(message) => [&message.request.username].map(|name| name.as_ref()),
        Message::AuthorizationResponse(_) | Message::Userinfo(_) => [Seen::Absent],
    };
    let subject = observation.subject.as_ref().and_then(|subject| subject.sub.as_ref().present());
    let names = names.into_iter().filter_map(Seen::present).chain(subject).map(AsRef::as_ref);
    links.chain(names)
}

/// `integrity.malformed` of a link that was too long to be keyed.
fn too_long(role: LinkRole) -> &'static str {
    match role {
        LinkRole::At => "join.at",
        LinkRole::Code => "join.code",
        LinkRole::Idt => "join.idt",
        LinkRole::Jti => "join.jti",
        LinkRole::Lstate => "join.lstate",
        LinkRole::Nonce => "join.nonce",
        LinkRole::Par => "join.par",
        LinkRole::Pkce => "join.pkce",
        LinkRole::Robj => "join.robj",
        LinkRole::RtIn => "join.rt_in",
        LinkRole::RtOut => "join.rt_out",
        LinkRole::Sid => "join.sid",
        LinkRole::State => "join.state",
        LinkRole::Sub => "join.sub",
        LinkRole::Username => "join.username",
    }
}

/// Memory of a record: its parts, and its texts about as long as their JSON.
fn weight(record: &Record) -> usize {
    let part = |there: bool, size: usize| if there { size } else { 0 };
    let mut text = Counted(0);
    // A record has no map with keys that are not texts, and the counter takes everything.
    let _ = serde_json::to_writer(&mut text, record);
    size_of::<Draft>()
        .saturating_add(size_of::<Record>())
        .saturating_add(part(record.request.is_some(), size_of::<RequestSection>()))
        .saturating_add(part(record.response.is_some(), size_of::<ResponseSection>()))
        .saturating_add(part(record.id_token.is_some(), size_of::<IdTokenSection>()))
        .saturating_add(part(record.userinfo.is_some(), size_of::<UserinfoSection>()))
        .saturating_add(part(record.audit.is_some(), size_of::<AuditSection>()))
        .saturating_add(text.0)
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names the record format. Within it members are only added.
pub(super) const SCHEMA: &str = "oidc-audit/1";
