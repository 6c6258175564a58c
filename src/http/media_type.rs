//! Media types, compared without case and without parameters (RFC 9110 §8.3.1).

/// The media types that decide how content is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MediaType {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `text/html`, `application/xhtml+xml`
    Html,
    /// `application/json`, `*+json`
    Json,
    /// `application/jwt`, `*+jwt`
    Jwt,
    /// `application/grpc*`
    Grpc,
    /// Any other.
    Other,
}

impl MediaType {
    /// Reads a `Content-Type` value; `None` when it is empty.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let name = value.split(|byte| matches!(byte, b';' | b',')).next().unwrap_or_default().trim_ascii();
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        let ends = |suffix: &[u8]| {
            name.len()
                .checked_sub(suffix.len())
                .and_then(|at| name.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        let begins = |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        match name {
            b"" => None,
            _ if is(b"application/x-www-form-urlencoded") => Some(Self::Form),
            _ if is(b"text/html") || is(b"application/xhtml+xml") => Some(Self::Html),
            _ if begins(b"application/grpc") => Some(Self::Grpc),
            _ if is(b"application/json") || ends(b"+json") => Some(Self::Json),
            _ if is(b"application/jwt") || ends(b"+jwt") => Some(Self::Jwt),
            _ => Some(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_parameters_do_not_matter() {
        for (value, expected) in [
            ("application/x-www-form-urlencoded;charset=UTF-8", Some(MediaType::Form)),
            ("Application/JSON ; charset=ISO-8859-1", Some(MediaType::Json)),
            ("application/problem+json", Some(MediaType::Json)),
            ("TEXT/HTML", Some(MediaType::Html)),
            ("application/jwt", Some(MediaType::Jwt)),
            ("application/grpc+proto", Some(MediaType::Grpc)),
            ("text/plain", Some(MediaType::Other)),
            ("", None),
            (";", None),
        ] {
            assert_eq!(MediaType::read(value.as_bytes()), expected, "{value}");
        }
    }
}
