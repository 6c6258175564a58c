//! Secrets out of files as `keygen` writes them: the one that statements are signed with, and those of pseudonyms.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

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

/// The pseudonym secrets of several files, each id once: of two files the first counts.
///
/// # Errors
///
/// As [`pseudonyms`], for any of them.
pub(crate) fn all_pseudonyms(paths: &[PathBuf]) -> Result<Vec<NamedKey>, Failure> {
    let mut keys: Vec<NamedKey> = Vec::new();
    for path in paths {
        for key in pseudonyms(path)? {
            if !keys.iter().any(|known| known.id == key.id) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// Reads the pseudonym secrets: every line `OIDC_AUDIT_PSEUDONYM_KEY_<ID>=…` of an environment file, and the line
/// `OIDC_AUDIT_PSEUDONYM_KEY=…`, whose id is that of `OIDC_AUDIT_KEY_ID=…`. Other lines are passed over.
///
/// # Errors
///
/// The file cannot be read, or holds no such secret, one without an id, or one that is none.
fn pseudonyms(path: &Path) -> Result<Vec<NamedKey>, Failure> {
    let what = |error: &std::io::Error| Failure::io(format_args!("cannot read the key {}", path.display()), error);
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path).map_err(|error| what(&error))?;
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| what(&error))?;
    let variables = || text.lines().filter_map(|line| line.trim().split_once('='));
    let named = variables().find(|(name, _)| *name == KEY_ID).map(|(_, id)| id.to_owned());
    let mut keys: Vec<NamedKey> = Vec::new();
    for (name, value) in variables() {
        let Some(suffix) = name.strip_prefix(PSEUDONYM) else { continue };
        let id = match (suffix.strip_prefix('_'), &named) {
            (Some(id), _) => id.to_ascii_lowercase(),
            (None, Some(id)) if suffix.is_empty() => id.clone(),
            (None, None) if suffix.is_empty() => {
                return Err(Failure::new(format!("{} does not say which id {PSEUDONYM} has", path.display()))
                    .hint(format!("add the line {KEY_ID}=…, with `keys.pseudonym.current.id` of the configuration")));
            }
            (None, _) => continue,
        };
        let secret = URL_SAFE_NO_PAD.decode(value).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = secret.zip(KeyId::parse(&id).ok()).map(|(secret, id)| NamedKey::new(id, Secret::new(secret)));
        let key = key.ok_or_else(|| {
            Failure::new(format!("{}: {name} is no pseudonym secret", path.display()))
                .hint("expected 32 bytes in base64url, and an id of 1 to 8 characters of a-z and 0-9, not e…")
        })?;
        if keys.iter().any(|known| known.id == key.id) {
            return Err(Failure::new(format!("{}: two secrets have the id {}", path.display(), key.id.as_str())));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(Failure::new(format!("{} holds no pseudonym secret", path.display()))
            .hint("it is the environment file of the proxies, or what `oidc-audit keygen --pseudonym` wrote"));
    }
    Ok(keys)
}

const NAME: &str = "OIDC_AUDIT_SIGNING_KEY";

/// The secret of pseudonyms; with `_` and its id where it is that of one period.
pub(crate) const PSEUDONYM: &str = "OIDC_AUDIT_PSEUDONYM_KEY";

/// The id of the keys whose variables do not name it.
pub(crate) const KEY_ID: &str = "OIDC_AUDIT_KEY_ID";

/// Of an environment file: hundreds of secrets.
const LONGEST: u64 = 64 * 1024;
