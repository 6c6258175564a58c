//! What a record says beside its neighbours: replays, reuse, rotation; and how bad it is. Only what is certain from the
//! records: what a value that was seen twice proves, not what it may mean.

use std::rc::Rc;

use oidc_audit::time::Timestamp;

use crate::timeline::assembly::{Assembly, Group, are_two_hops};
use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::role::Role;

/// What is wrong, the worst first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Problem {
    CodeRedeemedAgain,
    RefreshTokenReused,
    ReplayUnseen,
    CodeReplayRefused,
    RefreshTokenReuseRefused,
    /// A proxy runs without auditing.
    Unaudited,
    ClientAuthenticationFailed,
    TokenRefused,
    AuthorizationError,
    Refused,
    OutcomeUnknown,
    /// An error that asks for interaction, which `prompt=none` provokes.
    InteractionRequired,
}

/// What is said below a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Label {
    /// Another proxy saw this request before.
    AlsoSeen {
        vantage: Option<Rc<str>>,
    },
    /// A code that had been redeemed.
    CodeReplayed {
        redeemed: Timestamp,
        by: Option<Rc<str>>,
    },
    /// Another record has this id, and other bytes.
    Conflict,
    /// What the filter found, by the id of the rule.
    Found {
        rule: Rc<str>,
    },
    /// The refresh token did not change.
    RefreshTokenKept,
    /// A refresh token that had been replaced.
    RefreshTokenReused {
        rotated: Timestamp,
    },
    RefreshTokenRotated,
    /// A value that should belong to one login.
    Shared {
        role: Role,
    },
}

/// Of one record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) problem: Option<Problem>,
    pub(crate) labels: Vec<Label>,
}

/// One judgement per entry.
pub(crate) fn judge(entries: &[Entry], groups: &[Group], assembly: &Assembly) -> Vec<Judgement> {
    let mut judge = Judge { entries, assembly, judgements: entries.iter().map(alone).collect() };
    for group in groups {
        match group.space {
            Role::Code => judge.code(group),
            Role::Tok => judge.refresh_token(group),
            role if assembly.shared.contains(&(role, Rc::clone(&group.value))) => judge.shared(group),
            _ => {}
        }
    }
    for (later, earlier) in &assembly.sightings {
        let vantage = entries.get(*earlier).and_then(|entry| entry.vantage.clone());
        judge.say(*later, Label::AlsoSeen { vantage });
    }
    judge.judgements
}

impl Problem {
    /// In words, of one.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::CodeRedeemedAgain => "authorization code redeemed twice",
            Self::RefreshTokenReused => "replaced refresh token still worked",
            Self::ReplayUnseen => "replay, outcome not seen",
            Self::CodeReplayRefused => "code replay refused",
            Self::RefreshTokenReuseRefused => "refresh token reuse refused",
            Self::Unaudited => "proxy runs unaudited",
            Self::ClientAuthenticationFailed => "client authentication failed",
            Self::TokenRefused => "token request refused",
            Self::AuthorizationError => "login ended in an error",
            Self::Refused => "request refused",
            Self::OutcomeUnknown => "outcome unknown",
            Self::InteractionRequired => "silent login needs interaction",
        }
    }

    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CodeRedeemedAgain => "code_redeemed_again",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::ReplayUnseen => "replay_outcome_unseen",
            Self::CodeReplayRefused => "code_replay_refused",
            Self::RefreshTokenReuseRefused => "refresh_token_reuse_refused",
            Self::Unaudited => "proxy_unaudited",
            Self::ClientAuthenticationFailed => "client_authentication_failed",
            Self::TokenRefused => "token_refused",
            Self::AuthorizationError => "authorization_error",
            Self::Refused => "refused",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::InteractionRequired => "interaction_required",
        }
    }

    /// Whether somebody should look tonight.
    pub(crate) fn is_serious(self) -> bool {
        self <= Self::ClientAuthenticationFailed
    }
}

impl Label {
    /// The name in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AlsoSeen { .. } => "also_seen",
            Self::CodeReplayed { .. } => "code_replayed",
            Self::Conflict => "id_conflict",
            Self::Found { .. } => "finding",
            Self::RefreshTokenKept => "refresh_token_kept",
            Self::RefreshTokenReused { .. } => "refresh_token_reused",
            Self::RefreshTokenRotated => "refresh_token_rotated",
            Self::Shared { .. } => "value_shared_by_logins",
        }
    }
}

struct Judge<'a> {
    entries: &'a [Entry],
    assembly: &'a Assembly,
    judgements: Vec<Judgement>,
}

impl Judge<'_> {
    /// A code that was presented after it was redeemed.
    fn code(&mut self, group: &Group) {
        let mut redeemed: Option<&Entry> = None;
        for (number, entry) in
            members(group, self.entries).filter(|(_, entry)| entry.is_token_request() && entry.has(Role::Code))
        {
            match redeemed {
                None if entry.event.starts_with("token.") && entry.outcome == Outcome::Success => {
                    redeemed = Some(entry)
                }
                Some(first) if !self.is_same_request(number, entry, first) => {
                    let by =
                        first.client.clone().filter(|client| entry.client.as_ref().is_some_and(|own| own != client));
                    self.say(number, Label::CodeReplayed { redeemed: first.at, by });
                    let problems = [Problem::CodeRedeemedAgain, Problem::CodeReplayRefused];
                    self.blame(number, by_outcome(entry.outcome, problems));
                }
                _ => {}
            }
        }
    }

    /// A refresh token that was presented after another one had replaced it.
    fn refresh_token(&mut self, group: &Group) {
        let presents = |entry: &Entry| entry.values(Role::RtIn).any(|value| *value == group.value);
        let mut rotated: Option<&Entry> = None;
        for (number, entry) in
            members(group, self.entries).filter(|(_, entry)| entry.is_token_request() && presents(entry))
        {
            match rotated {
                None if is_rotation(entry) => rotated = Some(entry),
                Some(first) if !self.is_same_request(number, entry, first) => {
                    self.say(number, Label::RefreshTokenReused { rotated: first.at });
                    let problems = [Problem::RefreshTokenReused, Problem::RefreshTokenReuseRefused];
                    self.blame(number, by_outcome(entry.outcome, problems));
                }
                _ => {}
            }
        }
    }

    fn shared(&mut self, group: &Group) {
        for number in &group.members {
            self.say(*number, Label::Shared { role: group.space });
        }
    }

    /// Whether `entry` is `first` again, as another proxy saw it.
    fn is_same_request(&self, number: usize, entry: &Entry, first: &Entry) -> bool {
        self.assembly.sightings.contains_key(&number)
            || entry.request_id.is_some() && entry.request_id == first.request_id && are_two_hops(entry, first)
    }

    fn say(&mut self, number: usize, label: Label) {
        if let Some(judgement) = self.judgements.get_mut(number)
            && !judgement.labels.contains(&label)
        {
            judgement.labels.push(label);
        }
    }

    fn blame(&mut self, number: usize, problem: Problem) {
        if let Some(judgement) = self.judgements.get_mut(number) {
            judgement.problem = Some(judgement.problem.map_or(problem, |known| known.min(problem)));
        }
    }
}

fn members<'a>(group: &'a Group, entries: &'a [Entry]) -> impl Iterator<Item = (usize, &'a Entry)> {
    group.members.iter().filter_map(|number| Some((*number, entries.get(*number)?)))
}

/// What a record says by itself.
fn alone(entry: &Entry) -> Judgement {
    let mut labels = match (entry.outcome, entry.issued.rotated) {
        (Outcome::Success, Some(true)) => vec![Label::RefreshTokenRotated],
        (Outcome::Success, Some(false)) if &*entry.event == "token.refreshed" => vec![Label::RefreshTokenKept],
        _ => Vec::new(),
    };
    labels.extend(entry.findings.iter().map(|rule| Label::Found { rule: Rc::clone(rule) }));
    Judgement { problem: problem(entry), labels }
}

fn problem(entry: &Entry) -> Option<Problem> {
    match (&*entry.event, entry.outcome) {
        ("audit.config.rejected", _) => Some(Problem::Unaudited),
        ("client.auth_failed", _) => Some(Problem::ClientAuthenticationFailed),
        (_, Outcome::Unknown) => Some(Problem::OutcomeUnknown),
        (_, Outcome::Pending | Outcome::Success | Outcome::Unstated) => None,
        (event, Outcome::Failure) if event.starts_with("token.") => Some(Problem::TokenRefused),
        (event, Outcome::Failure) if event.starts_with("authorization.") => Some(authorization_problem(entry)),
        (_, Outcome::Failure) => Some(Problem::Refused),
    }
}

fn authorization_problem(entry: &Entry) -> Problem {
    let asks = entry.reason.as_deref() == Some("interaction")
        || entry.error.as_deref().is_some_and(|error| INTERACTION.contains(&error))
        // The record of the answer says more.
        || entry.silent && &*entry.event == "authorization.request";
    if asks { Problem::InteractionRequired } else { Problem::AuthorizationError }
}

fn by_outcome(outcome: Outcome, [succeeded, failed]: [Problem; 2]) -> Problem {
    match outcome {
        Outcome::Success => succeeded,
        Outcome::Failure => failed,
        Outcome::Pending | Outcome::Unknown | Outcome::Unstated => Problem::ReplayUnseen,
    }
}

/// Whether this answer replaced the refresh token that was presented.
pub(crate) fn is_rotation(entry: &Entry) -> bool {
    let replaced = || {
        let kept = |value| entry.values(Role::RtIn).any(|presented| presented == value);
        entry.has(Role::RtOut) && !entry.values(Role::RtOut).any(kept)
    };
    &*entry.event == "token.refreshed"
        && entry.outcome == Outcome::Success
        && entry.issued.rotated.unwrap_or_else(replaced)
}

/// OpenID Connect Core 1.0 §3.1.2.6.
const INTERACTION: [&str; 4] =
    ["account_selection_required", "consent_required", "interaction_required", "login_required"];

#[cfg(test)]
mod tests {
    use super::*;
    use oidc_audit::record::FindingSection;

    use crate::timeline::assembly::{assemble, groups};
    use crate::timeline::sample::{Sample, entries};

    fn problems(samples: &[Sample]) -> Vec<Option<Problem>> {
        let entries = entries(samples);
        let groups = groups(&entries);
        let judgements = judge(&entries, &groups, &assemble(&entries, &groups));
        judgements.iter().map(|judgement| judgement.problem).collect()
    }

    fn at(seconds: u64, event: &str) -> Sample {
        Sample::new(seconds, event)
    }

    #[test]
    fn what_the_filter_found_is_said_if_it_is_severe() {
        let found = |rule: &str, severity: &str| FindingSection {
            evidence: vec!["response_type=token".to_owned()],
            rule: rule.to_owned(),
            severity: severity.to_owned(),
        };
        let sample = at(0, "authorization.request")
            .with(|record| record.findings = vec![found("A-01", "high"), found("A-08", "low")]);
        let entries = entries(&[sample]);
        let labels = alone(&entries[0]).labels;
        assert_eq!(labels, [Label::Found { rule: "A-01".into() }]);
    }

    #[test]
    fn a_code_is_replayed_after_it_was_redeemed_and_not_before() {
        let denied = |second| at(second, "token.denied").join("code", "c").failed("invalid_grant");
        let issued = |second, token: &str| at(second, "token.issued").join("code", "c").join("at", token);
        let records = [denied(0), issued(1, "a"), denied(2), issued(3, "b")];
        let expected =
            [Some(Problem::TokenRefused), None, Some(Problem::CodeReplayRefused), Some(Problem::CodeRedeemedAgain)];
        assert_eq!(problems(&records), expected);
    }

    #[test]
    fn a_redemption_that_two_proxies_saw_is_no_replay() {
        let issued =
            |stream, vantage| at(0, "token.issued").join("code", "c").join("at", "a").stream(stream).vantage(vantage);
        assert_eq!(problems(&[issued(1, "rp-out"), issued(2, "idp-in")]), [None, None]);
        let cut = at(1, "token.request").with(|record| record.outcome = Some("unknown".to_owned())).join("code", "c");
        let records =
            [issued(2, "idp-in").exchange("e1", Some("r")), cut.stream(1).vantage("rp-out").exchange("e2", Some("r"))];
        assert_eq!(problems(&records), [None, Some(Problem::OutcomeUnknown)]);
    }

    #[test]
    fn a_refresh_token_is_reused_when_it_had_been_replaced() {
        let refreshed = |second, rt_in: &str, rt_out: &str| {
            let rotated = rt_in != rt_out;
            let sample = at(second, "token.refreshed").join("rt_in", rt_in).join("rt_out", rt_out);
            sample.with(|record| {
                record.response = Some(Box::default());
                if let Some(response) = &mut record.response {
                    response.rotated = Some(rotated);
                }
            })
        };
        assert_eq!(problems(&[refreshed(0, "a", "a"), refreshed(1, "a", "a")]), [None, None]);
        let denied = at(3, "token.denied").join("rt_in", "a").failed("invalid_grant");
        let records = [refreshed(0, "a", "b"), refreshed(1, "b", "c"), refreshed(2, "a", "d"), denied];
        let expected = [None, None, Some(Problem::RefreshTokenReused), Some(Problem::RefreshTokenReuseRefused)];
        assert_eq!(problems(&records), expected);
    }

    #[test]
    fn a_silent_login_without_a_session_is_the_least_of_problems() {
        let records = [
            at(0, "authorization.error").failed("login_required"),
            at(1, "authorization.error").failed("access_denied"),
            at(2, "userinfo.accessed").failed("invalid_token"),
        ];
        let expected = [Problem::InteractionRequired, Problem::AuthorizationError, Problem::Refused].map(Some);
        assert_eq!(problems(&records), expected);
    }
}
