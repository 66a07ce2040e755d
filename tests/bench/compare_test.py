#!/usr/bin/env python3
"""bench/compare on made-up results: ratios, what one side lacks, exit codes.

    compare_test.py COMPARE
"""

import argparse
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COMPARE = ""


def entry(name, time, unit="ns", **more):
    return {"name": name, "run_name": name, "run_type": "iteration", "iterations": 10,
            "threads": 1, "real_time": time * 100, "cpu_time": time, "time_unit": unit, **more}


# Stands for a benchmark program; SIDE and BENCHMARKS ({name: time, or None to abort}) go before it.
PROGRAM = """
import json, re, sys
from pathlib import Path
if "--benchmark_list_tests" in sys.argv:
    print("\\n".join(BENCHMARKS))
    sys.exit()
wanted = re.compile(next(a for a in sys.argv if "_filter=" in a).split("=", 1)[1])
name, = (name for name in BENCHMARKS if wanted.search(name))
with open(Path(__file__).parent.parent / "log", "a") as log:
    log.write(SIDE + " " + name + "\\n")
if BENCHMARKS[name] is None:
    sys.exit("CHECK failed: that much")
print(json.dumps({"benchmarks": [{"name": name, "cpu_time": BENCHMARKS[name]}]}))
"""


def load_compare():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("compare", COMPARE)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)


class Measure(Scratch):
    def measure(self, old, new):
        for side, benchmarks in (("old", old), ("new", new)):
            program = self.folder / side / "x_bench"
            program.parent.mkdir()
            program.write_text(f"#!{sys.executable}\nSIDE = {side!r}\n"
                               f"BENCHMARKS = {benchmarks!r}\n{PROGRAM}")
            program.chmod(0o755)
        options = argparse.Namespace(filter="^[AB]", rounds=2, instructions=False)
        sides = load_compare().measure(["x_bench"], (self.folder / "old", self.folder / "new"),
                                       options)
        return *sides, (self.folder / "log").read_text().splitlines()

    def test_the_builds_take_turns_and_each_benchmark_runs_alone(self):
        both = {"A/1.5/iterations:3": 1, "A/1x5": 7, "C": 1}
        old, new, log = self.measure(both, {**both, "A/1x5": 8})
        self.assertEqual(log, 2 * ["old A/1.5/iterations:3", "new A/1.5/iterations:3"]
                         + 2 * ["old A/1x5", "new A/1x5"])
        self.assertEqual(old.values, {"A/1.5": {"time": [1, 1]}, "A/1x5": {"time": [7, 7]}})
        self.assertEqual(new.values["A/1x5"], {"time": [8, 8]})

    def test_one_that_dies_is_told_with_its_last_words_and_the_others_go_on(self):
        old, new, log = self.measure({"A": None, "B": 2}, {"A": 1, "B": 2})
        self.assertEqual(old.failed, {"A": "exit 1: CHECK failed: that much"})
        self.assertEqual(log, ["old A", "new A", "new A"] + 2 * ["old B", "new B"])
        self.assertEqual(new.failed, {})

    def test_one_that_only_one_build_has_runs_there(self):
        _, _, log = self.measure({"B": 1}, {"A": 1})
        self.assertEqual(log, ["new A", "new A", "old B", "old B"])


class Build(Scratch):
    def test_a_build_that_fails_is_told_with_its_log(self):
        compare = load_compare()
        with self.assertRaises(compare.Failure) as caught:
            compare.build(self.folder, "the old, abc", ["x_bench"])
        self.assertIn("the old, abc can't be built (cmake --preset), log: ", str(caught.exception))
        self.assertTrue((self.folder / "build/release/compare.log").read_text())

    def test_only_what_differs_is_copied(self):
        compare = load_compare()
        source, target = self.folder / "source", self.folder / "target"
        for folder in (source, target):
            (folder / "sub").mkdir(parents=True)
            (folder / "sub/same").write_text("1")
        (source / "changed").write_text("new")
        (target / "changed").write_text("old")
        (target / "gone").write_text("")
        before = (target / "sub/same").stat().st_mtime_ns
        compare.copy_tree(source, target)
        self.assertEqual(sorted(p.name for p in target.rglob("*")), ["changed", "same", "sub"])
        self.assertEqual((target / "changed").read_text(), "new")
        self.assertEqual((target / "sub/same").stat().st_mtime_ns, before)


class Compare(Scratch):
    def run_it(self, *arguments):
        return subprocess.run([sys.executable, COMPARE, *map(str, arguments)], text=True,
                              capture_output=True, check=False)

    def compare(self, old, new, *arguments):
        for name, entries in (("old", old), ("new", new)):
            (self.folder / name).write_text(json.dumps({"context": {}, "benchmarks": entries}))
        done = self.run_it("--results", self.folder / "old", self.folder / "new",
                           "--json", self.folder / "out", *arguments)
        out = self.folder / "out"
        result = json.loads(out.read_text()) if out.exists() else {"rows": []}
        rows = {(row["benchmark"], row["metric"]): row for row in result["rows"]}
        return done, rows, result

    def test_the_ratio_is_that_of_the_medians_new_to_old(self):
        old = [entry("A", time) for time in (9, 10, 1000)]
        new = [entry("A", time) for time in (5, 1, 400)]
        done, rows, _ = self.compare(old, new)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows["A", "time"]["old"], 10)
        self.assertEqual(rows["A", "time"]["new"], 5)
        self.assertEqual(rows["A", "time"]["ratio"], 0.5)
        self.assertEqual(rows["A", "time"]["old_values"], [9, 10, 1000])
        self.assertRegex(done.stdout, r"A +time +10 ns +5 ns +0\.5\n")

    def test_units_are_brought_together_and_iterations_are_no_part_of_a_name(self):
        done, rows, _ = self.compare([entry("A/iterations:5", 2, "ms")],
                                     [entry("A/iterations:7", 500, "us")])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows["A", "time"]["ratio"], 0.25)
        self.assertIn("2 ms", done.stdout)
        self.assertIn("500 us", done.stdout)

    def test_a_benchmark_by_the_real_clock_is_compared_by_it(self):
        _, rows, _ = self.compare([entry("A/real_time", 1)], [entry("A/real_time", 3)])
        self.assertEqual(rows["A/real_time", "time"]["old"], 100)

    def test_counters_are_rows_and_zero_has_no_ratio(self):
        done, rows, _ = self.compare([entry("A", 1, worst_ms=8.0, zero=0, grown=0, gone=1)],
                                     [entry("A", 1, worst_ms=2.0, zero=0, grown=4)])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows["A", "worst_ms"]["ratio"], 0.25)
        self.assertEqual(rows["A", "zero"]["ratio"], 1)
        self.assertIsNone(rows["A", "grown"]["ratio"])
        self.assertIsNone(rows["A", "gone"]["new"])
        self.assertRegex(done.stdout, r"grown +0 +4 +-\n")
        self.assertNotIn(("A", "iterations"), rows)

    def test_aggregates_are_not_runs(self):
        mean = {**entry("A_mean", 99), "run_type": "aggregate"}
        _, rows, _ = self.compare([entry("A", 1), mean], [entry("A", 1), mean])
        self.assertEqual(list(rows), [("A", "time")])

    def test_what_one_side_lacks_is_said(self):
        done, rows, result = self.compare([entry("A", 1), entry("Old", 1)],
                                          [entry("A", 1), entry("New", 1)])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(result["not_compared"], ["Old: only in the old", "New: only in the new"])
        self.assertIn("Old: only in the old", done.stdout)
        self.assertIsNone(rows["Old", "time"]["ratio"])

    def test_nothing_in_common_fails(self):
        done, _, _ = self.compare([entry("Old", 1)], [entry("New", 1)])
        self.assertEqual(done.returncode, 1)

    def test_a_failed_benchmark_is_said_and_fails(self):
        broken = {**entry("A", 1), "error_occurred": True, "error_message": "no room"}
        done, _, result = self.compare([broken, entry("B", 1)], [entry("A", 1), entry("B", 1)])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(result["not_compared"], ["A: failed in the old: no room"])

    def test_a_filter_leaves_the_others_out(self):
        both = [entry("A/1", 1), entry("B/1", 1)]
        done, rows, _ = self.compare(both, both, "--filter", "^B")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(rows), [("B/1", "time")])
        done, _, _ = self.compare(both, both, "--filter", "^C")
        self.assertEqual((done.returncode, done.stderr), (64, "compare: no benchmark matches\n"))

    def test_no_line_is_above_100_columns(self):
        long = [entry("Storage/" + "x" * 60, 123456789.123, **{"counter" * 5: 1.23456789e12})]
        done, _, _ = self.compare(long, long)
        self.assertEqual(done.returncode, 0, done.stderr)
        table = done.stdout.split("\n\n", 1)[1].splitlines()
        self.assertLessEqual(max(map(len, table)), 100)
        self.assertIn("Storage/" + "x" * 60, done.stdout)

    def test_wrong_usage_is_one_clear_message(self):
        (self.folder / "bad").write_text("[]")
        for arguments, message in (
                (["--filter", "("], "argument --filter: '(' is no regular expression"),
                (["--rounds", "0"], "argument --rounds: invalid count value: '0'"),
                (["no-such-revision"], "unknown revision 'no-such-revision': expected a commit"),
                (["HEAD", "--program", "storage_bensh"], "the nearest is 'storage_bench'"),
                (["--results", self.folder / "none", self.folder / "bad"], "No such file"),
                (["--results", self.folder / "bad", self.folder / "bad"], "expected JSON of")):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assertIn(message, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    COMPARE = sys.argv.pop(1)
    unittest.main()
