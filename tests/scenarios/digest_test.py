#!/usr/bin/env python3
"""One scenario and one seed have one digest: twice from one build, and from the sanitizers' build.

    digest_test.py PROGRAM SANITIZED_PROGRAM

Without the sanitizers' build only the first half is checked, and the test says "skipped"; with
LEASEHOLD_REQUIRE_ASAN=1 in the environment (as ./dev test has it) that is a failure.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = [
    ("scenarios/failover/leader-crash.yaml", "7"),
    ("scenarios/failover/leader-crash.yaml", "8"),
]


def digests(program, scenario, seed):
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "out.json")
        subprocess.run([program, "run", scenario, "--seed", seed, "--quiet", "--json", report],
                       check=True, timeout=250)
        scenarios = json.loads(report.read_text())["scenarios"]
    return [run["digest"] for scenario in scenarios for run in scenario["runs"]]


def main():
    program, sanitized = sys.argv[1:3]
    skipped = not Path(sanitized).is_file()
    others = [program] if skipped else [program, sanitized]
    passed = failed = 0
    seen = set()
    for scenario, seed in CASES:
        first = digests(program, scenario, seed)
        seen.update(first)
        for other in others:
            second = digests(other, scenario, seed)
            if first == second and len(first) == 1:
                passed += 1
            else:
                failed += 1
                print(f"{scenario} seed {seed}: {first} from {program}, {second} from {other}")
    if len(seen) != len(CASES):
        failed += 1
        print(f"different seeds have one digest: {seen}")
    print(f"{passed} passed, {failed} failed")
    if failed:
        return 1
    if skipped:
        print(f"no {sanitized}: ./dev build asan makes it")
        return 1 if os.environ.get("LEASEHOLD_REQUIRE_ASAN") == "1" else 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
