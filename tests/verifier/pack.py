#!/usr/bin/env python3
"""Checks an archive of `oidc-audit pack` without the tool that made it, from docs/pack.md and the pages it names.

    pack.py [--trust MY-COPY.json] [--export FILE|DIR]... AUDIT.zip

Without --export: every sampled record against its proof, the draw of the sample from the list, the counts of the summary against
the list. With --export (JSON lines): the verdict too, and that the list is the export's. Exits with the verdict, 0 to 3, as
`oidc-audit verify` does; with 2 if anything contradicts what the archive says, with 3 if it cannot be read. Needs what verify.py needs.
"""

import argparse
import hashlib
import heapq
import json
import re
import sys
import zipfile
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import verify

COLUMNS = ["id", "ts", "event", "workload", "outcome", "leaf"]
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/@-]{0,255}")
FILES = {"README.txt", "population.tsv", "report.json", "report.txt", "summary.json", "summary.txt", "trust.json"}


def main():
    arguments = read_arguments()
    try:
        archive = Archive(arguments.archive)
        check = Check(archive, json.load(open(arguments.trust)) if arguments.trust else None)
        check.inside()
        if arguments.export:
            check.against(list(lines_of(arguments.export)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        print(f"cannot be read: {type(error).__name__}: {error}")
        return 3
    return check.say(bool(arguments.export), bool(arguments.trust))


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trust")
    parser.add_argument("--export", action="append", default=[])
    parser.add_argument("archive")
    return parser.parse_args()


def lines_of(paths):
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
            yield from open(file, "rb")


class Archive:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        self.summary = self.read_json("summary.json")
        self.report = self.read_json("report.json")
        self.trust = self.read_json("trust.json")
        if self.summary["schema"] != "oidc-audit-pack/1":
            raise ValueError("summary.json is not oidc-audit-pack/1")

    def read_json(self, name):
        return json.loads(self.zip.read(name))

    def population(self):
        with self.zip.open("population.tsv") as rows:
            if next(rows).decode().rstrip("\n").split("\t") != COLUMNS:
                raise ValueError("population.tsv has other columns")
            for row in rows:
                cells = row.decode().rstrip("\n").split("\t")
                if len(cells) != len(COLUMNS):
                    raise ValueError("population.tsv has a row of another length")
                yield dict(zip(COLUMNS, cells))


class Check:
    def __init__(self, archive, own_trust):
        self.archive, self.summary = archive, archive.summary
        self.wrong = []  # contradictions
        self.checked = []  # what held
        self.trust = own_trust or archive.trust
        known = [key for key in archive.trust["keys"] if own_trust is None or key in own_trust["keys"]]
        if len(known) != len(archive.trust["keys"]):
            self.wrong.append("trust.json has keys or bounds that your trust file does not have")
        self.export = verify.Export({}, [], self.trust, verify.Asked(None, None, None, []))

    def holds(self, condition, what):
        """Notes what was checked, and what does not hold."""
        (self.checked if condition else self.wrong).append(what)
        return condition

    # Without the export ----------------------------------------------------------------------------------------

    def inside(self):
        sample = self.summary["sample"]
        files = {entry[name] for entry in sample for name in ("record", "proof") if name in entry}
        names = self.archive.names
        if not self.holds(sorted(names) == sorted(FILES | files), "the archive has the files that the summary names, and no others"):
            return
        self.verdicts()
        self.seed()
        leaves = self.counts_and_draw()
        before = len(self.wrong)
        for entry in sample:
            self.sampled(entry, leaves.get(entry["id"]))
        proven = sum(entry.get("problem") is None for entry in sample)
        if len(self.wrong) == before:
            self.checked.append(f"of {len(sample)} records in the sample, {proven} are what was sealed")

    def verdicts(self):
        summary, report = self.summary, self.archive.report
        shown = any(entry["verdict"] == "tampered" for entry in summary["sample"])
        expected = 2 if shown else report["exit"]
        self.holds(summary["exit"] == expected and summary["verdict"] == verify.VERDICTS[expected], "the verdict of the summary is the report's")
        codes = [verify.code_of(problem) for part in [report, *report["streams"]] for problem in part["problems"]]
        empty = not any(stream["records"] or stream["checkpoints"] for stream in report["streams"])
        self.holds(report["exit"] == (3 if empty and not codes else verify.worst(codes)), "the verdict of the report follows from its problems")
        first = self.archive.zip.read("README.txt").decode().split("\n")[0]
        self.holds(first.startswith(summary["verdict"].upper() + " "), "README.txt begins with the verdict")

    def seed(self):
        seed = self.summary["seed"]
        if seed["from"] != "checkpoint":
            return
        point = verify.Checkpoint(seed["jws"])
        window = self.summary["window"]
        inside = verify.micros(window.get("from", "1970-01-01T00:00:00Z")) <= point.claims["iat"]
        inside = inside and ("to" not in window or point.claims["iat"] <= verify.micros(window["to"]))
        right = seed["text"] == point.digest and seed["checkpoint"] == point.id and inside
        self.holds(right and self.export.doubt(point, {}, set()) != "bad_signature", "the seed is the digest of a checkpoint of the window")

    def counts_and_draw(self):
        kinds, outcomes, hours, leaves, rows = Counter(), Counter(), Counter(), {}, 0
        seed, wanted = self.summary["seed"]["text"], self.summary["sample"]

        def ranked():
            nonlocal rows
            for row in self.archive.population():
                rows += 1
                kinds[row["event"], row["workload"]] += 1
                outcomes[row["outcome"]] += 1
                hours[row["ts"][:13] + ":00:00.000Z"] += 1
                leaves[row["id"]] = row["leaf"]
                yield rank(seed, row["id"]), row["id"]

        drawn = [identity for _, identity in heapq.nsmallest(len(wanted), ranked())]
        summary = self.summary
        self.holds(rows == summary["records"]["listed"] == len(leaves), "the list has as many records as the summary says, each once")
        self.holds(drawn == [entry["id"] for entry in wanted], "the sample is the one that the seed draws from the list")
        said = {(entry["event"], entry["workload"]): entry["records"] for entry in summary["by_event_and_workload"]["counts"]}
        self.same_counts(kinds, said, summary["by_event_and_workload"], "counts by event and workload are the list's")
        self.same_counts(outcomes, summary["by_outcome"]["counts"], summary["by_outcome"], "counts by outcome are the list's")
        said = {entry["hour"]: entry["records"] for entry in summary["coverage"]["hours"] if entry["records"]}
        self.same_counts(hours, said, summary["coverage"], "counts by hour are the list's")
        return leaves

    def same_counts(self, counted, said, section, what):
        others = sum(count for name, count in counted.items() if name not in said)
        same = all(counted[name] == count for name, count in said.items())
        self.holds(same and others == section["left_out"], what)

    def sampled(self, entry, listed):
        """One record of the sample: its bytes, its leaf in the list, its proof."""
        name = entry["id"]
        text = self.archive.zip.read(entry["record"]) if "record" in entry else b"null"
        streams = {}
        verify.take(text.strip(), streams, [])
        stream, _, number = name.partition("-")
        contents = streams[stream].records.get(int(number), set()) if stream in streams else set()
        leaves = {own for content in contents for own in content}
        if listed != entry["leaf"] or not any(verify.tobase64(own) == listed for own in leaves):
            self.wrong.append(f"{name}: the record has the hash of the list")
            return
        found, said = self.problem(entry, stream, int(number), leaves), entry.get("problem")
        verdict = verify.VERDICTS[verify.code_of({"kind": said}) if said else 0]
        if found != said or entry["verdict"] != verdict:
            self.wrong.append(f"{name}: the proof is {said or 'good'}: it is {found or 'good'}")
        elif said:
            self.checked.append(f"{name} is {said}, as the summary says")

    def problem(self, entry, stream, number, leaves):
        """What is wrong with a proof, as docs/record-format.md has it; None if nothing is."""
        if "proof" not in entry:
            return "unsealed"
        proof = self.archive.read_json(entry["proof"])
        point = verify.Checkpoint(proof["jws"])
        claims = point.claims
        covers = point.stream == stream and "first" in claims and claims["first"] <= number <= claims["last"]
        if proof["schema"] != "oidc-audit-proof/1" or proof["id"] != entry["id"] or not covers:
            return "no proof of it"
        doubt = self.export.doubt(point, {}, set())
        at = verify.TAG * (number - claims["first"])
        tag = verify.unbase64(claims["lvs"])[at : at + verify.TAG]
        if doubt == "bad_signature":
            return doubt
        return doubt if any(own[: verify.TAG] == tag for own in leaves) else "edited"

    # With it ---------------------------------------------------------------------------------------------------

    def against(self, lines):
        summary, window = self.summary, self.summary["window"]
        begin, end = (verify.micros(window[name]) if name in window else None for name in ("from", "to"))
        asked = verify.Asked(begin, end, self.archive.report["as_of"] or None, summary["expect"])
        own = verify.verify(lines, self.trust, asked)
        if summary["witnesses"]:
            print("not compared: the verdict, which rests on a witness that is not here; run `oidc-audit verify --witness`")
        else:
            self.holds(judgement(own) == judgement(self.archive.report), "the report is what the second verifier says of the export")
        listed = {row["id"]: row for row in self.archive.population()}
        self.holds(listed == rows_of(lines, begin, end), "the list is the one of the export")

    def say(self, with_export, with_trust):
        summary = self.summary
        code = 2 if self.wrong else summary["exit"]
        verdict = "CONTRADICTED" if self.wrong else summary["verdict"].upper()
        print(f"{verdict}  {summary['records']['listed']} records, {len(summary['sample'])} in the sample")
        for what in self.wrong:
            print(f"  does not hold: {what}")
        for what in self.checked:
            print(f"  holds: {what}")
        if summary["records"]["uncovered"]["count"]:
            print(f"  note: {summary['records']['uncovered']['count']} records of the list are covered by no checkpoint")
        if not with_export:
            print("  not checked: whether the list is complete, and the report: that needs --export")
        print("  not checked: silent hours, changes, lookups and what was dropped: `oidc-audit pack` over the same export tells them again")
        if not with_trust:
            print("  not checked: whether these are the right keys: give your own copy with --trust")
        return code


def rank(seed, identity):
    return hashlib.sha256(seed.encode() + b"\0" + identity.encode()).digest()


def judgement(report):
    """What two verifiers must agree on."""
    lists = [report["problems"], *(stream["problems"] for stream in report["streams"])]
    places = {(entry["kind"], entry.get("id"), entry.get("from"), entry.get("to")) for problems in lists for entry in problems}
    return report["exit"], {stream["stream"]: (stream["verdict"], stream["end"]) for stream in report["streams"]}, places


def rows_of(lines, begin, end):
    """The list of an export: of every id the first record."""
    rows = {}
    for line in lines:
        streams = {}
        if not verify.take(line.strip(b" \t\r\n"), streams, []) or not any(stream.records for stream in streams.values()):
            continue
        value = json.loads(line)
        try:
            at = verify.micros(value["ts"])
        except (KeyError, ValueError, TypeError, AttributeError):
            continue
        if (begin is not None and at < begin) or (end is not None and at > end) or value["id"] in rows:
            continue
        content = next(iter(next(iter(streams.values())).records.values()))
        leaf = verify.tobase64(next(iter(content))[1])
        cells = [value["id"], stamp(at), word(value.get("event")), workload(value), word(value.get("outcome")), leaf]
        rows[value["id"]] = dict(zip(COLUMNS, cells))
    return rows


def stamp(at):
    seconds, rest = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest // 1000:03}Z"


def word(value):
    if not isinstance(value, str):
        return "-"
    return value if WORD.fullmatch(value) else "?"


def workload(record):
    observer = record.get("observer")
    observer = observer if isinstance(observer, dict) else {}
    if "namespace" in observer or "workload" in observer:
        return f"{word(observer.get('namespace'))}/{word(observer.get('workload'))}"
    return word(observer.get("node"))


if __name__ == "__main__":
    sys.exit(main())
