#!/usr/bin/env python3
"""A planted bug is caught by the invariant that its patch names.

    run_mutant.py --program P --mutant M --root ROOT PATCH
    run_mutant.py --table BUILD --root ROOT PATCH...

The patch begins with lines of the form `# key: value`:

    # caught-by: leader.at-most-one      the invariant that must be violated in some seed
    # also: bucket.no-stale-commit       others that may be (a comma-separated list; optional);
                                         CHECK = the model may find it itself
    # scenario: scenarios/x/y.yaml       where it shows
    # seeds: 1..20
    # explored: requests                 the space (and --faults N) in which `leasehold explore` must
                                         find it too (optional)
    # why: what the bug is, and which clause of the design it takes away

or, where no scenario has the fault that shows it, of

    # caught-by: unit election_test Trust.SomeTest    the program of unit tests, and its filter
    # why: ...

(`caught-by: inconclusive` plants a world that does less than it says: `leasehold check` of the
scenario and seeds must end with exit code 3, and with 0 without it), whose mutant is that program with the bug linked in: its tests must fail, and pass without it.

The test passes when that invariant is violated in some seed, nothing is violated that isn't named,
and the program without the bug passes the same scenario with the same seeds.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KEYS = {"caught-by", "also", "scenario", "seeds", "explored", "why"}
# What an exploration that found something ends with: safety, liveness, a CHECK.
FOUND = (1, 2, 70)


class Failed(Exception):
    pass


def read_header(patch):
    header, last = {}, None
    for line in patch.read_text().splitlines():
        if line.startswith("--- "):
            break
        match = re.match(r"# ([\w-]+): +(\S.*)$", line)
        if match and match.group(1) in KEYS:
            last = match.group(1)
            if last in header:
                raise Failed(f"{patch.name}: `{last}` stands twice")
            header[last] = match.group(2).strip()
        elif line.startswith("#   ") and last:  # continued
            header[last] += " " + line[1:].strip()
        elif line.strip():
            raise Failed(f"{patch.name}: not a header line: {line}")
    if header.get("caught-by", "").startswith("unit "):
        if header.keys() != {"caught-by", "why"}:
            raise Failed(f"{patch.name}: a bug that unit tests catch has no scenario")
        return header
    missing = KEYS - {"also", "explored"} - header.keys()
    if missing:
        raise Failed(f"{patch.name}: no header line for {', '.join(sorted(missing))}")
    if not re.fullmatch(r"\d+(\.\.\d+)?", header["seeds"]):
        raise Failed(f"{patch.name}: seeds: expected N or A..B, got {header['seeds']}")
    return header


def play(program, root, header):
    """The runs of the report, which must be as many as the seeds."""
    first, _, last = header["seeds"].partition("..")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "out.json")
        result = subprocess.run(
            [program, "run", header["scenario"], "--seed", header["seeds"], "--jobs", "1",
             "--quiet", "--json", str(report)],
            cwd=root, capture_output=True, text=True, timeout=280)
        if not report.is_file():
            raise Failed(f"{program} ended with {result.returncode} and without a report:\n"
                         f"{result.stdout}{result.stderr}")
        runs = [run for scenario in json.loads(report.read_text())["scenarios"]
                for run in scenario["runs"]]
    expected = list(range(int(first), int(last or first) + 1))
    if [run["seed"] for run in runs] != expected:
        raise Failed(f"{program}: the report has seeds {[run['seed'] for run in runs]}")
    return runs


def violated(run):
    ids = {v["id"] for v in run["invariants"] if v["status"] == "violated"}
    if run["outcome"] == "internal":
        ids.add("CHECK")
    return ids


def judge_by_unit_tests(patch, program, mutant, root, tests):
    """The filter's tests run and pass in `program`, and fail in `mutant`."""
    def failed(which):
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch, "out.json")
            subprocess.run([which, f"--gtest_filter={tests}", f"--gtest_output=json:{report}"],
                           cwd=root, capture_output=True, text=True, timeout=280)
            if not report.is_file():
                raise Failed(f"{patch.stem}: {which} left no report")
            ran = [test for suite in json.loads(report.read_text())["testsuites"]
                   for test in suite["testsuite"]]
        return len(ran), [test["name"] for test in ran if test.get("failures")]

    ran, bad = failed(program)
    if not ran or bad:
        raise Failed(f"{patch.stem}: without the bug {tests} runs {ran} tests, failed: {bad}")
    _, caught = failed(mutant)
    if not caught:
        raise Failed(f"{patch.stem}: not caught by {tests}")
    return f"{patch.stem:<44} {'unit tests':<30}    -  {tests}"


def explore(patch, mutant, space):
    """The bug is found by playing every schedule, and the one written down shows it again."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "found.schedule")
        found = subprocess.run([mutant, "explore", *space.split(), "--quiet", "--out", str(file)],
                               capture_output=True, text=True, timeout=280)
        if found.returncode not in FOUND:
            raise Failed(f"{patch.stem}: explore {space} ends with {found.returncode}:\n"
                         f"{found.stdout}{found.stderr}")
        again = subprocess.run([mutant, "explore", "--replay", str(file)], capture_output=True,
                               text=True, timeout=60)
        if again.returncode != found.returncode:
            raise Failed(f"{patch.stem}: replayed, the schedule ends with {again.returncode}")


def judge_weakened(patch, program, mutant, root, header):
    """A world that does less: nothing is violated, and a pass would say something untrue."""
    def code(which):
        return subprocess.run([which, "check", header["scenario"], "--seed", header["seeds"],
                               "--jobs", "1", "--quiet"], cwd=root, capture_output=True,
                              timeout=280).returncode
    if code(program) != 0:
        raise Failed(f"{patch.stem}: the program without the bug fails {header['scenario']}")
    found = code(mutant)
    if found != 3:
        raise Failed(f"{patch.stem}: exit code {found} of {header['scenario']}, expected 3")
    return f"{patch.stem:<44} {'exit 3':<30}    -  {header['scenario']}"


def judge(patch, program, mutant, root):
    header = read_header(patch)
    named = header["caught-by"]
    if named.startswith("unit "):
        _, unit_program, tests = named.split()
        if Path(program).name != unit_program:  # of a table: beside the program of scenarios
            program = str(Path(program).parents[1] / "tests" / unit_program)
        return judge_by_unit_tests(patch, program, mutant, root, tests)
    if named == "inconclusive":
        return judge_weakened(patch, program, mutant, root, header)
    runs = play(program, root, header)
    known = {v["id"] for run in runs for v in run["invariants"]}
    allowed = {named} | {word.strip() for word in header.get("also", "").split(",") if word.strip()}
    if allowed - known - {"CHECK"}:
        raise Failed(f"{patch.stem}: no such invariant: {sorted(allowed - known)}")
    bad = [run["seed"] for run in runs if run["outcome"] != "pass"]
    if bad:
        raise Failed(f"{patch.stem}: the program without the bug fails {header['scenario']} at "
                     f"seeds {bad}")
    broken = {run["seed"]: violated(run) for run in play(mutant, root, header)}
    caught = [seed for seed, ids in broken.items() if named in ids]
    others = sorted(set().union(*broken.values()) - allowed)
    if not caught:
        raise Failed(f"{patch.stem}: not caught by {named} at seeds {header['seeds']} of "
                     f"{header['scenario']}; violated: {others or 'nothing'}")
    if others:
        raise Failed(f"{patch.stem}: caught by {named}, and {others} violated that `# also:` "
                     f"doesn't name")
    if "explored" in header:
        explore(patch, mutant, header["explored"])
    return f"{patch.stem:<44} {named:<30} {caught[0]:>4}  {len(caught)} of {len(broken)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program")
    parser.add_argument("--mutant")
    parser.add_argument("--table", metavar="BUILD")
    parser.add_argument("--root", default=".")
    parser.add_argument("patches", nargs="+", type=Path)
    options = parser.parse_args()
    if options.table:
        program = str(Path(options.table, "bin/leasehold").resolve())
    elif len(options.patches) == 1 and options.program and options.mutant:
        program = options.program
    else:
        parser.error("either --table, or --program and --mutant and one patch")
    print(f"{'planted bug':<44} {'caught by':<30} seed  seeds that show it")
    lost = 0
    for patch in options.patches:
        mutant = options.mutant or str(
            Path(options.table, "tests/mutants", f"leasehold-{patch.stem}").resolve())
        try:
            print(judge(patch, program, mutant, options.root), flush=True)
        except (Failed, OSError, subprocess.TimeoutExpired) as failure:
            print(f"NOT CAUGHT  {failure}", flush=True)
            lost += 1
    print(f"{len(options.patches) - lost} passed, {lost} failed")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
