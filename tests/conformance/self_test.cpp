#include "tests/conformance/self_test.hpp"

#include <iomanip>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "sim/scenario/names.hpp"
#include "tests/conformance/bucket_mutant.hpp"
#include "tests/conformance/lease_mutant.hpp"
#include "tests/conformance/suite.hpp"

namespace leasehold::conformance {
namespace {

// Events of a watch need most: what there is, the watch, two changes, what ends it. More would mean
// that the shrinker does not do its work.
constexpr std::size_t kOperationsMax = 6;

constexpr const char* kCommand = "leasehold-conformance --self-test";

sim::BucketSpec spec_of(sim::BucketProfile profile) {
    sim::BucketSpec spec;
    spec.profile = profile;
    spec.preconditions = sim::preconditions_of(profile);
    return spec;
}

class SelfTest {
  public:
    SelfTest(std::uint64_t seed, std::uint64_t operations, std::ostream& out) : out_(out) {
        settings_.seed = seed;
        settings_.operations = operations;
        settings_.differences_max = 1;
    }

    bool run() {
        for (const auto profile : {sim::ApiProfile::etcd, sim::ApiProfile::kine})
            same_lease(profile);
        for (std::size_t i = 0; i < sim::names::kBucketProfiles.size(); ++i)
            same_bucket(static_cast<sim::BucketProfile>(i));
        for (std::size_t i = 1; i < kLeaseBugs.size(); ++i)
            for (const auto profile : {sim::ApiProfile::etcd, sim::ApiProfile::kine})
                lease_bug(static_cast<LeaseBug>(i), profile);
        for (std::size_t i = 1; i < kBucketBugs.size(); ++i)
            for (const auto profile : {sim::BucketProfile::aws, sim::BucketProfile::versity})
                bucket_bug(static_cast<BucketBug>(i), profile);
        return good_;
    }

  private:
    Tally play_lease(LeaseBug bug, sim::ApiProfile profile, const std::vector<Case<LeaseOp>>& cases,
                     std::uint64_t operations, std::optional<Finding>& found) {
        Settings settings = settings_;
        settings.operations = operations;
        MutantLease server(bug, settings.seed);
        const LeaseDomain domain(profile);
        Suite<LeaseDomain> suite(domain, server, settings,
                                 [&](const Finding& finding) { found = finding; });
        return suite.run(cases, "lease.random-", random_lease_sequence);
    }
    Tally play_bucket(BucketBug bug, sim::BucketProfile profile,
                      const std::vector<Case<BucketOp>>& cases, std::uint64_t operations,
                      std::optional<Finding>& found) {
        Settings settings = settings_;
        settings.operations = operations;
        MutantBucket server(bug, spec_of(profile), settings.seed);
        const BucketDomain domain(spec_of(profile));
        Suite<BucketDomain> suite(domain, server, settings,
                                  [&](const Finding& finding) { found = finding; });
        return suite.run(cases, "bucket.random-", random_bucket_sequence);
    }

    void same_lease(sim::ApiProfile profile) {
        std::optional<Finding> found;
        const Tally tally =
            play_lease(LeaseBug::none, profile, lease_cases(), settings_.operations, found);
        const auto name = sim::names::kApiProfiles.at(static_cast<std::size_t>(profile));
        judge_same("lease, " + std::string(name), tally, found);
    }
    void same_bucket(sim::BucketProfile profile) {
        std::optional<Finding> found;
        const Tally tally = play_bucket(BucketBug::none, profile, bucket_cases(spec_of(profile)),
                                        settings_.operations, found);
        const auto name = sim::names::kBucketProfiles.at(static_cast<std::size_t>(profile));
        judge_same("bucket, " + std::string(name), tally, found);
    }
    void judge_same(const std::string& what, const Tally& tally,
                    const std::optional<Finding>& found) {
        const bool good = !found && tally.operations >= settings_.operations;
        good_ = good_ && good;
        out_ << (good ? "ok    " : "FALSE ") << what << " beside itself: " << tally_text(tally)
             << "\n";
        if (found) out_ << finding_text(*found, kCommand);
    }

    void lease_bug(LeaseBug bug, sim::ApiProfile profile) {
        std::optional<Finding> scripted;
        std::optional<Finding> random;
        play_lease(bug, profile, lease_cases(), 0, scripted);
        play_lease(bug, profile, {}, settings_.operations, random);
        const bool kine = profile == sim::ApiProfile::kine;
        const std::string name =
            std::string(kLeaseBugs.at(static_cast<std::size_t>(bug))) + (kine ? " (kine)" : "");
        // What kine itself does must not count as a difference from it.
        if (kine && bug == LeaseBug::creation_misnamed)
            return judge_allowed("lease " + name, scripted, random);
        judge_bug("lease", name, scripted, random, true);
    }
    void bucket_bug(BucketBug bug, sim::BucketProfile profile) {
        std::optional<Finding> scripted;
        std::optional<Finding> random;
        play_bucket(bug, profile, bucket_cases(spec_of(profile)), 0, scripted);
        play_bucket(bug, profile, {}, settings_.operations, random);
        const std::string name = std::string(kBucketBugs.at(static_cast<std::size_t>(bug))) +
                                 (profile == sim::BucketProfile::versity ? " (versity)" : "");
        // What Versity itself does must not count as a difference from it.
        const sim::StoreRules rules = sim::rules_of(profile);
        if ((bug == BucketBug::delete_checks_too_early && rules.checks_apart) ||
            (bug == BucketBug::etag_before_the_bytes && rules.reads_apart) ||
            (bug == BucketBug::folder_gone_under_a_put && rules.keys_are_paths))
            return judge_allowed("bucket " + name, scripted, random);
        // No random sequence has a page of a thousand keys.
        judge_bug("bucket", name, scripted, random, bug != BucketBug::last_page_said_to_go_on);
    }
    void judge_allowed(const std::string& what, const std::optional<Finding>& scripted,
                       const std::optional<Finding>& random) {
        const bool good = !scripted && !random;
        good_ = good_ && good;
        out_ << (good ? "ok    " : "FALSE ") << what << ": allowed\n";
        for (const auto& found : {scripted, random})
            if (found) out_ << finding_text(*found, kCommand);
    }

    /// Found, as a difference between the servers, and in few operations.
    static bool shows(const std::optional<Finding>& found) {
        return found && found->again && !found->difference.of_the_case &&
               found->difference.lines.size() <= kOperationsMax;
    }
    void judge_bug(std::string_view what, std::string_view bug,
                   const std::optional<Finding>& scripted, const std::optional<Finding>& random,
                   bool random_too) {
        const bool good = shows(scripted) && shows(random) == random_too;
        good_ = good_ && good;
        out_ << (good ? "ok    " : "FALSE ") << std::left << std::setw(7) << what << std::setw(37)
             << bug << "scripted: " << length_text(scripted) << "; random: " << length_text(random);
        if (scripted) out_ << "; " << scripted->name << ": " << scripted->difference.why;
        out_ << "\n";
        if (good) return;
        for (const auto& found : {scripted, random})
            if (found) out_ << finding_text(*found, kCommand);
    }
    static std::string length_text(const std::optional<Finding>& found) {
        if (!found) return "not found";
        return std::to_string(found->difference.lines.size()) + " of " +
               std::to_string(found->played) + " operations";
    }

    Settings settings_;
    std::ostream& out_;
    bool good_ = true;
};

}  // namespace

bool self_test(std::uint64_t seed, std::uint64_t operations, std::ostream& out) {
    return SelfTest(seed, operations, out).run();
}

}  // namespace leasehold::conformance
