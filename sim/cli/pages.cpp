#include "sim/cli/pages.hpp"

#include <filesystem>
#include <set>
#include <system_error>

#include "reports/terminal.hpp"
#include "reports/trace/perfetto.hpp"
#include "reports/trace/sequence.hpp"
#include "sim/cli/options.hpp"

namespace leasehold::cli {
namespace {

// A scenario's name as a file's: two folders may have scenarios of one name.
std::string file_name(const std::string& scenario, std::set<std::string>& taken) {
    std::string name;
    for (const char c : scenario) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '-';
    }
    std::string unique = name;
    for (int i = 2; !taken.insert(unique).second; ++i)
        unique = name + "-" + std::to_string(i);
    return unique + ".html";
}

void write_whole(reports::AtomicFile& file, const std::string& text) {
    file.rewind();
    file.write(text);
    file.flush();
}

}  // namespace

void RunFiles::write(const check::RunResult& result, const reports::RunRecord& record,
                     const reports::RunPageWords& words) const {
    if (page != nullptr) write_whole(*page, reports::run_page(record, result, words));
    if (trace != nullptr)
        write_whole(*trace, reports::perfetto_trace(record, result, words.version));
    if (mermaid != nullptr) write_whole(*mermaid, reports::sequence_diagram(record, result));
}

std::string RunPages::folder_beside(const std::string& html) {
    const std::filesystem::path page(html);
    const std::filesystem::path folder = page.parent_path() / (page.stem().string() + "-runs");
    std::error_code error;
    std::filesystem::create_directory(folder, error);
    if (error)
        throw reports::OutputError(folder.string() +
                                   ": cannot make this folder: " + error.message());
    return folder.string();
}

RunPages RunPages::beside(const std::string& html, const std::vector<sim::Scenario>& scenarios,
                          std::string arguments) {
    RunPages pages(RunFiles{}, std::move(arguments));
    if (html.empty()) return pages;
    pages.folder_ = std::filesystem::path(html).parent_path().string();
    const std::string runs = std::filesystem::path(folder_beside(html)).filename().string();
    std::set<std::string> taken;
    for (const sim::Scenario& scenario : scenarios)
        pages.links_.push_back(runs + "/" + file_name(scenario.name, taken));
    return pages;
}

void RunPages::write(std::size_t position, const sim::Scenario& scenario,
                     const check::RunResult& result, const reports::RunRecord& record) const {
    reports::RunPageWords words;
    words.version = program_version();
    words.why = scenario.why;
    words.command = "leasehold run " + reports::shell_quoted(result.file) + " --seed " +
                    std::to_string(result.seed) + arguments_;
    if (!again_.empty()) words.command = again_;
    files_.write(result, record, words);
    if (position < links_.size())
        reports::write_file((std::filesystem::path(folder_) / links_[position]).string(),
                            reports::run_page(record, result, words));
}

}  // namespace leasehold::cli
