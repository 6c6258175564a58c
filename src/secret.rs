//! A value whose possession grants something. It can be hashed and compared by the code that is handed it, and leaves in
//! no other way: no `Serialize`, no `Display`, no `PartialEq`, and its `Debug` says nothing.

use std::fmt;

/// A token, code, verifier, password, client secret, cookie or key.
///
/// ```compile_fail
/// # use oidc_audit::secret::Secret;
/// serde_json::to_string(&Secret::new("hunter2")).unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads it. Every call site is reviewed: nothing that comes out may reach a record, a log line, a metric or an error.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The same secret in another form.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Secret<U> {
        Secret(change(self.0))
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
