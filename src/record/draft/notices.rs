//! `login.initiated_by_third_party`, `signal.received`

use crate::oauth::{LoginInitiation, Signal};
use crate::record::draft::id_token::MAX_AUDIENCES;
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, UriSection};

impl Drafter<'_> {
    pub(super) fn login_initiation(&mut self, record: &mut Record, message: &LoginInitiation<'_>) {
        let target = self.notes.uri("request.target", &message.target);
        let request = RequestSection {
            delivery: message.delivery.map(|delivery| words::delivery(delivery).to_owned()),
            iss: self.notes.text("request.iss", &message.iss),
            login_hint: self.hint("request.login_hint", &message.login_hint),
            target: target.map(|target| UriSection { query: Vec::new(), ..target }),
            ..RequestSection::default()
        };
        record.request = Some(Box::new(request));
    }

    pub(super) fn signal(&mut self, record: &mut Record, message: &Signal<'_>) {
        let request = RequestSection {
            events: self.notes.list("request.events", &message.events, MAX_AUDIENCES),
            subject_format: self.notes.text("request.subject_format", &message.subject_format),
            ..RequestSection::default()
        };
        record.request = (request != RequestSection::default()).then(|| Box::new(request));
        record.token = message.token.as_ref().and_then(|token| self.access_token(token));
    }
}
