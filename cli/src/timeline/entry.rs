//! What the timeline keeps of a record: little, with every repeated text held once.

use std::collections::BTreeSet;
use std::rc::Rc;

use oidc_audit::record::{AuditSection, Record};
use oidc_audit::rules::MAX_FINDINGS;
use oidc_audit::time::Timestamp;

use crate::collect::line::RecordId;
use crate::moment;
use crate::reader::Found;
use crate::timeline::role::Role;

/// One record.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: RecordId,
    pub(crate) at: Timestamp,
    pub(crate) dur_ms: Option<u64>,
    pub(crate) event: Rc<str>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Rc<str>>,
    pub(crate) error: Option<Rc<str>>,
    pub(crate) vantage: Option<Rc<str>>,
    pub(crate) issuer: Option<Rc<str>>,
    pub(crate) node: Option<Rc<str>>,
    pub(crate) address: Option<Rc<str>>,
    pub(crate) exchange: Option<Rc<str>>,
    pub(crate) request_id: Option<Rc<str>>,
    pub(crate) status: Option<u16>,
    /// The proxy answered itself.
    pub(crate) local: bool,
    pub(crate) client: Option<Rc<str>>,
    pub(crate) who: Who,
    pub(crate) grant: Option<Rc<str>>,
    /// `prompt=none`
    pub(crate) silent: bool,
    /// Granted, else asked for; in the order of the message.
    pub(crate) scope: Option<Rc<str>>,
    pub(crate) issued: Issued,
    /// Values by role, without those that must not join.
    pub(crate) joins: Vec<(Role, Rc<str>)>,
    pub(crate) coalesced: Option<Coalesced>,
    /// What the filter found that somebody should look at.
    pub(crate) findings: Vec<Rc<str>>,
    /// Why less than the whole response was read.
    pub(crate) response_body: Option<Rc<str>>,
    pub(crate) audit: Option<Box<AuditSection>>,
}

/// PROTOCOL §1.6.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Pending,
    Unknown,
    /// Not stated: `audit.*`.
    Unstated,
}

/// Whom a record is about.
#[derive(Debug, Default)]
pub(crate) struct Who {
    pub(crate) sub: Option<Rc<str>>,
    /// Of the subject identifier.
    pub(crate) pseudonyms: Vec<Rc<str>>,
    /// Of a name that somebody gave: nobody proved to be that person.
    pub(crate) names: Vec<Rc<str>>,
}

/// What a response gave out.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    pub(crate) expires_in: Option<u64>,
    /// End of the access token as it says itself.
    pub(crate) exp: Option<Timestamp>,
    pub(crate) refresh_token: bool,
    pub(crate) refresh_expires_in: Option<u64>,
    pub(crate) rotated: Option<bool>,
}

/// A record for several identical failures.
#[derive(Debug)]
pub(crate) struct Coalesced {
    pub(crate) count: u64,
    pub(crate) last: Option<Timestamp>,
}

/// Holds every text once.
#[derive(Debug, Default)]
pub(crate) struct Texts(BTreeSet<Rc<str>>);

impl Texts {
    pub(crate) fn keep(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.0.get(text) {
            return Rc::clone(known);
        }
        let new: Rc<str> = text.into();
        self.0.insert(Rc::clone(&new));
        new
    }

    fn of<T: AsRef<str>>(&mut self, text: Option<T>) -> Option<Rc<str>> {
        text.map(|text| self.keep(text.as_ref()))
    }

    fn all(&mut self, list: &[String]) -> Vec<Rc<str>> {
        list.iter().map(|text| self.keep(text)).collect()
    }
}

impl Entry {
    pub(crate) fn read(found: Found, texts: &mut Texts) -> Self {
        let Found { id, at, record } = found;
        let exchange = record.exchange.as_ref();
        Self {
            id,
            at,
            dur_ms: record.dur_ms,
            event: texts.keep(&record.event),
            outcome: Outcome::read(record.outcome.as_deref()),
            reason: texts.of(record.reason.as_ref()),
            error: texts.of(record.error.as_ref()),
            vantage: texts.of(record.vantage.as_ref()),
            issuer: texts.of(record.issuer.as_ref()),
            node: texts
                .of(record.observer.as_ref().and_then(|observer| observer.pod.as_ref().or(observer.node.as_ref()))),
            address: texts.of(record.source.as_ref().and_then(|source| source.address.as_ref())),
            exchange: texts.of(exchange.map(|exchange| &exchange.id)),
            request_id: texts.of(exchange.and_then(|exchange| exchange.request_id.as_ref())),
            status: exchange.and_then(|exchange| exchange.status),
            local: exchange.is_some_and(|exchange| exchange.response_source.as_deref() == Some("local")),
            client: texts.of(record.client.as_ref().and_then(|client| client.id.as_ref())),
            who: Who::read(&record, texts),
            grant: texts.of(record.request.as_ref().and_then(|request| request.grant_type.as_ref())),
            silent: record.request.as_ref().is_some_and(|request| request.prompt.iter().any(|word| word == "none")),
            scope: scope(&record, texts),
            issued: Issued::read(&record),
            joins: joins(&record, texts),
            coalesced: record
                .coalesced
                .as_ref()
                .map(|section| Coalesced { count: section.count, last: moment::parse(&section.last) }),
            findings: findings(&record, texts),
            response_body: texts.of(response_body(&record)),
            audit: record.audit,
        }
    }

    pub(crate) fn is_audit(&self) -> bool {
        self.event.starts_with("audit.")
    }

    /// The answer of a token endpoint, whatever it was. `client.auth_failed` is said of other endpoints too; a code or a
    /// refresh token decides.
    pub(crate) fn is_token_request(&self) -> bool {
        matches!(
            &*self.event,
            "client.auth_failed"
                | "token.denied"
                | "token.exchanged"
                | "token.issued"
                | "token.pending"
                | "token.refreshed"
                | "token.request"
        )
    }

    pub(crate) fn values(&self, role: Role) -> impl Iterator<Item = &Rc<str>> {
        self.joins.iter().filter(move |(other, _)| *other == role).map(|(_, value)| value)
    }

    /// One value stands for all: several are the same under several keys.
    pub(crate) fn value(&self, role: Role) -> Option<&Rc<str>> {
        self.values(role).next()
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.value(role).is_some()
    }

    /// Whether the two show the same value in this role.
    pub(crate) fn shares(&self, role: Role, other: &Self) -> bool {
        self.values(role).any(|value| other.values(role).any(|theirs| theirs == value))
    }

    /// When the response had been seen.
    pub(crate) fn ended(&self) -> Timestamp {
        self.at.plus_millis(self.dur_ms.unwrap_or(0))
    }
}

impl Outcome {
    fn read(word: Option<&str>) -> Self {
        match word {
            Some("success") => Self::Success,
            Some("failure") => Self::Failure,
            Some("pending") => Self::Pending,
            Some(_) => Self::Unknown,
            None => Self::Unstated,
        }
    }

    /// The word of the record.
    pub(crate) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Success => Some("success"),
            Self::Failure => Some("failure"),
            Self::Pending => Some("pending"),
            Self::Unknown => Some("unknown"),
            Self::Unstated => None,
        }
    }
}

impl Who {
    fn read(record: &Record, texts: &mut Texts) -> Self {
        let given = record.request.as_ref().and_then(|request| {
            let hint = request.login_hint.as_ref().or(request.logout_hint.as_ref());
            request.username.as_ref().or(hint)
        });
        let joined = |role: &str| record.join.get(role).map(Vec::as_slice).unwrap_or_default();
        let names = match joined("username") {
            [] => given.map(|name| name.hmac.as_slice()).unwrap_or_default(),
            joined => joined,
        };
        Self {
            sub: texts.of(record.subject.as_ref().and_then(|subject| subject.sub.as_ref())),
            pseudonyms: texts.all(joined("sub")),
            names: texts.all(names),
        }
    }
}

impl Issued {
    fn read(record: &Record) -> Self {
        let exp = record.token.as_ref().and_then(|token| token.exp);
        let Some(response) = &record.response else { return Self::default() };
        Self {
            expires_in: response.expires_in,
            exp: exp.map(Timestamp::from_secs),
            refresh_token: response.refresh_token == Some(true),
            refresh_expires_in: response.refresh_expires_in,
            rotated: response.rotated,
        }
    }
}

/// Ids of the rules, of severity high and critical.
fn findings(record: &Record, texts: &mut Texts) -> Vec<Rc<str>> {
    let severe = record.findings.iter().filter(|finding| matches!(finding.severity.as_str(), "critical" | "high"));
    severe.take(MAX_FINDINGS).map(|finding| texts.keep(&finding.rule)).collect()
}

fn joins(record: &Record, texts: &mut Texts) -> Vec<(Role, Rc<str>)> {
    let known = record.join.iter().filter_map(|(name, values)| Some((Role::read(name)?, values)));
    let mut joins = Vec::new();
    for (role, values) in known {
        joins.extend(values.iter().take(MAX_VALUES).map(|value| (role, texts.keep(value))));
    }
    joins
}

fn scope(record: &Record, texts: &mut Texts) -> Option<Rc<str>> {
    let granted = record.response.as_ref().map(|response| &response.scope).filter(|scope| !scope.is_empty());
    let asked = record.request.as_ref().map(|request| &request.scope).filter(|scope| !scope.is_empty());
    granted.or(asked).map(|scope| texts.keep(&scope.join(" ")))
}

fn response_body(record: &Record) -> Option<&str> {
    record
        .integrity
        .as_ref()
        .and_then(|integrity| integrity.response_body.as_deref())
        .filter(|body| *body != "complete")
}

/// Of one role: the key in use and the previous ones.
const MAX_VALUES: usize = 8;
