#!/usr/bin/env python3
"""leasehold bench from outside: its figures are those of check, a change is seen, bad input is told.

    bench_test.py PROGRAM COMPARE
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = COMPARE = ""
CRASH = "scenarios/failover/leader-crash.yaml"
NS = 1e9


class Bench(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def call(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              timeout=120, check=False)

    def bench(self, name, *arguments, code=0):
        out = self.folder / name
        done = self.call("bench", *arguments, "--json", out)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(out.read_text())

    def compare(self, old, new):
        return subprocess.run([sys.executable, COMPARE, "--results", self.folder / old,
                               self.folder / new], capture_output=True, text=True, check=False)

    def test_the_figures_are_those_of_check(self):
        entry, = self.bench("out", CRASH, "--seeds", "1..8")["benchmarks"]
        self.call("check", CRASH, "--seed", "1..8", "--json", self.folder / "check")
        wanted = json.loads((self.folder / "check").read_text())["scenarios"][0]
        self.assertEqual(entry["name"], "Scenario/leader-crash")
        self.assertEqual(entry["iterations"], 8)
        for what in ("failover", "leaderless"):
            self.assertEqual(entry[f"{what}_count"], wanted[what]["count"])
            for rank in ("p50", "p99", "max"):
                self.assertEqual(entry[f"{what}_{rank}_s"], wanted[what][f"{rank}Ns"] / NS)
        self.assertEqual(entry["events"], sum(run["work"]["events"] for run in wanted["runs"]))
        self.assertEqual((entry["not_passed"], entry["label"]), (0, "pass"))
        self.assertGreater(entry["cpu_time"], 0)
        self.assertGreater(entry["real_time"], 0)
        self.assertEqual(entry["time_unit"], "ms")

    def test_quiet_says_nothing_of_what_passes(self):
        for command in (("bench", CRASH, "--seeds", "1..2", "--json", self.folder / "out"),
                        ("check", CRASH, "--seeds", "1..2"), ("list", "scenarios/failover")):
            done = self.call(*command, "--quiet")
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertNotEqual(self.call(*command).stdout, "")

    def test_equal_runs_have_equal_digests_whatever_the_workers(self):
        for name, jobs in (("old", "1"), ("new", "2")):
            self.bench(name, CRASH, "--seeds", "1..4", "--jobs", jobs)
        done = self.compare("old", "new")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("Other runs", done.stdout)
        self.assertRegex(done.stdout, r"failover_p50_s +(\S+) +\1 +1\n")

    def test_compare_names_the_scenarios_whose_runs_are_others(self):
        files = (CRASH, "scenarios/failover/fast-profile.yaml")
        old = self.bench("old", *files, "--seeds", "1..2")
        new = self.bench("new", *files, "--seeds", "2..3")
        new["benchmarks"][1] = old["benchmarks"][1]
        (self.folder / "new").write_text(json.dumps(new))
        done = self.compare("old", "new")
        self.assertEqual(done.returncode, 0, done.stderr)
        digests = [side["benchmarks"][0]["digests"] for side in (old, new)]
        self.assertIn("Other runs (a hash over their digests):\n"
                      f"  Scenario/leader-crash: {digests[0]}, now {digests[1]}\n", done.stdout)
        self.assertNotIn("Scenario/fast-profile: ", done.stdout)

    def test_what_does_not_pass_is_counted_and_shown(self):
        text = Path(CRASH).read_text().replace("scenario: leader-crash", "scenario: slow")
        text = text[:text.index("expect:")] + "expect: {failover: {max: 1s}}\n"
        (self.folder / "slow.yaml").write_text(text)
        entry, = self.bench("out", self.folder / "slow.yaml", "--seeds", "1..2",
                            code=2)["benchmarks"]
        self.assertEqual((entry["not_passed"], entry["label"]), (2, "liveness"))

    def test_bad_input_is_one_message_and_nothing_is_written(self):
        (self.folder / "two").mkdir()
        (self.folder / "two/leader-crash.yaml").write_text(Path(CRASH).read_text())
        out = self.folder / "out"
        for arguments, code, words in (
                ([CRASH], 64, "bench: expected --json"),
                (["--json", out], 64, "expected a directory or a scenario file"),
                ([CRASH, "--json", out, "--seeds", "9..3"], 64, "9..3"),
                ([CRASH, "--json", out, "--seedz", "3"], 64, "did you mean '--seeds'"),
                (["scenarios/none.yaml", "--json", out], 64, "none.yaml"),
                ([CRASH, self.folder / "two", "--json", out], 64,
                 f"scenario 'leader-crash' is already that of {CRASH}"),
                ([CRASH, "--json", self.folder / "none/out"], 74, "none/out"),
                ([CRASH, "--json", self.folder], 74, str(self.folder))):
            done = self.call("bench", *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(words, done.stderr)
            self.assertEqual((done.stdout, len(done.stderr.splitlines())), ("", 1), done.stderr)
            self.assertFalse(out.exists())


if __name__ == "__main__":
    COMPARE = sys.argv.pop(2)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
