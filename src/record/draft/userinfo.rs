//! `userinfo.accessed`

use crate::oauth::{Trust, Userinfo};
use crate::record::draft::{Drafter, words};
use crate::record::model::{Record, RequestSection, UserinfoSection};

impl Drafter<'_> {
    pub(super) fn userinfo(&mut self, record: &mut Record, message: &Userinfo<'_>) {
        let transport = message.transport.map(|transport| words::transport(transport).to_owned());
        record.request = transport
            .map(|transport| Box::new(RequestSection { transport: Some(transport), ..RequestSection::default() }));
        // The answer to whoever holds the access token comes from the authorization server itself.
        let identity = self.identity(&message.identity, self.issuer, Some(Trust::Direct));
        let names = self.claim_names("userinfo.claim_names", &message.claim_names);
        let section = UserinfoSection {
            claim_names: names.names,
            claims: names.number,
            email: identity.email,
            email_verified: self.notes.flag("userinfo.email_verified", &message.email_verified),
            form: message.form.map(|form| words::userinfo_form(form).to_owned()),
            phone_number: identity.phone_number,
            preferred_username: identity.preferred_username,
        };
        record.userinfo = (section != UserinfoSection::default()).then(|| Box::new(section));
    }
}
