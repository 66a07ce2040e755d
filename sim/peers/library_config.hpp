// The electors of other libraries, and what a scenario can set of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace leasehold::sim {

/// Whose elector. All have the durations that they were measured with: a lease of 15 s.
enum class Library : std::uint8_t {
    fabric8,               ///< kubernetes-client 8.0.0
    official_java,         ///< client-java-extended 25.0.0
    python,                ///< kubernetes 37.0.2
    kubert,                ///< kubert 0.25.0
    kube_leader_election,  ///< kube-leader-election 0.44.0
};
inline constexpr std::size_t kLibraries = 5;
/// As the key `electors` says them, in the order of Library.
inline constexpr std::array<std::string_view, kLibraries> kLibraryNames{
    "fabric8", "officialJava", "python", "kubert", "kubeLeaderElection"};

struct LibrarySpec {
    std::vector<std::uint32_t> replicas;  ///< ascending
    bool release = false;                 ///< a stop gives the Lease back; Python's has no way to
};

}  // namespace leasehold::sim
