//! Everything there is to say, before it is said as text or as JSON.

use std::collections::BTreeMap;

use oidc_audit::time::Timestamp;

use crate::reader::Tally;
use crate::timeline::assembly::{assemble, groups};
use crate::timeline::entry::Entry;
use crate::timeline::flow::{Flow, Kind, Known, Logout, Unseen, flows};
use crate::timeline::judgement::{Judgement, Label, Problem, judge};
use crate::timeline::role::Role;
use crate::timeline::selection::Selection;
use crate::timeline::tokens::{self, State};
use crate::timeline::trail::Trail;

/// See the module.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) as_of: Timestamp,
    pub(crate) tally: Tally,
    pub(crate) entries: Vec<Entry>,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) trail: Trail,
    /// Those that were selected.
    pub(crate) flows: Vec<Flow>,
    pub(crate) flows_in_all: usize,
    pub(crate) live: Live,
    /// Flows by their worst problem.
    pub(crate) problems: BTreeMap<Problem, u64>,
    pub(crate) absent: Vec<Absent>,
    /// Flows of which something is missing that must have followed.
    pub(crate) unseen: BTreeMap<Unseen, u64>,
}

/// What of the selected flows is still good.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) access_tokens: u64,
    /// The latest end of those whose end is known.
    pub(crate) access_until: Option<Timestamp>,
    pub(crate) access_without_end: u64,
    pub(crate) refresh_tokens: u64,
    pub(crate) refresh_until: Option<Timestamp>,
    pub(crate) refresh_without_end: u64,
    /// Access and refresh tokens that are live although their flow ended in a logout.
    pub(crate) after_logout: u64,
    pub(crate) revoked: u64,
    /// Flows with tokens, and those of them that ended in a logout.
    pub(crate) flows: u64,
    pub(crate) logged_out: u64,
    /// Those of them whose logout was asked for, and its end not seen.
    pub(crate) logout_requested: u64,
}

/// A kind of event that is nowhere in the selected flows although what precedes it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Absent {
    ApiUse,
    Callback,
    LoginAttempt,
    Logins,
    Logout,
    Revocation,
    TokenEndpoint,
    Userinfo,
}

impl Report {
    /// `entries` in any order.
    pub(crate) fn new(mut entries: Vec<Entry>, tally: Tally, selection: &Selection, as_of: Timestamp) -> Self {
        entries.sort_by_key(|entry| (entry.at, entry.id));
        let groups = groups(&entries);
        let assembly = assemble(&entries, &groups);
        let mut judgements = judge(&entries, &groups, &assembly);
        for (entry, judgement) in entries.iter().zip(&mut judgements) {
            if tally.conflicts.contains(&entry.id) {
                judgement.labels.push(Label::Conflict);
            }
        }
        let known = Known { entries: &entries, assembly: &assembly, judgements: &judgements };
        let mut flows = flows(known, as_of);
        let flows_in_all = flows.len();
        flows.retain(|flow| selection.fits(flow, &entries));
        Self {
            as_of,
            trail: Trail::read(&entries),
            live: Live::of(&flows),
            problems: tell(flows.iter().filter_map(|flow| flow.worst.map(|(problem, _)| problem))),
            absent: absent(&flows, &entries),
            unseen: tell(flows.iter().flat_map(|flow| flow.unseen.iter().copied())),
            tally,
            entries,
            judgements,
            flows,
            flows_in_all,
        }
    }

    /// A record by its number, with what is said of it.
    pub(crate) fn record(&self, number: usize) -> Option<(&Entry, &Judgement)> {
        Some((self.entries.get(number)?, self.judgements.get(number)?))
    }

    /// The worst flow, its problem, and the record that has it.
    pub(crate) fn worst(&self) -> Option<(&Flow, Problem, &Entry)> {
        let flow = self.flows.first()?;
        let (problem, number) = flow.worst?;
        Some((flow, problem, self.entries.get(number)?))
    }

    /// Starts of the first and the last record of the selected flows.
    pub(crate) fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let from = self.flows.iter().map(|flow| flow.from).min()?;
        Some((from, self.flows.iter().map(|flow| flow.to).max()?))
    }

    /// Records in the selected flows.
    pub(crate) fn records(&self) -> usize {
        self.flows.iter().map(|flow| flow.members.len()).sum()
    }
}

impl Live {
    fn of(flows: &[Flow]) -> Self {
        let mut live = Self::default();
        for flow in flows.iter().filter(|flow| !flow.tokens.is_empty()) {
            live.flows += 1;
            let logged_out = matches!(flow.logout, Logout::Completed(_));
            live.logged_out += u64::from(logged_out);
            live.logout_requested += u64::from(matches!(flow.logout, Logout::Requested(_)));
            for token in &flow.tokens {
                live.revoked += u64::from(matches!(token.state, State::Revoked(_)));
                if token.state != State::Live {
                    continue;
                }
                live.after_logout += u64::from(logged_out);
                let (count, until, without_end) = match token.kind {
                    tokens::Kind::Access => {
                        (&mut live.access_tokens, &mut live.access_until, &mut live.access_without_end)
                    }
                    tokens::Kind::Refresh => {
                        (&mut live.refresh_tokens, &mut live.refresh_until, &mut live.refresh_without_end)
                    }
                };
                *count += 1;
                *until = (*until).max(token.end);
                *without_end += u64::from(token.end.is_none());
            }
        }
        live
    }
}

impl Absent {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiUse => "api_use",
            Self::Callback => "callback",
            Self::LoginAttempt => "login_attempt",
            Self::Logins => "authorization",
            Self::Logout => "logout",
            Self::Revocation => "revocation",
            Self::TokenEndpoint => "token_endpoint",
            Self::Userinfo => "userinfo",
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ApiUse => "token use at APIs (no rs-in)",
            Self::Callback => "callback at the client (no rp-in)",
            Self::LoginAttempt => "typed passwords (no login.attempt)",
            Self::Logins => "logins (no authorization.*)",
            Self::Logout => "logout",
            Self::Revocation => "revocation",
            Self::TokenEndpoint => "token endpoint",
            Self::Userinfo => "userinfo",
        }
    }
}

fn absent(flows: &[Flow], entries: &[Entry]) -> Vec<Absent> {
    let protocol = || {
        let flows = flows.iter().filter(|flow| flow.kind == Kind::Protocol);
        flows.flat_map(|flow| &flow.members).filter_map(|number| entries.get(*number))
    };
    let begins = |prefix: &str| protocol().any(|entry| entry.event.starts_with(prefix));
    let at = |vantage: &str| protocol().any(|entry| entry.vantage.as_deref() == Some(vantage));
    let (logins, issued) = (begins("authorization."), begins("token.issued"));
    let codes = protocol().any(|entry| &*entry.event == "authorization.response" && entry.has(Role::Code));
    let redeemed = protocol().any(|entry| entry.is_token_request() && entry.has(Role::Code));
    let used = begins("bearer.") || at("rs-in");
    let all = [
        (Absent::TokenEndpoint, codes && !begins("token.") && !begins("client.auth_failed")),
        (Absent::Logins, redeemed && !logins),
        (Absent::Callback, logins && !at("rp-in") && !begins("callback.")),
        (Absent::LoginAttempt, logins && !begins("login.")),
        (Absent::Logout, issued && logins && !begins("logout.")),
        (Absent::Userinfo, issued && logins && !begins("userinfo.")),
        (Absent::ApiUse, issued && !used),
        (Absent::Revocation, issued && !begins("token.revoked")),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect()
}

fn tell<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}
