#!/usr/bin/env python3
"""bench/failover_table.py over a few seeds: with the kubelet's word a leader is replaced within two
seconds, without it after the lease, and never sooner.

    failover_table_test.py PROGRAM
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS = 25
SECOND = 1_000_000_000


def main():
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "table.json"
        done = subprocess.run(
            [sys.executable, "bench/failover_table.py", "--leasehold", sys.argv[1],
             "--seeds", str(SEEDS), "--jobs", "1", "--json", str(out)],
            capture_output=True, text=True, timeout=200)
        if done.returncode != 0:
            print(done.stdout, done.stderr)
            return 1
        table = json.loads(out.read_text(encoding="utf-8"))
    wrong = []
    if len(table) != 12:
        wrong.append(f"{len(table)} rows, not 12")
    for row in table:
        name = f"{row['case']}, {row['followers']} followers"
        if row["count"] != SEEDS:
            wrong.append(f"{name}: {row['count']} failovers of {SEEDS}")
        if "tells" in row["case"] and "nobody" not in row["case"]:
            if row["p99Ns"] > 2 * SECOND:
                wrong.append(f"{name}: p99 {row['p99Ns'] / SECOND:.2f} s, more than 2 s")
        elif "client-go" not in row["case"]:
            # The lease, less what had passed of it since the last renewal.
            if not 12 * SECOND < row["p50Ns"] or row["maxNs"] > 15.2 * SECOND:
                wrong.append(f"{name}: p50 {row['p50Ns'] / SECOND:.2f} s, "
                             f"longest {row['maxNs'] / SECOND:.2f} s")
    for problem in wrong:
        print(problem)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
