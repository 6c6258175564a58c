//! Puts records together that belong to one flow: the connected components over shared join values (PROTOCOL §3.4).
//!
//! Every record is in exactly one flow. What joins: one exchange; one value of one namespace, within its window; the same
//! request seen by two proxies. Never a person. A value that several logins share joins nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::role::Role;

/// Records by number: their place in the list that was given, which is sorted by time.
#[derive(Debug)]
pub(crate) struct Assembly {
    /// By their first record.
    pub(crate) flows: Vec<Vec<usize>>,
    /// Values that joined nothing because several logins share them.
    pub(crate) shared: BTreeSet<(Role, Rc<str>)>,
    /// Records of a request that another proxy saw earlier on its way: that record.
    pub(crate) sightings: BTreeMap<usize, usize>,
}

/// `entries` sorted by time, and their [`groups`].
pub(crate) fn assemble(entries: &[Entry], groups: &[Group]) -> Assembly {
    let mut joiner = Joiner { entries, parents: (0..entries.len()).collect(), shared: BTreeSet::new() };
    joiner.exchanges();
    joiner.values(groups);
    let sightings = sightings(entries);
    for (later, earlier) in &sightings {
        joiner.join(*later, *earlier);
    }
    Assembly { flows: joiner.flows(), shared: joiner.shared, sightings }
}

/// Records that show a value, in order of time, for every namespace and value that several show.
pub(crate) fn groups(entries: &[Entry]) -> Vec<Group> {
    let links = |(number, entry): (usize, &Entry)| {
        let mut links: Vec<_> =
            entry.joins.iter().map(|(role, value)| (role.space(), Rc::clone(value), number)).collect();
        // A token that is in one record in two roles.
        links.sort_unstable();
        links.dedup();
        links
    };
    let mut links: Vec<_> = entries.iter().enumerate().flat_map(links).collect();
    links.sort_unstable();
    links
        .chunk_by(|one, two| one.0 == two.0 && one.1 == two.1)
        .filter(|links| links.len() > 1)
        .filter_map(|links| {
            let (space, value, _) = links.first()?;
            let members = links.iter().map(|(_, _, number)| *number).collect();
            Some(Group { space: *space, value: Rc::clone(value), members })
        })
        .collect()
}

/// See [`groups`].
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) space: Role,
    pub(crate) value: Rc<str>,
    pub(crate) members: Vec<usize>,
}

struct Joiner<'a> {
    entries: &'a [Entry],
    parents: Vec<usize>,
    shared: BTreeSet<(Role, Rc<str>)>,
}

impl Joiner<'_> {
    /// Records of one exchange; and `audit.*` records of one stream, which are of no exchange.
    fn exchanges(&mut self) {
        let (mut exchanges, mut streams) = (BTreeMap::new(), BTreeMap::new());
        for (number, entry) in self.entries.iter().enumerate() {
            let first = match &entry.exchange {
                Some(exchange) => *exchanges.entry(exchange).or_insert(number),
                None if entry.is_audit() => *streams.entry(entry.id.stream).or_insert(number),
                None => number,
            };
            self.join(number, first);
        }
    }

    fn values(&mut self, groups: &[Group]) {
        let entries = self.entries;
        for Group { space, value, members } in groups {
            if is_shared(*space, members, entries) {
                self.shared.insert((*space, Rc::clone(value)));
                continue;
            }
            let mut anchor = None;
            for number in members {
                let Some(at) = entries.get(*number).map(|entry| entry.at) else { continue };
                match anchor {
                    Some((first, since)) if at.millis_since(since) <= space.window() => self.join(*number, first),
                    _ => anchor = Some((*number, at)),
                }
            }
            if *space == Role::Code {
                self.presentations(members);
            }
        }
    }

    /// A code is good for one token request: a later one is a replay of that one, however late.
    fn presentations(&mut self, members: &[usize]) {
        let entries = self.entries;
        let mut presented = members.iter().filter(|number| entries.get(**number).is_some_and(Entry::is_token_request));
        let Some(first) = presented.next() else { return };
        presented.for_each(|later| self.join(*later, *first));
    }

    /// The smaller number leads, so that a flow is known by its first record.
    fn join(&mut self, one: usize, two: usize) {
        let (one, two) = (self.leader(one), self.leader(two));
        if let Some(parent) = self.parents.get_mut(one.max(two)) {
            *parent = one.min(two);
        }
    }

    fn leader(&mut self, mut number: usize) -> usize {
        loop {
            let parent = self.parents.get(number).copied().unwrap_or(number);
            if parent == number {
                return number;
            }
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(shortcut) = self.parents.get_mut(number) {
                *shortcut = grandparent;
            }
            number = grandparent;
        }
    }

    fn flows(&mut self) -> Vec<Vec<usize>> {
        let mut flows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in 0..self.entries.len() {
            flows.entry(self.leader(number)).or_default().push(number);
        }
        flows.into_values().collect()
    }
}

/// Whether several logins send this value.
fn is_shared(space: Role, members: &[usize], entries: &[Entry]) -> bool {
    let members = || members.iter().filter_map(|number| entries.get(*number));
    let mut named = false;
    for rival in space.rivals() {
        // By key: while keys rotate one value has several hashes.
        let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
        for value in members().flat_map(|entry| entry.values(*rival)) {
            named = true;
            let (key, hash) = value.split_once('.').unwrap_or(("", value));
            if *by_key.entry(key).or_insert(hash) != hash {
                return true;
            }
        }
    }
    space == Role::Lstate && !named && is_shared_by_logouts(members())
}

/// Without a hint nothing tells one logout from another but the requests themselves.
fn is_shared_by_logouts<'a>(members: impl Iterator<Item = &'a Entry>) -> bool {
    let mut vantages = BTreeSet::new();
    members.filter(|entry| &*entry.event == "logout.requested").any(|entry| !vantages.insert(entry.vantage.as_deref()))
}

/// Both ends of a hop see one request. Their records have the same event, come from two streams within seconds, and show
/// the same token, or the same `x-request-id`, which must not be one that a client sends with everything.
fn sightings(entries: &[Entry]) -> BTreeMap<usize, usize> {
    let mut sightings = BTreeMap::new();
    let mut by_request: BTreeMap<(&str, &str), Vec<(usize, &Entry)>> = BTreeMap::new();
    let mut by_token: BTreeMap<(&str, &str), Vec<(usize, &Entry)>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_audit()) {
        if let Some(id) = &entry.request_id {
            by_request.entry((id, &entry.event)).or_default().push((number, entry));
        }
        let issues = matches!(&*entry.event, "authorization.response" | "token.issued" | "token.refreshed");
        if let Some(token) = entry.value(Role::At).filter(|_| issues) {
            by_token.entry((token, &entry.event)).or_default().push((number, entry));
        }
    }
    let few = |seen: &&Vec<(usize, &Entry)>| (2..=MOST_HOPS).contains(&seen.len());
    for seen in by_token.values().chain(by_request.values()).filter(few) {
        let Some(((first, earlier), later)) = seen.split_first() else { continue };
        for (number, _) in later.iter().filter(|(_, entry)| is_sighting(entry, earlier)) {
            sightings.entry(*number).or_insert(*first);
        }
    }
    sightings
}

fn is_sighting(entry: &Entry, earlier: &Entry) -> bool {
    let agree = |one: Outcome, two| one == two || [one, two].contains(&Outcome::Unknown);
    let contradict = |role| entry.has(role) && earlier.has(role) && !entry.shares(role, earlier);
    are_two_hops(entry, earlier)
        && agree(entry.outcome, earlier.outcome)
        && ![Role::At, Role::Code, Role::RtIn, Role::State].into_iter().any(contradict)
}

/// Whether two proxies saw this, close enough in time to be one request.
pub(crate) fn are_two_hops(one: &Entry, two: &Entry) -> bool {
    let apart = one.at.millis_since(two.at).max(two.at.millis_since(one.at));
    let elsewhere = one.vantage != two.vantage || one.node != two.node;
    one.id.stream != two.id.stream && elsewhere && apart <= SIGHTING_MILLIS
}

/// PROTOCOL §3.4: one exchange seen at both ends of a hop.
const SIGHTING_MILLIS: u64 = 5_000;
/// Proxies that one request passes; more records than that with one `x-request-id` say that it identifies nothing.
const MOST_HOPS: usize = 4;

#[cfg(test)]
mod tests;
