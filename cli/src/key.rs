//! The secret that statements are signed with, out of a file as `keygen` writes it.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc_audit::record::evidence::SigningKey;
use oidc_audit::record::{KeyId, NamedKey};
use oidc_audit::secret::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Reads the signing key: the line `OIDC_AUDIT_SIGNING_KEY=…` of an environment file, or a file with nothing but the value.
///
/// # Errors
///
/// The file cannot be read, or holds no such key.
pub(crate) fn signing(path: &Path) -> Result<SigningKey, Failure> {
    let what = |error: &std::io::Error| Failure::io(format_args!("cannot read the key {}", path.display()), error);
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| what(&error))?);
    let named = text.lines().find_map(|line| line.trim().strip_prefix(NAME)?.strip_prefix('='));
    let value = named.unwrap_or_else(|| text.trim());
    let seed = URL_SAFE_NO_PAD.decode(value).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = seed.zip(KeyId::parse("k1").ok()).map(|(seed, id)| NamedKey::new(id, Secret::new(seed)).signing_key());
    key.ok_or_else(|| {
        Failure::new(format!("{} holds no signing key", path.display()))
            .hint("it is a file that `oidc-audit keygen` wrote, or 32 bytes in base64url")
    })
}

const NAME: &str = "OIDC_AUDIT_SIGNING_KEY";
