"""What the live suites share: the lab, runs that go on at the same time, and where reports go."""

import concurrent.futures
import os
import traceback
from pathlib import Path

import pytest

from lab.lab import Lab, tools_build

NOT_RUN = 77  # ctest counts this as skipped


def pytest_configure(config):
    config.stash[REASON] = None


REASON = pytest.StashKey()


def tools_or_reason():
    """Builds the servers if they are not there yet; why they can't be had, or None."""
    try:
        tools_build.build(tools_build.wanted_modules())
    except tools_build.NoGo as reason:
        return str(reason)
    return None


def cannot_run(reason):
    """Ends a test for which this machine lacks something: a failure in CI, where nothing may."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(request):
    reason = tools_or_reason()
    if reason:
        request.config.stash[REASON] = reason
        cannot_run(f"the live tests could not run: {reason}")
    made = Lab(os.environ["LEASEHOLD_PROGRAMS"])
    yield made
    failed = request.session.testsfailed > 0
    made.stop(keep_files=failed)
    if failed:
        print(f"\nlogs and recordings are in {made.folder}")


def pytest_sessionfinish(session):
    reason = session.config.stash[REASON]
    if reason and os.environ.get("CI") != "true":
        print(f"\nSKIPPED: the live tests could not run: {reason}")
        session.exitstatus = NOT_RUN


@pytest.fixture(scope="session")
def reports():
    """The folder of tables that a person may want to keep."""
    folder = Path(os.environ.get("LEASEHOLD_REPORTS", "."))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Concurrent:
    """Runs that mostly wait, all at the same time; each test takes the result of its own.

    `run(lab, say)` is a run; what it says is printed by the test that waits for it.
    """

    def __init__(self, lab, runs):
        self._said = {name: [] for name in runs}
        self._pool = concurrent.futures.ThreadPoolExecutor(max(1, len(runs)))
        self._futures = {name: self._pool.submit(self._guarded, lab, name, run)
                         for name, run in runs.items()}

    def _guarded(self, lab, name, run):
        try:
            return run(lab, self._said[name].append)
        except BaseException:
            self._said[name].append(traceback.format_exc())
            raise

    def result(self, name, seconds=400):
        try:
            return self._futures[name].result(seconds)
        finally:
            print("\n".join(map(str, self._said[name])))

    def close(self):
        self._pool.shutdown(wait=True, cancel_futures=True)


def chosen(request, parameter):
    """Values of `parameter` that this session's tests ask for (pytest -k starts only those)."""
    return [item.callspec.params[parameter] for item in request.session.items
            if item.module is request.module and parameter in getattr(item, "callspec", _NONE).params]


class _NONE:  # a test without parameters
    params = {}
