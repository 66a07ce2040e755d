#!/usr/bin/env python3
"""The JSON Schema against the scenarios and the bad files.

It must accept every scenario and every bad file of `meaning` (the shape is right, what it says is
not), and reject every bad file of `shape`. A text that is not one YAML document counts as
rejected. Prints "N passed, N failed"; exit code 1 when a check failed.
"""
import json
import pathlib
import re
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """Plain YAML 1.2 words: only true and false are booleans, as the scenario reader has it."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules
            if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"),
                             list("-0123456789"))


def complaint(validator, path):
    """The first complaint about a file, or None."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return "not one YAML document: " + str(error).splitlines()[0]
    error = next(validator.iter_errors(document), None)
    return None if error is None else f"{error.json_path}: {error.message}"


def main():
    schema = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    good = sorted((ROOT / "scenarios").rglob("*.yaml"))
    bad = sorted((ROOT / "tests" / "scenarios" / "bad").rglob("*.yaml"))
    checks = [(path, "good") for path in good]
    for path in bad:
        with path.open(encoding="utf-8", errors="replace") as file:
            kind = re.match(r"# (shape|meaning): \S", file.readline())
        checks.append((path, kind.group(1) if kind else "untagged"))

    passed = failed = 0
    for path, kind in checks:
        found = complaint(validator, path)
        if kind == "untagged":
            problem = "the first line must be '# shape: ...' or '# meaning: ...'"
        elif kind == "shape":
            problem = None if found else "the schema accepts it"
        else:
            problem = f"the schema rejects it: {found}" if found else None
        if problem:
            failed += 1
            print(f"FAILED {path.relative_to(ROOT)} ({kind}): {problem}")
        else:
            passed += 1
    if not good or not bad:
        failed += 1
        print("FAILED: no scenarios or no bad files were found")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
