//! `multipart/form-data` (RFC 7578), as some clients post parameters although RFC 6749 §3.2 wants a form: text parts by
//! name, on any bytes.

/// A part with a name and no file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part<'a> {
    /// `name` of its `Content-Disposition`.
    pub name: &'a [u8],
    /// Its content.
    pub value: &'a [u8],
}

/// The boundary that a `Content-Type` of `multipart/form-data` names (RFC 2046 §5.1.1); `None` for another media type.
#[must_use]
pub fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let mut parts = content_type.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    if !parts.next()?.eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    let value = parts.find_map(|parameter| value_of(parameter, b"boundary="))?;
    (!value.is_empty() && value.len() <= BOUNDARY).then_some(value)
}

/// The text parts in order, those that are whole.
pub fn read<'a>(body: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = Part<'a>> {
    let delimiter = [b"--", boundary].concat();
    let mut rest = find(body, &delimiter).and_then(|at| body.get(at.saturating_add(delimiter.len())..));
    let parts = std::iter::from_fn(move || {
        let text = rest?;
        let end = find(text, &delimiter)?;
        let part = text.get(..end)?;
        rest = text.get(end.saturating_add(delimiter.len())..);
        Some(part)
    });
    parts.take(PARTS).filter_map(part)
}

fn part(text: &[u8]) -> Option<Part<'_>> {
    let text = text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n"))?;
    let (head, value) = match find(text, b"\r\n\r\n") {
        Some(at) => (text.get(..at)?, text.get(at.saturating_add(4)..)?),
        None => {
            let at = find(text, b"\n\n")?;
            (text.get(..at)?, text.get(at.saturating_add(2)..)?)
        }
    };
    let value = value.strip_suffix(b"\r\n").or_else(|| value.strip_suffix(b"\n")).unwrap_or(value);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let disposition =
        lines.find(|line| line.get(..DISPOSITION.len()).is_some_and(|name| name.eq_ignore_ascii_case(DISPOSITION)))?;
    let parameters = || disposition.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_file = parameters().any(|parameter| value_of(parameter, b"filename=").is_some());
    let name = parameters().find_map(|parameter| value_of(parameter, b"name="))?;
    (!is_file).then_some(Part { name, value })
}

/// What follows a name, without quotation marks.
fn value_of<'a>(parameter: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = parameter.split_at_checked(name.len())?;
    let value = start.eq_ignore_ascii_case(name).then_some(value)?;
    Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

const DISPOSITION: &[u8] = b"content-disposition:";

/// RFC 2046 §5.1.1
const BOUNDARY: usize = 70;

/// More parts than any request has parameters.
const PARTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_parts_are_read_and_files_are_not() {
        let body =
            b"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nauthorization_code\r\n\
            --XX\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=code\r\n\r\na\r\nb\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nfile\r\n--XX--\r\n";
        let parts: Vec<_> = read(body, b"XX").map(|part| (part.name, part.value)).collect();
        assert_eq!(parts, [(b"grant_type".as_slice(), b"authorization_code".as_slice()), (b"code", b"a\r\nb")]);
        let cut = &body[..body.len() - 60];
        assert!(read(cut, b"XX").count() <= 2);
    }

    #[test]
    fn a_boundary_is_that_of_the_media_type() {
        assert_eq!(boundary(b"Multipart/Form-Data; charset=x; boundary=\"a b\""), Some(b"a b".as_slice()));
        for value in ["multipart/mixed; boundary=a", "multipart/form-data", "multipart/form-data; boundary=", "x"] {
            assert_eq!(boundary(value.as_bytes()), None, "{value}");
        }
        assert_eq!(boundary(format!("multipart/form-data; boundary={}", "a".repeat(71)).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in "(--XX|\r\n|\n|Content-Disposition: form-data; name=|\"|;|a){0,40}", noise in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (read(body.as_bytes(), b"XX").count(), read(&noise, b"").count(), boundary(&noise));
        }
    }
}
