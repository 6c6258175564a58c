//! What is still good of what was issued in a flow, as far as the records tell: a token dies at its end, by rotation, by
//! revocation, or it is seen to be refused. A logout ends a session; whether it ends tokens is the server's business.

use std::collections::BTreeMap;
use std::rc::Rc;

use oidc_audit::time::Timestamp;

use crate::timeline::assembly::Assembly;
use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::judgement::is_rotation;
use crate::timeline::role::Role;

/// An access token or a refresh token.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) issued: Timestamp,
    /// Nothing where the response did not say.
    pub(crate) end: Option<Timestamp>,
    pub(crate) state: State,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Access,
    Refresh,
}

/// At the moment that is asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Expired,
    /// As far as is known, where the end is not.
    Live,
    /// Presented and refused.
    Refused(Timestamp),
    Revoked(Timestamp),
    /// Replaced by the next one of its chain.
    Rotated(Timestamp),
}

impl State {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Live => "live",
            Self::Refused(_) => "refused",
            Self::Revoked(_) => "revoked",
            Self::Rotated(_) => "rotated",
        }
    }
}

/// The tokens of one flow, in the order of their issue.
pub(crate) fn tokens(members: &[usize], entries: &[Entry], assembly: &Assembly, now: Timestamp) -> Vec<Token> {
    let own = || members.iter().filter_map(|number| Some((*number, entries.get(*number)?)));
    let mut fates: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for (_, entry) in own() {
        for (_, value) in entry.joins.iter().filter(|(role, _)| role.space() == Role::Tok) {
            fates.entry(value).or_default().push(entry);
        }
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let firsts = own().filter(|(number, _)| !assembly.sightings.contains_key(number));
    for issue in firsts.flat_map(|(_, entry)| issues(entry)) {
        let seen_in = issue.value.and_then(|value| fates.get(&**value)).map(Vec::as_slice).unwrap_or_default();
        let fate = fate(&issue, seen_in).unwrap_or_else(|| match issue.end {
            Some(end) if end <= now => State::Expired,
            _ => State::Live,
        });
        let token = Token { kind: issue.kind, issued: issue.at, end: issue.end, state: fate };
        match issue.value.and_then(|value| known.get(&**value)).and_then(|number| tokens.get_mut(*number)) {
            // The same refresh token, handed out again.
            Some(same) => *same = Token { issued: same.issued, ..token },
            None => {
                known.extend(issue.value.map(|value| (&**value, tokens.len())));
                tokens.push(token);
            }
        }
    }
    tokens
}

struct Issue<'a> {
    kind: Kind,
    /// When the request for it began, and when the response had been seen.
    asked: Timestamp,
    at: Timestamp,
    end: Option<Timestamp>,
    value: Option<&'a Rc<str>>,
}

fn issues(entry: &Entry) -> impl Iterator<Item = Issue<'_>> {
    let at = entry.ended();
    let after = |seconds: u64| at.plus_millis(seconds.saturating_mul(1_000));
    let by_token_endpoint =
        matches!(&*entry.event, "ciba.pushed" | "token.exchanged" | "token.issued" | "token.refreshed");
    let in_front = &*entry.event == "authorization.response" && entry.has(Role::At);
    let success = entry.outcome == Outcome::Success;
    let access = (success && (by_token_endpoint || in_front)).then(|| Issue {
        kind: Kind::Access,
        asked: entry.at,
        at,
        end: entry.issued.expires_in.map(after).or(entry.issued.exp),
        value: entry.value(Role::At),
    });
    let gave = success && by_token_endpoint && (entry.issued.refresh_token || entry.has(Role::RtOut));
    let refresh = gave.then(|| Issue {
        kind: Kind::Refresh,
        asked: entry.at,
        at,
        end: entry.issued.refresh_expires_in.map(after),
        value: entry.value(Role::RtOut),
    });
    access.into_iter().chain(refresh)
}

/// How it died, if it was seen to die before its end.
fn fate(issue: &Issue<'_>, seen_in: &[&Entry]) -> Option<State> {
    let value = issue.value?;
    let later = seen_in.iter().filter(|entry| entry.at >= issue.asked);
    later.filter_map(|entry| death(entry, issue.kind, value)).next()
}

fn death(entry: &Entry, kind: Kind, value: &str) -> Option<State> {
    let refused = entry.outcome == Outcome::Failure;
    let presented = || entry.values(Role::RtIn).any(|presented| &**presented == value);
    match (&*entry.event, kind) {
        ("token.revoked", _) if entry.outcome == Outcome::Success => Some(State::Revoked(entry.at)),
        ("token.introspected", _) if entry.reason.as_deref() == Some("inactive") => Some(State::Refused(entry.at)),
        ("token.refreshed", Kind::Refresh) if is_rotation(entry) && presented() => Some(State::Rotated(entry.at)),
        ("token.denied", Kind::Refresh) if refused && entry.error.as_deref() == Some("invalid_grant") => {
            Some(State::Refused(entry.at))
        }
        ("bearer.rejected" | "userinfo.accessed", Kind::Access)
            if refused && entry.error.as_deref().is_none_or(|error| error == "invalid_token") =>
        {
            Some(State::Refused(entry.at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment;
    use crate::timeline::assembly::{assemble, groups};
    use crate::timeline::sample::{START, Sample, entries};

    fn at(seconds: u64, event: &str) -> Sample {
        Sample::new(seconds, event)
    }

    fn gives(sample: Sample, expires_in: u64) -> Sample {
        sample.with(|record| {
            let response = record.response.get_or_insert_default();
            response.expires_in = Some(expires_in);
        })
    }

    fn states(samples: &[Sample], after: u64) -> Vec<(Kind, String)> {
        let entries = entries(samples);
        let assembly = assemble(&entries, &groups(&entries));
        let now = Timestamp::from_secs(START + after);
        let tell = |token: &Token| match token.state {
            State::Refused(at) | State::Revoked(at) | State::Rotated(at) => {
                format!("{} {}", token.state.name(), moment::clock(at))
            }
            State::Expired | State::Live => token.state.name().to_owned(),
        };
        assembly
            .flows
            .iter()
            .flat_map(|flow| tokens(flow, &entries, &assembly, now))
            .map(|t| (t.kind, tell(&t)))
            .collect()
    }

    #[test]
    fn a_token_lives_until_its_end_or_until_it_is_seen_dead() {
        let records = [
            gives(at(0, "token.issued").join("at", "a1").join("rt_out", "r1"), 60),
            gives(at(30, "token.refreshed").join("rt_in", "r1").join("at", "a2").join("rt_out", "r2"), 60),
            at(40, "userinfo.accessed").join("at", "a2").failed("invalid_token"),
            at(50, "token.revoked").join("tok", "r2"),
        ];
        let expect = |states: [&str; 4]| {
            let kinds = [Kind::Access, Kind::Refresh, Kind::Access, Kind::Refresh];
            kinds.into_iter().zip(states.map(str::to_owned)).collect::<Vec<_>>()
        };
        let dead = ["rotated 10:00:30", "refused 10:00:40", "revoked 10:00:50"];
        assert_eq!(states(&records, 59), expect(["live", dead[0], dead[1], dead[2]]));
        assert_eq!(states(&records, 60), expect(["expired", dead[0], dead[1], dead[2]]));
    }

    #[test]
    fn a_refresh_token_that_stays_the_same_is_one() {
        let records = [
            at(0, "token.issued").join("at", "a1").join("rt_out", "r"),
            at(30, "token.refreshed").join("rt_in", "r").join("rt_out", "r").join("at", "a2"),
        ];
        let refresh =
            |states: Vec<(Kind, String)>| states.into_iter().filter(|(kind, _)| *kind == Kind::Refresh).count();
        assert_eq!(refresh(states(&records, 60)), 1);
    }
}
