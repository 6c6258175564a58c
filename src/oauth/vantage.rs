//! Where the proxy stands (PROTOCOL §0.3).

/// The proxy's position, from configuration and never guessed from a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Vantage {
    /// A shared ingress of several of the others.
    Edge,
    /// In front of the authorization server.
    IdpIn,
    /// On the authorization server's way out.
    IdpOut,
    /// In front of a client.
    RpIn,
    /// On a client's way out.
    RpOut,
    /// In front of a resource server.
    RsIn,
}

impl Vantage {
    /// The record's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::IdpIn => "idp-in",
            Self::IdpOut => "idp-out",
            Self::RpIn => "rp-in",
            Self::RpOut => "rp-out",
            Self::RsIn => "rs-in",
        }
    }

    /// The inverse of [`Vantage::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Edge, Self::IdpIn, Self::IdpOut, Self::RpIn, Self::RpOut, Self::RsIn]
            .into_iter()
            .find(|vantage| vantage.as_str() == word)
    }
}
