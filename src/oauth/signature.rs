//! Whether an issuer's key signed a token ([RFC 7515 §5.2]), with the keys of its JWK Set ([RFC 7517]).
//!
//! The result is recorded and never enforced. Knows keys and signatures; which claims a token makes is read elsewhere,
//! one by one, so that an odd claim or key hides no other.
//!
//! [RFC 7515 §5.2]: https://www.rfc-editor.org/rfc/rfc7515#section-5.2
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517

use std::borrow::Cow;
use std::fmt;

use jwt_compact::alg::{Ed25519, Es256, Rsa, StrongKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmSignature};

use super::json::{self, Json, Object};
use super::jwt::base64_octets;
use crate::seen::Seen;

/// What is known of a token's signature (`id_token.signature`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureCheck {
    /// A key of the issuer that the header names made another signature, or none did.
    Failed,
    /// It was not checked.
    Unchecked(Unchecked),
    /// A key of the issuer made it.
    Verified,
}

/// Why a signature was not checked (`id_token.signature_reason`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unchecked {
    /// An algorithm that is not checked here: `HS*`, `none`, or one that we do not know.
    Algorithm,
    /// The budget of checks per second is spent.
    Budget,
    /// A JWE: the signature is inside.
    Encrypted,
    /// No key of the issuer has this `kid`.
    KeyUnknown,
    /// The issuer's keys are not known: no cluster is configured to fetch them, or they have not arrived.
    NoKeys,
    /// Signatures are not checked, as configured.
    Off,
}

/// The verification keys of an issuer, each read on its own: one that cannot be read is left out.
///
/// Private and symmetric key material is never kept.
#[derive(Debug)]
pub struct JwkSet(Vec<Jwk>);

/// A JWK Set that cannot be used: not JSON, or no member `keys` that is a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAJwkSet;

/// The parts of a JWS in compact serialisation that its signature depends on.
#[derive(Clone, Copy)]
pub struct SignedParts<'a> {
    /// JOSE header `alg`.
    pub alg: &'a str,
    /// JOSE header `kid`.
    pub kid: Option<&'a str>,
    /// The first two segments and the point between them, as sent.
    pub signing_input: &'a [u8],
    /// The third segment, decoded.
    pub signature: &'a [u8],
}

impl JwkSet {
    /// Reads at most 32 keys of a JWK Set document. Encryption keys and keys that we cannot use are passed over.
    ///
    /// # Errors
    ///
    /// [`NotAJwkSet`].
    pub fn read(document: &[u8]) -> Result<Self, NotAJwkSet> {
        let document = json::read_object(document).ok_or(NotAJwkSet)?;
        let Seen::Present(Json::List(keys)) = document.get("keys") else { return Err(NotAJwkSet) };
        Ok(Self(keys.iter().filter_map(Jwk::read).take(MAX_KEYS).collect()))
    }

    /// Checks a signature with the key that the header names; without a `kid`, with every key of the algorithm's type.
    ///
    /// `may_try` is asked before each key that is tried: one costs about 1 ms of CPU in wasm.
    #[must_use]
    pub fn check(&self, parts: SignedParts<'_>, mut may_try: impl FnMut() -> bool) -> SignatureCheck {
        if !is_checked(parts.alg) {
            return SignatureCheck::Unchecked(Unchecked::Algorithm);
        }
        let mut usable = self.0.iter().filter(|jwk| jwk.may_have_made(parts)).peekable();
        if usable.peek().is_none() {
            return SignatureCheck::Unchecked(Unchecked::KeyUnknown);
        }
        for jwk in usable.take(MAX_TRIES) {
            if !may_try() {
                return SignatureCheck::Unchecked(Unchecked::Budget);
            }
            if jwk.key.made(parts) {
                return SignatureCheck::Verified;
            }
        }
        SignatureCheck::Failed
    }

    /// How many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none can.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Nothing is known of it.
impl Default for SignatureCheck {
    fn default() -> Self {
        Self::Unchecked(Unchecked::NoKeys)
    }
}

impl SignatureCheck {
    /// The word that a record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unchecked(_) => "unchecked",
            Self::Verified => "verified",
        }
    }

    /// Why it was not checked.
    #[must_use]
    pub fn reason(self) -> Option<Unchecked> {
        match self {
            Self::Unchecked(reason) => Some(reason),
            Self::Failed | Self::Verified => None,
        }
    }
}

impl Unchecked {
    /// The word that a record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Budget => "budget",
            Self::Encrypted => "encrypted",
            Self::KeyUnknown => "key_unknown",
            Self::NoKeys => "no_keys",
            Self::Off => "off",
        }
    }
}

/// The signing input holds claims: it is not shown.
impl fmt::Debug for SignedParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedParts").field("alg", &self.alg).finish_non_exhaustive()
    }
}

impl fmt::Display for NotAJwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a JWK Set")
    }
}

impl std::error::Error for NotAJwkSet {}

struct Jwk {
    kid: Option<Box<str>>,
    /// Where the key says so, the one algorithm that it is for (RFC 7517 §4.4).
    alg: Option<Box<str>>,
    key: VerifyingKey,
}

enum VerifyingKey {
    Ed25519(<Ed25519 as Algorithm>::VerifyingKey),
    Es256(<Es256 as Algorithm>::VerifyingKey),
    Rsa(StrongKey<<Rsa as Algorithm>::VerifyingKey>),
}

impl Jwk {
    fn read(jwk: &Json<'_>) -> Option<Self> {
        let Json::Object(jwk) = jwk else { return None };
        let text = |name| jwk.text(name, MAX_NAME).present();
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        Some(Self { kid: text("kid").map(Into::into), alg: text("alg").map(Into::into), key: VerifyingKey::read(jwk)? })
    }

    fn may_have_made(&self, parts: SignedParts<'_>) -> bool {
        let named = parts.kid.is_none() || self.kid.as_deref() == parts.kid;
        let same_algorithm = self.alg.as_deref().is_none_or(|alg| alg == parts.alg || is_eddsa(alg, parts.alg));
        named && same_algorithm && self.key.is_for(parts.alg)
    }
}

impl VerifyingKey {
    /// RSA keys below 2048 bits are left out: what they signed is not proof (RFC 7518 §3.3).
    fn read(jwk: &Object<'_>) -> Option<Self> {
        let octets = |name| Some(Cow::Owned(base64_octets(jwk.text(name, MAX_NUMBER).present()?.as_bytes())?));
        let curve = || jwk.text("crv", MAX_NAME).present();
        match jwk.text("kty", MAX_NAME).present()?.as_ref() {
            "EC" => {
                let jwk = JsonWebKey::EllipticCurve { curve: curve()?, x: octets("x")?, y: octets("y")?, secret: None };
                <Es256 as Algorithm>::VerifyingKey::try_from(&jwk).ok().map(Self::Es256)
            }
            "OKP" => {
                let jwk = JsonWebKey::KeyPair { curve: curve()?, x: octets("x")?, secret: None };
                <Ed25519 as Algorithm>::VerifyingKey::try_from(&jwk).ok().map(Self::Ed25519)
            }
            "RSA" => {
                let (modulus, public_exponent) = (octets("n")?, octets("e")?);
                let jwk = JsonWebKey::Rsa { modulus, public_exponent, private_parts: None };
                StrongKey::try_from(<Rsa as Algorithm>::VerifyingKey::try_from(&jwk).ok()?).ok().map(Self::Rsa)
            }
            _ => None,
        }
    }

    fn is_for(&self, alg: &str) -> bool {
        match self {
            Self::Ed25519(_) => matches!(alg, "EdDSA" | "Ed25519"),
            Self::Es256(_) => alg == "ES256",
            Self::Rsa(_) => alg.starts_with("RS") || alg.starts_with("PS"),
        }
    }

    fn made(&self, parts: SignedParts<'_>) -> bool {
        match self {
            Self::Ed25519(key) => verify(&Ed25519, key, parts),
            Self::Es256(key) => verify(&Es256, key, parts),
            Self::Rsa(key) => {
                rsa(parts.alg).is_some_and(|algorithm| verify(&algorithm, &key.clone().into_inner(), parts))
            }
        }
    }
}

/// Names of key and algorithm alone.
impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}

/// Whether signatures of an algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2) are checked here.
pub(super) fn is_checked(alg: &str) -> bool {
    ALGORITHMS.contains(&alg)
}

fn verify<A: Algorithm>(algorithm: &A, key: &A::VerifyingKey, parts: SignedParts<'_>) -> bool {
    A::Signature::try_from_slice(parts.signature)
        .is_ok_and(|signature| algorithm.verify_signature(&signature, key, parts.signing_input))
}

fn rsa(alg: &str) -> Option<Rsa> {
    match alg {
        "RS256" => Some(Rsa::rs256()),
        "RS384" => Some(Rsa::rs384()),
        "RS512" => Some(Rsa::rs512()),
        "PS256" => Some(Rsa::ps256()),
        "PS384" => Some(Rsa::ps384()),
        "PS512" => Some(Rsa::ps512()),
        _ => None,
    }
}

/// RFC 9864 names by curve what RFC 8037 named by family.
fn is_eddsa(one: &str, other: &str) -> bool {
    matches!((one, other), ("EdDSA", "Ed25519") | ("Ed25519", "EdDSA"))
}

const ALGORITHMS: [&str; 9] = ["ES256", "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
/// More keys than any provider rotates through; each costs memory in every VM.
const MAX_KEYS: usize = 32;
/// Without a `kid` several keys may be tried; each try costs about 1 ms.
const MAX_TRIES: usize = 4;
/// Bytes of a number in base64url: RSA keys of 8192 bits.
const MAX_NUMBER: usize = 1400;
/// Bytes of a `kid` or `alg`.
const MAX_NAME: usize = 256;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// RFC 8037 appendix A.4.
    const ED25519: (&str, &str) = (
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
    /// RFC 7515 appendix A.3.
    const ES256: (&str, &str) = (
        r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
    /// What a Keycloak 26.4 signed with a test key.
    const KEYCLOAK: (&str, &str) = (include_str!("testdata/jwks.json"), include_str!("testdata/id_token.txt"));
    const KEYCLOAK_KID: &str = "TzA_eiYAyT0MEH6W_Qm5o-2gquZSwkWQYxxznvT-2Pw";

    fn check(set: &str, token: &str, alg: &str, kid: Option<&str>) -> SignatureCheck {
        let (signing_input, signature) = token.trim().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let parts = SignedParts { alg, kid, signing_input: signing_input.as_bytes(), signature: &signature };
        JwkSet::read(set.as_bytes()).unwrap().check(parts, || true)
    }

    #[test]
    fn the_examples_of_the_rfcs_and_a_real_provider_verify() {
        for ((set, token), alg, kid) in
            [(ED25519, "EdDSA", None), (ES256, "ES256", None), (KEYCLOAK, "RS256", Some(KEYCLOAK_KID))]
        {
            assert_eq!(check(set, token, alg, kid), SignatureCheck::Verified, "{alg}");
        }
    }

    #[test]
    fn one_changed_byte_fails() {
        for ((set, token), alg) in [(ED25519, "EdDSA"), (ES256, "ES256"), (KEYCLOAK, "RS256")] {
            let changed = token.replacen("eyJ", "eyK", 1);
            assert_eq!(check(set, &changed, alg, None), SignatureCheck::Failed, "{alg}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_the_keys_own_is_not_tried() {
        let unknown = SignatureCheck::Unchecked(Unchecked::KeyUnknown);
        assert_eq!(check(KEYCLOAK.0, KEYCLOAK.1, "RS512", Some(KEYCLOAK_KID)), unknown);
        assert_eq!(check(ES256.0, KEYCLOAK.1, "RS256", None), unknown);
        assert_eq!(check(KEYCLOAK.0, KEYCLOAK.1, "RS256", Some("another")), unknown);
        for alg in ["none", "HS256", ""] {
            assert_eq!(check(ES256.0, ES256.1, alg, None), SignatureCheck::Unchecked(Unchecked::Algorithm));
        }
    }

    #[test]
    fn each_key_that_is_tried_is_asked_for() {
        let (signing_input, signature) = KEYCLOAK.1.trim().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let signing_input = signing_input.as_bytes();
        let parts = SignedParts { alg: "RS256", kid: None, signing_input, signature: &signature };
        let set = JwkSet::read(KEYCLOAK.0.as_bytes()).unwrap();
        let mut asked = 0;
        let refused = set.check(parts, || {
            asked += 1;
            false
        });
        assert_eq!((refused, asked), (SignatureCheck::Unchecked(Unchecked::Budget), 1));
        let unasked = SignedParts { alg: "ES256", ..parts };
        assert_eq!(set.check(unasked, || panic!("no key is tried")), SignatureCheck::Unchecked(Unchecked::KeyUnknown));
    }

    #[test]
    fn an_odd_key_hides_no_other() {
        let odd = r#"{"kty":"EC","crv":"P-256","x":7},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AAAA"},null,{"use":"enc"},"#;
        let set = ES256.0.replacen(r#""keys":["#, &format!(r#""keys":[{odd}"#), 1);
        assert_eq!(JwkSet::read(set.as_bytes()).unwrap().len(), 1);
        assert_eq!(check(&set, ES256.1, "ES256", None), SignatureCheck::Verified);
    }

    #[test]
    fn what_is_no_jwk_set_is_refused() {
        for document in ["", "{}", "[]", r#"{"keys":{}}"#, "\u{fffd}"] {
            assert_eq!(JwkSet::read(document.as_bytes()).unwrap_err(), NotAJwkSet);
        }
    }
}
