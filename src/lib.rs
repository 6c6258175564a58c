//! The core of `oidc-audit`: values in, values out.
//!
//! A proxy-wasm filter (`shell`, built for wasm only) and the native tool (`cli/`) stand on the same layers. Each may
//! name those below it and never those above: `config`, `pipeline`, `record`, `rules`, `oauth`, then the basics
//! (`body`, `entropy`, `http`, `secret`, `seen`, `time`). `tests/layering.rs` decides.

pub mod body;
pub mod config;
pub mod entropy;
pub mod http;
pub mod oauth;
pub mod pipeline;
pub mod record;
pub mod rules;
pub mod secret;
pub mod seen;
pub mod time;

#[cfg(target_family = "wasm")]
mod shell;
