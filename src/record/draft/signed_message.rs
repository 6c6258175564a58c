//! JWTs that carry a message or an authentication, and proofs of possession.

use std::collections::BTreeMap;

use crate::oauth::{Comparison, DpopProof, SignedMessage};
use crate::record::draft::Drafter;
use crate::record::model::{DpopSection, SignedMessageSection};
use crate::record::notes::Notes;

/// What the record calls the members of one signed message, where they are malformed.
pub(super) struct Names {
    alg: &'static str,
    aud: &'static str,
    enc: &'static str,
    exp: &'static str,
    iat: &'static str,
    iss: &'static str,
    kid: &'static str,
    nbf: &'static str,
    typ: &'static str,
}

macro_rules! names {
    ($section:literal) => {
        Names {
            alg: concat!($section, ".alg"),
            aud: concat!($section, ".aud"),
            enc: concat!($section, ".enc"),
            exp: concat!($section, ".exp"),
            iat: concat!($section, ".iat"),
            iss: concat!($section, ".iss"),
            kid: concat!($section, ".kid"),
            nbf: concat!($section, ".nbf"),
            typ: concat!($section, ".typ"),
        }
    };
}

/// `client.assertion`
pub(super) const ASSERTION: Names = names!("client.assertion");
/// `request.object`
pub(super) const OBJECT: Names = names!("request.object");
/// `response.jarm`
pub(super) const JARM: Names = names!("response.jarm");

impl Drafter<'_> {
    pub(super) fn signed_message(&mut self, names: &Names, message: &SignedMessage<'_>) -> SignedMessageSection {
        let notes = &mut self.notes;
        SignedMessageSection {
            alg: notes.text(names.alg, &message.alg),
            aud: notes.words(names.aud, &message.aud, MAX_AUDIENCES),
            checks: checks(message.checks.made()),
            enc: notes.text(names.enc, &message.enc),
            encrypted: message.encrypted.then_some(true),
            exp: notes.number(names.exp, &message.exp),
            iat: notes.number(names.iat, &message.iat),
            iss: notes.text(names.iss, &message.iss),
            jti: message.jti.then_some(true),
            key_references: message.key_references.iter().map(|name| (*name).to_owned()).collect(),
            kid: notes.text(names.kid, &message.kid),
            nbf: notes.number(names.nbf, &message.nbf),
            signature: Some(message.signature.as_str().to_owned()),
            signature_reason: message.signature.reason().map(|reason| reason.as_str().to_owned()),
            typ: notes.text(names.typ, &message.typ),
        }
    }
}

/// `request.dpop_proof`
pub(super) fn dpop_proof(notes: &mut Notes, proof: &DpopProof<'_>) -> DpopSection {
    DpopSection {
        alg: notes.text("request.dpop_proof.alg", &proof.alg),
        checks: checks(proof.made()),
        iat: notes.number("request.dpop_proof.iat", &proof.iat),
        jti: proof.jti.then_some(true),
        nonce: proof.nonce.then_some(true),
    }
}

/// Verdicts by the name of what was compared.
pub(super) fn checks(made: impl Iterator<Item = (&'static str, Comparison)>) -> BTreeMap<String, String> {
    made.map(|(member, verdict)| (member.to_owned(), verdict.as_str().to_owned())).collect()
}

/// PROTOCOL §2.9, `aud`.
const MAX_AUDIENCES: usize = 16;
