//! `login.attempt`, `consent.decision`, `interaction.step`

use crate::oauth::Interaction;
use crate::record::draft::Drafter;
use crate::record::draft::authorization::MAX_WORDS;
use crate::record::model::{InteractionSection, Record, RequestSection};

impl Drafter<'_> {
    pub(super) fn interaction(&mut self, record: &mut Record, message: &Interaction<'_>) {
        let word = |word: Option<&str>| word.map(str::to_owned);
        let section = InteractionSection {
            adapter: message.adapter.and_then(|adapter| self.own("interaction.adapter", adapter)),
            code: message.code.as_ref().and_then(|code| self.own("interaction.code", code)),
            evidence: word(message.evidence),
            method: word(message.means.map(|means| means.as_str())),
            step: word(message.step),
        };
        let request = RequestSection {
            scope: self.notes.words("request.scope", &message.scope, MAX_WORDS),
            username: self.name("request.username", &message.username),
            ..RequestSection::default()
        };
        record.interaction = (section != InteractionSection::default()).then_some(section);
        record.request = (request != RequestSection::default()).then(|| Box::new(request));
    }
}
