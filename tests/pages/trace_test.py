#!/usr/bin/env python3
"""Perfetto traces, read with Perfetto's own schema, beside the verdict of the same run:
trace_test.py PROGRAM."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from page_checks import ROOT, expect, finish, leasehold, skip

sys.path[:0] = [str(ROOT / "tests" / "live" / "tools"), str(ROOT / "tests" / "scenarios")]
import install  # noqa: E402
import verify_test as recordings  # noqa: E402

RUNS = [("scenarios/failover/leader-crash.yaml", 7, 0),
        ("scenarios/pause/gc-pause-plain-format.yaml", 1, 0),
        ("scenarios/partition/zone-cut.yaml", 1, 0)]
SECOND = 10 ** 9


class Trace:
    """Tracks by path, and what lies on them."""

    def __init__(self, reader, path):
        done = subprocess.run([*map(str, reader), "-P", str(ROOT / "tests/pages/read_trace.py"),
                               str(path)], capture_output=True, text=True, timeout=120, check=True)
        self.raw = json.loads(done.stdout)
        self.tracks = {int(uuid): track for uuid, track in self.raw["tracks"].items()}
        self.events = self.raw["events"]

    def path(self, uuid):
        track = self.tracks[uuid]
        above = self.path(track["parent"]) if track["parent"] else ()
        return (*above, track["name"])

    def slices(self, *end):
        """Of all tracks whose path ends so: (from, to, name, what the beginning carries)."""
        open_, found = {}, []
        for event in self.events:
            if self.path(event["track"])[-len(end):] != end:
                continue
            if event["kind"] == "begin":
                open_.setdefault(event["track"], []).append(event)
            elif event["kind"] == "end":
                begin = open_[event["track"]].pop()
                found.append((begin["at"], event["at"], begin["name"], begin))
        expect("each slice ends", [one for list_ in open_.values() for one in list_], [])
        return sorted(found, key=lambda one: one[:2])

    def instants(self, *end):
        return [event for event in self.events if event["kind"] == "instant"
                and self.path(event["track"])[-len(end):] == end]

    def values(self, *end):
        return [(event["at"], event["value"]) for event in self.events
                if event["kind"] == "counter" and self.path(event["track"])[-len(end):] == end]


def longest_gap(gates):
    """The longest time between two gates of anybody."""
    longest, until = 0, None
    for begin, end, *_ in sorted(gates, key=lambda one: one[:2]):
        if until is not None and begin > until:
            longest = max(longest, begin - until)
        until = max(until or 0, end)
    return longest


def compare(trace, run, replicas):
    """What the trace shows and what the verdict says."""
    expect("no field that the schema has not", trace.raw["unknown"], 0)
    expect("one sequence, from its beginning", (trace.raw["sequences"], trace.raw["cleared"]), ([1], 1))
    expect("in the order of time", [event["at"] for event in trace.events],
           lambda found: found == sorted(found))
    expect("every track is declared", {event["track"] for event in trace.events} - set(trace.tracks),
           set())
    expect("a group of tracks for each replica", {track["name"] for track in trace.tracks.values()},
           lambda found: set(replicas) <= found)
    leads = [one for replica in replicas for one in trace.slices(replica, "role")]
    expect("leaderships", len(leads), run["leaderships"])
    gates = [one for replica in replicas for one in trace.slices(replica, "write gate")]
    expect("the longest gap", longest_gap(gates), max(run["leaderlessNs"], default=0))
    faults = trace.slices("Faults", "Faults")
    kinds = sorted({fault["what"].split()[0] for fault in run["faults"] if fault["tookEffect"]})
    shown = sorted({one[2].split()[0] for one in faults} |
                   {event["name"].split()[0] for event in trace.instants("Faults", "Faults")})
    expect("faults that took effect", shown, kinds)
    for replica in replicas:
        follow_gate(trace, replica)
        for counter in ("pending reads", "writes under way"):
            expect(f"{counter} of {replica}", trace.values(replica, counter),
                   lambda found: all(value >= 0 for _, value in found))
    expect("reads were pending", [value for _, value in trace.values("pending reads")],
           lambda found: found and max(found) > 0)
    check_flows(trace, run)


def follow_gate(trace, replica):
    """The counter is what is left of the gate that lies over it, which a step down may shorten."""
    gates = trace.slices(replica, "write gate")
    values = trace.values(replica, "gate validity")
    for at, left in values:
        over = [gate for gate in gates if gate[0] <= at < gate[1]]
        if left == 0:
            expect(f"{replica}'s gate is shut at {at}", over, [])
        else:
            expect(f"{replica}'s gate has {left} s at {at}", (len(over), 0 < left <= 15.001), (1, True))
    for begin, end, *_ in gates:
        within = [(at, left) for at, left in values if begin <= at < end]
        expect(f"{replica}'s counter begins with its gate", within[0][0], begin)
        at, left = within[-1]
        expect(f"{replica}'s gate lasts no longer than was left", end - at <= left * SECOND + 1000)
        expect("a value for each second", max((b[0] - a[0] for a, b in zip(within, within[1:])),
                                              default=0), lambda found: found <= SECOND)


def check_flows(trace, run):
    """From each request to its answer, by way of what it changed."""
    begun, ended, over = {}, {}, set()
    for event in trace.events:
        for flow in event["flows"]:
            if flow in begun:
                over.add(flow)
                expect("a commit after its request", event["at"] >= begun[flow]["at"])
            else:
                begun[flow] = event
        for flow in event["flowEnds"]:
            expect("one answer for each request", flow not in ended and flow in begun)
            ended[flow] = event
    wanted = run["work"]["leaseRequests"] + run["work"]["bucketRequests"]
    expect("a flow for each request", len(begun), wanted)
    expect("most are answered, and some had an effect", (len(ended) > 0.8 * wanted, len(over) > 5),
           (True, True))
    words = {"lease": "leaseAnswered", "bucket": "bucketAnswered"}
    for flow, answer in ended.items():
        expect("an answer of the same server", answer["name"].split()[0],
               words[begun[flow]["categories"][0]])


def check_verified(reader, directory):
    """The same of recordings of real agents."""
    names = recordings.write(directory, recordings.split(
        recordings.simulated(directory, RUNS[0][0], RUNS[0][1])))
    path, report = directory / "verified.pftrace", directory / "verified.json"
    leasehold("verify", *names, "--trace", path, "--json", report)
    run = json.loads(report.read_text())["scenarios"][0]["runs"][0]
    trace = Trace(reader, path)
    leads = [one for replica in run["replicas"] for one in trace.slices(replica, "role")]
    expect("leaderships of recordings", len(leads), run["leaderships"])


def check_refusals(directory):
    path = directory / "refused"
    for flag in ("--trace", "--mermaid"):
        many = leasehold("run", RUNS[0][0], "--seed", "1..2", flag, path, code=64)
        expect("one run alone", many.stderr, lambda found, flag=flag: flag in found
               and "one file and one seed" in found)
        leasehold("run", RUNS[0][0], flag, directory / "missing" / "x", code=74)
        same = leasehold("run", RUNS[0][0], flag, path, "--json", directory / "." / "refused", code=64)
        expect("one place for two outputs", same.stderr, lambda found: "two outputs" in found)
        (directory / "folder").mkdir(exist_ok=True)
        folder = leasehold("run", RUNS[0][0], flag, directory / "folder", code=74)
        expect("a folder is no file", folder.stderr, lambda found: "folder" in found)
        expect("and nothing was played", folder.stdout, "")
    expect("nothing was written", path.exists(), False)


def main():
    try:
        reader = install.perfetto()
    except install.Unavailable as reason:
        skip(str(reason))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for scenario, seed, code in RUNS:
            path, report = directory / "run.pftrace", directory / "run.json"
            plain = leasehold("run", scenario, "--seed", seed, code=code)
            done = leasehold("run", scenario, "--seed", seed, "--trace", path, "--json", report,
                             code=code)
            expect("the same words with and without a trace", done.stdout, plain.stdout)
            run = json.loads(report.read_text())["scenarios"][0]["runs"][0]
            compare(Trace(reader, path), run, run["replicas"])
            first = path.read_bytes()
            leasehold("run", scenario, "--seed", seed, "--trace", path, code=code)
            expect("the same bytes again", path.read_bytes() == first)
        recorded = directory / "recorded"
        recorded.mkdir()
        check_verified(reader, recorded)
        check_refusals(directory)
    finish()


if __name__ == "__main__":
    main()
