//! The `log` facade's way to the proxy's log. Not the SDK's: that one panics where the host refuses a line, and its panic
//! hook writes the panic's message, which may quote what somebody sent.

use std::panic;

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::abi;

/// Takes every line of this module to the host. Lines never hold a value of the wire or of the configuration.
struct HostLog;

/// Installs the logger and the panic hook. Before anything else: a panic before it would end the VM without a word.
pub(super) fn install() {
    // It fails only where a logger is installed already, which the entry does once per VM.
    let _ = log::set_logger(&HostLog);
    log::set_max_level(LevelFilter::Info);
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let _ = abi::log(abi::Level::Critical, &format!("oidc-audit: panicked at {place}"));
    }));
}

impl Log for HostLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let _ = abi::log(level(record.level()), &format!("oidc-audit: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

fn level(level: Level) -> abi::Level {
    match level {
        Level::Error => abi::Level::Error,
        Level::Warn => abi::Level::Warn,
        Level::Info | Level::Debug | Level::Trace => abi::Level::Info,
    }
}
