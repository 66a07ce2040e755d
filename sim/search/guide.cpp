#include "sim/search/guide.hpp"

#include <bit>
#include <utility>

namespace leasehold::search {

std::vector<std::string> features_of(const check::RunResult& result, MarkPairs& known) {
    std::set<std::string> features;
    for (const check::CoverageCount& count : result.coverage)
        features.insert(count.point);
    std::vector<std::size_t> reached;
    for (std::size_t i = 0; i < kMarkCount; ++i) {
        if (result.marks[i] == 0) continue;
        const std::string_view name = kMarks[i].name;
        features.insert(std::string(name) + " x" + std::to_string(std::bit_floor(result.marks[i])));
        for (const std::size_t other : reached) {
            if (known[other * kMarkCount + i]) continue;
            known.set(other * kMarkCount + i);
            features.insert(std::string(kMarks[other].name) + " + " + std::string(name));
        }
        reached.push_back(i);
    }
    features.insert("outcome " + std::string(check::outcome_name(result.outcome)));
    return {features.begin(), features.end()};
}

Genome Guide::next(std::uint64_t base, std::uint64_t seed) const {
    Random random(mix64(seed + 0x9d1deULL));
    Genome fresh{base, seed, {}};
    // Every other run is drawn anew: what the corpus has not is found there alone.
    if (!mutates_ || corpus_.empty() || random.below(2) == 0) return fresh;
    // The younger half twice as often.
    const std::size_t half = corpus_.size() / 2;
    const std::size_t from = random.below(3) < 2 ? half : 0;
    Genome genome = corpus_[from + random.below(corpus_.size() - from)];
    const std::uint64_t turns = 1 + random.below(3);
    for (std::uint64_t i = 0; i < turns; ++i)
        genome.mutations.push_back(mix64(seed ^ (i << 56)) >> 16);
    if (genome.mutations.size() > kMutationsMax) return fresh;
    return genome;
}

bool Guide::learn(const Genome& genome, const check::RunResult& result, Batch& batch) {
    if (!mutates_) return false;
    bool fresh = false;
    for (std::string& feature : features_of(result, known_)) {
        if (!seen_.insert(feature).second) continue;
        fresh = true;
        batch.features.push_back(std::move(feature));
    }
    if (fresh) {
        corpus_.push_back(genome);
        batch.corpus.push_back(genome_text(genome));
    }
    return fresh;
}

void Guide::learn(const Batch& batch) {
    seen_.insert(batch.features.begin(), batch.features.end());
    for (const std::string& text : batch.corpus)
        if (auto genome = parse_genome(text)) corpus_.push_back(std::move(*genome));
}

}  // namespace leasehold::search
