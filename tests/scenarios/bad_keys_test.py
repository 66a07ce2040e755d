#!/usr/bin/env python3
"""Each key of a scenario file has bad files of both kinds, or a reason why it has none of meaning.

The keys are those of schema.json that are no blocks. A file of tests/scenarios/bad tells of the
innermost key that its `# expect:` line points into, and of those around it that its message names.
Prints "N passed, N failed"; exit code 1 when a check failed.
"""
import collections
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ("shape", "meaning")
# Keys of which whatever has the right shape also makes sense, by the reason.
ALL_MEAN_SOMETHING = {
    "true and false, wherever it may stand": [
        "values.kubecostModel.etl", "election.believeEndedHolder",
        "electors.clientGo.releaseOnCancel", "electors.release",
        "faults.bump"],
    "each of its words": [
        "election.profile", "electors.clientGo.version", "storage.format", "api.profile",
        "bucket.profile", "bucket.preconditions.ifNoneMatch", "bucket.preconditions.ifMatch",
        "bucket.preconditions.ifMatchOnDelete", "faults.when.performs", "faults.clock",
        "faults.direction", "faults.how"],
    "each number in its range": [
        "storage.leaderReads", "storage.passGets", "storage.puts", "storage.readThroughs",
        "bucket.pageSize", "workload.pendingReads", "workload.writers", "workload.cancelEvery",
        "workload.contents"],
    "nothing at all, and any amount": [
        "storage.timeoutPerMib", "clocks.offset", "workload.queries", "workload.readDeadline"],
    "names that one makes up": ["workload.pipelines"],
    "each mark: the run tells whether it was reached": ["faults.when.reaches", "expect.reached"],
}


def resolve(schema, node):
    """The node, or what its `$ref` points to."""
    while "$ref" in node:
        target = schema
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def keys_of(schema, node, path=()):
    """The paths of all keys that are no blocks."""
    node = resolve(schema, node)
    for key, value in node.get("properties", {}).items():
        if not resolve(schema, value).get("properties"):
            yield (*path, key)
        yield from keys_of(schema, value, (*path, key))
    for inner in [*node.get("oneOf", []), *([node["items"]] if "items" in node else [])]:
        yield from keys_of(schema, inner, path)


def name_of(path):
    """The key's name: one where the reader has one and the same key in several blocks."""
    path = path[1:] if path[0] == "upgrade" and len(path) > 1 else path
    if path[-1] in ("min", "p50", "p99") and path[-2] != "failover":
        return f"latency.{path[-1]}"
    if path[0] == "electors" and path[-1] in ("replicas", "release"):
        return f"electors.{path[-1]}"
    return ".".join(path)


def entries(node, path=()):
    """(path, key, value) of each entry of each map, outer ones first."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key, value
            yield from entries(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from entries(item, path)


def told(text, keys):
    """The names of the keys that a bad file tells of."""
    expect = re.search(r"^# expect: (\d+):(\d+): (.*)$", text, re.M)
    if not expect:
        return set()
    place = (int(expect[1]) - 1, int(expect[2]) - 1)
    try:
        around = [()] + [
            path for path, key, value in entries(yaml.compose(text, Loader=yaml.SafeLoader))
            if (key.start_mark.line, key.start_mark.column) <= place
            < (value.end_mark.line, value.end_mark.column)]
    except (yaml.YAMLError, RecursionError):
        return set()  # no document, so no key of one
    words = set(re.findall(r"\w+", expect[3]))
    innermost = max((path for path in around if path in keys), key=len, default=None)
    return {name_of(path) for path in keys
            if path == innermost or (path[-1] in words and path[:-1] in around)}


def main():
    schema = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    paths = list(keys_of(schema, schema))
    have = collections.defaultdict(set)
    for path in sorted((ROOT / "tests" / "scenarios" / "bad").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        kind = re.match(r"# (\w+):", text)
        for key in told(text, paths):
            have[key].add(kind and kind[1])
    excused = [key for group in ALL_MEAN_SOMETHING.values() for key in group]
    passed = failed = 0
    for key in dict.fromkeys(map(name_of, paths)):
        lacks = [kind for kind in KINDS if kind not in have[key]]
        if key in excused:
            excused.remove(key)
            lacks = [kind for kind in lacks if kind != "meaning"] if "meaning" in lacks else [
                *lacks, "reason to excuse it, there is a file of meaning"]
        failed += bool(lacks)
        passed += not lacks
        for what in lacks:
            print(f"FAILED {key}: no {what}")
    for key in excused:
        failed += 1
        print(f"FAILED {key}: excused, and no key (or twice)")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
