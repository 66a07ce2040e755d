// Descriptors 0, 1 and 2 belong to the standard streams, whoever started the program.
#pragma once

namespace leasehold::reports {

/// Opens /dev/null for each of them that is closed: the next file or socket would get its number,
/// and what is printed would go into it. Called before anything else is opened.
void hold_standard_streams();

}  // namespace leasehold::reports
