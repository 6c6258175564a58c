//! `bearer.*`

use crate::oauth::{Bearer, BearerChallenge, BearerScheme};
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, ResponseSection};

impl Drafter<'_> {
    pub(super) fn bearer(&mut self, record: &mut Record, message: &Bearer<'_>) {
        let request = RequestSection {
            auth_scheme: message.scheme.map(scheme),
            dpop: message.dpop.is_some().then_some(true),
            token_repeated: message.several.then_some(true),
            transport: message.transport.map(|transport| words::transport(transport).to_owned()),
            ..RequestSection::default()
        };
        record.request = (request != RequestSection::default()).then(|| Box::new(request));
        record.response = message.challenge.as_ref().map(|challenge| Box::new(self.challenge(challenge)));
        record.token = message.access_token.as_ref().and_then(|token| self.access_token(token));
    }

    fn challenge(&mut self, challenge: &BearerChallenge<'_>) -> ResponseSection {
        let notes = &mut self.notes;
        ResponseSection {
            acr_values: notes.words("response.acr_values", &challenge.acr_values, MAX_WORDS),
            challenges: challenge.schemes.iter().copied().map(scheme).collect(),
            max_age: notes.number("response.max_age", &challenge.max_age),
            resource_metadata: notes.uri("response.resource_metadata", &challenge.resource_metadata),
            scope: notes.words("response.scope", &challenge.scope, MAX_WORDS),
            ..ResponseSection::default()
        }
    }
}

fn scheme(scheme: BearerScheme) -> String {
    words::bearer_scheme(scheme).to_owned()
}
