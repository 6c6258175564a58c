//! Collects the values that other exchanges show again (PROTOCOL §3.3), and what was malformed among them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::observation::{Link, LinkRole, Observation};
use crate::secret::Secret;
use crate::seen::{Malformation, Seen};

/// Links of one observation, and the malformations of values that are never recorded.
#[derive(Debug, Default)]
pub(super) struct Links<'a> {
    pub(super) list: Vec<Link<'a>>,
    pub(super) malformed: Vec<(&'static str, Malformation)>,
}

/// Keys of one record (PROTOCOL §3.3).
const MOST: usize = 16;

/// Octets of one value (PROTOCOL §3.3).
const VALUE: usize = 64 * 1024;

impl<'a> Links<'a> {
    /// Goes on with those of an observation, which has none until they are put back.
    pub(super) fn of(observation: &mut Observation<'a>) -> Self {
        Self { list: std::mem::take(&mut observation.links), malformed: std::mem::take(&mut observation.malformed) }
    }

    /// A value that is unique by itself. `name` is the record's name for it, where it is malformed.
    pub(super) fn add(&mut self, role: LinkRole, name: &'static str, value: Seen<Cow<'a, [u8]>>) {
        self.add_scoped(role, name, Cow::Borrowed(""), value);
    }

    /// A value that is unique within an issuer.
    pub(super) fn add_scoped(
        &mut self,
        role: LinkRole,
        name: &'static str,
        scope: Cow<'a, str>,
        value: Seen<Cow<'a, [u8]>>,
    ) {
        match value {
            Seen::Absent => {}
            Seen::Malformed(why) => self.note(name, why),
            Seen::Present(value) if value.len() > VALUE => self.note(name, Malformation::TooLong),
            Seen::Present(value) if self.list.len() < MOST => {
                self.list.push(Link { role, scope, value: Secret::new(value) });
            }
            Seen::Present(_) => {}
        }
    }

    /// Only the malformation, if it is one.
    pub(super) fn note_if_malformed<T>(&mut self, name: &'static str, value: &Seen<T>) {
        if let Seen::Malformed(why) = value {
            self.note(name, *why);
        }
    }

    fn note(&mut self, name: &'static str, why: Malformation) {
        if !self.malformed.contains(&(name, why)) {
            self.malformed.push((name, why));
        }
    }
}

/// RFC 7636 §4.2: `BASE64URL(SHA-256(ASCII(verifier)))`.
pub(super) fn s256(verifier: &[u8]) -> Cow<'static, [u8]> {
    Cow::Owned(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)).into_bytes())
}

/// A text as octets.
pub(super) fn octets(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_a_verifier_is_that_of_rfc_7636() {
        let challenge = s256(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge.as_ref(), b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_malformed_value_is_no_link_and_links_are_bounded() {
        let mut links = Links::default();
        links.add(LinkRole::Code, "request.code", Seen::Malformed(Malformation::Duplicate));
        for _ in 0..20 {
            links.add(LinkRole::State, "request.state", Seen::Present(Cow::Borrowed(b"x")));
        }
        links.add(LinkRole::At, "response.access_token", Seen::Present(Cow::Owned(vec![0; VALUE + 1])));
        assert_eq!(links.list.len(), MOST);
        let expected = [("request.code", Malformation::Duplicate), ("response.access_token", Malformation::TooLong)];
        assert_eq!(links.malformed, expected);
    }
}
