//! Join keys: keyed hashes of values that two exchanges share, and nothing else of them (PROTOCOL §3.3).

use std::collections::BTreeMap;

use crate::oauth::{Link, LinkRole};
use crate::record::FlowSection;
use crate::record::keys::{Keys, Purpose};

/// What kind of value is hashed: part of the hashed input, and the choice of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Label {
    /// `jti` of a client assertion, scope client id.
    Cajti,
    /// Client certificate, as `x5t#S256`.
    Cert,
    /// CIBA `auth_req_id`.
    Ciba,
    /// Authorization code.
    Code,
    /// Device code.
    Dev,
    /// `jti` of a DPoP proof, scope thumbprint of its key.
    Dpjti,
    /// Thumbprint of a DPoP key.
    Dpop,
    /// Device secret.
    Dsec,
    /// E-mail address, with the pseudonym key.
    Email,
    /// Handle of an interaction, scope authority.
    Ix,
    /// `jti`, scope issuer.
    Jti,
    /// `state` of a logout request and of its return.
    Lstate,
    /// `nonce`
    Nonce,
    /// PAR `request_uri`.
    Par,
    /// Phone number, with the pseudonym key.
    Phone,
    /// The S256 challenge.
    Pkce,
    /// The whole JARM response.
    Resp,
    /// The whole request object.
    Robj,
    /// Session id, scope issuer.
    Sid,
    /// `state`
    State,
    /// Subject identifier, scope issuer, with the pseudonym key.
    Sub,
    /// Any token: access, refresh, ID, assertion.
    Tok,
    /// `txn` of a security event token.
    Txn,
    /// User code, in its normal form.
    Ucode,
    /// User name, scope issuer, with the pseudonym key.
    Username,
}

/// The join values of one record: role to values, one per key in use.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// `join`
    pub(super) values: BTreeMap<String, Vec<String>>,
    /// Links that were longer than [`MAX_VALUE`] and are not hashed.
    pub(super) too_long: Vec<LinkRole>,
    /// More than [`MAX_LINKS`] links: the weakest were left out.
    pub(super) cut: bool,
}

/// `join(label, scope, value)` of PROTOCOL §3.3: one value per key in use, the current one first.
///
/// `value` is fully decoded and otherwise as it was sent; nothing is trimmed, folded or normalised.
#[must_use]
pub fn join_key(keys: &Keys, label: Label, scope: &str, value: &[u8]) -> Vec<String> {
    keys.hash(label.purpose(), label.as_str(), scope.as_bytes(), value)
}

/// Keys the links of one exchange, the strongest first; `keep` says which may be used.
pub(super) fn join_all(keys: &Keys, links: &[Link<'_>], keep: impl Fn(LinkRole) -> bool) -> Joined {
    let mut joined = Joined::default();
    let mut order: Vec<&Link<'_>> = links.iter().filter(|link| keep(link.role)).collect();
    order.sort_by_key(|link| strength(link.role));
    joined.cut = order.len() > MAX_LINKS;
    for link in order.into_iter().take(MAX_LINKS) {
        let value = link.value.expose();
        if value.len() > MAX_VALUE {
            joined.too_long.push(link.role);
        } else if !value.is_empty() {
            let hashed = join_key(keys, label(link.role), &link.scope, value);
            let values: &mut Vec<String> = joined.values.entry(role(link.role).to_owned()).or_default();
            values.extend(hashed);
        }
    }
    joined
}

/// The strongest anchor of a record (PROTOCOL §3.4); `None` when it has none, for attributes such as `sub` are no anchors.
pub(super) fn flow(join: &BTreeMap<String, Vec<String>>) -> Option<FlowSection> {
    ANCHORS.iter().find_map(|anchor| {
        let id = join.get(*anchor)?.first()?.clone();
        Some(FlowSection { anchor: (*anchor).to_owned(), id, upstream: None })
    })
}

/// The member of `join` that a link becomes.
pub(super) fn role(role: LinkRole) -> &'static str {
    match role {
        LinkRole::Actor => "actor",
        LinkRole::Assertion => "assertion",
        LinkRole::At => "at",
        LinkRole::Idt => "idt",
        LinkRole::RtIn => "rt_in",
        LinkRole::RtOut => "rt_out",
        LinkRole::Subj => "subj",
        other => label(other).as_str(),
    }
}

fn label(role: LinkRole) -> Label {
    match role {
        LinkRole::Actor
        | LinkRole::Assertion
        | LinkRole::At
        | LinkRole::Idt
        | LinkRole::RtIn
        | LinkRole::RtOut
        | LinkRole::Subj
        | LinkRole::Tok => Label::Tok,
        LinkRole::Cajti => Label::Cajti,
        LinkRole::Cert => Label::Cert,
        LinkRole::Ciba => Label::Ciba,
        LinkRole::Code => Label::Code,
        LinkRole::Dev => Label::Dev,
        LinkRole::Dpjti => Label::Dpjti,
        LinkRole::Dpop => Label::Dpop,
        LinkRole::Dsec => Label::Dsec,
        LinkRole::Ix => Label::Ix,
        LinkRole::Jti => Label::Jti,
        LinkRole::Lstate => Label::Lstate,
        LinkRole::Nonce => Label::Nonce,
        LinkRole::Par => Label::Par,
        LinkRole::Pkce => Label::Pkce,
        LinkRole::Resp => Label::Resp,
        LinkRole::Robj => Label::Robj,
        LinkRole::Sid => Label::Sid,
        LinkRole::State => Label::State,
        LinkRole::Sub => Label::Sub,
        LinkRole::Txn => Label::Txn,
        LinkRole::Ucode => Label::Ucode,
        LinkRole::Username => Label::Username,
    }
}

/// Place in [`ANCHORS`]; attributes come after all anchors.
fn strength(link: LinkRole) -> usize {
    ANCHORS.iter().position(|anchor| *anchor == role(link)).unwrap_or(ANCHORS.len())
}

impl Label {
    /// The text that is hashed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cajti => "cajti",
            Self::Cert => "cert",
            Self::Ciba => "ciba",
            Self::Code => "code",
            Self::Dev => "dev",
            Self::Dpjti => "dpjti",
            Self::Dpop => "dpop",
            Self::Dsec => "dsec",
            Self::Email => "email",
            Self::Ix => "ix",
            Self::Jti => "jti",
            Self::Lstate => "lstate",
            Self::Nonce => "nonce",
            Self::Par => "par",
            Self::Phone => "phone_number",
            Self::Pkce => "pkce",
            Self::Resp => "resp",
            Self::Robj => "robj",
            Self::Sid => "sid",
            Self::State => "state",
            Self::Sub => "sub",
            Self::Tok => "tok",
            Self::Txn => "txn",
            Self::Ucode => "ucode",
            Self::Username => "username",
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::Email | Self::Phone | Self::Sub | Self::Username => Purpose::Pseudonym,
            Self::Cajti
            | Self::Cert
            | Self::Ciba
            | Self::Code
            | Self::Dev
            | Self::Dpjti
            | Self::Dpop
            | Self::Dsec
            | Self::Ix
            | Self::Jti
            | Self::Lstate
            | Self::Nonce
            | Self::Par
            | Self::Pkce
            | Self::Resp
            | Self::Robj
            | Self::Sid
            | Self::State
            | Self::Tok
            | Self::Txn
            | Self::Ucode => Purpose::Join,
        }
    }
}

/// PROTOCOL §3.4: stores build flows from these in this order, so a change splits flows at the version boundary.
const ANCHORS: [&str; 17] = [
    "pkce",
    "dev",
    "ciba",
    "nonce",
    "par",
    "state",
    "code",
    "rt_in",
    "sid",
    "at",
    "idt",
    "rt_out",
    "subj",
    "actor",
    "assertion",
    "tok",
    "lstate",
];

/// Cost cap of PROTOCOL §3.3.
const MAX_LINKS: usize = 16;

/// Cost cap of PROTOCOL §3.3: longer values are named in `integrity.malformed` and not joined.
const MAX_VALUE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::record::keys::{KeyId, KeyRing, NamedKey};
    use crate::secret::Secret;

    const ISSUER: &str = "https://idp.example.test/realms/acme";

    fn named(id: &str, first: u8) -> NamedKey {
        let mut secret = [0; 32];
        for (at, byte) in secret.iter_mut().enumerate() {
            *byte = first + u8::try_from(at).unwrap();
        }
        NamedKey::new(KeyId::parse(id).unwrap(), Secret::new(secret))
    }

    fn keys() -> Keys {
        let ring = KeyRing::of(named("k1", 0));
        Keys::from_secrets(&ring, &ring)
    }

    fn link(role: LinkRole, value: &'static [u8]) -> Link<'static> {
        Link { role, scope: Cow::Borrowed(""), value: Secret::new(Cow::Borrowed(value)) }
    }

    #[test]
    fn the_vectors_of_the_specification_hold() {
        let vectors: [(Label, &str, &str, &str); 14] = [
            (Label::State, "", "af0ifjsldkj", "jqqT4X1EECan3GvJp1Vuzw"),
            (Label::Nonce, "", "n-0S6_WzA2Mj", "hchhx0vouTMvEaWbiI34sg"),
            (Label::Code, "", "SplxlOBeZQQYbYS6WxSbIA", "cl34sUtDpuktdHFIeIjtzg"),
            (Label::Pkce, "", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "e3TgEm2c4v8-vrwB-bMiFA"),
            (Label::Par, "", "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c", "0s3U6OynvgG0A_8e5Ho9Ug"),
            (Label::Tok, "", "2YotnFZFEjr1zCsicMWpAA", "WNmkIxvSCLIA2EjTNN2nIg"),
            (Label::Tok, "", "tGzv3JOkF0XG5Qx2TlKWIA", "tKiB9MS-9tQLMLEMbK8xmg"),
            (Label::Sid, ISSUER, "08a5019c-17e1-4977-8f42-65a12843ea02", "diiFMP3bgotm-8tuVimDsA"),
            (Label::Sub, ISSUER, "248289761001", "yDruvDnbCf8WWSFjGLWD5g"),
            (Label::Email, "", "jane.doe@example.com", "D1T_PVpXrgnIdhmqq1hKAg"),
            (Label::Username, ISSUER, "jane", "euHvNGPxDaExOKuK2rHDgw"),
            (Label::Dev, "", "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS", "qGvgKPfhb23O6FZCftbJ8A"),
            (Label::Ucode, "", "WDJBMJHT", "i6arTd5IqU5zIKLVpCxycQ"),
            (Label::Ciba, "", "1c266114-a1be-4252-8ad1-04986c5b9ac1", "GEOYZmA2a4Op-S8mULvxxQ"),
        ];
        for (label, scope, value, expected) in vectors {
            assert_eq!(join_key(&keys(), label, scope, value.as_bytes()), [format!("k1.{expected}")], "{label:?}");
        }
    }

    #[test]
    fn a_previous_key_gives_a_second_value() {
        let ring = KeyRing { current: named("k2", 1), previous: vec![named("k1", 0)] };
        let keys = Keys::from_secrets(&ring, &KeyRing::of(named("p1", 0)));
        let values = join_key(&keys, Label::State, "", b"af0ifjsldkj");
        assert_eq!(values.len(), 2);
        assert_eq!(values[1], "k1.jqqT4X1EECan3GvJp1Vuzw");
        assert!(values[0].starts_with("k2."));
        assert_eq!(join_key(&keys, Label::Sub, ISSUER, b"248289761001"), ["p1.yDruvDnbCf8WWSFjGLWD5g"]);
    }

    #[test]
    fn tokens_of_every_role_share_one_namespace() {
        let links = [LinkRole::At, LinkRole::Idt, LinkRole::RtIn, LinkRole::RtOut]
            .map(|role| link(role, b"2YotnFZFEjr1zCsicMWpAA"));
        let joined = join_all(&keys(), &links, |_| true);
        let expected = vec!["k1.WNmkIxvSCLIA2EjTNN2nIg".to_owned()];
        for role in ["at", "idt", "rt_in", "rt_out"] {
            assert_eq!(joined.values.get(role), Some(&expected), "{role}");
        }
    }

    #[test]
    fn the_flow_is_anchored_in_the_order_of_the_specification() {
        let mut join = BTreeMap::new();
        assert_eq!(flow(&join), None);
        join.insert("sub".to_owned(), vec!["k1.s".to_owned()]);
        assert_eq!(flow(&join), None);
        for anchor in ["lstate", "rt_out", "idt", "at", "sid", "rt_in", "code", "state", "par", "nonce", "pkce"] {
            join.insert(anchor.to_owned(), vec![format!("k1.{anchor}"), "k0.old".to_owned()]);
            assert_eq!(
                flow(&join),
                Some(FlowSection { anchor: anchor.to_owned(), id: format!("k1.{anchor}"), upstream: None })
            );
        }
    }

    #[test]
    fn at_most_sixteen_links_are_keyed_and_the_strongest_stay() {
        let mut links: Vec<Link<'_>> = (0..20).map(|_| link(LinkRole::Sub, b"x")).collect();
        links.push(link(LinkRole::Pkce, b"y"));
        let joined = join_all(&keys(), &links, |_| true);
        assert!(joined.cut);
        assert_eq!(joined.values.get("pkce").map(Vec::len), Some(1));
        assert_eq!(joined.values.get("sub").map(Vec::len), Some(15));
    }

    #[test]
    fn a_value_over_the_limit_is_named_and_an_empty_one_ignored() {
        static LONG: [u8; MAX_VALUE + 1] = [b'a'; MAX_VALUE + 1];
        let joined = join_all(&keys(), &[link(LinkRole::At, &LONG), link(LinkRole::State, b"")], |_| true);
        assert_eq!(joined.too_long, [LinkRole::At]);
        assert!(joined.values.is_empty());
    }
}
