//! Messages of the front channel: authorization requests and responses, logout, interactions.

use std::borrow::Cow;

use super::super::provider::Means;
use super::tokens::{AccessToken, IdToken, SignedMessage};
use crate::seen::Seen;

/// An authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1). Secrets of it are [`Link`](super::Link)s.
#[derive(Debug, Default)]
pub struct AuthorizationRequest<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `plain`, `request`, `request_uri` or `par`.
    pub form: Option<RequestForm>,
    /// The request object, where it came by value and is a JWT.
    pub object: Option<SignedMessage<'a>>,
    /// Parameters that stand in the request object and, with another value, beside it.
    pub object_differs: Vec<&'static str>,
    /// Sorted and deduplicated by nobody: the words of `response_type`, sorted.
    pub response_type: Seen<Vec<Cow<'a, str>>>,
    /// `response_mode`
    pub response_mode: Seen<Cow<'a, str>>,
    /// `redirect_uri`, unsanitised.
    pub redirect_uri: Seen<Cow<'a, str>>,
    /// The words of `scope`, in order.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The words of `prompt`.
    pub prompt: Seen<Vec<Cow<'a, str>>>,
    /// `max_age` in seconds.
    pub max_age: Seen<u64>,
    /// The words of `acr_values`.
    pub acr_values: Seen<Vec<Cow<'a, str>>>,
    /// `display`
    pub display: Seen<Cow<'a, str>>,
    /// The words of `ui_locales`.
    pub ui_locales: Seen<Vec<Cow<'a, str>>>,
    /// Names of the claims asked for with the `claims` parameter.
    pub claims: Seen<Vec<Cow<'a, str>>>,
    /// `resource`, which may be repeated (RFC 8707 §2).
    pub resource: Vec<Cow<'a, str>>,
    /// `audience`, which may be repeated.
    pub audience: Vec<Cow<'a, str>>,
    /// `type` of each member of `authorization_details` (RFC 9396 §2).
    pub authorization_details: Seen<Vec<Cow<'a, str>>>,
    /// `code_challenge_method`
    pub code_challenge_method: Seen<Cow<'a, str>>,
    /// `login_hint`: personal data.
    pub login_hint: Seen<Cow<'a, str>>,
    /// `domain_hint`, `kc_idp_hint`, `idp`, `connection`, `identity_provider`: whichever was sent first.
    pub idp_hint: Seen<Cow<'a, str>>,
    /// Length in bytes of `state`.
    pub oauth_state: Seen<usize>,
    /// Length in bytes of `nonce`.
    pub oidc_nonce: Seen<usize>,
    /// Length in bytes of `code_challenge`.
    pub code_challenge: Seen<usize>,
    /// Whether an `id_token_hint` was sent.
    pub id_token_hint: bool,
    /// The authorization endpoint that the browser is sent to, unsanitised: of a request seen where it begins.
    pub target: Seen<Cow<'a, str>>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
}

/// How a request or response of the front channel travelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// In the fragment of a redirect.
    Fragment,
    /// In a self-submitting form (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// In a JSON answer to a script of the authorization server.
    Json,
    /// On a page of the authorization server.
    Page,
    /// In a request body.
    Post,
    /// In the query of a redirect or request.
    Query,
    /// In a script of a page: a message to another window, or a redirect.
    Script,
}

/// Where the parameters of an authorization request are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestForm {
    /// As plain parameters.
    Plain,
    /// RFC 9101 by value.
    Request,
    /// RFC 9101 by reference.
    RequestUri,
    /// RFC 9126.
    Par,
}

/// An authorization response or error response (RFC 6749 §4.1.2, OIDC Core §3.1.2.5, §3.2.2.5).
#[derive(Debug, Default)]
pub struct AuthorizationResponse<'a> {
    /// How it went to the browser.
    pub delivery: Option<Delivery>,
    /// The redirection endpoint that it went to, with query and fragment: sanitised by the record layer.
    pub redirect_uri: Seen<Cow<'a, str>>,
    /// Names of the members that were present, of those we know.
    pub members: Vec<&'static str>,
    /// `iss` (RFC 9207).
    pub iss: Seen<Cow<'a, str>>,
    /// Granted scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// Lifetime of the access token in seconds.
    pub expires_in: Seen<u64>,
    /// `token_type`
    pub token_type: Seen<Cow<'a, str>>,
    /// Length in bytes of the authorization code.
    pub code: Seen<usize>,
    /// The response as a JWT (JARM).
    pub jarm: Option<SignedMessage<'a>>,
    /// The ID token of an implicit or hybrid response.
    pub id_token: Option<IdToken<'a>>,
    /// The access token of an implicit or hybrid response.
    pub access_token: Option<AccessToken<'a>>,
    /// At the client: whether its answer sets a cookie, so that a session may have begun.
    pub set_cookie: bool,
}

/// A logout request or its completion (OpenID Connect RP-Initiated Logout 1.0 §2, §3).
#[derive(Debug, Default)]
pub struct Logout<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `post_logout_redirect_uri`, or an alias of a provider; unsanitised.
    pub post_logout_redirect_uri: Seen<Cow<'a, str>>,
    /// Where the answer sent the browser, unsanitised.
    pub target: Seen<Cow<'a, str>>,
    /// `logout_hint`: personal data.
    pub logout_hint: Seen<Cow<'a, str>>,
    /// Whether an `id_token_hint` was sent.
    pub id_token_hint: bool,
    /// Claims of the `id_token_hint`: anybody can write them.
    pub hint: Option<IdToken<'a>>,
    /// Whether the answer deletes a cookie.
    pub cookie_cleared: bool,
    /// Whether this is a client's redirect to the authorization server.
    pub redirected: bool,
    /// `iss` of a front-channel logout.
    pub iss: Seen<Cow<'a, str>>,
    /// The clients that a logout page tells by frames, unsanitised, at most 16.
    pub targets: Vec<Cow<'a, str>>,
    /// The logout token of a back-channel logout.
    pub token: Option<AccessToken<'a>>,
    /// Names of the members of its `events`, at most 16.
    pub events: Vec<Cow<'a, str>>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
}

/// A third party begins a login at a client (OIDC Core §4).
#[derive(Debug, Default)]
pub struct LoginInitiation<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `target_link_uri`, unsanitised.
    pub target: Seen<Cow<'a, str>>,
    /// `login_hint`: personal data.
    pub login_hint: Seen<Cow<'a, str>>,
}

/// What was seen of a provider's own page (PROTOCOL §2.6).
#[derive(Debug, Default)]
pub struct Interaction<'a> {
    /// The adapter that judged it; `generic` without one, `token_endpoint` for a grant.
    pub adapter: Option<&'a str>,
    /// What kind of thing told the outcome.
    pub evidence: Option<&'static str>,
    /// By which means the end-user proved who they are.
    pub means: Option<Means>,
    /// The provider's own code for the outcome, at most 64 characters of `[A-Za-z0-9._:#-]`.
    pub code: Option<String>,
    /// Scopes that a consent form sent.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The user's name as it was typed, if it was read: personal data, and people type passwords there.
    pub username: Seen<Cow<'a, str>>,
    /// Which step of a flow it is, of a closed list.
    pub step: Option<&'static str>,
}
