//! Filters. They select flows: one record that fits brings its whole flow.

use oidc_audit::time::Timestamp;

use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::flow::Flow;

/// What a flow must have; an empty one selects everything.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) client: Option<String>,
    /// A subject identifier, or the beginning of a pseudonym with or without the id of its key.
    pub(crate) subject: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    /// A whole name, or its first parts: `token` for all of `token.*`.
    pub(crate) event: Option<String>,
    pub(crate) flow: Option<String>,
}

impl Selection {
    /// Whether for every filter a record of the flow fits it.
    pub(crate) fn fits(&self, flow: &Flow, entries: &[Entry]) -> bool {
        let own = || flow.members.iter().filter_map(|number| entries.get(*number));
        let any = |fits: &dyn Fn(&Entry) -> bool| own().any(fits);
        let wants = |filter: &Option<String>, fits: &dyn Fn(&str, &Entry) -> bool| {
            filter.as_deref().is_none_or(|value| any(&|entry| fits(value, entry)))
        };
        any(&|entry| self.is_in_time(entry))
            && wants(&self.client, &|value, entry| entry.client.as_deref() == Some(value))
            && wants(&self.subject, &is_about)
            && wants(&self.request_id, &|value, entry| entry.request_id.as_deref() == Some(value))
            && wants(&self.event, &is_event)
            && self.outcome.is_none_or(|outcome| any(&|entry| entry.outcome == outcome))
            && self.flow.as_deref().is_none_or(|name| flow.is_named(name, entries))
    }

    fn is_in_time(&self, entry: &Entry) -> bool {
        self.from.is_none_or(|from| entry.at >= from) && self.to.is_none_or(|to| entry.at <= to)
    }
}

fn is_about(subject: &str, entry: &Entry) -> bool {
    let begins = |pseudonym: &str| {
        let hash = pseudonym.split_once('.').map_or(pseudonym, |(_, hash)| hash);
        !subject.is_empty() && (pseudonym.starts_with(subject) || hash.starts_with(subject))
    };
    entry.who.sub.as_deref() == Some(subject)
        || entry.who.pseudonyms.iter().chain(&entry.who.names).any(|pseudonym| begins(pseudonym))
}

fn is_event(name: &str, entry: &Entry) -> bool {
    entry.event.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::assembly::{assemble, groups};
    use crate::timeline::flow::{Known, flows};
    use crate::timeline::judgement::judge;
    use crate::timeline::sample::{START, Sample, entries};

    /// Numbers of records that are selected, of one login and one failure.
    fn selected(selection: &Selection) -> Vec<usize> {
        let issued = Sample::new(60, "token.issued").join("state", "k1.sss").join("sub", "k1.yDruvDnb");
        let records = [
            Sample::new(0, "authorization.request").join("state", "k1.sss").exchange("e", Some("r-1")),
            issued.with(|record| record.client.get_or_insert_default().id = Some("web".to_owned())),
            Sample::new(90, "client.auth_failed").failed("invalid_client"),
        ];
        let entries = entries(&records);
        let groups = groups(&entries);
        let assembly = assemble(&entries, &groups);
        let judgements = judge(&entries, &groups, &assembly);
        let known = Known { entries: &entries, assembly: &assembly, judgements: &judgements };
        let mut flows = flows(known, Timestamp::from_secs(START));
        flows.retain(|flow| selection.fits(flow, &entries));
        flows.iter().flat_map(|flow| flow.members.clone()).collect()
    }

    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn one_record_that_fits_brings_its_flow() {
        let at = |second| Some(Timestamp::from_secs(START + second));
        let login = vec![0, 1];
        let cases = [
            (Selection { client: text("web"), ..Selection::default() }, login.clone()),
            (Selection { client: text("we"), ..Selection::default() }, vec![]),
            (Selection { subject: text("k1.yD"), ..Selection::default() }, login.clone()),
            (Selection { subject: text("yDru"), ..Selection::default() }, login.clone()),
            (Selection { subject: text(""), ..Selection::default() }, vec![]),
            (Selection { request_id: text("r-1"), ..Selection::default() }, login.clone()),
            (Selection { flow: text("sss"), ..Selection::default() }, login.clone()),
            (Selection { flow: text("k1.s"), ..Selection::default() }, login.clone()),
            (Selection { event: text("token"), ..Selection::default() }, login.clone()),
            (Selection { event: text("tok"), ..Selection::default() }, vec![]),
            (Selection { outcome: Some(Outcome::Failure), ..Selection::default() }, vec![2]),
            (Selection { from: at(70), ..Selection::default() }, vec![2]),
            (Selection { from: at(30), to: at(70), ..Selection::default() }, login.clone()),
            (Selection { from: at(10), to: at(20), ..Selection::default() }, vec![]),
            (Selection { client: text("web"), outcome: Some(Outcome::Failure), ..Selection::default() }, vec![]),
            (Selection::default(), vec![2, 0, 1]),
        ];
        for (selection, expected) in cases {
            assert_eq!(selected(&selection), expected, "{selection:?}");
        }
    }
}
