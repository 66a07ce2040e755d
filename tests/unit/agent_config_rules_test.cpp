// Values that are refused or warned of, and what --check-config prints.
#include <gtest/gtest.h>

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "agent/config/listen.hpp"
#include "agent/config/settings.hpp"
#include "tests/unit/agent_config_support.hpp"

namespace leasehold::agent {
namespace {

using test::alone;
using test::bad;
using test::electing;
using test::Folder;
using test::good;
using test::kObjectStore;
using test::Words;

TEST(AgentListen, AddressesAreReadAndWrittenBack) {
    for (const char* text : {"127.0.0.1:9003", "[::1]:0", "0.0.0.0:65535", "[::]:9003"}) {
        const auto parsed = parse_listen(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(format_listen(parsed->address, parsed->port), text);
    }
    EXPECT_TRUE(parse_listen("127.5.5.5:1")->loopback);
    EXPECT_TRUE(parse_listen("[::1]:1")->loopback);
    EXPECT_TRUE(parse_listen("[::ffff:127.0.0.1]:1")->loopback);
    EXPECT_FALSE(parse_listen("[::ffff:10.0.0.1]:1")->loopback);
    EXPECT_FALSE(parse_listen("0.0.0.0:1")->loopback);
    EXPECT_FALSE(parse_listen("126.0.0.1:1")->loopback);
    EXPECT_FALSE(parse_listen("128.0.0.1:1")->loopback);
    for (const char* text :
         {"", "9003", ":9003", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:5",
          "[::1]", "[127.0.0.1]:5", "localhost:5", "[]:5", "127.0.0.1:-1", "[::1:5"})
        EXPECT_FALSE(parse_listen(text)) << text;
}

TEST(AgentRules, OtherAddressesNeedATokenAndTls) {
    const Folder folder;
    const std::string token = folder.file("token");
    const Words tls{"--tls-certificate", folder.file("crt"), "--tls-key", folder.file("key")};
    EXPECT_EQ(bad(alone({"--listen", "0.0.0.0:9003"})),
              "--listen 0.0.0.0:9003 is not loopback: expected --listen-token-file and "
              "--tls-certificate, --tls-key too, or --insecure-listen");
    EXPECT_EQ(bad(alone({"--listen", "[::]:1", "--listen-token-file", token})),
              "--listen [::]:1 is not loopback: expected --tls-certificate, --tls-key too, or "
              "--insecure-listen");
    Words no_token = tls;
    no_token.insert(no_token.end(), {"--listen", "10.0.0.1:1"});
    EXPECT_EQ(bad(alone(no_token)),
              "--listen 10.0.0.1:1 is not loopback: expected "
              "--listen-token-file too, or --insecure-listen");
    Words all = no_token;
    all.insert(all.end(), {"--listen-token-file", token});
    EXPECT_TRUE(good(alone(all)).warnings.empty());
    const AgentConfig open = good(alone({"--listen", "0.0.0.0:9003", "--insecure-listen"}));
    ASSERT_EQ(open.warnings.size(), 1U);
    EXPECT_EQ(open.warnings[0],
              "--listen 0.0.0.0:9003 without --listen-token-file and --tls-certificate, "
              "--tls-key: whoever reaches it can read and write backups");
    EXPECT_EQ(bad(alone({"--tls-key", token})), "--tls-key needs --tls-certificate");
    EXPECT_EQ(bad(alone({"--tls-certificate", token})), "--tls-certificate needs --tls-key");
}

TEST(AgentRules, ElectionsRelationsNameTheFlags) {
    EXPECT_EQ(bad(electing({"--lease-duration", "1500ms"})),
              "--lease-duration 1.5s must be a whole number of seconds, at least 1s");
    EXPECT_EQ(bad(electing({"--renew-deadline", "15s"})),
              "--renew-deadline 15s must be at most 14.89s (--lease-duration 15s less drift and "
              "margin)");
    EXPECT_EQ(bad(electing({"--retry-period", "99ms"})),
              "--retry-period: expected at least 100ms, found 99ms");
    EXPECT_EQ(bad(electing({"--retry-period", "5s"})),
              "--renew-deadline 14.89s must be at least 3 times --retry-period 5s, so that three "
              "attempts fit");
    EXPECT_EQ(bad(electing({"--client-go-peers", "--retry-period", "500ms"})),
              "--retry-period 500ms must be at least 1s with --client-go-peers, whose renewTimes "
              "differ by whole seconds");
    EXPECT_EQ(bad(electing({"--lease-duration", "1s", "--renew-deadline", "400ms", "--retry-period",
                            "100ms"})),
              "--renew-deadline 400ms must leave 400ms behind an attempt of 75ms, so that a write "
              "fits");
    EXPECT_EQ(bad(electing({"--lease-duration", "11m"})),
              "--lease-duration 660s must be at most --longest-lease 600s");
    EXPECT_EQ(bad(electing({"--max-lease-duration", "10s"})),
              "--max-lease-duration 10s must be at least --lease-duration 15s");
    EXPECT_EQ(bad(electing({"--drift", "20%"})),
              "--drift 200000ppm must be between 0ppm and 100000ppm");
    EXPECT_EQ(bad(electing({"--lease-duration", "15"})),
              "--lease-duration: \"15\" has no unit (expected one of ns us ms s m h d)");
    EXPECT_EQ(bad(electing({"--profile", "fsat"})),
              "--profile: expected one of default, client-go, fast, found \"fsat\"; did you mean "
              "\"fast\"?");
    EXPECT_EQ(bad(electing({"--replicas", "0"})), "--replicas: expected 1 to 64, found 0");
}

TEST(AgentRules, WhoBelievesEndsSaysWhoItIs) {
    const AgentConfig nameless = good(electing({"--believe-ended-holder"}));
    ASSERT_EQ(nameless.warnings.size(), 1U);
    EXPECT_EQ(nameless.warnings[0],
              "--believe-ended-holder without --pod-uid or POD_UID (metadata.uid of the downward "
              "API): others wait out this replica's lease whatever becomes of its container");
    const AgentConfig named = good(electing({"--pod-uid", "u", "--pod-name", "p-0"}));
    EXPECT_TRUE(named.warnings.empty());
    EXPECT_FALSE(named.election.believe_ended_holder) << "off unless asked for";
    EXPECT_EQ(named.place.pod.name, "p-0");
    EXPECT_EQ(named.place.pod.namespace_name, named.lease.namespace_name);
    EXPECT_EQ(named.place.container, "agent");
    EXPECT_EQ(bad(electing({"--pod-namespace", "A"})),
              "--pod-namespace: expected a namespace (lower-case letters, digits and -), found "
              "\"A\"");
    EXPECT_EQ(bad(electing({"--container-name", "a.b"})),
              "--container-name: expected a container's name (lower-case letters, digits and -), "
              "found \"a.b\"");
    EXPECT_EQ(bad(electing({"--pod-uid", "a b"})),
              "--pod-uid: expected metadata.uid of this Pod, found \"a b\"");
}

TEST(AgentRules, OutOfRangeValuesSayTheRange) {
    EXPECT_EQ(bad(alone({"--poll-period", "999ms"})),
              "--poll-period: expected 1s to 1d, found 999ms");
    EXPECT_EQ(bad(alone({"--write-deadline", "0s"})),
              "--write-deadline: expected 1s to 1d, found 0s");
    EXPECT_EQ(bad(alone({"--largest-request-age", "1s"})),
              "--largest-request-age: expected 5s to 1d, found 1s");
    EXPECT_EQ(bad(alone({"--query-deadline", "0s"})),
              "--query-deadline: expected 1ms to 10m, found 0s");
    EXPECT_EQ(bad(alone({"--stop-deadline", "2h"})),
              "--stop-deadline: expected 1s to 1h, found 2h");
    EXPECT_EQ(bad(alone({"--body-limit", "6GiB"})),
              "--body-limit: expected 1B to 5GiB (S3 takes no larger single PUT), found 6GiB");
    EXPECT_EQ(bad(alone({"--body-limit", "12"})),
              "--body-limit: \"12\" has no unit (expected one of B KiB MiB GiB)");
    EXPECT_EQ(bad(alone({"--prefix", "/etl"})),
              "--prefix: expected the beginning of keys, such as etl/, found \"/etl\"");
    EXPECT_EQ(bad(alone({"--prefix", ".ha/x"})),
              "--prefix: keys below .ha/ are the agent's own, found \".ha/x\"");
    for (const char* prefix : {".leasehold/", ".leasehold/x", "a/../b", "a//b"})
        EXPECT_EQ(bad(alone({"--prefix", prefix})),
                  "--prefix: no local file or directory could hold a key that begins so, found \"" +
                      std::string(prefix) + "\"");
    EXPECT_EQ(bad(alone({"--prefix", "."})),
              "--prefix: keys below .ha/ are the agent's own, found \".\"");
}

TEST(AgentRules, ARunIsOneCommand) {
    EXPECT_EQ(bad(alone({"--check-config", "--remove-tombstones"})),
              "--check-config and --remove-tombstones exclude each other");
    EXPECT_EQ(bad(alone({"--check-bucket", "--remove-tombstones"})),
              "--check-bucket and --remove-tombstones exclude each other");
    EXPECT_EQ(bad(electing({"--remove-tombstones"})),
              "--remove-tombstones works with leader/follower off alone: end all replicas first, "
              "then add --leader-follower=false");
}

TEST(AgentRules, ApiAccessIsOneWay) {
    const Folder folder;
    const std::string file = folder.file("f");
    const Words base{"--leader-follower", "--bucket-config", kObjectStore, "--namespace", "n"};
    const auto with = [&](Words more) {
        more.insert(more.end(), base.begin(), base.end());
        return more;
    };
    EXPECT_EQ(bad(with({"--api-token-file", file})), "--api-token-file needs --api-server");
    EXPECT_EQ(bad(with({"--context", "x"})), "--context needs --kubeconfig");
    EXPECT_EQ(bad(with({"--api-server", "https://h", "--kubeconfig", file})),
              "--api-server and --kubeconfig exclude each other");
    EXPECT_EQ(bad(with({"--api-server", "https://h", "--api-token-file", "no/such"})),
              "--api-token-file: expected a file that holds the token: no such file");
    EXPECT_EQ(bad(with({"--api-server", "https://user:password@h"})),
              "--api-server: expected https://HOST[:PORT], found a user in it");
    EXPECT_EQ(bad(with({"--api-server", "https://h", "--api-ca-file", folder.path()})),
              "--api-ca-file: " + folder.path() + ": a directory, not a file");
    for (const char* url : {"h:443", "https:", "https://h/path", "ftp://h"})
        EXPECT_EQ(bad(with({"--api-server", url})),
                  std::string("--api-server: expected https://HOST[:PORT] without a path, found "
                              "\"") +
                      url + "\"");
    EXPECT_EQ(bad(with({"--api-server", "http://10.0.0.1:80"})),
              "--api-server: expected https:// (plain HTTP only on loopback), found "
              "\"http://10.0.0.1:80\"");
    EXPECT_EQ(good(with({"--api-server", "http://[::1]:80/"})).api->server, "http://[::1]:80");
    EXPECT_EQ(
        bad({"--leader-follower", "--bucket-config", kObjectStore, "--api-server", "https://h"}),
        "no namespace for the Lease: set --namespace or KUBECOST_NAMESPACE");
    EXPECT_EQ(bad(with({"--api-server", "https://h", "--lease-name", "A"})),
              "--lease-name: expected the name of a Lease (lower-case letters, digits, - and .), "
              "found \"A\"");
}

TEST(AgentRules, NothingIsWrittenOverAnotherThing) {
    const Folder folder;
    const std::string token = folder.file("token");
    const std::string values = folder.file("values.yaml", "kubecostModel: {etl: true}\n");
    EXPECT_EQ(bad(alone({"--record", folder.path() + "/./token", "--listen-token-file", token})),
              "--record would be written over --listen-token-file " + token);
    EXPECT_EQ(bad(alone({"--record", values, "--values", values})),
              "--record would be written over --values " + values);
    EXPECT_EQ(bad(alone({"--record", folder.path()})),
              "--record: " + folder.path() + ": a directory, not a file");
    EXPECT_EQ(bad(alone({"--record", "no-such-bucket/x"})),
              "--record no-such-bucket/x lies among the bucket's objects in no-such-bucket");
    EXPECT_EQ(bad(alone({"--record", "store/x", "--store-dir", "store"})),
              "--record store/x lies among the local files in store");
    for (const char* store : {"no-such-bucket", "no-such-bucket/", "no-such-bucket/inner", "."})
        EXPECT_EQ(bad(alone({"--store-dir", store})),
                  std::string("the bucket's directory no-such-bucket and the local files' "
                              "directory ") +
                      store + " must not lie one in the other");
    EXPECT_EQ(good(alone({"--store-dir", "no-such-bucket-2"})).store_directory, "no-such-bucket-2");
    EXPECT_EQ(bad({"--standalone", "--bucket-dir", token}),
              "--bucket-dir: " + token + ": a file, not a directory");
    EXPECT_EQ(bad(alone({"--store-dir", token})),
              "--store-dir: " + token + ": a file, not a directory");
}

TEST(AgentRules, RecordWorldNeedsAFileAndAnApi) {
    const Words api{"--api-server", "https://127.0.0.1:1", "--namespace", "n"};
    const auto with = [&](Words more) {
        more.insert(more.begin(), "record-world");
        more.insert(more.end(), api.begin(), api.end());
        return more;
    };
    EXPECT_EQ(bad(with({"--bucket-dir", "b"})),
              "record-world: expected --record FILE, the recording to write");
    EXPECT_TRUE(bad({"record-world", "--record", "f", "--bucket-dir", "b"})
                    .starts_with("no Kubernetes API to elect by"));
    const AgentConfig lease_alone = good(with({"--record", "f"}));
    ASSERT_EQ(lease_alone.warnings.size(), 1U);
    EXPECT_EQ(lease_alone.warnings[0], "no bucket is configured: the Lease alone is recorded");
    EXPECT_EQ(lease_alone.store_directory, "");
}

TEST(AgentRules, RiskySettingsAreWarnedOf) {
    const auto warned = [](const Words& arguments, const std::string& words) {
        const AgentConfig config = good(arguments);
        const bool found = std::any_of(
            config.warnings.begin(), config.warnings.end(),
            [&](const std::string& one) { return one.find(words) != std::string::npos; });
        EXPECT_TRUE(found) << words;
        EXPECT_EQ(config.warnings.size(), 1U) << words;
    };
    warned(electing({"--object-format", "plain"}), "late PUT");
    warned(alone({"--object-format", "fenced"}), "without an election objects are plain");
    warned(alone({"--preconditions", "notAtomic"}), "nothing is conditional");
    warned(
        {"--leader-follower", "--bucket-dir", "b", "--api-server", "https://h", "--namespace", "n"},
        "all replicas must see the very same one");
    warned(alone({"--write-deadline", "30s"}), "--largest-request-age 1m is above");
    warned(alone({"--stop-deadline", "30s"}), "terminationGracePeriodSeconds must be larger");
    warned({"--bucket-config", kObjectStore, "--retry-period", "1s"},
           "--retry-period has no effect: nobody elects");
}

/// The program's YAML, read by yaml-cpp; and no secret is anywhere in it.
YAML::Node described(const AgentConfig& config) {
    const std::string text = describe(config);
    for (const char* secret : {"example-secret", "example-access", "example-token"})
        EXPECT_EQ(text.find(secret), std::string::npos) << text;
    return YAML::Load(text);
}

TEST(AgentDescribe, SaysWhatIsInForceAndWhere) {
    const AgentConfig config =
        good({"--kubeconfig", "tests/agent/config/good/kubeconfig.yaml", "--profile", "fast"},
             {{"LEADER_FOLLOWER_ENABLED", "true"},
              {"POD_NAME", "pod-0"},
              {"RELEASE_NAME", "kubecost"},
              {"ETL_BUCKET_CONFIG", kObjectStore}});
    const YAML::Node shown = described(config);
    EXPECT_EQ(shown["elects"].as<bool>(), true);
    EXPECT_EQ(shown["pod-name"].as<std::string>(), "pod-0");
    EXPECT_EQ(shown["lease-name"].as<std::string>(), "kubecost-etl-leader");
    EXPECT_EQ(shown["api"]["server"].as<std::string>(), "https://127.0.0.1:6443");
    EXPECT_EQ(shown["api"]["token"].as<std::string>(), "set");
    EXPECT_EQ(shown["bucket"]["secret-key"].as<std::string>(), "set");
    EXPECT_EQ(shown["bucket"]["prefix"].as<std::string>(), "production");
    EXPECT_EQ(shown["bucket"]["region"].as<std::string>(), "us-east-1 (a guess: none is given)");
    EXPECT_EQ(shown["renew-deadline"].as<std::string>(), "4930ms");
    const std::string text = describe(config);
    for (const char* line :
         {"leader-follower: true  # LEADER_FOLLOWER_ENABLED\n", "pod-name: pod-0  # POD_NAME\n",
          "namespace: kubecost  # the API access\n", "retry-period: 1s  # --profile\n",
          "drift: 2000ppm  # default\n", "bucket:  # ETL_BUCKET_CONFIG\n",
          "lease-name: kubecost-etl-leader  # RELEASE_NAME\n", "api:  # --kubeconfig\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
}

TEST(AgentDescribe, EverySettingInForceIsShown) {
    const YAML::Node elects = described(good(electing()));
    // What they stand for is shown under bucket and api, or they are commands.
    const std::vector<std::string_view> other{
        "check-config", "check-bucket",   "remove-tombstones", "standalone",  "values",
        "set",          "profile",        "kubeconfig",        "context",     "api-server",
        "api-ca-file",  "api-token-file", "bucket-dir",        "record-poll", "bucket-config",
        "set-json",     "set-string",     "set-file",          "set-literal"};
    for (const Setting& setting : all_settings()) {
        if (std::find(other.begin(), other.end(), setting.flag) != other.end()) continue;
        EXPECT_TRUE(elects[std::string(setting.flag)]) << setting.flag;
    }
    const YAML::Node single = described(good(alone()));
    EXPECT_FALSE(single["lease-duration"]) << "nobody elects";
    EXPECT_FALSE(single["api"]);
    EXPECT_EQ(single["bucket"]["directory"].as<std::string>(), "no-such-bucket");
    EXPECT_EQ(single["object-format"].as<std::string>(), "plain");
}

TEST(AgentDescribe, SaysWhoseCommandGivesTheTokenAndWhatWasIgnored) {
    const YAML::Node shown = described(good(
        {"--kubeconfig", "tests/agent/kubeconfigs/eks.yaml", "--leader-follower", "--pod-name", "p",
         "--bucket-config", kObjectStore, "--set", "ingress.hosts={a,b},grafana.x[0]=y"}));
    EXPECT_EQ(shown["api"]["token"].as<std::string>(), "asked of aws");
    EXPECT_EQ(shown["ignored-helm-values"].as<int>(), 2);
    EXPECT_FALSE(described(good(alone()))["ignored-helm-values"]);
}

TEST(AgentDescribe, HostileTextStaysYaml) {
    const YAML::Node shown = described(
        good(alone({"--prefix", "a: #b \"'{[", "--pod-name", "x#:y", "--record", "- *a &b"})));
    EXPECT_EQ(shown["prefix"].as<std::string>(), "a: #b \"'{[");
    EXPECT_EQ(shown["pod-name"].as<std::string>(), "x#:y");
    EXPECT_EQ(shown["record"].as<std::string>(), "- *a &b");
}

}  // namespace
}  // namespace leasehold::agent
