// Commands that give credentials: what they are told, what they may answer, when they are run.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "agent/lease/child_process.hpp"
#include "agent/lease/exec_keeper.hpp"
#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kV1 = "client.authentication.k8s.io/v1";

std::string slurp(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

/// Seconds from now, as RFC 3339.
std::string in_seconds(int seconds) {
    const std::time_t at = std::time(nullptr) + seconds;
    std::tm parts{};
    gmtime_r(&at, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

std::string credential(const std::string& status) {
    return std::string(R"({"kind":"ExecCredential","apiVersion":")") + kV1 +
           R"(","spec":{"interactive":false},"status":{)" + status + "}}";
}

/// A plugin that is a shell script. Each run adds a line to the file `runs`.
class AgentExec : public ::testing::Test {
  protected:
    ExecPlugin plugin(const std::string& script) {
        ExecPlugin made;
        made.api_version = kV1;
        made.command = "/bin/sh";
        made.arguments = {"-c", "echo run >> " + folder_.file("runs") + "; " + script};
        return made;
    }
    /// Prints what the file `answer` holds.
    ExecPlugin answering(const std::string& status) {
        folder_.write("answer", credential(status));
        return plugin("cat " + folder_.file("answer"));
    }
    std::size_t runs() {
        const std::string text = slurp(folder_.file("runs"));
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    ChildEnd end_of(const ChildCommand& command) {
        std::optional<ChildEnd> ended;
        ChildProcess child(loop_, command, [&](ChildEnd end) { ended = std::move(end); });
        EXPECT_FALSE(ended.has_value());
        EXPECT_TRUE(run_until(loop_, [&] { return ended.has_value(); }));
        return ended.value_or(ChildEnd{});
    }
    ChildEnd shell(const std::string& script, Duration time_out = 10s) {
        return end_of(ChildCommand{"/bin/sh", {"-c", script}, {{"GIVEN", "x y"}}, time_out});
    }
    /// Waits for one more run to end.
    void wait_for_end() {
        const int before = ended_;
        EXPECT_TRUE(run_until(loop_, [&] { return ended_ > before; }));
    }

    TemporaryFolder folder_;
    asio::io_context loop_;
    int ended_ = 0;
};

TEST_F(AgentExec, AChildIsReadToItsEndAndGetsNoInput) {
    const ChildEnd good = shell("cat; echo out $GIVEN; echo err >&2; test -n \"$PATH\"");
    EXPECT_EQ(good.problem, "");
    EXPECT_EQ(good.output, "out x y\n");
    EXPECT_EQ(good.errors, "err\n");
    EXPECT_EQ(shell("exit 3").problem, "ended with 3");
    EXPECT_EQ(shell("kill -9 $$").problem, "was ended by signal 9");
    const ChildEnd missing = end_of(ChildCommand{"no-such-program", {}, {}, 1s});
    EXPECT_TRUE(missing.missing);
    EXPECT_EQ(missing.problem, "there is no such program");
    EXPECT_NE(end_of(ChildCommand{"/etc/hostname", {}, {}, 1s}).problem.find("cannot be started"),
              std::string::npos);
}

/// One that outlives the agent would keep its port, which the next agent needs.
TEST_F(AgentExec, AChildGetsNoFileOrSocketOfTheAgents) {
    const TestServer listening(loop_, [](const Seen&, const PeerPtr&) {});
    EXPECT_EQ(shell("ls /proc/self/fd").output, "0\n1\n2\n3\n") << "the last is that folder";
}

TEST_F(AgentExec, AChildEndsWithItsTimeAndWithAllThatItBegan) {
    const Instant start = boottime();
    const std::string file = folder_.file("grandchild");
    const ChildEnd late = shell("sleep 60 & echo $! > " + file + "; echo half; wait", 300ms);
    EXPECT_EQ(late.problem, "gave no answer within its time");
    EXPECT_LT(boottime() - start, 10s);
    const pid_t grandchild = std::stoi(slurp(file));
    EXPECT_TRUE(run_until(loop_, [&] {
        const std::string state = slurp("/proc/" + std::to_string(grandchild) + "/stat");
        return state.empty() || state.find(") Z") != std::string::npos;
    }));
    // Who keeps its standard output open does not hold up its end.
    EXPECT_EQ(shell("sleep 5 & echo done").output, "done\n");
    EXPECT_LT(boottime() - start, 14s);
    EXPECT_EQ(shell("cat /dev/zero").problem, "printed more than 1 MiB");
    EXPECT_LE(shell("head -c 100000 /dev/zero >&2; exit 1").errors.size(), 4096U);
}

TEST_F(AgentExec, AChildOfWhoseEndOthersWereToldHasEnded) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    const ChildEnd ended = shell("echo half; sleep 0.1");
    std::signal(SIGCHLD, before);
    EXPECT_EQ(ended.problem, "ended, and others were told how");
}

TEST_F(AgentExec, AChildForWhichThereAreNoDescriptorsIsNotStarted) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizers need a pipe to look at an exception";
#endif
    static_cast<void>(shell("true"));  // what the loop needs for itself is there
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    for (rlim_t more = 0; more < 6; ++more) {
        const rlimit few{static_cast<rlim_t>(next) + more, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        const ChildEnd end = shell("true");
        ::setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_TRUE(end.problem.starts_with("cannot be started: ")) << more << end.problem;
    }
}

TEST_F(AgentExec, AChildThatNobodyWaitsForIsGone) {
    const std::string file = folder_.file("pid");
    bool ended = false;
    {
        ChildProcess child(
            loop_, ChildCommand{"/bin/sh", {"-c", "echo $$ > " + file + "; sleep 60"}, {}, 60s},
            [&](const ChildEnd&) { ended = true; });
        EXPECT_TRUE(run_until(loop_, [&] { return slurp(file).ends_with('\n'); }));
    }
    EXPECT_NE(::kill(std::stoi(slurp(file)), 0), 0);
    loop_.restart();
    loop_.poll();
    EXPECT_FALSE(ended);
}

TEST_F(AgentExec, WhatItIsToldIsAnExecCredential) {
    ExecPlugin plain;
    plain.api_version = kV1;
    EXPECT_EQ(exec_info(plain),
              R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
              R"("spec":{"interactive":false}})");
    plain.cluster = R"({"server":"https://a"})";
    EXPECT_EQ(nlohmann::json::parse(exec_info(plain))["spec"]["cluster"]["server"], "https://a");
}

TEST_F(AgentExec, AnswersAreReadStrictly) {
    ExecPlugin v1;
    v1.api_version = kV1;
    const auto good = decode_exec_credential(
        v1, credential(R"("token":"t","expirationTimestamp":"2026-11-28T04:00:00Z")"));
    ASSERT_TRUE(good) << good.error();
    EXPECT_EQ(good->token, "t");
    const auto finer = decode_exec_credential(
        v1, credential(R"("token":"t","expirationTimestamp":"2026-11-28T05:00:00.5+01:00")"));
    ASSERT_TRUE(finer) << finer.error();
    EXPECT_EQ(*finer->expires - *good->expires, 500ms);
    EXPECT_FALSE(decode_exec_credential(v1, credential(R"("token":"t")")).value().expires);
    const std::string pem = R"("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")";
    EXPECT_TRUE(decode_exec_credential(
        v1, credential(R"("clientCertificateData":)" + pem + R"(,"clientKeyData":)" + pem)));
    const std::string no = "what it printed is no ExecCredential: ";
    const std::vector<std::pair<std::string, std::string>> bad{
        {"", "not JSON at byte 1"},
        {"token", "not JSON at byte 2"},
        {"[]", "not an object"},
        {R"({"kind":"Secret"})", "its kind is not ExecCredential"},
        {R"({"kind":"ExecCredential"})", std::string("its apiVersion is not given and not ") + kV1},
        {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})",
         std::string("its apiVersion is client.authentication.k8s.io/v1beta1 and not ") + kV1},
        {std::string(R"({"kind":"ExecCredential","apiVersion":")") + kV1 + "\"}",
         "it has no status"},
        {credential(""), "there is no token and no client certificate in it"},
        {credential(R"("token":7)"), "status.token is not a text"},
        {credential(R"("token":"a b")"), "the token holds what no header can"},
        {credential(R"("token":"t","clientKeyData":"k")"),
         "clientCertificateData and clientKeyData go together"},
        {credential(R"("clientCertificateData":"c","clientKeyData":"k")"),
         "the client certificate or its key is not PEM"},
        {credential(R"("token":"t","expirationTimestamp":"soon")"),
         "expirationTimestamp is not a date"},
    };
    for (const auto& [text, message] : bad) {
        const auto read = decode_exec_credential(v1, text);
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error().starts_with(no)) << read.error();
        EXPECT_NE(read.error().find(message), std::string::npos) << read.error();
    }
}

TEST_F(AgentExec, IsRunOnceWhenFirstWantedAndAgainBeforeItsEnd) {
    ExecKeeper keeper(
        loop_, answering("\"token\":\"one\",\"expirationTimestamp\":\"" + in_seconds(30) + "\""),
        [&] { ++ended_; }, {.margin = 29s});
    EXPECT_EQ(runs(), 0U);
    EXPECT_EQ(keeper.current(), nullptr);
    EXPECT_EQ(keeper.current(), nullptr);
    wait_for_end();
    EXPECT_EQ(runs(), 1U) << "one at a time";
    ASSERT_NE(keeper.current(), nullptr);
    EXPECT_EQ(keeper.current()->token, "one");
    EXPECT_FALSE(keeper.asking());

    // A fifth of its life before its end.
    ExecKeeper brief(
        loop_, answering("\"token\":\"two\",\"expirationTimestamp\":\"" + in_seconds(4) + "\""),
        [&] { ++ended_; });
    EXPECT_EQ(brief.current(), nullptr);
    wait_for_end();
    ASSERT_NE(brief.current(), nullptr);
    folder_.write("answer", credential("\"token\":\"three\""));
    const int before = ended_;
    bool always = true;
    EXPECT_TRUE(run_until(loop_, [&] {
        always = always && brief.current() != nullptr;
        return ended_ > before;
    }));
    EXPECT_TRUE(always) << "the old one is used while the new one is asked for";
    EXPECT_EQ(brief.current()->token, "three");
    EXPECT_EQ(runs(), 3U);
}

TEST_F(AgentExec, IsRunAgainAfterARefusalButNotForAnOldOne) {
    ExecKeeper keeper(loop_, answering("\"token\":\"one\""), [&] { ++ended_; },
                      {.refused_again = 50ms});
    static_cast<void>(keeper.current());
    wait_for_end();
    const std::uint64_t first = keeper.generation();
    folder_.write("answer", credential("\"token\":\"two\""));
    keeper.refused(first);
    EXPECT_TRUE(keeper.asking());
    EXPECT_EQ(keeper.current(), nullptr);
    wait_for_end();
    EXPECT_EQ(keeper.current()->token, "two");
    keeper.refused(first);
    EXPECT_FALSE(keeper.asking()) << "of a request that carried the old one";
    EXPECT_EQ(runs(), 2U);
}

TEST_F(AgentExec, AFailureIsToldWithItsWordsAndNotRepeatedAtOnce) {
    ExecPlugin failing = plugin("echo starting >&2; echo 'AccessDenied: no role' >&2; exit 254");
    ExecKeeper keeper(loop_, failing, [&] { ++ended_; });
    static_cast<void>(keeper.current());
    wait_for_end();
    EXPECT_EQ(keeper.problem(), "/bin/sh ended with 254: starting AccessDenied: no role");
    EXPECT_EQ(keeper.current(), nullptr);
    EXPECT_FALSE(keeper.asking());
    EXPECT_EQ(runs(), 1U);

    ExecPlugin absent;
    absent.api_version = kV1;
    absent.command = "no-such-plugin";
    absent.install_hint = "Install it\nfrom its page";
    ExecKeeper missing(loop_, absent, [&] { ++ended_; });
    static_cast<void>(missing.current());
    wait_for_end();
    EXPECT_EQ(missing.problem(),
              "no-such-plugin there is no such program (Install it from its page)");

    ExecKeeper old(loop_,
                   answering("\"token\":\"t\",\"expirationTimestamp\":\"" + in_seconds(-60) + "\""),
                   [&] { ++ended_; });
    static_cast<void>(old.current());
    wait_for_end();
    EXPECT_NE(old.problem().find("has ended already"), std::string::npos) << old.problem();
}

TEST_F(AgentExec, RequestsWaitForTheFirstCredentialAndA401BringsTheNext) {
    ApiAccess access;
    access.exec = answering("\"token\":\"one\"");
    std::string accepted = "Bearer one";
    LeaseRig rig(
        [&](const Seen& seen, const PeerPtr& peer) {
            const bool good = seen.headers.at("authorization") == accepted;
            peer->write(good ? http_answer(200, lease_json("8"))
                             : http_answer(401, status_json(401, "Unauthorized")));
        },
        access);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(runs(), 1U);
    accepted = "Bearer two";
    folder_.write("answer", credential("\"token\":\"two\""));
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 401);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update)).status, 200) << "it waited for the next";
    EXPECT_EQ(runs(), 2U);
}

TEST_F(AgentExec, AClientCertificateIsShownAndReplacedOnNewConnections) {
    const Certificate authority = make_authority("ca");
    const Certificate served = make_certificate(authority, "IP:127.0.0.1", 3600);
    const auto give = [&] {
        const Certificate mine = make_certificate(authority, "DNS:me", 3600);
        folder_.write(
            "answer",
            credential("\"clientCertificateData\":" + nlohmann::json(mine.certificate).dump() +
                       ",\"clientKeyData\":" + nlohmann::json(mine.key).dump()));
    };
    ApiAccess access;
    access.exec = answering("");
    give();
    access.tls.ca_pem = authority.certificate;
    int status = 200;
    LeaseRig rig(
        [&](const Seen&, const PeerPtr& peer) {
            peer->write(http_answer(
                status, status == 200 ? lease_json("8") : status_json(status, "Unauthorized")));
        },
        access,
        ServerTls{folder_.write("server.crt", served.certificate),
                  folder_.write("server.key", served.key),
                  folder_.write("ca.crt", authority.certificate), false});
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(rig.server.connections(), 1);
    give();
    status = 401;
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 401);
    status = 200;
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update)).status, 200);
    EXPECT_EQ(rig.server.connections(), 2);
    EXPECT_EQ(runs(), 2U);
}

/// As client-go has it: the kubeconfig's own goes before the plugin's.
TEST_F(AgentExec, TheKubeconfigsOwnCertificateGoesBeforeThePlugins) {
    const Certificate authority = make_authority("ca");
    const Certificate stranger = make_authority("stranger");
    const Certificate served = make_certificate(authority, "IP:127.0.0.1", 3600);
    const Certificate own = make_certificate(authority, "DNS:own", 3600);
    const Certificate given = make_certificate(stranger, "DNS:given", 3600);
    for (const bool in_files : {false, true}) {
        ApiAccess access;
        access.exec = answering("\"token\":\"t\",\"clientCertificateData\":" +
                                nlohmann::json(given.certificate).dump() +
                                ",\"clientKeyData\":" + nlohmann::json(given.key).dump());
        access.tls.ca_pem = authority.certificate;
        (in_files ? access.tls.certificate_file : access.tls.certificate_pem) =
            in_files ? folder_.write("own.crt", own.certificate) : own.certificate;
        (in_files ? access.tls.key_file : access.tls.key_pem) =
            in_files ? folder_.write("own.key", own.key) : own.key;
        LeaseRig rig(
            [](const Seen& seen, const PeerPtr& peer) {
                EXPECT_EQ(seen.headers.at("authorization"), "Bearer t");
                peer->write(http_answer(200, lease_json("8")));
            },
            access,
            ServerTls{folder_.write("server.crt", served.certificate),
                      folder_.write("server.key", served.key),
                      folder_.write("ca.crt", authority.certificate), false});
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200) << in_files;
    }
}

TEST_F(AgentExec, APluginOfOtherWordsEachTimeIsOneComplaint) {
    ApiAccess access;
    access.exec = plugin("echo \"request $$ failed\" >&2; exit 1");
    LeaseRig rig([](const Seen&, const PeerPtr&) {}, access);
    EXPECT_TRUE(run_until(rig.loop, [&] {
        if (runs() >= 2) return true;
        EXPECT_TRUE(rig.ask(rig.request(LeaseVerb::get)).not_sent);
        return false;
    }));
    EXPECT_TRUE(rig.ask(rig.request(LeaseVerb::get)).not_sent);
    EXPECT_EQ(rig.notes.size(), 1U) << rig.notes.back();
}

TEST_F(AgentExec, ASlowPluginHoldsUpNothing) {
    ApiAccess access;
    access.exec = plugin("sleep 60");
    LeaseRig rig([](const Seen&, const PeerPtr&) {}, access);
    const Instant start = boottime();
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::get, 200ms));
    EXPECT_TRUE(reply.not_sent);
    EXPECT_LT(boottime() - start, 10s);
    EXPECT_EQ(rig.notes, std::vector<std::string>{"no credential: /bin/sh gave no answer yet"});
    rig.client->watch(WatchLease{WatchId(1), Version(1)});
    EXPECT_TRUE(rig.wait_for(2));
    EXPECT_EQ(rig.watched(1).kind, WatchKind::ended);
    rig.client->send(rig.request(LeaseVerb::get));
    rig.client.reset();
    EXPECT_EQ(rig.events.size(), 2U) << "who is gone is told nothing";
}

TEST_F(AgentExec, AFailingPluginIsOneComplaintAndNotSent) {
    ApiAccess access;
    access.exec = plugin("echo 'token has expired' >&2; exit 1");
    LeaseRig rig([](const Seen&, const PeerPtr&) {}, access);
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(rig.ask(rig.request(LeaseVerb::get)).not_sent);
    EXPECT_EQ(rig.notes,
              std::vector<std::string>{"no credential: /bin/sh ended with 1: token has expired"});
    EXPECT_EQ(runs(), 1U);
    EXPECT_TRUE(rig.server.seen().empty());
}

}  // namespace
}  // namespace leasehold::agent::testing
