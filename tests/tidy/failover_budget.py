#!/usr/bin/env python3
"""The table of docs/failover-budget.md is what the simulator gives.

    failover_budget.py ROOT PROGRAM              compares two of its rows
    failover_budget.py ROOT PROGRAM --rewrite    computes all of them

Three replicas, a round trip of 10 ms, `drift` and `margin` as they are by default. Seconds: from the
fault to the next leader (crash, stop), the span without a leader (cut at any time, and cut off from the
answer of a renewal that is stored), over 100 seeds each; and the longest outage of the Lease API, in whole seconds, through which the leader of each of 20 seeds leads
on.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = ((5, 1), (10, 2), (15, 2), (15, 4), (30, 5), (60, 10))  # leaseDuration, retryPeriod: seconds
TESTED = ((5, 1), (15, 2))
DRIFT, MARGIN = 0.002, 0.05
TABLE = re.compile(r"(<!-- failover budget -->\n(?:\|.*\n){2})(?P<rows>(?:\|.*\n)*)"
                   r"(<!-- end of failover budget -->)")
SCENARIO = """\
scenario: budget
why: one row of the table of docs/failover-budget.md
duration: {length}s
values:
  kubecostDeployment: {{replicas: 3, leaderFollower: {{enabled: true}}}}
  kubecostModel: {{etlBucketConfigSecret: kubecost-bucket-secret}}
election: {{leaseDuration: {lease}s, retryPeriod: {retry}s}}
workload: none
api: {{latency: 2ms}}
network: {{latency: 4ms}}
faults:
  - {{{at}, {fault}}}
"""


def play(program, row, fault, seeds, scratch, at=None):
    """The JSON of one scenario's runs."""
    lease, retry = row
    begin = 3 * lease + 30  # by then somebody leads
    at = at or f"at: {begin}s..{begin + 2 * retry}s"
    text = SCENARIO.format(lease=lease, retry=retry, at=at, length=begin + 6 * lease + 60,
                           fault=fault)
    file, out = Path(scratch) / "budget.yaml", Path(scratch) / "out.json"
    file.write_text(text)
    done = subprocess.run([program, "check", file, "--seed", f"1..{seeds}", "--json", out,
                           "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{fault}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(out.read_text())["scenarios"][0]


def ridden_out(program, row, scratch):
    """Whole seconds of an outage that costs nobody the Lease; the next longer one does."""
    def passes(seconds):
        runs = play(program, row, f"outage: api, for: {seconds}s", 20, scratch)["runs"]
        return all(run["leaderships"] == 1 and not run["leaderlessNs"] for run in runs)

    low, high = 0, row[0]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def line_of(program, row, scratch):
    lease, retry = row
    crash = play(program, row, "crash: leader", 100, scratch)["failover"]
    stop = play(program, row, "stop: leader", 100, scratch)["failover"]
    cut = play(program, row, f"cut: leader, from: [api], for: {2 * lease}s", 100,
               scratch)["leaderless"]
    # Its renewal arrives, the answer doesn't.
    stored = play(program, row, f"cut: leader, direction: receive, from: [api], for: {2 * lease}s",
                  100, scratch, "when: {replica: leader, sends: updateLease, nth: 6}")["leaderless"]
    cells = [f"{lease} s", f"{retry} s", f"{lease * (1 - 2 * DRIFT) - MARGIN:.2f} s"]
    cells += [f"{crash[rank] / 1e9:.2f}" for rank in ("p50Ns", "p99Ns", "maxNs")]
    cells += [f"{stop['maxNs'] / 1e9:.2f}", f"{cut['maxNs'] / 1e9:.2f}",
              f"{stored['maxNs'] / 1e9:.2f}", f"{ridden_out(program, row, scratch)} s"]
    return "| " + " | ".join(cells) + " |"


def main():
    page, program = Path(sys.argv[1]) / "docs/failover-budget.md", Path(sys.argv[2]).absolute()
    text = page.read_text()
    found = TABLE.search(text)
    if not found:
        raise SystemExit("docs/failover-budget.md has no table between its two comments")
    before = found["rows"].splitlines()
    rewrite = "--rewrite" in sys.argv
    with tempfile.TemporaryDirectory() as scratch:
        now = {row: line_of(program, row, scratch) for row in (ROWS if rewrite else TESTED)}
    if rewrite:
        page.write_text(TABLE.sub(lambda match: match[1] + "".join(
            line + "\n" for line in now.values()) + match[3], text))
        return 0
    failed = 0
    if len(before) != len(ROWS):
        failed += 1
        print(f"the table has {len(before)} rows, not {len(ROWS)}")
    for row, line in now.items():
        if line not in before:
            failed += 1
            print(f"docs/failover-budget.md lacks\n  {line}\n(failover_budget.py --rewrite)")
    print(f"{len(now) - min(failed, len(now))} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
