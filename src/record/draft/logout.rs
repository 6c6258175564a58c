//! `logout.*`

use crate::oauth::Logout;
use crate::record::draft::authorization::MAX_UNKNOWN;
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, ResponseSection};

impl Drafter<'_> {
    pub(super) fn logout(&mut self, record: &mut Record, message: &Logout<'_>) {
        let notes = &mut self.notes;
        let request = RequestSection {
            delivery: message.delivery.map(|delivery| words::delivery(delivery).to_owned()),
            id_token_hint: message.id_token_hint.then_some(true),
            post_logout_redirect_uri: notes.uri("request.post_logout_redirect_uri", &message.post_logout_redirect_uri),
            unknown_parameters: notes.names("request.unknown_parameters", &message.unknown_parameters, MAX_UNKNOWN),
            logout_hint: self.hint("request.logout_hint", &message.logout_hint),
            ..RequestSection::default()
        };
        let response = ResponseSection {
            cookie_cleared: message.cookie_cleared.then_some(true),
            redirect_uri: self.notes.uri("response.redirect_uri", &message.target),
            ..ResponseSection::default()
        };
        record.request = (request != RequestSection::default()).then(|| Box::new(request));
        record.response = (response != ResponseSection::default()).then(|| Box::new(response));
        record.id_token = message.hint.as_ref().map(|hint| Box::new(self.id_token(hint)));
    }
}
