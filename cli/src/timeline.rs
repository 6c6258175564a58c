//! `timeline`: what happened, for the person who was woken up.

mod assembly;
mod entry;
mod role;
#[cfg(test)]
mod sample;
