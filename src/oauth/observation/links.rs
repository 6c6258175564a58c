//! Values that another exchange will show again.

use std::borrow::Cow;

use crate::secret::Secret;

/// A value that another exchange will show again: recorded as a keyed hash only (PROTOCOL §3).
#[derive(Debug)]
pub struct Link<'a> {
    /// What it is, which also decides the key and the namespace.
    pub role: LinkRole,
    /// What makes the value unique: empty for high-entropy values, else the issuer (PROTOCOL §3.3).
    pub scope: Cow<'a, str>,
    /// The fully decoded octets.
    pub value: Secret<Cow<'a, [u8]>>,
}

/// Roles of PROTOCOL §3.3, as far as they are built.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LinkRole {
    /// Actor token of an exchange, label `tok`.
    Actor,
    /// An assertion that is a grant, label `tok`.
    Assertion,
    /// Access token, label `tok`.
    At,
    /// `jti` of a client assertion, scope client id.
    Cajti,
    /// Client certificate, as `x5t#S256`.
    Cert,
    /// `auth_req_id`
    Ciba,
    /// Authorization code.
    Code,
    /// Device code.
    Dev,
    /// `jti` of a DPoP proof, scope thumbprint of its key.
    Dpjti,
    /// Thumbprint of a DPoP key (RFC 7638).
    Dpop,
    /// Device secret (Native SSO 1.0 §3.2).
    Dsec,
    /// ID token or hint, whole, label `tok`.
    Idt,
    /// Handle of an interaction, scope authority.
    Ix,
    /// `jti` of an access or ID token, scope issuer.
    Jti,
    /// `state` of a logout request and of its return.
    Lstate,
    /// `nonce`
    Nonce,
    /// PAR `request_uri`.
    Par,
    /// The S256 challenge.
    Pkce,
    /// The whole JARM response.
    Resp,
    /// The whole request object.
    Robj,
    /// Presented refresh token, label `tok`.
    RtIn,
    /// Issued refresh token, label `tok`.
    RtOut,
    /// Session id, scope issuer.
    Sid,
    /// `state`
    State,
    /// Subject identifier, scope issuer, pseudonym key.
    Sub,
    /// Subject token of an exchange, label `tok`.
    Subj,
    /// A token of which the type is not known, label `tok`.
    Tok,
    /// `txn` of a security event token (RFC 8417 §2.2).
    Txn,
    /// User code, in its normal form.
    Ucode,
    /// User name, scope issuer, pseudonym key.
    Username,
}
