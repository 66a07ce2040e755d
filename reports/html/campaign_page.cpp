#include "reports/html/campaign_page.hpp"

#include <algorithm>

#include "reports/html/page.hpp"

namespace leasehold::reports {
namespace {

constexpr std::size_t kFailovers = 2000;  ///< more than a curve can show

Json group_json(const CampaignGroup& group) {
    Json json = Json::object();
    json["signature"] = text_to_json(group.signature);
    json["outcome"] = std::string(check::outcome_name(group.outcome));
    json["count"] = group.count;
    json["firstRun"] = group.first_run;
    json["seed"] = std::to_string(group.seed);  // may exceed 2^53
    json["genome"] = text_to_json(group.genome);
    json["scenario"] = text_to_json(group.scenario);
    json["page"] = group.page;
    return json;
}

}  // namespace

void CampaignTally::add(const check::RunResult& run) {
    ++runs_;
    matrix_.add(run);
    failovers_.insert(failovers_.end(), run.failovers.begin(), run.failovers.end());
}

std::vector<Duration> CampaignTally::failovers(std::size_t most) const {
    std::vector<Duration> sorted = failovers_;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.size() <= most) return sorted;
    std::vector<Duration> chosen;
    for (std::size_t i = 1; i <= most; ++i)
        chosen.push_back(sorted[i * sorted.size() / most - 1]);
    return chosen;
}

std::string campaign_page(const CampaignPageWords& words, const CampaignTally& tally) {
    Json data = Json::object();
    data["page"] = "campaign";
    data["schemaVersion"] = kPageSchemaVersion;
    data["version"] = std::string(words.version);
    data["command"] = text_to_json(words.command);
    const std::string outcome(check::outcome_name(words.outcome));
    data["outcome"] = outcome;
    data["runs"] = words.runs;
    data["passed"] = words.passed;
    data["simulatedNs"] = words.simulated.count();
    data["groups"] = Json::array();
    for (const CampaignGroup& group : words.groups)
        data["groups"].push_back(group_json(group));
    data["notes"] = Json::array();
    for (const std::string& note : words.notes)
        data["notes"].push_back(text_to_json(note));
    data["tallied"] = tally.runs();
    data["matrix"] = tally.matrix().json();
    data["failovers"] = Json::array();
    for (const Duration failover : tally.failovers(kFailovers))
        data["failovers"].push_back(failover.count());
    return page_around(PageKind::campaign, "campaign: " + outcome, data);
}

}  // namespace leasehold::reports
