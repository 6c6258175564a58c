//! The names that people go by, and their pseudonyms: one place for those who write records and for those who search them.

use crate::oauth::IdentityKind;
use crate::record::join::{Label, join_key};
use crate::record::keys::Keys;

/// A kind of name. It decides what is hashed besides the name itself, so one name has another pseudonym in every kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PersonName {
    /// E-mail address; the same with every issuer.
    Email,
    /// Phone number; the same with every issuer.
    PhoneNumber,
    /// Subject identifier of one issuer ([OIDC Core §8](https://openid.net/specs/openid-connect-core-1_0.html#SubjectIDTypes)).
    Subject,
    /// User name with one issuer, as claims have it or as it was typed.
    Username,
}

/// The pseudonyms of a name, one per key in use, the current one first: what `hmac` of a pseudonym, `join.sub` and
/// `join.username` hold (PROTOCOL §3.3).
///
/// `name` is as it was sent: nothing is trimmed, folded or normalised. `issuer` is not looked at where the kind needs none.
#[must_use]
pub fn pseudonyms(keys: &Keys, kind: PersonName, issuer: &str, name: &str) -> Vec<String> {
    let scope = if kind.needs_issuer() { issuer } else { "" };
    join_key(keys, kind.label(), scope, name.as_bytes())
}

impl PersonName {
    /// Every kind, in the order of their names.
    pub const ALL: [Self; 4] = [Self::Email, Self::PhoneNumber, Self::Subject, Self::Username];

    /// Whether names of this kind mean somebody only together with their issuer.
    #[must_use]
    pub fn needs_issuer(self) -> bool {
        matches!(self, Self::Subject | Self::Username)
    }

    fn label(self) -> Label {
        match self {
            Self::Email => Label::Email,
            Self::PhoneNumber => Label::Phone,
            Self::Subject => Label::Sub,
            Self::Username => Label::Username,
        }
    }
}

impl From<IdentityKind> for PersonName {
    fn from(kind: IdentityKind) -> Self {
        match kind {
            IdentityKind::Email => Self::Email,
            IdentityKind::PhoneNumber => Self::PhoneNumber,
            IdentityKind::PreferredUsername => Self::Username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{ISSUER, keys};

    #[test]
    fn the_kind_decides_the_label_and_the_scope() {
        let of = |kind, issuer, name| pseudonyms(&keys(), kind, issuer, name).concat();
        assert_eq!(of(PersonName::Subject, ISSUER, "248289761001"), "k1.yDruvDnbCf8WWSFjGLWD5g");
        assert_eq!(of(PersonName::Username, ISSUER, "jane"), "k1.euHvNGPxDaExOKuK2rHDgw");
        for issuer in [ISSUER, "", "https://other.example"] {
            assert_eq!(of(PersonName::Email, issuer, "jane.doe@example.com"), "k1.D1T_PVpXrgnIdhmqq1hKAg");
        }
        let all = PersonName::ALL.map(|kind| of(kind, "", "jane"));
        assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1), "{all:?}");
    }
}
