//! The first lines: at most twelve, for somebody who will read no further.

use std::io::{self, Write};

use oidc_audit::time::Timestamp;

use crate::moment;
use crate::reader::Tally;
use crate::term::Style;
use crate::timeline::flow::Unseen;
use crate::timeline::look::{Look, pad, remaining};
use crate::timeline::report::{Absent, Report};
use crate::timeline::trail::KeyOrigin;

/// What the command line adds.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// `--client web`, as typed; empty where nothing was filtered.
    pub(crate) filters: &'a str,
    /// What to type next.
    pub(crate) next: &'a str,
}

/// One row: a name, and what fits after it.
struct Row {
    name: &'static str,
    parts: Vec<Part>,
}

struct Part {
    text: String,
    style: Option<Style>,
}

pub(crate) fn write(to: &mut dyn Write, report: &Report, frame: &Frame<'_>, look: &Look) -> io::Result<()> {
    let keys = ephemeral_keys(report);
    let mut rows = vec![title(report, frame, look), trust(report, look)];
    let rest = [window(report, look), worst(report, look), live(report), unseen(report), drops(report, look)];
    rows.extend(rest.into_iter().filter(|row| !row.parts.is_empty()));
    rows.push(Row { name: "Next", parts: vec![Part::plain(look.text(frame.next))] });
    let mut spare = MOST_LINES.saturating_sub(keys.len() + rows.len());
    for (number, row) in rows.iter().enumerate() {
        let lines = row.wrap(look, 1 + spare.min(MOST_SPARE));
        spare = spare.saturating_sub(lines.len().saturating_sub(1));
        for line in lines {
            writeln!(to, "{line}")?;
        }
        if number == 1 {
            for line in &keys {
                writeln!(to, "{}{line}", " ".repeat(NAME))?;
            }
        }
    }
    Ok(())
}

/// Nothing was there to read, which is no failure.
pub(crate) fn write_empty(to: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let files = many(tally.files, "file");
    writeln!(to, "No records: {files} read, nothing in {}.", if tally.files == 1 { "it" } else { "them" })?;
    writeln!(to, "A proxy writes its first record, audit.start, with the first OpenID Connect exchange that it sees.")
}

impl Row {
    /// The parts in at most `most` lines; what does not fit is counted, and is in the JSON. The first part is never left out.
    fn wrap(&self, look: &Look, most: usize) -> Vec<String> {
        let room = look.width.saturating_sub(NAME).max(20);
        let mut lines = vec![String::new()];
        let mut used = 0;
        for (number, part) in self.parts.iter().enumerate() {
            let left = self.parts.len() - number;
            let more = format!("{}+{left} more", look.signs.dot);
            let width = width(&part.text) + if used == 0 { 0 } else { width(look.signs.dot) };
            let is_last_line = lines.len() == most;
            let reserved = if is_last_line && left > 1 { self::width(&more) } else { 0 };
            if used > 0 && used + width + reserved > room {
                if is_last_line {
                    push(&mut lines, &more);
                    break;
                }
                lines.push(String::new());
                used = 0;
            }
            if used > 0 {
                push(&mut lines, look.signs.dot);
            }
            push(&mut lines, &part.show(look));
            used += if used == 0 { self::width(&part.text) } else { width };
        }
        let name = look.paint(Style::Strong, &pad(self.name, NAME));
        let indent = " ".repeat(NAME);
        let head = |(number, line)| format!("{}{line}", if number == 0 { &name } else { &indent });
        lines.into_iter().enumerate().map(head).collect()
    }
}

impl Part {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: None }
    }

    fn styled(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Some(style) }
    }

    fn show(&self, look: &Look) -> String {
        self.style.map_or_else(|| self.text.clone(), |style| look.paint(style, &self.text))
    }
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn title(report: &Report, frame: &Frame<'_>, look: &Look) -> Row {
    let records = u64::try_from(report.entries.len()).unwrap_or(u64::MAX);
    let flows = u64::try_from(report.flows_in_all).unwrap_or(u64::MAX);
    let streams = u64::try_from(report.trail.streams.len()).unwrap_or(u64::MAX);
    let mut parts = vec![Part::plain(format!(
        "{} in {} from {}",
        many(records, "record"),
        many(flows, "flow"),
        many(streams, "stream")
    ))];
    if !frame.filters.is_empty() {
        let text = format!("showing {} with {}", many_of(report.flows.len(), "flow"), look.text(frame.filters));
        parts.insert(0, Part::styled(Style::Warning, text));
    }
    Row { name: "Timeline", parts }
}

/// What holds of all records, then what speaks against these, the worst first.
fn trust(report: &Report, look: &Look) -> Row {
    let (trail, tally) = (&report.trail, &report.tally);
    let mut parts = Vec::new();
    let mut say = |style, count: u64, text: String| {
        if count > 0 {
            parts.push(Part::styled(style, text));
        }
    };
    let conflicts = u64::try_from(tally.conflicts.len()).unwrap_or(u64::MAX);
    say(Style::Bad, conflicts, format!("{} in CONFLICT", many(conflicts, "id")));
    let undeclared = trail.undeclared();
    say(Style::Bad, undeclared, format!("{} MISSING", many(undeclared, "record")));
    say(Style::Bad, trail.undead(), format!("{} after its end", many(trail.undead(), "stream")));
    say(Style::Bad, trail.unaudited, format!("{} UNAUDITED", many(trail.unaudited, "proxy start")));
    say(Style::Warning, trail.declared(), format!("{} declared lost", trail.declared()));
    if let Some(skew) = trail.skew {
        say(Style::Warning, 1, format!("clocks differ by {} or more", moment::span(skew.millis)));
    }
    let silent = u64::try_from(trail.silent().count()).unwrap_or(u64::MAX);
    if let Some(last) = trail.silent().map(|stream| stream.to).max() {
        let of = many_of(trail.streams.len(), "stream");
        let since = report.window().map_or_else(|| moment::clock(last), |(_, to)| moment::clock_beside(last, to));
        say(Style::Warning, silent, format!("{silent} of {of} silent since {since}"));
    }
    say(Style::Warning, trail.headless(), format!("beginning of {} not here", many(trail.headless(), "stream")));
    let strangers = tally.strangers();
    let place = tally.first_strange.as_ref().map(|place| format!(" ({}:{})", look.text(&place.file), place.line));
    say(Style::Warning, strangers, format!("{} no record{}", many(strangers, "line"), place.unwrap_or_default()));
    say(Style::Faint, tally.torn, format!("{} torn", many(tally.torn, "last line")));
    say(Style::Faint, tally.duplicates, format!("{} removed", many(tally.duplicates, "duplicate")));
    let sealed = match tally.checkpoints {
        0 => "unsigned".to_owned(),
        count => format!("{}, not verified", many(count, "checkpoint")),
    };
    let mut all = vec![Part::styled(Style::Warning, sealed)];
    if undeclared == 0 && trail.declared() == 0 {
        all.push(Part::styled(Style::Good, "no gaps"));
    }
    if trail.keys == KeyOrigin::Configured {
        parts.push(Part::plain("keys configured"));
    }
    all.append(&mut parts);
    Row { name: "Trust", parts: all }
}

/// Without keys of their own, two processes make two hashes of one value.
fn ephemeral_keys(report: &Report) -> Vec<String> {
    if report.trail.keys != KeyOrigin::Ephemeral {
        return Vec::new();
    }
    let first = r#""keys": {"join": {"current": {"env": "OIDC_AUDIT_JOIN_KEY", "id": "k1"}},"#;
    let second = r#"         "pseudonym": {"current": {"env": "OIDC_AUDIT_PSEUDONYM_KEY", "id": "k1"}}}"#;
    let about = "keys ephemeral: flows end with their process; `oidc-audit keygen`, then configure";
    [about, first, second].map(str::to_owned).into()
}

fn window(report: &Report, look: &Look) -> Row {
    let Some((from, to)) = report.window() else { return Row { name: "Window", parts: Vec::new() } };
    let dash = look.signs.to;
    let utc = format!("{} {}{dash}{} UTC", moment::date(from), moment::clock(from), moment::clock_beside(to, from));
    let here = |at| {
        let (day, clock, zone) = moment::local(at, &look.zone);
        // The day is said where it is not that of the other clock.
        let day = if day == moment::date(at) { String::new() } else { format!("{} ", day.get(5..).unwrap_or(&day)) };
        (format!("{day}{clock}"), zone)
    };
    let ((start, _), (end, zone)) = (here(from), here(to));
    let local = format!("{start}{dash}{end} {} here", look.text(&zone));
    Row { name: "Window", parts: [utc, local].map(Part::plain).into() }
}

fn worst(report: &Report, look: &Look) -> Row {
    let Some((flow, problem, entry)) = report.worst() else {
        let text = if report.flows.is_empty() { "nothing to show" } else { "nothing that went wrong" };
        return Row { name: "Worst", parts: vec![Part::styled(Style::Good, text)] };
    };
    let style = if problem.is_serious() { Style::Bad } else { Style::Warning };
    let error = entry.error.as_ref().map(|error| format!(": {}", look.fit(error, 30))).unwrap_or_default();
    let mut parts = vec![Part::styled(style, format!("{}{error}", problem.words()))];
    parts.push(Part::plain(format!("flow {}", look.fit(&flow.short_id(), 30))));
    parts.extend(entry.client.as_ref().map(|client| Part::plain(look.fit(client, 30))));
    let (from, _) = report.window().unwrap_or((entry.at, entry.at));
    parts.push(Part::plain(moment::clock_beside(entry.at, from)));
    let others = report.problems.iter().filter_map(|(other, count)| {
        let left = count.saturating_sub(u64::from(*other == problem));
        (left > 0).then(|| format!("{left} {} {}", look.signs.times, other.words()))
    });
    let also = |(number, text): (usize, String)| if number == 0 { format!("also {text}") } else { text };
    parts.extend(others.enumerate().map(also).map(Part::plain));
    Row { name: "Worst", parts }
}

fn live(report: &Report) -> Row {
    let (live, now) = (&report.live, report.as_of);
    if live.flows == 0 {
        return Row { name: "Live", parts: Vec::new() };
    }
    let until = |end: Option<Timestamp>, unknown: u64| match (end, unknown) {
        (Some(end), 0) => format!(" until {} ({})", moment::clock_beside(end, now), remaining(end, now)),
        (Some(_), unknown) => format!(", {unknown} end unknown"),
        (None, _) => ", end unknown".to_owned(),
    };
    let tokens = |count: u64, what, end, without| match count {
        0 => Part::plain(format!("no {what}")),
        _ => Part::styled(Style::Warning, format!("{}{}", many(count, what), until(end, without))),
    };
    let mut parts = vec![
        tokens(live.access_tokens, "access token", live.access_until, live.access_without_end),
        tokens(live.refresh_tokens, "refresh token", live.refresh_until, live.refresh_without_end),
    ];
    if live.after_logout > 0 {
        parts.push(Part::styled(Style::Warning, format!("{} of them after a logout", live.after_logout)));
    }
    parts.push(Part::plain(match (live.logged_out, live.logout_requested) {
        (0, 0) => "no logout seen".to_owned(),
        (0, requested) => format!("{} requested, none completed", many(requested, "logout")),
        (count, _) => format!("{count} of {} logged out", many(live.flows, "flow")),
    }));
    parts.push(Part::plain(match live.revoked {
        0 => "no revocation seen".to_owned(),
        count => format!("{} revoked", many(count, "token")),
    }));
    Row { name: "Live", parts }
}

fn unseen(report: &Report) -> Row {
    // Logout and revocation are said with what is live.
    let said = [Absent::Logout, Absent::Revocation];
    let absent = report.absent.iter().filter(|what| !said.contains(what)).map(|what| Part::plain(what.words()));
    let missing = report.unseen.iter().map(|(what, count)| {
        let text = match what {
            Unseen::Answer => format!("the answer to {}", many(*count, "login request")),
            Unseen::Redemption => format!("what became of {}", many(*count, "code")),
            Unseen::Login => format!("the login before {}", many(*count, "code")),
        };
        Part::plain(text)
    });
    Row { name: "Not seen", parts: missing.chain(absent).collect() }
}

fn drops(report: &Report, look: &Look) -> Row {
    let drops = &report.trail.drops;
    if drops.total == 0 {
        return Row { name: "Drops", parts: vec![Part::plain("none declared")] };
    }
    let mut parts = vec![Part::styled(Style::Warning, format!("{} declared", many(drops.total, "event")))];
    if let Some((first, last)) = drops.window {
        parts.push(Part::plain(format!(
            "{}{}{} UTC",
            moment::clock(first),
            look.signs.to,
            moment::clock_beside(last, first)
        )));
    }
    parts.extend(drops.by.iter().map(|(what, count)| Part::plain(format!("{count} {}", look.fit(what, 30)))));
    Row { name: "Drops", parts }
}

/// `1 flow`, `2 flows`.
pub(crate) fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn many_of(count: usize, what: &str) -> String {
    many(u64::try_from(count).unwrap_or(u64::MAX), what)
}

/// Columns of the names of rows.
const NAME: usize = 10;
const MOST_LINES: usize = 12;
/// Of one row, beyond its first.
const MOST_SPARE: usize = 2;
