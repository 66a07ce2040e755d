// leasehold campaign: random schedules, and the least form of what breaks.
#include "sim/cli/campaign.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <unistd.h>

#include "config/nearest.hpp"
#include "model/base/random.hpp"
#include "reports/atomic_file.hpp"
#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "sim/cli/campaign_files.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/results_file.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/signature.hpp"

namespace leasehold::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using search::Batch;
using search::Genome;
using search::kBatchRuns;

constexpr std::uint64_t kDefaultSeeds = 1'000;
constexpr std::size_t kLeastMax = 20;  ///< groups that are shrunk
constexpr std::chrono::seconds kShrinkTime{20};
constexpr const char* kTaken = ": another process writes it";

class Campaign {
  public:
    Campaign(const Options& options, std::vector<sim::Scenario> bases,
             std::vector<search::Family> families, search::Header header)
        : options_(options),
          bases_(bases.size()),
          alone_(search::parse_genome(options.genome)),
          guide_(header.guide),
          report_{{std::move(header), {}}, {}, {}, {}, false, {}},
          space_(std::move(bases), std::move(families)),
          player_(search_options(options), none_, nullptr,
                  [this](const std::string& text) {
                      return space_.scenario(*search::parse_genome(text));
                  }),
          shrinker_(quiet_options(options), none_, nullptr, excused),
          progress_(!options.quiet && isatty(STDERR_FILENO) == 1) {}

    /// Continues what the file holds.
    void resume(search::Results earlier) {
        for (const Batch& batch : earlier.batches)
            guide_.learn(batch);
        report_.results.batches = std::move(earlier.batches);
    }
    void stream_to(std::unique_ptr<ResultsFile> file, fs::path folder) {
        file_ = std::move(file);
        folder_ = std::move(folder);
        if (folder_.empty() && !options_.html.empty())
            folder_ = RunPages::folder_beside(options_.html);
    }

    /// Plays until the seeds, the time or the patience of whoever sent a signal end.
    void run() {
        started_ = last_new_ = Clock::now();
        for (std::uint64_t batch = report_.results.batches.size(); !over(batch); ++batch)
            if (!play(batch)) break;
        // Without it nobody could tell a campaign that was killed from one that was played to its
        // end.
        if (file_ && !interrupted() && report_.results.header.planned() == search::kEndless)
            file_->write_line(search::end_line());
        if (progress_) std::fputs("\r\x1b[K", stderr);
        options_.shrinks ? find_least() : keep_as_drawn();
        // Also when the signal came between two batches, or while a failure was being shrunk.
        report_.interrupted = interrupted();
    }
    [[nodiscard]] const CampaignReport& report() const { return report_; }

  private:
    static Options search_options(Options options) {
        options.coverage = options.guide;
        options.quiet = true;
        return options;
    }
    /// What shrinks into a scenario that may break is no failure of the one that it was.
    static sim::Scenario excused(const std::string& text) {
        sim::Scenario scenario = scenario_from_text(text);
        search::excuse(scenario);
        return scenario;
    }
    static Options quiet_options(Options options) {
        options.quiet = true;
        options.jobs = 1;
        return options;
    }

    [[nodiscard]] bool out_of_time() const {
        return options_.time && Clock::now() - started_ >= *options_.time;
    }
    [[nodiscard]] bool over(std::uint64_t batch) const {
        if (interrupted()) return true;
        if (out_of_time()) return true;
        return batch * kBatchRuns >= report_.results.header.runs();
    }
    /// Shards take turns.
    [[nodiscard]] std::uint64_t seed_of(std::uint64_t run) const {
        const search::Header& header = report_.results.header;
        return header.first + run * header.shards + header.shard - 1;
    }

    /// Plays a batch; false when it was ended in the middle.
    bool play(std::uint64_t number) {
        std::vector<Job> jobs;
        std::vector<Genome> genomes;
        const std::uint64_t end =
            std::min((number + 1) * kBatchRuns, report_.results.header.runs());
        for (std::uint64_t run = number * kBatchRuns; run < end; ++run) {
            const std::uint64_t seed = seed_of(run);
            const std::uint64_t base = bases_ == 0 ? 0 : 1 + seed % bases_;
            genomes.push_back(alone_ ? *alone_ : guide_.next(base, seed));
            jobs.push_back(
                {0, genomes.back().seed, false, false, false, search::genome_text(genomes.back())});
        }
        const auto results = player_.play_until(jobs, [&](std::size_t done) {
            show_first_progress(done, jobs.size());
            return out_of_time();
        });
        Batch batch;
        batch.number = number;
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (results[i]) enter(genomes[i], *results[i], number * kBatchRuns + i + 1, batch);
        if (batch.runs < jobs.size()) {
            tell_unfinished(std::move(batch));
            return false;
        }
        if (!batch.features.empty()) last_new_ = Clock::now();
        if (file_) file_->write_line(search::batch_line(batch));
        report_.results.batches.push_back(std::move(batch));
        show_progress();
        return true;
    }

    void enter(const Genome& genome, const check::RunResult& result, std::uint64_t run,
               Batch& batch) {
        if (!options_.html.empty()) report_.tally.add(result);
        ++batch.runs;
        batch.simulated += result.simulated;
        guide_.learn(genome, result, batch);
        const std::string signature = search::carried_signature(result);
        if (!signature.empty())
            batch.failures.push_back(
                {signature, result.outcome, search::genome_text(genome), genome.seed, run});
        else if (result.outcome == check::Outcome::inconclusive)
            ++batch.inconclusive;
        else
            ++batch.passed;
    }

    /// What was played of a batch that was ended counts, wherever the file is read: nobody may call
    /// a campaign a pass that found a failure.
    void tell_unfinished(Batch batch) {
        if (batch.runs == 0) return;
        batch.unfinished = true;
        if (file_) {
            file_->write_line(search::batch_line(batch));
            report_.notes.push_back("of an unfinished batch, " + std::to_string(batch.runs) +
                                    " runs are told: --resume plays them again");
        }
        report_.results.batches.push_back(std::move(batch));
    }

    void show_first_progress(std::size_t done, std::size_t all) const {
        if (!progress_ || !report_.results.batches.empty()) return;
        std::fprintf(stderr, "\r%zu of the first %zu runs\x1b[K", done, all);
        std::fflush(stderr);
    }

    void show_progress() {
        if (!progress_) return;
        const search::Results& results = report_.results;
        const auto seconds = [](Clock::duration span) {
            return std::chrono::duration<double>(span).count();
        };
        const double spent = std::max(seconds(Clock::now() - started_), 1e-3);
        std::uint64_t failures = 0;
        for (const search::Group& group : results.groups())
            failures += group.count;
        played_ += results.batches.back().runs;
        std::fprintf(stderr,
                     "\r%s runs, %.0f/s, %s h simulated, %llu failures of %zu kinds, %zu features, "
                     "the last %.0f s ago\x1b[K",
                     reports::grouped(results.runs()).c_str(), static_cast<double>(played_) / spent,
                     reports::grouped(
                         static_cast<std::uint64_t>(results.simulated() / std::chrono::hours(1)))
                         .c_str(),
                     static_cast<unsigned long long>(failures), results.groups().size(),
                     guide_.features(), seconds(Clock::now() - last_new_));
        std::fflush(stderr);
    }

    /// The first of each group as a scenario file, for a shrink later or elsewhere.
    void keep_as_drawn() {
        if (folder_.empty()) return;
        for (const search::Group& group : report_.results.groups()) {
            if (report_.least.size() >= kLeastMax || interrupted()) return;
            sim::Scenario scenario = space_.scenario(*search::parse_genome(group.first.genome));
            scenario.name = least_name(group.signature);
            scenario.why = found_by(group);
            scenario.seeds = {group.first.seed, group.first.seed};
            const std::string text = sim::resolved_yaml(scenario);
            const std::string file = (folder_ / (scenario.name + ".yaml")).string();
            if (keeps_other({{file, text}}, group)) continue;
            reports::write_file(file, text);
            report_.least[group.signature].file = file;
        }
    }

    static std::string found_by(const search::Group& group) {
        return "found by a campaign (" + group.first.genome + "): " + group.signature;
    }

    /// Is one of these files there already, and another one? Then neither is written.
    bool keeps_other(const std::vector<std::pair<std::string, std::string>>& files,
                     const search::Group& group) {
        for (const auto& [path, text] : files) {
            if (!holds_other(path, text)) continue;
            report_.notes.push_back(path +
                                    ": exists already and is another one, so that what "
                                    "failed with " +
                                    group.signature + " was not written");
            return true;
        }
        return false;
    }

    /// One of each group, as small as it gets; on an interrupt what is known stays as it is.
    void find_least() {
        for (const search::Group& group : report_.results.groups()) {
            if (report_.least.size() >= kLeastMax || interrupted()) return;
            if (progress_)
                std::fprintf(stderr, "\rshrinking %s\x1b[K", group.signature.substr(0, 60).c_str());
            find_least(group);
        }
        if (progress_) std::fputs("\r\x1b[K", stderr);
    }

    void find_least(const search::Group& group) {
        const sim::Scenario scenario = space_.scenario(*search::parse_genome(group.first.genome));
        auto before = shrinker_.play(
            {Job{0, group.first.seed, false, true, false, sim::resolved_yaml(scenario)}});
        if (!before) return;
        if (search::carried_signature(before->front()) != group.signature) {
            report_.notes.push_back("seed " + std::to_string(group.first.seed) + " (genome " +
                                    group.first.genome +
                                    ") did not fail again: " + group.signature);
            return;
        }
        const std::string name = least_name(group.signature);
        const Clock::time_point from = Clock::now();
        const auto least =
            make_least(shrinker_,
                       {scenario,
                        group.first.seed,
                        group.signature,
                        broke_at(before->front()),
                        {},
                        search::excuse},
                       name, found_by(group), [from] { return Clock::now() - from > kShrinkTime; });
        if (!least) return;
        LeastOf& known = report_.least[group.signature];
        known.result = least->result;
        known.text = least->text;
        if (folder_.empty()) return;
        known.file = (folder_ / (name + ".yaml")).string();
        known.capsule = (folder_ / (name + ".capsule.json")).string();
        known.result.file = known.file;
        const std::string capsule = search::capsule_text(least->capsule);
        if (keeps_other({{known.file, least->text}, {known.capsule, capsule}}, group)) {
            known.file = known.capsule = known.result.file = {};
            return;
        }
        reports::write_file(known.file, least->text);
        reports::write_file(known.capsule, capsule);
        known.page = write_least_page(options_, known.file);
    }

    const Options& options_;
    const std::vector<sim::Scenario> none_;
    std::size_t bases_;
    std::optional<Genome> alone_;  ///< the one run of --genome
    search::Guide guide_;
    CampaignReport report_;
    search::Space space_;
    Player player_;
    Player shrinker_;
    bool progress_;
    std::unique_ptr<ResultsFile> file_;
    fs::path folder_;
    Clock::time_point started_;
    Clock::time_point last_new_;
    std::uint64_t played_ = 0;
};

Result<std::vector<search::Family>, std::string> families_of(const Options& options) {
    std::vector<search::Family> families;
    for (const std::string& name : options.families) {
        const auto family = search::family_named(name);
        if (family) {
            families.push_back(*family);
            continue;
        }
        std::vector<std::string_view> known;
        std::string all;
        for (const search::FamilyInfo& info : search::kFamilies) {
            known.push_back(info.name);
            all += (all.empty() ? "" : ", ") + std::string(info.name);
        }
        const std::string near = config::nearest(name, known);
        return Unexpected{
            "--families: no family '" + name + "'" +
            (near.empty() ? " (families: " + all + ")" : "; did you mean '" + near + "'?")};
    }
    return families;
}

/// Refuses a campaign that would play a base scenario without any fault, and call that a pass.
std::string without_faults(const std::vector<sim::Scenario>& bases,
                           const std::vector<search::Family>& families) {
    for (const sim::Scenario& base : bases) {
        const auto fits = [&](search::Family family) { return search::can_have(base, family); };
        if (families.empty() || std::ranges::any_of(families, fits)) continue;
        return base.file + ": none of the faults of --families can happen in it" +
               (base.elects() ? "" : " (nobody elects)");
    }
    return {};
}

search::Header header_of(const Options& options, const std::vector<sim::Scenario>& bases,
                         Shard shard) {
    search::Header header;
    header.build = std::string(search::build_id());
    header.families = options.families;
    for (const sim::Scenario& base : bases)
        header.bases.push_back(reports::format_hex(hash_text(sim::resolved_yaml(base))));
    header.first = options.seeds ? options.seeds->first : 1;
    header.last = options.seeds  ? options.seeds->last
                  : options.time ? search::kEndless
                                 : kDefaultSeeds;
    header.guide = options.guide;
    header.shard = shard.index;
    header.shards = shard.count;
    if (const auto alone = search::parse_genome(options.genome)) {
        header.first = header.last = alone->seed;
        header.shard = header.shards = 1;
        header.guide = false;
    }
    return header;
}

}  // namespace

int campaign_command(const Options& options) {
    // One run alone is nobody's part, also in a Job or an array.
    const auto shard =
        options.genome.empty() ? shard_of(options) : Result<Shard, std::string>(Shard{});
    if (!shard) return refuse(shard.error());
    const auto families = families_of(options);
    if (!families) return refuse(families.error());
    std::vector<sim::Scenario> bases;
    if (!read_scenarios(options.paths, options, bases)) return kExitUsage;
    if (const std::string why = without_faults(bases, *families); !why.empty()) return refuse(why);
    const std::string problem = search::genome_problem(options.genome, bases.size());
    if (!problem.empty()) return refuse("--genome: " + problem);
    const search::Header header = header_of(options, bases, *shard);
    fs::path folder = options.out;
    if (!folder.empty() && header.shards > 1)
        folder /= "shard-" + std::to_string(header.shard) + "-of-" + std::to_string(header.shards);
    const fs::path path = folder / search::kResultsFile;
    Earlier before;
    std::unique_ptr<ResultsFile> file;
    if (options.resume) {
        if (!fs::exists(path)) return refuse(path.string() + ": no results to go on with");
        if (!fs::is_regular_file(path)) return refuse(path.string() + ": not a regular file");
        file = std::make_unique<ResultsFile>(path.string(), false);
        if (!file->take()) return refuse(path.string() + kTaken);
        auto read = read_earlier(path, header);
        if (!read) return refuse(read.error());
        before = std::move(*read);
    } else if (!folder.empty() && fs::exists(path)) {
        return refuse(path.string() + ": exists already (--resume goes on with it)");
    }
    // Before the reports are opened: they may lie in it.
    std::error_code error;
    if (!folder.empty()) fs::create_directories(folder, error);
    Outputs outputs(options);
    if (!folder.empty()) {
        if (!file) {
            file = std::make_unique<ResultsFile>(path.string(), true);
            if (!file->take()) return refuse(path.string() + kTaken);
        }
        file->keep(before.keep);
        if (!before.results) file->write_line(search::header_line(header));
    }
    hold_interrupts();
    Campaign campaign(options, std::move(bases), *families, header);
    if (before.results) campaign.resume(std::move(*before.results));
    campaign.stream_to(std::move(file), folder);
    campaign.run();
    const CampaignReport& report = campaign.report();
    print(render_campaign(report, options.quiet, wants_colour(options)));
    if (outputs.html() != nullptr)
        outputs.html()->write(campaign_html(report, campaign_line(options)));
    outputs.commit_texts([&] { return campaign_json(report); },
                         [&] { return campaign_junit(report); });
    if (outputs.html() != nullptr) outputs.html()->commit();
    return report.exit_code();
}

}  // namespace leasehold::cli
