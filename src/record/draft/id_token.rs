//! `id_token` and `token`: what tokens say, as far as it may be recorded.

use std::borrow::Cow;

use crate::oauth::{AccessToken, IdToken, IdentityClaim, IdentityKind, PresentedToken, Trust};
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::draft::signed_message::checks;
use crate::record::draft::{Drafter, words};
use crate::record::model::{IdTokenSection, Pseudonym, TokenSection};
use crate::record::privacy::{Action, Field, identity_claim};

/// Names of claims, or their number, as the profile says.
#[derive(Default)]
pub(super) struct ClaimNames {
    pub(super) names: Vec<String>,
    pub(super) number: Option<u64>,
}

/// The pseudonyms of one token or response.
#[derive(Default)]
pub(super) struct Identity {
    pub(super) email: Option<Pseudonym>,
    pub(super) phone_number: Option<Pseudonym>,
    pub(super) preferred_username: Option<Pseudonym>,
}

impl Drafter<'_> {
    /// `id_token`: of a signature that was not checked, the record says so and why.
    pub(super) fn id_token(&mut self, token: &IdToken<'_>) -> IdTokenSection {
        let issuer = token.iss.as_ref().present().map_or(self.issuer, |iss| iss.as_ref()).to_owned();
        let identity = self.identity(&token.identity, &issuer, token.trust);
        let names = self.claim_names("id_token.claim_names", &token.claim_names);
        IdTokenSection {
            acr: self.notes.text("id_token.acr", &token.acr),
            alg: self.notes.text("id_token.alg", &token.alg),
            amr: self.notes.words("id_token.amr", &token.amr, MAX_AUDIENCES),
            aud: self.notes.words("id_token.aud", &token.aud, MAX_AUDIENCES),
            auth_time: self.notes.number("id_token.auth_time", &token.auth_time),
            azp: self.notes.text("id_token.azp", &token.azp),
            checks: checks(token.checks.made()),
            claim_names: names.names,
            claims: names.number,
            email: identity.email,
            email_verified: self.notes.flag("id_token.email_verified", &token.email_verified),
            encrypted: token.encrypted.then_some(true),
            exp: self.notes.number("id_token.exp", &token.exp),
            iat: self.notes.number("id_token.iat", &token.iat),
            iss: self.notes.text("id_token.iss", &token.iss),
            key_references: token.key_references.iter().map(|name| (*name).to_owned()).collect(),
            kid: self.notes.text("id_token.kid", &token.kid),
            lenient: token.lenient.then_some(true),
            phone_number: identity.phone_number,
            phone_number_verified: self.notes.flag("id_token.phone_number_verified", &token.phone_number_verified),
            preferred_username: identity.preferred_username,
            signature: Some(token.signature.as_str().to_owned()),
            signature_reason: token.signature.reason().map(|reason| reason.as_str().to_owned()),
            trust: token.trust.and_then(|trust| self.evidence(trust)),
            typ: self.notes.text("id_token.typ", &token.typ),
        }
    }

    /// `token`
    pub(super) fn access_token(&mut self, token: &AccessToken<'_>) -> Option<TokenSection> {
        let names = self.claim_names("token.claim_names", &token.claim_names);
        let mut section = TokenSection {
            claim_names: names.names,
            claims: names.number,
            cnf: token.cnf.iter().map(|kind| (*kind).to_owned()).collect(),
            exp: self.notes.number("token.exp", &token.exp),
            format: token.format.map(|format| words::token_format(format).to_owned()),
            ..TokenSection::default()
        };
        if let Some(presented) = &token.presented {
            self.presented(&mut section, presented);
        }
        (section != TokenSection::default()).then_some(section)
    }

    /// What a presented token says of itself.
    fn presented(&mut self, section: &mut TokenSection, token: &PresentedToken<'_>) {
        section.acr = self.notes.text("token.acr", &token.acr);
        section.alg = self.notes.text("token.alg", &token.alg);
        section.aud = self.notes.words("token.aud", &token.aud, MAX_AUDIENCES);
        section.auth_time = self.notes.number("token.auth_time", &token.auth_time);
        section.iat = self.notes.number("token.iat", &token.iat);
        section.iss = self.notes.text("token.iss", &token.iss);
        section.kid = self.notes.text("token.kid", &token.kid);
        section.scope = self.notes.words("token.scope", &token.scope, MAX_WORDS);
        section.trust = token.trust.and_then(|trust| self.evidence(trust));
        section.typ = self.notes.text("token.typ", &token.typ);
    }

    /// The first claim of each kind.
    pub(super) fn identity(&self, claims: &[IdentityClaim<'_>], issuer: &str, trust: Option<Trust>) -> Identity {
        let mut identity = Identity::default();
        for claim in claims.iter().filter(|claim| !claim.value.is_empty()) {
            let place = match claim.kind {
                IdentityKind::Email => &mut identity.email,
                IdentityKind::PhoneNumber => &mut identity.phone_number,
                IdentityKind::PreferredUsername => &mut identity.preferred_username,
            };
            if place.is_none() {
                *place = Some(identity_claim(self.keys, self.profile, issuer, (claim.kind, &claim.value), trust));
            }
        }
        identity
    }

    /// Names are kept or counted.
    pub(super) fn claim_names(&mut self, member: &'static str, names: &[Cow<'_, str>]) -> ClaimNames {
        let number = u64::try_from(names.len()).ok().filter(|number| *number > 0);
        match self.profile.action(Field::ClaimNames) {
            Action::Keep => ClaimNames { names: self.notes.names(member, names, MAX_CLAIMS), number },
            _ => ClaimNames { names: Vec::new(), number },
        }
    }

    /// The label of claims that are shown as evidence, whoever they are about.
    fn evidence(&self, trust: Trust) -> Option<String> {
        Some(self.trust(trust).unwrap_or("unverified").to_owned())
    }
}

/// PROTOCOL §2.9, `aud`.
pub(super) const MAX_AUDIENCES: usize = 16;

/// PROTOCOL §2.9, claims names.
pub(super) const MAX_CLAIMS: usize = 64;
