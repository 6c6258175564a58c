use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::term::{Palette, is_hostile};
use crate::timeline::look::UNICODE;
use crate::timeline::sample::{START, Sample, entries};

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("web".to_owned()),
        Just("k1.abcdefgh".to_owned()),
        Just("\u{1b}[31m\u{202e}\u{200b}\r\nx".to_owned()),
        Just("李".repeat(50)),
        Just("it's; $(rm -rf ~)".to_owned()),
        any::<String>(),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let event = prop::sample::select(vec![
        "authorization.request",
        "authorization.response",
        "authorization.error",
        "token.issued",
        "token.refreshed",
        "token.denied",
        "token.request",
        "client.auth_failed",
        "userinfo.accessed",
        "logout.requested",
        "logout.completed",
        "audit.start",
        "audit.stop",
        "audit.drop",
        "audit.config.rejected",
        "what.is_this",
    ]);
    let role =
        prop::sample::select(vec!["state", "nonce", "pkce", "code", "at", "rt_in", "rt_out", "idt", "sid", "sub"]);
    let outcome = prop::sample::select(vec!["success", "failure", "pending", "unknown", "new"]);
    let joins = prop::collection::vec((role, "[ek]1\\.[a-d]"), 0..5);
    let texts = (word(), word(), word(), word());
    (0..200_000_u64, event, outcome, joins, texts, 1..4_u128, any::<u32>()).prop_map(
        |(second, event, outcome, joins, (error, client, sub, scope), stream, number)| {
            let sample =
                joins.into_iter().fold(Sample::new(second, event), |sample, (role, value)| sample.join(role, &value));
            sample.stream(stream).with(|record| {
                record.outcome = Some(outcome.to_owned());
                record.error = Some(error.clone());
                record.reason = Some(sub.clone());
                record.client.get_or_insert_default().id = Some(client);
                record.subject.get_or_insert_default().sub = Some(sub);
                let response = record.response.get_or_insert_default();
                response.scope = vec![scope.clone()];
                response.expires_in = Some(u64::from(number));
                response.rotated = Some(number % 2 == 0);
                record.dur_ms = Some(u64::from(number));
                if event.starts_with("audit.") {
                    let audit = record.audit.get_or_insert_default();
                    audit.problems = vec![error];
                    audit.dropped = [(scope, u64::MAX)].into();
                    audit.lost = vec![[u64::from(number), u64::MAX]];
                }
            })
        },
    )
}

fn report(samples: &[Sample]) -> Report {
    Report::new(entries(samples), Tally::default(), &Selection::default(), Timestamp::from_secs(START + 100_000))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_records_say_the_text_is_short_and_harmless(
        samples in prop::collection::vec(sample(), 1..40), width in 72..200_usize, ascii: bool, next in word(),
    ) {
        let look = Look { palette: Palette::plain(), width, signs: if ascii { &ASCII } else { &UNICODE }, zone: TimeZone::UTC };
        let frame = Frame { filters: &next, next: &next };
        let mut text = Vec::new();
        super::text(&mut text, &report(&samples), &frame, Extent { flows: 7, whole: false }, &look).unwrap();
        let text = String::from_utf8(text).unwrap();
        let obeyed = text.chars().find(|letter| *letter != '\n' && is_hostile(*letter));
        prop_assert_eq!(obeyed, None);
        prop_assert!(!ascii || text.is_ascii());
        prop_assert!(text.lines().position(str::is_empty).unwrap_or(usize::MAX) <= 12, "{}", text);
        let (_, flows) = text.split_once("\n\n").unwrap_or_default();
        for line in flows.lines() {
            prop_assert!(unicode_width::UnicodeWidthStr::width(line) <= width.max(80), "{}", line);
        }
    }

    #[test]
    fn whatever_the_records_say_every_one_is_in_the_json_once(samples in prop::collection::vec(sample(), 0..40)) {
        let frame = Frame { filters: "", next: "" };
        let mut text = Vec::new();
        json::write(&mut text, &report(&samples), &frame, usize::MAX).unwrap();
        let text = String::from_utf8(text).unwrap();
        prop_assert!(!text.chars().any(|letter| letter != '\n' && is_hostile(letter)));
        let report: Value = serde_json::from_str(&text).unwrap();
        let flows = report["flows"].as_array().unwrap().iter();
        let mut ids: Vec<_> = flows.clone().flat_map(|flow| flow["records"].as_array().unwrap()).map(|r| r["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        ids.dedup();
        prop_assert_eq!(ids.len(), samples.len());
        let mut names: Vec<_> = flows.map(|flow| flow["id"].to_string()).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), report["flows"].as_array().unwrap().len());
    }
}
