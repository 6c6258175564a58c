//! A draft as the outbox holds it: what it weighs, and how failures become one.

use std::mem::size_of;

use crate::record::canonical::written;
use crate::record::class::Class;
use crate::record::model::{
    AuditSection, CoalescedSection, IdTokenSection, IntrospectionSection, MetadataSection, Record, RegistrationSection,
    RequestSection, ResponseSection, UserinfoSection,
};
use crate::record::notes::MAX_INTEGER;
use crate::time::Timestamp;

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
    pub(super) event: &'static str,
    pub(super) why: Box<str>,
    pub(super) network: Box<str>,
}

impl Draft {
    pub(in crate::record) fn new(record: Record, class: Class, coalesce_key: Option<CoalesceKey>) -> Self {
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

    /// Makes this draft stand for `other` too, and counts that in `coalesced`.
    ///
    /// What they do not have in common is left out. What every record must say (event, outcome, `exchange.id`, how it was
    /// recognised) stays the first's, so `other` is of the same event, outcome, reason and error.
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

    /// Makes this draft stand for `others` too, of which the first began at `since`, and says so in `coalesced`.
    #[must_use]
    pub fn standing_for(mut self, others: u64, since: Timestamp) -> Self {
        let own = self.record.span();
        let count = own.count.saturating_add(others).min(MAX_INTEGER);
        self.record.coalesced = Some(CoalescedSection { count, first: since.rfc3339_millis(), last: own.last });
        self.size = weight(&self.record);
        self
    }

    pub(in crate::record) fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }
}

impl Record {
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
            common(&mut exchange.scheme, &other.scheme);
            common(&mut exchange.authority, &other.authority);
            common(&mut exchange.path_template, &other.path_template);
            common(&mut exchange.status, &other.status);
            common(&mut exchange.response_source, &other.response_source);
            common(&mut exchange.tls_version, &other.tls_version);
            common(&mut exchange.mtls, &other.mtls);
            common(&mut exchange.log_only, &other.log_only);
        }
        if let Some((source, other)) = self.source.as_mut().zip(other.source.as_ref()) {
            common(&mut source.address, &other.address);
            common(&mut source.address_from, &other.address_from);
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
        common(&mut self.interaction, &other.interaction);
        common(&mut self.endpoint_kind, &other.endpoint_kind);
        common(&mut self.entity, &other.entity);
        common(&mut self.introspection, &other.introspection);
        common(&mut self.key_set, &other.key_set);
        common(&mut self.metadata, &other.metadata);
        common(&mut self.registration, &other.registration);
        common(&mut self.integrity, &other.integrity);
        if self.hidden != other.hidden {
            self.hidden.clear();
        }
        self.join.retain(|role, values| other.join.get(role) == Some(values));
        if self.flow != other.flow {
            self.flow = None;
        }
    }
}

fn common<T: PartialEq>(kept: &mut Option<T>, other: &Option<T>) {
    if kept != other {
        *kept = None;
    }
}

/// Memory of a record: its parts, and its texts about as long as their JSON.
fn weight(record: &Record) -> usize {
    let part = |there: bool, size: usize| if there { size } else { 0 };
    size_of::<Draft>()
        .saturating_add(size_of::<Record>())
        .saturating_add(part(record.request.is_some(), size_of::<RequestSection>()))
        .saturating_add(part(record.response.is_some(), size_of::<ResponseSection>()))
        .saturating_add(part(record.id_token.is_some(), size_of::<IdTokenSection>()))
        .saturating_add(part(record.userinfo.is_some(), size_of::<UserinfoSection>()))
        .saturating_add(part(record.audit.is_some(), size_of::<AuditSection>()))
        .saturating_add(part(record.introspection.is_some(), size_of::<IntrospectionSection>()))
        .saturating_add(part(record.metadata.is_some(), size_of::<MetadataSection>()))
        .saturating_add(part(record.registration.is_some(), size_of::<RegistrationSection>()))
        .saturating_add(written(record).len())
}
