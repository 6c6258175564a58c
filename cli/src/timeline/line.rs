//! One record as one line, in columns.

use unicode_width::UnicodeWidthStr;

use crate::moment;
use crate::term::Style;
use crate::timeline::entry::{Entry, Outcome};
use crate::timeline::judgement::{Judgement, Problem};
use crate::timeline::look::{Look, pad, pad_left};
use crate::timeline::words::{LONGEST, words};

/// Widths that all lines of an output share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    event: usize,
    client: usize,
    who: usize,
    duration: usize,
}

#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) judgement: &'a Judgement,
    pub(crate) look: &'a Look,
    pub(crate) columns: Columns,
}

impl Columns {
    /// As wide as the widest, within reason.
    pub(crate) fn of<'a>(entries: impl Iterator<Item = &'a Entry>, look: &Look) -> Self {
        let mut columns = Self { event: 0, client: 0, who: 0, duration: 0 };
        for entry in entries {
            columns.event = columns.event.max(event(entry, look).width());
            columns.client = columns.client.max(client(entry, look).width());
            columns.who = columns.who.max(who(entry, look).width());
            columns.duration = columns.duration.max(duration(entry).width());
        }
        // The details get a quarter of a narrow terminal; of what is left the client may take what nobody else needs.
        let most = look.width.saturating_sub(OTHERS + look.width / 4 + columns.event + columns.duration);
        columns.client = columns.client.min(most.saturating_sub(columns.who.min(most / 2)));
        columns.who = columns.who.min(most.saturating_sub(columns.client));
        columns
    }
}

impl Line<'_> {
    pub(crate) fn show(&self) -> String {
        let Self { entry, look, columns, .. } = self;
        let column = |text: String, columns| pad(&look.cut(&text, columns), columns);
        let head = format!("  {}  {} ", moment::clock_millis(entry.at), look.outcome(entry.outcome));
        let duration = look.paint(Style::Faint, &pad_left(&duration(entry), columns.duration));
        let event = column(event(entry, look), columns.event);
        let beside = look.width.saturating_sub(OTHERS + columns.event + columns.duration);
        if entry.is_audit() {
            // No client, nobody: there is room.
            return format!("{head}{event}  {}", look.cut(&self.audit(), beside));
        }
        let (client, who) = (column(client(entry, look), columns.client), column(who(entry, look), columns.who));
        let details = column(self.details(), beside.saturating_sub(columns.client + columns.who));
        let details = match entry.outcome {
            Outcome::Failure => look.paint(self.style(), &details),
            _ => details,
        };
        format!("{head}{event}  {client}  {who}  {details} {duration}")
    }

    fn style(&self) -> Style {
        if self.judgement.problem.is_some_and(Problem::is_serious) { Style::Bad } else { Style::Warning }
    }

    /// Why it failed, or what it was about.
    fn details(&self) -> String {
        let Self { entry, look, .. } = self;
        let failed = matches!(entry.outcome, Outcome::Failure | Outcome::Unknown);
        let mut parts = Vec::new();
        parts.extend(entry.error.as_ref().map(|error| look.fit(error, 40)));
        // `oauth_error` says no more than that there is an error, `interaction` no more than the sign for pending.
        let says_nothing = |reason: &str| match reason {
            "oauth_error" => entry.error.is_some(),
            "interaction" => entry.outcome == Outcome::Pending,
            _ => false,
        };
        let reason = entry.reason.as_ref().filter(|reason| !says_nothing(reason));
        parts.extend(reason.map(|reason| look.fit(&reason.replace('_', " "), 30)));
        if failed {
            parts.extend(entry.status.filter(|status| *status >= 400).map(|status| status.to_string()));
        }
        parts.extend(entry.scope.as_ref().filter(|_| !failed).map(|scope| look.fit(scope, 60)));
        if entry.outcome == Outcome::Success
            && let Some(seconds) = entry.issued.expires_in.filter(|_| entry.event.starts_with("token."))
        {
            parts.push(moment::span(seconds.saturating_mul(1_000)));
        }
        parts.join(look.signs.dot)
    }

    fn audit(&self) -> String {
        let Self { entry, look, .. } = self;
        let Some(audit) = &entry.audit else { return String::new() };
        let mut parts = Vec::new();
        parts.extend(audit.version.as_ref().map(|version| look.fit(version, 20)));
        parts.extend(audit.keys.as_ref().map(|keys| format!("keys {}", look.fit(keys, 20))));
        parts.extend(audit.profile.as_ref().map(|profile| format!("profile {}", look.fit(profile, 20))));
        parts.extend(audit.reason.as_ref().map(|reason| look.fit(reason, 20)));
        parts.extend(audit.records.map(|records| format!("{records} records")));
        let range =
            |[first, last]: &[u64; 2]| if first == last { first.to_string() } else { format!("{first}-{last}") };
        if !audit.lost.is_empty() {
            parts.push(format!("lost {}", audit.lost.iter().map(range).collect::<Vec<_>>().join(", ")));
        }
        let dropped =
            audit.dropped.iter().map(|(what, count)| format!("{count} {} {}", look.signs.times, look.fit(what, 30)));
        parts.extend(dropped);
        parts.join(look.signs.dot)
    }
}

fn event(entry: &Entry, look: &Look) -> String {
    words(entry).map_or_else(|| look.fit(&entry.event, LONGEST), str::to_owned)
}

fn client(entry: &Entry, look: &Look) -> String {
    entry.client.as_ref().map(|client| look.fit(client, CLIENT)).unwrap_or_default()
}

/// The subject; else a name that was given, in parentheses: nobody proved to be that person.
fn who(entry: &Entry, look: &Look) -> String {
    let pseudonym = || entry.who.pseudonyms.first().map(|value| look.pseudonym(value));
    let name = || entry.who.names.first().map(|value| format!("({})", look.pseudonym(value)));
    entry.who.sub.as_ref().map(|sub| look.fit(sub, WHO)).or_else(pseudonym).or_else(name).unwrap_or_default()
}

fn duration(entry: &Entry) -> String {
    match entry.dur_ms {
        Some(millis) if millis < 10_000 => format!("{millis} ms"),
        Some(millis) => moment::span(millis),
        None => String::new(),
    }
}

/// Time, sign and the spaces between the columns.
const OTHERS: usize = 2 + 12 + 2 + 1 + 1 + 2 + 2 + 2 + 1;
const CLIENT: usize = 20;
const WHO: usize = 18;
