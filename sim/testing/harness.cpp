#include "sim/testing/harness.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "config/tree.hpp"
#include "config/units.hpp"
#include "reports/atomic_file.hpp"
#include "reports/html/page.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/least.hpp"
#include "sim/cli/play.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/document.hpp"

namespace leasehold::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kBegin =
    "why: a machine of one's own in a simulated world\n"
    "duration: 3m\n"
    "values:\n"
    "  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}\n"
    "  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}\n"
    "workload: none\n";

[[noreturn]] void refuse(const config::Diagnostic& found, std::string_view text) {
    std::string message = found.to_string();
    // The text is nobody's file: its line is shown.
    for (int line = 1; found.line > 0 && !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (line == found.line) message += "\n  " + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    throw BadScenario(message);
}

sim::Scenario parsed(std::string_view text, const std::string& file) {
    auto scenario = sim::parse_scenario(text, file, {});
    if (!scenario) refuse(scenario.error(), text);
    return std::move(*scenario);
}

/// The name that a scenario's text gives it: the reader wants it to be that of the file.
std::string file_of(std::string_view yaml) {
    constexpr std::string_view kKey = "scenario:";
    const std::size_t key = yaml.find(kKey);
    if (key == std::string_view::npos) return "scenario.yaml";
    std::string_view name = yaml.substr(key + kKey.size());
    name = name.substr(0, name.find_first_of("\r\n#"));
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '"' || c == '\''; };
    while (!name.empty() && blank(name.front()))
        name.remove_prefix(1);
    while (!name.empty() && blank(name.back()))
        name.remove_suffix(1);
    return std::string(name) + ".yaml";
}

/// Every seed, and the first once more in a fresh process.
std::vector<cli::Job> jobs_of(const sim::SeedRange& seeds) {
    std::vector<cli::Job> jobs;
    for (std::uint64_t k = 0; k <= seeds.last - seeds.first; ++k)
        jobs.push_back({0, seeds.first + k, false, false, false});
    jobs.push_back({0, seeds.first, false, true, false});
    return jobs;
}

/// Writes what is known of a failure, and tells of it.
class FailureFiles {
  public:
    FailureFiles(std::string folder, const cli::Options& options, const sim::RunOptions& hosted,
                 Played& played)
        : folder_(std::move(folder)), options_(options), hosted_(hosted), played_(played) {}

    void run(const sim::Scenario& scenario, const RunResult& worst) {
        const std::string seed = std::to_string(worst.seed);
        const std::string again = "the same test: seeds(" + seed + ", " + seed + ")";
        played_.failure = words_of(worst, again, false);
        const std::string name = scenario.name + "-seed-" + seed;
        write(name + ".txt", words_of(worst, again, true));
        page(name + ".html", scenario, worst, again);
    }
    void least(const std::string& name, const cli::LeastFailure& least) {
        const std::string again =
            "the same test: scenario_file(\"" + path(name + "-least.yaml") + "\")";
        write(name + "-least.yaml", least.text);
        write(name + "-least.txt", words_of(least.result, again, true));
        page(name + "-least.html", cli::scenario_from_text(least.text), least.result, again);
        played_.failure += "The least scenario that breaks alike (" +
                           reports::grouped(least.plays) + " runs" +
                           (least.complete ? "" : ", not complete") + "):\n" + least.text;
    }
    void tell() {
        for (const std::string& file : played_.files)
            played_.failure += "written: " + file + "\n";
    }

  private:
    /// What failed, and before it the whole run where that is `wanted`.
    static std::string words_of(const RunResult& run, const std::string& again, bool wanted) {
        std::string text = wanted ? reports::render_run(run, "", {}) : std::string();
        // render_run ends with a failure's words for the program `leasehold`.
        const std::string end = reports::render_failure(run, "", {});
        if (text.size() >= end.size() && text.ends_with(end)) text.resize(text.size() - end.size());
        return text + reports::render_failure(run, "", {}, {"", "", again});
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (fs::path(folder_) / name).lexically_normal().string();
    }
    void write(const std::string& name, const std::string& text) {
        if (folder_.empty()) return;
        std::error_code error;  // the file's own message tells of it
        fs::create_directories(folder_, error);
        reports::write_file(path(name), text);
        played_.files.push_back(path(name));
    }
    /// A page is made by whoever plays the run; one that never ends in order has none.
    void page(const std::string& name, const sim::Scenario& scenario, const RunResult& of,
              const std::string& again) {
        if (folder_.empty() || !reports::pages_available() || of.outcome == Outcome::internal)
            return;
        reports::AtomicFile file(path(name));
        const std::vector<sim::Scenario> alone{scenario};
        cli::Player player(options_, alone, nullptr, {},
                           cli::RunPages(cli::RunFiles{&file, nullptr, nullptr}, "").again(again),
                           hosted_);
        const auto played = player.play({cli::Job{0, of.seed, true, true, false, {}, true}});
        if (!played || played->front().replicas.empty()) return;  // a worker that died
        file.commit();
        played_.files.push_back(path(name));
    }

    std::string folder_;
    const cli::Options& options_;
    const sim::RunOptions& hosted_;
    Played& played_;
};

/// The least scenario; none where nothing broke that has a shape, or runs differ.
std::optional<cli::LeastFailure> shrink(cli::Player& player, const sim::Scenario& scenario,
                                        std::uint64_t seed) {
    const auto failing = cli::fail_again(player, scenario, seed);
    if (!failing || failing->signature.empty() ||
        failing->result.outcome == Outcome::nondeterministic)
        return std::nullopt;
    return cli::make_least(player, *failing, cli::derived_name(scenario.name, "-least"),
                           "the least that breaks " + failing->signature, {});
}

}  // namespace

std::string duration_word(Duration span) {
    return span < Duration(0) ? "-" + config::format_duration(-span)
                              : config::format_duration(span);
}

Harness::Harness(std::string name) {
    const std::string text = "scenario: " + name + "\n" + kBegin;
    scenario_ = parsed(text, name + ".yaml");
}

Harness& Harness::scenario_text(std::string_view yaml) {
    scenario_ = parsed(yaml, file_of(yaml));
    faults_.clear();
    return *this;
}

Harness& Harness::scenario_file(const std::string& path) {
    auto scenario = sim::read_scenario(path, {});
    if (!scenario) throw BadScenario(scenario.error().to_string());
    scenario_ = std::move(*scenario);
    faults_.clear();
    return *this;
}

Harness& Harness::replicas(std::uint32_t count) {
    scenario_.values.replicas = count;
    scenario_.values.leader_follower = count > 1;
    return *this;
}

Harness& Harness::duration(Duration length) {
    scenario_.duration = length;
    return *this;
}

Harness& Harness::seeds(std::uint64_t first, std::uint64_t last) {
    scenario_.seeds = {first, last};
    return *this;
}

Harness& Harness::lease(Duration length) {
    scenario_.election.lease_duration = length;
    scenario_.election.renew_deadline.reset();
    return *this;
}

Harness& Harness::workload(bool on) {
    scenario_.workload.enabled = on;
    return *this;
}

Harness& Harness::clocks(Duration offset_max, std::int64_t drift_ppm_max) {
    scenario_.clocks.offset_max = offset_max;
    scenario_.clocks.drift_ppm_max = drift_ppm_max;
    return *this;
}

Harness& Harness::fault(const FaultWords& words) {
    faults_.push_back(words.text());
    return *this;
}

Harness& Harness::may_violate(std::string invariant) {
    scenario_.expect.may_violate.push_back(std::move(invariant));
    return *this;
}

Harness& Harness::reaches(std::string_view mark) {
    const auto found = mark_named(mark);
    if (!found)
        throw BadScenario("unknown mark '" + std::string(mark) +
                          "': leasehold list --marks names them");
    scenario_.expect.reached.push_back(*found);
    return *this;
}

Harness& Harness::folder(std::string path) {
    folder_ = std::move(path);
    return *this;
}

Harness& Harness::workers(unsigned count) {
    workers_ = count;
    return *this;
}

Harness& Harness::shrinks(bool wanted) {
    shrinks_ = wanted;
    return *this;
}

std::string Harness::text() const {
    if (scenario_.seeds.first > scenario_.seeds.last)
        throw BadScenario("seeds: " + std::to_string(scenario_.seeds.first) + ".." +
                          std::to_string(scenario_.seeds.last) + " is no range");
    config::Node document = search::document_of(scenario_);
    if (faults_.empty()) return search::document_text(document);
    std::string list = "faults:\n";
    for (const std::string& fault : faults_)
        list += "  - {" + fault + "}\n";
    const auto words = [&] {
        try {
            return config::parse_tree(list, "faults of the test");
        } catch (const config::InputError& error) {
            refuse(config::presentable(error.diagnostic), list);
        }
    }();
    const std::vector<config::Node>& more = words.entries.front().value.items;
    for (config::Node::Entry& entry : document.entries) {
        if (entry.key.text != "faults") continue;
        entry.value.kind = config::NodeKind::list;
        entry.value.items.insert(entry.value.items.end(), more.begin(), more.end());
        return search::document_text(document);
    }
    document.entries.push_back(words.entries.front());
    return search::document_text(document);
}

sim::Scenario Harness::resolved() const {
    return parsed(text(), scenario_.name + ".yaml");
}

Played Harness::play() const {
    if (workers_ > 1024) throw BadScenario("workers: expected 1 to 1024");
    const std::vector<sim::Scenario> scenarios{resolved()};
    const sim::Scenario& scenario = scenarios.front();
    cli::Options options;
    options.quiet = true;
    options.log = "off";  // a test's own log is its own
    options.jobs = workers_ > 0 ? workers_ : std::max(1U, std::thread::hardware_concurrency());
    sim::RunOptions hosted;
    hosted.make_peer = make_peer_;
    hosted.make_checks = [checks = checks_] {
        std::vector<std::unique_ptr<OwnCheck>> made;
        for (const auto& make : checks)
            made.push_back(make());
        return made;
    };
    cli::Player player(options, scenarios, nullptr, cli::scenario_from_text, {}, hosted);
    auto results = player.play(jobs_of(scenario.seeds));
    if (!results) throw std::runtime_error("interrupted");
    Played played;
    played.summary = player.summary_of(0);
    const RunResult again = std::move(results->back());
    results->pop_back();
    played.summary.runs = std::move(*results);
    reports::compare_repetition(played.summary.runs.front(), again);
    std::vector<reports::ScenarioSummary> one{std::move(played.summary)};
    if (!player.detail_failures(one)) throw std::runtime_error("interrupted");
    played.summary = std::move(one.front());
    reports::summarise(played.summary, player.bounds_of(0));
    if (played.passed()) return played;
    FailureFiles files(folder_, options, hosted, played);
    if (const RunResult* worst = played.summary.worst_run()) {
        files.run(scenario, *worst);
        if (shrinks_)
            if (const auto least = shrink(player, scenario, worst->seed))
                files.least(scenario.name, *least);
    }
    played.failure = reports::render_bounds(played.summary, {}) + played.failure;
    files.tell();
    return played;
}

}  // namespace leasehold::testing
