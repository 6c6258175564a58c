//! What is known of particular providers: paths, quirks and login forms, as data, one file each (PROTOCOL §6, §2.6).
//!
//! Every row says on which evidence it rests. Knows no exchange: [`super::login`] applies the adapters.

use std::borrow::Cow;

use super::endpoint::{EndpointKind, fits};
use super::html_form::has_attribute;

/// A list of words in a constant; a block of its own, because a constant drops nothing. Above the modules, because a macro
/// holds from where it stands.
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

mod adapter;
mod adfs;
mod apple;
mod auth0;
mod authelia;
mod authentik;
mod cas;
mod cognito;
mod connect2id;
mod dex;
mod django_oauth_toolkit;
mod entra;
mod entra_b2c;
mod github;
mod gitlab;
mod glewlwyd;
mod gluu;
mod google;
mod hydra;
mod identity_server;
mod janssen;
mod keycloak;
mod kratos;
mod lemonldap;
mod oidc_provider;
mod okta;
mod one_login;
mod open_iddict;
mod ping_am;
mod ping_federate;
mod ping_one;
mod salesforce;
mod spring_authorization_server;
mod wso2;
mod zitadel;

pub use adapter::{Adapter, Handle, Means, Only, Purpose, Rule, Test, Verdict};
use adapter::{by, consent, login, when};

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
    /// What it does with request objects unless it is configured otherwise.
    pub jar_semantics: JarSemantics,
    /// Its paths. The first that fits counts.
    pub routes: Cow<'static, [Route]>,
    /// Its forms. The first that fits counts.
    pub adapters: Cow<'static, [Adapter]>,
}

/// A [`Profile`] as its file writes it: what is not named is [`Rows::PLAIN`]. Drops nothing, which a constant demands.
#[derive(Clone, Copy)]
struct Rows {
    name: &'static str,
    about: &'static str,
    suffix: &'static str,
    case_insensitive: bool,
    tenant: Option<(&'static str, &'static str)>,
    session_state_is_sid: bool,
    logout_consent: Option<&'static str>,
    logout_parameters: &'static [Word],
    logout_pages: &'static [Word],
    session_cookies: &'static [Word],
    internal_parameters: &'static [Word],
    client_data: Option<&'static str>,
    user_code_page: Option<(&'static str, &'static str)>,
    jar_semantics: JarSemantics,
    routes: &'static [Route],
    adapters: &'static [Adapter],
}

impl Rows {
    /// A provider about which the specifications say all.
    const PLAIN: Self = Self {
        name: "",
        about: "",
        suffix: "",
        case_insensitive: false,
        tenant: None,
        session_state_is_sid: false,
        logout_consent: None,
        logout_parameters: &[],
        logout_pages: &[],
        session_cookies: &[],
        internal_parameters: &[],
        client_data: None,
        user_code_page: None,
        jar_semantics: JarSemantics::Oidc,
        routes: &[],
        adapters: &[],
    };

    const fn profile(self) -> Profile {
        Profile {
            name: word(self.name),
            about: word(self.about),
            suffix: word(self.suffix),
            case_insensitive: self.case_insensitive,
            tenant: pair(self.tenant),
            session_state_is_sid: self.session_state_is_sid,
            logout_consent: single(self.logout_consent),
            logout_parameters: Cow::Borrowed(self.logout_parameters),
            logout_pages: Cow::Borrowed(self.logout_pages),
            session_cookies: Cow::Borrowed(self.session_cookies),
            internal_parameters: Cow::Borrowed(self.internal_parameters),
            client_data: single(self.client_data),
            user_code_page: pair(self.user_code_page),
            jar_semantics: self.jar_semantics,
            routes: Cow::Borrowed(self.routes),
            adapters: Cow::Borrowed(self.adapters),
        }
    }
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

macro_rules! providers {
    ($($variant:ident in $file:ident,)*) => {
        /// A provider that the operator declares an issuer to be.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Provider {
            $(#[doc = concat!("Its rows are those of `", stringify!($file), ".rs`.")] $variant,)*
        }

        /// Every provider's word, in the order of [`Provider::ALL`].
        pub const PROVIDERS: &[&str] = &[$($file::ROWS.name,)*];

        impl Provider {
            /// Every provider that has a profile.
            pub const ALL: [Self; PROVIDERS.len()] = [$(Self::$variant,)*];

            /// The configuration's and the record's word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $file::ROWS.name,)*
                }
            }

            /// What is known of it.
            #[must_use]
            pub fn profile(self) -> &'static Profile {
                match self {
                    $(Self::$variant => {
                        static PROFILE: Profile = $file::ROWS.profile();
                        &PROFILE
                    })*
                }
            }
        }
    };
}

providers! {
    Adfs in adfs,
    Apple in apple,
    Auth0 in auth0,
    Authelia in authelia,
    Authentik in authentik,
    Cas in cas,
    Cognito in cognito,
    Connect2id in connect2id,
    Dex in dex,
    DjangoOauthToolkit in django_oauth_toolkit,
    Entra in entra,
    EntraB2c in entra_b2c,
    Github in github,
    Gitlab in gitlab,
    Glewlwyd in glewlwyd,
    Gluu in gluu,
    Google in google,
    Hydra in hydra,
    IdentityServer in identity_server,
    Janssen in janssen,
    Keycloak in keycloak,
    Kratos in kratos,
    LemonLdap in lemonldap,
    OidcProvider in oidc_provider,
    Okta in okta,
    OneLogin in one_login,
    OpenIddict in open_iddict,
    PingAm in ping_am,
    PingFederate in ping_federate,
    PingOne in ping_one,
    Salesforce in salesforce,
    SpringAuthorizationServer in spring_authorization_server,
    Wso2 in wso2,
    Zitadel in zitadel,
}

/// Which parameters of an authorization request count where it has a request object.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum JarSemantics {
    /// Those of the object over those beside it (OIDC Core §6.1).
    #[default]
    Oidc,
    /// Those of the object alone (RFC 9101 §6.3).
    Rfc9101,
}

impl JarSemantics {
    /// The configuration's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Rfc9101 => "rfc9101",
        }
    }
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

const fn route(template: &'static str, kind: EndpointKind, evidence: Evidence) -> Route {
    Route { template: Cow::Borrowed(template), kind, evidence }
}

const fn word(text: &'static str) -> Word {
    Cow::Borrowed(text)
}

const fn single(text: Option<&'static str>) -> Option<Word> {
    match text {
        Some(text) => Some(word(text)),
        None => None,
    }
}

const fn pair(texts: Option<(&'static str, &'static str)>) -> Option<(Word, Word)> {
    match texts {
        Some((one, other)) => Some((word(one), word(other))),
        None => None,
    }
}

#[cfg(test)]
mod tests;
