"""deploy/ci: what a user copies is what GitHub and GitLab take, and its check step does what it says.
Also the SARIF report, by SARIF's own schema. No server runs here."""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest
import yaml

import build
import install
from fixtures import cannot_run
from lab.processes import clean_environment

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "deploy" / "ci"
FILES = {"github": CI / "github.yml", "gitlab": CI / "gitlab.yml"}


@pytest.fixture(scope="module")
def schemas():
    try:
        folder = install.schemas()[0]
    except install.Unavailable as reason:
        cannot_run(str(reason))
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def read(name):
    found = yaml.safe_load(FILES[name].read_text())
    if True in found:
        found["on"] = found.pop(True)  # YAML 1.1 takes the key for a boolean
    return found


def complaints(schema, document):
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}"
            for one in jsonschema.Draft7Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name, schema", [("github", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_the_published_schema_takes_it(schemas, name, schema):
    """Catches a key that the service does not know; a planted one shows that the schema looks."""
    document = read(name)
    assert not complaints(schemas[schema], document)
    job = document["jobs"]["check"] if name == "github" else document["leasehold"]
    job["timeout-minuts" if name == "github" else "artefacts"] = 5
    assert complaints(schemas[schema], document)


def test_actionlint_finds_nothing():
    """Catches wrong expressions, contexts and shells, which the schema does not look into."""
    try:
        build.build(["actionlint"])
    except build.NoGo as reason:
        cannot_run(str(reason))
    program = build.programs(["actionlint"])["actionlint"]
    done = subprocess.run([program, FILES["github"]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = FILES["github"].read_text().replace("env.REPORTS", "enw.REPORTS")
    done = subprocess.run([program, "-"], input=broken, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "enw" in done.stdout


# Two leaders, which a pair of client-go has when one is paused; nothing here expects them.
BROKEN = """\
scenario: two-leaders
why: a planted violation
duration: 4m
seeds: 1..2
values:
  kubecostDeployment: {replicas: 2, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
electors:
  clientGo: {replicas: all, version: v0.37}
workload: none
faults:
  - {at: 30s, delay: follower, by: 20ms, from: [api], for: 5s}
  - {at: 90s, pause: leader, for: 40s}
"""
PAUSED = 1 + BROKEN.split("\n").index("  - {at: 90s, pause: leader, for: 40s}")


def commands_of(name):
    """The part of the job that checks, as its shell gets it."""
    if name == "github":
        return next(step["run"] for step in read(name)["jobs"]["check"]["steps"]
                    if step.get("name") == "Check")
    script = read(name)["leasehold"]["script"]
    return "\n".join(part for part in script if "/dev" not in part)


def variables_of(name):
    document = read(name)
    found = document["jobs"]["check"]["env"] if name == "github" \
        else document["leasehold"]["variables"]
    return {key: found[key] for key in ("LEASEHOLD", "SCENARIOS", "REPORTS")}


def checked(name, folder, scenario):
    """The check step in a repository with this one scenario: (exit code, reports)."""
    (folder / "scenarios").mkdir(parents=True)
    (folder / "scenarios" / "two-leaders.yaml").write_text(scenario)
    built = folder / "leasehold" / "build" / "release"
    built.mkdir(parents=True)
    (built / "bin").symlink_to(Path(os.environ["LEASEHOLD_PROGRAMS"]))
    done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c",
                           commands_of(name)], cwd=folder, capture_output=True, text=True,
                          check=False, timeout=120,
                          env={**clean_environment(folder), **variables_of(name)})
    print(done.stdout + done.stderr)
    return done.returncode, folder / variables_of(name)["REPORTS"]


@pytest.mark.parametrize("name", FILES)
def test_the_check_step_fails_with_the_check_and_leaves_its_reports(schemas, name, tmp_path):
    """Catches a pipe that swallows the exit code, a report that is not kept, a place that no reader
    of the report would find."""
    code, reports = checked(name, tmp_path / "broken", BROKEN)
    assert code == 1
    assert (reports / "pages.html").exists()
    assert (reports / "pages-runs" / "two-leaders.html").exists()
    suite = ElementTree.parse(reports / "junit.xml").getroot().find("testsuite")
    failed = [case.get("name") for case in suite.findall("testcase")
              if case.find("failure") is not None]
    assert failed[:2] == ["seed 1", "seed 2"] and "leader.at-most-one" in failed[2:], failed
    sarif = json.loads((reports / "leasehold.sarif").read_text())
    assert not complaints(schemas["sarif"], sarif)
    results = {one["ruleId"]: one for one in sarif["runs"][0]["results"]}
    place = results["leader.at-most-one"]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "scenarios/two-leaders.yaml"},
                     "region": {"startLine": PAUSED}}
    assert json.loads((reports / "results.json").read_text())["exitCode"] == 1
    # What the schema would refuse, so that it is known to look.
    sarif["runs"][0]["results"][0]["level"] = "fatal"
    assert complaints(schemas["sarif"], sarif)

    kept = "expect:\n  violates: [leader.at-most-one, lease.taken-only-when-free]\n"
    code, reports = checked(name, tmp_path / "passing", BROKEN + kept)
    assert code == 0
    sarif = json.loads((reports / "leasehold.sarif").read_text())
    assert not complaints(schemas["sarif"], sarif) and not sarif["runs"][0]["results"]
