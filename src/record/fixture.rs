//! Keys and entropy of the tests.

use crate::entropy::{Entropy, NoEntropy};
use crate::record::keys::{KeyId, KeyRing, Keys, NamedKey};
use crate::secret::Secret;

pub(crate) const ISSUER: &str = "https://idp.example.test/realms/acme";

/// Both secrets are the bytes 00..1f, as in the vectors of PROTOCOL §3.3.
pub(crate) fn keys() -> Keys {
    let mut secret = [0; 32];
    for (byte, value) in secret.iter_mut().zip(0..) {
        *byte = value;
    }
    let ring = KeyRing::of(NamedKey::new(KeyId::parse("k1").unwrap(), Secret::new(secret)));
    Keys::from_secrets(&ring, &ring)
}

/// Counts upwards.
#[derive(Default)]
pub(crate) struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

/// Has run dry.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}
