//! The module's entry. Private, and free of everything else: the SDK's macro expands to undocumented exports.

use super::logger;
use super::root::Root;

proxy_wasm::main! {{
    logger::install();
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}
