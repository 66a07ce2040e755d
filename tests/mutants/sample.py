#!/usr/bin/env python3
"""Mutants that a tool drew, not a person: what do `leasehold check` and the tests see of them?

    sample.py draw                          draws the candidates of sample.jsonl anew, seed 1
    sample.py run --build B [--sample N]    plants the first N that compile, one after the other
    sample.py report --build B              score and survivors of what has been run

The sample is the first 200 of sample.jsonl that compile; that list is drawn once and committed
before its first run, so that nobody chooses what is counted.
Each mutant changes one line of one model/**/*.cpp (not of the checkers, model/check: a checker that
judges less is no bug of a replica). That file is compiled alone, and linked before the archive into
`leasehold` and then into the programs of unit tests and transcripts, in B/mutate. `leasehold check`
plays two seeds of the scenarios that have killed most, then of all others; with --full what passes
is played with all their seeds too, one scenario after the other, until one fails. Only what `check`
lets pass meets the unit tests. results.jsonl beside them (or the file of --results) is read again
at the next start: a run that was interrupted goes on. `--again` tries once more what `check` let
pass, after rules or scenarios were added; `--ids 116,150` plays these alone, and anew.

`draw --seed 2 --list FILE` and `run --list FILE --results FILE` play mutants that nobody has seen yet,
of the sources as they are.

A mutant whose object code is that of the original is equivalent by proof. Any other that survives
is counted as missed, unless equivalent.jsonl argues why nothing can tell it from the original.

Exit code 0: all N were run, 3: some were not (--minutes), 64: wrong usage, 77: no network for draw.
"""

import argparse
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = Path(__file__).resolve().parent / "sample.jsonl"
EQUIVALENT = Path(__file__).resolve().parent / "equivalent.jsonl"
TOOL = "universalmutator==1.14.1"
SIZE = 200        # of the sample: the first so many of the candidates that compile
CANDIDATES = 700  # some two in five do
SEED = 1
PROGRAMS = ("storage_machines_test", "replica_test", "leasehold_transcripts", "storage_faults_test",
            "check_test", "election_test", "storage_test")  # quick ones first
QUICK = "1..2"  # seeds of the first look at all scenarios
KILLERS = (1, 4, 16)  # so many scenarios, those that killed most, are played before all others
SECONDS = 10      # of CPU time for those: they need less than one, and a mutant may go round for ever
MEMORY = 1 << 30  # bytes of address space: a mutant may allocate without end


def model_files():
    return sorted(f.relative_to(ROOT).as_posix() for f in (ROOT / "model").rglob("*.cpp")
                  if "check" != f.relative_to(ROOT).parts[1])


# ---- drawing ------------------------------------------------------------------------------------


def tool(folder):
    """The mutation tool, in a virtual environment outside the tree."""
    program = folder / "bin/mutate"
    if not program.is_file():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([str(folder / "bin/pip"), "install", "-q", TOOL], check=True)
        except (OSError, subprocess.CalledProcessError) as failure:
            print(f"sample.py: cannot install {TOOL}: {failure}", file=sys.stderr)
            sys.exit(77)
    return program


def changed_line(original, mutated):
    """(index, text): the line that differs, and what stands in its place."""
    for i, line in enumerate(original):
        if mutated[i] != line:
            rest = len(original) - i - 1
            return i, "".join(mutated[i:len(mutated) - rest])
    return None


def mutants_of(program, file, scratch):
    scratch.mkdir(parents=True, exist_ok=True)
    for old in scratch.iterdir():
        old.unlink()
    subprocess.run([str(program), file, "--noCheck", "--mutantDir", str(scratch)], cwd=ROOT,
                   check=True, stdout=subprocess.DEVNULL)
    original = (ROOT / file).read_text().splitlines(keepends=True)
    found = set()
    for path in scratch.iterdir():
        change = changed_line(original, path.read_text().splitlines(keepends=True))
        if change:
            found.add((file, change[0] + 1, original[change[0]], change[1]))
    return found


def draw(options):
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "leasehold/mutate")
    program = tool(home)
    scratch = home / "scratch"
    found = set()
    for file in model_files():
        found |= mutants_of(program, file, scratch)
        print(f"{len(found):6} mutants after {file}", file=sys.stderr)
    candidates = sorted(found)
    random.Random(options.seed).shuffle(candidates)
    rows = [{"id": i, "file": file, "line": line, "from": old.strip("\n"), "to": new.strip("\n")}
            for i, (file, line, old, new) in enumerate(candidates[:CANDIDATES], 1)]
    print(f"{len(candidates)} mutants; the first {CANDIDATES} in the order of seed {options.seed}",
          file=sys.stderr)
    options.list.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return 0


# ---- planting -----------------------------------------------------------------------------------


class Stale(Exception):
    """The line is no longer there."""


def planted(mutant):
    """The mutated text. Line numbers stay those of the original, and so does the object code where
    nothing else differs."""
    lines = (ROOT / mutant["file"]).read_text().splitlines()
    at = mutant["line"] - 1
    if at >= len(lines) or lines[at] != mutant["from"]:
        same = [i for i, line in enumerate(lines) if line == mutant["from"]]
        if not same:
            raise Stale(f"{mutant['file']}:{mutant['line']} is no longer {mutant['from'].strip()}")
        at = min(same, key=lambda i: abs(i - at))
    lines[at] = mutant["to"] + f"\n#line {at + 2}"
    return f'#line 1 "{mutant["file"]}"\n' + "\n".join(lines) + "\n"


class Bench:
    """Builds and plays mutants in a scratch folder of a build tree."""

    def __init__(self, build):
        self.build = build
        self.folder = build / "mutate"
        self.folder.mkdir(exist_ok=True)
        self.links = {name: self.link_command(name) for name in ("leasehold", *PROGRAMS)}
        self.compiles = {entry["file"]: shlex.split(entry["command"]) for entry in
                         json.loads((build / "compile_commands.json").read_text())}
        self.originals = {}
        self.prefix = None

    def link_command(self, target):
        lines = subprocess.run(["ninja", "-C", str(self.build), "-t", "commands", target],
                               capture_output=True, text=True, check=True).stdout.splitlines()
        # A later command may look for its tests; the linker's is the one that writes the program.
        for line in reversed(lines):
            match = re.search(rf" -o (\S*\b{target})(?= )", line)
            if match:
                out = self.folder / target
                return line[:match.start()] + f" -o {out} {self.folder}/mutant.o" + \
                    line[match.end():].split(" && ")[0].replace(" && :", "")
        raise SystemExit(f"sample.py: no link command of {target} in {self.build}")

    def compile(self, mutant_file, text, out):
        source = self.folder / "mutant.cpp"
        source.write_text(text)
        words = [w for w in self.compiles[str(ROOT / mutant_file)]
                 if w != "-Werror" and not w.endswith("ccache")]
        words = words[:words.index("-o")] + ["-w"]
        if not self.prefix:
            # Three candidates in five do not compile: with the headers read once, that costs little.
            self.prefix = self.folder / "prefix.hpp"
            headers = sorted(f.relative_to(ROOT).as_posix() for f in (ROOT / "model").rglob("*.hpp")
                             if "check" != f.relative_to(ROOT).parts[1])
            self.prefix.write_text("".join(f'#include "{h}"\n' for h in headers))
            subprocess.run(words + ["-x", "c++-header", str(self.prefix), "-o",
                                    f"{self.prefix}.gch"], cwd=self.build, check=True)
        command = words + ["-include", str(self.prefix), "-o", str(out), "-c", str(source)]
        return subprocess.run(command, cwd=self.build, capture_output=True).returncode == 0

    def original(self, file):
        if file not in self.originals:
            out = self.folder / "original.o"
            text = f'#line 1 "{file}"\n' + (ROOT / file).read_text()
            if not self.compile(file, text, out):
                raise SystemExit(f"sample.py: {file} does not compile")
            self.originals[file] = code_of(out)
        return self.originals[file]

    def link(self, target):
        command = self.links[target].removeprefix(": && ")
        subprocess.run(command, shell=True, cwd=self.build, check=True)

    def play(self, words, seconds):
        """The exit code; a signal is negative. `seconds` are of CPU time, so that a busy machine
        kills nothing; what waits for ever is ended ten times later."""
        def limit():
            # A mutant that never ends disturbs nobody. Not on top of what the caller asked for:
            # at 19 a busy machine would never get to it.
            os.setpriority(os.PRIO_PROCESS, 0, max(10, os.getpriority(os.PRIO_PROCESS, 0)))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            return subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=10 * seconds,
                                  preexec_fn=limit).returncode
        except subprocess.TimeoutExpired:
            return "time-out"


def code_of(path):
    """The object without its file name's symbol, which tells the two sources apart."""
    stripped = path.with_suffix(".stripped")
    subprocess.run(["objcopy", "--strip-unneeded", "-R", ".comment", "--strip-symbol=mutant.cpp",
                    str(path), str(stripped)], check=True)
    return stripped.read_bytes()


def scenario_order(results):
    """All scenarios: those that killed most first."""
    kills = {}
    for result in results.values():
        if result.get("caught") == "check":
            kills[result["by"]] = kills.get(result["by"], 0) + 1
    files = sorted(f.relative_to(ROOT).as_posix() for f in (ROOT / "scenarios").rglob("*.yaml"))
    return sorted(files, key=lambda f: (-kills.get(f, 0), f))


def quick_look(bench, program, scenarios, seconds):
    """Which of the scenarios fails at one of the first seeds, if any does. Bounds over all seeds are
    left to the full pass."""
    report = bench.folder / "report.json"
    report.unlink(missing_ok=True)
    code = bench.play([program, "check", *scenarios, "--jobs", "1", "--quiet", "--seed", QUICK,
                       "--json", str(report)], seconds)
    if code == 0:
        return None
    if not report.is_file():
        return {"by": "scenarios", "how": f"exit {code}"}
    bad = [(s["file"], run["outcome"]) for s in json.loads(report.read_text())["scenarios"]
           for run in s["runs"] if run["outcome"] != "pass"]
    if not bad:
        return None
    # A rule that broke says more than a mark that was not reached.
    file, outcome = min(bad, key=lambda b: b[1] == "inconclusive")
    return {"by": file, "how": f"{outcome}, {len({f for f, _ in bad})} of {len(scenarios)} "
                               "scenarios fail"}


def look_of_check(bench, results, full, seconds):
    """What `leasehold check` alone says of the mutant that is linked; None = nothing."""
    program = str(bench.folder / "leasehold")
    order = scenario_order(results)
    bounds = (0, *KILLERS, len(order))
    for begin, end in zip(bounds, bounds[1:]):
        last = end == len(order)
        found = quick_look(bench, program, order[begin:end], seconds if last else SECONDS)
        if found:
            return found
    for scenario in order if full else ():
        code = bench.play([program, "check", scenario, "--jobs", "1", "--quiet"], seconds)
        if code != 0:
            return {"by": scenario, "how": f"exit {code}"}
    return None


def refuse_false_witnesses(bench, seconds):
    """What fails without a mutant would be said to catch each of them."""
    files = sorted(f.relative_to(ROOT).as_posix() for f in (ROOT / "scenarios").rglob("*.yaml"))
    found = quick_look(bench, str(bench.build / "bin/leasehold"), files, seconds)
    if found:
        raise SystemExit(f"sample.py: without a mutant {found['by']} fails: {found['how']}")
    for name in PROGRAMS:
        code = bench.play([str(bench.build / "tests" / name), "--gtest_brief=1"], seconds)
        if code != 0:
            raise SystemExit(f"sample.py: without a mutant {name} fails: exit {code}")


def judge(bench, mutant, results, options):
    """One mutant's row of the results."""
    row = {"id": mutant["id"], "full": options.full}
    try:
        text = planted(mutant)
    except Stale as stale:
        return {**row, "caught": "stale", "how": str(stale)}
    mutated = bench.folder / "mutant.o"
    original = bench.original(mutant["file"])
    if not bench.compile(mutant["file"], text, mutated):
        return {**row, "caught": "compiler"}
    if code_of(mutated) == original:
        return {**row, "caught": "same-code"}
    bench.link("leasehold")
    found = look_of_check(bench, results, options.full, options.seconds)
    if found:
        return {**row, "caught": "check", **found}
    old = results.get(mutant["id"])
    if old is not None and old["caught"] == "unit":
        return {**row, "caught": "unit", "by": old["by"], "how": old["how"]}
    for name in PROGRAMS:
        bench.link(name)
        code = bench.play([str(bench.folder / name), "--gtest_fail_fast", "--gtest_brief=1"],
                          options.seconds)
        if code != 0:
            return {**row, "caught": "unit", "by": name, "how": f"exit {code}"}
    return {**row, "caught": "nobody"}


# ---- results ------------------------------------------------------------------------------------


def read_lines(path):
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def results_of(options):
    return options.results or options.build / "mutate/results.jsonl"


def read_results(options):
    return {row["id"]: row for row in read_lines(results_of(options))}


def share(part, whole):
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")


def compiles(row):
    """It was run, and is one of the sample."""
    return row is not None and row["caught"] != "compiler"


def print_report(sample, results, wanted):
    """Score of check alone, score with the tests, survivors."""
    argued = {row["id"]: row["why"] for row in read_lines(EQUIVALENT)}
    run = [m for m in sample if compiles(results.get(m["id"]))][:wanted]
    by = {m["id"]: results[m["id"]]["caught"] for m in run}
    void = [i for i in by if by[i] in ("same-code", "stale")]
    equal = [i for i in by if by[i] == "nobody" and i in argued]
    judged = [i for i in by if i not in void and i not in equal]
    check = [i for i in judged if by[i] == "check"]
    unit = [i for i in judged if by[i] == "unit"]
    print(f"{len(run)} of {SIZE} mutants were run; {len(void)} have the original's object code, "
          f"{len(equal)} are argued to be equivalent")
    print(f"leasehold check alone          {share(len(check), len(judged))}")
    print(f"with unit tests, transcripts   {share(len(check) + len(unit), len(judged))}")
    for title, wanted in (("Seen by unit tests alone", "unit"), ("Survivors", "nobody")):
        rows = [m for m in run if by[m["id"]] == wanted and m["id"] not in equal]
        print(f"\n{title}: {len(rows)}")
        for m in rows:
            row = results[m["id"]]
            print(f"  {m['id']:3}  {m['file']}:{m['line']}" +
                  (f"   ({row['by']})" if "by" in row else ""))
            print(f"       - {m['from'].strip()}")
            print("       + " + " ".join(m["to"].split()))


def chosen(options, sample):
    """Those of --ids; all of the sample without it."""
    if not options.ids:
        return sample
    unknown = sorted(options.ids - {m["id"] for m in sample})
    if unknown:
        print(f"sample.py: --ids: not in the sample: {unknown}", file=sys.stderr)
        sys.exit(64)
    return [m for m in sample if m["id"] in options.ids]


def run(options):
    sample = read_lines(options.list)
    to_play = chosen(options, sample)
    bench = Bench(options.build.resolve())
    refuse_false_witnesses(bench, options.seconds)
    results = read_results(options)
    log = results_of(options)
    started = time.monotonic()
    done = 0
    for mutant in to_play:
        old = results.get(mutant["id"])
        retry = options.ids or (options.again and old is not None and
                                old["caught"] in ("nobody", "unit"))
        if done == options.sample or (options.minutes and
                                      time.monotonic() - started > options.minutes * 60):
            break
        if old is None or retry:
            began = time.monotonic()
            row = judge(bench, mutant, results, options)
            row["seconds"] = round(time.monotonic() - began, 1)
            results[mutant["id"]] = row
            with log.open("a") as out:
                out.write(json.dumps(row) + "\n")
            print(f"{mutant['id']:3}  {row['caught']:10} {row['seconds']:6} s  "
                  f"{mutant['file']}:{mutant['line']}  {row.get('by', '')} {row.get('how', '')}",
                  flush=True)
        done += compiles(results[mutant["id"]])
    print()
    print_report(sample, results, options.sample)
    return 0 if done == (len(to_play) if options.ids else options.sample) else 3


def ids(text):
    return {int(one) for one in text.split(",")}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("draw", "run", "report"))
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--sample", type=int, default=SIZE, metavar="N")
    parser.add_argument("--results", type=Path, metavar="FILE", help="default: results.jsonl in "
                        "B/mutate")
    parser.add_argument("--again", action="store_true", help="try once more what check let pass")
    parser.add_argument("--ids", type=ids, metavar="N,N", help="play these, and no others")
    parser.add_argument("--full", action="store_true", help="play all seeds of all scenarios")
    parser.add_argument("--minutes", type=float, help="begin no mutant after so long")
    parser.add_argument("--seconds", type=int, default=120,
                        help="one program may take so much CPU time")
    parser.add_argument("--list", type=Path, default=SAMPLE, metavar="FILE",
                        help="draw: written; run, report: read (default: sample.jsonl)")
    parser.add_argument("--seed", type=int, default=SEED, help="draw: the order of candidates")
    options = parser.parse_args()
    if not 1 <= options.sample <= SIZE:
        parser.exit(64, f"sample.py: --sample: expected 1 to {SIZE}, found {options.sample}\n")
    if options.command == "draw":
        return draw(options)
    if options.command == "run":
        return run(options)
    print_report(read_lines(options.list), read_results(options), options.sample)
    return 0


if __name__ == "__main__":
    sys.exit(main())
