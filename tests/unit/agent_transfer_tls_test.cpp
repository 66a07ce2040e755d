// TLS of the agent's client: whom it trusts, and that nothing is sent to anybody else.
#include <gtest/gtest.h>

#include <optional>

#include "agent/transfer/client.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

class AgentTransferTls : public ::testing::Test {
  protected:
    /// A request to a server whose certificate names `names`.
    Response ask(const std::string& names, const TlsOptions& tls, long seconds = 3600,
                 bool want_client_certificate = false) {
        const Certificate made = make_certificate(authority_, names, seconds);
        ServerTls server_tls{folder_.write("server.crt", made.certificate),
                             folder_.write("server.key", made.key), "", false};
        if (want_client_certificate) server_tls.client_ca_file = ca_file_;
        asio::io_context loop;
        TestServer server(
            loop, [](const Seen&, const PeerPtr& peer) { peer->write(http_answer(200, "hello")); },
            server_tls);
        ClientOptions options;
        options.tls = tls;
        Client client(loop, options);
        Request request;
        request.method = "PUT";
        request.url = server.url();
        request.body = {memory_bytes("x")};
        request.deadline = boottime() + 10s;
        std::optional<Response> response;
        client.send(request, [&](Response r) { response = std::move(r); });
        EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        seen_ = server.seen();
        port_ = server.port();
        return response.value_or(Response{});
    }
    TlsOptions trusting() const {
        TlsOptions tls;
        tls.ca_pem = authority_.certificate;
        return tls;
    }

    TemporaryFolder folder_;
    Certificate authority_ = make_authority("the right authority");
    std::string ca_file_ = folder_.write("ca.crt", authority_.certificate);
    std::vector<Seen> seen_;
    std::uint16_t port_ = 0;
};

TEST_F(AgentTransferTls, TrustsTheAuthorityByTextAndByFile) {
    EXPECT_EQ(ask("IP:127.0.0.1", trusting()).status, 200);
    TlsOptions by_file;
    by_file.ca_file = ca_file_;
    EXPECT_EQ(ask("IP:127.0.0.1", by_file).status, 200);
}

/// TLS has bytes of its own on a connection; those of a handshake must not end it.
TEST_F(AgentTransferTls, AConnectionIsKept) {
    const Certificate made = make_certificate(authority_, "IP:127.0.0.1", 3600);
    asio::io_context loop;
    TestServer server(
        loop, [](const Seen&, const PeerPtr& peer) { peer->write(http_answer(200, "hello")); },
        {folder_.write("server.crt", made.certificate), folder_.write("server.key", made.key), "",
         false});
    ClientOptions options;
    options.tls = trusting();
    Client client(loop, options);
    for (int i = 0; i < 4; ++i) {
        Request request;
        request.url = server.url();
        request.deadline = boottime() + 10s;
        std::optional<Response> response;
        client.send(request, [&](Response r) { response = std::move(r); });
        ASSERT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        EXPECT_EQ(response->status, 200);
        for (const Instant end = boottime() + 10ms; boottime() < end;)
            loop.run_one_for(2ms);
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(AgentTransferTls, NothingIsSentToAStranger) {
    TlsOptions other;
    other.ca_pem = make_authority("another authority").certificate;
    EXPECT_EQ(ask("IP:127.0.0.1", other).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
    EXPECT_EQ(ask("IP:127.0.0.1", TlsOptions{}).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
    TlsOptions missing;
    missing.ca_file = folder_.file("no-such-file");
    EXPECT_EQ(ask("IP:127.0.0.1", missing).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
}

TEST_F(AgentTransferTls, NothingIsSentToAnExpiredCertificate) {
    EXPECT_EQ(ask("IP:127.0.0.1", trusting(), -60).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
}

TEST_F(AgentTransferTls, NothingIsSentToAnotherName) {
    EXPECT_EQ(ask("DNS:localhost,IP:127.0.0.2", trusting()).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
}

TEST_F(AgentTransferTls, VerificationIsSwitchedOffOnlyInWords) {
    TlsOptions tls;
    tls.verify = false;
    EXPECT_EQ(ask("DNS:elsewhere", tls, -60).status, 200);
}

TEST_F(AgentTransferTls, AnotherNameCanBeVerifiedInPlaceOfTheHost) {
    TlsOptions tls = trusting();
    tls.server_name = "api.example";
    EXPECT_EQ(ask("DNS:api.example", tls).status, 200);
    ASSERT_EQ(seen_.size(), 1U);
    EXPECT_EQ(seen_[0].headers.at("host"), "127.0.0.1:" + std::to_string(port_));
    EXPECT_EQ(ask("IP:127.0.0.1", tls).end, TransferEnd::not_sent);
    EXPECT_TRUE(seen_.empty());
}

/// Over HTTP/2 libcurl ends the stream of a request that timed out, and would keep the connection.
TEST_F(AgentTransferTls, ABlackHoleOverHttp2IsLeft) {
    const Certificate made = make_certificate(authority_, "IP:127.0.0.1", 3600);
    ServerTls server_tls{folder_.write("server.crt", made.certificate),
                         folder_.write("server.key", made.key), "", true};
    asio::io_context loop;
    TestServer server(
        loop, [](const Seen&, const PeerPtr&) {}, server_tls);
    ClientOptions options;
    options.tls = trusting();
    const auto time_out = [&](Client& client) {
        Request request;
        request.url = server.url();
        request.deadline = boottime() + 150ms;
        std::optional<Response> response;
        client.send(request, [&](Response r) { response = std::move(r); });
        EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        EXPECT_EQ(response->end, TransferEnd::timed_out);
    };
    Client plain(loop, options);
    time_out(plain);
    EXPECT_EQ(server.http2_connections(), 0);
    options.http2 = true;
    Client client(loop, options);
    time_out(client);
    EXPECT_EQ(server.http2_connections(), 1);
    time_out(client);
    EXPECT_EQ(server.http2_connections(), 2);
}

TEST_F(AgentTransferTls, ShowsItsCertificate) {
    const Certificate mine = make_certificate(authority_, "DNS:client", 3600);
    TlsOptions by_text = trusting();
    by_text.certificate_pem = mine.certificate;
    by_text.key_pem = mine.key;
    EXPECT_EQ(ask("IP:127.0.0.1", by_text, 3600, true).status, 200);
    TlsOptions by_file = trusting();
    by_file.certificate_file = folder_.write("client.crt", mine.certificate);
    by_file.key_file = folder_.write("client.key", mine.key);
    EXPECT_EQ(ask("IP:127.0.0.1", by_file, 3600, true).status, 200);
    EXPECT_NE(ask("IP:127.0.0.1", trusting(), 3600, true).end, TransferEnd::answered);
    EXPECT_TRUE(seen_.empty());
    TlsOptions wrong_key = by_text;
    wrong_key.key_pem = make_certificate(authority_, "DNS:client", 3600).key;
    EXPECT_EQ(ask("IP:127.0.0.1", wrong_key, 3600, true).end, TransferEnd::not_sent);
}

}  // namespace
}  // namespace leasehold::agent::testing
