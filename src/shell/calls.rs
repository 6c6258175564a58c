//! HTTP calls under way: what each is for, and what its answer says. Calls are made from root callbacks only: the SDK
//! books each on the context that is active, and a stream is gone before its answer.

use super::host::{self, HostEntropy};
use crate::http::ResponseHead;
use crate::oauth::Document;
use crate::pipeline::{Delivery, DeliveryId, Outbox, REPLY_PREFIX, Reply};

/// Calls of one root with the host's number of each. They are few: a list is enough.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(u32, Purpose)>);

/// What a call is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// A delivery of records.
    Delivery(DeliveryId),
    /// A document of an issuer, by its index.
    Document(usize, Document),
}

impl Calls {
    /// Sends everything that is due. What the host does not take is settled as failed at once.
    pub(super) fn deliver(&mut self, outbox: &mut Outbox) {
        outbox.set_uptime(host::uptime());
        // The outbox hands out few at a time; the bound is against a loop that a mistake there would make endless.
        for _ in 0..MOST_AT_ONCE {
            let now = host::now();
            let Some(delivery) = outbox.next(now, &mut HostEntropy) else { return };
            match send(&delivery) {
                Some(token) => self.note(token, Purpose::Delivery(delivery.id)),
                None => {
                    outbox.settle(delivery.id, &Reply::Transport, now, &mut HostEntropy);
                }
            }
        }
    }

    /// Notes a call that was taken.
    pub(super) fn note(&mut self, token: u32, purpose: Purpose) {
        self.0.push((token, purpose));
    }

    /// What an answered call was for; `None` for a call that is not ours.
    pub(super) fn take(&mut self, token: u32) -> Option<Purpose> {
        let position = self.0.iter().position(|(noted, _)| *noted == token)?;
        Some(self.0.swap_remove(position).1)
    }
}

/// What came back for a delivery. With no field in the answer there is nothing else to look at: the call was reset after
/// its answer had begun, or its cluster is gone.
pub(super) fn reply(fields: usize) -> Reply {
    let head = if fields == 0 { None } else { host::call_response() };
    let Some(status) = head.as_ref().and_then(ResponseHead::status) else { return Reply::Transport };
    let retry_after = head.and_then(|head| head.headers.first("retry-after").map(<[u8]>::to_vec));
    Reply::Response { status, retry_after, body_prefix: host::call_body(REPLY_PREFIX) }
}

fn send(delivery: &Delivery) -> Option<u32> {
    // The SDK takes references: what is exposed here goes to the sink's cluster and nowhere else.
    let headers = delivery.headers.iter().map(|field| (field.name.as_str(), field.value.expose().as_str())).collect();
    host::call(&delivery.cluster, headers, Some(&delivery.body), delivery.timeout_ms).ok()
}

const MOST_AT_ONCE: usize = 8;
