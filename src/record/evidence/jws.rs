//! Compact JWS ([RFC 7515 §7.1]) of one kind: header of three members, canonical claims, Ed25519 or nothing.
//!
//! A header has no member that brings a key, and the algorithm does not choose the check: a text is signed by a key that
//! the caller has, or it is unsigned, and says so.
//!
//! [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::hash::{Digest, octets};
use super::key::{PublicKey, SigningKey};
use crate::record::canonical;

/// A compact JWS that was read, and whose signature is still to be checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jws<'a> {
    /// Who says to have signed it.
    pub alg: Alg,
    /// The decoded claims: canonical JSON of one object.
    pub payload: String,
    /// The first two parts and the point between them.
    pub signing_input: &'a str,
    /// The whole text.
    pub text: &'a str,
}

/// The protection that a header states.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alg {
    /// `EdDSA` (RFC 8037 §3.1), or `Ed25519` (RFC 9864 §2.2), which is the same.
    Ed25519 {
        /// Thumbprint of the key that signed (RFC 7638).
        kid: Digest,
        /// The signature.
        signature: [u8; 64],
    },
    /// `none` (RFC 7518 §3.6): whoever can write to the store can write this.
    Unsigned,
}

/// Why a text is no such JWS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JwsError {
    /// The algorithm is another one.
    Algorithm,
    /// A part is not base64url without padding.
    Base64,
    /// Header or claims are not the canonical JSON of an object.
    Canonical,
    /// The header has another member, or one of another form.
    Header,
    /// It has not three parts.
    Parts,
    /// The signature has not 64 bytes, or there is one where none is stated.
    Signature,
    /// `typ` is another one: it was signed for another purpose (RFC 8725 §3.11).
    Type,
}

impl<'a> Jws<'a> {
    /// Reads a compact text. Nothing is checked but its form, which has one spelling per content.
    ///
    /// # Errors
    ///
    /// [`JwsError`], by its first cause from left to right.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        Self::parse_typed(text, TYP)
    }

    /// One of another type: its header's `typ`.
    ///
    /// # Errors
    ///
    /// As [`Jws::parse`].
    pub fn parse_typed(text: &'a str, typ: &str) -> Result<Self, JwsError> {
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Parts)?;
        if payload.contains('.') {
            return Err(JwsError::Parts);
        }
        let alg = read_header(&decoded(header)?, signature, typ)?;
        let payload = decoded(payload)?;
        object(&payload)?;
        Ok(Self { alg, payload, signing_input, text })
    }

    /// The compact text of canonical claims.
    #[must_use]
    pub fn sign(claims: &str, key: &SigningKey, typ: &str) -> String {
        compact(claims, Some(key), typ)
    }

    /// Whether this key signed it, and is the one that it names. Never true of an unsigned one.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        match &self.alg {
            Alg::Ed25519 { kid, signature } => {
                *kid == key.thumbprint() && key.made(self.signing_input.as_bytes(), signature)
            }
            Alg::Unsigned => false,
        }
    }

    /// What the next checkpoint and siblings say of it: SHA-256 of the whole text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// The compact text of canonical claims; unsigned without a key.
pub(super) fn compact(claims: &str, key: Option<&SigningKey>, typ: &str) -> String {
    let header = match key {
        Some(key) => format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{typ}"}}"#, key.public().thumbprint()),
        None => format!(r#"{{"alg":"none","typ":"{typ}"}}"#),
    };
    let mut text = String::with_capacity((header.len() + claims.len()) / 3 * 4 + 100);
    URL_SAFE_NO_PAD.encode_string(header, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    let signature = key.map(|key| key.sign(text.as_bytes()));
    text.push('.');
    if let Some(signature) = signature {
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    }
    text
}

fn read_header(text: &str, signature: &str, typ: &str) -> Result<Alg, JwsError> {
    let header = object(text)?;
    let Value::Object(members) = &header else { return Err(JwsError::Header) };
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    if member("typ") != Some(typ) {
        return Err(JwsError::Type);
    }
    match (member("alg"), members.len()) {
        (Some("EdDSA" | "Ed25519"), 3) => {
            let kid = member("kid").and_then(|kid| Digest::parse(kid).ok()).ok_or(JwsError::Header)?;
            Ok(Alg::Ed25519 { kid, signature: octets(signature).ok_or(JwsError::Signature)? })
        }
        (Some("none"), 2) if signature.is_empty() => Ok(Alg::Unsigned),
        (Some("none"), 2) => Err(JwsError::Signature),
        (Some("EdDSA" | "Ed25519" | "none"), _) => Err(JwsError::Header),
        _ => Err(JwsError::Algorithm),
    }
}

fn decoded(part: &str) -> Result<String, JwsError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Base64)?;
    String::from_utf8(bytes).map_err(|_| JwsError::Canonical)
}

/// An object in canonical form: then no member is there twice, and none is hidden from another reader.
fn object(text: &str) -> Result<Value, JwsError> {
    let value: Value = serde_json::from_str(text).map_err(|_| JwsError::Canonical)?;
    let canonical = value.is_object() && canonical::encode(&value) == text;
    canonical.then_some(value).ok_or(JwsError::Canonical)
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "an algorithm that is not EdDSA",
            Self::Base64 => "a part that is not base64url",
            Self::Canonical => "a part that is not canonical JSON",
            Self::Header => "a header with other members",
            Self::Parts => "not three parts",
            Self::Signature => "a signature of another length",
            Self::Type => "a JWS of another type",
        })
    }
}

impl std::error::Error for JwsError {}

/// Member `typ` of every checkpoint's header: a signature for anything else is none here.
pub const TYP: &str = "oidc-audit-cp+jwt";
