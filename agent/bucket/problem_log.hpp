// ProblemLog: what became of a bucket's requests, told to Duties in words for people.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/duties.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

class ProblemLog {
  public:
    /// Null: nobody is told.
    explicit ProblemLog(Duties* duties) : duties_(duties) {}

    /// `problem` is empty when nothing was wrong. That alone does not say that work of this kind
    /// works: a PUT that met 412 stored nothing, an aborted request showed nothing.
    void note(BucketVerb verb, std::string_view key, const BucketReply& reply,
              const std::string& problem);

  private:
    Duties* duties_;
};

}  // namespace leasehold::agent
