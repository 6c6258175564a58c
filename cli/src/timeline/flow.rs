//! A flow: records that belong together, its name, how bad it is, what is left of it and what of it was not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use oidc_audit::time::Timestamp;

use crate::timeline::assembly::Assembly;
use crate::timeline::entry::{Entry, Outcome, Who};
use crate::timeline::judgement::{Judgement, Problem};
use crate::timeline::role::{ANCHORS, Role};
use crate::timeline::tokens::{Token, tokens};

#[derive(Debug)]
pub(crate) struct Flow {
    /// The strongest value that joins it, else the id of its first record. Unique, and stable as long as its records are.
    pub(crate) id: String,
    /// Records by number, in order of time.
    pub(crate) members: Vec<usize>,
    pub(crate) kind: Kind,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// The worst problem, and the record that has it.
    pub(crate) worst: Option<(Problem, usize)>,
    pub(crate) clients: Vec<Rc<str>>,
    pub(crate) subjects: Vec<Rc<str>>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) logout: Logout,
    pub(crate) unseen: Vec<Unseen>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// About the recorder itself.
    Audit,
    Protocol,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Logout {
    Completed(Timestamp),
    None,
    /// Asked for; its end was not seen.
    Requested(Timestamp),
}

/// What must have followed, and is not in the records.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Unseen {
    /// An authorization request without its response.
    Answer,
    /// A code without its token request.
    Redemption,
    /// Tokens from a code, without the login that the code came from.
    Login,
}

/// Everything that is known of the records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) entries: &'a [Entry],
    pub(crate) assembly: &'a Assembly,
    pub(crate) judgements: &'a [Judgement],
}

/// The flows of an assembly, the worst first, then by time; those about the recorder last.
pub(crate) fn flows(known: Known<'_>, now: Timestamp) -> Vec<Flow> {
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    let mut flows: Vec<Flow> =
        known.assembly.flows.iter().filter_map(|members| Flow::new(members, known, now)).collect();
    for flow in &mut flows {
        let uses = names.entry(flow.id.clone()).or_default();
        *uses += 1;
        if *uses > 1 {
            flow.id = format!("{}~{uses}", flow.id);
        }
    }
    let rank = |flow: &Flow| match (flow.worst, flow.kind) {
        (Some((problem, _)), _) => (0, Some(problem)),
        (None, Kind::Protocol) => (1, None),
        (None, Kind::Audit) => (2, None),
    };
    flows.sort_by_key(|flow| (rank(flow), flow.from, flow.members.first().copied()));
    flows
}

impl Flow {
    fn new(members: &[usize], known: Known<'_>, now: Timestamp) -> Option<Self> {
        let own: Vec<_> = members.iter().filter_map(|number| known.entries.get(*number)).collect();
        let (first, last) = (own.first()?, own.last()?);
        Some(Self {
            id: name(&own, known.assembly).unwrap_or_else(|| first.id.to_string()),
            members: members.to_vec(),
            kind: if first.is_audit() { Kind::Audit } else { Kind::Protocol },
            from: first.at,
            to: last.at,
            worst: worst(members, known),
            clients: distinct(own.iter().filter_map(|entry| entry.client.clone())),
            subjects: distinct(own.iter().filter_map(|entry| entry.who.subject().cloned())),
            tokens: tokens(members, known.entries, known.assembly, now),
            logout: logout(&own),
            unseen: unseen(&own),
        })
    }

    /// Short enough to be read aloud: the beginning of the value, or of the stream and the number in it.
    pub(crate) fn short_id(&self) -> String {
        let (id, again) = match self.id.split_once('~') {
            Some((id, number)) => (id, format!("~{number}")),
            None => (&*self.id, String::new()),
        };
        match id.split_once('.') {
            Some((_, hash)) => format!("{}{again}", hash.chars().take(SHORT).collect::<String>()),
            None => format!("{}{again}", short_record_id(id)),
        }
    }

    /// Of the first record, in the form of [`Flow::short_id`].
    pub(crate) fn short_record_id(&self, entries: &[Entry]) -> String {
        let first = self.members.first().and_then(|number| entries.get(*number));
        first.map(|entry| short_record_id(&entry.id.to_string())).unwrap_or_default()
    }

    /// Whether this is the flow, or one of those, that `name` means: the beginning of its id, with or without the key's
    /// id, its short id, or the id of one of its records.
    pub(crate) fn is_named(&self, name: &str, entries: &[Entry]) -> bool {
        let hash = self.id.split_once('.').map_or(&*self.id, |(_, hash)| hash);
        !name.is_empty()
            && (self.id.starts_with(name)
                || hash.starts_with(name)
                || self.short_id() == name
                || self
                    .members
                    .iter()
                    .filter_map(|number| entries.get(*number))
                    .map(|entry| entry.id.to_string())
                    .any(|id| id == name || short_record_id(&id) == name))
    }
}

impl Unseen {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answer => "authorization_response",
            Self::Redemption => "token_request",
            Self::Login => "authorization_request",
        }
    }

    /// In words, below a flow.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Answer => "the answer to the login request was not seen: abandoned, still open, or elsewhere",
            Self::Redemption => "the code was not seen at the token endpoint",
            Self::Login => "the login that the code came from was not seen",
        }
    }
}

impl Who {
    /// The identifier, else its pseudonym.
    pub(crate) fn subject(&self) -> Option<&Rc<str>> {
        self.sub.as_ref().or(self.pseudonyms.first())
    }
}

/// `<beginning of the stream>-<number>`
fn short_record_id(id: &str) -> String {
    let short = |stream: &str| stream.chars().take(SHORT).collect::<String>();
    id.rsplit_once('-').map_or_else(|| id.to_owned(), |(stream, number)| format!("{}-{number}", short(stream)))
}

/// The smallest value of the strongest role, without those that several flows have.
fn name(own: &[&Entry], assembly: &Assembly) -> Option<String> {
    let anchor = |role: &Role| {
        let values = own.iter().flat_map(|entry| entry.values(*role));
        values.filter(|value| !assembly.shared.contains(&(role.space(), Rc::clone(value)))).min().cloned()
    };
    ANCHORS.iter().find_map(anchor).filter(|value| !value.is_empty()).map(|value| value.to_string())
}

fn worst(members: &[usize], known: Known<'_>) -> Option<(Problem, usize)> {
    let problems = members.iter().filter_map(|number| {
        let problem = known.judgements.get(*number)?.problem?;
        let says_nothing = known.entries.get(*number)?.error.is_none();
        Some((problem, says_nothing, *number))
    });
    problems.min().map(|(problem, _, number)| (problem, number))
}

fn distinct(values: impl Iterator<Item = Rc<str>>) -> Vec<Rc<str>> {
    let mut known = BTreeSet::new();
    values.filter(|value| known.insert(Rc::clone(value))).collect()
}

fn logout(own: &[&Entry]) -> Logout {
    let at = |event: &str| own.iter().find(|entry| &*entry.event == event && entry.outcome == Outcome::Success);
    if let Some(entry) = at("logout.completed") {
        return Logout::Completed(entry.at);
    }
    let requested = own.iter().find(|entry| &*entry.event == "logout.requested" && entry.outcome != Outcome::Failure);
    requested.map_or(Logout::None, |entry| Logout::Requested(entry.at))
}

fn unseen(own: &[&Entry]) -> Vec<Unseen> {
    let any = |matches: &dyn Fn(&Entry) -> bool| own.iter().any(|entry| matches(entry));
    let event = |name: &'static str| move |entry: &Entry| &*entry.event == name;
    let pending = |entry: &Entry| {
        &*entry.event == "authorization.request" && !matches!(entry.outcome, Outcome::Success | Outcome::Failure)
    };
    let answered =
        any(&event("authorization.response")) || any(&event("authorization.error")) || any(&Entry::is_token_request);
    let codes = any(&|entry| &*entry.event == "authorization.response" && entry.has(Role::Code));
    let presented = any(&|entry| entry.is_token_request() && entry.has(Role::Code));
    let from_code =
        any(&|entry| &*entry.event == "token.issued" && entry.grant.as_deref() == Some("authorization_code"));
    let logged_in = any(&|entry| entry.event.starts_with("authorization."));
    let all = [
        (Unseen::Answer, any(&pending) && !answered),
        (Unseen::Redemption, codes && !presented),
        (Unseen::Login, from_code && !logged_in),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect()
}

/// Characters of a hash that tell flows apart.
const SHORT: usize = 8;
