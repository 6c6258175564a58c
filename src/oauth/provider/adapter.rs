//! How the forms of a provider are judged from outside: the data that [`super::super::login`] applies (PROTOCOL §2.6).

use std::borrow::Cow;
use std::mem::{forget, replace};

use super::{Evidence, Word, word};

/// How one form of a provider is judged, from outside.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its name in records.
    pub id: Word,
    /// The template of the path that is posted to, as in [`Route::template`](super::Route::template).
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

pub(super) const fn when(tests: &'static [Test], verdict: Verdict) -> Rule {
    Rule { tests: Cow::Borrowed(tests), verdict, means: None }
}

pub(super) const fn by(means: Means, tests: &'static [Test], verdict: Verdict) -> Rule {
    Rule { tests: Cow::Borrowed(tests), verdict, means: Some(means) }
}

/// A password form that is posted to `path`.
pub(super) const fn login(
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
pub(super) const fn consent(
    id: &'static str,
    path: &'static str,
    rules: &'static [Rule],
    evidence: Evidence,
) -> Adapter {
    let mut adapter = login(id, path, &[], rules, evidence);
    adapter.purpose = Purpose::Consent;
    adapter.means = None;
    adapter
}

/// What differs from most forms. `forget`: constants drop nothing, and there is nothing to drop.
impl Adapter {
    pub(super) const fn means(mut self, means: Option<Means>) -> Self {
        self.means = means;
        self
    }

    pub(super) const fn method(mut self, method: &'static str) -> Self {
        forget(replace(&mut self.method, word(method)));
        self
    }

    pub(super) const fn handle(mut self, handle: Handle) -> Self {
        forget(replace(&mut self.handle, handle));
        self
    }

    pub(super) const fn only(mut self, only: Only) -> Self {
        forget(self.only.replace(only));
        self
    }
}
