//! What is known of particular providers: paths, quirks and login forms, as data, one file each (PROTOCOL §6, §2.6).
//!
//! Every row says on which evidence it rests. Knows no exchange: [`super::login`] applies the adapters.

use std::borrow::Cow;
use std::mem::{forget, replace};

use super::endpoint::{EndpointKind, fits};
use super::html_form::has_attribute;

/// A text of a table: of this program, or of the configuration.
pub type Word = Cow<'static, str>;

/// What a provider adds to the specifications.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The configuration's and the record's word for it.
    pub name: Word,
    /// Which product and version the rows are about, for people.
    pub about: Word,
    /// What of the issuer's path is no part of the path that [`Profile::routes`] stand below (`/v2.0` of Entra ID).
    pub suffix: Word,
    /// Paths are compared without case (ASP.NET).
    pub case_insensitive: bool,
    /// The segment before the realm in the issuer's path (empty: the realm comes first), and the realm's name in templates.
    pub tenant: Option<(Word, Word)>,
    /// `session_state` is the plain session id, the `sid` of all tokens.
    pub session_state_is_sid: bool,
    /// The member of the logout confirmation that says yes; without it the end-user stays signed in.
    pub logout_consent: Option<Word>,
    /// Other names of `post_logout_redirect_uri`.
    pub logout_parameters: Cow<'static, [Word]>,
    /// Templates of pages on which a logout ends.
    pub logout_pages: Cow<'static, [Word]>,
    /// Cookies that are the end-user's session; a logout deletes them.
    pub session_cookies: Cow<'static, [Word]>,
    /// Query parameters of authorization requests that the provider sends to itself (PROTOCOL §1.5).
    pub internal_parameters: Cow<'static, [Word]>,
    /// The query parameter of interactions that holds the client's `state`, as base64url JSON with the member `st`.
    pub client_data: Option<Word>,
    /// Attribute and word of a tag of the page that asks for a device's user code (RFC 8628 §3.3).
    pub user_code_page: Option<(Word, Word)>,
    /// Its paths. The first that fits counts.
    pub routes: Cow<'static, [Route]>,
    /// Its forms. The first that fits counts.
    pub adapters: Cow<'static, [Adapter]>,
}

/// One path of a provider: below the issuer's own path, or below the root of the host where it begins with `//`; there
/// `/{issuer}` stands for the issuer's own path.
/// `{x}` stands for one segment, `{x*}` for any number of them.
#[derive(Clone, Debug)]
pub struct Route {
    /// The template.
    pub template: Word,
    /// What it is for.
    pub kind: EndpointKind,
    /// Who says so.
    pub evidence: Evidence,
}

/// What a row rests on (PROTOCOL §6, §2.6).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The operator says so.
    Configured,
    /// Documentation of the vendor.
    Documentation,
    /// Experience, to be confirmed on the deployed version.
    Field,
    /// Run, captured and looked at.
    Run,
    /// Source code or published metadata.
    Source,
}

/// How one form of a provider is judged, from outside.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its name in records.
    pub id: Word,
    /// The template of the path that is posted to, as in [`Route::template`].
    pub path: Word,
    /// The request's method.
    pub method: Word,
    /// What is decided by it.
    pub purpose: Purpose,
    /// What else the request must show.
    pub only: Option<Only>,
    /// By which means the end-user proves who they are, where all answers mean the same.
    pub means: Option<Means>,
    /// Form fields or JSON pointers that can hold the user's name. Nothing else of such a body is kept.
    pub usernames: Cow<'static, [Word]>,
    /// Where the handle of the interaction is.
    pub handle: Handle,
    /// The first of which every test holds decides.
    pub rules: Cow<'static, [Rule]>,
    /// What the rules rest on.
    pub evidence: Evidence,
}

/// What an adapter is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `consent.decision`
    Consent,
    /// `login.attempt`
    Login,
}

/// A condition on the request beside its path and method.
#[derive(Clone, Debug)]
pub enum Only {
    /// A field of that name ends in that value.
    Header(Word, Word),
    /// A parameter is there, where the parameters are read anyway.
    With(Word),
    /// A parameter is not there, where the parameters are read anyway.
    Without(Word),
}

/// Where the handle of an interaction is (PROTOCOL §3.1): what its requests share.
#[derive(Clone, Debug)]
pub enum Handle {
    /// Nowhere in the URL.
    None,
    /// The path's segment of that name.
    Path(Word),
    /// A query parameter.
    Query(Word),
}

/// By which means an end-user proves who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Means {
    /// An upstream provider says so.
    Broker,
    /// A link sent by mail.
    MagicLink,
    /// A code.
    Otp,
    /// A password.
    Password,
    /// Kerberos.
    Spnego,
    /// WebAuthn.
    Webauthn,
}

/// One rule of an adapter.
#[derive(Clone, Debug)]
pub struct Rule {
    /// All must hold.
    pub tests: Cow<'static, [Test]>,
    /// What it then is.
    pub verdict: Verdict,
    /// The means, where the answer shows them.
    pub means: Option<Means>,
}

/// What a rule concludes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Refused.
    Failure,
    /// Accepted so far; more is asked.
    Pending,
    /// No attempt at all: an expired form, a missing cookie.
    Step,
    /// Accepted.
    Success,
    /// An attempt of which no more can be said.
    Unknown,
}

/// A property of the answer.
#[derive(Clone, Debug)]
pub enum Test {
    /// A tag of the page has an attribute among whose words is this one.
    Attribute(Word, Word),
    /// `Set-Cookie` sets a cookie of that name (a `*` at the end stands for anything).
    Cookie(Word),
    /// A field of that name is there.
    Header(Word),
    /// The JSON pointer leads to something that is not empty.
    Json(Word),
    /// The JSON pointer leads to a code, which is recorded.
    JsonCode(Word),
    /// The JSON pointer leads to that text, number or truth value.
    JsonIs(Word, Word),
    /// The request held a user's name; only where those are read.
    Named,
    /// The text of the page has a JSON member of that name with a code, which is recorded.
    PageCode(Word),
    /// A redirect.
    Redirect,
    /// A redirect to another host.
    RedirectAway,
    /// A redirect whose query has that parameter.
    RedirectQuery(Word),
    /// A redirect to a path of that template.
    RedirectTo(Word),
    /// The status.
    Status(u16),
}

/// A list of words in a constant. A block of its own, because a constant drops nothing.
macro_rules! words {
    ($($word:expr),* $(,)?) => {{
        const LIST: &[super::Word] = &[$(super::word($word)),*];
        LIST
    }};
}

/// A list of tests in a constant.
macro_rules! tests {
    ($($test:expr),* $(,)?) => {{
        const LIST: &[Test] = &[$($test),*];
        LIST
    }};
}

macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident in $file:ident,)*) => {
        $(mod $file;)*

        /// A provider that the operator declares an issuer to be.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Provider {
            $($(#[$doc])* $variant,)*
        }

        /// Every provider's word, in the order of [`Provider::ALL`].
        pub const PROVIDERS: &[&str] = &[$($file::NAME,)*];

        impl Provider {
            /// Every provider that has a profile.
            pub const ALL: [Self; PROVIDERS.len()] = [$(Self::$variant,)*];

            /// The configuration's and the record's word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $file::NAME,)*
                }
            }

            /// What is known of it.
            #[must_use]
            pub fn profile(self) -> &'static Profile {
                match self {
                    $(Self::$variant => &$file::PROFILE,)*
                }
            }
        }
    };
}

providers! {
    /// Active Directory Federation Services
    Adfs in adfs,
    /// Sign in with Apple
    Apple in apple,
    /// Auth0
    Auth0 in auth0,
    /// Authelia
    Authelia in authelia,
    /// authentik; the issuer is that of the application
    Authentik in authentik,
    /// Apereo CAS
    Cas in cas,
    /// Amazon Cognito user pools; name the domain in `authorities`
    Cognito in cognito,
    /// Connect2id server
    Connect2id in connect2id,
    /// Dex 2.45.1
    Dex in dex,
    /// django-oauth-toolkit below `/o`, with Django's login
    DjangoOauthToolkit in django_oauth_toolkit,
    /// Microsoft Entra ID; the issuer is `…/{tid}/v2.0`
    Entra in entra,
    /// Microsoft Entra B2C; the issuer is `…/{tid}/v2.0`
    EntraB2c in entra_b2c,
    /// GitHub; OAuth 2.0 alone, errors come with 200
    Github in github,
    /// GitLab (Doorkeeper)
    Gitlab in gitlab,
    /// Glewlwyd; the issuer is `…/api/{plugin}`
    Glewlwyd in glewlwyd,
    /// Gluu Server (oxAuth)
    Gluu in gluu,
    /// Google; name its other hosts in `authorities`
    Google in google,
    /// Ory Hydra, public and admin API; name the admin host in `authorities`
    Hydra in hydra,
    /// `IdentityServer4`, Duende IdentityServer
    IdentityServer in identity_server,
    /// Janssen
    Janssen in janssen,
    /// Keycloak 26.4.0
    Keycloak in keycloak,
    /// Ory Kratos, the login form before Hydra
    Kratos in kratos,
    /// LemonLDAP::NG 2.16
    LemonLdap in lemonldap,
    /// node-oidc-provider 9 with its default routes; every one is configurable
    OidcProvider in oidc_provider,
    /// Okta, organisation and custom authorization servers
    Okta in okta,
    /// OneLogin; the issuer is `…/oidc/2`
    OneLogin in one_login,
    /// OpenIddict with the paths of its samples; the host defines them
    OpenIddict in open_iddict,
    /// PingAM, ForgeRock AM; the issuer is `…/oauth2[/realms/…]`
    PingAm in ping_am,
    /// PingFederate
    PingFederate in ping_federate,
    /// PingOne; the issuer is `…/{envId}/as`
    PingOne in ping_one,
    /// Salesforce
    Salesforce in salesforce,
    /// Spring Authorization Server 1.5.6 with Spring Security's login form
    SpringAuthorizationServer in spring_authorization_server,
    /// WSO2 Identity Server, Asgardeo
    Wso2 in wso2,
    /// ZITADEL
    Zitadel in zitadel,
}

impl Provider {
    /// The inverse of [`Provider::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == word)
    }
}

/// Stands for the issuer's own path in templates below the root of the host.
pub(super) const ISSUER: &str = "/{issuer}";

impl Profile {
    /// The route of a normal path. `issuer`: the path of the issuer identifier.
    pub(super) fn route(&self, issuer: &[u8], path: &[u8]) -> Option<(u16, EndpointKind)> {
        let at = self.routes.iter().position(|route| self.fits(&route.template, issuer, path))?;
        Some((u16::try_from(at).ok()?, self.routes.get(at)?.kind))
    }

    /// Whether a normal path is an instance of a template of this profile.
    pub(super) fn fits(&self, template: &str, issuer: &[u8], path: &[u8]) -> bool {
        match template.strip_prefix('/').filter(|below| below.starts_with('/')) {
            Some(template) => match template.split_once(ISSUER) {
                None => fits(template, path, self.case_insensitive),
                Some((before, after)) => {
                    let inside = path.strip_prefix(before.as_bytes());
                    self.fits_below(after, issuer, inside.unwrap_or_default())
                }
            },
            None => self.fits_below(template, issuer, path),
        }
    }

    fn fits_below(&self, template: &str, issuer: &[u8], path: &[u8]) -> bool {
        let below = path.strip_prefix(self.base(issuer));
        below.is_some_and(|below| fits(template, below, self.case_insensitive))
    }

    /// Whether a page asks for a device's user code, so that the one just posted was refused; `None` where that is not known.
    #[must_use]
    pub fn asks_for_user_code(&self, page: &[u8]) -> Option<bool> {
        self.user_code_page.as_ref().map(|(name, word)| has_attribute(page, name, word))
    }

    /// The path that routes stand below.
    pub(super) fn base<'p>(&self, issuer: &'p [u8]) -> &'p [u8] {
        issuer.strip_suffix(self.suffix.as_bytes()).unwrap_or(issuer)
    }
}

impl Evidence {
    /// The word that `docs/providers.md` uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Documentation => "vendor docs",
            Self::Field => "field knowledge",
            Self::Run => "run here",
            Self::Source => "source",
        }
    }
}

impl Means {
    /// Every means.
    pub const ALL: [Self; 6] = [Self::Broker, Self::MagicLink, Self::Otp, Self::Password, Self::Spnego, Self::Webauthn];

    /// The configuration's and the record's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::MagicLink => "magic_link",
            Self::Otp => "otp",
            Self::Password => "password",
            Self::Spnego => "spnego",
            Self::Webauthn => "webauthn",
        }
    }
}

impl Verdict {
    /// The configuration's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Pending => "pending",
            Self::Step => "step",
            Self::Success => "success",
            Self::Unknown => "unknown",
        }
    }
}

const fn route(template: &'static str, kind: EndpointKind, evidence: Evidence) -> Route {
    Route { template: Cow::Borrowed(template), kind, evidence }
}

const fn word(text: &'static str) -> Word {
    Cow::Borrowed(text)
}

const fn when(tests: &'static [Test], verdict: Verdict) -> Rule {
    Rule { tests: Cow::Borrowed(tests), verdict, means: None }
}

const fn by(means: Means, tests: &'static [Test], verdict: Verdict) -> Rule {
    Rule { tests: Cow::Borrowed(tests), verdict, means: Some(means) }
}

/// A password form that is posted to `path`.
const fn login(
    id: &'static str,
    path: &'static str,
    usernames: &'static [Word],
    rules: &'static [Rule],
    evidence: Evidence,
) -> Adapter {
    Adapter {
        id: word(id),
        path: word(path),
        method: word("POST"),
        purpose: Purpose::Login,
        only: None,
        means: Some(Means::Password),
        usernames: Cow::Borrowed(usernames),
        handle: Handle::None,
        rules: Cow::Borrowed(rules),
        evidence,
    }
}

/// A consent form that is posted to `path`.
const fn consent(id: &'static str, path: &'static str, rules: &'static [Rule], evidence: Evidence) -> Adapter {
    let mut adapter = login(id, path, &[], rules, evidence);
    adapter.purpose = Purpose::Consent;
    adapter.means = None;
    adapter
}

/// What differs from most forms. `forget`: constants drop nothing, and there is nothing to drop.
impl Adapter {
    const fn means(mut self, means: Option<Means>) -> Self {
        self.means = means;
        self
    }

    const fn method(mut self, method: &'static str) -> Self {
        forget(replace(&mut self.method, word(method)));
        self
    }

    const fn handle(mut self, handle: Handle) -> Self {
        forget(replace(&mut self.handle, handle));
        self
    }

    const fn only(mut self, only: Only) -> Self {
        forget(replace(&mut self.only, Some(only)));
        self
    }
}

#[cfg(test)]
mod tests;
