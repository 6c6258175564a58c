//! Ed25519 keys of checkpoints ([RFC 8032]) and their names ([RFC 7638]).
//!
//! [RFC 8032]: https://www.rfc-editor.org/rfc/rfc8032
//! [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_compact::alg::Ed25519;
use jwt_compact::{Algorithm, AlgorithmSignature};
use zeroize::Zeroizing;

use super::hash::{Digest, octets};
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// A secret that signs; wiped when it is dropped.
pub struct SigningKey {
    secret: Secret<<Ed25519 as Algorithm>::SigningKey>,
    public: PublicKey,
}

/// What checks signatures: 32 bytes, written as the member `x` of its JWK (RFC 8037 §2).
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct PublicKey([u8; 32]);

/// A text that is no public key in its one spelling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAKey;

impl SigningKey {
    /// The key of a seed (RFC 8032 §5.1.5). Costs about as much as a signature.
    #[must_use]
    pub fn from_seed(seed: &Secret<Zeroizing<[u8; 32]>>) -> Self {
        let secret = <Ed25519 as Algorithm>::SigningKey::from_bytes(seed.expose());
        let public = PublicKey(secret.verifying_key().to_bytes());
        Self { secret: Secret::new(secret), public }
    }

    /// A key that nobody had before.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] when the host gives no random bytes.
    pub fn draw(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice())?;
        Ok(Self::from_seed(&Secret::new(seed)))
    }

    /// What checks its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a text; the same text has one signature.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        Ed25519.sign(self.secret.expose(), text).to_bytes()
    }
}

impl PublicKey {
    /// From bytes of a key; whether they are a point of the curve shows when it checks something.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What `Display` writes: 43 characters of base64url.
    ///
    /// # Errors
    ///
    /// [`NotAKey`].
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        octets(text).map(Self).ok_or(NotAKey)
    }

    /// The key as a JWK with its required members, in the form that is hashed (RFC 7638 §3.2, RFC 8037 §2).
    #[must_use]
    pub fn jwk(&self) -> String {
        format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{self}"}}"#)
    }

    /// The key's name: SHA-256 of [`Self::jwk`], base64url (RFC 7638 §3).
    #[must_use]
    pub fn thumbprint(&self) -> Digest {
        Digest::of(self.jwk().as_bytes())
    }

    /// Whether it made a signature. About twice the cost of making one.
    #[must_use]
    pub fn made(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        let key = <Ed25519 as Algorithm>::VerifyingKey::from_bytes(&self.0);
        let signature = <Ed25519 as Algorithm>::Signature::try_from_slice(signature);
        matches!((key, signature), (Ok(key), Ok(signature)) if Ed25519.verify_signature(&signature, &key, text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an Ed25519 public key in base64url")
    }
}

impl std::error::Error for NotAKey {}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A: key, thumbprint and signature.
    #[test]
    fn the_example_of_the_rfc_is_met() {
        let seed = octets("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(&Secret::new(Zeroizing::new(seed)));
        let public = key.public();
        assert_eq!(public.to_string(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(public.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let text = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = key.sign(text);
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
        assert!(public.made(text, &signature));
        assert!(!public.made(b"another", &signature));
        assert!(!PublicKey::from_bytes([7; 32]).made(text, &signature));
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_seed(&Secret::new(Zeroizing::new([7; 32])));
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ public: {:?}, .. }}", key.public()));
    }
}
