//! Where the proxy stands (docs/configuration.md): said by the operator, or by where the filter runs.

use crate::oauth::Vantage;
use crate::record::Direction;

/// Decides the vantage of an exchange on an issuer's authority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VantageRule {
    explicit: Option<Vantage>,
    sidecar: bool,
}

impl VantageRule {
    /// `explicit` is the operator's word; `node` is Envoy's node id, which Istio begins with the kind of the proxy.
    #[must_use]
    pub fn new(explicit: Option<Vantage>, node: Option<&str>) -> Self {
        Self { explicit, sidecar: node.is_some_and(|node| node.starts_with("sidecar~")) }
    }

    /// The vantage for a direction. An Istio gateway says "outbound" too, so that only a sidecar's word counts.
    #[must_use]
    pub fn of(&self, direction: Direction) -> Vantage {
        match self.explicit {
            Some(vantage) => vantage,
            None if self.sidecar && direction == Direction::Outbound => Vantage::RpOut,
            None => Vantage::IdpIn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sidecars_outbound_side_is_a_clients() {
        for (node, direction, vantage) in [
            ("sidecar~10.0.0.1~app", Direction::Outbound, Vantage::RpOut),
            ("sidecar~10.0.0.1~app", Direction::Inbound, Vantage::IdpIn),
            ("sidecar~10.0.0.1~app", Direction::Unspecified, Vantage::IdpIn),
            ("router~10.0.0.1~gateway", Direction::Outbound, Vantage::IdpIn),
            ("envoy-1", Direction::Unspecified, Vantage::IdpIn),
            ("envoy-1", Direction::Outbound, Vantage::IdpIn),
        ] {
            assert_eq!(VantageRule::new(None, Some(node)).of(direction), vantage, "{node} {direction:?}");
        }
        assert_eq!(VantageRule::new(None, None).of(Direction::Outbound), Vantage::IdpIn);
        assert_eq!(VantageRule::new(Some(Vantage::Edge), None).of(Direction::Outbound), Vantage::Edge);
    }
}
