"""Processes that go before all other work of the machine, for as long as they are measured."""

import contextlib
import os


def _tasks(pid):
    with contextlib.suppress(FileNotFoundError):
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    return []


def _give(pids, policy, priority):
    for pid in pids:
        for task in _tasks(pid):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(task, policy, os.sched_param(priority))


@contextlib.contextmanager
def precedence(*processes):
    """This process and `processes` are SCHED_FIFO: what else the machine has to do then costs them
    next to nothing. Gives whether that was allowed; without the right they share as ever."""
    pids = [os.getpid(), *(process.pid for process in processes)]
    try:
        _give(pids, os.SCHED_FIFO, 1)
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        _give(pids, os.SCHED_OTHER, 0)
