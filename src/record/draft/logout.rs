//! `logout.*`

use std::borrow::Cow;

use crate::oauth::Logout;
use crate::record::draft::authorization::MAX_UNKNOWN;
use crate::record::draft::id_token::MAX_AUDIENCES;
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, ResponseSection};
use crate::seen::Seen;

impl Drafter<'_> {
    pub(super) fn logout(&mut self, record: &mut Record, message: &Logout<'_>) {
        let notes = &mut self.notes;
        let request = RequestSection {
            delivery: message.delivery.map(|delivery| words::delivery(delivery).to_owned()),
            events: notes.list("request.events", &message.events, MAX_AUDIENCES),
            id_token_hint: message.id_token_hint.then_some(true),
            iss: notes.text("request.iss", &message.iss),
            observed_as: message.redirected.then(|| "redirect_out".to_owned()),
            post_logout_redirect_uri: notes.uri("request.post_logout_redirect_uri", &message.post_logout_redirect_uri),
            unknown_parameters: notes.names("request.unknown_parameters", &message.unknown_parameters, MAX_UNKNOWN),
            logout_hint: self.hint("request.logout_hint", &message.logout_hint),
            ..RequestSection::default()
        };
        let response = ResponseSection {
            cookie_cleared: message.cookie_cleared.then_some(true),
            redirect_uri: self.notes.uri("response.redirect_uri", &message.target),
            targets: self.targets(&message.targets),
            ..ResponseSection::default()
        };
        record.request = (request != RequestSection::default()).then(|| Box::new(request));
        record.response = (response != ResponseSection::default()).then(|| Box::new(response));
        record.id_token = message.hint.as_ref().map(|hint| Box::new(self.id_token(hint)));
        record.token = message.token.as_ref().and_then(|token| self.access_token(token));
    }

    fn targets(&mut self, targets: &[Cow<'_, str>]) -> Vec<String> {
        let read = targets.iter().filter_map(|target| {
            let target = Seen::Present(Cow::Borrowed(target.as_ref()));
            self.notes.uri("response.targets", &target).map(|section| section.uri)
        });
        read.collect()
    }
}
