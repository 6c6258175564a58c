//! A filter that does nothing.
#![cfg(target_family = "wasm")]

#[path = "empty.rs"]
mod empty;
