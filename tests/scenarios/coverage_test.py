#!/usr/bin/env python3
"""`leasehold check --coverage` from outside: coverage_test.py LEASEHOLD.

All scenarios together leave no blank outside coverage_exempt.yaml; and a blank, an exemption of
what happens, and a bad list are each told.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXEMPT = "tests/scenarios/coverage_exempt.yaml"
ONE = "scenarios/failover/leader-crash.yaml"


def check(program, *arguments):
    result = subprocess.run([program, "check", *arguments], capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


def expect(condition, what, details=""):
    print(("pass  " if condition else "FAIL  ") + what)
    if not condition:
        print(details[-4000:])
    return 0 if condition else 1


def whole(program):
    code, out, err = check(program, "scenarios", "--coverage", "--exempt", EXEMPT)
    page = out[out.find("\ncoverage"):]
    return (expect(code == 0, "no blank over all scenarios", page + err)
            + expect("never happened" not in page, "and the page shows none", page)
            + expect(out.splitlines()[-1].startswith("COMPLETE "), "and the last line says so", out))


def one_file(program):
    code, out, _ = check(program, ONE, "--seed", "1", "--coverage")
    lost = expect(code == 0, "without a list a blank is only told", out)
    lost += expect(re.search(r"^  mark drained +a stopping leader had", out, re.M),
                   "a blank has its meaning beside it", out)
    lost += expect(not re.search(r"^  mark takeover-after-expiry", out, re.M),
                   "what happened is no blank", out)
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: Path(folder, "report." + kind) for kind in ("json", "junit", "sarif", "html")}
        code, out, err = check(program, ONE, "--seed", "1", "--coverage", "--exempt", EXEMPT,
                               *(word for kind, file in files.items() for word in ("--" + kind, file)))
        lost += expect(code == 3, "with a list each blank outside it is exit 3", out + err)
        lost += expect(out.splitlines()[-1].startswith("INCOMPLETE ")
                       and out.endswith(": exit 3\n"), "and the last line says so", out)
        lost += expect(not re.search("^(PASS|next:)", out, re.M) and
                       re.search("^INCONCLUSIVE  1 of 2 scenarios passed", out, re.M),
                       "and no verdict above it says otherwise", out)
        told = {kind: file.read_text() for kind, file in files.items()}
    report = json.loads(told["json"])
    lost += expect((report["exitCode"], report["outcome"]) == (3, "inconclusive"),
                   "and --json says so", told["json"])
    lost += expect(re.search(r'<testsuites [^>]*failures="1"', told["junit"])
                   and 'classname="coverage"' in told["junit"], "and --junit", told["junit"])
    lost += expect('"exitCode": 3' in told["sarif"], "and --sarif", told["sarif"])
    return lost + expect("2 scenarios: inconclusive" in told["html"], "and --html", told["html"])


def stale(program, folder):
    path = Path(folder, "exempt.yaml")
    all_points = check(program, ONE, "--seed", "1", "--coverage")[1]
    blanks = re.findall(r"^  ([a-z]+ \S.*?)(?:  +.*)?$",
                        all_points[all_points.find("\nnever happened"):], re.M)
    def write(*more):
        path.write_text("exempt:\n  - points: [" + ", ".join([*blanks, *more]) + "]\n"
                        "    rule: a test says so\n")
    write()
    code, out, err = check(program, ONE, "--seed", "1", "--coverage", "--exempt", str(path))
    lost = expect(code == 0 and len(blanks) > 50, "all blanks exempt: exit 0", out + err)
    quiet = check(program, ONE, "--seed", "1", "--coverage", "--exempt", str(path), "--quiet")
    lost += expect(quiet == (0, "", ""), "of which --quiet says nothing", str(quiet))
    write("fault crash keep")
    code, out, err = check(program, ONE, "--seed", "1", "--coverage", "--exempt", str(path))
    return lost + expect(code == 3 and "happened all the same" in out,
                         "exempt and happened all the same: exit 3", out + err)


BAD = [
    ("exempt: [{points: [mark draned], rule: r}]\n", r"1:20: .*did you mean \"mark drained\""),
    ("exempt: [{points: [mark drained, mark drained], rule: r}]\n", r"exempt twice"),
    ("exempt: [{points: [mark drained]}]\n", r'1:10: an exemption needs "rule"'),
    ("exempt: [{points: [], rule: r}]\n", r"at least one"),
    ("exempt: [{points: [mark drained], rule: ''}]\n", r"makes it impossible"),
    ("exempt: [{point: [mark drained], rule: r}]\n", r'unknown key "point"'),
    ("exempts: []\n", r'unknown key "exempts"'),
    ("exempt:\n" + "  - {points: [mark drained], rule: r}\n" * 21, r"22:\d+: at most 20"),
]


def bad(program, folder):
    lost = 0
    path = Path(folder, "bad.yaml")
    for text, message in BAD:
        path.write_text(text)
        code, _, err = check(program, ONE, "--coverage", "--exempt", str(path))
        lost += expect(code == 64 and re.search(message, err), message, err)
    code, _, err = check(program, ONE, "--exempt", EXEMPT)
    lost += expect(code == 64 and "--coverage" in err, "--exempt alone is exit 64", err)
    code, _, err = check(program, ONE, "--coverage", "--exempt", str(Path(folder, "no.yaml")))
    return lost + expect(code == 64 and "no.yaml" in err, "a missing list is exit 64", err)


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        lost = one_file(program) + stale(program, folder) + bad(program, folder)
    lost += whole(program)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
