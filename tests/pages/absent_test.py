#!/usr/bin/env python3
"""A program whose build could not fetch uPlot: absent_test.py PROGRAM WITHOUT, the one with pages and
the one without."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from page_checks import ROOT, expect, finish, leasehold

WITHOUT = Path(sys.argv[2]).resolve()
CRASH = "scenarios/failover/leader-crash.yaml"
CONFIGURE = """set(CMAKE_CURRENT_SOURCE_DIR {source})
set(CMAKE_CURRENT_BINARY_DIR {binary})
include({source}/chart.cmake)
leasehold_fetch_chart(chart)
message(STATUS "chart: [${{chart}}]")
"""


def without(*arguments):
    return subprocess.run([WITHOUT, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=240, check=False)


def check_refusals(directory):
    page = directory / "page.html"
    commands = (["run", CRASH], ["check", CRASH, "--seed", "1"], ["verify", CRASH],
                ["campaign", CRASH, "--seeds", "1..2"],
                ["merge", directory, "--out", directory / "all"])
    for command in commands:
        done = without(*command, "--html", page)
        expect(f"{command[0]} says that there are no pages", (done.returncode, done.stdout),
               (69, ""))
        expect("in one line, with the flag, the reason and where to read on", done.stderr,
               lambda found: found.count("\n") == 1 and found.startswith("leasehold: --html: ")
               and "uPlot" in found and "reports/README.md" in found)
    expect("nothing is written", sorted(directory.iterdir()), [])


def check_the_rest(directory):
    """The same program does the same where nobody asks for a page; the one with pages writes one."""
    plain = leasehold("run", CRASH, "--seed", "7", "--html", directory / "there.html")
    expect("a page where there are pages", (directory / "there.html").stat().st_size > 10_000)
    done = without("run", CRASH, "--seed", "7", "--trace", directory / "run.pftrace", "--mermaid",
                   directory / "run.mmd")
    expect("the same run without them", (done.returncode, done.stdout), (0, plain.stdout))
    expect("traces and diagrams need no pages", all(
        (directory / name).stat().st_size > 500 for name in ("run.pftrace", "run.mmd")))


def check_configure(directory):
    """An npm that fails makes a build without pages, and a warning that says how to get them."""
    script = directory / "fetch.cmake"
    script.write_text(CONFIGURE.format(source=ROOT / "reports" / "html", binary=directory))
    done = subprocess.run([shutil.which("cmake"), f"-DLEASEHOLD_NPM={shutil.which('false')}", "-P",
                           script], capture_output=True, text=True, timeout=60, check=False)
    expect("it goes on", (done.returncode, done.stdout), (0, "-- chart: []\n"))
    said = " ".join(done.stderr.split())
    expect("it warns", said, lambda found: "CMake Warning" in found and "no pages" in found
           and "-DLEASEHOLD_PAGES=OFF" in found)


def main():
    with tempfile.TemporaryDirectory() as name:
        for check in (check_refusals, check_the_rest, check_configure):
            directory = Path(name) / check.__name__
            directory.mkdir()
            check(directory)
    finish()


if __name__ == "__main__":
    main()
