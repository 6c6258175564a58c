//! Records for tests: through the same door as real ones.

use oidc_audit::record::{ExchangeSection, Record};
use oidc_audit::time::Timestamp;

use crate::collect::line::{Kind, RecordId};
use crate::moment;
use crate::reader::Found;
use crate::timeline::entry::{Entry, Texts};

#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) stream: u128,
    pub(crate) number: Option<u64>,
    pub(crate) at: Timestamp,
    pub(crate) record: Record,
}

impl Sample {
    pub(crate) fn new(seconds: u64, event: &str) -> Self {
        let at = Timestamp::from_secs(START + seconds);
        let record = Record {
            schema: "oidc-audit/1".to_owned(),
            event: event.to_owned(),
            outcome: (!event.starts_with("audit.")).then(|| "success".to_owned()),
            vantage: Some("idp-in".to_owned()),
            ts: moment::rfc3339(at),
            ..Record::default()
        };
        Self { stream: 1, number: None, at, record }
    }

    pub(crate) fn join(mut self, role: &str, value: &str) -> Self {
        self.record.join.entry(role.to_owned()).or_default().push(value.to_owned());
        self
    }

    pub(crate) fn stream(self, stream: u128) -> Self {
        Self { stream, ..self }
    }

    pub(crate) fn number(self, number: u64) -> Self {
        Self { number: Some(number), ..self }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Record)) -> Self {
        change(&mut self.record);
        self
    }

    pub(crate) fn failed(self, error: &str) -> Self {
        self.with(|record| {
            record.outcome = Some("failure".to_owned());
            record.error = Some(error.to_owned());
        })
    }

    pub(crate) fn vantage(self, vantage: &str) -> Self {
        self.with(|record| record.vantage = Some(vantage.to_owned()))
    }

    pub(crate) fn exchange(self, id: &str, request_id: Option<&str>) -> Self {
        let section = ExchangeSection {
            id: id.to_owned(),
            request_id: request_id.map(str::to_owned),
            ..ExchangeSection::default()
        };
        self.with(|record| record.exchange = Some(section))
    }
}

/// Numbered in the order given where they have no number, sorted as the timeline sorts.
pub(crate) fn entries(samples: &[Sample]) -> Vec<Entry> {
    let mut texts = Texts::default();
    let numbered = samples.iter().cloned().zip(1..).map(|(sample, number)| Found {
        id: RecordId { stream: sample.stream, kind: Kind::Record, number: sample.number.unwrap_or(number) },
        at: sample.at,
        record: sample.record,
    });
    let mut entries: Vec<_> = numbered.map(|found| Entry::read(found, &mut texts)).collect();
    entries.sort_by_key(|entry| (entry.at, entry.id));
    entries
}

/// 2026-01-15T10:00:00Z
pub(crate) const START: u64 = 1_768_471_200;
