// leasehold merge: the shards of one campaign, united.
#include <filesystem>
#include <map>
#include <utility>

#include "reports/atomic_file.hpp"
#include "sim/cli/campaign.hpp"
#include "sim/cli/campaign_files.hpp"
#include "sim/cli/commands.hpp"

namespace leasehold::cli {
namespace {

namespace fs = std::filesystem;

/// Neither results nor what a shard reported of itself alone.
bool is_least_form(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.ends_with(".yaml") || name.ends_with(".capsule.json");
}

/// What lies beside the shards' results, by name: least forms. Of those that two shards found the
/// first one's.
std::map<std::string, fs::path> files_beside(const std::vector<std::string>& folders) {
    std::map<std::string, fs::path> files;
    for (const std::string& folder : folders)
        for (const fs::directory_entry& entry : fs::directory_iterator(folder))
            if (is_least_form(entry.path()) && entry.is_regular_file())
                files.emplace(entry.path().filename().string(), entry.path());
    return files;
}

/// What the shards shrank lies in --out by now. What else lies there is none of theirs.
std::map<std::string, LeastOf> least_in(const std::map<std::string, fs::path>& brought,
                                        const search::Results& results, const Options& options) {
    std::map<std::string, LeastOf> found;
    for (const search::Group& group : results.groups()) {
        const std::string name = least_name(group.signature);
        if (!brought.contains(name + ".yaml")) continue;
        const std::string start = (fs::path(options.out) / name).string();
        LeastOf& least = found[group.signature];
        least.file = start + ".yaml";
        if (brought.contains(name + ".capsule.json")) least.capsule = start + ".capsule.json";
        least.page = write_least_page(options, least.file);
    }
    return found;
}

}  // namespace

int merge_command(const Options& options) {
    const fs::path path = fs::path(options.out) / search::kResultsFile;
    if (fs::exists(path)) return refuse(path.string() + ": exists already (give another --out)");
    std::vector<search::Results> shards;
    for (const std::string& folder : options.paths) {
        const fs::path one = fs::path(folder) / search::kResultsFile;
        if (!fs::exists(one)) return refuse(one.string() + ": no such file");
        const auto text = bytes_of(one);
        if (!text) return refuse(text.error());
        auto read = search::parse_results(*text, search::Tail::whole);
        if (!read) return refuse(one.string() + ": " + read.error());
        shards.push_back(std::move(*read));
    }
    const std::map<std::string, fs::path> brought = files_beside(options.paths);
    for (const auto& [name, from] : brought) {
        const auto text = bytes_of(from);
        if (!text) return refuse(text.error());
        if (const fs::path to = fs::path(options.out) / name; holds_other(to, *text))
            return refuse(to.string() + ": exists already and is not " + from.string() +
                          " (give another --out)");
    }
    CampaignReport report;
    auto united = search::unite(shards, options.paths, report.lacking);
    if (!united) return refuse(united.error());
    report.results = std::move(*united);
    report.notes = report.lacking;
    std::error_code error;
    fs::create_directories(options.out, error);
    Outputs outputs(options);
    std::string text = search::header_line(report.results.header);
    for (const search::Batch& batch : report.results.batches)
        text += search::batch_line(batch);
    if (report.results.ended) text += search::end_line();
    // The results last: they say that all of it is there, and refuse the next merge.
    for (const auto& [name, from] : brought) {
        const auto bytes = bytes_of(from);
        if (!bytes) throw reports::OutputError(bytes.error());
        reports::write_file((fs::path(options.out) / name).string(), *bytes);
    }
    reports::write_file(path.string(), text);
    report.least = least_in(brought, report.results, options);
    print(render_campaign(report, options.quiet, wants_colour(options)));
    if (outputs.html() != nullptr)
        outputs.html()->write(campaign_html(report, merge_line(options)));
    outputs.commit_texts([&] { return campaign_json(report); },
                         [&] { return campaign_junit(report); });
    if (outputs.html() != nullptr) outputs.html()->commit();
    return report.exit_code();
}

}  // namespace leasehold::cli
