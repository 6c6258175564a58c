//! What the VMs of one process share, by name: keys that none configured, metadata that one has learned, and who does
//! what happens once per process. Every name begins with ours: Istio's plugins all see the same values.

use sha2::{Digest, Sha256};

use super::host::{self, HostEntropy};
use crate::record::{EphemeralSecrets, Keys};
use crate::time::Timestamp;

/// Keys that this process draws, because none are configured: those of the VM that came first. `None` when the host has
/// no random bytes.
pub(super) fn ephemeral_keys() -> Option<Keys> {
    if let Some(secrets) = shared_secrets() {
        return Some(Keys::ephemeral(&secrets));
    }
    let drawn = EphemeralSecrets::draw(&mut HostEntropy).ok()?;
    host::share_first(KEYS, drawn.to_bytes().expose());
    // Where the host shares nothing, each VM has its own.
    Some(Keys::ephemeral(&shared_secrets().unwrap_or(drawn)))
}

/// A metadata document that another VM has learned.
pub(super) fn metadata(issuer: &str) -> Option<Vec<u8>> {
    host::shared(&of(METADATA, issuer))
}

/// Shares a metadata document that this VM has learned.
pub(super) fn share_metadata(issuer: &str, document: &[u8]) {
    host::share(&of(METADATA, issuer), document);
}

/// Whether it is this VM that fetches an issuer's metadata now. Nobody else does until `until`.
pub(super) fn may_fetch(issuer: &str, now: Timestamp, until: Timestamp) -> bool {
    host::lease(&of(FETCH, issuer), now, until)
}

/// Notes that a good configuration runs in this process, for a while: its roots say so again and again.
pub(super) fn note_running(now: Timestamp) {
    host::share_until(RUNNING, now.plus_millis(RUNNING_FOR));
}

/// Whether a good configuration runs in this process.
pub(super) fn is_running(now: Timestamp) -> bool {
    host::holds(RUNNING, now)
}

/// Whether it is this VM that records the refusal of a configuration: one does.
pub(super) fn may_report(configuration: &[u8]) -> bool {
    host::share_first(&of_bytes(REJECTED, configuration), b"1")
}

/// Notes which configuration a plugin was given last.
pub(super) fn note_current(plugin: &str, digest: &str) {
    host::share(&of(CURRENT, plugin), digest.as_bytes());
}

/// Whether a plugin was given another configuration since.
pub(super) fn is_replaced(plugin: &str, digest: &str) -> bool {
    host::shared(&of(CURRENT, plugin)).is_some_and(|current| current != digest.as_bytes())
}

fn shared_secrets() -> Option<EphemeralSecrets> {
    EphemeralSecrets::from_bytes(&host::shared(KEYS)?)
}

fn of(name: &str, what: &str) -> String {
    of_bytes(name, what.as_bytes())
}

/// A name with the first half of a SHA-256: names stay short, whatever they are about.
fn of_bytes(name: &str, what: &[u8]) -> String {
    let digest = Sha256::digest(what);
    digest.iter().take(16).fold(name.to_owned(), |name, byte| name + &format!("{byte:02x}"))
}

const CURRENT: &str = "oidc-audit/1/current/";
const FETCH: &str = "oidc-audit/1/fetch/";
const KEYS: &str = "oidc-audit/1/keys";
const METADATA: &str = "oidc-audit/1/metadata/";
const REJECTED: &str = "oidc-audit/1/rejected/";
const RUNNING: &str = "oidc-audit/1/running";

/// Milliseconds. Longer than [`super::root::HEARTBEAT`] and than a busy tick; a plugin that was removed is forgotten then.
const RUNNING_FOR: u64 = 30_000;
