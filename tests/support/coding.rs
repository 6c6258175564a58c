//! Content codings, as a server applies them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// `gzip`, `deflate` (zlib), `deflate-raw`, or several in the order they are applied.
pub(crate) fn encode(coding: &str, body: &[u8]) -> Vec<u8> {
    coding.split(',').map(str::trim).fold(body.to_vec(), |body, coding| match coding {
        "none" => body,
        "gzip" => {
            let mut writer = GzEncoder::new(Vec::new(), Compression::default());
            writer.write_all(&body).unwrap();
            writer.finish().unwrap()
        }
        "deflate" => {
            let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
            writer.write_all(&body).unwrap();
            writer.finish().unwrap()
        }
        "deflate-raw" => {
            let mut writer = DeflateEncoder::new(Vec::new(), Compression::default());
            writer.write_all(&body).unwrap();
            writer.finish().unwrap()
        }
        other => panic!("unknown body_encoding {other}"),
    })
}
