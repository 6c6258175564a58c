//! The report as one JSON object, `oidc-audit-timeline/1`. Members are only added.
//!
//! What a terminal or an editor would obey is written as `\u....`, so that the text is harmless and the values are exact.

use std::collections::BTreeMap;
use std::io::{self, Write};

use oidc_audit::time::Timestamp;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value, json};

use crate::moment;
use crate::reader::Tally;
use crate::term::is_hostile;
use crate::timeline::entry::Entry;
use crate::timeline::flow::{Flow, Kind, Logout};
use crate::timeline::judgement::{Judgement, Label};
use crate::timeline::report::{Live, Report};
use crate::timeline::summary::Frame;
use crate::timeline::tokens::{self, State, Token};
use crate::timeline::trail::{Range, Stream, Trail};
use crate::timeline::words::words;

pub(crate) fn write(to: &mut dyn Write, report: &Report, frame: &Frame<'_>, limit: usize) -> io::Result<()> {
    let shown = report.flows.get(..limit).unwrap_or(&report.flows);
    let head = json!({
        "schema": "oidc-audit-timeline/1",
        "as_of": moment::rfc3339(report.as_of),
        "filters": frame.filters,
        "next": frame.next,
        "input": input(&report.tally),
        "trust": trust(report),
        "drops": drops(&report.trail),
        "window": report.window().map(|(from, to)| json!({"from": moment::rfc3339(from), "to": moment::rfc3339(to)})),
        "worst": worst(report),
        "problems": report.problems.iter().map(|(problem, count)| (problem.name(), *count)).collect::<BTreeMap<_, _>>(),
        "live": live(&report.live),
        "not_observed": not_observed(report),
        "totals": {
            "records": report.entries.len(), "flows": report.flows_in_all, "flows_selected": report.flows.len(),
            "records_selected": report.records(), "flows_shown": shown.len(),
        },
    });
    // The flows are written one by one: of many records there is never a second copy.
    let Value::Object(head) = head else { return Ok(()) };
    to.write_all(b"{")?;
    for (name, value) in &head {
        line(to, name)?;
        to.write_all(b":")?;
        line(to, value)?;
        to.write_all(b",\n")?;
    }
    to.write_all(b"\"flows\":[")?;
    for (number, one) in shown.iter().enumerate() {
        to.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        line(to, &flow(one, report))?;
    }
    to.write_all(b"\n]}\n")
}

fn line(to: &mut dyn Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(to, Harmless)).map_err(io::Error::from)
}

/// Compact, and escapes more than JSON asks for.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(is_hostile) {
            return to.write_all(fragment.as_bytes());
        }
        for letter in fragment.chars() {
            let mut units = [0; 2];
            match is_hostile(letter) {
                true => letter.encode_utf16(&mut units).iter().try_for_each(|unit| write!(to, "\\u{unit:04x}"))?,
                false => write!(to, "{letter}")?,
            }
        }
        Ok(())
    }
}

fn input(tally: &Tally) -> Value {
    let first = tally.first_strange.as_ref().map(|place| json!({"file": place.file, "line": place.line}));
    let by = tally.strange.iter().map(|(why, count)| (why.as_str(), *count)).collect::<BTreeMap<_, _>>();
    json!({
        "files": tally.files, "lines": tally.lines, "records": tally.records, "duplicates": tally.duplicates,
        "torn": tally.torn, "checkpoints": tally.checkpoints,
        "not_records": {"total": tally.strangers(), "by": by, "first": first},
    })
}

fn trust(report: &Report) -> Value {
    let trail = &report.trail;
    let skew = trail.skew.map(|skew| json!({"at_least_ms": skew.millis, "streams": skew.streams.map(stream_id)}));
    json!({
        "records": "unsigned",
        "keys": trail.keys.as_str(),
        "conflicts": report.tally.conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "missing": {"undeclared": trail.undeclared(), "declared": trail.declared()},
        "silent_streams": trail.silent().count(),
        "headless_streams": trail.headless(),
        "continued_after_stop": trail.undead(),
        "unaudited_starts": trail.unaudited,
        "clock_skew": skew,
        "streams": trail.streams.iter().map(stream).collect::<Vec<_>>(),
    })
}

fn stream(stream: &Stream) -> Value {
    let range = |range: &Range| [range.first, range.last];
    json!({
        "stream": stream_id(stream.id), "node": stream.node.as_deref(), "records": stream.records,
        "first": stream.numbers.first, "last": stream.numbers.last,
        "from": moment::rfc3339(stream.from), "to": moment::rfc3339(stream.to),
        "stopped": stream.stopped.map(|(_, at)| moment::rfc3339(at)),
        "missing": stream.missing.iter().map(range).collect::<Vec<_>>(),
        "missing_undeclared": stream.undeclared(), "missing_declared": stream.declared,
    })
}

fn stream_id(id: u128) -> String {
    format!("{id:032x}")
}

fn drops(trail: &Trail) -> Value {
    let drops = &trail.drops;
    let by = drops.by.iter().map(|(what, count)| (&**what, *count)).collect::<BTreeMap<_, _>>();
    let window = drops.window.map(|(first, last)| [moment::rfc3339(first), moment::rfc3339(last)]);
    json!({"total": drops.total, "by": by, "window": window})
}

fn worst(report: &Report) -> Option<Value> {
    let (flow, problem, entry) = report.worst()?;
    Some(json!({
        "problem": problem.name(), "words": problem.words(), "flow": flow.id, "record": entry.id.to_string(),
        "ts": moment::rfc3339(entry.at), "event": &*entry.event, "error": entry.error.as_deref(),
        "client": entry.client.as_deref(),
    }))
}

fn live(live: &Live) -> Value {
    let tokens = |count: u64, until: Option<Timestamp>, without: u64| json!({"count": count, "until": until.map(moment::rfc3339), "end_unknown": without});
    json!({
        "access_tokens": tokens(live.access_tokens, live.access_until, live.access_without_end),
        "refresh_tokens": tokens(live.refresh_tokens, live.refresh_until, live.refresh_without_end),
        "after_logout": live.after_logout, "revoked": live.revoked,
        "flows_with_tokens": live.flows, "flows_logged_out": live.logged_out,
        "flows_logout_requested": live.logout_requested,
    })
}

fn not_observed(report: &Report) -> Vec<Value> {
    let absent = report.absent.iter().map(|what| json!({"what": what.name(), "words": what.words()}));
    let missing = report.unseen.iter();
    let missing = missing.map(|(what, flows)| json!({"what": what.name(), "words": what.words(), "flows": flows}));
    missing.chain(absent).collect()
}

fn flow(flow: &Flow, report: &Report) -> Value {
    let logout = match flow.logout {
        Logout::Completed(at) => json!({"state": "completed", "ts": moment::rfc3339(at)}),
        Logout::Requested(at) => json!({"state": "requested", "ts": moment::rfc3339(at)}),
        Logout::None => Value::Null,
    };
    let worst = flow.worst.map(|(problem, _)| problem);
    json!({
        "id": flow.id,
        "short": flow.short_id(),
        "kind": if flow.kind == Kind::Audit { "audit" } else { "protocol" },
        "from": moment::rfc3339(flow.from), "to": moment::rfc3339(flow.to),
        "worst": worst.map(|problem| json!({"problem": problem.name(), "words": problem.words()})),
        "clients": flow.clients, "subjects": flow.subjects,
        "records": flow.members.iter().filter_map(|number| report.record(*number)).map(record).collect::<Vec<_>>(),
        "live": {"tokens": flow.tokens.iter().map(token).collect::<Vec<_>>(), "logout": logout},
        "not_observed": flow.unseen.iter().map(|what| what.name()).collect::<Vec<_>>(),
    })
}

/// Absent members are left out, as in a record.
fn record((entry, judgement): (&Entry, &Judgement)) -> Value {
    let record = json!({
        "id": entry.id.to_string(), "ts": moment::rfc3339(entry.at), "dur_ms": entry.dur_ms,
        "event": &*entry.event, "words": words(entry), "outcome": entry.outcome.as_str(),
        "error": entry.error.as_deref(), "reason": entry.reason.as_deref(), "status": entry.status,
        "vantage": entry.vantage.as_deref(), "issuer": entry.issuer.as_deref(), "client": entry.client.as_deref(),
        "subject": entry.who.sub.as_deref(), "pseudonym": entry.who.pseudonyms.first().map(|value| &**value),
        "name_pseudonym": entry.who.names.first().map(|value| &**value),
        "grant_type": entry.grant.as_deref(), "scope": entry.scope.as_deref(), "address": entry.address.as_deref(),
        "exchange": entry.exchange.as_deref(), "request_id": entry.request_id.as_deref(),
        "problem": judgement.problem.map(|problem| problem.name()),
        "labels": (!judgement.labels.is_empty()).then(|| judgement.labels.iter().map(label).collect::<Vec<_>>()),
        "coalesced": entry.coalesced.as_ref().map(|coalesced| coalesced.count),
        "audit": entry.audit,
    });
    match record {
        Value::Object(members) => Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

fn label(label: &Label) -> Value {
    let name = label.name();
    match label {
        Label::AlsoSeen { vantage } => json!({"label": name, "vantage": vantage.as_deref()}),
        Label::CodeReplayed { redeemed, by } => {
            json!({"label": name, "redeemed": moment::rfc3339(*redeemed), "redeemed_by_client": by.as_deref()})
        }
        Label::RefreshTokenReused { rotated } => json!({"label": name, "rotated": moment::rfc3339(*rotated)}),
        Label::Found { rule } => json!({"label": name, "rule": &**rule}),
        Label::Shared { role } => json!({"label": name, "value": role.words()}),
        Label::Conflict | Label::RefreshTokenKept | Label::RefreshTokenRotated => json!({"label": name}),
    }
}

fn token(token: &Token) -> Value {
    let kind = match token.kind {
        tokens::Kind::Access => "access_token",
        tokens::Kind::Refresh => "refresh_token",
    };
    let since = match token.state {
        State::Refused(at) | State::Revoked(at) | State::Rotated(at) => Some(moment::rfc3339(at)),
        State::Expired | State::Live => None,
    };
    json!({
        "kind": kind, "state": token.state.name(), "issued": moment::rfc3339(token.issued),
        "end": token.end.map(moment::rfc3339), "state_since": since,
    })
}
