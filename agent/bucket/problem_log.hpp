// ProblemLog: what is wrong with the bucket, one line for each change and not for each request.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "model/protocol/object.hpp"

namespace leasehold::agent {

class ProblemLog {
  public:
    /// `problem` is empty when all was well. Numbers in it (milliseconds, ports) make no new line.
    void note(BucketVerb verb, std::string_view key, const std::string& problem);

  private:
    std::array<std::string, 4> last_;  ///< by verb: a store may read and not write
};

}  // namespace leasehold::agent
