//! What somebody with access to a store can do to an export, and what a store does to it by itself.

use serde_json::Value;

use super::Export;
use super::random::Random;

/// A way to tamper, and what a verifier may call it. One of the words must be among the problems.
pub(crate) struct Tampering {
    pub(crate) name: &'static str,
    pub(crate) verdicts: &'static [&'static str],
    /// `false`: there is nothing in this export that it can be done to.
    pub(crate) apply: fn(&mut Export, &mut Random) -> bool,
}

/// EVIDENCE's table of attacks, one entry each.
pub(crate) const TAMPERINGS: &[Tampering] = &[
    Tampering { name: "edit a value of a record", verdicts: &["edited"], apply: edit },
    Tampering {
        name: "change any byte of a record",
        verdicts: &["edited", "undeclared_loss", "forged"],
        apply: change_record_byte,
    },
    Tampering {
        name: "change any byte of a checkpoint",
        verdicts: &["bad_signature", "seal_missing", "deleted_batch"],
        apply: change_checkpoint_byte,
    },
    Tampering { name: "delete a record", verdicts: &["undeclared_loss"], apply: delete_record },
    Tampering { name: "delete a batch with its checkpoint", verdicts: &["deleted_batch"], apply: delete_batch },
    Tampering { name: "delete a checkpoint", verdicts: &["seal_missing", "deleted_batch"], apply: delete_checkpoint },
    Tampering { name: "delete a stream", verdicts: &["missing_stream"], apply: delete_stream },
    Tampering {
        name: "delete all checkpoints of a stream",
        verdicts: &["missing_stream", "unknown_stream"],
        apply: unseal_stream,
    },
    Tampering { name: "cut a tail that a sibling knows", verdicts: &["truncated"], apply: cut_tail },
    Tampering { name: "append a record", verdicts: &["forged"], apply: append },
    Tampering { name: "insert a second content", verdicts: &["forged"], apply: second_content },
    Tampering { name: "invent a stream", verdicts: &["unknown_stream"], apply: invent },
    Tampering { name: "exchange two records", verdicts: &["edited"], apply: exchange },
    Tampering { name: "replay a record under another number", verdicts: &["forged"], apply: replay },
    Tampering { name: "hide a second member", verdicts: &["undeclared_loss"], apply: double_member },
    Tampering { name: "claim another time in a checkpoint's line", verdicts: &["bad_signature"], apply: backdate },
    Tampering { name: "strip a signature", verdicts: &["bad_signature"], apply: strip },
];

pub(crate) type Disturbance = fn(&mut Export, &mut Random);

/// What stores and deliveries do, and no verifier may mind.
pub(crate) const HARMLESS: &[(&str, Disturbance)] = &[
    ("lines in any order", |export, random| random.shuffle(&mut export.lines)),
    ("lines that come again", |export, random| {
        for _ in 0..1 + random.below(8) {
            let line = export.lines[random.below(export.lines.len())].clone();
            let at = random.below(export.lines.len() + 1);
            export.lines.insert(at, line);
        }
    }),
    ("white space", |export, random| {
        for line in &mut export.lines {
            let value: Value = serde_json::from_slice(line).unwrap();
            match random.below(3) {
                0 => *line = serde_json::to_vec_pretty(&value).unwrap().into_iter().filter(|b| *b != b'\n').collect(),
                1 => line.extend_from_slice(b" \r"),
                _ => {}
            }
        }
    }),
    ("another order of members", |export, random| {
        for line in &mut export.lines {
            let value: Value = serde_json::from_slice(line).unwrap();
            let mut members: Vec<String> = value
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                .collect();
            random.shuffle(&mut members);
            *line = format!("{{{}}}", members.join(",")).into_bytes();
        }
    }),
    ("members of the store", |export, random| {
        for line in &mut export.lines {
            let mut value: Value = serde_json::from_slice(line).unwrap();
            if random.below(2) == 0 {
                value["@timestamp"] = "2026-01-15T09:30:00Z".into();
                value["_index"] = "audit-000001".into();
                value["_score"] = 1.5.into();
            }
            *line = value.to_string().into_bytes();
        }
    }),
    ("lines of others", |export, random| {
        for other in [b"{\"log\":\"hello\"}".as_slice(), b"", b"not JSON", b"[1]"] {
            let at = random.below(export.lines.len() + 1);
            export.lines.insert(at, other.to_vec());
        }
    }),
];

fn edit(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let mut record = value(export, index);
    match random.below(4) {
        0 => record["outcome"] = "failure".into(),
        1 => record["client"]["id"] = "mallory".into(),
        2 => drop(record.as_object_mut().unwrap().remove("salt")),
        _ => record["request"]["scope"] = serde_json::json!(["openid", "email", "admin"]),
    }
    put(export, index, &record);
    true
}

fn change_record_byte(export: &mut Export, random: &mut Random) -> bool {
    change_byte(export, random, is_record)
}

fn change_checkpoint_byte(export: &mut Export, random: &mut Random) -> bool {
    change_byte(export, random, |line| is_checkpoint(line) && !is_last_of_its_stream(line))
}

fn change_byte(export: &mut Export, random: &mut Random, wanted: fn(&[u8]) -> bool) -> bool {
    let index = any(export, random, wanted);
    let line = &mut export.lines[index];
    let at = random.below(line.len());
    let byte = line[at] ^ (1 << random.below(8));
    // a line end would make two lines of it, and white space between members is none of a record's content
    let harmless = |byte: u8| byte.is_ascii_whitespace();
    if harmless(byte) || byte == 0 {
        line[at] ^= 0x15;
    } else {
        line[at] = byte;
    }
    true
}

fn delete_record(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    export.lines.remove(index);
    true
}

fn delete_batch(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, |line| kind(line) == "batch");
    export.lines.remove(index);
    // its records stand right before it
    let mut at = index;
    while at > 0 && is_record(&export.lines[at - 1]) {
        at -= 1;
        export.lines.remove(at);
    }
    true
}

fn delete_checkpoint(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, |line| is_checkpoint(line) && !is_last_of_its_stream(line));
    export.lines.remove(index);
    true
}

fn delete_stream(export: &mut Export, random: &mut Random) -> bool {
    let Some(stream) = sibling(export, random) else { return false };
    export.lines.retain(|line| stream_of(line) != stream);
    true
}

fn unseal_stream(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let stream = stream_of(&export.lines[index]);
    export.lines.retain(|line| !is_checkpoint(line) || stream_of(line) != stream);
    true
}

fn cut_tail(export: &mut Export, random: &mut Random) -> bool {
    let Some(stream) = sibling(export, random) else { return false };
    let last = export.lines.iter().rposition(|line| stream_of(line) == stream && is_checkpoint(line)).unwrap();
    export.lines.remove(last);
    let mut at = last;
    while at > 0 && is_record(&export.lines[at - 1]) {
        at -= 1;
        export.lines.remove(at);
    }
    true
}

fn append(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let mut record = value(export, index);
    record["id"] = format!("{}-{}", stream_of(&export.lines[index]), 1_000 + random.below(9)).into();
    export.lines.push(record.to_string().into_bytes());
    true
}

fn second_content(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let mut record = value(export, index);
    record["outcome"] = "failure".into();
    export.lines.push(record.to_string().into_bytes());
    true
}

fn invent(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let mut record = value(export, index);
    record["id"] = format!("{:032x}-1", random.next()).into();
    export.lines.push(record.to_string().into_bytes());
    true
}

fn exchange(export: &mut Export, random: &mut Random) -> bool {
    let (one, other) = (any(export, random, is_record), any(export, random, is_record));
    let (mut first, mut second) = (value(export, one), value(export, other));
    if one == other {
        return false;
    }
    let id = first["id"].take();
    first["id"] = second["id"].take();
    second["id"] = id;
    put(export, one, &first);
    put(export, other, &second);
    true
}

fn replay(export: &mut Export, random: &mut Random) -> bool {
    let (from, to) = (any(export, random, is_record), any(export, random, is_record));
    if from == to {
        return false;
    }
    let mut record = value(export, from);
    record["id"] = value(export, to)["id"].take();
    export.lines.push(record.to_string().into_bytes());
    true
}

fn double_member(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, is_record);
    let text = String::from_utf8(export.lines[index].clone()).unwrap();
    export.lines[index] = text.replacen("{", r#"{"outcome":"failure","#, 1).into_bytes();
    true
}

fn backdate(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, |line| is_checkpoint(line) && !is_last_of_its_stream(line));
    let mut checkpoint = value(export, index);
    checkpoint["ts"] = "2025-12-31T23:59:59.000Z".into();
    put(export, index, &checkpoint);
    true
}

fn strip(export: &mut Export, random: &mut Random) -> bool {
    let index = any(export, random, |line| is_checkpoint(line) && !is_last_of_its_stream(line));
    let mut checkpoint = value(export, index);
    let jws = checkpoint["jws"].as_str().unwrap().to_owned();
    checkpoint["jws"] = format!("{}.", jws.rsplit_once('.').unwrap().0).into();
    put(export, index, &checkpoint);
    true
}

/// A stream that a beat names.
fn sibling(export: &Export, random: &mut Random) -> Option<String> {
    let named: Vec<String> = export
        .lines
        .iter()
        .filter_map(|line| Some(claims(line)?["sib"].as_array()?.first()?["str"].as_str()?.to_owned()))
        .collect();
    (!named.is_empty()).then(|| named[random.below(named.len())].clone())
}

fn any(export: &Export, random: &mut Random, wanted: fn(&[u8]) -> bool) -> usize {
    let found: Vec<usize> = (0..export.lines.len()).filter(|index| wanted(&export.lines[*index])).collect();
    found[random.below(found.len())]
}

fn is_record(line: &[u8]) -> bool {
    !String::from_utf8_lossy(line).contains(r#""event":"audit."#)
}

fn is_checkpoint(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).contains(r#""event":"audit.checkpoint""#)
}

/// After it nothing contradicts a cut but a sibling.
fn is_last_of_its_stream(line: &[u8]) -> bool {
    kind(line) == "close"
}

fn kind(line: &[u8]) -> String {
    claims(line).and_then(|claims| Some(claims["knd"].as_str()?.to_owned())).unwrap_or_default()
}

fn claims(line: &[u8]) -> Option<Value> {
    use base64::Engine as _;
    let value: Value = serde_json::from_slice(line).ok()?;
    let payload = value["jws"].as_str()?.split('.').nth(1)?;
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn stream_of(line: &[u8]) -> String {
    let value: Value = serde_json::from_slice(line).unwrap();
    value["id"].as_str().unwrap().split('-').next().unwrap().to_owned()
}

fn value(export: &Export, index: usize) -> Value {
    serde_json::from_slice(&export.lines[index]).unwrap()
}

fn put(export: &mut Export, index: usize, value: &Value) {
    export.lines[index] = value.to_string().into_bytes();
}
