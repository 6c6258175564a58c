//! How far another clock is from the proxy's: shown, never corrected. A proxy cannot know which of the two is right.

use serde::Serialize;
use serde_json::{Value, json};

/// What answers of one provider show of its clock.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Skew {
    /// `iss`: the provider.
    #[serde(rename = "issuer")]
    pub issuer: String,
    /// The least that its clock is ahead of the proxy's, in milliseconds; negative: behind.
    pub from_ms: i64,
    /// .. and the most. The truth lies between.
    pub to_ms: i64,
}

impl Skew {
    /// `{"iss", "ahead": [least, most], "behind": [least, most]}` in milliseconds: the format has no negative numbers. Both are
    /// there, from 0, where the clocks may agree.
    pub(super) fn claim(&self) -> Value {
        let ahead = (self.to_ms >= 0).then(|| ("ahead", json!([self.from_ms.max(0), self.to_ms])));
        let [least, most] = [self.to_ms.min(0), self.from_ms].map(i64::unsigned_abs);
        let behind = (self.from_ms < 0).then(|| ("behind", json!([least, most])));
        let members = [Some(("iss", json!(self.issuer))), ahead, behind].into_iter().flatten();
        Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn read(claim: &Value) -> Option<Self> {
        let side = |name: &str| match claim.get(name)?.as_array()?.as_slice() {
            [least, most] => Some((signed(least)?, signed(most)?)).filter(|(least, most)| least <= most),
            _ => None,
        };
        let (from_ms, to_ms) = match (side("ahead"), side("behind")) {
            (Some((least, most)), None) => (least, most),
            (None, Some((least, most))) => (most.checked_neg()?, least.checked_neg()?),
            (Some((0, ahead)), Some((0, behind))) => (behind.checked_neg()?, ahead),
            _ => return None,
        };
        Some(Self { issuer: claim.get("iss")?.as_str()?.to_owned(), from_ms, to_ms })
    }

    /// Whether the clocks agree, as far as can be seen.
    #[must_use]
    pub fn may_be_none(&self) -> bool {
        self.from_ms <= 0 && self.to_ms >= 0
    }
}

fn signed(number: &Value) -> Option<i64> {
    number.as_i64().filter(|number| (0..=MOST).contains(number))
}

/// Milliseconds: integers of the format end at 2^53 − 1.
const MOST: i64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_it_was_written() {
        for (from_ms, to_ms) in [(-1_500, 700), (4_000, 5_000), (-5_000, -4_000), (0, 0), (0, 9), (-9, 0), (-1, -1)] {
            let skew = Skew { issuer: "https://idp.example.test".to_owned(), from_ms, to_ms };
            assert_eq!(Skew::read(&skew.claim()), Some(skew.clone()), "{}", skew.claim());
            assert_eq!(skew.may_be_none(), from_ms <= 0 && to_ms >= 0);
        }
        assert_eq!(Skew::read(&json!({"iss": "x", "ahead": [3, 2]})), None);
        assert_eq!(Skew::read(&json!({"iss": "x", "ahead": [1, 2], "behind": [0, 2]})), None);
        assert_eq!(Skew::read(&json!({"iss": "x"})), None);
        assert_eq!(Skew::read(&json!({"iss": "x", "ahead": [0, -1]})), None);
    }
}
