#!/usr/bin/env python3
"""Builds the servers of the live tests from the Go module proxy, once per machine.

    build.py            builds what is missing, then prints one line for each program: NAME PATH
    build.py --cached   builds nothing: 1 when something is missing
    build.py --only MODULE   this module alone (elector k8s k8s-1.34 kine load minio ...)

Each module lies in its own folder of the cache, CACHE/live/MODULE-KEY, where KEY is a digest of its
recipe, go.mod, go.sum and sources, and of the version of Go. A folder appears by a rename once all
of its programs are built: a half-built one is never used. What was not asked for in two weeks goes.
CACHE is $LEASEHOLD_CACHE, else leasehold in $XDG_CACHE_HOME, else .cache/leasehold at home.

$LEASEHOLD_KUBERNETES=1.34 asks for the older kube-apiserver in place of the pinned one, and
$LEASEHOLD_KUBELETS=kwok for KWOK as well.

A Go of 1.26 or newer is taken as it is, with its caches. With an older one (Debian 12 has 1.19) the
pinned toolchain is fetched, which is an ordinary module, verified by its checksum; caches are then
our own and removed afterwards. Exit code 77 with the reason when there is no usable Go or no way
to its modules, 1 when a build failed.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NO_GO = 77

GO_FLOOR = (1, 26)  # Kubernetes' 1.37
TOOLCHAIN = "go1.26.8"
TOOLCHAIN_SUM = "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM="
TOOLCHAIN_PLATFORM = "linux-amd64"


def kubernetes(version):
    """The programs of Kubernetes `version`, and its name for itself (/version)."""
    major, minor = version.removeprefix("v").split(".")[:2]
    link = " ".join(
        f"-X k8s.io/component-base/version.{name}={value}"
        for name, value in (("gitVersion", version), ("gitMajor", major), ("gitMinor", minor),
                            ("gitTreeState", "clean"), ("gitCommit", "unknown"),
                            ("buildDate", "1970-01-01T00:00:00Z")))
    return {"kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", link),
            "etcd": ("go.etcd.io/etcd/server/v3", "")}


# As its releases are linked: without these Helm 3 takes Kubernetes for 1.20 (its client-go is 0.37).
HELM3_LINK = " ".join(f"-X helm.sh/helm/v3/pkg/{place}.k8sVersion{part}={value}"
                      for place in ("chartutil", "lint/rules")
                      for part, value in (("Major", "1"), ("Minor", "37")))

# module: {program: (package, further link flags)}
MODULES = {
    "actionlint": {"actionlint": ("github.com/rhysd/actionlint/cmd/actionlint", "")},
    "elector": {"elector": (".", "")},
    "helm": {"helm": (".", ""), "helm3": ("helm.sh/helm/v3/cmd/helm", HELM3_LINK),
             "helm4": ("helm.sh/helm/v4/cmd/helm", "")},
    "load": {"load": (".", "")},
    "reads": {"reads": (".", "")},
    "toxiproxy": {"toxiproxy-server": ("github.com/Shopify/toxiproxy/v2/cmd/server", "")},
    "versitygw": {"versitygw": ("github.com/versity/versitygw/cmd/versitygw", "")},
    "minio": {"minio": ("github.com/minio/minio", "")},
    "rclone": {"rclone-s3": (".", "")},
    "fakegcs": {"fake-gcs-server": ("github.com/fsouza/fake-gcs-server", "")},
    "kine": {"kine": ("github.com/k3s-io/kine", "")},
    "kwok": {"kwok": ("sigs.k8s.io/kwok/cmd/kwok", "")},
    "k8s": kubernetes("v1.37.2"),
    "k8s-1.34": kubernetes("v1.34.4"),
}
KUBERNETES = {"1.37": "k8s", "1.34": "k8s-1.34"}  # the first one unless another is asked for
WITH_C = ("kine",)  # its SQLite is the one in C
# Files of a module's folder that are put beside its programs.
FILES = {"kwok": ("sigs.k8s.io/kwok", "kustomize/stage", "*.yaml")}
ON_REQUEST = ("kwok",)  # of $LEASEHOLD_KUBELETS
NO_NETWORK = re.compile(r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake")
UNUSED_AFTER = 14 * 24 * 3600  # seconds
BUILD_FLAGS = ["-mod=readonly", "-trimpath", "-buildvcs=false"]


class NoGo(Exception):
    """There is no usable Go, or its modules can't be fetched; and why."""


def say(text):
    print(f"live tools: {text}", file=sys.stderr, flush=True)


def cache_root():
    base = os.environ.get("LEASEHOLD_CACHE")
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "leasehold")
    return Path(base).absolute() / "live"


# ---- which Go ---------------------------------------------------------------------------------


def go_on_path():
    """(path, version text, (major, minor)) of the Go on PATH, or None."""
    path = shutil.which("go")
    if not path:
        return None
    # GOTOOLCHAIN=local: the version that is here, not one that it would fetch.
    done = subprocess.run([path, "version"], env={**os.environ, "GOTOOLCHAIN": "local"},
                          capture_output=True, text=True, check=False)
    found = re.search(r"go version (go(\d+)\.(\d+)\S* \S+)", done.stdout)
    if not found:
        return None
    return path, found.group(1), (int(found.group(2)), int(found.group(3)))


def go_version():
    """The Go that a build uses, known without fetching it."""
    found = go_on_path()
    if found and found[2] >= GO_FLOOR:
        return found[1]
    return f"{TOOLCHAIN} {TOOLCHAIN_PLATFORM.replace('-', '/')}"


def fetch_toolchain(bootstrap, work):
    """Downloads the pinned Go as a module with an older Go; the path of its program."""
    platform = os.uname()
    if (platform.sysname, platform.machine) != ("Linux", "x86_64"):
        raise NoGo(f"Go is older than {GO_FLOOR[0]}.{GO_FLOOR[1]}, and the pinned toolchain is for "
                   f"Linux on x86-64, not {platform.sysname} on {platform.machine}")
    module = f"golang.org/toolchain@v0.0.1-{TOOLCHAIN}.{TOOLCHAIN_PLATFORM}"
    say(f"fetching {TOOLCHAIN}")
    empty = work / "empty"
    empty.mkdir()
    environment = {**own_caches(work), "GOFLAGS": "-modcacherw"}
    done = subprocess.run([bootstrap, "mod", "download", "-json", module], cwd=empty,
                          env=environment, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if done.returncode != 0 or "Dir" not in answer:
        reason = answer.get("Error") or done.stderr.strip() or f"exit code {done.returncode}"
        raise NoGo(f"{module} could not be fetched: {reason}")
    if answer["Sum"] != TOOLCHAIN_SUM:
        raise NoGo(f"{module} has another checksum than the pinned one: {answer['Sum']}")
    root = Path(answer["Dir"])
    # A module's files are not executable, and its own go.mod files are set aside.
    for folder in (root / "bin", root / "pkg" / "tool" / TOOLCHAIN_PLATFORM.replace("-", "_")):
        for program in folder.iterdir():
            program.chmod(0o755)
    for folder in (root / "src", root / "src" / "cmd"):
        shutil.copyfile(folder / "_go.mod", folder / "go.mod")
    return str(root / "bin" / "go")


def own_caches(work):
    return {**clean_environment(), "GOPATH": str(work / "path"),
            "GOMODCACHE": str(work / "path" / "pkg" / "mod"), "GOCACHE": str(work / "cache")}


def clean_environment():
    dropped = ("GOFLAGS", "GOROOT", "GOWORK", "GOOS", "GOARCH", "GOEXPERIMENT")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}


@contextlib.contextmanager
def usable_go(root):
    """(program, environment) to build with; what had to be made for it is removed at the end."""
    found = go_on_path()
    if found and found[2] >= GO_FLOOR:
        caches = [subprocess.run([found[0], "env", name], env=clean_environment(), text=True,
                                 capture_output=True, check=True).stdout.strip()
                  for name in ("GOCACHE", "GOMODCACHE")]
        if all(os.path.isdir(folder) for folder in caches):
            yield found[0], clean_environment()
            return
    if not found:
        raise NoGo(f"there is no Go on PATH; {GO_FLOOR[0]}.{GO_FLOOR[1]} or newer is needed, or "
                   "any that knows modules, to fetch it (Debian: golang-go)")
    work = Path(tempfile.mkdtemp(prefix="go-", dir=root))
    try:
        program = found[0] if found[2] >= GO_FLOOR else fetch_toolchain(found[0], work)
        yield program, {**own_caches(work), "GOFLAGS": "-modcacherw"}
    finally:
        shutil.rmtree(work, ignore_errors=True)


# ---- what is built ----------------------------------------------------------------------------


def key_of(module, version):
    digest = hashlib.sha256()
    recipe = [MODULES[module], BUILD_FLAGS, version]
    if module in FILES:
        recipe.append(FILES[module])
    digest.update(json.dumps(recipe).encode())
    for path in sorted((HERE / module).iterdir()):
        if path.suffix in (".mod", ".sum", ".go"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def folder_of(module, root=None, version=None):
    return (root or cache_root()) / f"{module}-{key_of(module, version or go_version())}"


def wanted_modules():
    """Those of a run: one Kubernetes of several."""
    chosen = os.environ.get("LEASEHOLD_KUBERNETES") or next(iter(KUBERNETES))
    if chosen not in KUBERNETES:
        raise SystemExit(f"LEASEHOLD_KUBERNETES={chosen}: expected one of {', '.join(KUBERNETES)}")
    asked = os.environ.get("LEASEHOLD_KUBELETS", "").split(",")
    return [module for module in MODULES
            if (module not in KUBERNETES.values() or module == KUBERNETES[chosen])
            and (module not in ON_REQUEST or module in asked)]


def programs(modules=None):
    """{name: path} of the programs of `modules`, whether they are built or not."""
    version = go_version()
    return {name: folder_of(module, version=version) / name
            for module in modules or wanted_modules() for name in MODULES[module]}


def missing(chosen):
    version = go_version()
    return [module for module in chosen if not folder_of(module, version=version).is_dir()]


def run_build(command, folder, environment):
    """Passes on what it says. A machine without a network is not a broken build."""
    lines = []
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.STDOUT,
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            sys.stderr.write(line)
            lines.append(line.strip())
    if process.returncode == 0:
        return
    for line in lines:
        if NO_NETWORK.search(line):
            raise NoGo(f"modules could not be fetched: {line}")
    raise subprocess.CalledProcessError(process.returncode, command)


def copy_files(module, go, environment, target):
    name, folder, pattern = FILES[module]
    found = subprocess.run([go, "list", "-m", "-f", "{{.Dir}}", name], cwd=HERE / module,
                           env=environment, capture_output=True, text=True, check=True)
    root = Path(found.stdout.strip(), folder)
    for path in root.rglob(pattern):
        copy = target / root.name / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def build_module(module, go, environment, root, version):
    target = folder_of(module, root, version)
    half = Path(tempfile.mkdtemp(prefix=f"half-{module}-", dir=root))
    try:
        for name, (package, link) in MODULES[module].items():
            say(f"building {name} ({package})")
            began = time.monotonic()
            command = ["nice", "-n", "5", go, "build", *BUILD_FLAGS, "-o", str(half / name),
                       "-ldflags", f"-s -w {link}".strip(), package]
            with_c = {"CGO_ENABLED": "1"} if module in WITH_C else {}
            run_build(command, HERE / module, {**environment, **with_c})
            say(f"{name}: {(half / name).stat().st_size >> 20} MiB in "
                f"{time.monotonic() - began:.0f} s")
        if module in FILES:
            copy_files(module, go, environment, half)
        half.chmod(0o755)
        half.rename(target)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def remove_unused(root, names):
    """Other keys belong to other versions of the tree: they go when nobody has asked for long."""
    for name in names:
        for folder in root.glob(f"{name}-*"):
            if time.time() - folder.stat().st_mtime > UNUSED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)


def build(chosen):
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another build on this machine may be under way
        wanted = missing(chosen)
        for module in set(chosen) - set(wanted):
            os.utime(folder_of(module, root))
        remove_unused(root, MODULES)
        if not wanted:
            return
        # Nobody else builds now, so what lies here half done was left by a build that was killed.
        for left in [*root.glob("half-*"), *root.glob("go-*")]:
            shutil.rmtree(left, ignore_errors=True)
        with usable_go(root) as (go, environment):
            for module in wanted:
                build_module(module, go, environment, root, go_version())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cached", action="store_true", help="build nothing; 1 when not all there")
    parser.add_argument("--only", choices=sorted(MODULES), action="append", help="this module")
    arguments = parser.parse_args()
    chosen = arguments.only or wanted_modules()
    try:
        if not arguments.cached:
            build(chosen)
    except NoGo as reason:
        say(str(reason))
        return NO_GO
    except subprocess.CalledProcessError as failure:
        say(f"a build failed: {' '.join(map(str, failure.cmd))}")
        return 1
    absent = missing(chosen)
    if absent:
        say(f"not built: {' '.join(absent)}")
        return 1
    for name, path in programs(chosen).items():
        print(name, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
