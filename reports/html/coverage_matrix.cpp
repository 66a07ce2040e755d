#include "reports/html/coverage_matrix.hpp"

#include <utility>

#include "model/base/marks.hpp"

namespace leasehold::reports {

void CoverageMatrix::add(const check::RunResult& run) {
    std::set<std::string> of_run;
    // A fault's family is the scenario's key: "crash leader at 1m" is of crash.
    for (const check::FaultResult& fault : run.faults)
        if (fault.took_effect > 0) of_run.insert(fault.what.substr(0, fault.what.find(' ')));
    families_.insert(of_run.begin(), of_run.end());
    for (std::size_t i = 0; i < kMarkCount; ++i)
        if (run.marks[i] > 0)
            for (const std::string& family : of_run)
                ++rows_[std::string(kMarks[i].name)][family];
}

Json CoverageMatrix::json() const {
    Json json = Json::object();
    json["families"] = families_;
    json["rows"] = Json::array();
    for (const auto& [mark, counts] : rows_) {
        Json row = Json::array();
        for (const std::string& family : families_) {
            const auto found = counts.find(family);
            row.push_back(found == counts.end() ? 0 : found->second);
        }
        json["rows"].push_back(Json::array({mark, std::move(row)}));
    }
    return json;
}

}  // namespace leasehold::reports
