//! The rules, a file per family: its table, and what it concludes.
//!
//! A family sees every record once, in order, and what earlier ones left in the memory. It concludes only from what is
//! there: a value that is missing, hidden, or hashed with another key proves nothing.

mod auditor;
mod authorization;
mod bearer;
mod callback;
mod client;
mod code;
mod device;
mod exchange;
mod guessing;
mod id_token;
mod login;
mod logout;
mod management;
mod patterns;
mod refresh;

use crate::findings::context::Context;
use crate::findings::rule::Rule;

pub(crate) const FAMILIES: &[&[&Rule]] = &[
    auditor::RULES,
    authorization::RULES,
    bearer::RULES,
    callback::RULES,
    client::RULES,
    code::RULES,
    device::RULES,
    exchange::RULES,
    guessing::RULES,
    id_token::RULES,
    login::RULES,
    logout::RULES,
    management::RULES,
    patterns::RULES,
    refresh::RULES,
];

/// Asks all families about a record.
pub(crate) fn judge(context: &mut Context<'_>) {
    auditor::judge(context);
    // What the proxy answered itself says nothing about the authorization server.
    if context.now.is_local() && !context.now.event.starts_with("token.") && !context.now.is("client.auth_failed") {
        return;
    }
    authorization::judge(context);
    bearer::judge(context);
    callback::judge(context);
    client::judge(context);
    code::judge(context);
    device::judge(context);
    exchange::judge(context);
    guessing::judge(context);
    id_token::judge(context);
    login::judge(context);
    logout::judge(context);
    management::judge(context);
    patterns::judge(context);
    refresh::judge(context);
}

/// Of a request that another record has told of: only what the repetition itself says.
pub(crate) fn twin(context: &mut Context<'_>) {
    auditor::twin(context);
}

/// A moment that a rule waited for.
pub(crate) fn remind(rule: &'static Rule, at: u64, context: &mut Context<'_>) {
    logout::remind(rule, at, context);
    patterns::remind(rule, at, context);
}
