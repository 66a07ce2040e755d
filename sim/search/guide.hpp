// Guide: which run comes next, by what the runs so far have shown.
#pragma once

#include <bitset>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "model/base/marks.hpp"
#include "model/check/result.hpp"
#include "sim/search/results.hpp"
#include "sim/search/space.hpp"

namespace leasehold::search {

/// Which pairs of marks runs have reached: the lower one's number times kMarkCount, plus the
/// other's.
using MarkPairs = std::bitset<kMarkCount * kMarkCount>;

/// What a run showed: the points of its coverage, how often its marks were reached in powers of
/// two, and which pairs of marks it reached. Ordered, each once. Pairs are by far the most of it,
/// and hardly any are new: those in `known` are left out, and those told are entered there.
[[nodiscard]] std::vector<std::string> features_of(const check::RunResult& result,
                                                   MarkPairs& known);

/// Keeps what was new and mutates it. Its choices follow from the seeds and from the batches that
/// it was told, so that a campaign is the same for any number of workers, and goes on where it
/// ended.
class Guide {
  public:
    explicit Guide(bool mutates) : mutates_(mutates) {}

    /// The genome for the run of this seed.
    [[nodiscard]] Genome next(std::uint64_t base, std::uint64_t seed) const;
    /// Enters what a run showed: true when something of it was new, which `batch` then holds too.
    bool learn(const Genome& genome, const check::RunResult& result, Batch& batch);
    /// Enters a batch of an earlier process.
    void learn(const Batch& batch);

    [[nodiscard]] std::size_t features() const { return seen_.size(); }
    [[nodiscard]] std::size_t corpus() const { return corpus_.size(); }

  private:
    static constexpr std::size_t kMutationsMax = 12;  ///< of one genome: the reader stays quick

    bool mutates_;
    std::set<std::string, std::less<>> seen_;
    MarkPairs known_;  ///< of this process's runs; all are in seen_ too
    std::vector<Genome> corpus_;
};

}  // namespace leasehold::search
