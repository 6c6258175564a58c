//! The proxy-wasm side: copies bytes in and carries values out. It decides nothing; what a byte means and what is sent
//! where is the core's. The only layer that is built for wasm alone, and the only one that names the host.

mod abi;
mod calls;
mod disabled;
mod entry;
mod host;
mod logger;
mod metrics;
mod root;
mod running;
mod shared;
mod stream;
