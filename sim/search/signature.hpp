// Signature: what two failures have in common when they are one bug.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/check/result.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/run.hpp"

namespace leasehold::search {

/// The verdict that counts of a run in which several broke: the earliest that `scenario` doesn't
/// let break; null when none did.
[[nodiscard]] const check::Verdict* first_broken(const sim::Scenario& scenario,
                                                 const check::RunResult& result);

/// "leader.at-most-one: step leaseAnswered 200 -> gate -> role leader": the invariant that broke
/// first ("CHECK" where a belief of the model did), and the shape of the first wrong step: which
/// kind of record, what it held, what came of it, without names, keys, numbers and times. The same
/// whatever the seed, the replicas and the times are. Empty when nothing broke.
///
/// `result` is that of `scenario` with `seed`, which is played again where something broke; with
/// the machines of `make_peer`, if it was.
[[nodiscard]] std::string signature_of(sim::Runner& runner, const sim::Scenario& scenario,
                                       std::uint64_t seed, const check::RunResult& result,
                                       const sim::MakePeer& make_peer = {});

/// How a lean result carries it to whoever asked for it: as the one line of its chain. That of a
/// worker that died carries none; its signature is how it ended.
void carry_signature(check::RunResult& result, std::string signature);
[[nodiscard]] std::string carried_signature(const check::RunResult& result);

/// Its first part, the id.
[[nodiscard]] std::string_view invariant_of(std::string_view signature);

}  // namespace leasehold::search
