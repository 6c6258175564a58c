//! The two secrets of a log tenant, and the keys that derive from them (PROTOCOL §3.2).
//!
//! Knows which key signs which kind of value. Does not know where a secret comes from, nor what is hashed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::record::evidence::SigningKey;
use crate::secret::Secret;

/// Names a secret in records and in `audit.start`: 1 to 8 characters of `[a-z0-9]`. Not a secret.
///
/// Ids that begin with `e` are those of ephemeral keys, which the filter draws itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyId(Box<str>);

/// Why a text is no id of a configured key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyIdError {
    /// It has a character outside `[a-z0-9]`.
    Characters,
    /// It is empty.
    Empty,
    /// It begins with `e`, as only the ids of ephemeral keys do.
    Reserved,
    /// It has more than 8 characters.
    TooLong,
}

/// One secret of exactly 32 bytes with its id. Never in a record; wiped when dropped.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// Its name in records.
    pub id: KeyId,
    secret: Secret<Zeroizing<[u8; 32]>>,
}

/// The current secret and those that it replaced: values are keyed with all of them while tokens from before the change
/// are in use (PROTOCOL §3.2, Rotation).
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// Keys the first value of every join role.
    pub current: NamedKey,
    /// Key the further values. Of more than [`MAX_PREVIOUS`] the first are used: each costs one HMAC per join value.
    pub previous: Vec<NamedKey>,
}

/// Where the secrets come from (`audit.keys` of `audit.start`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The operator's configuration: joins hold between proxies and across restarts.
    Configured,
    /// Drawn by this process: joins hold inside it, until it ends.
    Ephemeral,
}

/// Secrets that a process draws when none are configured; its VMs share them as bytes, through the host's shared data.
#[derive(Clone, Debug)]
pub struct EphemeralSecrets {
    join: NamedKey,
    pseudonym: NamedKey,
}

/// `K_join` and `K_pii` of every secret in use, ready to hash with. Wiped when dropped.
pub struct Keys {
    join: Vec<DerivedKey>,
    pseudonym: Vec<DerivedKey>,
    origin: Origin,
}

/// Which derived key a value is hashed with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// `K_join`: correlation.
    Join,
    /// `K_pii`: pseudonyms, which can be shredded without breaking flows.
    Pseudonym,
}

struct DerivedKey {
    id: KeyId,
    mac: Hmac<Sha256>,
}

impl KeyId {
    /// The id of a configured key.
    ///
    /// # Errors
    ///
    /// [`KeyIdError`], by its first cause in the order empty, too long, characters, reserved.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        match text.as_bytes() {
            [] => Err(KeyIdError::Empty),
            bytes if bytes.len() > MAX_KEY_ID => Err(KeyIdError::TooLong),
            bytes if !bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9')) => Err(KeyIdError::Characters),
            [b'e', ..] => Err(KeyIdError::Reserved),
            _ => Ok(Self(text.into())),
        }
    }

    /// The id as records show it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn ephemeral(random: [u8; 4]) -> Self {
        // 28 bits: enough to tell two runs of a proxy apart.
        Self(format!("e{:07x}", u32::from_be_bytes(random) & 0x0fff_ffff).into())
    }
}

impl NamedKey {
    /// Takes a secret into custody. The caller wipes its own copy.
    #[must_use]
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>) -> Self {
        Self { id, secret: secret.map(Zeroizing::new) }
    }

    /// The key that signs checkpoints, where that is what the secret is for.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.secret)
    }
}

impl KeyRing {
    /// A ring without rotation.
    #[must_use]
    pub fn of(current: NamedKey) -> Self {
        Self { current, previous: Vec::new() }
    }

    fn derive(&self, info: &[u8]) -> Vec<DerivedKey> {
        let all = std::iter::once(&self.current).chain(self.previous.iter().take(MAX_PREVIOUS));
        all.filter_map(|key| DerivedKey::new(key, info)).collect()
    }
}

impl EphemeralSecrets {
    /// Bytes of their encoded form.
    pub const ENCODED: usize = 4 + 32 + 32;

    /// Draws both secrets and their common id.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] when the host gives no random bytes: guessable keys would be worse than none.
    pub fn draw(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; Self::ENCODED]);
        entropy.fill(bytes.as_mut_slice())?;
        Self::from_bytes(bytes.as_slice()).ok_or(NoEntropy)
    }

    /// What [`Self::to_bytes`] gave; `None` for anything of another length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, secrets) = bytes.split_first_chunk::<4>()?;
        let (join, pseudonym) = secrets.split_first_chunk::<32>()?;
        let pseudonym: &[u8; 32] = pseudonym.try_into().ok()?;
        let id = KeyId::ephemeral(*id);
        Some(Self {
            join: NamedKey::new(id.clone(), Secret::new(*join)),
            pseudonym: NamedKey::new(id, Secret::new(*pseudonym)),
        })
    }

    /// For the other VMs of this process, and for nobody else: this is the secret itself.
    #[must_use]
    pub fn to_bytes(&self) -> Secret<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::ENCODED));
        let id = u32::from_str_radix(self.join.id.as_str().get(1..).unwrap_or_default(), 16).unwrap_or_default();
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(self.join.secret.expose().as_slice());
        bytes.extend_from_slice(self.pseudonym.secret.expose().as_slice());
        Secret::new(bytes)
    }
}

impl Keys {
    /// Derives from configured secrets.
    #[must_use]
    pub fn from_secrets(join: &KeyRing, pseudonym: &KeyRing) -> Self {
        Self::derive(join, pseudonym, Origin::Configured)
    }

    /// Derives from secrets that this process drew.
    #[must_use]
    pub fn ephemeral(secrets: &EphemeralSecrets) -> Self {
        let (join, pseudonym) = (KeyRing::of(secrets.join.clone()), KeyRing::of(secrets.pseudonym.clone()));
        Self::derive(&join, &pseudonym, Origin::Ephemeral)
    }

    /// Of pseudonyms alone, for those who search and never join: there is no join key.
    #[must_use]
    pub fn of_pseudonyms(pseudonym: &KeyRing) -> Self {
        Self { join: Vec::new(), pseudonym: pseudonym.derive(Purpose::Pseudonym.version()), origin: Origin::Configured }
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Ids of the join keys in use, the current one first.
    pub fn join_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.join.iter().map(|key| &key.id)
    }

    /// Ids of the pseudonym keys in use, the current one first.
    pub fn pseudonym_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.pseudonym.iter().map(|key| &key.id)
    }

    /// `kid "." BASE64URL(HMAC(K, enc(version) || enc(label) || enc(scope) || enc(value))[0..16])`, once per key, the
    /// current one first (PROTOCOL §3.3). Two SHA-256 blocks and one per 64 bytes of input, for each key.
    pub(super) fn hash(&self, purpose: Purpose, label: &str, scope: &[u8], value: &[u8]) -> Vec<String> {
        let keys = match purpose {
            Purpose::Join => &self.join,
            Purpose::Pseudonym => &self.pseudonym,
        };
        keys.iter().map(|key| key.hash(&[purpose.version(), label.as_bytes(), scope, value])).collect()
    }

    fn derive(join: &KeyRing, pseudonym: &KeyRing, origin: Origin) -> Self {
        Self {
            join: join.derive(Purpose::Join.version()),
            pseudonym: pseudonym.derive(Purpose::Pseudonym.version()),
            origin,
        }
    }
}

impl Purpose {
    /// HKDF's `info`, and the first part of every hashed input.
    fn version(self) -> &'static [u8] {
        match self {
            Self::Join => b"oidc-audit/join/v1",
            Self::Pseudonym => b"oidc-audit/pii/v1",
        }
    }
}

impl DerivedKey {
    /// HKDF-SHA-256 without salt. `None` is impossible: 32 bytes are one block of output, and HMAC takes any key.
    fn new(key: &NamedKey, info: &[u8]) -> Option<Self> {
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, key.secret.expose().as_slice()).expand(info, derived.as_mut_slice()).ok()?;
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(derived.as_slice()).ok()?;
        Some(Self { id: key.id.clone(), mac })
    }

    fn hash(&self, parts: &[&[u8]]) -> String {
        let mut mac = self.mac.clone();
        for part in parts {
            // Callers bound the input far below 4 GiB; a longer one is hashed with a saturated length.
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        let mut text = String::with_capacity(MAX_KEY_ID + 1 + 22);
        text.push_str(self.id.as_str());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(full.first_chunk::<16>().unwrap_or(&[0; 16]), &mut text);
        text
    }
}

impl Origin {
    /// The word that `audit.start` uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Ephemeral => "ephemeral",
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (join, pseudonym): (Vec<_>, Vec<_>) = (self.join_ids().collect(), self.pseudonym_ids().collect());
        f.debug_struct("Keys")
            .field("origin", &self.origin)
            .field("join", &join)
            .field("pseudonym", &pseudonym)
            .finish()
    }
}

impl fmt::Display for KeyIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Characters => "a key id has characters of a-z and 0-9 alone",
            Self::Empty => "a key id is not empty",
            Self::Reserved => "key ids that begin with e are kept for ephemeral keys",
            Self::TooLong => "a key id has at most 8 characters",
        })
    }
}

impl std::error::Error for KeyIdError {}

/// More previous keys than this are not used: each multiplies the cost and the size of every join value.
pub const MAX_PREVIOUS: usize = 3;

/// Longer ids would make every join value longer; stores index the prefix.
const MAX_KEY_ID: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    struct Counter(u8);

    impl Entropy for Counter {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
            Ok(())
        }
    }

    struct Dry;

    impl Entropy for Dry {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
            Err(NoEntropy)
        }
    }

    #[test]
    fn key_ids_are_short_lower_case_and_leave_e_to_ephemeral_keys() {
        assert_eq!(KeyId::parse("k1").map(|id| id.as_str().to_owned()), Ok("k1".to_owned()));
        assert_eq!(KeyId::parse("12345678").map(|id| id.as_str().len()), Ok(8));
        assert_eq!(KeyId::parse(""), Err(KeyIdError::Empty));
        assert_eq!(KeyId::parse("123456789"), Err(KeyIdError::TooLong));
        assert_eq!(KeyId::parse("K1"), Err(KeyIdError::Characters));
        assert_eq!(KeyId::parse("é1"), Err(KeyIdError::Characters));
        assert_eq!(KeyId::parse("e1"), Err(KeyIdError::Reserved));
    }

    #[test]
    fn ephemeral_secrets_survive_the_way_through_shared_data() {
        let drawn = EphemeralSecrets::draw(&mut Counter(7)).unwrap();
        let shared = drawn.to_bytes();
        assert_eq!(shared.expose().len(), EphemeralSecrets::ENCODED);
        let other = EphemeralSecrets::from_bytes(shared.expose()).unwrap();
        let (one, two) = (Keys::ephemeral(&drawn), Keys::ephemeral(&other));
        assert_eq!(one.hash(Purpose::Join, "state", b"", b"x"), two.hash(Purpose::Join, "state", b"", b"x"));
        assert_eq!(one.origin().as_str(), "ephemeral");
        assert_eq!(one.join_ids().map(KeyId::as_str).collect::<Vec<_>>(), ["e708090a"]);
        assert!(EphemeralSecrets::from_bytes(&[0; 67]).is_none());
        assert!(EphemeralSecrets::from_bytes(&[0; 69]).is_none());
        assert_eq!(EphemeralSecrets::draw(&mut Dry).err(), Some(NoEntropy));
    }

    #[test]
    fn debug_shows_ids_and_no_key() {
        let keys = Keys::ephemeral(&EphemeralSecrets::draw(&mut Counter(7)).unwrap());
        let shown = format!("{keys:?}");
        assert_eq!(shown, r#"Keys { origin: Ephemeral, join: [KeyId("e708090a")], pseudonym: [KeyId("e708090a")] }"#);
    }
}
