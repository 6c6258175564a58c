//! Names of the protocol's events.

/// What happened, in the protocol's terms (PROTOCOL §1.7). In the order of the names.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ProtocolEvent {
    /// `authorization.error`
    AuthorizationError,
    /// `authorization.initiated`
    AuthorizationInitiated,
    /// `authorization.request`
    AuthorizationRequest,
    /// `authorization.response`
    AuthorizationResponse,
    /// `bearer.missing`
    BearerMissing,
    /// `bearer.rejected`
    BearerRejected,
    /// `bearer.used`
    BearerUsed,
    /// `callback.received`
    CallbackReceived,
    /// `challenge.response`
    ChallengeResponse,
    /// `ciba.notified`
    CibaNotified,
    /// `ciba.pushed`
    CibaPushed,
    /// `ciba.request`
    CibaRequest,
    /// `client.auth_failed`
    ClientAuthFailed,
    /// `client.deleted`
    ClientDeleted,
    /// `client.metadata_fetched`
    ClientMetadataFetched,
    /// `client.read`
    ClientRead,
    /// `client.registered`
    ClientRegistered,
    /// `client.updated`
    ClientUpdated,
    /// `consent.decision`
    ConsentDecision,
    /// `credential.issued`
    CredentialIssued,
    /// `device.authorization`
    DeviceAuthorization,
    /// `device.user_code`
    DeviceUserCode,
    /// `discovery.fetched`
    DiscoveryFetched,
    /// `federation.fetched`
    FederationFetched,
    /// `interaction.step`
    InteractionStep,
    /// `jwks.fetched`
    JwksFetched,
    /// `login.attempt`
    LoginAttempt,
    /// `login.initiated_by_third_party`
    LoginInitiatedByThirdParty,
    /// `logout.backchannel`
    LogoutBackchannel,
    /// `logout.completed`
    LogoutCompleted,
    /// `logout.frontchannel`
    LogoutFrontchannel,
    /// `logout.local`
    LogoutLocal,
    /// `logout.requested`
    LogoutRequested,
    /// `logout.returned`
    LogoutReturned,
    /// `oauth.unknown`
    OauthUnknown,
    /// `par.request`
    ParRequest,
    /// `request_object.fetched`
    RequestObjectFetched,
    /// `security.dpop_nonce`
    SecurityDpopNonce,
    /// `session.checked`
    SessionChecked,
    /// `session.terminated`
    SessionTerminated,
    /// `signal.received`
    SignalReceived,
    /// `token.denied`
    TokenDenied,
    /// `token.exchanged`
    TokenExchanged,
    /// `token.introspected`
    TokenIntrospected,
    /// `token.issued`
    TokenIssued,
    /// `token.pending`
    TokenPending,
    /// `token.refreshed`
    TokenRefreshed,
    /// `token.request`
    TokenRequest,
    /// `token.revoked`
    TokenRevoked,
    /// `token.validated_legacy`
    TokenValidatedLegacy,
    /// `userinfo.accessed`
    UserinfoAccessed,
}

impl ProtocolEvent {
    /// Every event, by name.
    pub const ALL: [Self; 51] = [
        Self::AuthorizationError,
        Self::AuthorizationInitiated,
        Self::AuthorizationRequest,
        Self::AuthorizationResponse,
        Self::BearerMissing,
        Self::BearerRejected,
        Self::BearerUsed,
        Self::CallbackReceived,
        Self::ChallengeResponse,
        Self::CibaNotified,
        Self::CibaPushed,
        Self::CibaRequest,
        Self::ClientAuthFailed,
        Self::ClientDeleted,
        Self::ClientMetadataFetched,
        Self::ClientRead,
        Self::ClientRegistered,
        Self::ClientUpdated,
        Self::ConsentDecision,
        Self::CredentialIssued,
        Self::DeviceAuthorization,
        Self::DeviceUserCode,
        Self::DiscoveryFetched,
        Self::FederationFetched,
        Self::InteractionStep,
        Self::JwksFetched,
        Self::LoginAttempt,
        Self::LoginInitiatedByThirdParty,
        Self::LogoutBackchannel,
        Self::LogoutCompleted,
        Self::LogoutFrontchannel,
        Self::LogoutLocal,
        Self::LogoutRequested,
        Self::LogoutReturned,
        Self::OauthUnknown,
        Self::ParRequest,
        Self::RequestObjectFetched,
        Self::SecurityDpopNonce,
        Self::SessionChecked,
        Self::SessionTerminated,
        Self::SignalReceived,
        Self::TokenDenied,
        Self::TokenExchanged,
        Self::TokenIntrospected,
        Self::TokenIssued,
        Self::TokenPending,
        Self::TokenRefreshed,
        Self::TokenRequest,
        Self::TokenRevoked,
        Self::TokenValidatedLegacy,
        Self::UserinfoAccessed,
    ];

    /// The dotted name: `event` of the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationError => "authorization.error",
            Self::AuthorizationInitiated => "authorization.initiated",
            Self::AuthorizationRequest => "authorization.request",
            Self::AuthorizationResponse => "authorization.response",
            Self::BearerMissing => "bearer.missing",
            Self::BearerRejected => "bearer.rejected",
            Self::BearerUsed => "bearer.used",
            Self::CallbackReceived => "callback.received",
            Self::ChallengeResponse => "challenge.response",
            Self::CibaNotified => "ciba.notified",
            Self::CibaPushed => "ciba.pushed",
            Self::CibaRequest => "ciba.request",
            Self::ClientAuthFailed => "client.auth_failed",
            Self::ClientDeleted => "client.deleted",
            Self::ClientMetadataFetched => "client.metadata_fetched",
            Self::ClientRead => "client.read",
            Self::ClientRegistered => "client.registered",
            Self::ClientUpdated => "client.updated",
            Self::ConsentDecision => "consent.decision",
            Self::CredentialIssued => "credential.issued",
            Self::DeviceAuthorization => "device.authorization",
            Self::DeviceUserCode => "device.user_code",
            Self::DiscoveryFetched => "discovery.fetched",
            Self::FederationFetched => "federation.fetched",
            Self::InteractionStep => "interaction.step",
            Self::JwksFetched => "jwks.fetched",
            Self::LoginAttempt => "login.attempt",
            Self::LoginInitiatedByThirdParty => "login.initiated_by_third_party",
            Self::LogoutBackchannel => "logout.backchannel",
            Self::LogoutCompleted => "logout.completed",
            Self::LogoutFrontchannel => "logout.frontchannel",
            Self::LogoutLocal => "logout.local",
            Self::LogoutRequested => "logout.requested",
            Self::LogoutReturned => "logout.returned",
            Self::OauthUnknown => "oauth.unknown",
            Self::ParRequest => "par.request",
            Self::RequestObjectFetched => "request_object.fetched",
            Self::SecurityDpopNonce => "security.dpop_nonce",
            Self::SessionChecked => "session.checked",
            Self::SessionTerminated => "session.terminated",
            Self::SignalReceived => "signal.received",
            Self::TokenDenied => "token.denied",
            Self::TokenExchanged => "token.exchanged",
            Self::TokenIntrospected => "token.introspected",
            Self::TokenIssued => "token.issued",
            Self::TokenPending => "token.pending",
            Self::TokenRefreshed => "token.refreshed",
            Self::TokenRequest => "token.request",
            Self::TokenRevoked => "token.revoked",
            Self::TokenValidatedLegacy => "token.validated_legacy",
            Self::UserinfoAccessed => "userinfo.accessed",
        }
    }
}
