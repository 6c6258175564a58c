//! `timeline`: what happened, for the person who was woken up.

mod assembly;
mod entry;
mod judgement;
mod role;
#[cfg(test)]
mod sample;
mod tokens;
