//! JSON lines: the canonical text of each record, ended by a line feed; any HTTP store that takes such a body.
//!
//! Our own collector answers 200 with `{"stored": n, "refused": [{"id", "line", "why"}]}`; of other stores the status
//! alone is read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Deserialize;

use crate::record::SealedBatch;

/// What an answer says of the records that were sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::pipeline) enum Verdict {
    /// All are stored, but for those of these numbers, which never will be.
    Accepted {
        /// Sequence numbers, ascending.
        refused: BTreeSet<u64>,
    },
    /// The store is overloaded or away: the same again, soon.
    Busy,
    /// Somebody has to change a setting: the same again, slowly. Nothing is given up for a wrong token or path.
    Misconfigured,
    /// The whole is refused for what is in it, or for its size.
    Refused,
    /// It is accepted, and which records are not cannot be read: smaller parts have shorter answers.
    Unreadable,
}

/// The body of a delivery.
pub(in crate::pipeline) fn encode(batch: &SealedBatch) -> Rc<[u8]> {
    batch.text().as_bytes().into()
}

/// Reads an answer. `accept` is the whitelist of statuses.
pub(in crate::pipeline) fn classify(accept: &[u16], status: u16, body: &[u8], batch: &SealedBatch) -> Verdict {
    match status {
        status if accept.contains(&status) => read_answer(body, batch),
        400 | 413 => Verdict::Refused,
        408 | 429 | 500 | 502 | 503 | 504 | 507 => Verdict::Busy,
        _ => Verdict::Misconfigured,
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    refused: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    /// Counted from 1.
    #[serde(default)]
    line: Option<u64>,
    #[serde(borrow, default)]
    why: Option<Cow<'a, str>>,
}

fn read_answer(body: &[u8], batch: &SealedBatch) -> Verdict {
    let none = Verdict::Accepted { refused: BTreeSet::new() };
    if !names_refused(body) {
        return none;
    }
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else { return Verdict::Unreadable };
    // A record that the store has already is what an earlier attempt was for.
    let refused = answer.refused.iter().filter(|entry| entry.why.as_deref() != Some("duplicate"));
    let numbers: Option<BTreeSet<u64>> = refused.map(|entry| number(entry, batch)).collect();
    match numbers {
        Some(refused) => Verdict::Accepted { refused },
        // One of them is refused, and it is the only one.
        None if batch.records() == 1 => Verdict::Accepted { refused: [batch.first().number()].into() },
        None => Verdict::Unreadable,
    }
}

/// Whether it is a JSON object that has the member, whole or cut.
fn names_refused(body: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"refused\"";
    body.trim_ascii_start().starts_with(b"{") && body.windows(MEMBER.len()).any(|window| window == MEMBER)
}

/// The number of the record that an entry is about; `None` when it is none of the batch.
fn number(entry: &Entry<'_>, batch: &SealedBatch) -> Option<u64> {
    let (first, last) = (batch.first().number(), batch.last().number());
    let by_id = entry.id.as_deref().and_then(|id| {
        let (stream, number) = id.split_once('-')?;
        let ours = stream == batch.stream().to_string() && !number.starts_with(['0', '+']);
        if ours { number.parse().ok() } else { None }
    });
    let by_line = || first.checked_add(entry.line?.checked_sub(1)?);
    let number = if entry.id.is_some() { by_id } else { by_line() };
    number.filter(|number| (first..=last).contains(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::fixture::{Seeded, issuance};
    use crate::record::{BatchLimits, Sealer, StreamId};

    const STREAM: &str = "01010101010101010101010101010101";

    fn batch(records: usize) -> SealedBatch {
        let mut sealer = Sealer::new(StreamId::from_bytes([1; 16]));
        let mut open = sealer.open(BatchLimits::default());
        for _ in 0..records {
            open.add(issuance(), &mut Seeded(1)).unwrap();
        }
        open.close().unwrap()
    }

    fn accepted(refused: &[u64]) -> Verdict {
        Verdict::Accepted { refused: refused.iter().copied().collect() }
    }

    fn answer(body: &str, records: usize) -> Verdict {
        classify(&[200], 200, body.as_bytes(), &batch(records))
    }

    #[test]
    fn a_body_is_one_canonical_line_per_record() {
        let batch = batch(2);
        let body = encode(&batch);
        let text = std::str::from_utf8(&body).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with("}\n"));
        assert!(text.lines().next().unwrap().contains(&format!("\"id\":\"{STREAM}-1\"")));
    }

    #[test]
    fn only_listed_statuses_are_success() {
        let batch = batch(1);
        let of = |accept: &[u16], status| classify(accept, status, b"", &batch);
        assert_eq!(of(&[200], 200), accepted(&[]));
        assert_eq!(of(&[204], 204), accepted(&[]));
        for status in [201, 202, 204, 260, 301, 401, 403, 404, 409, 422, 501, 100, 0, 999] {
            assert_eq!(of(&[200], status), Verdict::Misconfigured, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504, 507] {
            assert_eq!(of(&[200], status), Verdict::Busy, "{status}");
        }
        for status in [400, 413] {
            assert_eq!(of(&[200], status), Verdict::Refused, "{status}");
        }
    }

    #[test]
    fn a_collector_names_what_it_refuses() {
        let refused = format!(
            r#"{{"stored":1,"refused":[{{"id":"{STREAM}-2","line":2,"why":"conflict"}},{{"line":3,"why":"not_json"}}]}}"#
        );
        assert_eq!(answer(&refused, 3), accepted(&[2, 3]));
        assert_eq!(answer(r#"{"stored":3,"refused":[]}"#, 3), accepted(&[]));
        let repeated = format!(r#"{{"stored":2,"refused":[{{"id":"{STREAM}-2","why":"duplicate"}}]}}"#);
        assert_eq!(answer(&repeated, 3), accepted(&[]));
    }

    #[test]
    fn other_answers_of_an_accepted_status_are_not_looked_into() {
        for body in ["", "ok", "{}", r#"{"text":"Success","code":0}"#, r#"["refused"]"#] {
            assert_eq!(answer(body, 2), accepted(&[]), "{body}");
        }
    }

    #[test]
    fn an_answer_that_refuses_something_unclear_is_asked_again_in_parts() {
        for body in [
            r#"{"stored":1,"refused":[{"id":"#,
            r#"{"refused":true}"#,
            r#"{"refused":[{"id":"00000000000000000000000000000000-1"}]}"#,
            r#"{"refused":[{"line":0}]}"#,
            r#"{"refused":[{"line":3}]}"#,
            r#"{"refused":[{"id":"01010101010101010101010101010101-02"}]}"#,
            r#"{"refused":[{}]}"#,
        ] {
            assert_eq!(answer(body, 2), Verdict::Unreadable, "{body}");
        }
        assert_eq!(answer(r#"{"refused":[{}]}"#, 1), accepted(&[1]));
    }

    proptest! {
        #[test]
        fn no_answer_names_a_record_that_was_not_sent(status in any::<u16>(), text in "\\PC{0,80}", line in any::<u64>()) {
            let batch = batch(2);
            let cut = text.as_bytes();
            let odd = format!(r#"{{"refused":[{{"id":{},"line":{line}}}]}}"#, serde_json::Value::from(text.clone()));
            for body in [cut, odd.as_bytes()] {
                if let Verdict::Accepted { refused } = classify(&[200, status], status, body, &batch) {
                    prop_assert!(refused.iter().all(|number| (1..=2).contains(number)));
                }
            }
        }
    }
}
