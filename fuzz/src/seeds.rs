//! What the corpus holds, sorted by what it is: bodies, targets, field values, tokens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::mutate::LONGEST;
use crate::targets::{Kind, Target};
use crate::{coding, placeholder};

/// Known inputs by kind.
#[derive(Debug, Default)]
pub(crate) struct Seeds {
    bodies: Vec<Vec<u8>>,
    configurations: Vec<Vec<u8>>,
    exchanges: Vec<Vec<u8>>,
    packed: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

impl Seeds {
    pub(crate) fn load() -> Self {
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
        let mut seeds = Self { configurations: files(&fixtures.join("configs"), "json"), ..Self::default() };
        for folder in folders(&fixtures.join("exchanges")) {
            for message in files(&folder, "http") {
                seeds.add(&message);
            }
            seeds.bodies.extend(files(&folder, "jsonl"));
        }
        for kind in [&mut seeds.bodies, &mut seeds.exchanges, &mut seeds.packed, &mut seeds.values] {
            kind.retain(|seed| seed.len() <= LONGEST);
            kind.sort();
            kind.dedup();
        }
        seeds
    }

    pub(crate) fn of(&self, target: &Target) -> &[Vec<u8>] {
        match target.kind {
            Kind::Body => &self.bodies,
            Kind::Configuration => &self.configurations,
            Kind::Exchange => &self.exchanges,
            Kind::Packed => &self.packed,
            Kind::Value => &self.values,
        }
    }

    fn add(&mut self, message: &[u8]) {
        let Some(end) = message.windows(2).position(|window| window == b"\n\n") else { return };
        let (head, body) = (&message[..end], placeholder::expand(&message[end + 2..]));
        let mut expanded = Vec::new();
        for line in head.split(|byte| *byte == b'\n') {
            let line = placeholder::expand(line);
            self.values.extend(line.split(|byte| b" ,;?&=".contains(byte)).map(<[u8]>::to_vec));
            let colon = line.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
            self.values.push(line[colon..].trim_ascii().to_vec());
            expanded.extend_from_slice(&line);
            expanded.push(b'\n');
        }
        expanded.push(b'\n');
        expanded.extend_from_slice(&body);
        self.exchanges.push(expanded);
        if body.len() <= LONGEST && !body.is_empty() {
            if [b"Encoding: br".as_slice(), b"Encoding: zstd"].iter().any(|end| head.ends_with(end)) {
                self.packed.push(body.clone());
            }
            self.packed.extend(["gzip", "deflate", "deflate-raw"].map(|coding| coding::encode(coding, &body)));
            self.bodies.push(body);
        }
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(path).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn files(folder: &Path, extension: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}
