//! JWTs that carry a message or an authentication: request objects (RFC 9101), JARM responses, client assertions
//! (RFC 7523). Header and claims from outside, each read on its own.

use super::json::Object;
use super::jwt;
use super::keys::JoseHeader;
use super::observation::SignedMessage;
use super::signature::{SignatureCheck, Unchecked, is_checked};
use super::token_claims::KEY_REFERENCES;

/// Reads a JWT; `None` for what is none. Its signature is that of a sender whose keys are not known.
pub(super) fn read<'a>(token: &[u8]) -> Option<(SignedMessage<'a>, Option<Object<'static>>)> {
    let jwt = jwt::read(token)?;
    let nothing = Object::default();
    let claims = jwt.claims.as_ref().unwrap_or(&nothing);
    let alg = jwt.header.text("alg", NAME);
    let why = match &alg {
        _ if jwt.encrypted => Unchecked::Encrypted,
        crate::seen::Seen::Present(alg) if is_checked(alg) => Unchecked::NoKeys,
        _ => Unchecked::Algorithm,
    };
    let message = SignedMessage {
        encrypted: jwt.encrypted,
        alg,
        enc: jwt.header.text("enc", NAME),
        kid: jwt.header.text("kid", TEXT),
        typ: jwt.header.text("typ", NAME),
        key_references: KEY_REFERENCES.into_iter().filter(|name| jwt.header.has(name)).collect(),
        iss: claims.text("iss", TEXT),
        aud: claims.texts("aud", AUDIENCES),
        exp: claims.date("exp"),
        iat: claims.date("iat"),
        nbf: claims.date("nbf"),
        jti: claims.has("jti"),
        signature: SignatureCheck::Unchecked(why),
        checks: super::observation::TokenChecks::default(),
    };
    Some((message, jwt.claims))
}

impl SignedMessage<'_> {
    /// What a signature check needs of its header.
    pub(super) fn jose_header(&self) -> JoseHeader<'_> {
        JoseHeader {
            alg: self.alg.as_ref().present().map_or("", AsRef::as_ref),
            kid: self.kid.as_ref().present().map(AsRef::as_ref),
            encrypted: self.encrypted,
        }
    }
}

/// Bytes of `alg`, `enc`, `typ`.
const NAME: usize = 64;

/// Bytes of a claim; the record cuts it further.
const TEXT: usize = 8 * 1024;

/// PROTOCOL §2.9, `aud`.
const AUDIENCES: usize = 16;
