#!/usr/bin/env python3
"""Bad input from outside: one message on stderr, exit code 64, nothing on stdout, nothing written.

    bad_input_test.py PROGRAM

What each message must say stands in the bad files themselves (their `# expect:` line).
"""

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BAD = Path("tests/scenarios/bad")
GOOD = "scenarios/failover/leader-crash.yaml"
# Arguments, and what the message must say.
FLAGS = [
    (["rum", GOOD], "run"),                               # the nearest command
    (["run", GOOD, "--sed", "7"], "--seed"),              # the nearest option
    (["run", GOOD, "--seed", "9..3"], "9..3"),
    (["run", GOOD, "--seed", "-1"], "-1"),
    (["run", GOOD, "--jobs", "many"], "many"),
    (["run", "scenarios/no-such.yaml"], "no-such.yaml"),
    (["run"], "scenario file"),
    (["run", GOOD, "--set", "kubecostDeployment.replicas=two"], "replicas"),
    (["run", GOOD, "-f", "no-such-values.yaml"], "no-such-values.yaml"),
    (["run", GOOD, "--color", "mauve"], "mauve"),
]


def call(program, arguments):
    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run(
            [program, *arguments, "--json", f"{scratch}/out.json", "--junit", f"{scratch}/out.xml"],
            capture_output=True, timeout=60)
        written = sorted(p.name for p in Path(scratch).iterdir())
    return result.returncode, result.stdout.decode(), result.stderr.decode(), written


def problems(program, arguments, needle):
    code, out, err, written = call(program, arguments)
    if code != 64:
        yield f"exit code {code}, not 64"
    if out:
        yield f"stdout: {out[:200]!r}"
    if written:
        yield f"written: {written}"
    if not re.search(needle, err):
        yield f"no {needle!r} in the message"
    if len(err.strip().splitlines()) not in (1, 2):
        yield "not one message"
    if problem_words(err):
        yield "a message for programmers"


def problem_words(text):
    return re.search(r"terminate called|what\(\)|yaml-cpp|Sanitizer|basic_string|std::", text)


def main():
    program = sys.argv[1]
    cases = list(FLAGS)
    files = sorted(BAD.rglob("*.yaml"))
    for file in files:
        expect = re.search(rb"^# expect: (\d+):(\d+): (.*)$", file.read_bytes(), re.M)
        if not expect:
            cases.append((["run", str(file)], re.escape(str(file))))
            continue
        line, column, text = (part.decode() for part in expect.groups())
        # 0:0 = about the file as a whole.
        place = "" if line == "0" else f":{line}:{column}"
        cases.append((["run", str(file)],
                      f"{re.escape(str(file) + place)}: .*{re.escape(text)}"))
    with tempfile.TemporaryDirectory() as scratch:
        made = {
            "empty.yaml": b"",
            "nul.yaml": b"scenario: a\0b\n",
            "latin1.yaml": b"scenario: a\nwhy: \xe9t\xe9\n",
            "deep.yaml": b"scenario: deep\nwhy: " + b"[" * 100000 + b"]" * 100000 + b"\n",
            "bomb.yaml": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            "self.yaml": b"scenario: &a [*a]\n",
            "quote.yaml": b"scenario: 'a\nwhy: b\n",
            "two.yaml": b"scenario: two\n---\nscenario: three\n",
        }
        for name, content in made.items():
            Path(scratch, name).write_bytes(content)
            cases.append((["run", f"{scratch}/{name}"], re.escape(name)))
        Path(scratch, "folder.yaml").mkdir()
        cases.append((["run", f"{scratch}/folder.yaml"], "folder.yaml"))
        failed = 0
        with ThreadPoolExecutor() as pool:  # hundreds of short processes
            first = pool.map(lambda case: next(problems(program, *case), None), cases)
            for (arguments, _), problem in zip(cases, first):
                if problem is None:
                    continue
                failed += 1
                print(f"{' '.join(arguments)}: {problem}\n  {call(program, arguments)[2][:300]}")
    if len(files) < 40:
        failed += 1
        print(f"only {len(files)} bad files were found")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
