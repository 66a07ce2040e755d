// Who may ask: listening, tokens, TLS, names.
#include <string>
#include <vector>

#include "agent/http/access.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

class AgentHttpAccess : public HttpRig {
  protected:
    ServerOptions with_token(const std::string& token) {
        ServerOptions options;
        options.token_file = folder.write("token", token);
        options.refresh_period = 50ms;
        return options;
    }
    ServerOptions with_tls() {
        const Pem pem = make_pem("localhost");
        ServerOptions options;
        options.certificate_file = folder.write("tls.crt", pem.certificate);
        options.key_file = folder.write("tls.key", pem.key);
        options.refresh_period = 50ms;
        return options;
    }
    /// Why a server with these options does not start; empty if it does.
    std::string refused(ServerOptions options) {
        options.port = 0;
        try {
            Server made(loop, options, service, metrics);
            return {};
        } catch (const std::runtime_error& error) {
            return error.what();
        }
    }
};

constexpr const char* kBearer = "Authorization: Bearer s3cret\r\n";

TEST_F(AgentHttpAccess, OtherAddressesThanLoopbackNeedATokenAndTls) {
    const ServerOptions tls = with_tls();
    const auto listening = [&](bool token, bool encrypted, bool insecure, const char* address) {
        ServerOptions options = encrypted ? tls : ServerOptions{};
        if (token) options.token_file = folder.write("token", "s3cret");
        options.insecure_listen = insecure;
        options.address = address;
        return refused(options);
    };
    for (const bool token : {false, true})
        for (const bool encrypted : {false, true})
            for (const bool insecure : {false, true}) {
                EXPECT_EQ(listening(token, encrypted, insecure, "127.0.0.1"), "");
                EXPECT_EQ(listening(token, encrypted, insecure, "0.0.0.0").empty(),
                          insecure || (token && encrypted));
            }
    EXPECT_NE(listening(true, false, false, "0.0.0.0").find("the certificate is missing"),
              std::string::npos);
    EXPECT_NE(listening(false, true, false, "0.0.0.0").find("the token file is missing"),
              std::string::npos);
    EXPECT_NE(listening(false, false, false, "somewhere").find("'somewhere' is no IP address"),
              std::string::npos);
}

TEST_F(AgentHttpAccess, FilesThatCannotBeUsedAreSaidAtTheStart) {
    ServerOptions options;
    options.token_file = folder.path() + "/absent";
    EXPECT_NE(refused(options).find("absent cannot be read or is empty"), std::string::npos);
    EXPECT_NE(refused(with_token(" \n")).find("token cannot be read or is empty"),
              std::string::npos);
    options = with_tls();
    options.key_file.clear();
    EXPECT_NE(refused(options).find("go together"), std::string::npos);
    options = with_tls();
    folder.write("tls.key", make_pem("localhost").key);
    EXPECT_NE(refused(options).find("does not belong to the certificate"), std::string::npos);
    folder.write("tls.key", "-----BEGIN s3cret");
    EXPECT_NE(refused(options).find("no usable PEM key"), std::string::npos);
    EXPECT_EQ(refused(options).find("s3cret"), std::string::npos);
    folder.write("tls.crt", "");
    EXPECT_NE(refused(options).find("tls.crt cannot be read or is empty"), std::string::npos);
    ServerOptions free_port;
    free_port.port = 0;
    Server first(loop, free_port, service, metrics);
    ServerOptions second;
    second.port = first.port();
    try {
        Server made(loop, second, service, metrics);
        ADD_FAILURE() << "two servers on one port";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("cannot listen on 127.0.0.1:"), std::string::npos);
    }
}

TEST_F(AgentHttpAccess, TheTokenIsNeededForAllButTheProbes) {
    start(with_token("s3cret\n"));
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
    EXPECT_EQ(ask("GET", "/readyz").status, 200);
    for (const char* target : {"/metrics", "/v1/status", "/v1/backup", "/v1/query/a", "/nothing"}) {
        const Reply reply = ask("GET", target);
        EXPECT_EQ(reply.status, 401) << target;
        EXPECT_TRUE(reply.fields.at("www-authenticate").starts_with("Bearer")) << target;
    }
    EXPECT_EQ(ask("PUT", "/v1/backup/a", "", "body").status, 401);
    EXPECT_EQ(ask("DELETE", "/v1/backup/a").status, 401);
    for (const char* wrong : {"Bearer s3cre", "Bearer s3cret2", "Bearer ", "Bearer", "Basic s3cret",
                              "s3cret", "Bearer S3CRET", "Bearers3cret"})
        EXPECT_EQ(ask("GET", "/v1/status", std::string("Authorization: ") + wrong + "\r\n").status,
                  401)
            << wrong;
    EXPECT_EQ(ask("GET", "/v1/status", kBearer).status, 200);
    EXPECT_EQ(ask("GET", "/metrics", "authorization: bearer   s3cret \r\n").status, 200);
    EXPECT_EQ(ask("GET", "/v1/status", std::string(kBearer) + kBearer).status, 400) << "twice";
    EXPECT_TRUE(on_loop([this] { return service.written.empty() && service.removed.empty(); }));
}

TEST_F(AgentHttpAccess, ATokenThatChangesIsReadAgain) {
    start(with_token("s3cret"));
    EXPECT_EQ(ask("GET", "/v1/status", kBearer).status, 200);
    const auto becomes = [this](int status) {
        for (int i = 0; i < 100; ++i) {
            if (ask("GET", "/v1/status", kBearer).status == status) return true;
            std::this_thread::sleep_for(20ms);
        }
        return false;
    };
    folder.write("token", "other");
    EXPECT_TRUE(becomes(401));
    EXPECT_EQ(ask("GET", "/v1/status", "Authorization: Bearer other\r\n").status, 200);
    folder.write("token", "s3cret");
    EXPECT_TRUE(becomes(200));
    std::filesystem::remove(folder.path() + "/token");
    EXPECT_TRUE(becomes(401)) << "no token lets nobody in";
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttpAccess, WithoutATokenOnlyLoopbackNames) {
    start();
    const auto with_host = [this](const std::string& host) {
        Client client = connect();
        client.send("GET /v1/status HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.receive().status;
    };
    EXPECT_EQ(with_host("localhost:9003"), 200);
    EXPECT_EQ(with_host("127.0.0.1"), 200);
    EXPECT_EQ(with_host("[::1]:9003"), 200);
    EXPECT_EQ(with_host("rebound.example.org"), 403);
    Client probe = connect();
    probe.send("GET /healthz HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n");
    EXPECT_EQ(probe.receive().status, 200);
}

TEST_F(AgentHttpAccess, TlsCarriesAllOfIt) {
    ServerOptions options = with_tls();
    options.token_file = folder.write("token", "s3cret");
    const std::string body(6'000'000, 'b');
    service.query_answers["big"] = query_data(body, "1", 1);
    start(options);
    Client client = connect(true);
    EXPECT_EQ(client.ask("GET", "/v1/status").status, 401);
    EXPECT_EQ(client.ask("GET", "/v1/status", kBearer).status, 200);
    EXPECT_EQ(client.ask("GET", "/v1/query/big", kBearer).body, body);
    EXPECT_EQ(client.ask("PUT", "/v1/backup/a", kBearer, body).status, 200);
    EXPECT_EQ(on_loop([this] { return service.written.at("a"); }), blob_of(body));
    EXPECT_EQ(client.ask("GET", "/healthz", "Connection: close\r\n").status, 200);
    EXPECT_TRUE(client.ends());

    Client waiting = connect(true);
    waiting.send(request("GET", "/v1/backup/w", kBearer));
    ASSERT_TRUE(eventually([this] { return service.reads.size() == 1; }));
    waiting.close();  // without close_notify
    EXPECT_TRUE(eventually([this] { return service.cancelled.size() == 1; }));

    Client plain(port);
    plain.send(request("GET", "/healthz"));
    EXPECT_EQ(plain.receive().status, 0) << "no plain HTTP on a TLS port";
}

TEST_F(AgentHttpAccess, ARotatedCertificateIsUsedByNewConnections) {
    start(with_tls());
    Client old = connect(true);
    EXPECT_EQ(old.ask("GET", "/healthz").status, 200);
    const Pem next = make_pem("localhost");
    folder.write("tls.crt", next.certificate);  // half of a rotation: the old pair stays in force
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(connect(true).ask("GET", "/healthz").status, 200);
    folder.write("tls.key", next.key);
    const auto presents = [this, &next] {
        Client client = connect(true);
        return client.peer_certificate() == next.certificate;
    };
    bool rotated = false;
    for (int i = 0; i < 100 && !(rotated = presents()); ++i)
        std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(rotated);
    EXPECT_EQ(old.ask("GET", "/healthz").status, 200) << "open connections go on";
}

}  // namespace
}  // namespace leasehold::agent::test
