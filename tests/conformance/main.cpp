// leasehold-conformance: asks a real server and the simulated one the same questions.
//
// Exit codes: 0 no difference, 1 a difference, 64 bad input, 70 internal error (a server that does
// not answer at all among them).
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/bucket/bucket_config.hpp"
#include "config/nearest.hpp"
#include "sim/scenario/names.hpp"
#include "tests/conformance/real_bucket.hpp"
#include "tests/conformance/real_lease.hpp"
#include "tests/conformance/self_test.hpp"
#include "tests/conformance/suite.hpp"

namespace {

using namespace leasehold;
using namespace leasehold::conformance;

constexpr int kSame = 0;
constexpr int kDifferent = 1;
constexpr int kBadInput = 64;
constexpr int kInternalError = 70;

struct Arguments {
    RealLeaseOptions lease;
    std::string lease_profile = "etcd";
    std::string bucket_secret;
    std::string profile = "aws";
    bool delete_ignores_conditions = false;
    Settings settings;
    bool self_test = false;
};

/// What was called, to be called again with --only.
std::string command_of(const Arguments& arguments, const std::string& rest) {
    const Settings& settings = arguments.settings;
    return "leasehold-conformance --seed " + std::to_string(settings.seed) + " --operations " +
           std::to_string(settings.operations) + " --clients " + std::to_string(settings.clients) +
           " " + rest;
}

int report(const std::string& what, const Tally& tally) {
    if (tally.cases + tally.sequences == 0) {
        std::cerr << "leasehold-conformance: --only names no case and no sequence\n";
        return kBadInput;
    }
    std::cout << what << ": " << tally_text(tally) << "\n";
    return tally.differences == 0 ? kSame : kDifferent;
}

int compare_lease(const Arguments& arguments, sim::ApiProfile profile) {
    RealLease server(arguments.lease);
    const LeaseDomain domain(profile);
    const RealLeaseOptions& lease = arguments.lease;
    const std::string command =
        command_of(arguments, "--lease-server " + lease.server + " --ca " + lease.ca_file +
                                  " --token-file " + lease.token_file + " --admin-token-file " +
                                  lease.admin_token_file + " --namespace " + lease.namespace_name +
                                  " --lease-profile " + arguments.lease_profile);
    Suite<LeaseDomain> suite(domain, server, arguments.settings, [&](const Finding& finding) {
        std::cout << finding_text(finding, command) << std::flush;
    });
    return report("lease, profile " + arguments.lease_profile,
                  suite.run(lease_cases(), "lease.random-", random_lease_sequence));
}

int compare_bucket(const Arguments& arguments, sim::BucketProfile profile) {
    auto config = agent::load_bucket_config(arguments.bucket_secret);
    if (!config) {
        std::cerr << "leasehold-conformance: " << config.error() << "\n";
        return kBadInput;
    }
    RealBucket server(*std::move(config));
    sim::BucketSpec spec;
    spec.profile = profile;
    spec.preconditions = sim::preconditions_of(profile);
    if (arguments.delete_ignores_conditions)
        spec.preconditions.if_match_on_delete = sim::PreconditionRule::ignored;
    const BucketDomain domain(spec);
    Settings settings = arguments.settings;
    if (sim::rules_of(profile).forgets) settings.clients = 1;
    const std::string command = command_of(arguments, "--bucket-secret " + arguments.bucket_secret +
                                                          " --profile " + arguments.profile);
    Suite<BucketDomain> suite(domain, server, settings, [&](const Finding& finding) {
        std::cout << finding_text(finding, command) << std::flush;
    });
    return report("bucket, profile " + arguments.profile,
                  suite.run(bucket_cases(spec), "bucket.random-", random_bucket_sequence));
}

void declare(CLI::App& app, Arguments& arguments) {
    auto* lease = app.add_option("--lease-server", arguments.lease.server,
                                 "compare the Lease API of this kube-apiserver, https://HOST:PORT");
    auto* ca = app.add_option("--ca", arguments.lease.ca_file, "whom to trust, PEM");
    auto* token = app.add_option("--token-file", arguments.lease.token_file,
                                 "may get, create, update and watch Leases");
    auto* admin = app.add_option("--admin-token-file", arguments.lease.admin_token_file,
                                 "an operator's: may delete and patch them too");
    auto* space = app.add_option("--namespace", arguments.lease.namespace_name, "of the Leases");
    for (CLI::Option* option : {ca, token, admin, space}) {
        option->needs(lease);
        lease->needs(option);
    }
    app.add_option("--lease-profile", arguments.lease_profile,
                   "of the simulated Lease API: etcd, kine")
        ->needs(lease);
    auto* bucket = app.add_option("--bucket-secret", arguments.bucket_secret,
                                  "compare the bucket that this file names (Thanos form)");
    app.add_option("--profile", arguments.profile,
                   "of the simulated bucket: aws, minio, versity, gcs, azure, rclone, moto, "
                   "s3proxy, s3mock")
        ->needs(bucket);
    app.add_flag("--delete-ignores-conditions", arguments.delete_ignores_conditions,
                 "of that server, whatever its profile says (fake-gcs-server)")
        ->needs(bucket);
    auto* self = app.add_flag("--self-test", arguments.self_test,
                              "no server: find planted bugs, and nothing where there is none");
    lease->excludes(bucket)->excludes(self);
    bucket->excludes(self);
    app.add_option("--seed", arguments.settings.seed, "of the random sequences (1)");
    app.add_option("--operations", arguments.settings.operations,
                   "of the random sequences, at least (5000)");
    app.add_option("--clients", arguments.settings.clients, "1 to 8 (4)")
        ->check(CLI::Range(1U, 8U));
    app.add_option("--differences", arguments.settings.differences_max, "stop after so many (5)")
        ->check(CLI::PositiveNumber);
    app.add_option("--only", arguments.settings.only, "one case or sequence, by its name");
}

/// The place of `name` among `profiles`; nothing, with a message, when it is none of them.
template <std::size_t N>
std::optional<std::size_t> profile_of(const char* flag, const std::string& name,
                                      const std::array<std::string_view, N>& profiles) {
    const auto found = std::find(profiles.begin(), profiles.end(), name);
    if (found != profiles.end()) return static_cast<std::size_t>(found - profiles.begin());
    std::cerr << "leasehold-conformance: " << flag << ": no profile " << name
              << config::suggestion(name, profiles) << "\n";
    return std::nullopt;
}

int run(const Arguments& arguments) {
    const auto bucket = profile_of("--profile", arguments.profile, sim::names::kBucketProfiles);
    const auto lease =
        profile_of("--lease-profile", arguments.lease_profile, sim::names::kApiProfiles);
    if (!bucket || !lease) return kBadInput;
    if (arguments.self_test) {
        const Settings& settings = arguments.settings;
        return self_test(settings.seed, settings.operations, std::cout) ? kSame : kDifferent;
    }
    if (!arguments.lease.server.empty())
        return compare_lease(arguments, static_cast<sim::ApiProfile>(*lease));
    if (!arguments.bucket_secret.empty())
        return compare_bucket(arguments, static_cast<sim::BucketProfile>(*bucket));
    std::cerr << "leasehold-conformance: say --lease-server, --bucket-secret or --self-test\n";
    return kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Compares the simulated Lease API and bucket with real ones, answer by answer.",
                 "leasehold-conformance");
    Arguments arguments;
    declare(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::cerr << "leasehold-conformance: " << error.what() << "\n";
        return kBadInput;
    }
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::cerr << "leasehold-conformance: " << error.what() << "\n";
        return kInternalError;
    }
}
