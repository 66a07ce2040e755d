#!/usr/bin/env python3
"""The simulated figures of sim/peers/README.md's table of electors are what the scenarios give.

    electors_table.py ROOT PROGRAM [--rewrite]

A cell of the table reads `18.3 s (17.4 s)`: measured, and in brackets simulated, of the scenario
scenarios/electors/ELECTOR-SCHEDULE.yaml. The failover is the median over its seeds, and the time
with two leaders the longest of them: at once inside two write gates; after SIGSTOP, from SIGCONT on.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = {  # how the first cell begins: the elector in the scenario's name
    "client-go": "client-go", "fabric8": "fabric8", "official Java": "official-java",
    "official Python": "python", "kubert": "kubert",
    "kube-leader-election": "kube-leader-election", "leasehold": "leasehold",
}
COLUMNS = ("crash", "black-hole", "paused", "blanked")  # after the first
TABLE = re.compile(r"<!-- electors -->\n(?P<table>(?:\|.*\n)+)<!-- end of electors -->")
FIGURE = re.compile(r"\((?P<simulated>[^()]*)\)$")


def gates(history):
    """{replica: [(opened, closed)]} and when the fault was over, in nanoseconds of true time."""
    spans, opened, until, over = {}, {}, {}, 0

    def close(replica, at):
        if replica in opened:
            spans.setdefault(replica, []).append((opened.pop(replica), min(until[replica], at)))

    last = json.loads(history.splitlines()[-1])["at"]
    for line in history.splitlines()[1:]:
        if not any(word in line for word in ("gateMoved", "processEnded", "faultTookEffect")):
            continue
        record = json.loads(line)
        at, of = record["at"], record["of"]
        if record["record"] == "processEnded":
            close(of["replica"], at)
        elif record["record"] == "faultTookEffect" and not of["began"]:
            over = at
        elif record["record"] == "replicaStepped":
            replica = of["replica"]
            for effect in of["effects"]:
                if effect["type"] != "gateMoved":
                    continue
                valid_until = at + effect["validUntil"] - of["monotonic"]
                if valid_until <= at or until.get(replica, at) <= at:
                    close(replica, at)
                if valid_until > at:
                    opened.setdefault(replica, at)
                until[replica] = valid_until
    for replica in list(opened):
        close(replica, last)
    return spans, over


def two_leaders(history, since_healed):
    """Seconds."""
    spans, over = gates(history)
    since = over if since_healed else 0
    total = 0
    every = [(replica, span) for replica, found in spans.items() for span in found]
    for i, (one, (begin, end)) in enumerate(every):
        for other, (other_begin, other_end) in every[i + 1:]:
            if one != other:
                total += max(0, min(end, other_end) - max(begin, other_begin, since))
    return total / 1e9


def simulated(root, program, elector, schedule, scratch):
    """The figure of a cell."""
    file = f"scenarios/electors/{elector}-{schedule}.yaml"

    def play(*arguments):
        done = subprocess.run([program, *arguments], cwd=root, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}"
                             f"{done.stderr}")

    results = Path(scratch) / "results.json"
    play("check", file, "--json", str(results))
    scenario = json.loads(results.read_text())["scenarios"][0]
    if schedule == "crash":
        return f"{scenario['failover']['p50Ns'] / 1e9:.1f} s"
    history, longest = Path(scratch) / "history.jsonl", 0
    for run in scenario["runs"]:
        play("run", file, "--seed", str(run["seed"]), "--history", str(history))
        longest = max(longest, two_leaders(history.read_text(), schedule == "paused"))
    return f"{longest:.1f} s" if longest > 0 else "0"


def checked(root, program, line, scratch):
    """The line with the figures of now."""
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    elector = next((key for name, key in ROWS.items()
                    if re.match(re.escape(name) + r"( |$)", cells[0])), None)
    if elector is None:
        return line
    for i, schedule in enumerate(COLUMNS, 1):
        figure = simulated(root, program, elector, schedule, scratch)
        cells[i] = FIGURE.sub(f"({figure})", cells[i])
        if not FIGURE.search(cells[i]):
            raise SystemExit(f"{cells[0]}, {schedule}: no simulated figure in \"{cells[i]}\"")
    return "| " + " | ".join(cells) + " |"


def main():
    root, program = Path(sys.argv[1]), Path(sys.argv[2]).absolute()
    readme = root / "sim/peers/README.md"
    text = readme.read_text()
    found = TABLE.search(text)
    if not found:
        raise SystemExit("sim/peers/README.md has no table of electors")
    before = found["table"].splitlines()
    with tempfile.TemporaryDirectory() as scratch:
        after = before[:2] + [checked(root, program, line, scratch) for line in before[2:]]
    if len(after) != 2 + len(ROWS):
        raise SystemExit(f"the table has {len(after) - 2} electors, not {len(ROWS)}")
    if "--rewrite" in sys.argv:
        readme.write_text(text.replace(found["table"], "\n".join(after) + "\n"))
        return 0
    for line, now in zip(before, after):
        if line != now:
            print(f"sim/peers/README.md:\n- {line}\n+ {now}")
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main())
