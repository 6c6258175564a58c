//! `timeline`: what happened, for the person who was woken up.

mod assembly;
mod entry;
mod flow;
mod judgement;
mod report;
mod role;
#[cfg(test)]
mod sample;
mod selection;
mod tokens;
mod trail;
