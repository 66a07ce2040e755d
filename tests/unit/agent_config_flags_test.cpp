// The agent's command line: every flag reaches its field, mistakes name the nearest flag.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "agent/config/settings.hpp"
#include "tests/unit/agent_config_support.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
using test::alone;
using test::bad;
using test::electing;
using test::Folder;
using test::good;
using test::Words;

/// How a flag is given (with what it needs), and how to see that it arrived.
struct Reach {
    std::string flag;
    Words arguments;
    std::function<bool(const AgentConfig&)> arrived;
};

std::vector<Reach> election_reaches(const Folder& folder) {
    const std::string ca = folder.file("ca.crt");
    const std::string token = folder.file("token");
    const std::string kubeconfig = "tests/agent/config/good/kubeconfig.yaml";
    const Words by_kubeconfig{"--leader-follower", "--bucket-dir", "no-such-bucket", "--kubeconfig",
                              kubeconfig};
    Words other = by_kubeconfig;
    other.insert(other.end(), {"--context", "other"});
    return {
        {"leader-follower", electing(), [](const auto& c) { return c.elects && c.storage.ha; }},
        {"replicas", electing({"--replicas", "4"}), [](const auto& c) { return c.replicas == 4; }},
        {"pod-name", electing({"--pod-name", "p-1"}),
         [](const auto& c) { return c.pod_name == "p-1"; }},
        {"namespace", electing(),
         [](const auto& c) { return c.lease.namespace_name == "kubecost"; }},
        {"lease-name", electing({"--lease-name", "mine"}),
         [](const auto& c) { return c.lease.name == "mine"; }},
        {"profile", electing({"--profile", "client-go"}),
         [](const auto& c) { return c.election.renew_deadline == Duration(10s); }},
        {"lease-duration", electing({"--lease-duration", "60s"}),
         [](const auto& c) {
             return c.election.lease_duration == 60s && c.storage.lease_duration == 60s;
         }},
        {"renew-deadline", electing({"--renew-deadline", "12s"}),
         [](const auto& c) { return c.election.renew_deadline == Duration(12s); }},
        {"retry-period", electing({"--retry-period", "1500ms"}),
         [](const auto& c) { return c.election.retry_period == 1500ms; }},
        {"drift", electing({"--drift", "0.1%"}),
         [](const auto& c) { return c.election.drift_ppm == 1000; }},
        {"longest-lease", electing({"--longest-lease", "20m"}),
         [](const auto& c) { return c.election.longest_lease == 20min; }},
        {"max-lease-duration", electing({"--max-lease-duration", "60s"}),
         [](const auto& c) { return c.election.max_lease_duration == Duration(60s); }},
        {"client-go-peers", electing({"--client-go-peers"}),
         [](const auto& c) { return c.election.client_go_peers; }},
        {"leader-events", electing({"--leader-events=false"}),
         [](const auto& c) { return !c.leader_events; }},
        {"believe-ended-holder", electing({"--believe-ended-holder", "--pod-uid=u"}),
         [](const auto& c) { return c.election.believe_ended_holder && c.warnings.empty(); }},
        {"pod-uid", electing({"--pod-uid", "5b16c828"}),
         [](const auto& c) { return c.place.uid == "5b16c828"; }},
        {"pod-namespace", electing({"--pod-namespace", "other"}),
         [](const auto& c) {
             return c.place.pod.namespace_name == "other" && c.lease.namespace_name == "kubecost";
         }},
        {"container-name", electing({"--container-name", "sidecar"}),
         [](const auto& c) { return c.place.container == "sidecar"; }},
        {"kubeconfig", by_kubeconfig,
         [](const auto& c) {
             return c.api->server == "https://127.0.0.1:6443" && c.api->token == "example-token" &&
                    c.lease.namespace_name == "kubecost";
         }},
        {"context", other,
         [](const auto& c) {
             return c.api->server == "https://127.0.0.1:7443" &&
                    c.lease.namespace_name == "elsewhere";
         }},
        {"api-server", electing(),
         [](const auto& c) { return c.api->server == "https://127.0.0.1:6443"; }},
        {"api-ca-file", electing({"--api-ca-file", ca}),
         [=](const auto& c) { return c.api->tls.ca_file == ca && c.api->tls.verify; }},
        {"api-token-file", electing({"--api-token-file", token}),
         [=](const auto& c) { return c.api->token_file == token; }},
        {"bucket-config", electing(),
         [](const auto& c) { return c.stores && c.bucket->bucket == "kubecost-backups"; }},
        {"object-format", electing({"--object-format", "plain"}),
         [](const auto& c) { return c.storage.format == ObjectFormat::plain; }},
        {"preconditions", electing({"--preconditions", "notAtomic"}),
         [](const auto& c) { return c.storage.store_not_atomic; }},
        {"poll-period", electing({"--poll-period", "10s"}),
         [](const auto& c) { return c.storage.poll_period == 10s && c.http.poll_period == 10s; }},
    };
}

std::vector<Reach> other_reaches(const Folder& folder) {
    const std::string token = folder.file("listen-token");
    const std::string certificate = folder.file("tls.crt");
    const std::string key = folder.file("tls.key");
    const Words world{"record-world",
                      "--api-server",
                      "https://127.0.0.1:6443",
                      "--namespace",
                      "n",
                      "--bucket-dir",
                      "no-such-bucket",
                      "--record",
                      "world.jsonl"};
    Words poll = world;
    poll.insert(poll.end(), {"--record-poll", "1s"});
    const Words tls{"--tls-certificate", certificate, "--tls-key", key};
    return {
        {"check-config", alone({"--check-config"}),
         [](const auto& c) { return c.command == AgentCommand::check_config; }},
        {"check-bucket", alone({"--check-bucket"}),
         [](const auto& c) { return c.command == AgentCommand::check_bucket; }},
        {"remove-tombstones", alone({"--remove-tombstones"}),
         [](const auto& c) { return c.command == AgentCommand::remove_tombstones; }},
        {"standalone", alone(),
         [](const auto& c) {
             return !c.elects && !c.storage.ha && !c.storage.file_store && !c.api &&
                    c.store_directory.empty() && c.command == AgentCommand::serve;
         }},
        {"bucket-dir", alone(),
         [](const auto& c) {
             return c.bucket->type == BucketType::filesystem &&
                    c.bucket->directory == "no-such-bucket";
         }},
        {"prefix", alone({"--prefix", "other/"}),
         [](const auto& c) { return c.storage.prefix.view() == "other/"; }},
        {"write-deadline", alone({"--write-deadline", "1m"}),
         [](const auto& c) { return c.storage.write_deadline == 1min; }},
        {"largest-request-age", alone({"--largest-request-age", "5m"}),
         [](const auto& c) { return c.storage.largest_request_age == 5min; }},
        {"store-dir", alone({"--store-dir", "no-such-store"}),
         [](const auto& c) {
             return c.store_directory == "no-such-store" && c.storage.file_store &&
                    c.http.spool_directory == "no-such-store";
         }},
        {"listen", alone({"--listen", "[::1]:0"}),
         [](const auto& c) { return c.http.address == "::1" && c.http.port == 0; }},
        {"listen-token-file", alone({"--listen-token-file", token}),
         [=](const auto& c) { return c.http.token_file == token; }},
        {"tls-certificate", alone(tls),
         [=](const auto& c) { return c.http.certificate_file == certificate; }},
        {"tls-key", alone(tls), [=](const auto& c) { return c.http.key_file == key; }},
        {"insecure-listen", alone({"--insecure-listen"}),
         [](const auto& c) { return c.http.insecure_listen; }},
        {"body-limit", alone({"--body-limit", "2MiB"}),
         [](const auto& c) { return c.http.body_limit == 2U << 20; }},
        {"query-deadline", alone({"--query-deadline", "500ms"}),
         [](const auto& c) { return c.http.query_deadline == 500ms; }},
        {"stop-deadline", alone({"--stop-deadline", "10s"}),
         [](const auto& c) { return c.stop_deadline == 10s; }},
        {"record", alone({"--record", "history.jsonl"}),
         [](const auto& c) { return c.record_file == "history.jsonl"; }},
        {"record-poll", poll,
         [](const auto& c) {
             return c.command == AgentCommand::record_world && c.record_poll == 1s && c.api &&
                    c.stores && c.record_file == "world.jsonl" && !c.http.spool_directory.empty() &&
                    c.lease.name == "leasehold-etl-leader";
         }},
        {"log", alone({"--log", "json"}),
         [](const auto& c) { return c.log_format == LogFormat::json; }},
        {"log-level", alone({"--log-level", "debug"}),
         [](const auto& c) { return c.log_level == "debug"; }},
    };
}

std::vector<Reach> value_reaches(const Folder& folder) {
    const std::string values = folder.file("values.yaml", "kubecostModel: {etl: false}\n");
    const std::string count = "kubecostDeployment.replicas=";
    return {
        {"values", alone({"--values", values}),
         [](const auto& c) { return !c.replicas && c.warnings.size() == 1; }},
        {"set", alone({"--set", "kubecostModel.etl=false"}),
         [](const auto& c) { return !c.replicas && c.warnings.size() == 1; }},
        {"set-json", alone({"--set-json", R"(kubecostModel={"etl":false})"}),
         [](const auto& c) { return !c.replicas && c.warnings.size() == 1; }},
        {"set-string", alone({"--set-string", count + "1"}),
         [](const auto& c) { return c.replicas == 1U; }},
        {"set-file", alone({"--set-file", count + folder.file("one", "1")}),
         [](const auto& c) { return c.replicas == 1U; }},
        {"set-literal", alone({"--set-literal", count + "1"}),
         [](const auto& c) { return c.replicas == 1U; }},
    };
}

TEST(AgentFlags, EveryFlagReachesItsField) {
    const Folder folder;
    std::vector<Reach> reaches = election_reaches(folder);
    for (std::vector<Reach> more : {other_reaches(folder), value_reaches(folder)})
        for (Reach& reach : more)
            reaches.push_back(std::move(reach));
    std::set<std::string> tried;
    for (const Reach& reach : reaches) {
        SCOPED_TRACE(reach.flag);
        EXPECT_TRUE(reach.arrived(good(reach.arguments)));
        EXPECT_NE(std::find_if(reach.arguments.begin(), reach.arguments.end(),
                               [&](const auto& word) {
                                   return word == "--" + reach.flag ||
                                          word.starts_with("--" + reach.flag + "=");
                               }),
                  reach.arguments.end())
            << "the case doesn't give its flag";
        tried.insert(reach.flag);
    }
    for (const Setting& setting : all_settings())
        EXPECT_TRUE(tried.contains(std::string(setting.flag))) << "no case for --" << setting.flag;
}

TEST(AgentFlags, DefaultsAreThoseOfTheHelp) {
    const AgentConfig config = good(electing());
    EXPECT_EQ(config.command, AgentCommand::serve);
    EXPECT_EQ(config.replicas, std::nullopt);
    EXPECT_FALSE(config.pod_name.empty());
    EXPECT_EQ(config.lease.name, "leasehold-etl-leader");
    EXPECT_EQ(config.election.lease_duration, 15s);
    EXPECT_EQ(config.election.effective_renew_deadline(), 14890ms);
    EXPECT_EQ(config.election.retry_period, 2s);
    EXPECT_EQ(config.election.drift_ppm, 2000);
    EXPECT_EQ(config.storage.prefix.view(), "etl/");
    EXPECT_EQ(config.storage.format, ObjectFormat::fenced);
    EXPECT_EQ(config.storage.poll_period, 30s);
    EXPECT_EQ(config.storage.write_deadline, 2min);
    EXPECT_EQ(config.storage.largest_request_age, 1min);
    EXPECT_EQ(config.store_directory, "/var/configs/db");
    EXPECT_EQ(config.http.address, "127.0.0.1");
    EXPECT_EQ(config.http.port, 9003);
    EXPECT_EQ(config.http.body_limit, 1ULL << 30);
    EXPECT_EQ(config.http.query_deadline, 2s);
    EXPECT_EQ(config.stop_deadline, 25s);
    EXPECT_EQ(config.log_level, "info");
    EXPECT_TRUE(config.warnings.empty());
}

TEST(AgentFlags, ProfilesAreBasesThatFlagsChange) {
    const AgentConfig fast = good(electing({"--profile", "fast"}));
    EXPECT_EQ(fast.election.lease_duration, 5s);
    EXPECT_EQ(fast.election.retry_period, 1s);
    EXPECT_EQ(fast.election.effective_renew_deadline(), 4930ms);
    const AgentConfig mixed =
        good(electing({"--lease-duration", "8s", "--profile", "fast", "--renew-deadline", "auto"}));
    EXPECT_EQ(mixed.election.lease_duration, 8s);
    EXPECT_EQ(mixed.election.retry_period, 1s);
    const AgentConfig automatic =
        good(electing({"--profile", "client-go", "--renew-deadline", "auto"}));
    EXPECT_EQ(automatic.election.effective_renew_deadline(), 14890ms);
}

TEST(AgentFlags, MistakesNameTheNearestFlag) {
    EXPECT_EQ(bad({"--listne", "x"}),
              "unknown flag '--listne'; did you mean '--listen'? (leasehold-agent --help)");
    EXPECT_EQ(bad({"--leaseDuration=15s"}),
              "unknown flag '--leaseDuration'; did you mean '--lease-duration'? "
              "(leasehold-agent --help)");
    EXPECT_EQ(bad({"record-word"}),
              "unexpected 'record-word'; did you mean 'record-world'? (leasehold-agent --help)");
    EXPECT_EQ(bad({"--log", "json", "record-world"}), "'record-world' must be the first argument");
    EXPECT_EQ(bad({"record-world", "--listen", "127.0.0.1:1"}),
              "'--listen' means nothing to record-world (leasehold-agent record-world --help)");
    EXPECT_EQ(bad({"--record-poll", "1s"}),
              "'--record-poll' means nothing without record-world (leasehold-agent --help)");
    EXPECT_EQ(bad(alone({"--insecure-listen", "true"})),
              "unexpected 'true'; a toggle is written --x=true or --x=false "
              "(leasehold-agent --help)");
    EXPECT_EQ(bad(alone({"--insecure-listen=yes"})),
              "--insecure-listen: expected true or false, found \"yes\"");
    EXPECT_EQ(bad(alone({"--listen", "127.0.0.1:1", "--listen=127.0.0.1:2"})),
              "--listen is given more than once");
    EXPECT_NE(bad({"--values"}).find("--values"), std::string::npos);
    EXPECT_EQ(bad({"--namespace="}), "--namespace: expected a value after '='");
    EXPECT_EQ(bad({"--namespace", ""}),
              "an argument is empty: every file and value has at least one character");
    EXPECT_EQ(bad(alone({"--log", "jsno"})),
              "--log: expected one of text, json, found \"jsno\"; did you mean \"json\"?");
}

TEST(AgentFlags, ToggleCanBeTakenBack) {
    EXPECT_FALSE(good(alone({"--insecure-listen=false"})).http.insecure_listen);
    EXPECT_EQ(good(alone({"--check-config=false"})).command, AgentCommand::serve);
    EXPECT_EQ(good(alone({"--check-config=true"})).command, AgentCommand::check_config);
}

TEST(AgentFlags, BracketsAndCommasAreKeptAsTyped) {
    EXPECT_EQ(good(alone({"--prefix", "[a,b]"})).storage.prefix.view(), "[a,b]");
}

TEST(AgentFlags, ServeMayBeSaid) {
    Words arguments = alone();
    arguments.insert(arguments.begin(), "serve");
    EXPECT_EQ(good(arguments).command, AgentCommand::serve);
}

TEST(AgentFlags, HelpAndVersionEndWithZero) {
    for (const Words& arguments :
         {Words{"--help"}, Words{"-h"}, Words{"record-world", "--help"}, Words{"--version"}}) {
        const auto read = read_config(arguments, {});
        const auto* exit = std::get_if<AgentExit>(&read);
        ASSERT_NE(exit, nullptr);
        EXPECT_EQ(exit->code, 0);
        EXPECT_EQ(exit->error, "");
        EXPECT_NE(exit->out.find("leasehold-agent"), std::string::npos);
    }
}

}  // namespace
}  // namespace leasehold::agent
