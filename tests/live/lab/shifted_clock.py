"""A wall clock that is off, for one program: what it reads is shifted, its monotonic clocks are not."""

import subprocess

SOURCE = """
#include <ctime>
#include <cstdlib>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += std::atol(std::getenv("SHIFTED_CLOCK_S"));
    return static_cast<int>(result);
}
"""


def shifted(folder, seconds):
    """The variables with which a program sees its wall clock so far ahead."""
    library = folder / "shifted_clock.so"
    if not library.exists():
        subprocess.run(["c++", "-shared", "-fPIC", "-x", "c++", "-", "-o", library],
                       input=SOURCE, text=True, check=True, timeout=60)
    return {"LD_PRELOAD": str(library), "SHIFTED_CLOCK_S": str(seconds)}
