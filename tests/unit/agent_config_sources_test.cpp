// Where settings come from: flags over environment over Helm values over defaults; the High
// Availability Kubecost example both ways; and inputs that are refused, word for word.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/unit/agent_config_support.hpp"

namespace leasehold::agent {
namespace {

using test::alone;
using test::bad;
using test::electing;
using test::Folder;
using test::good;
using test::kHighAvailability;
using test::kObjectStore;
using test::Words;

const Environment kPod{{"LEADER_FOLLOWER_ENABLED", "true"},
                       {"POD_NAME", "kubecost-cost-analyzer-0"},
                       {"KUBECOST_NAMESPACE", "kubecost"},
                       {"RELEASE_NAME", "kubecost"},
                       {"ETL_BUCKET_CONFIG", kObjectStore},
                       {"ETL_FILE_STORE_ENABLED", "true"},
                       {"ETL_PATH_PREFIX", "/var/db"},
                       {"CONFIG_PATH", "/var/configs/"},
                       {"ETL_DAILY_STORE_DURATION_DAYS", "91"},
                       {"KUBECOST_COST_ANALYZER_SERVICE_HOST", "10.0.0.7"},
                       {"LEADER_FOLLOWER_SERVICE_HOST", "10.0.0.8"},
                       {"NODE_NAME", "node-1"},
                       {"POD_NAMESPACE", "kubecost"}};
const Words kApi{"--api-server", "https://127.0.0.1:6443"};

Environment pod_with(const std::string& name, const std::string& value) {
    Environment changed = kPod;
    changed[name] = value;
    return changed;
}

/// A service account as a pod has it, and the variables that say where the API is.
class InCluster {
  public:
    InCluster() {
        folder_.file("token", "example-token");
        folder_.file("namespace", "from-the-pod");
        folder_.file("ca.crt", "");
        for (const auto& [name, value] : variables())
            setenv(name.c_str(), value.c_str(), 1);
    }
    ~InCluster() {
        for (const auto& [name, value] : variables())
            unsetenv(name.c_str());
    }
    InCluster(const InCluster&) = delete;
    InCluster& operator=(const InCluster&) = delete;
    static Environment variables() {
        return {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
    }
    [[nodiscard]] const std::string& directory() const { return folder_.path(); }

  private:
    Folder folder_;
};

TEST(AgentSources, TheExampleAsEnvironment) {
    const AgentConfig config = good(kApi, kPod);
    EXPECT_TRUE(config.elects);
    EXPECT_TRUE(config.storage.ha);
    EXPECT_EQ(config.replicas, std::nullopt) << "the environment doesn't say";
    EXPECT_EQ(config.pod_name, "kubecost-cost-analyzer-0");
    EXPECT_EQ(config.lease.namespace_name, "kubecost");
    EXPECT_EQ(config.lease.name, "kubecost-etl-leader");
    EXPECT_EQ(config.bucket->bucket, "kubecost-backups");
    EXPECT_EQ(config.store_directory, "/var/db") << "files lie below /var/db/etl/bingen";
    EXPECT_TRUE(config.warnings.empty());
}

TEST(AgentSources, TheExampleAsValues) {
    // The Secret's name says which Secret is mounted; where, the chart says.
    EXPECT_TRUE(bad({"--values", kHighAvailability})
                    .starts_with("kubecostModel.etlBucketConfigSecret: "
                                 "/var/configs/etl/object-store.yaml"));
    Words arguments = kApi;
    arguments.insert(arguments.end(), {"-f", kHighAvailability, "--bucket-config", kObjectStore,
                                       "--namespace", "kubecost"});
    const AgentConfig config = good(arguments);
    EXPECT_TRUE(config.elects);
    EXPECT_EQ(config.replicas, 5U);
    EXPECT_EQ(config.store_directory, "/var/configs/db");
    const AgentConfig by_set =
        good({"--set", "kubecostDeployment.leaderFollower.enabled=true", "--set",
              "kubecostDeployment.replicas=5", "--set",
              "kubecostModel.etlBucketConfigSecret=kubecost-bucket-secret", "--bucket-config",
              kObjectStore, "--namespace", "kubecost", "--api-server", "https://127.0.0.1:6443"});
    EXPECT_TRUE(by_set.elects);
    EXPECT_EQ(by_set.replicas, 5U);
}

TEST(AgentSources, AShortFlagMayHaveAnEqualsSignAsForHelm) {
    const std::string file = "tests/agent/config/good/single.yaml";
    EXPECT_EQ(good({"-f=" + file, "--bucket-config", kObjectStore}).replicas,
              good({"-f", file, "--bucket-config", kObjectStore}).replicas);
    EXPECT_EQ(bad({"-f=no/such.yaml"}), "no/such.yaml: no such file");
}

TEST(AgentSources, AUserWithoutCredentialsIsWarnedOf) {
    const Folder folder;
    const auto warnings = [&](const std::string& user) {
        const std::string file =
            folder.file("kubeconfig",
                        "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
                        "clusters: [{name: c, cluster: {server: 'https://c'}}]\n"
                        "contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n"
                        "users: [{name: u, user: {" +
                            user + "}}]\n");
        return good({"--kubeconfig", file, "--leader-follower", "--pod-name", "p",
                     "--bucket-config", kObjectStore})
            .warnings;
    };
    EXPECT_TRUE(warnings("token: t").empty());
    EXPECT_TRUE(
        warnings("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: a}").empty());
    ASSERT_EQ(warnings("tokne: t").size(), 1U);
    EXPECT_NE(warnings("tokne: t")[0].find("system:anonymous"), std::string::npos);
}

TEST(AgentSources, OneReplicaTouchesNoLease) {
    const AgentConfig config =
        good({"--values", "tests/agent/config/good/single.yaml", "--bucket-config", kObjectStore});
    EXPECT_FALSE(config.elects);
    EXPECT_FALSE(config.storage.ha);
    EXPECT_FALSE(config.api);
    EXPECT_TRUE(config.stores);
    const AgentConfig alone_by_flag = good({"--replicas", "1"}, kPod);
    EXPECT_FALSE(alone_by_flag.elects);
    EXPECT_FALSE(alone_by_flag.api);
}

TEST(AgentSources, BadValuesAreRefusedWordForWord) {
    std::size_t samples = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(test::kSamples) + "bad")) {
        const std::string path = entry.path().string();
        const std::string text = test::slurp(path);
        constexpr std::string_view kExpect = "# expect: ";
        ASSERT_TRUE(text.starts_with(kExpect)) << path;
        const std::string expected =
            path + ":" + text.substr(kExpect.size(), text.find('\n') - kExpect.size());
        EXPECT_EQ(bad({"--check-config", "--values", path}), expected);
        ++samples;
    }
    EXPECT_GE(samples, 10U);
}

TEST(AgentSources, BadSetsNameTheirText) {
    EXPECT_EQ(bad({"--set", "kubecostModel.etlReadOnlyMode=true"}),
              "--set:1:31: kubecostModel.etlReadOnlyMode is true, and the agent has no read-only "
              "mode: with leader/follower the chart then leaves out the ClusterRole, so that every "
              "election is answered 403; a follower is read-only by itself (in "
              "\"kubecostModel.etlReadOnlyMode=true\")");
    EXPECT_EQ(bad({"--set", "kubecostDeployment.replica=4"}),
              "--set:1:20: unknown key \"replica\" in kubecostDeployment; did you mean "
              "\"replicas\"? (in \"kubecostDeployment.replica=4\")");
    EXPECT_EQ(bad({"--values", "no/such/values.yaml"}), "no/such/values.yaml: no such file");
    EXPECT_FALSE(good(alone({"--set", "kubecostModel.etlReadOnlyMode=true", "--set",
                             "kubecostModel.etlReadOnlyMode=null"}))
                     .elects)
        << "null takes a key away";
}

TEST(AgentSources, BadEnvironmentsAreRefusedWordForWord) {
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {"LEADER_FOLLOWER_ENABLED", "yes",
         "LEADER_FOLLOWER_ENABLED: expected true or false, found \"yes\""},
        {"LEADER_FOLLOWER_ENABLED", "True",
         "LEADER_FOLLOWER_ENABLED: expected true or false, found \"True\""},
        {"ETL_BUCKET_CONFG", "x",
         "unknown environment variable ETL_BUCKET_CONFG; did you mean ETL_BUCKET_CONFIG?"},
        {"LEADER_FOLLOWER", "true",
         "unknown environment variable LEADER_FOLLOWER; did you mean LEADER_FOLLOWER_ENABLED?"},
        {"POD_NAMES", "x", "unknown environment variable POD_NAMES; did you mean POD_NAME?"},
        {"ETL_BUCKET_CONFIG", "",
         "LEADER_FOLLOWER_ENABLED=true needs a bucket: set "
         "--bucket-config FILE, ETL_BUCKET_CONFIG or --bucket-dir DIR"},
        {"ETL_BUCKET_CONFIG", "type: S3\nconfig: {secret_key: example-secret}",
         "ETL_BUCKET_CONFIG: expected the path of object-store.yaml, found a text"},
        {"ETL_FILE_STORE_ENABLED", "false",
         "LEADER_FOLLOWER_ENABLED=true contradicts ETL_FILE_STORE_ENABLED=false: followers answer "
         "queries from the local files"},
        {"ETL_READ_ONLY", "true",
         "ETL_READ_ONLY=true: the agent has no read-only mode; with leader/follower the chart's "
         "kubecostModel.etlReadOnlyMode also leaves out the ClusterRole, so that every election is "
         "answered 403; a follower is read-only by itself (unset ETL_READ_ONLY)"},
        {"ETL_STORE_READ_ONLY", "true",
         "ETL_STORE_READ_ONLY=true: the agent has no read-only mode; a follower is read-only by "
         "itself (unset ETL_STORE_READ_ONLY)"},
        {"ETL_STORE_READ_ONLY", "1", "ETL_STORE_READ_ONLY: expected true or false, found \"1\""},
        {"KUBECOST_NAMESPACE", "Kube_cost",
         "KUBECOST_NAMESPACE: expected a namespace (lower-case letters, digits and -), found "
         "\"Kube_cost\""},
        {"RELEASE_NAME", "my release",
         "RELEASE_NAME: expected the name of a Lease (lower-case letters, digits, - and .), found "
         "\"my release-etl-leader\""},
        {"POD_NAME", "a pod",
         "POD_NAME: expected a pod's name of at most 253 characters without blanks"},
    };
    for (const auto& [name, value, message] : cases)
        EXPECT_EQ(bad(kApi, pod_with(name, value)), message) << name << "=" << value;
    EXPECT_EQ(bad({}, kPod),
              "no Kubernetes API to elect by: KUBERNETES_SERVICE_HOST is not set, as it is in a "
              "pod; outside of one, set --kubeconfig or --api-server (or try --standalone)");
    EXPECT_EQ(bad({}),
              "no bucket to back up to: set --bucket-config FILE, ETL_BUCKET_CONFIG or "
              "--bucket-dir DIR (alone on one machine: --standalone --bucket-dir DIR)");
}

TEST(AgentSources, VariablesOfTheDownwardApiAreNobodysSlip) {
    // As manifests name status.podIP, metadata.labels and so on.
    for (const char* name :
         {"POD_IP",      "POD_IPS",       "POD_ID",           "POD_GID",
          "POD_UUID",    "POD_CIDR",      "POD_NODE",         "POD_HOST",
          "POD_HOST_IP", "POD_NODE_NAME", "POD_ZONE",         "POD_SERVICE_ACCOUNT",
          "POD_LABELS",  "POD_CPU_LIMIT", "HOST_IP",          "HOST_IPS",
          "NODE_IP",     "RELEASE_DATE",  "RELEASE_REVISION", "KUBECOST_VERSION",
          "FOLLOWER_IP", "LEADER_IP"})
        EXPECT_TRUE(good(kApi, pod_with(name, "x")).elects) << name;
    for (const char* name : {"POD_NAM", "POD_NMAE", "RELEASE_NAM", "POD_NAMESPCE", "POD_NAMESPA",
                             "KUBECOST_NAMSPCE", "ETL_REED_ONLI", "LEADER_FOLOWER_ENABLE"})
        EXPECT_TRUE(bad(kApi, pod_with(name, "x"))
                        .starts_with("unknown environment variable " + std::string(name)))
            << name;
}

TEST(AgentSources, EmptyVariablesAreUnset) {
    Environment environment = kPod;
    for (const char* name : {"LEADER_FOLLOWER_ENABLED", "ETL_PATH_PREFIX", "RELEASE_NAME",
                             "ETL_READ_ONLY", "ETL_FILE_STORE_ENABLED"})
        environment[name] = "";
    const AgentConfig config = good({}, environment);
    EXPECT_FALSE(config.elects);
    EXPECT_EQ(config.store_directory, "/var/configs/db");
}

TEST(AgentSources, FlagsWinOverEnvironmentOverValues) {
    // Of each subset of who speaks, the strongest is heard.
    const Folder folder;
    for (int subset = 0; subset < 8; ++subset) {
        const bool flag = (subset & 1) != 0;
        const bool variable = (subset & 2) != 0;
        const bool values = (subset & 4) != 0;
        Words arguments{"--check-config"};
        Environment environment;
        if (flag) arguments.insert(arguments.end(), {"--bucket-config", folder.path() + "/flag"});
        if (variable) environment["ETL_BUCKET_CONFIG"] = folder.path() + "/variable";
        if (values)
            arguments.insert(arguments.end(),
                             {"--set", "kubecostModel.etlBucketConfigSecret=secret"});
        const std::string heard = flag       ? "--bucket-config: " + folder.path() + "/flag"
                                  : variable ? "ETL_BUCKET_CONFIG: " + folder.path() + "/variable"
                                  : values ? "kubecostModel.etlBucketConfigSecret: /var/configs/etl"
                                           : "no bucket to back up to";
        EXPECT_TRUE(bad(arguments, environment).starts_with(heard)) << subset;
    }
}

TEST(AgentSources, FlagsWinOverEnvironment) {
    Words arguments = kApi;
    arguments.insert(arguments.end(),
                     {"--pod-name", "p", "--namespace", "n", "--lease-name", "l", "--store-dir",
                      "s", "--bucket-dir", "b", "--leader-follower=true"});
    Environment environment = pod_with("LEADER_FOLLOWER_ENABLED", "false");
    const AgentConfig config = good(arguments, environment);
    EXPECT_TRUE(config.elects);
    EXPECT_EQ(config.pod_name, "p");
    EXPECT_EQ(config.lease.namespace_name, "n");
    EXPECT_EQ(config.lease.name, "l");
    EXPECT_EQ(config.store_directory, "s");
    EXPECT_EQ(config.bucket->directory, "b");
    EXPECT_FALSE(good({"--leader-follower=false"}, kPod).elects);
}

TEST(AgentSources, ContradictionsAboutWritersAreRefused) {
    EXPECT_EQ(bad({"--replicas", "3"}, pod_with("LEADER_FOLLOWER_ENABLED", "false")),
              "--replicas 3 contradicts LEADER_FOLLOWER_ENABLED=false: 3 writers would share a "
              "bucket (set --leader-follower or LEADER_FOLLOWER_ENABLED=true, or one replica)");
    EXPECT_EQ(bad({"--values", kHighAvailability, "--leader-follower=false"}),
              "kubecostDeployment.replicas=5 contradicts --leader-follower false: 5 writers would "
              "share a bucket (set --leader-follower or LEADER_FOLLOWER_ENABLED=true, or one "
              "replica)");
    EXPECT_EQ(bad({"--values", "tests/agent/config/good/single.yaml", "--set",
                   "kubecostDeployment.replicas=1"},
                  kPod),
              "LEADER_FOLLOWER_ENABLED=true contradicts kubecostDeployment.replicas=1 of the Helm "
              "values: each replica would write without an election");
    EXPECT_EQ(bad({"--store-dir", "x"},
                  {{"ETL_FILE_STORE_ENABLED", "false"}, {"ETL_BUCKET_CONFIG", kObjectStore}}),
              "--store-dir contradicts ETL_FILE_STORE_ENABLED=false");
    EXPECT_EQ(bad(electing({"--bucket-dir", "d"})),
              "--bucket-dir and --bucket-config exclude each other: there is one bucket");
}

TEST(AgentSources, ValuesThatSayNothingOfItContradictNothing) {
    const Words silent{"--values",     "tests/agent/config/good/single.yaml",
                       "--api-server", "https://127.0.0.1:6443",
                       "--namespace",  "n"};
    const AgentConfig config =
        good(silent, {{"LEADER_FOLLOWER_ENABLED", "true"}, {"ETL_BUCKET_CONFIG", kObjectStore}});
    EXPECT_TRUE(config.elects) << "the chart's default is nobody's word";
    EXPECT_FALSE(config.replicas.has_value());
    EXPECT_FALSE(config.origins.contains("replicas"));
    EXPECT_FALSE(good({"--set", "kubecostDeployment.replicas=3", "--set", "kubecostDeployment=null",
                       "--bucket-config", kObjectStore})
                     .replicas.has_value());
    // A whole map takes the place of what was there.
    const AgentConfig emptied = good({"-f", kHighAvailability, "--set-json",
                                      "kubecostDeployment={}", "--bucket-config", kObjectStore});
    EXPECT_FALSE(emptied.replicas.has_value());
    EXPECT_FALSE(emptied.origins.contains("leader-follower"));
    EXPECT_EQ(bad({"--set-json", "kubecostModel={\"etlReadOnlyMode\":true}"}).find("--set-json"),
              0U);
    good({"--set-json", "kubecostModel={\"etlReadOnlyMode\":true}", "--set-json",
          "kubecostModel={}", "--bucket-config", kObjectStore});
}

TEST(AgentSources, AProxyIsForTheBucketAndNeverForThisMachine) {
    const Folder folder;
    const auto secret = [&](const std::string& endpoint, const std::string& more = "") {
        return folder.file("s.yaml", "type: S3\nconfig: {bucket: b, endpoint: \"" + endpoint +
                                         "\"" + more + "}\n");
    };
    const auto proxy = [&](const std::string& file, const Environment& environment) {
        return good({"--bucket-config", file}, environment).bucket->proxy;
    };
    const Environment both{{"HTTPS_PROXY", "http://u:secret@proxy:3128"},
                           {"https_proxy", "http://other"},
                           {"HTTP_PROXY", "http://plain"},
                           {"no_proxy", "internal"}};
    EXPECT_EQ(proxy(secret("s3.amazonaws.com"), both), "http://u:secret@proxy:3128");
    EXPECT_EQ(proxy(secret("minio:9000", ", insecure: true"), both), "http://plain");
    EXPECT_EQ(proxy(secret("minio"), {{"https_proxy", "proxy:3128"}}), "proxy:3128");
    for (const char* here : {"127.0.0.1:9000", "localhost:9000", "[::1]:9000"})
        EXPECT_EQ(proxy(secret(here), both), "") << here;
    const AgentConfig config = good({"--bucket-config", secret("minio")}, both);
    EXPECT_EQ(config.bucket->no_proxy, "internal");
    EXPECT_NE(describe(config).find("proxy: http://proxy:3128\n"), std::string::npos);
    EXPECT_EQ(describe(config).find("secret@"), std::string::npos);
    EXPECT_EQ(bad({"--bucket-config", secret("minio")}, {{"HTTPS_PROXY", "ftp://u:secret@p"}}),
              "HTTPS_PROXY: expected http://HOST:PORT (or https, socks5)");
}

TEST(AgentSources, WhereGooglesStoreIsAndWhoseTokensAreAskedFor) {
    const Folder folder;
    const std::string secret = folder.file("g.yaml", "type: GCS\nconfig: {bucket: b}\n");
    const AgentConfig config = good({"--bucket-config", secret}, {{"HTTPS_PROXY", "proxy:3128"}});
    EXPECT_EQ(config.credentials, "the metadata server at http://metadata.google.internal");
    EXPECT_EQ(config.bucket->proxy, "proxy:3128");
    EXPECT_NE(describe(config).find("  url: https://storage.googleapis.com/b/\n"),
              std::string::npos);
    const AgentConfig emulated =
        good({"--bucket-config", secret},
             {{"HTTPS_PROXY", "proxy:3128"}, {"STORAGE_EMULATOR_HOST", "localhost:4443"}});
    EXPECT_EQ(emulated.bucket->proxy, "");
    EXPECT_NE(describe(emulated).find("  url: http://localhost:4443/b/\n"), std::string::npos);
    EXPECT_EQ(bad({"--bucket-config", secret}, {{"GCE_METADATA_HOST", "a b"}}),
              "GCE_METADATA_HOST: expected a URL with a host's name or address, and no user");
}

TEST(AgentSources, WhoseCredentialsAreInForceIsSaidWithoutAsking) {
    const Folder folder;
    const std::string secret = folder.file(
        "s.yaml", "type: S3\nconfig: {bucket: b, endpoint: s3.eu-west-1.amazonaws.com}\n");
    const auto said = [&](Environment environment) {
        environment.emplace("HTTPS_PROXY", "proxy:3128");
        const AgentConfig config = good({"--bucket-config", secret}, environment);
        EXPECT_NE(describe(config).find("  credentials: " + config.credentials + "\n"),
                  std::string::npos);
        EXPECT_EQ(config.bucket->https_proxy, "proxy:3128") << "the way to STS";
        return config.credentials;
    };
    EXPECT_EQ(said({}), "instance metadata (IMDSv2) at http://169.254.169.254");
    Environment irsa{{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                     {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}};
    EXPECT_EQ(said(irsa),
              "web identity of arn:aws:iam::1:role/r (token /t, STS "
              "https://sts.eu-west-1.amazonaws.com)");
    EXPECT_EQ(said({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
                    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "sesame"}}),
              "container credentials at http://169.254.170.23/v1/credentials (token of the "
              "environment)");
    EXPECT_EQ(said({{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "sesame"}}),
              "environment (AWS_ACCESS_KEY_ID)");
    irsa.erase("AWS_ROLE_ARN");
    EXPECT_EQ(bad({"--bucket-config", secret}, irsa),
              "AWS_ROLE_ARN is missing: AWS_WEB_IDENTITY_TOKEN_FILE needs it");
    folder.file("s.yaml",
                "type: S3\nconfig: {bucket: b, endpoint: minio, access_key: a, secret_key: s}\n");
    EXPECT_EQ(good({"--bucket-config", secret}, irsa).credentials, "the bucket's secret")
        << "what a role needs is nobody's concern then";
}

TEST(AgentSources, FileStoreOffKeepsNoFiles) {
    const AgentConfig config =
        good({}, {{"ETL_FILE_STORE_ENABLED", "false"}, {"ETL_BUCKET_CONFIG", kObjectStore}});
    EXPECT_FALSE(config.storage.file_store);
    EXPECT_EQ(config.store_directory, "");
    EXPECT_FALSE(config.http.spool_directory.empty());
    EXPECT_FALSE(good({"--set", "kubecostModel.etlFileStoreEnabled=false"},
                      {{"ETL_BUCKET_CONFIG", kObjectStore}})
                     .storage.file_store);
}

TEST(AgentSources, StandaloneExcludesAGroup) {
    EXPECT_EQ(bad({"--standalone"}),
              "--standalone: expected --bucket-dir DIR too, the directory that is the bucket");
    const std::string why = ": it runs alone, without a cluster";
    EXPECT_EQ(bad(alone(), kPod), "--standalone excludes LEADER_FOLLOWER_ENABLED=true" + why);
    EXPECT_EQ(bad(alone({"--values", kHighAvailability})),
              "--standalone excludes kubecostDeployment.leaderFollower.enabled=true" + why);
    EXPECT_EQ(bad(alone({"--replicas", "2"})), "--standalone excludes --replicas 2" + why);
    EXPECT_EQ(bad(alone({"--profile", "fast"})), "--standalone excludes --profile" + why);
    EXPECT_EQ(bad(alone({"--kubeconfig", "x"})), "--standalone excludes --kubeconfig" + why);
    EXPECT_EQ(bad(alone({"--bucket-config", kObjectStore})),
              "--standalone excludes --bucket-config" + why);
    EXPECT_EQ(good(alone({"--replicas", "1"})).replicas, 1U);
}

TEST(AgentSources, TheServiceAccountIsThePodsAccess) {
    const InCluster cluster;
    Environment environment = kPod;
    environment.merge(InCluster::variables());
    const AgentConfig config = good({}, environment, cluster.directory());
    ASSERT_TRUE(config.api);
    EXPECT_EQ(config.api->server, "https://10.96.0.1:443");
    EXPECT_EQ(config.api->token_file, cluster.directory() + "/token");
    EXPECT_EQ(config.lease.namespace_name, "kubecost") << "KUBECOST_NAMESPACE wins";
    environment.erase("KUBECOST_NAMESPACE");
    EXPECT_EQ(good({}, environment, cluster.directory()).lease.namespace_name, "from-the-pod");
    EXPECT_TRUE(bad({}, environment, "no/such/account").starts_with("in the cluster: "));
}

}  // namespace
}  // namespace leasehold::agent
