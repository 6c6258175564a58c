#![cfg(test)]
//! The corpus through the built module in the fake host: the records must be those of the native harness.

#[allow(dead_code, unused_imports, clippy::allow_attributes, reason = "of the host a part is enough here")]
mod host;
mod support;

use host::{End as Ending, Host, Process, Script, filter};
use support::evidence::{self, Export};
use support::fixture::{self, End, Exchange, Fixture, NODE, SOURCE, local_reply, pieces};
use support::record::Checker;
use support::{Tally, canary, compare, normal};

#[test]
fn every_fixture_gives_the_same_records_in_wasm() {
    let fixtures = fixture::load();
    let checker = Checker::default();
    let mut tally = Tally::new("wasm");
    for fixture in fixtures.iter().filter(|fixture| tally.plays(fixture)).collect::<Vec<_>>() {
        // a process of its own: what one fixture teaches of an issuer is not known to the next
        let mut host = Host::load(&Process::default(), filter(), &[], &[]);
        host.node("xds.node.id", NODE);
        if let Err(problem) = judge(&mut host, fixture, &checker) {
            tally.fail(&fixture.name, problem);
        }
        for line in host.log() {
            if let Some(secret) = canary::found(&format!("{line:?}"), &[]) {
                tally.fail(&fixture.name, format!("the log contains {secret}"));
            }
        }
    }
    tally.finish();
}

fn judge(host: &mut Host, fixture: &Fixture, checker: &Checker) -> Result<(), String> {
    let (root, accepted) = host.configure(fixture.configuration().to_string().as_bytes());
    if !accepted {
        return Err(format!("the configuration was refused: {:?}", host.log().last()));
    }
    let (before, lines_before) = (host.records().len(), host.lines().len());
    for exchange in &fixture.exchanges {
        play(host, exchange, &fixture.case.chunks);
        host.process().advance(1_000);
    }
    host.settle();
    host.stop_root(root);
    host.settle();
    let mut records = Vec::new();
    for line in host.records().iter().skip(before) {
        records.push(checker.check(line, &fixture.case.secrets)?);
    }
    evidence::verify(&host.lines().split_off(lines_before), Export::Whole)?;
    records.retain(|record| record.get("exchange").is_some());
    match compare::difference(&fixture.expected(), &normal::normalise(&records)?) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

/// Calls the module as Envoy does.
fn play(host: &mut Host, exchange: &Exchange, chunks: &[usize]) {
    let (response, end, ending) = match (&exchange.response, exchange.end) {
        (_, End::ClientGoneBeforeResponse) => (None, exchange.end, Ending::ClientGoneBeforeResponse),
        (_, End::ClientGoneMidRequest) => (None, exchange.end, Ending::ClientGoneMidRequest),
        (None, _) => (Some(local_reply()), End::Complete, Ending::LocalReply),
        (response, End::ClientGoneMidResponse) => (response.clone(), exchange.end, Ending::ClientGoneMidResponse),
        (response, End::UpstreamReset) => (response.clone(), exchange.end, Ending::UpstreamReset),
        (response, End::Complete | End::EarlyResponse) => (response.clone(), exchange.end, Ending::Complete),
    };
    let script = Script {
        request: exchange.request.request_pairs(exchange.end),
        response: response.as_ref().map(|response| response.response_pairs(end)),
        end: ending,
        ..Script::default()
    };
    let stream = host.open(&script.property("source.address", SOURCE));
    let whole = !exchange.end.cuts_request();
    let body = &exchange.request.body;
    host.request_headers(stream, body.is_empty() && whole);
    for chunk in pieces(body, &[]) {
        host.request_body(stream, chunk, false);
    }
    if whole && !body.is_empty() {
        host.request_body(stream, b"", true);
    }
    if let Some(response) = response {
        host.response_headers(stream, response.body.is_empty() && !end.cuts_response());
        for chunk in pieces(&response.body, chunks) {
            host.response_body(stream, chunk, false);
        }
        if !end.cuts_response() && !response.body.is_empty() {
            host.response_body(stream, b"", true);
        }
    }
    host.finish(stream);
}
