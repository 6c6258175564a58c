//! The verification keys of issuers, and how many of them may be tried.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::endpoint::EndpointKind;
use super::jwt;
use super::policy::{Issuer, Policy};
use super::signature::{JwkSet, NotAJwkSet, SignatureCheck, SignedParts, Unchecked, is_checked};
use crate::time::Timestamp;

use sha2::{Digest, Sha256};

/// Why a JWK Set was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeysError {
    /// It is not a JWK Set.
    NotAJwkSet,
    /// There is no issuer of that index.
    UnknownIssuer,
}

/// What is known of an issuer's keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    set: Option<Rc<JwkSet>>,
    /// Whether a token named a key that is not among them.
    missed: Cell<bool>,
}

/// What is left of [`Limits::signature_checks`](super::Limits) in a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks {
    second: u64,
    made: Cell<u32>,
    /// Of the tokens that were checked last, by their SHA-256 and the issuer's index: each is checked once.
    recent: RefCell<VecDeque<([u8; 32], SignatureCheck)>>,
}

/// Who brought a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Carrier {
    /// A browser, or any caller: anybody may have made it, so part of the checks is kept for these.
    Browser,
    /// The authorization server itself, in an answer to a client.
    Server,
}

/// What a signature check needs of a JOSE header.
#[derive(Clone, Copy, Debug)]
pub(super) struct JoseHeader<'h> {
    pub(super) alg: &'h str,
    pub(super) kid: Option<&'h str>,
    pub(super) encrypted: bool,
}

impl Policy {
    /// Takes the issuer's JWK Set in place of the one before; gives how many of its keys can be used. Whose document it is
    /// cannot be seen in it: the caller vouches for where it came from.
    ///
    /// # Errors
    ///
    /// [`KeysError`]; then nothing changed.
    pub fn learn_keys(&mut self, issuer: usize, document: &[u8]) -> Result<usize, KeysError> {
        let issuer = self.issuers.get_mut(issuer).ok_or(KeysError::UnknownIssuer)?;
        let set = JwkSet::read(document).map_err(|NotAJwkSet| KeysError::NotAJwkSet)?;
        let usable = set.len();
        issuer.keys = Keys { set: Some(Rc::new(set)), missed: Cell::new(false) };
        self.checks.recent.borrow_mut().clear();
        Ok(usable)
    }

    /// Whether the issuer's keys were learned.
    #[must_use]
    pub fn knows_keys(&self, issuer: usize) -> bool {
        self.issuers.get(issuer).is_some_and(|issuer| issuer.keys.are_known())
    }

    /// The path of the issuer's JWK Set; `None` where neither the operator nor the metadata named it, and where no
    /// signatures are checked.
    #[must_use]
    pub fn keys_path(&self, issuer: usize) -> Option<String> {
        let path = self.issuers.get(issuer).filter(|_| self.checks_signatures())?.named(EndpointKind::Jwks)?;
        Some(String::from_utf8_lossy(path).into_owned())
    }

    /// Whether a token named a key that the issuer's JWK Set did not have, since this was asked last.
    #[must_use]
    pub fn take_missed_key(&self, issuer: usize) -> bool {
        self.issuers.get(issuer).is_some_and(|issuer| issuer.keys.missed.take())
    }

    /// Whether signatures are checked at all.
    #[must_use]
    pub fn checks_signatures(&self) -> bool {
        self.limits.signature_checks > 0
    }

    /// Grants the checks of a new second.
    pub fn grant_checks(&mut self, now: Timestamp) {
        let second = now.as_secs();
        if self.checks.second != second {
            self.checks.second = second;
            self.checks.made.set(0);
        }
    }

    /// Checks the signature of a token with this header.
    pub(super) fn check_signature(
        &self,
        issuer: Option<&Issuer>,
        header: JoseHeader<'_>,
        token: &[u8],
        carrier: Carrier,
    ) -> SignatureCheck {
        let unchecked = SignatureCheck::Unchecked;
        let JoseHeader { alg, kid, encrypted } = header;
        if encrypted {
            return unchecked(Unchecked::Encrypted);
        }
        if !self.checks_signatures() {
            return unchecked(Unchecked::Off);
        }
        if !is_checked(alg) {
            return unchecked(Unchecked::Algorithm);
        }
        let Some((issuer, set)) = issuer.and_then(|issuer| Some((issuer, issuer.keys.set.as_deref()?))) else {
            return unchecked(Unchecked::NoKeys);
        };
        let Some((signing_input, signature)) = split(token) else { return SignatureCheck::Failed };
        let digest = Sha256::new().chain_update(&issuer.name).chain_update([0]).chain_update(token).finalize().into();
        if let Some(known) = self.checks.known(&digest) {
            return known;
        }
        let parts = SignedParts { alg, kid, signing_input, signature: &signature };
        let granted = granted(self.limits.signature_checks, carrier);
        let check = set.check(parts, || self.checks.take(granted));
        match check {
            SignatureCheck::Failed | SignatureCheck::Verified => self.checks.remember(digest, check),
            SignatureCheck::Unchecked(Unchecked::KeyUnknown) => issuer.keys.missed.set(true),
            SignatureCheck::Unchecked(_) => {}
        }
        check
    }
}

impl Keys {
    pub(super) fn are_known(&self) -> bool {
        self.set.is_some()
    }
}

impl Checks {
    fn take(&self, granted: u32) -> bool {
        let left = self.made.get() < granted;
        if left {
            self.made.set(self.made.get().saturating_add(1));
        }
        left
    }

    fn known(&self, digest: &[u8; 32]) -> Option<SignatureCheck> {
        self.recent.borrow().iter().find(|(known, _)| known == digest).map(|(_, check)| *check)
    }

    fn remember(&self, digest: [u8; 32], check: SignatureCheck) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= REMEMBERED {
            recent.pop_front();
        }
        recent.push_back((digest, check));
    }
}

/// How many of the checks of a second a carrier may have used: a quarter is kept for what anybody could have made.
fn granted(checks: u32, carrier: Carrier) -> u32 {
    match carrier {
        Carrier::Browser => checks,
        Carrier::Server => checks.saturating_sub(checks / 4),
    }
}

/// Tokens whose check is remembered: 2 KB, and a look that costs a hundredth of a check.
const REMEMBERED: usize = 64;

/// The signing input and the signature of a JWS (RFC 7515 §5.2).
fn split(token: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (signing_input, signature) = token.split_at_checked(token.iter().rposition(|byte| *byte == b'.')?)?;
    Some((signing_input, jwt::base64_octets(signature.strip_prefix(b".")?)?))
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAJwkSet => "the document is not a jwk set",
            Self::UnknownIssuer => "no such issuer is configured",
        })
    }
}

impl std::error::Error for KeysError {}

#[cfg(test)]
mod tests;
