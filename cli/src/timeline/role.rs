//! Roles of join values: which share a namespace, and for how long a value may join (PROTOCOL §3.1, §3.4).

use Role::{
    Actor, Assertion, At, Ciba, Code, Dev, Idt, Ix, Jti, Lstate, Nonce, Par, Pkce, Resp, Robj, RtIn, RtOut, Sid, State,
    Subj, Tok, Ucode,
};

/// What a join value is of. Attributes have no role here: records are never joined over `sub`, `username`, `email`,
/// `dpop`, `cert`, `cid` and sessions of browsers, nor over what this version does not know.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Role {
    Actor,
    Assertion,
    At,
    Ciba,
    Code,
    Dev,
    Idt,
    Ix,
    Jti,
    Lstate,
    Nonce,
    Par,
    Pkce,
    Resp,
    Robj,
    RtIn,
    RtOut,
    Sid,
    State,
    Subj,
    Tok,
    Ucode,
}

impl Role {
    /// By its name in `join`.
    pub(crate) fn read(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
    }

    /// In words, where a reader meets it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Lstate => "state of the logout",
            Nonce => "nonce",
            Par => "pushed request_uri",
            Pkce => "PKCE challenge",
            Robj => "request object",
            State => "state",
            _ => NAMES.iter().find(|(_, role)| *role == self).map_or("value", |(name, _)| name),
        }
    }

    /// The role that stands for all roles whose values are of one namespace: introspection and revocation cannot tell the
    /// kinds of tokens apart.
    pub(crate) fn space(self) -> Self {
        match self {
            Actor | Assertion | At | Idt | RtIn | RtOut | Subj | Tok => Tok,
            other => other,
        }
    }

    /// For how many milliseconds after its first sight a value joins.
    pub(crate) fn window(self) -> u64 {
        match self.space() {
            Code => 15 * MINUTE,
            // `expires_in` of these is half an hour in common servers; and five minutes.
            Ciba | Dev | Ucode => 35 * MINUTE,
            Ix | Lstate | Par | Resp | Robj | State => 60 * MINUTE,
            Nonce | Pkce => DAY,
            _ => 400 * DAY,
        }
    }

    /// A value of this role belongs to one login, so that it is of no use for joining once it is seen beside more than one
    /// value of any of these (PROTOCOL §3.4): somebody sends a constant.
    pub(crate) fn rivals(self) -> &'static [Self] {
        match self {
            Lstate => &[Idt, Sid],
            Nonce => &[Code, Pkce],
            Par | Robj => &[Code, Nonce, Pkce, State],
            Pkce => &[Code, Nonce],
            State => &[Code, Nonce, Pkce],
            _ => &[],
        }
    }
}

/// From the strongest anchor of a flow to the weakest (PROTOCOL §3.4).
pub(crate) const ANCHORS: [Role; 12] = [Pkce, Dev, Ciba, Nonce, Par, State, Code, RtIn, Sid, At, Idt, Lstate];

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

const NAMES: [(&str, Role); 22] = [
    ("actor", Actor),
    ("assertion", Assertion),
    ("at", At),
    ("ciba", Ciba),
    ("code", Code),
    ("dev", Dev),
    ("idt", Idt),
    ("ix", Ix),
    ("jti", Jti),
    ("lstate", Lstate),
    ("nonce", Nonce),
    ("par", Par),
    ("pkce", Pkce),
    ("resp", Resp),
    ("robj", Robj),
    ("rt_in", RtIn),
    ("rt_out", RtOut),
    ("sid", Sid),
    ("state", State),
    ("subj", Subj),
    ("tok", Tok),
    ("ucode", Ucode),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_share_a_namespace_and_people_have_none() {
        for name in ["at", "rt_in", "rt_out", "idt", "tok", "subj", "actor", "assertion"] {
            assert_eq!(Role::read(name).map(Role::space), Some(Tok), "{name}");
        }
        for name in ["sub", "username", "email", "dpop", "cert", "cid", "idpsess", "rpsess", "later", ""] {
            assert_eq!(Role::read(name), None, "{name}");
        }
    }
}
