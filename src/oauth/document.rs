//! What an issuer publishes about itself.

/// A document that the filter learns from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Document {
    /// The JWK Set at `jwks_uri` (RFC 7517 §5).
    Keys,
    /// The metadata (OIDC Discovery §4, RFC 8414 §3).
    Metadata,
}
