#!/usr/bin/env python3
"""After how many runs and seconds an undirected campaign finds each planted bug.

    campaign_table.py --program LEASEHOLD --mutants FOLDER [--runs N] [--jobs N] [PATCH...]

A bug is found by the first run whose failure the program without it has not: in plain campaigns a
seed that fails with the bug alone, in guided ones a signature that the other campaign lacks (its
corpus differs from then on). Bugs that unit tests alone catch, and worlds that do less than they
say, are played too: the table says of each what was found, and of how many runs it was not.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path


def campaign(program, runs, jobs, guided):
    """The failures of each batch, and when the results had grown to so many runs."""
    with tempfile.TemporaryDirectory() as scratch:
        words = [program, "campaign", "--seeds", f"1..{runs}", "--jobs", str(jobs), "--out", scratch,
                 "--no-shrink", "--quiet"] + ([] if guided else ["--no-guide"])
        began = time.monotonic()
        subprocess.run(words, capture_output=True, timeout=3600, check=False)
        spent = time.monotonic() - began
        lines = Path(scratch, "results.ndjson").read_text().splitlines()[1:]
    return [f for line in lines for f in json.loads(line)["failures"]], spent


def found(failures, clean, guided):
    """The run that found it; none."""
    if guided:
        known = {f["signature"] for f in clean}
        new = [f for f in failures if f["signature"] not in known]
    else:
        known = {f["genome"] for f in clean}
        new = [f for f in failures if f["genome"] not in known]
    return min(new, key=lambda f: f["run"], default=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--mutants", required=True, type=Path)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="no guided campaigns")
    parser.add_argument("patches", nargs="*", type=Path)
    args = parser.parse_args()
    patches = args.patches or sorted(Path("tests/mutants").glob("*.patch"))
    modes = (False,) if args.plain else (False, True)
    clean = {guided: campaign(args.program, args.runs, args.jobs, guided) for guided in modes}
    names = {False: "plain", True: "guided"}
    for guided in modes:
        print(f"without a bug, {names[guided]}: {len(clean[guided][0])} failures in {args.runs} "
              f"runs, {clean[guided][1]:.0f} s", flush=True)
    print("| planted bug | " + " | ".join(f"{names[m]}: run, seconds" for m in modes) + " | by |\n|"
          + "---|" * (len(modes) + 2))
    counts = {False: 0, True: 0}
    played = 0
    for patch in patches:
        mutant = args.mutants / f"leasehold-{patch.stem}"
        if not mutant.exists() or "# caught-by: unit" in patch.read_text():
            continue  # not built, or built into a program of tests
        cells, by, played = [], "", played + 1
        for guided in modes:
            failures, spent = campaign(mutant, args.runs, args.jobs, guided)
            first = found(failures, clean[guided][0], guided)
            counts[guided] += first is not None
            by = by or (first["signature"].split(":")[0] if first else "")
            cells.append(f"{first['run']}, {spent * first['run'] / args.runs:.1f}" if first
                         else f"not in {args.runs}")
        print(f"| `{patch.stem}` | {' | '.join(cells)} | {f'`{by}`' if by else ''} |", flush=True)
    print(f"\n{played} played: " + ", ".join(f"{counts[m]} found {names[m]}" for m in modes))


if __name__ == "__main__":
    main()
