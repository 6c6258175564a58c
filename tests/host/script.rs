//! What a test lets pass through the proxy.

use std::collections::BTreeMap;

/// A header field: name and value.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

/// One HTTP exchange, and how it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Pseudo headers included.
    pub(crate) request: Vec<Field>,
    /// Chunks as the proxy gets them; the end is a call of its own, as with HTTP/1.1.
    pub(crate) request_body: Vec<Vec<u8>>,
    /// `None`: no response was made.
    pub(crate) response: Option<Vec<Field>>,
    /// Chunks.
    pub(crate) response_body: Vec<Vec<u8>>,
    /// How far it comes.
    pub(crate) end: End,
    /// Further properties, and other values for those that the host makes up; names joined with `.`.
    pub(crate) properties: BTreeMap<String, Vec<u8>>,
}

/// How an exchange ends.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum End {
    /// Both messages came whole.
    #[default]
    Complete,
    /// The client left before its request was whole.
    ClientGoneMidRequest,
    /// The client left before a response.
    ClientGoneBeforeResponse,
    /// The client left before the response was whole.
    ClientGoneMidResponse,
    /// The upstream reset the stream inside the response.
    UpstreamReset,
    /// A filter before ours answered: we are called in the access log phase alone.
    EarlierFilter,
    /// The proxy answered itself, after our request callbacks.
    LocalReply,
}

/// What comes back for a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reply {
    /// A response.
    Response(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The callback with 0 headers: reset after the headers had started, or the cluster is gone.
    Nothing,
}

impl Script {
    /// A request for a path of an authority, answered with a status.
    pub(crate) fn new(method: &str, authority: &str, path: &str, status: u16) -> Self {
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        Self {
            request: vec![
                field(":authority", authority),
                field(":path", path),
                field(":method", method),
                field(":scheme", "https"),
                field("x-request-id", "11111111-2222-4333-8444-555555555555"),
            ],
            response: Some(vec![field(":status", &status.to_string())]),
            ..Self::default()
        }
    }

    /// With one more request header.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request.push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// With a request body of a media type, in one chunk.
    pub(crate) fn sending(self, media_type: &str, body: &str) -> Self {
        let mut script = self.with("content-type", media_type);
        script.request_body = vec![body.as_bytes().to_vec()];
        script
    }

    /// With one more response header.
    pub(crate) fn answering_with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.response.get_or_insert_default().push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// With a response body of a media type, in one chunk.
    pub(crate) fn answering(self, media_type: &str, body: &str) -> Self {
        let mut script = self.answering_with("content-type", media_type);
        script.response_body = vec![body.as_bytes().to_vec()];
        script
    }

    /// Ended in another way.
    pub(crate) fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// With a property.
    pub(crate) fn property(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.properties.insert(name.to_owned(), value.as_ref().to_vec());
        self
    }

    /// What the proxy says of it in every phase.
    pub(super) fn facts(&self, now_nanos: u64) -> BTreeMap<String, Vec<u8>> {
        let mut facts = BTreeMap::from([
            ("request.time".to_owned(), now_nanos.to_le_bytes().to_vec()),
            ("source.address".to_owned(), b"192.0.2.7:51234".to_vec()),
            ("connection.mtls".to_owned(), vec![0]),
            ("xds.listener_direction".to_owned(), 0_u64.to_le_bytes().to_vec()),
        ]);
        facts.extend(self.properties.clone());
        facts
    }

    /// What it says in the access log phase alone (measured with Envoy 1.40).
    pub(super) fn end_facts(&self) -> BTreeMap<String, Vec<u8>> {
        let status = self
            .response
            .iter()
            .flatten()
            .find(|(name, _)| name == b":status")
            .and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse::<u64>().ok());
        let (details, flag) = match self.end {
            End::Complete => ("via_upstream", None),
            End::ClientGoneMidRequest | End::ClientGoneBeforeResponse | End::ClientGoneMidResponse => {
                ("downstream_remote_disconnect", Some(14))
            }
            End::UpstreamReset => ("upstream_reset_after_response_started{remote_reset}", Some(23)),
            End::EarlierFilter => ("lua_response", None),
            End::LocalReply => ("direct_response", None),
        };
        let flags: u64 = flag.map_or(0, |bit| 1 << bit);
        let mut facts = BTreeMap::from([
            ("response.code_details".to_owned(), details.as_bytes().to_vec()),
            ("response.flags".to_owned(), flags.to_le_bytes().to_vec()),
            ("request.duration".to_owned(), 5_000_000_u64.to_le_bytes().to_vec()),
        ]);
        if let Some(status) = status.filter(|_| self.answered()) {
            facts.insert("response.code".to_owned(), status.to_le_bytes().to_vec());
        }
        facts
    }

    /// Whether a response head reaches the client.
    pub(super) fn answered(&self) -> bool {
        self.response.is_some() && !matches!(self.end, End::ClientGoneMidRequest | End::ClientGoneBeforeResponse)
    }
}

impl Reply {
    /// A response with a status alone.
    pub(crate) fn status(status: u16) -> Self {
        Self::Response(status, Vec::new(), Vec::new())
    }

    pub(super) fn headers(&self) -> Vec<Field> {
        let Self::Response(status, headers, _) = self else { return Vec::new() };
        let status = (b":status".to_vec(), status.to_string().into_bytes());
        let others = headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.clone().into_bytes()));
        std::iter::once(status).chain(others).collect()
    }

    pub(super) fn body(&self) -> Vec<u8> {
        match self {
            Self::Response(_, _, body) => body.clone(),
            Self::Nothing => Vec::new(),
        }
    }
}
