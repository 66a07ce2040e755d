// The way through a proxy, and what is met without it.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/agent_transfer_rig.hpp"

namespace leasehold::agent::testing {
namespace {

/// What one request asks a SOCKS proxy for: "3 store.invalid", where 3 is "a name" of RFC 1928.
std::string asked_of_socks(const std::string& scheme) {
    Rig rig(say_hello);
    asio::ip::tcp::acceptor listens(rig.loop, {asio::ip::address_v4::loopback(), 0});
    std::string asked;
    std::thread proxy([&] {
        asio::ip::tcp::socket peer = listens.accept();
        std::array<char, 262> piece{};
        boost::system::error_code gone;
        peer.read_some(asio::buffer(piece), gone);
        asio::write(peer, asio::buffer("\x05\x00", 2), gone);
        const std::size_t size = peer.read_some(asio::buffer(piece), gone);
        if (size > 7) asked = std::to_string(piece[3]) + " " + std::string(&piece[5], size - 7);
    });
    ClientOptions options;
    options.proxy = scheme + "://127.0.0.1:" + std::to_string(listens.local_endpoint().port());
    rig.client.emplace(rig.loop, options);
    Request request = rig.get();
    request.url = "http://store.invalid/k";
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    // Where nobody was asked: the thread ends all the same.
    asio::io_context other;
    asio::ip::tcp::socket nobody(other);
    boost::system::error_code ignored;
    nobody.connect(listens.local_endpoint(), ignored);
    nobody.close();
    proxy.join();
    return asked;
}

TEST(AgentTransfer, ASocksProxyLooksTheNameUp) {
    EXPECT_EQ(asked_of_socks("socks5"), "3 store.invalid");
    EXPECT_EQ(asked_of_socks("socks5h"), "3 store.invalid");
}

TEST(AgentTransfer, ExceptionsFromAProxyAreReadAsGoReadsThem) {
    Rig rig(say_hello);
    const std::string port = std::to_string(rig.server.port());
    const auto direct = [&](const std::string& no_proxy, const std::string& url) {
        ClientOptions options;
        options.proxy = rig.server.url("");
        options.no_proxy = no_proxy;
        rig.client.emplace(rig.loop, options);
        Request request = rig.get();
        request.url = url;
        const std::size_t before = rig.server.seen().size();
        static_cast<void>(rig.ask(request));
        return rig.server.seen().size() == before;  // a name that is nowhere is asked of nobody
    };
    const std::string url = "http://store.invalid:9000/k";
    for (const char* list : {"store.invalid:9000", "invalid:9000", "a,store.invalid:9000,b",
                             "a, store.invalid", "*.invalid", ".invalid", "a,*", "*"})
        EXPECT_TRUE(direct(list, url)) << list;
    for (const char* list : {"store.invalid:9001", "other.invalid:9000", "other.invalid",
                             "store.invalid:", "10.0.0.0/8,[fd00::1]:9000,fd00::2", ":9000"})
        EXPECT_FALSE(direct(list, url)) << list;
    EXPECT_TRUE(direct("store.invalid:80", "http://store.invalid/k"));
    EXPECT_TRUE(direct("store.invalid:443", "https://store.invalid/k"));
}

}  // namespace
}  // namespace leasehold::agent::testing
