//! What the rules see of a record: its joins and a chosen part of its members, each by name and only where it is well formed.
//!
//! Nothing here must exist. A member that is absent, of another type or of a later version is simply not there, and a rule
//! that needs it stays silent.

use std::rc::Rc;

use crate::collect::line::{Kind, RecordId};
use crate::findings::names::{EVENTS, ROLES, SECTIONS};
use crate::findings::node::Node;
use crate::moment;
use crate::reader::Why;

/// One record of an event that rules know.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) id: RecordId,
    /// Start of the request, in milliseconds since 1970.
    pub(crate) at: u64,
    /// End of the response.
    pub(crate) ended: u64,
    pub(crate) event: &'static str,
    pub(crate) outcome: Outcome,
    joins: Vec<(&'static str, Rc<str>)>,
    facts: Vec<(&'static str, &'static str, Fact)>,
}

/// A line of an export.
#[derive(Debug)]
pub(crate) enum Seen {
    Checkpoint,
    /// A record of an event that no rule looks at.
    Other,
    /// A finding that was raised and stored earlier.
    Raised {
        rule: String,
        key: String,
        severity: String,
        /// Of the record that decided it.
        at: u64,
    },
    Record(Box<Sight>),
}

/// `outcome`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Failure,
    Pending,
    Success,
    Unknown,
}

/// A member that rules read.
#[derive(Debug)]
enum Fact {
    Flag(bool),
    List(Vec<Rc<str>>),
    Number(u64),
    Text(Rc<str>),
}

/// Two values that ought to be one, or ought not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    Different,
    Same,
    /// One is not known, or they were hashed with different keys.
    Unknown,
}

impl Sight {
    /// Reads one line.
    ///
    /// # Errors
    ///
    /// Why it is no record.
    pub(crate) fn read(text: &[u8]) -> Result<Seen, Why> {
        let root: Node<'_> = serde_json::from_slice(text).map_err(|_| Why::NotJson)?;
        let of = |name| root.member(name).and_then(Node::text);
        if of("schema") != Some(SCHEMA) {
            return Err(Why::OtherSchema);
        }
        let (Some(id), Some(ts), Some(event)) = (of("id"), of("ts"), of("event")) else { return Err(Why::BadMember) };
        let id = RecordId::parse(id).ok_or(Why::BadValue)?;
        if id.kind == Kind::Checkpoint {
            return Ok(Seen::Checkpoint);
        }
        let at = moment::parse(ts).ok_or(Why::BadValue)?.as_micros() / 1_000;
        if event == FINDING {
            return Ok(raised(&root));
        }
        let Some(event) = EVENTS.iter().find(|known| **known == event) else { return Ok(Seen::Other) };
        let lasted = root.member("dur_ms").and_then(Node::number).unwrap_or(0);
        let outcome = match of("outcome") {
            Some("success") => Outcome::Success,
            Some("failure") => Outcome::Failure,
            Some("pending") => Outcome::Pending,
            _ => Outcome::Unknown,
        };
        let (joins, facts) = (joins(&root), facts(&root));
        Ok(Seen::Record(Box::new(Self { id, at, ended: at.saturating_add(lasted), event, outcome, joins, facts })))
    }

    pub(crate) fn is(&self, event: &str) -> bool {
        self.event == event
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.outcome == Outcome::Success
    }

    pub(crate) fn failed(&self) -> bool {
        self.outcome == Outcome::Failure
    }

    /// A text of the wire or of the record.
    pub(crate) fn text(&self, section: &str, member: &str) -> Option<&str> {
        match self.fact(section, member)? {
            Fact::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self, section: &str, member: &str) -> Option<u64> {
        match self.fact(section, member)? {
            Fact::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, section: &str, member: &str) -> Option<bool> {
        match self.fact(section, member)? {
            Fact::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The items of a list; none where it is absent.
    pub(crate) fn list(&self, section: &str, member: &str) -> &[Rc<str>] {
        match self.fact(section, member) {
            Some(Fact::List(items)) => items,
            _ => &[],
        }
    }

    /// Whether a section or member is there in any shape.
    pub(crate) fn has(&self, section: &str, member: &str) -> bool {
        self.fact(section, member).is_some()
    }

    /// All values of a role: the same one under several keys.
    pub(crate) fn values<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Rc<str>> {
        self.joins.iter().filter(move |(known, _)| *known == role).map(|(_, value)| value)
    }

    /// The value under the key in use.
    pub(crate) fn value(&self, role: &str) -> Option<&Rc<str>> {
        self.joins.iter().find(|(known, _)| *known == role).map(|(_, value)| value)
    }

    /// Roles and values.
    pub(crate) fn joins(&self) -> &[(&'static str, Rc<str>)] {
        &self.joins
    }

    /// Compares what this record shows in `role` with what `other` shows in `theirs`.
    pub(crate) fn compare(&self, role: &str, other: &Self, theirs: &str) -> Comparison {
        let mut comparable = false;
        for mine in self.values(role) {
            for known in other.values(theirs) {
                if mine == known {
                    return Comparison::Same;
                }
                comparable |= key_id(mine) == key_id(known);
            }
        }
        if comparable { Comparison::Different } else { Comparison::Unknown }
    }

    /// Whether both show `role`, under one key, and not the same value.
    pub(crate) fn differs(&self, role: &str, other: &Self) -> bool {
        self.compare(role, other, role) == Comparison::Different
    }

    /// Whether both have the text, and not the same.
    pub(crate) fn texts_differ(&self, section: &str, member: &str, other: &Self) -> bool {
        matches!((self.text(section, member), other.text(section, member)), (Some(one), Some(two)) if one != two)
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.text("client", "id")
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.text("", "issuer")
    }

    pub(crate) fn error(&self) -> Option<&str> {
        self.text("", "error")
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.text("", "reason")
    }

    pub(crate) fn vantage(&self) -> Option<&str> {
        self.text("", "vantage")
    }

    /// The address, or the network where the profile cuts it.
    pub(crate) fn source(&self) -> Option<&str> {
        self.text("source", "address")
    }

    pub(crate) fn agent(&self) -> Option<&str> {
        self.text("source", "user_agent")
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.text("exchange", "request_id")
    }

    pub(crate) fn exchange(&self) -> Option<&str> {
        self.text("exchange", "id")
    }

    pub(crate) fn grant(&self) -> Option<&str> {
        self.text("request", "grant_type")
    }

    /// How many identical failures this record stands for.
    pub(crate) fn weight(&self) -> u64 {
        self.number("coalesced", "count").unwrap_or(1).max(1)
    }

    pub(crate) fn is_local(&self) -> bool {
        self.text("exchange", "response_source") == Some("local")
    }

    /// Whether something that rules could look for may be where the filter could not look: encrypted, by reference, cut.
    pub(crate) fn is_hidden(&self) -> bool {
        let partly = |member| self.text("integrity", member).is_some_and(|body| body != "complete");
        self.has("", "hidden")
            || self.has("integrity", "hidden")
            || self.flag("integrity", "parameters_cut") == Some(true)
            || !self.list("integrity", "cut").is_empty()
            || !self.list("integrity", "malformed").is_empty()
            || partly("request_body")
            || partly("response_body")
    }

    /// Of a provider whose profile name begins so.
    pub(crate) fn is_of(&self, provider: &str) -> bool {
        self.text("", "provider").is_some_and(|name| name.starts_with(provider))
    }

    /// A message to the token endpoint. `client.auth_failed` is said of other endpoints too: what it presents decides.
    pub(crate) fn is_token_request(&self) -> bool {
        TOKEN_REQUESTS.contains(&self.event)
    }

    /// An answer that gave tokens.
    pub(crate) fn gave_tokens(&self) -> bool {
        self.succeeded() && matches!(self.event, "token.exchanged" | "token.issued" | "token.refreshed" | "ciba.pushed")
    }

    /// Whether the two are one request: events of one exchange, or sent again below the client within seconds.
    pub(crate) fn is_same_request(&self, other: &Self) -> bool {
        let same = |one: Option<&str>, two: Option<&str>| one.is_some() && one == two;
        same(self.exchange(), other.exchange())
            || same(self.request_id(), other.request_id()) && self.at.abs_diff(other.at) <= HOP_MS
    }

    /// The place in the order of events of one exchange: what asks comes before what answers.
    pub(crate) fn rank(&self) -> u8 {
        match self.event {
            "authorization.initiated" | "par.request" => 0,
            "authorization.request" | "login.attempt" | "logout.requested" => 1,
            _ => 2,
        }
    }

    fn fact(&self, section: &str, member: &str) -> Option<&Fact> {
        self.facts.iter().find(|(known, name, _)| *name == member && *known == section).map(|(_, _, fact)| fact)
    }
}

/// The namespace of a role: introspection and revocation cannot tell the kinds of tokens apart.
pub(crate) fn space(role: &str) -> &str {
    match role {
        "actor" | "assertion" | "at" | "idt" | "rt_in" | "rt_out" | "subj" | "tok" => "tok",
        other => other,
    }
}

fn key_id(value: &str) -> &str {
    value.split_once('.').map_or("", |(id, _)| id)
}

fn raised(root: &Node<'_>) -> Seen {
    let of = |name| root.member("finding").and_then(|finding| finding.member(name)).and_then(Node::text);
    let at = of("at").and_then(moment::parse).map(|at| at.as_micros() / 1_000);
    match (of("rule"), of("key"), of("severity"), at) {
        (Some(rule), Some(key), Some(severity), Some(at)) => {
            Seen::Raised { rule: rule.to_owned(), key: key.to_owned(), severity: severity.to_owned(), at }
        }
        _ => Seen::Other,
    }
}

fn joins(root: &Node<'_>) -> Vec<(&'static str, Rc<str>)> {
    let mut joins = Vec::new();
    let Some(join) = root.member("join") else { return joins };
    for (name, values) in join.members() {
        let Some(role) = ROLES.iter().find(|role| *role == name) else { continue };
        for value in values.items().iter().filter_map(Node::text).take(MAX_VALUES) {
            joins.push((*role, value.into()));
        }
    }
    joins
}

fn facts(root: &Node<'_>) -> Vec<(&'static str, &'static str, Fact)> {
    let mut facts = Vec::with_capacity(24);
    for (section, wanted) in SECTIONS {
        let Some(node) = (if section.is_empty() { Some(root) } else { root.member(section) }) else { continue };
        for (name, value) in node.members() {
            if let Some(member) = wanted.iter().find(|member| *member == name)
                && let Some(fact) = fact(value)
            {
                facts.push((*section, *member, fact));
            }
        }
    }
    facts
}

fn fact(node: &Node<'_>) -> Option<Fact> {
    Some(match node {
        Node::Flag(flag) => Fact::Flag(*flag),
        Node::Number(number) => Fact::Number(*number),
        Node::Text(text) => Fact::Text(text.as_ref().into()),
        Node::List(items) => Fact::List(items.iter().filter_map(word).take(MAX_ITEMS).collect()),
        // A URI, a pseudonym, or a map whose names matter.
        Node::Members(members) => match (node.member("uri"), node.member("hmac")) {
            (Some(uri), _) => Fact::Text(uri.text()?.into()),
            (None, Some(hmac)) => Fact::List(hmac.items().iter().filter_map(word).take(MAX_VALUES).collect()),
            _ => Fact::List(members.iter().map(|(name, _)| name.as_ref().into()).take(MAX_ITEMS).collect()),
        },
        Node::Nothing => return None,
    })
}

/// A text; of a key of a set, its id.
fn word(node: &Node<'_>) -> Option<Rc<str>> {
    node.text().or_else(|| node.member("kid").and_then(Node::text)).map(Into::into)
}

pub(crate) const SCHEMA: &str = "oidc-audit/1";
pub(crate) const FINDING: &str = "finding.raised";
/// Two proxies see one request, and a proxy sends one again, within this time (PROTOCOL §3.4).
pub(crate) const HOP_MS: u64 = 5_000;
/// Of one role: the key in use and the previous ones.
const MAX_VALUES: usize = 4;
const MAX_ITEMS: usize = 64;

const TOKEN_REQUESTS: &[&str] = &[
    "client.auth_failed",
    "token.denied",
    "token.exchanged",
    "token.issued",
    "token.pending",
    "token.refreshed",
    "token.request",
];
