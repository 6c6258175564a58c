//! Who takes part: the client, the subject, and what links them to other exchanges; and what they were told.

use crate::oauth::{Client, IdentityKind, LinkRole, Message, OAuthError, Observation, Outcome, Subject, Trust};
use crate::record::draft::signed_message::ASSERTION;
use crate::record::draft::{Drafter, words};
use crate::record::join::{flow, join_all, role};
use crate::record::model::{ClientSection, Record, SubjectSection};
use crate::record::person::{PersonName, pseudonyms};
use crate::record::privacy::{Action, Field, Profile, identity_claim, is_email};
use crate::record::text::scrub;
use crate::record::uri::authority_of;
use crate::seen::{Malformation, Seen};

impl Drafter<'_> {
    pub(super) fn error(&mut self, record: &mut Record, error: &OAuthError<'_>, observation: &Observation<'_>) {
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

    pub(super) fn client(&mut self, client: &Client<'_>) -> Option<ClientSection> {
        let id = match client.id.as_ref().present().and_then(|id| id.split_once("://")) {
            // An id that is a URL (client id metadata documents) is a URL first.
            Some(("http" | "https", _)) => self.notes.uri("client.id", &client.id).map(|section| section.uri),
            _ => self.notes.text("client.id", &client.id),
        };
        let section = ClientSection {
            ambiguous: client.ambiguous.then_some(true),
            assertion: client.assertion.as_ref().map(|assertion| Box::new(self.signed_message(&ASSERTION, assertion))),
            contradicted_by: client.contradicted_by.iter().map(|from| words::id_source(*from).to_owned()).collect(),
            tried: client.tried.iter().map(|method| words::auth_method(*method).to_owned()).collect(),
            id_source: client.id_source.filter(|_| id.is_some()).map(|source| words::id_source(source).to_owned()),
            id,
            auth_method: client.auth_method.map(|method| words::auth_method(method).to_owned()),
            authenticated: client.authenticated,
        };
        (section != ClientSection::default()).then_some(section)
    }

    /// PROTOCOL §1.9: what an unauthenticated caller claimed about itself is no subject when it was refused, or anybody
    /// could write records in another user's name.
    pub(super) fn subject(&mut self, subject: &Subject<'_>) -> Option<SubjectSection> {
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
    pub(super) fn trust(&self, trust: Trust) -> Option<&'static str> {
        match (trust, self.outcome) {
            (Trust::Claimed | Trust::Unverified, Outcome::Failure) => None,
            (Trust::Claimed, _) => Some("unverified"),
            (Trust::Direct, _) => Some("direct"),
            (Trust::Verified, _) => Some("verified"),
            (Trust::Unverified, Outcome::Success) => Some("accepted"),
            (Trust::Unverified, Outcome::Pending | Outcome::Unknown) => Some("unverified"),
        }
    }

    pub(super) fn joins(&mut self, record: &mut Record, observation: &Observation<'_>) {
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
            let values = pseudonyms(self.keys, PersonName::Subject, issuer, sub);
            joined.values.insert(role(LinkRole::Sub).to_owned(), values);
        }
        record.flow = flow(&joined.values);
        if let (Some(flow), Some(upstream)) = (&mut record.flow, &observation.upstream) {
            let hashed = join_all(self.keys, std::slice::from_ref(upstream), |_| true);
            flow.upstream = hashed.values.into_values().flatten().next();
        }
        record.join = joined.values;
    }
}

/// Values of an exchange that must not reappear in free text.
fn known_values<'o>(observation: &'o Observation<'_>) -> impl Iterator<Item = &'o str> {
    let links = observation.links.iter().filter_map(|link| std::str::from_utf8(link.value.expose()).ok());
    let names = match &observation.message {
        Message::AuthorizationRequest(message) => [&message.login_hint].map(|hint| hint.as_ref()),
        Message::Interaction(message) => [&message.username].map(|name| name.as_ref()),
        Message::Logout(message) => [&message.logout_hint].map(|hint| hint.as_ref()),
        Message::Token(message) => [&message.request.username].map(|name| name.as_ref()),
        Message::LoginInitiation(message) => [message.login_hint.as_ref()],
        Message::Ciba(message) => [message.login_hint.as_ref()],
        Message::Pushed(message) if message.username.is_absent() => [message.request.login_hint.as_ref()],
        Message::Pushed(message) => [message.username.as_ref()],
        _ => [Seen::Absent],
    };
    let subject = observation.subject.as_ref().and_then(|subject| subject.sub.as_ref().present());
    let names = names.into_iter().filter_map(Seen::present).chain(subject).map(AsRef::as_ref);
    links.chain(names)
}

/// `integrity.malformed` of a link that was too long to be keyed.
fn too_long(role: LinkRole) -> &'static str {
    match role {
        LinkRole::Actor => "join.actor",
        LinkRole::Assertion => "join.assertion",
        LinkRole::At => "join.at",
        LinkRole::Cajti => "join.cajti",
        LinkRole::Cert => "join.cert",
        LinkRole::Ciba => "join.ciba",
        LinkRole::Code => "join.code",
        LinkRole::Dev => "join.dev",
        LinkRole::Dsec => "join.dsec",
        LinkRole::Idt => "join.idt",
        LinkRole::Ix => "join.ix",
        LinkRole::Jti => "join.jti",
        LinkRole::Lstate => "join.lstate",
        LinkRole::Nonce => "join.nonce",
        LinkRole::Par => "join.par",
        LinkRole::Pkce => "join.pkce",
        LinkRole::Dpjti => "join.dpjti",
        LinkRole::Dpop => "join.dpop",
        LinkRole::Resp => "join.resp",
        LinkRole::Robj => "join.robj",
        LinkRole::RtIn => "join.rt_in",
        LinkRole::RtOut => "join.rt_out",
        LinkRole::Sid => "join.sid",
        LinkRole::State => "join.state",
        LinkRole::Sub => "join.sub",
        LinkRole::Subj => "join.subj",
        LinkRole::Tok => "join.tok",
        LinkRole::Txn => "join.txn",
        LinkRole::Ucode => "join.ucode",
        LinkRole::Username => "join.username",
    }
}
