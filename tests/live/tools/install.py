#!/usr/bin/env python3
"""Servers that Debian 12 has no package of and that are no Go, each pinned and once per machine.

    install.py moto      moto (STS, IAM, S3, an instance's metadata), from PyPI
    install.py azurite   Azurite (Azure Blob Storage), from npm, with the Node.js that is on PATH

Installs what is not there yet and prints the command that starts it. Each lies in the cache beside
the servers that build.py builds, CACHE/live/NAME-KEY, where KEY is a digest of its lock file and of
the version of Python or Node.js. A folder appears by a rename once it is whole. Exit code 1 with
the reason when it can't be had.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import build

HERE = Path(__file__).resolve().parent


class Unavailable(Exception):
    """It can't be had; and why."""


def _run(name, command, **options):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              check=False, **options)
    except FileNotFoundError as missing:
        raise Unavailable(f"{name}: there is no {missing.filename} on PATH "
                          "(Debian: nodejs npm; ./dev test installs them)") from missing
    if done.returncode != 0:
        words = " ".join((done.stderr.strip() or done.stdout.strip()).split())
        raise Unavailable(f"{name} could not be installed (exit code {done.returncode}): "
                          f"{words[:600]}")
    return done.stdout


def _once(name, locked, version, fill):
    """The folder that `fill(folder)` has filled, by whoever came first."""
    digest = hashlib.sha256(locked + version.encode()).hexdigest()[:16]
    target = build.cache_root() / f"{name}-{digest}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            os.utime(target)
        else:
            half = Path(tempfile.mkdtemp(prefix=f"{name}-half-", dir=target.parent))
            try:
                build.say(f"installing {name}")
                fill(half)
                half.rename(target)
            finally:
                shutil.rmtree(half, ignore_errors=True)
        build.remove_unused(target.parent, [name])
    return target


def moto():
    """The command that starts moto's server."""
    requirements = HERE / "moto" / "requirements.txt"

    def fill(folder):
        _run("moto", [sys.executable, "-m", "venv", folder])
        _run("moto", [folder / "bin" / "python", "-m", "pip", "install", "--quiet",
                      "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
                      "--require-hashes", "-r", requirements])
    folder = _once("moto", requirements.read_bytes(), sys.version, fill)
    return [folder / "bin" / "python", "-P", "-m", "moto.server"]


def azurite():
    """The command that starts Azurite's blob service."""
    recipe = [HERE / "azurite" / name for name in ("package.json", "package-lock.json")]

    def fill(folder):
        for path in recipe:
            shutil.copy(path, folder)
        # `ci` installs what the lock says, by digest; no script of any package is run.
        _run("Azurite", ["npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"],
             cwd=folder)
    locked = b"".join(path.read_bytes() for path in recipe)
    folder = _once("azurite", locked, _run("Azurite", ["node", "--version"]), fill)
    return ["node", folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("name", choices=("moto", "azurite"))
    try:
        print(*(moto if parser.parse_args().name == "moto" else azurite)())
    except Unavailable as reason:
        build.say(str(reason))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
