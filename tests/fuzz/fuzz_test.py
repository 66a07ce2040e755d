#!/usr/bin/env python3
"""Runs one libFuzzer program for a while over its corpus and tells what it did.

    fuzz_test.py PROGRAM --corpus DIR --work DIR [--expect-crash] [-- LIBFUZZER OPTIONS]

Inputs that reach something new are kept in WORK/corpus from run to run; the committed corpus is
only read. LEASEHOLD_FUZZ_SECONDS: how long (default 5). Fails on a finding, whose input is then
in WORK/artifacts, and when nothing was executed.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path


def fail(message):
    print(f"FAILED: {message}")
    return 1


def count_files(folder):
    return sum(1 for path in folder.iterdir() if path.is_file()) if folder.is_dir() else 0


def run(options):
    program = Path(options.program)
    if not program.is_file():
        return fail(f"{program.name} was not built: fuzz targets need clang++ with libFuzzer")
    corpus = options.work / "corpus"
    artifacts = options.work / "artifacts"
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    for old in artifacts.iterdir():
        old.unlink()
    if not options.expect_crash and count_files(options.corpus) == 0:
        return fail(f"no committed corpus in {options.corpus}")
    seconds = int(os.environ.get("LEASEHOLD_FUZZ_SECONDS", "5"))
    command = [program, f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=10",
               "-rss_limit_mb=2048", f"-artifact_prefix={artifacts}/", *options.libfuzzer, corpus]
    if options.corpus.is_dir():
        command.append(options.corpus)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=seconds * 3 + 300)
    executed = re.search(r"number_of_executed_units: *(\d+)", done.stdout)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", done.stdout)
    found = sorted(path.name for path in artifacts.iterdir())
    print(f"{program.name}: {executed.group(1) if executed else '?'} executions in {seconds} s, "
          f"coverage {reached[-1][0] if reached else '?'} edges, "
          f"{reached[-1][1] if reached else '?'} features, corpus {count_files(options.corpus)} "
          f"committed and {count_files(corpus)} found, findings {len(found)}")
    if done.returncode != 0 or found:
        print(done.stdout[-6000:])
        return fail(f"exit code {done.returncode}; inputs: {', '.join(found) or 'none'}")
    if not executed or int(executed.group(1)) == 0:
        return fail("nothing was executed")
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--expect-crash", action="store_true",
                        help="the program has a planted bug: pass only if it is found")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    options.libfuzzer = sys.argv[end + 1:]
    code = run(options)
    if not options.expect_crash:
        return code
    crashes = [f.name for f in (options.work / "artifacts").glob("crash-*")]
    if code != 1 or not crashes:
        return fail("the planted bug was not found")
    print("passed: the planted bug was found and reported as a failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
