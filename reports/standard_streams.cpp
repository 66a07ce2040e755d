#include "reports/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace leasehold::reports {

void hold_standard_streams() {
    // The lowest number that is free is the one that is given.
    for (int given = 0; given >= 0 && given <= STDERR_FILENO;) {
        given = open("/dev/null", O_RDWR);
        if (given > STDERR_FILENO) close(given);
    }
}

}  // namespace leasehold::reports
