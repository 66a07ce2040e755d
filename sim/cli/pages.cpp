#include "sim/cli/pages.hpp"

#include "reports/html/page.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/options.hpp"

namespace leasehold::cli {

void RunPages::write(std::size_t /*position*/, const sim::Scenario& scenario,
                     const check::RunResult& result, const reports::RunRecord& record) const {
    if (file_ == nullptr) return;
    reports::RunPageWords words;
    words.version = program_version();
    words.why = scenario.why;
    words.command = "leasehold run " + reports::shell_quoted(result.file) + " --seed " +
                    std::to_string(result.seed) + arguments_;
    file_->rewind();
    file_->write(reports::run_page(record, result, words));
    file_->flush();
}

}  // namespace leasehold::cli
