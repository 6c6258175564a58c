//! The module's entry. Private, and free of everything else: the SDK's macro expands to undocumented exports.

use proxy_wasm::types::LogLevel;

use super::root::Root;

proxy_wasm::main! {{
    // First, because it installs the panic hook: a panic before it would end the VM without a word.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}
