#!/usr/bin/env python3
"""After how many runs and seconds an undirected campaign finds each planted bug.

    campaign_table.py play  [--build DIR] [--results FILE] [--jobs N] [--upto N] [--modes M,M] [PATCH...]
    campaign_table.py explore [--spaces A,B] [--faults N] [PATCH...]
    campaign_table.py write [--results FILE]

`play` links one patch after the other into the program, plays it, removes it, and adds a line to the
results for each patch and mode (guided, plain). What has a line already is not played again, unless
the patch or what the space draws has changed since; a campaign that ended at --upto 2000 goes on
from there with --upto 20000. Patches of reports/ and agent/ are in nothing that a campaign plays.
`explore` asks that command, too: how many states it saw with that many faults before it met the bug.
`write` puts the table into tests/mutants/SEARCH.md.

When is a bug found? The program without it fails some of its own runs, and a bug that changes
nothing but the order of draws fails others of the same kind. So a failure counts only if its genome,
played alone, fails again with the bug and passes without it, and

- an invariant that --clean runs of the same mode without a bug never broke, breaks: or
- one that they broke too has broken so often by now that, at their rate, as many failures come by
  chance less than once in a thousand campaigns (Poisson).

The run is the one that completed this. Seconds are of all processes' CPU, in proportion to the runs
of the campaign up to that one.
"""

import argparse
import hashlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = ROOT / "tests/mutants"
PAGE = MUTANTS / "SEARCH.md"
LAST_SEED = 20000
BY_CHANCE = 0.001
# What decides which scenario a seed is.
SPACE = ("sim/search/space.cpp", "sim/search/space.hpp", "sim/search/space_configuration.cpp",
         "sim/search/space_faults.cpp", "sim/search/space_motifs.cpp",
         "sim/search/space_triggers.cpp", "sim/search/guide.cpp")


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def space_id():
    return digest(*((ROOT / name).read_text() for name in SPACE))


def changed_file(patch):
    return re.search(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M).group(1)


def caught_by(patch):
    return re.search(r"^# caught-by: (.+)$", patch.read_text(), re.M).group(1)


def outside(patch):
    """Why no campaign can play it; empty when one can."""
    file = changed_file(patch)
    if not file.startswith(("model/", "sim/")):
        return f"in {file.split('/')[0]}/, which no simulated run has"
    if caught_by(patch) == "inconclusive":
        return "a world that does less: nothing breaks, and `check` is inconclusive"
    return ""


class Clean:
    """The program without a bug: what it breaks by itself, and how often."""

    def __init__(self, program, folder, runs, jobs):
        self.program, self.folder, self.runs, self.jobs = program, folder, runs, jobs
        self.passes, self.counts = {}, {}

    def broken(self, mode):
        """How often each invariant broke, in how many runs."""
        if mode not in self.counts:
            told = Player(self.program, self.folder / f"clean-{mode}", mode, self.jobs)
            told.play(self.runs, lambda failure: False)
            self.counts[mode] = (Counter(invariant(f) for f in told.failures), told.runs)
        return self.counts[mode]

    def passes_alone(self, genome):
        if genome not in self.passes:
            self.passes[genome] = not fails_alone(self.program, genome)
        return self.passes[genome]


def invariant(failure):
    return failure["signature"].split(":")[0]


def fails_alone(program, genome):
    code = subprocess.run([program, "campaign", "--genome", genome, "--no-shrink", "--quiet"],
                          capture_output=True, timeout=600, check=False).returncode
    if code not in (0, 1, 2, 3, 70):
        raise RuntimeError(f"{program}: genome {genome} ends with {code}")
    return code not in (0, 3)


class Player:
    """One campaign, read while it goes on, and gone on with by the next process."""

    def __init__(self, program, folder, mode, jobs):
        self.program, self.folder, self.mode, self.jobs = program, folder, mode, jobs
        self.failures, self.lines, self.runs, self.cpu = [], 0, 0, 0.0
        self.file = folder / "results.ndjson"

    def play(self, upto, found):
        """Until `found` says of a failure that it is the one: that failure, or none by `upto`."""
        spent = self.folder / "cpu"
        if self.file.exists():
            self.cpu = float(spent.read_text())
        words = [self.program, "campaign", "--seeds", f"1..{LAST_SEED}", "--jobs", str(self.jobs),
                 "--out", self.folder, "--no-shrink", "--quiet"]
        words += ["--no-guide"] if self.mode == "plain" else []
        words += ["--resume"] if self.file.exists() else []
        self.folder.mkdir(parents=True, exist_ok=True)
        spent.write_text(str(self.cpu))
        process, first = None, None
        try:
            while True:
                ended = process is None or process.poll_done()
                first = first or self.read(upto, found)
                if first or self.runs >= min(upto, LAST_SEED):
                    return first
                if process is None:
                    process = Process(words)
                elif ended:
                    raise RuntimeError(f"{self.program}: ended after {self.runs} runs: "
                                       f"{process.err()}")
                time.sleep(0.05)
        finally:
            if process:
                self.cpu += process.end()
                spent.write_text(str(self.cpu))

    def read(self, upto, found):
        """Enters the batches that have come; the failure that it was asked for, or none."""
        text = self.file.read_text() if self.file.exists() else ""
        whole = text[:text.rfind("\n") + 1].splitlines()[1:]
        for line in whole[self.lines:]:
            batch = json.loads(line)
            self.lines += 1
            self.runs += batch["runs"]
            for failure in batch["failures"]:
                self.failures.append(failure)
                if failure["run"] <= upto and found(failure):
                    return failure
        return None


class Process:
    """A process whose CPU seconds, with those of its workers, are known at its end."""

    def __init__(self, words):
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.usage = None

    def poll_done(self):
        if self.usage is None:
            pid, _, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.usage = usage
        return self.usage is not None

    def err(self):
        return self.process.stderr.read().decode()

    def end(self):
        if not self.poll_done():
            self.process.send_signal(signal.SIGINT)
            _, _, self.usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.process.stderr.close()
        return self.usage.ru_utime + self.usage.ru_stime


def by_chance(count, expected):
    """The chance of `count` or more where `expected` come in the mean."""
    below, term = 0.0, math.exp(-expected)
    for i in range(count):
        below += term
        term *= expected / (i + 1)
    return max(0.0, 1.0 - below)


def judge_with(program, clean, mode):
    """What Player.play asks of each failure."""
    rates, of_runs = clean.broken(mode)
    seen = Counter()

    def found(failure):
        if not clean.passes_alone(failure["genome"]):
            return False
        name = invariant(failure)
        seen[name] += 1
        if rates[name] and by_chance(seen[name], rates[name] * failure["run"] / of_runs) > BY_CHANCE:
            return False
        return fails_alone(program, failure["genome"])
    return found


def differs(one, other):
    """Anything that a campaign notes of its runs, as far as both were played."""
    lines = [path.read_text().splitlines()[1:] for path in (one, other)]
    return any(a != b for a, b in zip(*lines))


def build_id(program):
    """Of its sources: no campaign of others can be gone on with."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([program, "campaign", "--seeds", "1..1", "--quiet", "--no-shrink", "--out",
                        scratch], capture_output=True, check=False)
        return json.loads(Path(scratch, "results.ndjson").read_text().splitlines()[0])["build"]


def build(patch, folder):
    prefix = "campaign" if caught_by(patch).startswith("unit ") else "leasehold"
    target = f"{prefix}-{patch.stem}"
    done = subprocess.run(["cmake", "--build", folder, "--target", target], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{target}: {done.stdout[-2000:]}")
    return Path(folder, "tests/mutants", target)


def read_results(path):
    """The last line of each patch, mode and reach."""
    rows = {}
    if path.exists():
        for line in path.read_text().splitlines():
            row = json.loads(line)
            rows[row["patch"], row["mode"]] = row
    return rows


def known(rows, patch, mode, upto):
    row = rows.get((patch.stem, mode))
    if not row or row["space"] != space_id() or row["text"] != digest(patch.read_text()):
        return None
    return row if "run" in row or row["upto"] >= upto else None


def play(args):
    rows = read_results(args.results)
    args.results.parent.mkdir(parents=True, exist_ok=True)
    program = Path(args.build, "bin/leasehold").resolve()
    work = args.results.parent / build_id(program)
    clean = Clean(program, work, args.clean, args.jobs)
    patches = args.patches or sorted(MUTANTS.glob("*.patch"))
    for mode in args.modes.split(","):
        for patch in patches:
            if outside(patch) or known(rows, patch, mode, args.upto):
                continue
            other = known(rows, patch, "plain" if mode == "guided" else "guided", 0)
            if args.missed and other and "run" in other:
                continue
            mutant = build(patch, args.build)
            player = Player(mutant, work / f"{patch.stem}-{mode}", mode, args.jobs)
            row = {"patch": patch.stem, "mode": mode, "upto": args.upto, "space": space_id(),
                   "text": digest(patch.read_text())}
            try:
                first = player.play(args.upto, judge_with(mutant, clean, mode))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"{patch.stem}: {error}", file=sys.stderr, flush=True)
                continue
            if first:
                row |= {"run": first["run"], "signature": first["signature"],
                        "genome": first["genome"],
                        "cpu": round(player.cpu * first["run"] / player.runs, 2)}
            else:
                row |= {"cpu": round(player.cpu, 2),
                        "broke": dict(Counter(invariant(f) for f in player.failures))}
                # A plain campaign notes of its runs only how they failed.
                if mode == "guided":
                    row["acts"] = differs(player.file, work / "clean-guided/results.ndjson")
            write_row(args.results, row)
            rows[patch.stem, mode] = row
            print(f"{patch.stem:<42} {mode:<7} "
                  + (f"run {row['run']:>5}  {row['cpu']:>6} s  {row['signature'][:60]}" if first
                     else f"not in {args.upto}  {row['cpu']:>6} s"), flush=True)
            # What only this command asks for is not left on the disk.
            if not args.keep and mutant.name.startswith("campaign-"):
                mutant.unlink()


def explore(args):
    """The spaces of --spaces, or the one that the patch names, with no fault and then with more."""
    rows = read_results(args.results)
    for patch in args.patches or sorted(MUTANTS.glob("*.patch")):
        named = re.search(r"^# explored: (.+)$", patch.read_text(), re.M)
        spaces = args.spaces.split(",") if args.spaces else [named.group(1)] if named else []
        seen = "states" in rows.get((patch.stem, "explore"), {}) and not args.patches
        if not spaces or outside(patch) or seen:
            continue
        mutant = build(patch, args.build)
        row = {"patch": patch.stem, "mode": "explore", "spaces": spaces}
        scratch = args.results.parent / "found.schedule"
        for space in spaces:
            words = [mutant, "explore", *space.split(), "--jobs", "1", "--out", scratch]
            words += ["--faults", str(args.faults)] if args.spaces else []
            scratch.unlink(missing_ok=True)
            try:
                done = subprocess.run(words, capture_output=True, text=True, check=False,
                                      timeout=args.seconds)
            except subprocess.TimeoutExpired:
                continue
            shortest = re.search(r"shortest schedule: (\S+) actions in .* with (\d+) fault",
                                 done.stdout)
            if done.returncode not in (0, 1, 2, 3, 70):
                raise RuntimeError(f"{patch.stem}: explore {space}: {done.stderr}")
            if done.returncode in (0, 3) or not shortest:
                continue
            # The search itself tells its speed and its time, to two digits after the point.
            last = re.findall(r"faults?: ([\d.]+) s, (\d+) states", done.stderr)[-1]
            row |= {"space": space.split()[0], "faults": int(shortest.group(2)),
                    "actions": shortest.group(1), "states": round(float(last[0]) * int(last[1])),
                    "broke": re.findall(r"^(\S+) is violated", done.stdout, re.M)[:1]}
            break
        write_row(args.results, row)
        print(json.dumps(row), flush=True)


def write_row(path, row):
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def cell(row):
    if not row:
        return ""
    if "run" in row:
        return f"{row['run']:,}, {row['cpu']:.1f} s"
    return f"not in {row['upto']:,}" + ("" if row.get("acts", True) else ": never acts")


def states_text(states):
    """The search tells a rate and a time in hundredths: what it saw follows to a hundredth or so."""
    return f"some {float(f'{states:.2g}'):,.0f}" if states >= 1000 else "under 1,000"


def of_page():
    """The cells that the page has now, without those that name where a bug is caught."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {line[0].strip("`"): line[2:] for line in cells}


def cells_of(patch, rows):
    """Guided, plain, what broke first, explored: empty where the results have nothing."""
    both = [known(rows, patch, mode, 0) for mode in ("guided", "plain")]
    found = [row for row in both if row and "run" in row]
    by = invariant(min(found, key=lambda row: row["run"])) if found else ""
    seen = rows.get((patch.stem, "explore"), {})
    explored = (f"`{seen['space']}`, {seen['faults']}: {states_text(seen['states'])}"
                if "states" in seen else "")
    return [cell(both[0]), cell(both[1]), f"`{by}`" if by else "", explored]


def run_of(cell):
    """The run that found it, or none."""
    return int(cell.split(", ")[0].replace(",", "")) if cell[:1].isdigit() else None


def table(rows):
    """What was found, in the order of names, and how many. Where the results have nothing, what the
    page said stays: nobody plays all of it in one day, on one machine."""
    lines, counts, page = [], Counter(), of_page()
    for patch in sorted(MUTANTS.glob("*.patch")):
        why = outside(patch)
        if why:
            counts["outside"] += 1
            lines.append(f"| `{patch.stem}` | outside: {why} | | | | |")
            continue
        cells = cells_of(patch, rows)
        before = page.get(patch.stem, [""] * 4)
        if not any(cells[:3]):
            cells[:3] = before[:3]
        cells[3] = cells[3] or before[3]
        played = [cell for cell in cells[:2] if cell]
        found = [run_of(cell) for cell in played if run_of(cell)]
        counts["asked"] += bool(played)
        counts["never asked"] += not played
        counts["never acts"] += any("never acts" in cell for cell in played)
        counts["2000"] += bool(found) and min(found) <= 2000
        counts["found"] += bool(found)
        named = re.search(r"^# scenario: \S*?([^/]+)\.yaml", patch.read_text(), re.M)
        by_hand = f"`{named.group(1)}`" if named else f"test `{caught_by(patch).split()[-1]}`"
        lines.append(f"| `{patch.stem}` | {by_hand} | {' | '.join(cells)} |")
    return lines, counts


def write(args):
    lines, counts = table(read_results(args.results))
    asked = counts["asked"]
    head = [f"{asked + counts['never asked']} of the {len(lines)} patches can be played "
            f"({counts['outside']} are outside), {asked} were. Within 2,000 runs {counts['2000']} of "
            f"those are found ({100 * counts['2000'] / max(asked, 1):.0f} %), within 20,000, as far as they "
            f"were played on, {counts['found']}. Of the {asked - counts['found']} others "
            f"{counts['never acts']} never act.", "",
            "| planted bug | scenario or test | guided: run, CPU | plain: run, CPU | "
            "broke first | explore: space, faults: states |", "|---|---|---|---|---|---|"]
    text = PAGE.read_text()
    first, last = "<!-- figures -->\n", "<!-- end -->\n"
    before, after = text.split(first)[0], text.split(last)[1]
    PAGE.write_text(before + first + "\n".join(head + lines) + "\n" + last + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("play", "explore", "write"))
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--results", type=Path,
                        default=ROOT / "build/release/campaign-table/results.jsonl")
    parser.add_argument("--upto", type=int, default=2000, help="runs (20000 at most)")
    parser.add_argument("--clean", type=int, default=6000, help="runs without a bug")
    parser.add_argument("--modes", default="guided,plain")
    parser.add_argument("--missed", action="store_true", help="only what the other mode missed")
    parser.add_argument("--spaces", help="explore: A,B,C (default: as the patch says)")
    parser.add_argument("--faults", type=int, default=1, help="explore: at most")
    parser.add_argument("--seconds", type=int, default=60, help="explore: in each space")
    parser.add_argument("--keep", action="store_true", help="the programs too")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("patches", nargs="*", type=Path)
    args = parser.parse_intermixed_args()
    # A campaign that is under way ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    {"play": play, "explore": explore, "write": write}[args.command](args)


if __name__ == "__main__":
    main()
