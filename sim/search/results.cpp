#include "sim/search/results.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "reports/json_archive.hpp"
#include "sim/search/space.hpp"

namespace leasehold::search {

using reports::Like;

template <class A>
void fields(A& a, Like<Header> auto& v) {
    a("format", v.format);
    a("schemaVersion", v.version);
    a("build", v.build);
    a("families", v.families);
    a("bases", v.bases);
    a("firstSeed", v.first);
    a("lastSeed", v.last);
    a("guide", v.guide);
    a("shard", v.shard);
    a("shards", v.shards);
    // Read by read_marked(): a file without it is one of a campaign itself.
    if constexpr (!A::kReads)
        if (v.united) a("united", v.united);
}

template <class A>
void fields(A& a, Like<Failure> auto& v) {
    a("signature", v.signature);
    a("outcome", v.outcome);
    a("genome", v.genome);
    a("seed", v.seed);
    a("run", v.run);
}

template <class A>
void fields(A& a, Like<Batch> auto& v) {
    a("batch", v.number);
    a("runs", v.runs);
    a("simulatedNs", v.simulated);
    a("passed", v.passed);
    a("inconclusive", v.inconclusive);
    a("features", v.features);
    a("corpus", v.corpus);
    a("failures", v.failures);
    if constexpr (!A::kReads)
        if (v.unfinished) a("unfinished", v.unfinished);
}

namespace {

constexpr const char* kEnd = "end";
constexpr const char* kTimeOver = "time";

/// "a, b"; `none` when there are none.
std::string listed(const std::vector<std::string>& words, std::string_view none) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? std::string(none) : text;
}

std::string seeds_of(const Header& header) {
    return std::to_string(header.first) + ".." +
           (header.last == kEndless ? " until --time ends it" : std::to_string(header.last));
}

/// What `b` has otherwise than `a`, in words, both of them; empty when they are of one campaign.
std::string difference(const Header& a, const Header& b) {
    if (a.build != b.build) return "built of other sources, " + b.build + ", not of " + a.build;
    if (a.shards != b.shards)
        return "one of " + std::to_string(b.shards) + " shards, not of " + std::to_string(a.shards);
    if (a.first != b.first || a.last != b.last)
        return "of other seeds, " + seeds_of(b) + ", not " + seeds_of(a);
    if (a.families != b.families)
        return "of other families, " + listed(b.families, "all") + ", not " +
               listed(a.families, "all");
    if (a.bases != b.bases)
        return "of other base scenarios, " + listed(b.bases, "none") + " by their hashes, not " +
               listed(a.bases, "none");
    if (a.guide != b.guide)
        return b.guide ? "guided, and the other is not" : "not guided, and the other is";
    return {};
}

/// Why no campaign has this header; empty when one can.
std::string flaw_of(const Header& header) {
    if (header.shard < 1 || header.shard > header.shards)
        return "is shard " + std::to_string(header.shard) + " of " + std::to_string(header.shards);
    if (header.first > header.last)
        return "is of seeds " + std::to_string(header.first) + ".." + std::to_string(header.last) +
               ": they run from low to high";
    return {};
}

/// What is written with a mark only when that is true. Throws JsonError.
template <class T>
void read_marked(reports::Json json, std::string_view mark, bool T::*marked, T& out) {
    const auto found = json.is_object() ? json.find(mark) : json.end();
    if (found != json.end()) {
        reports::decode(*found, out.*marked);
        json.erase(found);
    }
    reports::decode(json, out);
}

/// Why no run of the campaign can have failed so; empty when one can. Its runs are `first`..`last`
/// of their shard.
std::string flaw_of(const Failure& failure, const Header& header, std::uint64_t first,
                    std::uint64_t last) {
    const auto genome = parse_genome(failure.genome);
    if (const std::string why = genome_problem(failure.genome, header.bases.size());
        !genome || !why.empty())
        return "its genome: " + (why.empty() ? "it is empty" : why);
    if (failure.outcome == check::Outcome::pass || failure.outcome == check::Outcome::inconclusive)
        return "its outcome is '" + std::string(check::outcome_name(failure.outcome)) +
               "', expected one that is a failure";
    if (failure.seed != genome->seed)
        return "its seed is " + std::to_string(failure.seed) + ", and its genome's " +
               std::to_string(genome->seed);
    if (failure.seed < header.first || failure.seed > header.last)
        return "its seed is " + std::to_string(failure.seed) + ", expected " +
               std::to_string(header.first) + " to " + std::to_string(header.last);
    if (failure.run < first || failure.run > last)
        return "its run is " + std::to_string(failure.run) + ", expected " + std::to_string(first) +
               " to " + std::to_string(last);
    return {};
}

/// The runs of a whole batch in this place.
std::uint64_t room_of(const Batch& batch, const Header& header) {
    const std::uint64_t before = batch.number * kBatchRuns;
    const std::uint64_t all = header.runs();
    if (header.united) return kBatchRuns;
    return all > before ? std::min(kBatchRuns, all - before) : 0;
}

/// Why `batch` has not the runs that it must have; empty when it has. Of united ones nobody knows
/// which shard's last batch they are.
std::string size_misfit(const Batch& batch, const Header& header) {
    const std::uint64_t room = room_of(batch, header);
    const std::uint64_t most = room - (batch.unfinished && room > 0 ? 1 : 0);
    const bool fewer = header.united || batch.unfinished;
    if (batch.runs == most || (fewer && batch.runs > 0 && batch.runs < most)) return {};
    return "has " + std::to_string(batch.runs) + " runs, expected " + (fewer ? "1 to " : "") +
           std::to_string(most) + ": they were changed";
}

bool ends_unfinished(const Results& results) {
    return !results.batches.empty() && results.batches.back().unfinished;
}

/// Why `batch` can't stand where `expected` is the next number; empty when it can.
std::string misfit(const Batch& batch, std::uint64_t expected, const Header& header) {
    if (batch.number != expected)
        return "is batch " + std::to_string(batch.number) + ", expected batch " +
               std::to_string(expected) + ": a line is missing, or stands twice";
    const std::uint64_t told = batch.passed + batch.inconclusive + batch.failures.size();
    if (batch.runs != told)
        return "counts " + std::to_string(batch.runs) + " runs, and tells the ends of " +
               std::to_string(told);
    if (const std::string why = size_misfit(batch, header); !why.empty()) return why;
    const std::uint64_t before = header.united ? 0 : batch.number * kBatchRuns;
    // Those that were played of an unfinished one are not its first ones.
    const std::uint64_t last = header.united ? header.runs() : before + room_of(batch, header);
    for (std::size_t i = 0; i < batch.failures.size(); ++i)
        if (const std::string why = flaw_of(batch.failures[i], header, before + 1, last);
            !why.empty())
            return "failure " + std::to_string(i + 1) + ": " + why;
    for (const std::string& genome : batch.corpus)
        if (const std::string why = genome_problem(genome, header.bases.size()); !why.empty())
            return "corpus: " + why;
    return {};
}

/// The batches that were played whole.
std::size_t whole_batches(const Results& results) {
    return results.batches.size() - (ends_unfinished(results) ? 1 : 0);
}

std::string read_header(const reports::Json& json, Header& header) {
    const auto format = json.is_object() ? json.find("format") : json.end();
    if (format == json.end() || *format != header.format) return "no results of a campaign";
    const auto version = json.find("schemaVersion");
    if (version == json.end() || *version != kResultsVersion)
        return "results of another format than " + std::to_string(kResultsVersion);
    read_marked(json, "united", &Header::united, header);
    return flaw_of(header);
}

std::string read_batch(const reports::Json& json, Results& results) {
    Batch batch;
    read_marked(json, "unfinished", &Batch::unfinished, batch);
    if (results.ended) return "comes after the end of the time, which is the last of its file";
    if (ends_unfinished(results))
        return "comes after an unfinished batch, which is the last of its file";
    const std::string what = misfit(batch, results.batches.size(), results.header);
    if (what.empty()) results.batches.push_back(std::move(batch));
    return what;
}

bool is_end(const reports::Json& json) {
    return json.is_object() && json.contains(kEnd);
}

std::string read_end(const reports::Json& json, Results& results) {
    if (json != reports::Json{{kEnd, kTimeOver}}) return "is damaged: no end of a campaign";
    if (results.header.last != kEndless) return "is the end of a time, and its campaign has seeds";
    if (results.ended) return "comes after the end of the time, which is the last of its file";
    results.ended = true;
    return {};
}

/// Did `a` get further than `b`? Of two that were ended in the same batch the one that found more.
bool further(const Results& a, const Results& b) {
    const auto progress = [](const Results& results) {
        const bool unfinished = ends_unfinished(results);
        return std::tuple(whole_batches(results),
                          unfinished ? results.batches.back().failures.size() : 0, results.runs(),
                          results.ended);
    };
    return progress(a) > progress(b);
}

/// Is `part` how `whole` began? How an unfinished batch ended follows from nothing.
bool begins_with(const Results& whole, const Results& part) {
    for (std::size_t i = 0; i < whole_batches(part); ++i)
        if (batch_line(whole.batches[i]) != batch_line(part.batches[i])) return false;
    return true;
}

}  // namespace

std::uint64_t Header::runs() const {
    const std::uint64_t span = last - first;
    return span < shard - 1 ? 0 : (span - (shard - 1)) / shards + 1;
}

std::uint64_t Header::planned() const {
    return last == kEndless ? kEndless : runs();
}

std::uint64_t Results::runs() const {
    std::uint64_t sum = 0;
    for (const Batch& batch : batches)
        sum += batch.runs;
    return sum;
}

std::uint64_t Results::passed() const {
    std::uint64_t sum = 0;
    for (const Batch& batch : batches)
        sum += batch.passed;
    return sum;
}

std::uint64_t Results::features() const {
    std::vector<std::string_view> all;
    for (const Batch& batch : batches)
        all.insert(all.end(), batch.features.begin(), batch.features.end());
    std::ranges::sort(all);
    return static_cast<std::uint64_t>(std::unique(all.begin(), all.end()) - all.begin());
}

Duration Results::simulated() const {
    Duration sum{0};
    for (const Batch& batch : batches)
        sum += std::min(batch.simulated, Duration::max() - sum);
    return sum;
}

std::vector<Group> Results::groups() const {
    std::vector<Group> groups;
    for (const Batch& batch : batches)
        for (const Failure& failure : batch.failures) {
            const auto found = std::ranges::find(groups, failure.signature, &Group::signature);
            if (found != groups.end())
                ++found->count;
            else
                groups.push_back({failure.signature, failure.outcome, 1, failure});
        }
    return groups;
}

check::Outcome Results::outcome() const {
    check::Outcome outcome = passed() > 0 ? check::Outcome::pass : check::Outcome::inconclusive;
    for (const Group& group : groups())
        outcome = check::worse(outcome, group.outcome);
    return outcome;
}

std::string header_line(const Header& header) {
    return reports::to_line(reports::encode(header)) + "\n";
}
std::string batch_line(const Batch& batch) {
    return reports::to_line(reports::encode(batch)) + "\n";
}

std::string end_line() {
    return reports::to_line(reports::Json{{kEnd, kTimeOver}}) + "\n";
}

Result<Results, std::string> parse_results(std::string_view text, Tail tail) {
    Results results;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = text.find('\n');
        const auto wrong = [&](const std::string& what) {
            return Unexpected{"line " + std::to_string(number) + ": " + what};
        };
        if (end == std::string_view::npos) {
            if (tail == Tail::resumed && number > 1) break;
            return wrong("is cut off" +
                         std::string(number > 1 ? " (its campaign was ended in the middle of it: "
                                                  "leasehold campaign --resume drops it)"
                                                : ""));
        }
        try {
            const reports::Json json = reports::parse_json(text.substr(0, end));
            const std::string what = number == 1    ? read_header(json, results.header)
                                     : is_end(json) ? read_end(json, results)
                                                    : read_batch(json, results);
            if (!what.empty()) return wrong(what);
        } catch (const reports::JsonError& error) {
            return wrong(std::string("is damaged: ") + error.what());
        }
        text.remove_prefix(end + 1);
        if (tail == Tail::resumed && (ends_unfinished(results) || results.ended)) continue;
        results.bytes += end + 1;
    }
    if (number == 0)
        return Unexpected{std::string(
            "empty: its campaign had not begun (leasehold campaign --resume begins it)")};
    if (tail == Tail::resumed) {
        if (ends_unfinished(results)) results.batches.pop_back();
        results.ended = false;
    }
    return results;
}

Result<Results, std::string> unite(const std::vector<Results>& shards,
                                   const std::vector<std::string>& names,
                                   std::vector<std::string>& lacking) {
    Results all;
    all.header = shards.front().header;
    std::map<std::uint64_t, std::size_t> place;  // of each shard
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const Header& header = shards[i].header;
        if (const std::string what = difference(all.header, header); !what.empty())
            return Unexpected{names[i] + " does not match " + names.front() + ": it is " + what};
        if (header.shard < 1 || header.shard > header.shards)
            return Unexpected{names[i] + " is shard " + std::to_string(header.shard) + " of " +
                              std::to_string(header.shards)};
        const auto [found, fresh] = place.emplace(header.shard, i);
        if (fresh) continue;
        // The one that got further is the same campaign, later.
        std::size_t shorter = i;
        if (further(shards[i], shards[found->second])) std::swap(shorter, found->second);
        if (!begins_with(shards[found->second], shards[shorter]))
            return Unexpected{names[i] + " does not match another copy of shard " +
                              std::to_string(header.shard) + ": their runs ended otherwise"};
    }
    lacking.clear();
    const std::string of = " of " + std::to_string(all.header.shards);
    for (std::uint64_t shard = 1; shard <= all.header.shards; ++shard) {
        const auto found = place.find(shard);
        if (found == place.end()) {
            lacking.push_back("shard " + std::to_string(shard) + of + " is missing");
            continue;
        }
        const Results& one = shards[found->second];
        const std::uint64_t planned = one.header.planned();
        if (planned == kEndless && !one.ended)
            lacking.push_back("shard " + std::to_string(shard) + of +
                              " was ended before its time was over: " + std::to_string(one.runs()) +
                              " runs");
        if (planned != kEndless && one.runs() < planned)
            lacking.push_back("shard " + std::to_string(shard) + of +
                              " is not finished: " + std::to_string(one.runs()) + " of " +
                              std::to_string(planned) + " runs");
        all.batches.insert(all.batches.end(), one.batches.begin(), one.batches.end());
    }
    for (std::size_t i = 0; i < all.batches.size(); ++i) {
        all.batches[i].number = i;
        all.batches[i].unfinished = false;  // of united ones nobody plays any again
    }
    all.ended = all.header.planned() == kEndless && lacking.empty();
    all.header.shard = all.header.shards = 1;
    all.header.united = true;
    return all;
}

}  // namespace leasehold::search
