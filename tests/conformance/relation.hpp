// Relations between what two servers call the same thing: versions by order, names by equality.
//
// A real server's resourceVersions, uids and ETags are never those of the simulated one. What must
// agree is how they relate: what is equal on one side is equal on the other, and what is newer is
// newer. A relation grows with each answer, and refuses the first pair that contradicts it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/base/strong.hpp"

namespace leasehold::conformance {

/// One-to-one between names of both sides; the empty name goes with itself alone.
class NameRelation {
  public:
    /// Takes the pair up, or says what it contradicts.
    [[nodiscard]] std::optional<std::string> relate(const std::string& simulated,
                                                    const std::string& real);
    /// The real name of a simulated one, if one was seen.
    [[nodiscard]] std::optional<std::string> real_of(const std::string& simulated) const;

  private:
    std::map<std::string, std::string> to_real_;
    std::map<std::string, std::string> to_simulated_;
};

/// One-to-one between versions of both sides, and the order of one is that of the other.
class VersionRelation {
  public:
    [[nodiscard]] std::optional<std::string> relate(Version simulated, Version real);
    [[nodiscard]] std::optional<Version> real_of(Version simulated) const;

  private:
    std::map<Version, Version> to_real_;
};

}  // namespace leasehold::conformance
