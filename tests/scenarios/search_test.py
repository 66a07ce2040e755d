#!/usr/bin/env python3
"""`leasehold shrink`, `replay`, `campaign` and `merge` from outside.

    search_test.py LEASEHOLD [MUTANT...]

What would be caught: a shrunk scenario that fails otherwise or not at all, a capsule that replays
to another digest unnoticed, a campaign whose results depend on how many workers played it or on a
SIGKILL in the middle, shards that unite although they don't match, files that are overwritten.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM, MUTANTS = sys.argv[1], sys.argv[2:]
passed = failed = 0
# Three leaders' faults, two of them beside the point; the frozen clock breaks what no lease holds.
FAILS = """scenario: fails
why: a frozen clock among other troubles
duration: 5m
seeds: 1..20
values:
  kubecostDeployment: {replicas: 5, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
election: {leaseDuration: 14s}
workload: {exportEvery: 10s, preloaded: 3}
faults:
  - {at: 41234ms, crash: follower, for: 8s}
  - {at: 60s, suspend: leader, for: 41s, clock: frozen, as: sleeper}
  - {at: 61s, cut: sleeper, from: [api], for: 77s}
expect: {reached: [takeover-after-expiry]}
"""


def check(what, holds, detail=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print(f"FAILED {what}\n{detail}")


def call(*words, program=PROGRAM, env=None):
    result = subprocess.run([program, *map(str, words)], capture_output=True, text=True,
                            timeout=250, env={**os.environ, **(env or {})})
    return result.returncode, result.stdout, result.stderr


def refused(what, needle, *words, env=None):
    code, out, err = call(*words, env=env)
    check(what, code == 64 and not out and re.search(needle, err), f"{code}\n{out}{err}")


def shrinks(folder):
    """A three-fault failure: its least form fails alike, its capsule replays."""
    file = folder / "fails.yaml"
    file.write_text(FAILS)
    began = time.monotonic()
    code, out, err = call("shrink", file, "--seed", 4, "--out", folder)
    spent = time.monotonic() - began
    check("shrink ends with the failure's code", code == 1, f"{code} {err}")
    least = folder / "fails-least.yaml"
    text = least.read_text()
    check("one fault is left", text.count("  - {") == 1 and "clock: frozen" in text, text)
    check("few lines are left", len(text.splitlines()) <= 10, text)
    check("two replicas are left", "replicas: 2" in text, text)
    check("it says what is least, and how to play it",
          re.search(r"Least .*scenario: fails-least", out) and "leasehold replay" in out, out)
    chain = re.findall(r"event +\d+", out.split("Chain")[1].split("State")[0])
    check("a chain of more than one event", len(chain) > 1, out)
    check("the state at that instant", re.search(r"State +replica-0: ", out), out)
    # Ten seconds on a machine of its own; this one may be busy.
    check("quickly", spent < 60, f"{spent:.1f} s")
    check("an ordinary scenario", call("validate", least)[0] == 0)
    code, again, _ = call("run", least)
    check("it fails in the same invariant", code == 1 and "leader.at-most-one" in again, again)
    capsule = folder / "fails-least.capsule.json"
    code, out, _ = call("replay", capsule)
    check("the capsule replays", code == 1 and "replayed to the digest" in out, out)
    check("it says how to replay it again",
          f"leasehold replay {capsule}\n" in out and "leasehold run" not in out, out)
    before = least.read_bytes()
    refused("nothing is overwritten", "exists already", "shrink", file, "--seed", 4, "--out", folder)
    check("nothing was", least.read_bytes() == before)
    bad_capsules(folder, json.loads(capsule.read_text()), capsule.read_text())


def numbered(folder):
    """A scenario that is called by a ticket's number."""
    file = folder / "007.yaml"
    file.write_text(FAILS.replace("scenario: fails", 'scenario: "007"'))
    code, out, err = call("shrink", file, "--seed", 4, "--out", folder)
    check("it is shrunk", code == 1 and (folder / "007-least.yaml").exists(), out + err)


def bad_capsules(folder, good, text):
    file = folder / "bad.capsule.json"
    for what, needle, content in (
            ("another build", "another build", json.dumps({**good, "build": "0" * 16})),
            ("cut off", "no whole capsule", text[:len(text) // 2]),
            ("of a later format", "format 9", json.dumps({**good, "capsule": 9})),
            ("without a seed", "seed", json.dumps({k: v for k, v in good.items() if k != "seed"})),
            ("with a digest that is none", "sixteen hexadecimal digits",
             json.dumps({**good, "digest": "xyz"})),
            ("with a damaged scenario", "damaged",
             json.dumps({**good, "scenario": good["scenario"].replace("duration", "duratoin")})),
            ("empty", "empty", "")):
        file.write_text(content)
        refused(f"a capsule {what}", needle, "replay", file)
    file.write_text(json.dumps({**good, "digest": "0" * 16}))
    code, out, _ = call("replay", file)
    check("another digest is told", code == 4 and "does not replay" in out and "digest" in out, out)
    refused("no such capsule", "no-such", "replay", folder / "no-such.json")


def nothing_to_shrink(folder):
    refused("a run that passes", "nothing to shrink", "shrink",
            "scenarios/failover/leader-crash.yaml", "--out", folder)
    late = folder / "late.yaml"
    late.write_text(FAILS.replace("fails", "late").split("faults:")[0] +
                    "faults: [{at: 60s, crash: leader, for: 60s}]\n"
                    "expect: {failover: {max: 1ms}}\n")
    refused("a bound that is missed", "seed 1 misses a bound of expect, which is not shrunk",
            "shrink", late, "--out", folder)
    fails = folder / "fails.yaml"
    fails.write_text(FAILS)
    keep = folder / "keep.yaml"
    keep.write_text("mine")
    for place in (keep, keep / "below"):
        code, out, err = call("shrink", fails, "--seed", 4, "--out", place)
        check(f"{place.name} is no folder, and that is told before it shrinks",
              code == 74 and not out and f"{place}: cannot make this folder" in err, f"{out}{err}")
    check("the file stays", keep.read_text() == "mine")
    refused("two files", "one scenario", "shrink", "a.yaml", "b.yaml")
    refused("many seeds", "one seed", "shrink", "a.yaml", "--seed", "1..5")


def campaign(folder, name, *words):
    out = folder / name
    report = folder / f"{name}.json"
    code, text, err = call("campaign", "--out", out, "--json", report, "--quiet", *words)
    check(f"campaign {name} ends by itself", code in (0, 1, 2), f"{code} {text}{err}")
    return (out / "results.ndjson").read_text(), json.loads(report.read_text())


def campaigns(folder):
    """The same for any number of workers, guided and plain, and across a SIGKILL."""
    space = ("--seeds", "1..300", "--families", "stop,watch")
    guided, report = campaign(folder, "guided", *space, "--jobs", 2)
    check("it counts its runs", report["runs"] == 300, report)
    check("it learns", report["features"] > 100, report)
    alone, _ = campaign(folder, "alone", *space, "--jobs", 1)
    check("one worker finds what two find", guided == alone)
    plain, _ = campaign(folder, "plain", *space, "--no-guide", "--jobs", 2)
    check("plain is another campaign", guided.split("\n", 1)[1] != plain.split("\n", 1)[1])
    killed = folder / "killed"
    process = subprocess.Popen([PROGRAM, "campaign", "--out", killed, "--jobs", "2", *space],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    results = killed / "results.ndjson"
    while not results.exists() or results.read_text().count("\n") < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with results.open("a") as file:
        file.write('{"batch": 1, "ru')  # what a kill in the middle of a write leaves
    refused("without --resume they stay", "exists already", "campaign", "--out", killed, *space)
    refused("other seeds are another campaign", r"of other seeds, 1..300, not 1..9\n", "campaign",
            "--out", killed, "--resume", "--seeds", "1..9")
    refused("cut off, they are not united", "line [23]: is cut off", "merge", killed, "--out",
            folder / "none")
    campaign(folder, "killed", *space, "--resume", "--jobs", 2)
    check("resumed, they are the same", results.read_text() == guided)
    interrupted(folder)


def interrupted(folder):
    out = folder / "interrupted"
    process = subprocess.Popen([PROGRAM, "campaign", "--out", out, "--jobs", "2", "--time", "5m"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    results = out / "results.ndjson"
    while not results.exists() or results.read_text().count("\n") < 2:
        time.sleep(0.01)
    before = results.read_text()
    refused("what a campaign writes no other one goes on with", "another process writes it",
            "campaign", "--out", out, "--time", "5m", "--resume")
    check("and it lost nothing", results.read_text().startswith(before))
    process.send_signal(signal.SIGINT)
    text, err = process.communicate(timeout=60)
    check("SIGINT ends it with what is known",
          process.returncode == 130 and "interrupted" in text, f"{process.returncode} {text}{err}")
    check("what was interrupted has not passed", "PASS" not in text, text)


def shards(folder):
    for index in (0, 1):
        code, _, err = call("campaign", "--seeds", "1..100", "--families", "stop", "--out",
                            folder / "job", "--quiet",
                            env={"JOB_COMPLETION_INDEX": str(index), "LEASEHOLD_SHARDS": "2"})
        check(f"shard {index}", code in (0, 1, 2), err)
    one, two = folder / "job/shard-1-of-2", folder / "job/shard-2-of-2"
    code, out, err = call("merge", one, two, one, "--out", folder / "all")
    check("shards unite, each once", code in (0, 1, 2) and "100 runs" in out, out + err)
    code, out, _ = call("merge", one, "--out", folder / "half")
    check("a missing one is told", code == 3 and "shard 2 of 2 is missing" in out, out)
    check("and passes nothing", "PASS" not in out, out)
    begun = folder / "begun"
    shutil.copytree(two, begun)
    file = begun / "results.ndjson"
    file.write_text(file.read_text().split("\n", 1)[0] + "\n")
    report = folder / "begun.json"
    code, out, _ = call("merge", one, begun, "--out", folder / "unfinished", "--json", report)
    check("an unfinished one is told", code == 3 and "is not finished: 0 of 50 runs" in out, out)
    told = json.loads(report.read_text())
    check("and in the report", (told["exitCode"], told["outcome"]) == (3, "inconclusive"), told)
    file.write_text((two / "results.ndjson").read_text()
                    .replace('"simulatedNs":', '"simulatedNs":1', 1))
    refused("two copies that differ", "another copy of shard 2", "merge", one, two, begun, "--out",
            folder / "bad")
    slurm = {"SLURM_ARRAY_TASK_ID": "11", "SLURM_ARRAY_TASK_MIN": "10",
             "SLURM_ARRAY_TASK_COUNT": "2"}
    code, _, _ = call("campaign", "--seeds", "1..100", "--families", "stop", "--out",
                      folder / "slurm", "--quiet", env=slurm)
    check("Slurm's second of two is the Job's",
          (folder / "slurm/shard-2-of-2/results.ndjson").read_text()
          == (two / "results.ndjson").read_text())
    other = folder / "other"
    shutil.copytree(two, other)
    file = other / "results.ndjson"
    file.write_text(file.read_text().replace('"lastSeed":100', '"lastSeed":101', 1))
    refused("shards that don't match", "other seeds", "merge", one, other, "--out", folder / "bad")
    refused("united results stay", "exists already", "merge", one, two, "--out", folder / "all")
    refused("no results", "no such file", "merge", folder, "--out", folder / "bad")
    (one / "least.yaml").write_text("x" * 200_000)
    (one / "report.json").write_text("{}")
    fresh = folder / "fresh"
    code, _, err = call("merge", one, two, "--out", fresh, "--json", fresh / "report.json")
    check("a report may lie in the folder that is made", code in (0, 1, 2) and
          "schemaVersion" in (fresh / "report.json").read_text(), err)
    call("merge", one, two, "--out", folder / "plain")
    check("what a shard says of itself is nobody's report of all",
          sorted(f.name for f in (folder / "plain").iterdir()) == ["least.yaml", "results.ndjson"])
    full = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 300; exec "$@"', "sh", PROGRAM,
                           "merge", one, two, "--out", folder / "full"],
                          capture_output=True, text=True, timeout=100)
    check("a full disk is told, and leaves no results", full.returncode == 74 and
          "internal" not in full.stderr and
          not (folder / "full/results.ndjson").exists(), full.stdout + full.stderr)
    (one / "least.yaml").unlink()
    refused("half of what a Job says", "LEASEHOLD_SHARDS", "campaign",
            env={"JOB_COMPLETION_INDEX": "0"})
    refused("a Slurm array of one that is no number", "SLURM_ARRAY_TASK_ID: .*found 'x'", "campaign",
            env={"SLURM_ARRAY_TASK_ID": "x", "SLURM_ARRAY_TASK_COUNT": "3"})
    refused("an impossible shard", "--shard", "campaign", "--shard", "3/2")
    refused("an impossible family", "did you mean 'crash'", "campaign", "--families", "crahs")
    refused("a family that is like none of them", "families: crash, .*, pods", "campaign",
            "--families", "zzz")
    alone = folder / "alone.yaml"
    alone.write_text(FAILS.split("election:")[0].replace("fails", "alone").replace(
        "replicas: 5, leaderFollower: {enabled: true}", "replicas: 1"))
    refused("families that a base can't have", r"alone.yaml: none of the faults of --families can "
            r"happen in it \(nobody elects\)", "campaign", alone, "--families", "watch,restore")
    refused("an impossible base", "no-such.yaml", "campaign", "no-such.yaml")


def slurm_arrays(folder):
    """Each id of an array is another shard, and a part of an array is not the whole."""
    def env(number, least, count, step=1, last=None, **more):
        said = {"ID": number, "MIN": least, "COUNT": count, "STEP": step, "MAX": last}
        return {**{f"SLURM_ARRAY_TASK_{k}": str(v) for k, v in said.items() if v is not None}, **more}
    one = ("campaign", "--seeds", "1..4", "--families", "stop", "--no-shrink", "--quiet", "--out")
    for i, number in enumerate((0, 2, 4, 6)):
        call(*one, folder / "steps", env=env(number, 0, 4, 2, 6))
        check(f"id {number} of 0-6:2 is shard {i + 1}",
              (folder / f"steps/shard-{i + 1}-of-4/results.ndjson").exists())
    call(*one, folder / "again", env=env(3, 3, 1, LEASEHOLD_SHARDS="4"))
    check("one task alone, of four",
          (folder / "again/shard-3-of-4/results.ndjson").exists())
    before = sorted(folder.rglob("*"))
    for what, needle, said in (
            ("one task alone", "COUNT is 1: submit the same --array again", env(7, 7, 1)),
            ("an id below the least", "ID is 1, expected 3 ids from 5 on", env(1, 5, 3)),
            ("an id between two steps", "ID is 3, expected 4 ids from 0 on in steps of 2",
             env(3, 0, 4, 2)),
            ("no step", "in steps of 0", env(3, 0, 4, 0)),
            ("a list with gaps", "expected 3 ids from 1 on in steps of 1 up to 7", env(2, 1, 3, 1, 7)),
            ("an id that no shard has", "LEASEHOLD_SHARDS: the shard is 9 of 4",
             env(9, 9, 1, LEASEHOLD_SHARDS="4"))):
        refused(f"Slurm: {what}", needle, *one, folder / "bad", env=said)
    check("Slurm: nothing was written", sorted(folder.rglob("*")) == before)


def halves(folder):
    """What nobody played must not pass: half of a campaign can't be gone on with as the whole."""
    space = ("--seeds", "1..600", "--families", "stop", "--no-guide", "--no-shrink", "--quiet")
    call("campaign", *space, "--shard", "1/2", "--out", folder / "sh")
    half, whole = folder / "half", folder / "whole"
    code, out, err = call("merge", folder / "sh/shard-1-of-2", "--out", half)
    check("half is told", code == 3, f"{code} {out}{err}")
    refused("half is not gone on with", "united results of shards can't be gone on with",
            "campaign", *space, "--out", half, "--resume")
    call("campaign", *space, "--out", whole)
    results = whole / "results.ndjson"
    good = results.read_text()
    head, first, rest = good.split("\n", 2)
    failure = {"signature": "x: y", "outcome": "safety", "genome": "0 5", "seed": 5, "run": 5}
    batch = json.loads(first)
    told = batch["passed"]
    for what, needle, change in (
            ("a batch of 44", "line 2: has 44 runs, expected 256",
             {"runs": 44, "passed": 44 - 256 + told}),
            ("a genome that is none", r"line 2: failure \d+: its genome: .*found 'xx'",
             {"genome": "xx"}),
            ("a genome of no base", r"line 2: failure \d+: its genome: .*found 3", {"genome": "3 5"}),
            ("a failure that passed", r"line 2: failure \d+: its outcome is 'pass'",
             {"outcome": "pass"})):
        bad = {**batch, **change} if "runs" in change else {
            **batch, "passed": told - 1, "failures": [*batch["failures"], {**failure, **change}]}
        results.write_text("\n".join((head, json.dumps(bad), rest)))
        before = results.read_bytes()
        refused(f"{what} is not resumed", needle, "campaign", *space[:-2], "--out", whole,
                "--resume")
        check(f"{what} stays as it is", results.read_bytes() == before)
        refused(f"{what} is not united", needle, "merge", whole, "--out", folder / "none")
    check("nothing was united", not (folder / "none").exists())


def begun(folder):
    """What a kill before the first whole line leaves is begun anew; another's file is not."""
    one = ("campaign", "--seeds", "1..2", "--families", "stop", "--no-shrink", "--quiet", "--out")
    call(*one, folder / "good")
    good = (folder / "good/results.ndjson").read_text()
    for size in (0, 1, 20, good.index("\n")):
        out = folder / f"cut-{size}"
        out.mkdir()
        file = out / "results.ndjson"
        file.write_text(good[:size])
        refused("a header that is cut is not gone on with unasked", "exists already", *one, out)
        code, text, err = call(*one, out, "--resume")
        check(f"a header of {size} bytes begins anew", file.read_text() == good, f"{code} {text}{err}")
    file.write_text("mine")
    refused("no header of this campaign", "line 1", *one, out, "--resume")
    check("it stays", file.read_text() == "mine")
    file.write_text("")
    refused("an empty one is not united", "had not begun", "merge", out, "--out", folder / "none")
    file.unlink()
    file.mkdir()  # of all that cannot be read what a test can make of a file of its own
    refused("what cannot be read is not gone on with", "results.ndjson: not a regular file", *one, out,
            "--resume")
    refused("nor united", "results.ndjson: cannot be read", "merge", out, "--out", folder / "none")


def least_files(folder):
    """A least scenario that lies there already is neither lost nor told as this campaign's."""
    for mutant in [m for m in MUTANTS if m.endswith("release-before-gate")]:
        out = folder / "out"
        one = ("campaign", "--seeds", "7..7", "--out", out)
        call(*one, program=mutant)
        least = next(out.glob("*.yaml"))
        capsule = least.with_suffix(".capsule.json")
        written = {file: file.read_bytes() for file in (least, capsule)}
        code, text, _ = call(*one, "--resume", program=mutant)
        check("the same again is told", code == 1 and f": {least}\n" in text and
              "exists already" not in text, text)
        for file in (least, capsule):
            file.write_text("mine")
            (out / "results.ndjson").unlink()
            for words in ((), ("--resume",)):
                code, text, err = call(*one, *words, program=mutant)
                check(f"{file.name} {words} stays", file.read_text() == "mine" and
                      f"note: {file}: exists already and is another one" in text and
                      f": {least}\n" not in text, text + err)
            file.write_bytes(written[file])
        united = folder / "united"
        united.mkdir()
        (united / least.name).write_text("mine")
        refused("a foreign least form is not told as the shards'",
                f"{least.name}: exists already and is not ", "merge", out, "--out", united)
        check("nothing was united", [f.name for f in united.iterdir()] == [least.name])
        for file in (least, capsule):
            file.unlink()
        code, text, err = call("merge", out, "--out", united)
        check("nor where the shards have none", code == 1 and least.name not in text, text + err)


def kept_as_drawn(folder):
    """Without shrinking, what failed is a scenario file that fails by itself, and can be shrunk."""
    for mutant in [m for m in MUTANTS if m.endswith("release-before-gate")]:
        out = folder / "out"
        one = ("campaign", "--seeds", "7..7", "--no-shrink", "--out", out)
        code, text, err = call(*one, program=mutant)
        drawn = [f for f in out.iterdir() if f.suffix != ".ndjson"]
        check("a scenario and nothing else", [f.suffix for f in drawn] == [".yaml"], text + err)
        check("it is told", code == 1 and f": {drawn[0]}\n" in text, text)
        code, text, err = call("run", drawn[0], "--quiet", program=mutant)
        check("it fails by itself", code == 1, text + err)
        call("shrink", drawn[0], "--out", folder / "least", program=mutant)
        least = next((folder / "least").glob("*.yaml"))
        check("and shrinks", len(least.read_text().splitlines()) <
              len(drawn[0].read_text().splitlines()))
        drawn[0].write_text("mine")
        (out / "results.ndjson").unlink()
        code, text, err = call(*one, program=mutant)
        check("another one stays", drawn[0].read_text() == "mine" and
              f"note: {drawn[0]}: exists already and is another one" in text, text + err)


def ended_in_a_batch(folder):
    """A signal or the end of the time in the middle of a batch: what was played counts."""
    slow = folder / "slow.yaml"
    text = FAILS.replace("fails", "slow").replace("replicas: 5", "replicas: 7")
    slow.write_text(text.replace("5m", "40m").split("faults:")[0])
    for name, words, code in (("time", ("--time", "3s"), 0), ("signal", ("--time", "5m"), 130)):
        out, report = folder / name, folder / f"{name}.json"
        began = time.monotonic()
        process = subprocess.Popen(
            [PROGRAM, "campaign", slow, "--families", "stop", "--jobs", "1", "--no-shrink", "--out",
             out, "--json", report, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if name == "signal":
            time.sleep(3)
            process.send_signal(signal.SIGHUP)  # the terminal is closed
        text, err = process.communicate(timeout=120)
        told = json.loads(report.read_text())
        results = out / "results.ndjson"
        lines = [json.loads(line) for line in results.read_text().splitlines()[1:]]
        check(f"{name}: only what was played to its end says so",
              [line for line in lines if "runs" not in line] == [{"end": "time"}] * (name == "time"),
              lines[-1])
        *batches, last = [line for line in lines if "runs" in line]
        alone = call("merge", out, "--out", folder / f"{name}-alone")
        check(f"{name}: united, it is what it was", alone[0] == {"time": 0, "signal": 3}[name] and
              ("ended before its time" in alone[1]) == (name == "signal"), alone)
        whole = sum(batch["runs"] for batch in batches)
        check(f"{name}: at once, with its code", process.returncode == code and
              time.monotonic() - began < 10, f"{process.returncode} {text}{err}")
        check(f"{name}: what was played counts", last.get("unfinished") is True and
              whole + last["runs"] == told["runs"] and
              f"batch, {last['runs']} runs are told: --resume" in text, text)
        failure = {"signature": "x: y", "outcome": "safety", "genome": "1 7", "seed": 7,
                   "run": 256 * len(batches) + 256}
        results.write_text(results.read_text().replace(
            f'"passed":{last["passed"]}', f'"passed":{last["passed"] - 1}').replace(
                '"failures":[]', f'"failures":[{json.dumps(failure)}]'))
        code, text, err = call("merge", out, "--out", folder / f"{name}-united")
        check(f"{name}: what failed in it fails where it is united", code == 1 and "x: y" in text,
              f"{code} {text}{err}")
    campaigned = call("campaign", slow, "--families", "stop", "--no-shrink", "--quiet", "--seeds",
                      "1..2", "--out", folder / "two")
    check("none are left out where nothing ended it", campaigned[0] == 0, campaigned)
    killed = folder / "killed"
    process = subprocess.Popen([PROGRAM, "campaign", "--time", "5m", "--families", "stop", "--quiet",
                                "--out", killed])
    results = killed / "results.ndjson"
    while not results.exists() or results.read_text().count("\n") < 2:
        time.sleep(0.01)
    process.kill()
    process.wait()
    code, text, err = call("merge", killed, "--out", folder / "killed-united")
    check("a time that was cut short by a SIGKILL has not passed", code == 3 and
          "note: shard 1 of 1 was ended before its time was over: " in text, f"{code} {text}{err}")
    code, text, err = call("merge", folder / "killed-united", "--out", folder / "killed-again")
    check("nor where it is united again", code == 3, f"{code} {text}{err}")
    call("campaign", "--time", "1s", "--families", "stop", "--quiet", "--out", killed, "--resume")
    code, text, err = call("merge", killed, "--out", folder / "resumed-united")
    check("gone on with to the end of another time it has", code == 0 and "PASS" in text,
          f"{code} {text}{err}")


def mutants(folder):
    """A planted bug's failure keeps its invariant and the shape of its first wrong step."""
    for mutant in MUTANTS:
        name = Path(mutant).name.removeprefix("leasehold-")
        patch = Path("tests/mutants", name + ".patch").read_text()
        scenario = re.search(r"# scenario: (\S+)", patch).group(1)
        out = folder / name
        code, text, err = call("shrink", scenario, "--seed", 1, "--out", out, program=mutant)
        capsule = json.loads(next(out.glob("*.json")).read_text())
        least = next(out.glob("*.yaml"))
        allowed = re.search(r"# caught-by: (\S+)", patch).group(1)
        also = re.findall(r"# also: (.*)", patch)
        check(f"{name}: the invariant is kept",
              capsule["signature"].split(":")[0] in [allowed, *"".join(also).split(", ")],
              capsule["signature"])
        check(f"{name}: its capsule replays",
              "replayed" in call("replay", next(out.glob("*.json")), program=mutant)[1])
        code, text, _ = call("replay", next(out.glob("*.json")))
        check(f"{name}: without the bug it does not", code == 4 and "does not replay" in text, text)
        check(f"{name}: without the bug the least one breaks nothing",
              "VIOLATED" not in call("run", least)[1])


def documented(folder):
    """What docs/campaigns.md says was handed over is a scenario that its bug breaks."""
    told = re.findall(r"```yaml\n(scenario: (\S+)\n.*?)```", Path("docs/campaigns.md").read_text(), re.S)
    check("two are told", len(told) == 2, told)
    for text, name in told:
        (folder / f"{name}.yaml").write_text(text)
        check(f"{name} is a scenario", call("validate", folder / f"{name}.yaml")[0] == 0)
    for mutant in [m for m in MUTANTS if m.endswith("release-before-gate")]:
        code, out, _ = call("run", folder / f"{told[1][1]}.yaml", "--quiet", program=mutant)
        check(f"{told[1][1]} breaks so", code == 1 and "lease.taken-only-when-free" in out, out)


def genomes(folder):
    """What a guided campaign mutated fails again when it is played alone, by its genome."""
    for mutant in [m for m in MUTANTS if m.endswith("release-before-gate")]:
        call("campaign", "--seeds", "1..600", "--families", "stop,leaseRequests", "--no-shrink",
             "--quiet", "--out", folder / "many", program=mutant)
        lines = (folder / "many/results.ndjson").read_text().splitlines()[1:]
        failure = next(f for line in lines for f in json.loads(line)["failures"]
                       if f["genome"].count(" ") > 1 and f["signature"].startswith("lease."))
        alone = ("campaign", "--genome", failure["genome"], "--families", "stop,leaseRequests",
                 "--no-shrink")
        _, out, _ = call(*alone, program=mutant)
        check("its run alone fails alike", "1 run, " in out and "1 failed" in out and
              failure["signature"] in out and f"genome {failure['genome']}\n" in out, out)
        code, out, _ = call(*alone)
        check("without the bug it passes", code == 0 and "1 passed" in out, out)
    refused("no genome", "expected numbers", "campaign", "--genome", "0 x")
    code, out, err = call("campaign", "--genome", "0 1", "--families", "stop",
                          env={"JOB_COMPLETION_INDEX": "3"})
    check("one run is no shard, also in a Job", code == 0 and "1 run, " in out, out + err)
    refused("a genome of a base", "here 0 as there is none, found 1", "campaign", "--genome", "1 5")
    refused("a genome and seeds", "no meaning", "campaign", "--genome", "0 5", "--seeds", "1..2")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for part in (shrinks, numbered, nothing_to_shrink, campaigns, shards, slurm_arrays, halves, begun,
                     least_files, kept_as_drawn, ended_in_a_batch, mutants, documented, genomes):
            folder = Path(scratch, part.__name__)
            folder.mkdir()
            part(folder)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
