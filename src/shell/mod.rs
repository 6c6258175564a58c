//! The proxy-wasm host: callbacks in, host calls out. Decides nothing.
