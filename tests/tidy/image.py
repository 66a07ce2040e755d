#!/usr/bin/env python3
"""deploy/Dockerfile as far as it can be followed without a container engine:
image.py ROOT PROGRAM AGENT, the programs being built ones.

Its packages are those of packages.txt; its context alone configures by its own command and has all
that the two programs are built of; the libraries that these are linked with come from the packages of
the image that runs. Fetching packages and the layers themselves are not tried."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
PROGRAMS = [Path(one).resolve() for one in sys.argv[2:4]]
# Brought by debian:12-slim itself.
BASE = {"libc6", "libgcc-s1", "libstdc++6"}
# Of ./dev alone: building again in seconds, and the pages, which the image does without.
NOT_THERE = {"ccache", "nodejs", "npm"}
problems = []


def instructions():
    """Each as one line, continuations joined, comments dropped."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "deploy/Dockerfile").read_text(), flags=re.M)
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]


def packages(instruction):
    found = re.search(r"--no-install-recommends ([^&]+)&&", instruction)
    return set(found[1].split())


def check_packages(installed):
    text = (ROOT / "packages.txt").read_text()
    listed = {entry.split(":")[0] for line in text[:text.index("# Tests and benchmarks")].splitlines()
              for entry in line.split("#")[0].split()}
    if installed - {"ca-certificates"} != listed - NOT_THERE:
        problems.append(f"built of other packages than packages.txt: "
                        f"{(installed - {'ca-certificates'}) ^ (listed - NOT_THERE)}")


def check_build(steps):
    (run,) = [step for step in steps if step.startswith("RUN cmake")]
    configure, build = [part.strip() for part in run[len("RUN "):].split("&&")][:2]
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        for step in steps:
            words = step.split()
            if words[0] != "COPY" or words[1].startswith("--"):
                continue
            if words[-1].startswith("/"):
                continue  # of the image that runs
            for one in words[1:-1]:
                target = source if words[-1] == "./" else source / words[-1]
                if (ROOT / one).is_dir():
                    shutil.copytree(ROOT / one, target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / one, target)
        # A dry run of ninja objects to each file that is missing.
        for command in (configure, build + " -- -n"):
            done = subprocess.run(command.split(), cwd=source, capture_output=True, text=True,
                                  timeout=240, check=False)
            if done.returncode != 0:
                problems.append(f"{command}: {(done.stdout + done.stderr)[-1500:]}")
                return


def owner(library):
    """The package that a file is of; Debian 12 knows some by the place before /usr was merged."""
    for path in (library, library.removeprefix("/usr"), "/usr" + library):
        done = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    return None


def check_libraries(installed):
    for program in PROGRAMS:
        needed = set(re.findall(r"NEEDED\s+(\S+)", subprocess.run(
            ["objdump", "-p", program], capture_output=True, text=True, check=True).stdout))
        places = dict(re.findall(r"(\S+) => (/\S+)", subprocess.run(
            ["ldd", program], capture_output=True, text=True, check=True).stdout))
        for library in sorted(needed):
            package = owner(places[library]) if library in places else "libc6"  # the loader itself
            if package not in installed | BASE:
                problems.append(f"{program.name} needs {library} of {package}, which the image lacks")
        if not needed & set(places):
            problems.append(f"{program.name}: no library was looked at")


def main():
    if shutil.which("dpkg") is None:
        print("skipped: only Debian's dpkg knows which package a library is of")
        sys.exit(77)
    steps = instructions()
    build, run = [packages(step) for step in steps if step.startswith("RUN apt-get")]
    check_packages(build)
    check_libraries(run)
    check_build(steps)
    for problem in problems:
        print(f"deploy/Dockerfile: {problem}")
    print(f"{len(steps)} instructions, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
