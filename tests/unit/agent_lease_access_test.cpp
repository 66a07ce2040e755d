// How the agent finds the API server: in a pod, and by kubeconfig.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include <openssl/evp.h>

#include "agent/base/clock.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/token_source.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

std::string base64(const std::string& text) {
    std::string out(text.size() * 4 / 3 + 8, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

const std::string kPem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

/// A kubeconfig with one cluster, user and context.
std::string config(const std::string& cluster, const std::string& user,
                   const std::string& current = "dev") {
    return "apiVersion: v1\nkind: Config\nclusters:\n- name: c1\n  cluster: {" + cluster +
           "}\nusers:\n- name: u1\n  user: {" + user +
           "}\ncontexts:\n- name: dev\n  context: {cluster: c1, user: u1, namespace: ns1}\n"
           "current-context: " +
           current + "\n";
}

std::string exec(const std::string& keys) {
    return "exec: {apiVersion: client.authentication.k8s.io/v1beta1, " + keys + "}";
}

class AgentKubeconfig : public ::testing::Test {
  protected:
    Result<ApiAccess, std::string> read(const std::string& text, const std::string& context = "") {
        return kubeconfig_access(folder_.write("config", text), context);
    }
    /// The message, after the file's name.
    std::string error(const std::string& text, const std::string& context = "") {
        const auto access = read(text, context);
        if (access) return "no error";
        const std::string file = folder_.file("config") + ":";
        EXPECT_TRUE(access.error().starts_with(file)) << access.error();
        std::string message = access.error().substr(std::min(file.size(), access.error().size()));
        if (const auto at = message.find(folder_.file("")); at != message.npos)
            message.replace(at, folder_.file("").size(), "FOLDER/");
        return message;
    }
    TemporaryFolder folder_;
};

TEST_F(AgentKubeconfig, GivesServerAuthorityAndToken) {
    const auto access = read(
        config("server: 'https://10.0.0.1:6443/', certificate-authority-data: " + base64(kPem) +
                   ", tls-server-name: kubernetes",
               "token: secret"));
    ASSERT_TRUE(access) << access.error();
    EXPECT_EQ(access->server, "https://10.0.0.1:6443");
    EXPECT_EQ(access->tls.ca_pem, kPem);
    EXPECT_EQ(access->tls.server_name, "kubernetes");
    EXPECT_TRUE(access->tls.verify);
    EXPECT_EQ(access->token, "secret");
    EXPECT_EQ(access->namespace_name, "ns1");
}

TEST_F(AgentKubeconfig, FilesAreRelativeToIt) {
    folder_.write("ca.crt", kPem);
    folder_.write("client.crt", kPem);
    folder_.write("client.key", kPem);
    folder_.write("token", " secret \n");
    const auto access = read(config("server: 'https://api', certificate-authority: ca.crt",
                                    "client-certificate: client.crt, client-key: '" +
                                        folder_.file("client.key") + "', tokenFile: token"));
    ASSERT_TRUE(access) << access.error();
    EXPECT_EQ(access->tls.ca_file, folder_.file("ca.crt"));
    EXPECT_EQ(access->tls.certificate_file, folder_.file("client.crt"));
    EXPECT_EQ(access->tls.key_file, folder_.file("client.key"));
    EXPECT_EQ(access->token_file, folder_.file("token"));
}

TEST_F(AgentKubeconfig, MayBeJsonWithOtherKeysAndSeveralContexts) {
    const std::string text = R"({
      "kind": "Config", "apiVersion": "v1", "preferences": {}, "extensions": [],
      "clusters": [{"name": "a", "cluster": {"server": "https://a"}},
                   {"name": "b", "cluster": {"server": "https://b", "extensions": [{"name": "x"}],
                                             "insecure-skip-tls-verify": true}}],
      "users": [{"name": "ub", "user": {"client-certificate-data": ")" +
                             base64(kPem) + R"(", "client-key-data": ")" + base64(kPem) + R"("}}],
      "contexts": [{"name": "ca", "context": {"cluster": "a"}},
                   {"name": "cb", "context": {"cluster": "b", "user": "ub"}}],
      "current-context": "cb"})";
    const auto current = read(text);
    ASSERT_TRUE(current) << current.error();
    EXPECT_EQ(current->server, "https://b");
    EXPECT_EQ(current->tls.certificate_pem, kPem);
    EXPECT_EQ(current->tls.key_pem, kPem);
    EXPECT_FALSE(current->tls.verify);
    EXPECT_EQ(current->namespace_name, "");
    EXPECT_EQ(read(text, "ca").value().server, "https://a");
}

/// What tools leave in a user, and clientcmd takes no notice of.
TEST_F(AgentKubeconfig, LeftoversDoNoHarm) {
    const std::string good = "server: 'https://a'";
    const auto user = read(config(good,
                                  "as-user-extra: {}, as-groups: [], token: secret, "
                                  "client-key-data: " +
                                      base64(kPem)));
    ASSERT_TRUE(user) << user.error();
    EXPECT_EQ(user->token, "secret");
    EXPECT_EQ(user->tls.key_pem, "");
    EXPECT_NE(error(config(good, "as-user-extra: {a: [b]}")), "");
    EXPECT_EQ(read(config(good, "token: \"abc\\n\"")).value().token, "abc");
    const auto cluster = read(
        config(good + ", insecure-skip-tls-verify: yes, proxy-url: 'socks5://u:p@proxy:1080'", ""));
    ASSERT_TRUE(cluster) << cluster.error();
    EXPECT_FALSE(cluster->tls.verify);
    EXPECT_EQ(cluster->proxy, "socks5://u:p@proxy:1080");
}

/// As `aws eks update-kubeconfig`, `gcloud container clusters get-credentials` and `az aks` with
/// kubelogin write it.
TEST_F(AgentKubeconfig, ExecIsReadAsTheToolsWriteIt) {
    const std::string top =
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
        "contexts: [{name: a, context: {cluster: c, user: u}}]\n"
        "clusters:\n- name: c\n  cluster:\n    server: https://c\n"
        "    certificate-authority-data: " +
        base64(kPem) +
        "\n    extensions:\n    - name: client.authentication.k8s.io/exec\n"
        "      extension: {audience: \"06\", deep: [1, true, x]}\nusers:\n- name: u\n  user:\n";
    const auto eks = read(top +
                          "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n"
                          "      args:\n      - --region\n      - eu-west-1\n      - eks\n"
                          "      - get-token\n      - --cluster-name\n      - demo\n"
                          "      - --output\n      - json\n      command: aws\n      env:\n"
                          "      - name: AWS_PROFILE\n        value: dev\n"
                          "      interactiveMode: IfAvailable\n"
                          "      provideClusterInfo: false\n");
    ASSERT_TRUE(eks) << eks.error();
    ASSERT_TRUE(eks->exec);
    EXPECT_EQ(eks->exec->command, "aws");
    EXPECT_EQ(eks->exec->arguments.size(), 8U);
    EXPECT_EQ(eks->exec->arguments[1], "eu-west-1");
    EXPECT_EQ(eks->exec->environment,
              (std::vector<std::pair<std::string, std::string>>{{"AWS_PROFILE", "dev"}}));
    EXPECT_EQ(eks->exec->cluster, "");
    EXPECT_EQ(eks->exec->api_version, "client.authentication.k8s.io/v1beta1");

    const auto gke = read(top +
                          "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n"
                          "      args: null\n      command: bin/gke-gcloud-auth-plugin\n"
                          "      env: null\n      installHint: Install it\n"
                          "      interactiveMode: IfAvailable\n      provideClusterInfo: true\n");
    ASSERT_TRUE(gke) << gke.error();
    EXPECT_EQ(gke->exec->command, folder_.file("bin/gke-gcloud-auth-plugin"));
    EXPECT_EQ(gke->exec->install_hint, "Install it");
    EXPECT_EQ(gke->exec->cluster,
              R"({"certificate-authority-data":")" + base64(kPem) +
                  R"(","config":{"audience":"06","deep":[1,true,"x"]},"server":"https://c"})");

    const auto aks = read(top +
                          "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
                          "      command: kubelogin\n      args: [get-token, --login, msi]\n"
                          "      env: []\n      interactiveMode: Never\n");
    ASSERT_TRUE(aks) << aks.error();
    EXPECT_EQ(aks->exec->api_version, "client.authentication.k8s.io/v1");
    const auto both = read(top + "    token: t\n    " + exec("command: aws") + "\n");
    ASSERT_TRUE(both) << both.error();
    EXPECT_FALSE(both->exec) << "a token goes before it";
}

TEST_F(AgentKubeconfig, PlainHttpOnlyOnLoopbackAndWithoutToken) {
    EXPECT_EQ(read(config("server: 'http://127.0.0.1:8001'", "")).value().server,
              "http://127.0.0.1:8001");
    EXPECT_EQ(error(config("server: 'http://10.0.0.1'", "")),
              "5:21: server: expected https:// (http:// only on loopback)");
    EXPECT_EQ(error(config("server: 'http://localhost'", "token: x")),
              "11:12: a token is only sent to an https:// server");
}

TEST_F(AgentKubeconfig, SaysWhereItIsWrong) {
    std::filesystem::create_symlink("loop", folder_.file("loop"));  // nobody may enter it
    const std::string good = "server: 'https://a'";
    const std::vector<std::pair<std::string, std::string>> bad{
        {config(good, "", "dav"), "12:18: no context is named \"dav\"; did you mean \"dev\"?"},
        {config("", ""), "5:12: server: expected https://HOST[:PORT]"},
        {config("server: 'ftp://a'", ""),
         "5:21: server: expected https://HOST[:PORT], found \"ftp://a\""},
        {config("server: [a]", ""), "5:21: server: expected a text"},
        {config(good + ", proxy-url: 'ftp://u:secret@p'", ""),
         "5:45: proxy-url: expected http://HOST:PORT (or https, socks5)"},
        {config(good + ", certificate-authority: no.crt", ""),
         "5:57: certificate-authority: cannot read FOLDER/no.crt"},
        {config(good + ", certificate-authority: loop/ca.crt", ""),
         "5:57: certificate-authority: cannot read FOLDER/loop/ca.crt"},
        {config(good + ", certificate-authority-data: '!!'", ""),
         "5:62: certificate-authority-data: expected base64"},
        {config(good + ", certificate-authority-data: aGVsbG8=", ""),
         "5:62: certificate-authority-data: expected PEM in base64"},
        {config(good + ", insecure-skip-tls-verify: 1", ""),
         "5:60: insecure-skip-tls-verify: expected true or false"},
        {config(good + ", insecure-skip-tls-verify: 'true'", ""),
         "5:60: insecure-skip-tls-verify: expected true or false"},
        {config(
             good + ", insecure-skip-tls-verify: true, certificate-authority-data: " + base64(kPem),
             ""),
         "5:60: insecure-skip-tls-verify: true contradicts certificate-authority"},
        {config(good, "exec: {command: aws}"),
         "8:16: exec: apiVersion: expected client.authentication.k8s.io/v1 or v1beta1"},
        {config(good, "exec: [aws]"), "8:16: exec: expected a map"},
        {config(good, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}"),
         "8:29: exec: apiVersion: expected client.authentication.k8s.io/v1 or v1beta1: Kubernetes "
         "1.24 removed v1alpha1; let the tool that wrote this file write it anew"},
        {config(good, "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}"),
         "8:16: exec: interactiveMode: expected Never, IfAvailable or Always, which v1 asks for"},
        {config(good, exec("command: aws, interactiveMode: Always")),
         "8:98: exec: interactiveMode: Always wants a terminal, which the agent has not"},
        {config(good, exec("interactiveMode: Never")), "8:16: exec: command: expected a program"},
        {config(good, exec("command: a, args: b")), "8:85: exec: args: expected a list"},
        {config(good, exec("command: a, args: [[b]]")), "8:86: exec: args: expected texts"},
        {config(good, exec("command: a, env: [b]")),
         "8:85: exec: env: expected a map of name and value"},
        {config(good, exec("command: a, env: [{value: b}]")),
         "8:85: exec: env: expected the name of a variable"},
        {config(good, "auth-provider: {name: gcp}"),
         "8:25: auth-provider is not supported: give the user a token, tokenFile, client "
         "certificate or exec"},
        {config(good, "username: u, password: p"),
         "8:20: username is not supported: Kubernetes 1.19 removed passwords; give the user a "
         "token, tokenFile, client certificate or exec"},
        {config(good, "as: admin"), "8:14: as is not supported: this program acts as itself"},
        {config(good, "token: 'a b'"), "8:17: token: it holds what no header can"},
        {config(good, "token: ' '"), "8:17: token: it holds what no header can"},
        {config(good, "tokenFile: gone"), "8:21: tokenFile: cannot read FOLDER/gone"},
        {config(good, "client-certificate-data: " + base64(kPem)),
         "8:9: a client certificate without client-key or client-key-data"},
        {config(good, "client-key-data: " + base64(kPem)),
         "8:9: a client key without client-certificate"},
        {"kind: Pod\n", "1:7: kind: expected Config"},
        {"kind: Config\n", "1:1: current-context: expected a name, or --context"},
        {"current-context: x\n", "1:1: contexts: expected a list"},
        {"current-context: x\ncontexts: [7]\n", "2:12: expected a map with name and context"},
        {"current-context: x\ncontexts: [{name: x}]\n", "2:12: context: expected a map"},
        {"current-context: x\ncontexts: [{name: x, context: {}}]\n",
         "2:31: cluster: expected a name"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: []\n",
         "2:41: no cluster is named \"c\""},
        {"- a\n", "1:1: expected a kubeconfig, a map"},
        {"kind: Config\nkind: Config\n", "2:1: duplicate key \"kind\" (first on line 1)"},
    };
    for (const auto& [text, message] : bad)
        EXPECT_EQ(error(text), message) << text;
    EXPECT_EQ(error(config(good, ""), "prod"), "1:1: no context is named \"prod\"");
}

TEST_F(AgentKubeconfig, NeverTellsASecret) {
    for (const std::string& user :
         {std::string("token: [s3cr3t]"), std::string("token: {s3cr3t: 1}"),
          std::string("client-key-data: s3cr3t"), "client-key-data: " + base64("s3cr3t"),
          std::string("username: s3cr3t"), std::string("password: s3cr3t")})
        EXPECT_EQ(error(config("server: 'https://a'", user)).find("s3cr3t"), std::string::npos);
}

TEST_F(AgentKubeconfig, AMissingFileIsSaid) {
    const auto access = kubeconfig_access(folder_.file("absent"), "");
    ASSERT_FALSE(access);
    EXPECT_NE(access.error().find("absent"), std::string::npos);
}

class AgentInCluster : public ::testing::Test {
  protected:
    void SetUp() override {
        ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
        ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
        folder_.write("token", "secret\n");
        folder_.write("ca.crt", kPem);
        folder_.write("namespace", "ns1");
    }
    void TearDown() override {
        ::unsetenv("KUBERNETES_SERVICE_HOST");
        ::unsetenv("KUBERNETES_SERVICE_PORT");
    }
    std::string error() {
        const auto access = in_cluster_access(folder_.file(""));
        return access ? "no error" : access.error();
    }
    TemporaryFolder folder_;
};

TEST_F(AgentInCluster, GivesServerFilesAndNamespace) {
    const std::string directory = std::filesystem::path(folder_.file("x")).parent_path();
    const auto access = in_cluster_access(directory);
    ASSERT_TRUE(access) << access.error();
    EXPECT_EQ(access->server, "https://10.96.0.1:443");
    EXPECT_EQ(access->tls.ca_file, directory + "/ca.crt");
    EXPECT_EQ(access->token_file, directory + "/token");
    EXPECT_EQ(access->namespace_name, "ns1");
    ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    EXPECT_EQ(in_cluster_access(directory).value().server, "https://[fd00::1]:443");
}

TEST_F(AgentInCluster, SaysWhatIsMissing) {
    ::setenv("KUBERNETES_SERVICE_PORT", "tcp://1", 1);
    EXPECT_EQ(error(), "KUBERNETES_SERVICE_PORT: expected a port, found \"tcp://1\"");
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    std::filesystem::remove(folder_.file("ca.crt"));
    EXPECT_EQ(error(), "cannot read " + folder_.file("/ca.crt"));
    folder_.write("ca.crt", kPem);
    folder_.write("token", " \n");
    EXPECT_EQ(error(), "no token in " + folder_.file("/token"));
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    EXPECT_EQ(error(), "KUBERNETES_SERVICE_HOST is not set");
}

TEST(AgentTokenSource, ReadsTheFileEachMinuteAndAfterARefusal) {
    const TemporaryFolder folder;
    TokenSource source("by value", folder.write("token", "first\n"));
    const Instant start = boottime();
    EXPECT_EQ(source.token(start), "first");
    folder.write("token", "second");
    EXPECT_EQ(source.token(start + 59s), "first");
    EXPECT_EQ(source.token(start + 60s), "second");
    folder.write("token", "third");
    source.refused();
    EXPECT_EQ(source.token(start + 61s), "third");
    // In the midst of a rotation.
    folder.write("token", "");
    source.refused();
    EXPECT_EQ(source.token(start + 62s), "third");
    folder.write("token", "line one\nline two");
    source.refused();
    EXPECT_EQ(source.token(start + 63s), "third");
    folder.write("token", std::string(100'000, 'x'));
    source.refused();
    EXPECT_EQ(source.token(start + 64s), "third");
}

TEST(AgentTokenSource, ATokenByValueStandsInForAMissingFile) {
    TokenSource source("by value", "");
    EXPECT_EQ(source.token(boottime()), "by value");
    TokenSource missing("by value", "/nonexistent/token");
    EXPECT_EQ(missing.token(boottime()), "by value");
}

}  // namespace
}  // namespace leasehold::agent::testing
