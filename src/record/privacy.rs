//! What may be recorded of a value, by its class and the operator's profile: PROTOCOL §5.1 and §5.4, in one table.
//!
//! The table is an allow list: what has no row here and is not technical does not reach a record. Secrets have no row,
//! for no profile records them.

use crate::oauth::{IdentityKind, Outcome, Trust};
use crate::record::Pseudonym;
use crate::record::keys::Keys;
use crate::record::person::{PersonName, pseudonyms};
use crate::record::text::{TEXT_LIMIT, clean};

/// How much of a person is recorded (PROTOCOL §5.1). `standard` and `full` need a stated purpose.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Profile {
    /// Pseudonyms, networks, families of user agents.
    #[default]
    Minimal,
    /// Subject identifiers, masks, addresses.
    Standard,
    /// Identity claims of direct and verified tokens as they are.
    Full,
}

/// The operator's choices about personal data.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Privacy {
    /// How much of a person is recorded.
    pub profile: Profile,
    /// Why that is needed; recorded in `audit.start`.
    pub purpose: Option<String>,
    /// Which entry of `X-Forwarded-For` is the source, counted from the right; 0: none, the peer is.
    pub trusted_hops: u8,
}

/// What is done with a value (PROTOCOL §5.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// Its number alone.
    Count,
    /// Nothing of it.
    Drop,
    /// Its family, of a closed list.
    Family,
    /// A keyed hash with `K_pii`.
    Hmac,
    /// Its network.
    Network,
    /// As it is, within its limit and without control characters.
    Keep,
    /// A keyed hash, and its shape.
    Mask,
    /// Without what looks like a person or a secret.
    Scrub,
}

/// PROTOCOL §5.4, column Class; `x-personal-data` in the schemas.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Class {
    /// Names a client, a workload or an upstream provider, which can be one person's.
    Identifier,
    /// Names or addresses a person.
    Pii,
    /// Free text or names chosen by others: may hold personal data.
    PiiPossible,
    /// Narrows a person down together with other data.
    PiiWeak,
    /// Stands for a person, to those who hold the key or the identity provider's records.
    Pseudonymous,
}

/// Values that are more than technical, by what is decided about them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    /// Name of a user in an attempt: people type passwords there.
    AttemptedName,
    /// Names of claims outside our allow list.
    ClaimNames,
    /// `client_id`
    ClientId,
    /// `error_description`
    ErrorDescription,
    /// Identity claims of a token or UserInfo response.
    IdentityClaim,
    /// Hints at the user's own identity provider.
    IdpHint,
    /// Join values, those of people among them.
    Joined,
    /// `display`, `ui_locales`
    Presentation,
    /// `redirect_uri` and relatives.
    RedirectUri,
    /// Address of the request.
    SourceAddress,
    /// SPIFFE id of the peer.
    SpiffeId,
    /// `sub`
    Subject,
    /// `User-Agent`
    UserAgent,
}

/// One row of PROTOCOL §5.4.
pub(super) struct Row {
    pub(super) field: Field,
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "for the schemas, which are made natively"))]
    pub(super) class: Class,
    /// Members of the record that hold it.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "for the schemas, which are made natively"))]
    pub(super) members: &'static [&'static str],
    minimal: Action,
    standard: Action,
    full: Action,
}

impl Profile {
    /// The word that configuration and `audit.start` use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }

    /// What this profile does with a value.
    pub(super) fn action(self, field: Field) -> Action {
        let Some(row) = TABLE.iter().find(|row| row.field == field) else { return Action::Drop };
        match self {
            Self::Minimal => row.minimal,
            Self::Standard => row.standard,
            Self::Full => row.full,
        }
    }
}

impl Action {
    /// The word that the schemas use (`x-profiles`).
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Drop => "drop",
            Self::Family => "family",
            Self::Hmac => "hmac",
            Self::Keep => "keep",
            Self::Mask => "mask",
            Self::Network => "network",
            Self::Scrub => "scrub",
        }
    }
}

impl Row {
    /// What each profile does, by the profile's name.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn actions(&self) -> [(&'static str, Action); 3] {
        let of = |profile: Profile, action| (profile.as_str(), action);
        [of(Profile::Minimal, self.minimal), of(Profile::Standard, self.standard), of(Profile::Full, self.full)]
    }
}

impl Class {
    /// The word that the schemas use.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Pii => "pii",
            Self::PiiPossible => "pii-possible",
            Self::PiiWeak => "pii-weak",
            Self::Pseudonymous => "pseudonymous",
        }
    }
}

/// Pseudonym of a name that somebody typed or sent along; the value itself in no profile, unless the attempt succeeded
/// and the profile is `full`.
pub(super) fn attempted_name(keys: &Keys, profile: Profile, issuer: &str, name: &str, outcome: Outcome) -> Pseudonym {
    let keep = profile.action(Field::AttemptedName) == Action::Keep && outcome == Outcome::Success;
    Pseudonym {
        hmac: pseudonyms(keys, PersonName::Username, issuer, name),
        mask: None,
        value: keep.then(|| clean(name, TEXT_LIMIT).text),
    }
}

/// Pseudonym of a hint, which can be an e-mail address (OIDC Core §3.1.2.1): it is then the pseudonym of that address
/// in a claim.
pub(super) fn hint(keys: &Keys, profile: Profile, issuer: &str, hint: &str, outcome: Outcome) -> Pseudonym {
    let name = attempted_name(keys, profile, issuer, hint, outcome);
    let email = || pseudonyms(keys, PersonName::Email, issuer, hint);
    if is_email(hint) { Pseudonym { hmac: email(), ..name } } else { name }
}

/// Pseudonym of a claim. Mask and value come from claims of direct or verified tokens alone: others can be made up.
pub(super) fn identity_claim(
    keys: &Keys,
    profile: Profile,
    issuer: &str,
    (kind, value): (IdentityKind, &str),
    trust: Option<Trust>,
) -> Pseudonym {
    let trusted = matches!(trust, Some(Trust::Direct | Trust::Verified));
    let action = if trusted { profile.action(Field::IdentityClaim) } else { Action::Hmac };
    Pseudonym {
        hmac: pseudonyms(keys, kind.into(), issuer, value),
        mask: matches!(action, Action::Mask | Action::Keep).then(|| mask(kind, value)),
        value: (action == Action::Keep).then(|| clean(value, TEXT_LIMIT).text),
    }
}

/// Whether a subject identifier is an e-mail address, which PROTOCOL §5.4 treats as `email`.
pub(super) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

/// The shape of a value: first character and domain of an e-mail address, last two digits of a phone number, first
/// character of a name.
pub(super) fn mask(kind: IdentityKind, value: &str) -> String {
    let first = |text: &str| clean(text, 1).text;
    match (kind, value.rsplit_once('@')) {
        (IdentityKind::PhoneNumber, _) => {
            let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
            let tail =
                digits.len().checked_sub(2).filter(|hidden| *hidden >= 2).and_then(|hidden| digits.get(hidden..));
            format!("{HIDDEN}{}", tail.unwrap_or_default().iter().collect::<String>())
        }
        (_, Some((local, domain))) if !local.is_empty() => {
            format!("{}{HIDDEN}@{}", first(local), clean(domain, MASKED_DOMAIN).text)
        }
        _ => format!("{}{HIDDEN}", first(value)),
    }
}

const fn row(field: Field, class: Class, members: &'static [&'static str], actions: [Action; 3]) -> Row {
    let [minimal, standard, full] = actions;
    Row { field, class, members, minimal, standard, full }
}

/// PROTOCOL §5.4. A change here changes what a configured profile means: it is a change of the record format.
pub(super) const TABLE: [Row; 13] = [
    row(
        Field::AttemptedName,
        Class::Pii,
        &["request.login_hint", "request.logout_hint", "request.username"],
        [Action::Hmac, Action::Hmac, Action::Keep],
    ),
    row(
        Field::ClaimNames,
        Class::PiiPossible,
        &[
            "id_token.claim_names",
            "introspection.claim_names",
            "registration.names",
            "token.claim_names",
            "userinfo.claim_names",
        ],
        [Action::Count, Action::Keep, Action::Keep],
    ),
    row(
        Field::ClientId,
        Class::Identifier,
        &[
            "ActorSection.client_id",
            "SignedMessageSection.aud",
            "SignedMessageSection.iss",
            "client.id",
            "id_token.aud",
            "id_token.azp",
            "introspection.aud",
            "introspection.client_id",
            "registration.texts",
            "token.aud",
        ],
        [Action::Keep; 3],
    ),
    row(
        Field::ErrorDescription,
        Class::PiiPossible,
        &["error_description"],
        [Action::Drop, Action::Scrub, Action::Scrub],
    ),
    row(
        Field::IdentityClaim,
        Class::Pii,
        &[
            "id_token.email",
            "id_token.phone_number",
            "id_token.preferred_username",
            "introspection.username",
            "subject.email",
            "userinfo.email",
            "userinfo.phone_number",
            "userinfo.preferred_username",
        ],
        [Action::Hmac, Action::Mask, Action::Keep],
    ),
    row(Field::IdpHint, Class::Identifier, &["request.idp_hint"], [Action::Keep; 3]),
    row(Field::Joined, Class::Pseudonymous, &["join"], [Action::Hmac; 3]),
    row(
        Field::Presentation,
        Class::PiiWeak,
        &["request.display", "request.ui_locales"],
        [Action::Drop, Action::Keep, Action::Keep],
    ),
    row(
        Field::RedirectUri,
        Class::Identifier,
        &[
            "registration.uris",
            "request.post_logout_redirect_uri",
            "request.redirect_uri",
            "request.target",
            "response.redirect_uri",
            "response.resource_metadata",
            "response.targets",
        ],
        [Action::Keep; 3],
    ),
    row(Field::SourceAddress, Class::Pii, &["source.address"], [Action::Network, Action::Keep, Action::Keep]),
    row(Field::SpiffeId, Class::Identifier, &["peer.spiffe_id"], [Action::Keep; 3]),
    row(
        Field::Subject,
        Class::Pseudonymous,
        &["ActorSection.sub", "subject.sub"],
        [Action::Drop, Action::Keep, Action::Keep],
    ),
    row(Field::UserAgent, Class::PiiWeak, &["source.user_agent"], [Action::Family, Action::Keep, Action::Keep]),
];

/// Its length says nothing about what it stands for.
const HIDDEN: &str = "***";

/// Longer than the domain names of mail providers.
const MASKED_DOMAIN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{ISSUER, keys};

    #[test]
    fn masks_show_the_shape_alone() {
        for (kind, value, expected) in [
            (IdentityKind::Email, "jane.doe@example.com", "j***@example.com"),
            (IdentityKind::Email, "a@b@example.com", "a***@example.com"),
            (IdentityKind::Email, "jane", "j***"),
            (IdentityKind::Email, "@example.com", "@***"),
            (IdentityKind::PhoneNumber, "+49 30 901820", "***20"),
            (IdentityKind::PhoneNumber, "112", "***"),
            (IdentityKind::PreferredUsername, "jane", "j***"),
            (IdentityKind::PreferredUsername, "jane@corp.example", "j***@corp.example"),
            (IdentityKind::PreferredUsername, "", "***"),
        ] {
            assert_eq!(mask(kind, value), expected, "{value}");
        }
    }

    #[test]
    fn names_of_unsuccessful_attempts_are_pseudonyms_in_every_profile() {
        for profile in [Profile::Minimal, Profile::Standard, Profile::Full] {
            for outcome in [Outcome::Failure, Outcome::Pending, Outcome::Unknown] {
                assert_eq!(
                    attempted_name(&keys(), profile, ISSUER, "jane", outcome),
                    Pseudonym { hmac: vec!["k1.euHvNGPxDaExOKuK2rHDgw".to_owned()], mask: None, value: None }
                );
            }
        }
        let successful = |profile| attempted_name(&keys(), profile, ISSUER, "jane", Outcome::Success).value;
        assert_eq!(successful(Profile::Standard), None);
        assert_eq!(successful(Profile::Full), Some("jane".to_owned()));
    }

    #[test]
    fn claims_are_shown_by_profile_and_only_of_trusted_tokens() {
        let email = (IdentityKind::Email, "jane.doe@example.com");
        let hmac = vec!["k1.D1T_PVpXrgnIdhmqq1hKAg".to_owned()];
        let claim = |profile, trust| identity_claim(&keys(), profile, ISSUER, email, trust);
        let expected = |mask: Option<&str>, value: Option<&str>| Pseudonym {
            hmac: hmac.clone(),
            mask: mask.map(str::to_owned),
            value: value.map(str::to_owned),
        };
        assert_eq!(claim(Profile::Minimal, Some(Trust::Direct)), expected(None, None));
        assert_eq!(claim(Profile::Standard, Some(Trust::Direct)), expected(Some("j***@example.com"), None));
        assert_eq!(
            claim(Profile::Full, Some(Trust::Verified)),
            expected(Some("j***@example.com"), Some("jane.doe@example.com"))
        );
        for profile in [Profile::Minimal, Profile::Standard, Profile::Full] {
            assert_eq!(claim(profile, Some(Trust::Unverified)), expected(None, None));
            assert_eq!(claim(profile, None), expected(None, None));
        }
    }

    #[test]
    fn every_field_has_one_row() {
        for row in &TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.field == row.field).count(), 1, "{:?}", row.field);
        }
    }
}
