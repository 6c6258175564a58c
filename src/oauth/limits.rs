//! How much of a message is read (PROTOCOL §2.9). Every buffer of this layer has its limit here or beside its code.

use crate::body::DecodeLimits;

/// Limits on what is read of one exchange, in bytes unless named otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// A request body.
    pub request_body: usize,
    /// A response body of JSON or JWT.
    pub json_body: usize,
    /// A response body of HTML.
    pub html_body: usize,
    /// Unpacking.
    pub decode: DecodeLimits,
    /// Parameters of one message, counted over query and body.
    pub parameters: usize,
    /// A parameter's name.
    pub name: usize,
    /// A parameter's value.
    pub value: usize,
    /// A parameter's value that begins as a JWT does.
    pub jwt: usize,
    /// Keys that are tried on signatures, each second; 0 to check none.
    pub signature_checks: u32,
    /// What is made of login forms.
    pub login_forms: LoginForms,
    /// Whether pages of a flow that are no attempts are recorded.
    pub interactions: bool,
}

/// What is made of login forms.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LoginForms {
    /// Nothing.
    Off,
    /// Their outcome, from the answer: no request body is read.
    #[default]
    Outcome,
    /// Their outcome, and the user's name of the request body, as a pseudonym.
    Username,
}

impl LoginForms {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Off, Self::Outcome, Self::Username];

    /// The configuration's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Outcome => "outcome",
            Self::Username => "username",
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: 64 * 1024,
            json_body: 256 * 1024,
            html_body: 128 * 1024,
            decode: DecodeLimits::default(),
            parameters: 200,
            name: 128,
            value: 8 * 1024,
            jwt: 64 * 1024,
            signature_checks: 20,
            login_forms: LoginForms::default(),
            interactions: false,
        }
    }
}
