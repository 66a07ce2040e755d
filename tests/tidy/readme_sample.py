#!/usr/bin/env python3
"""The sample runs of README.md are what the program prints.

    readme_sample.py ROOT PROGRAM [--rewrite]

A sample stands between two HTML comments; its first line is the command, after `$ `:

    <!-- sample: leasehold run scenarios/failover/leader-crash.yaml --seed 7 -->
    ```
    $ ./dev run scenarios/failover/leader-crash.yaml --seed 7
    ...
    ```
    <!-- end of sample -->

The program runs in ROOT and must end with 0. Wall-clock figures are no part of its output.
"""

import difflib
import re
import shlex
import subprocess
import sys
from pathlib import Path

SAMPLE = re.compile(
    r"(<!-- sample: leasehold (?P<arguments>.+?) -->\n```(?:text)?\n)(?P<shown>.*?)"
    r"(```\n<!-- end of sample -->)", re.S)


def printed(root, program, arguments):
    result = subprocess.run([program, *shlex.split(arguments)], cwd=root, capture_output=True,
                            text=True, timeout=120)
    if result.returncode != 0:
        sys.exit(f"leasehold {arguments} ended with {result.returncode}:\n"
                 f"{result.stdout}{result.stderr}")
    command = re.sub(r"^run ", "./dev run ", arguments)
    if command == arguments:
        command = "leasehold " + arguments
    return f"$ {command}\n" + result.stdout.rstrip("\n") + "\n"


def main():
    root, program = Path(sys.argv[1]), sys.argv[2]
    readme = root / "README.md"
    text = readme.read_text()
    samples = list(SAMPLE.finditer(text))
    if not samples or len(samples) != text.count("<!-- sample:"):
        sys.exit("README.md: no sample, or one that is not well formed")
    if "--rewrite" in sys.argv[3:]:
        readme.write_text(SAMPLE.sub(
            lambda m: m.group(1) + printed(root, program, m.group("arguments")) + m.group(4), text))
        return 0
    failed = 0
    for match in samples:
        expected = printed(root, program, match.group("arguments"))
        if match.group("shown") != expected:
            failed += 1
            sys.stdout.writelines(difflib.unified_diff(
                match.group("shown").splitlines(True), expected.splitlines(True),
                "README.md", "the program"))
            print("tests/tidy/readme_sample.py ROOT PROGRAM --rewrite brings it up to date")
    print(f"{len(samples) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
