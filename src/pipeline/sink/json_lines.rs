//! JSON lines: the canonical text of each record and checkpoint, ended by a line feed; any HTTP store that takes such a body.
//!
//! Our own collector answers 200 with `{"stored": n, "refused": [{"id", "line", "why"}]}`; of other stores the status
//! alone is read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Deserialize;

use crate::record::SealedBatch;

/// What an answer says of the lines that were sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::pipeline) enum Verdict {
    /// All are stored, but for these, which never will be.
    Accepted(Refusals),
    /// The store is overloaded or away: the same again, soon.
    Busy,
    /// Somebody has to change a setting: the same again, slowly. Nothing is given up for a wrong token or path.
    Misconfigured,
    /// The whole is refused for what is in it, or for its size.
    Refused,
    /// It is accepted, and which records are not cannot be read: smaller parts have shorter answers.
    Unreadable,
}

/// Lines of a batch that a store refuses for good.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::pipeline) struct Refusals {
    /// Sequence numbers of records.
    pub(in crate::pipeline) records: BTreeSet<u64>,
    /// Whether its checkpoint is refused.
    pub(in crate::pipeline) checkpoint: bool,
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
    let mut refused = Refusals::default();
    if !names_refused(body) {
        return Verdict::Accepted(refused);
    }
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else { return Verdict::Unreadable };
    // A record that the store has already is what an earlier attempt was for.
    for entry in answer.refused.iter().filter(|entry| entry.why.as_deref() != Some("duplicate")) {
        let line = match line(entry, batch) {
            Some(line) => line,
            // One of them is refused, and it is the only one.
            None if batch.line_count() == 1 => 0,
            None => return Verdict::Unreadable,
        };
        match batch.numbers().nth(line) {
            Some(number) => {
                refused.records.insert(number);
            }
            None => refused.checkpoint = true,
        }
    }
    Verdict::Accepted(refused)
}

/// Whether it is a JSON object that has the member, whole or cut.
fn names_refused(body: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"refused\"";
    body.trim_ascii_start().starts_with(b"{") && body.windows(MEMBER.len()).any(|window| window == MEMBER)
}

/// The line that an entry is about, from 0; `None` when it is none of the batch.
fn line(entry: &Entry<'_>, batch: &SealedBatch) -> Option<usize> {
    let line = match entry.id.as_deref() {
        Some(id) => line_of(id, batch)?,
        None => usize::try_from(entry.line?.checked_sub(1)?).ok()?,
    };
    (line < batch.line_count()).then_some(line)
}

fn line_of(id: &str, batch: &SealedBatch) -> Option<usize> {
    let (stream, counted) = id.split_once('-')?;
    let plain = |digits: &str| if digits.starts_with('+') { None } else { digits.parse::<u64>().ok() };
    let (numbers, spelled) = (batch.numbers(), !counted.starts_with('0'));
    if stream != batch.stream().to_string() {
        return None;
    }
    match counted.strip_prefix('c') {
        Some(number) => (batch.checkpoint().is_some() && batch.checkpoint() == plain(number)).then(|| numbers.count()),
        None => {
            let number = plain(counted).filter(|number| spelled && numbers.contains(number))?;
            usize::try_from(number.checked_sub(numbers.start)?).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::fixture::{Seeded, issuance};
    use crate::record::evidence::{Digest, Head, Sealed};
    use crate::record::{BatchLimits, Sealer, StreamId};

    const STREAM: &str = "01010101010101010101010101010101";

    fn batch(records: usize) -> SealedBatch {
        let mut sealer = Sealer::new(StreamId::from_bytes([1; 16]));
        let mut open = sealer.open(BatchLimits::default());
        for _ in 0..records {
            open.add(issuance(), &mut Seeded(1)).unwrap();
        }
        let head = Head { stream: StreamId::from_bytes([1; 16]), number: 5, digest: Digest::of(b"") };
        open.close(&Sealed { head, line: "{}".to_owned() })
    }

    fn accepted(refused: &[u64]) -> Verdict {
        Verdict::Accepted(Refusals { records: refused.iter().copied().collect(), checkpoint: false })
    }

    fn checkpoint_refused(refused: &[u64]) -> Verdict {
        Verdict::Accepted(Refusals { records: refused.iter().copied().collect(), checkpoint: true })
    }

    fn answer(body: &str, records: usize) -> Verdict {
        classify(&[200], 200, body.as_bytes(), &batch(records))
    }

    #[test]
    fn a_body_is_one_canonical_line_per_record_and_one_for_the_checkpoint() {
        let batch = batch(2);
        let body = encode(&batch);
        let text = std::str::from_utf8(&body).unwrap();
        assert_eq!(text.lines().count(), 3);
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
        for entry in [format!(r#"{{"id":"{STREAM}-c5"}}"#), r#"{"line":4}"#.to_owned()] {
            assert_eq!(answer(&format!(r#"{{"refused":[{{"line":1}},{entry}]}}"#), 3), checkpoint_refused(&[1]));
        }
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
            r#"{"refused":[{"line":4}]}"#,
            r#"{"refused":[{"id":"01010101010101010101010101010101-02"}]}"#,
            r#"{"refused":[{"id":"01010101010101010101010101010101-3"}]}"#,
            r#"{"refused":[{"id":"01010101010101010101010101010101-c4"}]}"#,
            r#"{"refused":[{}]}"#,
        ] {
            assert_eq!(answer(body, 2), Verdict::Unreadable, "{body}");
        }
        let (record, checkpoint) = batch(1).halves().unwrap();
        let of = |part| classify(&[200], 200, br#"{"refused":[{}]}"#, part);
        assert_eq!((of(&record), of(&checkpoint)), (accepted(&[1]), checkpoint_refused(&[])));
    }

    proptest! {
        #[test]
        fn no_answer_names_a_record_that_was_not_sent(status in any::<u16>(), text in "\\PC{0,80}", line in any::<u64>()) {
            let batch = batch(2);
            let cut = text.as_bytes();
            let odd = format!(r#"{{"refused":[{{"id":{},"line":{line}}}]}}"#, serde_json::Value::from(text.clone()));
            for body in [cut, odd.as_bytes()] {
                if let Verdict::Accepted(refused) = classify(&[200, status], status, body, &batch) {
                    prop_assert!(refused.records.iter().all(|number| (1..=2).contains(number)));
                    prop_assert!(!refused.checkpoint || line == 3);
                }
            }
        }
    }
}
