#!/usr/bin/env python3
"""Servers and peers that Debian 12 has no package of and that are no Go, each pinned and once per
machine.

    install.py moto      moto (STS, IAM, S3, an instance's metadata), from PyPI
    install.py azurite   Azurite (Azure Blob Storage), from npm, with the Node.js that is on PATH
    install.py schemas   JSON schemas that others publish: SARIF's (from npm), GitHub's and GitLab's (PyPI)
    install.py perfetto     the schema of Perfetto's traces, from PyPI
    install.py mermaid      Mermaid, which draws diagrams on GitHub, from npm
    install.py python-elector   Kubernetes' official client for Python, from PyPI
    install.py fabric8          likewise official-java: clients for Java, from Maven Central
    install.py kubert           likewise kube-leader-election: from Rust's registry
    install.py s3proxy          likewise s3mock: S3 servers in Java, from Maven Central

Installs what is not there yet and prints the command that starts it. Each lies in the cache beside
the servers that build.py builds, CACHE/live/NAME-KEY, where KEY is a digest of its lock file or
sources and of the version of what runs or builds it. A folder appears by a rename once it is whole. Exit code 1 with
the reason when it can't be had.
"""

import argparse
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

import build

HERE = Path(__file__).resolve().parent
# What Debian calls the packages; the first two ./dev test installs.
PACKAGES = {"node": "nodejs", "java": "default-jre-headless", "javac": "default-jdk-headless",
            "mvn": "maven"}


class Unavailable(Exception):
    """It can't be had; and why."""


def _run(name, command, **options):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              check=False, **options)
    except FileNotFoundError as missing:
        raise Unavailable(f"{name}: there is no {missing.filename} on PATH (Debian: "
                          f"{PACKAGES.get(missing.filename, missing.filename)})") from missing
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


def _venv(name, requirements):
    """The Python that has what `requirements` pins by hash."""
    def fill(folder):
        _run(name, [sys.executable, "-m", "venv", folder])
        _run(name, [folder / "bin" / "python", "-m", "pip", "install", "--quiet",
                    "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
                    "--require-hashes", "-r", requirements])
    folder = _once(name, requirements.read_bytes(), sys.version, fill)
    return folder / "bin" / "python"


def moto():
    """The command that starts moto's server."""
    return [_venv("moto", HERE / "moto" / "requirements.txt"), "-P", "-m", "moto.server"]


@functools.cache
def python_elector():
    """The command that starts an elector of the official Python client."""
    source = HERE / "electors" / "python"
    return [_venv("python-elector", source / "requirements.txt"), "-P", source / "elector.py"]


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


# Of @microsoft/jest-sarif, which has SARIF 2.1.0's as SchemaStore publishes it.
SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SARIF_SCHEMA = "sarif-2.1.0-rtm.5.json"
SARIF_DIGEST = "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8"


def schemas():
    """The folder with sarif.json, github-workflows.json and gitlab-ci.json. No code of theirs runs."""
    requirements = HERE / "schemas" / "requirements.txt"

    def fill(folder):
        with tempfile.TemporaryDirectory() as scratch:
            _run("schemas", [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                             "--only-binary", ":all:", "--require-hashes", "-d", scratch, "-r",
                             requirements])
            with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
                for name in ("github-workflows.json", "gitlab-ci.json"):
                    place = f"check_jsonschema/builtin_schemas/vendor/{name}"
                    (folder / name).write_bytes(wheel.read(place))
            _run("schemas", ["npm", "pack", "--silent", "--ignore-scripts", SARIF_PACKAGE],
                 cwd=scratch)
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as packed:
                found = packed.extractfile(f"package/lib/schemas/{SARIF_SCHEMA}").read()
        if hashlib.sha256(found).hexdigest() != SARIF_DIGEST:
            raise Unavailable(f"schemas: {SARIF_PACKAGE} has another {SARIF_SCHEMA} than the pinned one")
        (folder / "sarif.json").write_bytes(found)
    locked = requirements.read_bytes() + f"{SARIF_PACKAGE} {SARIF_DIGEST}".encode()
    return [_once("schemas", locked, "", fill)]


def perfetto():
    """The Python that has Perfetto's schema."""
    return [_venv("perfetto", HERE / "perfetto" / "requirements.txt")]


MERMAID_PACKAGE = "mermaid@11.17.2"
MERMAID_DIGEST = "581ed7d74bd9048d0e3a91363927d72ef22942d7722546b27f7cc29e35390eb8"


def mermaid():
    """Mermaid as one script for a browser."""
    def fill(folder):
        with tempfile.TemporaryDirectory() as scratch:
            _run("mermaid", ["npm", "pack", "--silent", "--ignore-scripts", MERMAID_PACKAGE],
                 cwd=scratch)
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as packed:
                found = packed.extractfile("package/dist/mermaid.min.js").read()
        if hashlib.sha256(found).hexdigest() != MERMAID_DIGEST:
            raise Unavailable(f"mermaid: {MERMAID_PACKAGE} has another script than the pinned one")
        (folder / "mermaid.min.js").write_bytes(found)
    return [_once("mermaid", f"{MERMAID_PACKAGE} {MERMAID_DIGEST}".encode(), "", fill)
            / "mermaid.min.js"]


@functools.cache
def java_elector(name):
    """The command that starts the elector of electors/java/`name`, its library from Maven Central."""
    source = HERE / "electors" / "java"
    sources = [source / "Reporter.java", source / name / "Elector.java"]
    pom = source / name / "pom.xml"

    def fill(folder):
        _run(name, ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", pom,
                    "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'jars'}"])
        _run(name, ["javac", "-nowarn", "-d", folder / "classes", "-cp", folder / "jars" / "*",
                    *sources])
    locked = b"".join(path.read_bytes() for path in [pom, *sources])
    folder = _once(name, locked, _run(name, ["java", "--version"]), fill)
    # What System.nanoTime lacks of the clock of the recordings.
    offset = (time.clock_gettime_ns(time.CLOCK_BOOTTIME)
              - time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
            f"{folder / 'classes'}:{folder / 'jars'}/*", "Elector", f"--boottime-offset={offset}"]


# Whole programs: coordinates and SHA-256 of the jar that has all that it needs.
JARS = {
    "s3proxy": ("org.gaul:s3proxy:4.1.0:jar:jar-with-dependencies",
                "a4d025969aaf796616ed4b1e2491d87d455ce84bb28cb9db086b2e6aaa68b48d"),
    "s3mock": ("com.adobe.testing:s3mock:5.2.0:jar:exec",
               "dd7c192fef0005374dec507317ae946eaa5beeffeb4e901d8b97f7fd2ddfb741"),
}


@functools.cache
def jar(name):
    """The jar of one of JARS, to be run by `java -jar`."""
    coordinates, digest = JARS[name]

    def fill(folder):
        _run(name, ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "dependency:copy",
                    f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"], cwd=folder)
        (found,) = folder.glob("*.jar")
        if hashlib.sha256(found.read_bytes()).hexdigest() != digest:
            raise Unavailable(f"{name}: {coordinates} has another checksum than the pinned one")
        found.rename(folder / f"{name}.jar")
    return _once(name, coordinates.encode(), digest, fill) / f"{name}.jar"


def _cargo():
    """cargo on PATH, or where rustup puts it: a login shell alone has that on its PATH."""
    usual = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin" / "cargo"
    return usual if not shutil.which("cargo") and usual.exists() else "cargo"


@functools.cache
def rust_elector(name):
    """The command that starts the elector of electors/rust/`name`; one build has all of them."""
    source = HERE / "electors" / "rust"
    recipe = sorted(path for path in source.rglob("*") if path.suffix in (".rs", ".toml", ".lock"))

    def fill(folder):
        _run(name, [_cargo(), "build", "--locked", "--manifest-path", source / "Cargo.toml",
                    "--target-dir", folder / "target"])
        for program in (folder / "target" / "debug").glob("elector-*"):
            if not program.suffix:
                program.rename(folder / program.name)
        shutil.rmtree(folder / "target")
    locked = b"".join(path.read_bytes() for path in recipe)
    folder = _once("rust-electors", locked, _run(name, [_cargo(), "--version"]), fill)
    return [folder / f"elector-{name}"]


INSTALLERS = {
    "moto": moto,
    "azurite": azurite,
    "schemas": schemas,
    "perfetto": perfetto,
    "mermaid": mermaid,
    "python-elector": python_elector,
    **{name: functools.partial(java_elector, name) for name in ("fabric8", "official-java")},
    **{name: lambda name=name: ["java", "-jar", jar(name)] for name in JARS},
    **{name: functools.partial(rust_elector, name) for name in ("kube-leader-election", "kubert")},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("name", choices=sorted(INSTALLERS))
    try:
        print(*INSTALLERS[parser.parse_args().name]())
    except Unavailable as reason:
        build.say(str(reason))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
