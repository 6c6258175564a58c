//! Enrolled streams whose statements, keys and rules are right, and wrong in one thing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc_audit::record::evidence::{Checkpoint, CheckpointLine, Jws, SigningKey, TYP};
use oidc_audit::record::verify::{Binding, SpiffeId};
use serde_json::{Value, json};

use super::{Export, writer};

/// An export, and what both verifiers must say of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) export: Export,
    /// 1: bound and intact, but for declared losses.
    pub(crate) exit: u64,
    pub(crate) problem: Option<&'static str>,
}

pub(crate) fn cases() -> Vec<Case> {
    let whole = writer::enrolled(3);
    [of_statements(&whole), of_trust(&whole), of_streams(&whole)].into_iter().flatten().collect()
}

fn case(name: &'static str, export: Export, exit: u64, problem: Option<&'static str>) -> Case {
    Case { name, export, exit, problem }
}

fn of_statements(whole: &Export) -> Vec<Case> {
    let rest: Vec<_> = whole.lines.iter().filter(|line| !is_bound(line)).cloned().collect();
    let right = binding(whole);
    let more = |lines: &[Vec<u8>], change: &dyn Fn(&mut Binding), key: &SigningKey| {
        let mut binding = right.clone();
        change(&mut binding);
        with(whole, [lines, &[writer::bind(binding, key)]].concat())
    };
    let writer_is = |text: &'static str| move |binding: &mut Binding| binding.writer = SpiffeId::parse(text).unwrap();
    let (key, wrong) = (writer::collector_key(), Some("wrong_writer"));
    let stranger = writer::other_key();
    let other_key = |binding: &mut Binding| binding.key = stranger.public();
    let other_group = |binding: &mut Binding| binding.group = "shop/gateway/z".to_owned();
    vec![
        case("another namespace", more(&rest, &writer_is("spiffe://td/ns/bank/sa/gateway"), &key), 2, wrong),
        case("a second writer", more(&whole.lines, &writer_is("spiffe://td/ns/shop/sa/z"), &key), 2, wrong),
        case("another group", more(&rest, &other_group, &key), 2, wrong),
        case("another key than the one that opened", more(&rest, &other_key, &key), 2, wrong),
        case("signed by a stranger", more(&whole.lines, &|_| {}, &stranger), 3, Some("untrusted")),
        case("said twice", more(&whole.lines, &|_| {}, &key), 1, None),
    ]
}

fn of_trust(whole: &Export) -> Vec<Case> {
    let trusting = |change: &dyn Fn(&mut Value)| {
        let mut export = whole.clone();
        change(&mut export.trust);
        export
    };
    let ruled = |group: &str| {
        trusting(&|trust| trust["writers"] = json!([{"spiffe": "spiffe://*/ns/shop/sa/*", "grp": [group]}]))
    };
    let powerless = trusting(&|trust| trust["keys"][0]["may"] = json!(["seal"]));
    let expired = trusting(&|trust| trust["keys"][0]["not_after"] = json!("2026-01-01T00:00:00Z"));
    vec![
        case("as it was written", whole.clone(), 1, None),
        case("a rule that fits", ruled("shop/gateway/*"), 1, None),
        case("a rule for others", ruled("shop/store/*"), 2, Some("wrong_writer")),
        case("without the power", powerless, 2, Some("wrong_writer")),
        case("too late", expired, 2, Some("wrong_writer")),
    ]
}

fn of_streams(whole: &Export) -> Vec<Case> {
    let (bound, rest): (Vec<_>, Vec<_>) = whole.lines.iter().cloned().partition(|line: &Vec<u8>| is_bound(line));
    let foreign: Vec<_> = writer::enrolled(6).lines.into_iter().filter(|line| !is_bound(line)).collect();
    let open = format!("{}-c0", binding(whole).stream);
    let headless = whole.lines.iter().filter(|line| id(line) != open).cloned().collect();
    let first = with(whole, [bound.clone(), rest.clone()].concat());
    vec![
        case("statements first", first, 1, None),
        case("nobody has bound it", with(whole, rest), 3, Some("unbound")),
        case("a stream in another's name", with(whole, [whole.lines.clone(), foreign].concat()), 3, Some("unbound")),
        case("nothing but statements", with(whole, bound), 3, None),
        case("without what it opened with", with(whole, headless), 2, Some("seal_missing")),
        case("goes on with a key that names itself", forged_end(whole), 2, Some("bad_signature")),
    ]
}

/// The last checkpoint of a stream by somebody else, who names his own key.
fn forged_end(whole: &Export) -> Export {
    let mut lines = whole.lines.clone();
    let last = lines.iter().rposition(|line| checkpoint(line).is_some_and(|of| of.end.is_some())).unwrap();
    lines[last] = forged(&lines[last], "anchor");
    with(whole, lines)
}

/// A second `open`, by somebody else, before and after the first.
pub(crate) fn second_opens() -> [Export; 2] {
    let whole = writer::enrolled(3);
    [true, false].map(|first| second_open(&whole, first))
}

fn second_open(whole: &Export, first: bool) -> Export {
    let mut lines = whole.lines.clone();
    let at = lines.iter().position(|line| id(line).ends_with("-c0")).unwrap();
    lines.insert(at + usize::from(!first), forged(&lines[at], "open"));
    with(whole, lines)
}

fn forged(line: &[u8], kind: &str) -> Vec<u8> {
    let line: Value = serde_json::from_slice(line).unwrap();
    let payload = line["jws"].as_str().unwrap().split('.').nth(1).unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let thief = writer::other_key();
    claims["cnf"] = json!({"jwk": serde_json::from_str::<Value>(&thief.public().jwk()).unwrap()});
    claims["knd"] = kind.into();
    claims.as_object_mut().unwrap().remove("end");
    CheckpointLine::of(&Jws::sign(&claims.to_string(), &thief, TYP)).unwrap().text().into_bytes()
}

fn with(whole: &Export, lines: Vec<Vec<u8>>) -> Export {
    Export { lines, trust: whole.trust.clone(), from: None, to: None }
}

/// What is right to say of the first stream.
fn binding(whole: &Export) -> Binding {
    let open = whole.lines.iter().find_map(|line| checkpoint(line)).unwrap();
    Binding {
        stream: open.stream,
        writer: SpiffeId::parse(writer::WRITER).unwrap(),
        group: open.group.unwrap(),
        key: open.next_key.unwrap(),
    }
}

fn checkpoint(line: &[u8]) -> Option<Checkpoint> {
    Some(CheckpointLine::parse(std::str::from_utf8(line).unwrap()).ok()?.checkpoint)
}

fn is_bound(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).contains(r#""event":"audit.bound""#)
}

fn id(line: &[u8]) -> String {
    serde_json::from_slice::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
}
