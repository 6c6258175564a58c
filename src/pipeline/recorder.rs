//! From a completed exchange to drafts in the outbox. The page to read top to bottom.

use crate::body::Completeness;
use crate::entropy::Entropy;
use crate::oauth::{
    LinkRole, Observation, Outcome, Policy, ProtocolEvent, ResponseSource, Side, decode, observe, passing_document,
};
use crate::pipeline::counters::{Counters, DropReason, add};
use crate::pipeline::exchange::CompletedExchange;
use crate::pipeline::metadata::{Claim, Effect, FetchSettings, Fetched, Metadata, SharedValue, Taught};
use crate::pipeline::outbox::{Outbox, OutboxSettings};
use crate::pipeline::presence::{Presence, Shared};
use crate::pipeline::uses::{Use, Uses};
use crate::pipeline::vantage::VantageRule;
use crate::record::audit::{self, StopReason};
use crate::record::{Draft, Drafting, Facts, KeyId, Keys, Observer, Origin, Privacy, draft};
use crate::rules::{RuleSettings, evaluate, evaluate_start};
use crate::time::Timestamp;

/// Makes the records of one root context.
#[derive(Debug)]
pub struct Recorder {
    keys: Keys,
    privacy: Privacy,
    observer: Observer,
    vantage: VantageRule,
    rules: RuleSettings,
    statement: Statement,
    /// Whether `audit.start` is written: with the first record, and never by a canary, which makes none.
    started: bool,
    metadata: Metadata,
    presence: Presence,
    uses: Uses,
    outbox: Outbox,
}

/// What a recorder rests on.
#[derive(Debug)]
pub struct RecorderSettings {
    /// Keys of joins and pseudonyms.
    pub keys: Keys,
    /// How much of a person is recorded.
    pub privacy: Privacy,
    /// Which proxy this is.
    pub observer: Observer,
    /// Where it stands.
    pub vantage: VantageRule,
    /// What rules rest on beside the exchange.
    pub rules: RuleSettings,
    /// What `audit.start` says beside these.
    pub statement: Statement,
    /// Issuers whose metadata document and keys are fetched.
    pub fetches: Vec<FetchSettings>,
    /// The queue and the sink.
    pub outbox: OutboxSettings,
}

/// What `audit.start` says of the configuration. No value in it is a secret.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// SHA-256 of the effective configuration with secrets replaced by key ids, hex.
    pub config_digest: String,
    /// JSON pointers of secrets that stand in the configuration itself.
    pub inline_secrets: Vec<String>,
    /// Issuers that are watched.
    pub issuers: Vec<String>,
    /// Id of the configured key that signs checkpoints.
    pub signing_key: Option<KeyId>,
    /// Names of the sinks.
    pub sinks: Vec<String>,
    /// Version of the filter.
    pub version: String,
}

impl Recorder {
    /// Records nothing yet, draws nothing, writes nothing.
    #[must_use]
    pub fn new(settings: RecorderSettings, policy: &Policy) -> Self {
        Self {
            presence: Presence::new(settings.outbox.evidence.beat_seconds),
            outbox: Outbox::new(settings.outbox, settings.observer.clone()),
            metadata: Metadata::new(policy, settings.fetches),
            keys: settings.keys,
            privacy: settings.privacy,
            observer: settings.observer,
            vantage: settings.vantage,
            rules: settings.rules,
            statement: settings.statement,
            started: false,
            uses: Uses::default(),
        }
    }

    /// Records an exchange: what it said becomes drafts in the outbox, and a document that passed by is learned.
    ///
    /// Gives what is to be shared with the other VMs of the process. The exchange, with the secrets in it, ends here.
    pub fn record(
        &mut self,
        policy: &mut Policy,
        exchange: CompletedExchange,
        entropy: &mut dyn Entropy,
    ) -> Vec<Effect> {
        let now = exchange.now();
        policy.grant_checks(now);
        let decoded = decode(policy, &exchange.transcript());
        let observations = observe(policy, &decoded);
        self.count(&exchange, &observations);
        self.draft_all(&exchange, &observations, entropy);
        let passed = passing_document(policy, &decoded);
        let passed = passed.map(|(document, issuer, body)| (document, issuer, body.to_vec()));
        drop(observations);
        drop(decoded);
        drop(exchange);
        let Some((document, issuer, body)) = passed else { return Vec::new() };
        let taught = self.metadata.passed(policy, (issuer, document), &body, now);
        self.taught(taught)
    }

    /// Takes what another VM of the process has learned of an issuer (see [`Policy::unlearned`]), without waiting for the
    /// next tick.
    pub fn catch_up(
        &mut self,
        policy: &mut Policy,
        issuer: usize,
        read: &mut dyn FnMut(&str) -> SharedValue,
        now: Timestamp,
    ) {
        let taught = self.metadata.catch_up(policy, issuer, read, now);
        self.taught(taught);
    }

    /// Looks after metadata and keys: takes what other VMs learned, and asks for what is missing. For every tick.
    ///
    /// `read` gives a shared value of the process. It is called at most four times per issuer, and seldom once all is known.
    pub fn tick(
        &mut self,
        policy: &mut Policy,
        read: &mut dyn FnMut(&str) -> SharedValue,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Vec<Effect> {
        let taught = self.metadata.tick(policy, read, now, entropy);
        taught.into_iter().flat_map(|taught| self.taught(taught)).collect()
    }

    /// Takes the answer to an [`Effect::Fetch`].
    pub fn fetched(
        &mut self,
        policy: &mut Policy,
        fetched: Fetched<'_>,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Vec<Effect> {
        let taught = self.metadata.fetched(policy, fetched, now, entropy);
        self.taught(taught)
    }

    /// Shows the stream's latest acknowledged checkpoint to the other streams of the process, and beats for all of them when it
    /// is its turn. For every tick; before the first acknowledgement it does nothing.
    ///
    /// `read` gives a shared value of the process, `write` writes one unless somebody else has since, and says so.
    pub fn be_present(
        &mut self,
        read: &mut dyn FnMut(&str) -> SharedValue,
        write: &mut dyn FnMut(&Claim) -> bool,
        now: Timestamp,
    ) {
        let Some(head) = self.outbox.acknowledged_head() else { return };
        if let Some(siblings) = self.presence.tick(head, &mut Shared { read, write }, now) {
            self.outbox.beat(siblings);
        }
    }

    /// Takes the stream off what the streams of the process show each other: another one beats from now on.
    pub fn be_absent(&self, read: &mut dyn FnMut(&str) -> SharedValue, write: &mut dyn FnMut(&Claim) -> bool) {
        if let Some(head) = self.outbox.head() {
            Presence::leave(head.stream, &mut Shared { read, write });
        }
    }

    /// Begins the orderly end of the stream; [`Outbox::next`] flushes it.
    pub fn stop(&mut self, reason: StopReason) {
        self.outbox.begin_stop(reason);
    }

    /// Whether nothing is left to send.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.outbox.is_drained()
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.outbox.counters()
    }

    /// The queue, for what goes out and what comes back.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn draft_all(&mut self, exchange: &CompletedExchange, observations: &[Observation<'_>], entropy: &mut dyn Entropy) {
        let mut exchange_id = None;
        let judged = exchange.judged(observations);
        for observation in observations {
            let standing = self.standing(exchange, observation);
            if standing == Use::Counted {
                continue;
            }
            let findings = evaluate(&self.rules, &judged, observation);
            self.outbox.counters_mut().count_findings(&findings);
            let (id, drawn) = *exchange_id.get_or_insert_with(|| draw(entropy));
            let facts = exchange.facts(id);
            let vantage = self.vantage.of(exchange.direction(), observation.side, observation.event);
            let drafting = Drafting { keys: &self.keys, privacy: &self.privacy, observer: &self.observer };
            let draft =
                draft(&drafting, &facts, exchange.request(), exchange.response(), vantage, observation, &findings);
            self.compare_clocks(exchange, &facts, observation, &draft);
            let draft = match standing {
                Use::Next { others, since } => draft.standing_for(others, since),
                Use::Counted | Use::First => draft,
            };
            if drawn {
                self.push(draft, exchange.now());
            } else {
                self.outbox.refuse(draft.class(), DropReason::NoEntropy, exchange.now());
            }
        }
    }

    /// A cache answers with the time of long ago (`Age`), and a client's or an API's own clock is none of the provider's.
    fn compare_clocks(
        &mut self,
        exchange: &CompletedExchange,
        facts: &Facts,
        observation: &Observation<'_>,
        draft: &Draft,
    ) {
        let Some(issuer) = observation.issuer.as_deref() else { return };
        let theirs = observation.side == Side::AuthorizationServer && facts.response_source == ResponseSource::Upstream;
        let issues = matches!(
            observation.event,
            ProtocolEvent::TokenExchanged | ProtocolEvent::TokenIssued | ProtocolEvent::TokenRefreshed
        );
        let iat = draft.record().id_token.as_ref().and_then(|token| token.iat).filter(|_| issues);
        let Some(response) = exchange.response().filter(|_| theirs) else { return };
        if let Some(date) = response.headers.first("date").filter(|_| response.headers.first("age").is_none()) {
            self.outbox.note_clock(issuer, date, iat, (facts.started, facts.ended));
        }
    }

    /// Of the accepted uses of a token only the first in a while is recorded.
    fn standing(&mut self, exchange: &CompletedExchange, observation: &Observation<'_>) -> Use {
        let accepted = observation.event == ProtocolEvent::BearerUsed && observation.outcome == Outcome::Success;
        let token = observation.links.iter().find(|link| link.role == LinkRole::At).filter(|_| accepted);
        let Some(token) = token else { return Use::First };
        let authority = exchange.request().authority().unwrap_or_default();
        let mut evicted = 0;
        let standing = self.uses.offer(token.value.expose(), authority, exchange.now(), &mut evicted);
        let counters = self.outbox.counters_mut();
        add(&mut counters.uses_evicted, evicted);
        add(&mut counters.uses_counted, u64::from(standing == Use::Counted));
        standing
    }

    fn push(&mut self, draft: Draft, now: Timestamp) {
        if !self.started {
            self.started = true;
            let start = self.start(now);
            self.outbox.push(start, now);
        }
        self.outbox.push(draft, now);
    }

    fn start(&mut self, now: Timestamp) -> Draft {
        let findings = evaluate_start(&self.rules, self.keys.origin() == Origin::Ephemeral);
        self.outbox.counters_mut().count_findings(&findings);
        let start = audit::Start {
            config_digest: &self.statement.config_digest,
            inline_secrets: &self.statement.inline_secrets,
            issuers: &self.statement.issuers,
            keys: &self.keys,
            privacy: &self.privacy,
            signing: self.outbox.signing(),
            signing_key: self.statement.signing_key.as_ref(),
            sinks: &self.statement.sinks,
            version: &self.statement.version,
            findings: &findings,
        };
        audit::start(&self.observer, now, &start)
    }

    fn count(&mut self, exchange: &CompletedExchange, observations: &[Observation<'_>]) {
        let counters = self.outbox.counters_mut();
        if exchange.is_truncated() {
            add(&mut counters.bodies_truncated, 1);
        }
        let undecoded = observations
            .iter()
            .map(|observation| &observation.integrity)
            .any(|integrity| [integrity.request_body, integrity.response_body].contains(&Completeness::Undecoded));
        if undecoded {
            add(&mut counters.undecoded, 1);
        }
    }

    fn taught(&mut self, taught: Taught) -> Vec<Effect> {
        let counters = self.outbox.counters_mut();
        add(&mut counters.learned, taught.learned);
        add(&mut counters.metadata_refused, taught.refused);
        taught.effects
    }
}

/// 128 random bits, and whether there were any.
fn draw(entropy: &mut dyn Entropy) -> ([u8; 16], bool) {
    let mut id = [0; 16];
    let drawn = entropy.fill(&mut id).is_ok();
    (id, drawn)
}

#[cfg(test)]
mod tests;
