#!/usr/bin/env python3
"""Reads the program's reports with other people's parsers: junit_test.py PROGRAM [SCENARIO]."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

PROGRAM = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCENARIO = sys.argv[2] if len(sys.argv) > 2 else "scenarios/failover/leader-crash.yaml"
results = {"passed": 0, "failed": 0}


def expect(what, found, wanted):
    if found == wanted:
        results["passed"] += 1
        return
    results["failed"] += 1
    print(f"{what}: expected {wanted!r}, found {found!r}")


def leasehold(*arguments, environment=None):
    return subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True,
                          env=environment, timeout=240)


def names_in(directory):
    return sorted(os.listdir(directory))


def check_reports(directory):
    """Both reports of a check agree with each other, and a second check writes the same bytes."""
    contents = []
    for turn in ("one", "two"):
        xml, document = (os.path.join(directory, turn + end) for end in (".xml", ".json"))
        done = leasehold("check", SCENARIO, "--seed", "1..4", "--junit", xml, "--json", document,
                         "--jobs", "1" if turn == "one" else "3")
        expect("exit code", done.returncode, 0)
        with open(xml, "rb") as one, open(document, "rb") as other:
            contents.append((one.read(), other.read()))
    expect("the same bytes whatever the number of workers", contents[0] == contents[1], True)
    suites = ElementTree.fromstring(contents[0][0])
    report = json.loads(contents[0][1])
    expect("root element", suites.tag, "testsuites")
    expect("schema version", report["schemaVersion"], 1)
    expect("JSON exit code", report["exitCode"], 0)
    for suite, scenario in zip(suites.findall("testsuite"), report["scenarios"], strict=True):
        cases = suite.findall("testcase")
        expect("suite name", suite.get("name"), scenario["name"])
        invariants = scenario["runs"][0]["invariants"]
        expect("cases", len(cases), len(scenario["runs"]) + len(invariants)
               + len(scenario["bounds"]))
        of_invariants = cases[len(scenario["runs"]):len(scenario["runs"]) + len(invariants)]
        expect("a case for each invariant", [case.get("name") for case in of_invariants],
               [one["id"] for one in invariants])
        nowhere = [one["id"] for k, one in enumerate(invariants)
                   if all(run["invariants"][k]["status"] != "pass" for run in scenario["runs"])]
        expect("skipped where no run could tell", nowhere,
               [case.get("name") for case in of_invariants if case.find("skipped") is not None])
        expect("skipped", int(suite.get("skipped")), len(nowhere))
        expect("case count", int(suite.get("tests")), len(cases))
        expect("failures", suite.get("failures"), "0")
        for case, run in zip(cases, scenario["runs"]):
            expect("case name", case.get("name"), f"seed {run['seed']}")
            expect("children of a passed case", len(list(case)), 0)
            expect("outcome", run["outcome"], "pass")
        last = scenario["runs"][0]["invariants"][-1]
        expect("first seed repeated", (last["id"], last["status"]), ("run.deterministic", "pass"))


def check_failure(directory):
    """A run that expects what never happens is inconclusive in every report."""
    sarif = os.path.join(directory, "failed.sarif")
    with open(os.path.join(ROOT, SCENARIO), encoding="utf-8") as file:
        text = file.read()
    changed = os.path.join(directory, os.path.basename(SCENARIO))
    lines = [line for line in text.split("\n") if not line.startswith("  reached:")]
    text = "\n".join(lines).replace("expect:\n", "expect:\n  reached: [restored-cluster]\n")
    with open(changed, "w", encoding="utf-8") as file:
        file.write(text)
    xml = os.path.join(directory, "failed.xml")
    done = leasehold("check", changed, "--seed", "1..2", "--junit", xml, "--sarif", sarif)
    expect("exit code of an inconclusive check", done.returncode, 3)
    suite = ElementTree.parse(xml).getroot().find("testsuite")
    expect("failures of an inconclusive check", suite.get("failures"), "2")
    failure = suite.find("testcase").find("failure")
    expect("type", failure.get("type"), "inconclusive")
    expect("names what is missing", "restored-cluster" in failure.text, True)
    with open(sarif, encoding="utf-8") as file:
        run = json.load(file)["runs"][0]
    expect("SARIF exit code", run["invocations"][0]["exitCode"], 3)
    expect("SARIF results", [(one["ruleId"], one["level"]) for one in run["results"]],
           [("scenario.expectation", "warning")])
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    expect("SARIF location", uri, "file://" + changed)


def check_history(directory):
    """A recorded history is JSON lines with growing numbers, and recording changes nothing."""
    path = os.path.join(directory, "history.jsonl")
    plain = leasehold("run", SCENARIO, "--seed", "2")
    recorded = leasehold("run", SCENARIO, "--seed", "2", "--history", path)
    expect("output with and without a history", recorded.stdout == plain.stdout, True)
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    expect("format", lines[0], {"format": "leasehold-history", "schemaVersion": 1})
    numbers = [line["number"] for line in lines[1:]]
    expect("event numbers", numbers, list(range(1, len(numbers) + 1)))


def check_once(directory):
    """A file that is named twice, by whatever path, is played once."""
    folder = os.path.join(directory, "twice")
    name = os.path.basename(SCENARIO)
    os.makedirs(os.path.join(folder, "linked"))
    file = os.path.join(folder, name)
    shutil.copy(os.path.join(ROOT, SCENARIO), file)
    os.symlink(os.path.join("..", name), os.path.join(folder, "linked", name))
    dotted = os.path.join(folder, ".", "..", "twice", name)
    report = os.path.join(directory, "once.json")
    for words in (("check", file, file), ("check", folder), ("check", folder, dotted),
                  ("run", file, dotted), ("bench", folder, file)):
        done = leasehold(*words, "--seed", "1", "--json", report)
        expect(f"{words}: exit code", (done.returncode, done.stderr), (0, ""))
        with open(report, encoding="utf-8") as json_file:
            told = json.load(json_file)
        if words[0] != "bench":
            expect(f"{words}: runs", [len(one["runs"]) for one in told["scenarios"]], [1])
    expect("listed once", leasehold("list", folder, file).stdout.count(".yaml"), 1)


def check_spared(directory):
    """What is read is not written over."""
    folder = os.path.join(directory, "spared")
    os.mkdir(folder)
    file = os.path.join(folder, os.path.basename(SCENARIO))
    shutil.copy(os.path.join(ROOT, SCENARIO), file)
    link = os.path.join(folder, "link")
    os.symlink(os.path.basename(SCENARIO), link)
    with open(file, encoding="utf-8") as one:
        before = one.read()
    for words in (("run", file, "--json", file), ("check", folder, "--junit", file),
                  ("run", link, "--seed", "1", "--history", file), ("verify", file, "--json", file),
                  ("bench", file, "--json", os.path.join(folder, ".", os.path.basename(SCENARIO))),
                  ("campaign", file, "--seeds", "1..2", "--html", file)):
        done = leasehold(*words)
        expect(f"{words}: exit code", (done.returncode, done.stdout), (64, ""))
        expect(f"{words}: message", "is read, and would be written over" in done.stderr, True)
        with open(file, encoding="utf-8") as one:
            expect(f"{words}: what is there", one.read() == before, True)


def check_unwritable(directory):
    before = names_in(directory)
    for option in ("--json", "--junit", "--sarif", "--history"):
        done = leasehold("run", SCENARIO, option, os.path.join(directory, "none", "x"))
        expect(f"exit code of an unwritable {option}", done.returncode, 74)
        expect(f"stdout of an unwritable {option}", done.stdout, "")
    done = subprocess.run(f"'{PROGRAM}' list --marks > /dev/full", shell=True, capture_output=True)
    expect("exit code when stdout is full", done.returncode, 74)
    expect("files left behind", names_in(directory), before)


def check_reader_gone(directory):
    """Whoever closed the pipe (`| head -1`) has seen enough: files and exit code are as ever."""
    inconclusive = os.path.join(directory, os.path.basename(SCENARIO))  # of check_failure
    for words, code in ((("run", SCENARIO), 0), (("check", SCENARIO, "--seed", "1..2"), 0),
                        (("check", inconclusive, "--seed", "1..2"), 3), (("list", "--marks"), 0),
                        (("campaign", "--seeds", "1..2"), 0), (("--help",), 0)):
        files = [os.path.join(directory, "gone" + kind) for kind in (".json", ".xml")]
        reports = (["--json", files[0], "--junit", files[1]]
                   if words[0] not in ("list", "--help") else [])
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([PROGRAM, *words, *reports], cwd=ROOT, stdout=writing,
                              stderr=subprocess.PIPE, text=True, timeout=240)
        os.close(writing)
        expect(f"{words}: exit code without a reader", (done.returncode, done.stderr), (code, ""))
        if reports:
            expect(f"{words}: reports", sorted(name for name in names_in(directory)
                                               if name.startswith("gone")), ["gone.json", "gone.xml"])
            with open(files[0], encoding="utf-8") as file:
                expect("a whole report", json.load(file)["exitCode"], code)
            for file in files:
                os.remove(file)


def check_streams_closed(directory):
    """What is printed goes into no file where stdout is closed."""
    files = [os.path.join(directory, "closed" + kind) for kind in (".json", ".xml")]
    for closed in ("1>&-", "2>&-", "0<&- 1>&- 2>&-"):
        done = subprocess.run(f"exec '{PROGRAM}' check {SCENARIO} --seed 1 --json '{files[0]}' --junit"
                              f" '{files[1]}' {closed}", cwd=ROOT, shell=True, capture_output=True,
                              timeout=240)
        expect(f"{closed}: exit code", done.returncode, 0)
        with open(files[0], encoding="utf-8") as file:
            text = file.read()
        expect(f"{closed}: nothing but the report", text.startswith('{\n "schemaVersion": 1,'), True)
        ElementTree.parse(files[1])


def main():
    with tempfile.TemporaryDirectory() as directory:
        check_reports(directory)
        check_failure(directory)
        check_history(directory)
        check_once(directory)
        check_spared(directory)
        check_unwritable(directory)
        check_reader_gone(directory)
        check_streams_closed(directory)
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] or not results["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
