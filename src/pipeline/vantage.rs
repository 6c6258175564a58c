//! Where the proxy stands (docs/configuration.md): said by the operator, or by where the filter runs and whose the traffic is.

use crate::oauth::{ProtocolEvent, Side, Vantage};
use crate::record::Direction;

/// Decides the vantage of an event.
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

    /// The vantage of an event, by the direction of the traffic and by who was asked. An Istio gateway says "outbound"
    /// too, so that only a sidecar's word counts.
    #[must_use]
    pub fn of(&self, direction: Direction, asked: Side, event: ProtocolEvent) -> Vantage {
        if let Some(vantage) = self.explicit {
            return vantage;
        }
        let outbound = self.sidecar && direction == Direction::Outbound;
        match asked {
            Side::AuthorizationServer if outbound => Vantage::RpOut,
            _ if outbound && FROM_A_PROVIDER.contains(&event) => Vantage::IdpOut,
            _ if outbound => Vantage::RpOut,
            Side::AuthorizationServer => Vantage::IdpIn,
            Side::RelyingParty => Vantage::RpIn,
            Side::ResourceServer => Vantage::RsIn,
        }
    }
}

/// What only an authorization server asks clients and resource servers for.
const FROM_A_PROVIDER: [ProtocolEvent; 6] = [
    ProtocolEvent::CibaNotified,
    ProtocolEvent::CibaPushed,
    ProtocolEvent::ClientMetadataFetched,
    ProtocolEvent::LogoutBackchannel,
    ProtocolEvent::RequestObjectFetched,
    ProtocolEvent::SignalReceived,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// For an issuer, a client, a client that a provider calls, and a resource server.
    fn vantages(rule: VantageRule, direction: Direction) -> [Vantage; 4] {
        [
            (Side::AuthorizationServer, ProtocolEvent::TokenIssued),
            (Side::RelyingParty, ProtocolEvent::CallbackReceived),
            (Side::RelyingParty, ProtocolEvent::LogoutBackchannel),
            (Side::ResourceServer, ProtocolEvent::BearerUsed),
        ]
        .map(|(side, event)| rule.of(direction, side, event))
    }

    #[test]
    fn only_a_sidecars_outbound_side_is_on_the_way_out() {
        let front = [Vantage::IdpIn, Vantage::RpIn, Vantage::RpIn, Vantage::RsIn];
        let out = [Vantage::RpOut, Vantage::RpOut, Vantage::IdpOut, Vantage::RpOut];
        for (node, direction, expected) in [
            ("sidecar~10.0.0.1~app", Direction::Outbound, out),
            ("sidecar~10.0.0.1~app", Direction::Inbound, front),
            ("sidecar~10.0.0.1~app", Direction::Unspecified, front),
            ("router~10.0.0.1~gateway", Direction::Outbound, front),
            ("envoy-1", Direction::Unspecified, front),
            ("envoy-1", Direction::Outbound, front),
        ] {
            assert_eq!(vantages(VantageRule::new(None, Some(node)), direction), expected, "{node} {direction:?}");
        }
        assert_eq!(vantages(VantageRule::new(None, None), Direction::Outbound), front);
        assert_eq!(vantages(VantageRule::new(Some(Vantage::Edge), None), Direction::Outbound), [Vantage::Edge; 4]);
    }
}
