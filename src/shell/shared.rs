//! What the VMs of one process share, by name: keys that none configured, which configuration runs, and who does what
//! happens once per process. (Metadata has names too: those are the pipeline's.) Every name begins with ours: Istio's plugins all see the same values.

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

/// Notes that a good configuration of this plugin runs in this process, for a while: its roots say so again and again.
pub(super) fn note_running(plugin: &str, now: Timestamp) {
    host::share_until(&name_of(RUNNING, plugin.as_bytes()), now.plus_millis(RUNNING_FOR));
}

/// Whether a good configuration of this plugin runs in this process. That of another plugin does not count: refusing
/// would not bring back an older one of this, and a proxy that starts would not start.
pub(super) fn is_running(plugin: &str, now: Timestamp) -> bool {
    host::holds(&name_of(RUNNING, plugin.as_bytes()), now)
}

/// Whether it is this VM that records the refusal of a configuration: one does.
pub(super) fn may_report(configuration: &[u8]) -> bool {
    host::share_first(&name_of(REJECTED, configuration), b"1")
}

/// Notes which configuration this plugin was given last.
pub(super) fn note_current(plugin: &str, configuration: &Fingerprint) {
    host::share(&name_of(CURRENT, plugin.as_bytes()), &configuration.0);
}

/// Whether this plugin was given another configuration since.
pub(super) fn is_replaced(plugin: &str, configuration: &Fingerprint) -> bool {
    host::shared(&name_of(CURRENT, plugin.as_bytes())).is_some_and(|current| current != configuration.0)
}

/// Tells two configurations apart, as texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }
}

fn shared_secrets() -> Option<EphemeralSecrets> {
    EphemeralSecrets::from_bytes(&host::shared(KEYS)?)
}

/// A name with the first half of a SHA-256: names stay short, whatever they are about.
fn name_of(name: &str, what: &[u8]) -> String {
    let digest = Sha256::digest(what);
    digest.iter().take(16).fold(name.to_owned(), |name, byte| name + &format!("{byte:02x}"))
}

const CURRENT: &str = "oidc-audit/1/current/";
const KEYS: &str = "oidc-audit/1/keys";
const REJECTED: &str = "oidc-audit/1/rejected/";
const RUNNING: &str = "oidc-audit/1/running/";

/// Milliseconds. Longer than the slowest tick is late; a plugin that was removed is forgotten then.
pub(super) const RUNNING_FOR: u64 = 90_000;
