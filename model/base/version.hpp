// The version of the library, for the preprocessor and for code.
//
// Until 1.0 a change of the second number may break whoever builds upon it (find_package asks for
// the same one), a change of the third does not. CHANGELOG.md says what changed.
#pragma once

#define LEASEHOLD_VERSION_MAJOR 0
#define LEASEHOLD_VERSION_MINOR 1
#define LEASEHOLD_VERSION_PATCH 0
/// 1'002'003 is 1.2.3.
#define LEASEHOLD_VERSION                                                    \
    (LEASEHOLD_VERSION_MAJOR * 1'000'000 + LEASEHOLD_VERSION_MINOR * 1'000 + \
     LEASEHOLD_VERSION_PATCH)
