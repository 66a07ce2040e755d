#!/usr/bin/env python3
"""`leasehold verify` over recordings: a simulated history, split as agents would record it.

    verify_test.py LEASEHOLD

What would be caught: recordings that don't fit together and are judged all the same, a planted
violation that passes, a commit dated after the answer that tells of it.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = sys.argv[1]
SECOND = 1_000_000_000
BOOT = "11111111-2222-3333-4444-555555555555"
NOBODY = 4294967295
OFFSET = 1234 * SECOND  # a machine that was up for a while
passed = failed = 0

SETTINGS = {
    "election": {"identity": "x", "leaseDuration": 15 * SECOND, "renewDeadline": None,
                 "retryPeriod": 2 * SECOND, "driftPpm": 2000, "margin": 50_000_000,
                 "clientGoPeers": False, "longestLease": 600 * SECOND, "maxLeaseDuration": None,
                 "believeEndedHolder": False, "seed": 7},
    "storage": {"ha": True, "identity": "x", "format": "fenced", "prefix": "", "fileStore": True,
                "storeNotAtomic": False, "pollPeriod": 30 * SECOND,
                "leaseDuration": 15 * SECOND, "retryPeriod": 2 * SECOND,
                "getTimeout": 5 * SECOND, "putTimeout": 5 * SECOND, "timeoutPerMib": SECOND,
                "listTimeout": 10 * SECOND, "readThroughTimeout": 2 * SECOND,
                "writeDeadline": 120 * SECOND, "retryMin": 200_000_000, "retryMax": 5 * SECOND,
                "largestRequestAge": 60 * SECOND, "leaderReadsMax": 16, "passGetsMax": 4,
                "putsMax": 8, "uploadsMax": 2, "readThroughMax": 16},
}


def check(what, holds, detail=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print(f"FAILED {what}\n{detail}")


def simulated(folder, scenario, seed):
    history = folder / "history.jsonl"
    run = subprocess.run([PROGRAM, "run", scenario, "--seed", str(seed), "--history", history],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return [json.loads(line) for line in history.read_text().splitlines()[1:]]


def shifted(record):
    """The record at the times of a machine's clock."""
    record = json.loads(json.dumps(record))
    record["at"] += OFFSET
    if "clock" in record["of"]:
        record["of"]["clock"]["since"] += OFFSET
    return record


def split(records):
    """Per replica and process a file; the world's records; the declared faults."""
    files = {}
    for record in map(shifted, records):
        kind, of = record["record"], record["of"]
        if kind in ("leaseCommitted", "objectCommitted"):
            of["writer"] = NOBODY
            files.setdefault(("world", 0), []).append(record)
        elif kind in ("faultTookEffect", "pathChanged"):
            files.setdefault(("faults", 0), []).append(record)
        else:
            replica = of["replica"]
            starts = sum(r["record"] == "processStarted"
                         for key in files if key[0] == replica for r in files[key])
            if kind == "processStarted":
                starts += 1
            if kind == "processEnded" and of["cause"] == "crashed":
                continue  # a killed process records nothing
            if kind == "processEnded" and of["cause"] == "runEnded":
                continue
            of["replica"] = 0
            files.setdefault((replica, starts), []).append(record)
    return files


def write(folder, files, settings=SETTINGS, boot=BOOT, cut=()):
    names = []
    for (who, count), records in files.items():
        header = {"format": "leasehold-history", "schemaVersion": 1, "boot": boot}
        if who in ("world", "faults"):
            header["replicas"] = ["replica-0", "replica-1", "replica-2"]
        else:
            header["replicas"] = [f"replica-{who}"]
            header["settings"] = settings
        path = folder / f"{who}-{count}.jsonl"
        text = "".join(json.dumps(line) + "\n" for line in [header] + records)
        path.write_text(text[:-9] if (who, count) in cut else text)
        names.append(str(path))
    return names


def verify(names, *options):
    run = subprocess.run([PROGRAM, "verify", *names, *options], capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def lines_of(text, status):
    return {line.split()[1] for line in text.splitlines() if line.startswith(status + " ")}


def planted_second_leader(files):
    """A follower's gate opens in the midst of another's leadership."""
    for (who, _), records in files.items():
        for record in records:
            late = record["at"] > OFFSET + 40 * SECOND
            if who == 2 and late and record["record"] == "replicaStepped":
                record["of"]["effects"].insert(0, {
                    "type": "gateMoved", "term": 9, "validUntil": record["of"]["monotonic"] + SECOND})
                return


def planted_answer_for_nothing(files):
    """One committed write is acknowledged with an ETag that nobody ever stored."""
    for records in files.values():
        for record in records:
            for effect in record["of"].get("effects", []):
                if effect["type"] == "writeDone" and effect["ack"] == "committed":
                    effect["etag"] = "0" * 16
                    return


def planted_renewal_of_a_stranger(files):
    """A stranger's Lease, which ran out before it was taken, was renewed a second before that."""
    world = files["world", 0]
    for place, record in enumerate(world):
        of = record["of"]
        if record["record"] != "leaseCommitted" or not of["before"] or not of["after"]:
            continue
        stolen, taken = of["before"], of["after"]
        if stolen["record"]["holder"] != "operator" or taken["record"]["holder"] == "operator":
            continue
        assert stolen["version"] + 1 < taken["version"], "no version is left in between"
        renewed = json.loads(json.dumps(stolen))
        renewed["version"] += 1
        renewed["record"]["renewTime"] += 14 * SECOND
        world.insert(place, {**record, "at": record["at"] - SECOND,
                             "of": {**of, "before": stolen, "after": renewed}})
        of["before"] = renewed
        return
    assert False, "nobody took the Lease from a stranger"


def a_stranger_binds(folder):
    """Who holds the Lease and is no agent has no gate to be seen: its record tells how long."""
    records = simulated(folder, "scenarios/operator/holder-stolen.yaml", 1)
    invariant = "lease.taken-only-when-free"
    code, out, err = verify(write(folder, split(records)))
    check("taken after a stranger's lease: pass", code == 0, out + err)
    check(f"taken after a stranger's lease: {invariant}", invariant in lines_of(out, "pass"), out)
    bad = split(records)
    planted_renewal_of_a_stranger(bad)
    code, out, err = verify(write(folder, bad))
    check("taken from a stranger that had renewed: exit 1", code == 1, out + err)
    check(f"taken from a stranger that had renewed: {invariant}",
          invariant in lines_of(out, "VIOLATED"), out)
    check("taken from a stranger that had renewed: says whose it was",
          "'operator' may lead by its record until" in " ".join(out.split()), out)


def grows(names):
    """Agents that record on while their recordings are read: what both readings see is judged."""
    whole = {name: Path(name).read_text().splitlines(keepends=True) for name in names}
    ats = sorted(json.loads(line)["at"] for lines in whole.values() for line in lines[1:])
    half = ats[len(ats) // 2]
    began = {name: "".join(line for line in lines if json.loads(line).get("at", 0) <= half)
             for name, lines in whole.items()}
    spent = 0
    for i in range(13):
        for name in names:
            Path(name).write_text(began[name])
        start = time.monotonic()
        process = subprocess.Popen([PROGRAM, "verify", *names], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        if i == 0:
            still, err = process.communicate()
            spent = time.monotonic() - start
            check("half of it", process.returncode == 0, still + err)
            continue
        time.sleep(spent * i / 13)
        for name in names:
            with open(name, "a") as file:
                file.write("".join(whole[name])[len(began[name]):])
        out, err = process.communicate()
        check(f"grown after {i} thirteenths", process.returncode == 0, out + err)


def main():
    records = None
    unseen = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = simulated(folder, "scenarios/failover/leader-crash.yaml", 7)

        files = split(records)
        code, out, err = verify(write(folder, files), "--timeline")
        check("a good history passes", code == 0, out + err)
        good = lines_of(out, "pass")
        for invariant in ("leader.at-most-one", "lease.taken-only-when-free", "read.one-outcome",
                          "bucket.acknowledged-survives", "bucket.epochs-increase"):
            check(f"{invariant} is judged", invariant in good, out)
        check("the timeline shows the new leader",
              re.search(r"replica-[02] leads, term \d+, after 15\.\d+s without a leader", out), out)
        check("the crash of the killed process is known", "crash replica-1" in out, out)

        without = {key: value for key, value in files.items() if key[0] != "world"}
        code, out, err = verify(write(folder, without))
        check("the agents alone know the Lease and the bucket", code == 0, out + err)

        for lost in (0, 1, 2):
            kept = {key: value for key, value in files.items() if key[0] != lost}
            holders = [r["of"]["after"]["record"]["holder"] for r in kept["world", 0]
                       if r["record"] == "leaseCommitted" and r["of"]["after"]]
            held = [h for h in dict.fromkeys(holders) if h.startswith(f"replica-{lost}")]
            code, out, err = verify(write(folder, kept))
            if not held:
                check(f"without replica-{lost}, which never led: pass", code == 0, out + err)
                continue
            unseen += 1
            check(f"without replica-{lost}, which held the Lease: exit 3", code == 3, out + err)
            check(f"without replica-{lost}: says who", re.search(
                rf"found: {re.escape(held[0])} held the Lease from [\d.]+s to [\d.ms]+",
                " ".join(out.split())), out)
            left_open = lines_of(out, "inconclusive")
            check(f"without replica-{lost}: no verdict over what was not looked at",
                  {"leader.at-most-one", "bucket.linearizable"} <= left_open, out)
            check(f"without replica-{lost}: what one process shows by itself is judged",
                  "read.one-outcome" in lines_of(out, "pass"), out)
            bad = json.loads(json.dumps({str(k): v for k, v in kept.items()}))
            bad = dict(zip(kept, bad.values()))
            planted_answer_for_nothing(bad)
            code, out, err = verify(write(folder, bad))
            check(f"without replica-{lost}: a violation stays one", code == 1, out + err)
        check("both leaders were left out once", unseen == 2, str(unseen))

        code, out, err = verify(write(folder, files, cut={(1, 1)}))
        check("a line that was cut off ends its file", code == 0, out + err)

        for plant, invariant in ((planted_second_leader, "leader.at-most-one"),
                                 (planted_answer_for_nothing, "bucket.acknowledged-survives")):
            bad = split(records)
            plant(bad)
            code, out, err = verify(write(folder, bad))
            check(f"{plant.__name__}: exit 1", code == 1, out + err)
            check(f"{plant.__name__}: {invariant}", invariant in lines_of(out, "VIOLATED"), out)
            check(f"{plant.__name__}: names a file", ".jsonl:" in out, out)

        names = write(folder, files)
        one = Path(names[0])
        text = one.read_text()
        for what, old, new, words in (
                ("another boot", BOOT, BOOT.replace("1", "9"), "another boot"),
                ("other settings", '"retryPeriod": 2000000000', '"retryPeriod": 1000000000',
                 "other settings"),
                ("no boot", f'"boot": "{BOOT}", ', "", "unknown fields"),
                ("no history", '"format": "leasehold-history"', '"format": "x"', "not a history"),
                ("an unknown record", '"record": "replicaStepped"', '"record": "stepped"',
                 "unknown record 'stepped'")):
            assert old in text, what
            one.write_text(text.replace(old, new))
            code, out, err = verify(names[1:] + names[:1])
            check(f"{what}: exit 64", code == 64, out + err)
            check(f"{what}: says so in one line", words in err and err.count("\n") == 1, err)
            check(f"{what}: names the file", one.name in err, err)
        one.write_text(text)
        code, out, err = verify([n for n in names if "world" in n or "faults" in n])
        check("no agent: exit 64", code == 64 and "no agent's recording" in err, err)
        link = folder / "link.jsonl"
        link.symlink_to(one)
        for again in (names[0], str(link)):
            code, out, err = verify([*names, again])
            check("the same recording twice: exit 64", code == 64 and
                  f"{again}: the same recording as {names[0]}" in err and err.count("\n") == 1, err)
        grows(names)
        code, out, err = verify([str(folder / "missing.jsonl")])
        check("a missing file: exit 64", code == 64 and "cannot be opened" in err, err)
    with tempfile.TemporaryDirectory() as name:
        a_stranger_binds(Path(name))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
