#!/usr/bin/env python3
"""What holds on which store: the table of scenarios/README.md against the program and the scenarios.

    stores_table_test.py PROGRAM

Each invariant that the program lists has its row, and each store a file in which nothing is left
unjudged. What a scenario of a store that is not atomic expects or allows to break must not be said
to hold there. Prints "N passed, N failed"; exit code 1 when a check failed.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = ("holds", "fits", "may break")
# The store of a scenario, by the rules of its bucket and of its faults.
PROFILES = {"s3proxy": "s3proxy", "s3mock": "s3mock", "minio": "DELETE alone",
            "rclone": "DELETE alone"}
RULES = {"ignored": "ignored", "refused": "refused", "checked-then-stored": "s3mock"}


def table():
    """(columns, {row: cells}) of the first table whose corner is `invariant`."""
    text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
    lines = iter(text.splitlines())
    columns = next(([cell.strip() for cell in line.strip("|").split("|")][1:]
                    for line in lines if line.startswith("| invariant |")), [])
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[name.strip("`")] = cells
    rows.pop("---", None)
    return columns, rows


def store_of(scenario):
    """The column of a scenario whose store is not atomic, or None."""
    bucket = scenario.get("bucket") or {}
    if any("setPreconditions" in fault for fault in scenario.get("faults") or []):
        return "changes"
    rules = bucket.get("preconditions")
    if isinstance(rules, dict):
        # By what holds back PUTs; what a DELETE does alone is another column.
        rules = rules.get("ifMatch") or rules.get("ifNoneMatch") or rules.get("ifMatchOnDelete")
    return RULES.get(rules) or PROFILES.get(bucket.get("profile"))


def judged(program, file):
    """The status of each invariant in a check of the file's first seed."""
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch, "out.json")
        subprocess.run([program, "check", str(ROOT / "scenarios" / file), "--seed", "1", "--quiet",
                        "--json", str(report)], capture_output=True, timeout=120)
        run, = json.loads(report.read_text())["scenarios"][0]["runs"]
    return {one["id"]: one["status"] for one in run["invariants"]}


def problems(program):
    columns, rows = table()
    listed = re.findall(r"^([a-z]+\.[a-z-]+) ", subprocess.run(
        [program, "list", "--invariants"], capture_output=True, text=True).stdout, re.M)
    shown = rows.pop("shown by", [])
    if len(listed) < 20 or len(shown) != len(columns) or not columns:
        yield f"{len(listed)} invariants, {len(columns)} columns, {len(shown)} files"
    yield from (f"{name} has no row" for name in listed if name not in rows)
    yield from (f"no invariant {name}" for name in rows if name not in listed)
    for name, cells in rows.items():
        if len(cells) != len(columns) or any(cell not in WORDS for cell in cells):
            yield f"{name}: {cells}, expected for each store one of {WORDS}"
    for column, cell in zip(columns, shown):
        for name, status in judged(program, re.search(r"\(([^)]*)\)", cell).group(1)).items():
            if status not in ("pass", "violated"):
                yield f"{column}: {name} is {status} in {cell}"
    for path in sorted((ROOT / "scenarios").rglob("*.yaml")):
        scenario = yaml.safe_load(path.read_text(encoding="utf-8"))
        column = store_of(scenario)
        expect = scenario.get("expect") or {}
        if column is None:
            continue
        for name in [*expect.get("violates", []), *expect.get("mayViolate", [])]:
            if rows[name][columns.index(column)] == "holds":
                yield f"{path.name} breaks {name}, which is said to hold: {column}"


def main():
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(f"FAILED {problem}")
    print(f"{len(table()[1]) - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
