// Results of a campaign: one file of JSON lines that a SIGKILL leaves readable, and their union.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.hpp"
#include "model/base/time.hpp"
#include "model/check/result.hpp"

namespace leasehold::search {

inline constexpr std::uint32_t kResultsVersion = 1;
inline constexpr std::string_view kResultsFile = "results.ndjson";

/// The last seed where time alone ends a campaign.
inline constexpr std::uint64_t kEndless = 1'000'000'000;

/// Runs between two looks at the clock, the corpus and SIGINT. More, and mutation would feed on
/// what is old; fewer, and workers would wait for the last of each batch.
inline constexpr std::uint64_t kBatchRuns = 256;

/// What a campaign plays: equal ones play the same runs. The file's first line.
struct Header {
    std::string format = "leasehold-campaign";
    std::uint32_t version = kResultsVersion;
    std::string build;
    std::vector<std::string> families;  ///< empty: all
    std::vector<std::string> bases;     ///< a hash of each base scenario
    std::uint64_t first = 1;            ///< seed
    std::uint64_t last = 1;
    bool guide = true;
    std::uint64_t shard = 1;  ///< 1..shards
    std::uint64_t shards = 1;
    /// Its batches are several shards', one behind the other, so that nobody can go on with them:
    /// which seeds come next can't be told from how many there are. Written only when true.
    bool united = false;

    /// The runs of this shard up to its last seed.
    [[nodiscard]] std::uint64_t runs() const;
    /// The runs of this shard when nothing ends it before; kEndless: no number was asked for.
    [[nodiscard]] std::uint64_t planned() const;
};

/// One run that failed.
struct Failure {
    std::string signature;
    check::Outcome outcome = check::Outcome::safety;
    std::string genome;
    std::uint64_t seed = 0;
    std::uint64_t run = 0;  ///< how many this shard had played, it included
};

/// What one batch of runs showed: a line each.
struct Batch {
    /// Ended in the middle, as the last of its campaign: what was played of it counts, and who goes
    /// on plays it again, since what follows from a batch must not follow from the moment of its
    /// end. Written only when true.
    bool unfinished = false;
    std::uint64_t number = 0;  ///< from 0 on
    std::uint64_t runs = 0;
    Duration simulated{0};
    std::uint64_t passed = 0;
    std::uint64_t inconclusive = 0;
    std::vector<std::string> features;  ///< never seen before
    std::vector<std::string> corpus;    ///< genomes that showed them
    std::vector<Failure> failures;
};

/// All failures of one signature: one bug, as far as that says.
struct Group {
    std::string signature;
    check::Outcome outcome = check::Outcome::safety;
    std::uint64_t count = 0;
    Failure first;
};

/// A results file, or several united.
struct Results {
    Header header;
    std::vector<Batch> batches;

    /// Its time was over: what a campaign without a last seed says at its end, and one that was
    /// killed or interrupted does not.
    bool ended = false;

    std::size_t bytes = 0;  ///< of the text that they were read from, less what was dropped

    [[nodiscard]] std::uint64_t runs() const;
    [[nodiscard]] std::uint64_t passed() const;
    [[nodiscard]] std::uint64_t features() const;
    [[nodiscard]] Duration simulated() const;  ///< of all runs; 292 years at most
    /// In the order of their first failure.
    [[nodiscard]] std::vector<Group> groups() const;
    /// Of all runs the worst; of those without a verdict none counts unless nothing passed.
    [[nodiscard]] check::Outcome outcome() const;
};

[[nodiscard]] std::string header_line(const Header& header);
[[nodiscard]] std::string batch_line(const Batch& batch);
/// The last line of a campaign whose time was over.
[[nodiscard]] std::string end_line();

/// How much of a file may be missing.
enum class Tail : std::uint8_t {
    whole,   ///< nothing: its last line must be complete
    resumed  ///< the last line may be cut off, as a SIGKILL leaves it, an unfinished batch or the
             ///< end of the time; all are dropped
};
/// Reads a results file's text. Batches are numbered from 0 without a gap, and each has the runs
/// that its place says (an unfinished one, the last, fewer), counts them up and tells failures that
/// can be played again: a file in which a line was lost or changed is no record. The message names
/// the line.
[[nodiscard]] Result<Results, std::string> parse_results(std::string_view text, Tail tail);

/// Unites shards of one campaign; the same shard twice counts once, as the copy that got further.
/// The message says which of them does not match, and how. `lacking` gets a sentence for each shard
/// that nobody brought and for each that did not play all its runs, or all its time: the union is
/// not the campaign.
[[nodiscard]] Result<Results, std::string> unite(const std::vector<Results>& shards,
                                                 const std::vector<std::string>& names,
                                                 std::vector<std::string>& lacking);

}  // namespace leasehold::search
