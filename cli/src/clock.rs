//! The one place that reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

use oidc_audit::time::Timestamp;

/// The time of this machine; 0 where it claims to be before 1970.
#[expect(clippy::disallowed_methods, reason = "the one place: everything else takes the time as an argument")]
pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
