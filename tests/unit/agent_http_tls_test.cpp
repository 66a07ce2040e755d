// The server's end of TLS beside OpenSSL's client: its own record layer once the handshake is done.
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/http/channel.hpp"
#include "agent/http/tls_records.hpp"
#include "tests/unit/agent_http_client.hpp"

namespace leasehold::agent {
namespace {

using Io = Channel::Io;

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

/// OpenSSL's client, whose bytes pass through the test's hands.
class Peer {
  public:
    Peer(const TlsContext& server, const ContextPtr& client) : ssl_(SSL_new(client.get())) {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
        channel = tls_channel(ends_[0], server);
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(ssl_.get());
        Io io = Io::want_read;
        for (int i = 0; i < 10 && (io != Io::moved || SSL_is_init_finished(ssl_.get()) == 0); ++i) {
            SSL_do_handshake(ssl_.get());
            deliver(taken());
            if (io != Io::moved) io = channel->handshake();
            collect();
        }
        EXPECT_EQ(io, Io::moved);
    }
    ~Peer() {
        channel.reset();
        for (const int end : ends_)
            ::close(end);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// What the client has to send.
    std::string taken() {
        std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
        if (!out.empty())
            BIO_read(SSL_get_wbio(ssl_.get()), out.data(), static_cast<int>(out.size()));
        return out;
    }
    void deliver(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(ends_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0);
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// What the server sent goes to the client.
    void collect() {
        std::array<char, 70000> bytes{};
        for (ssize_t got = 0; (got = ::recv(ends_[1], bytes.data(), bytes.size(), 0)) > 0;)
            BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(got));
    }
    std::string say(const std::string& text) {
        EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
                  static_cast<int>(text.size()));
        return taken();
    }
    /// All that the client can read now.
    std::string heard() {
        collect();
        std::string all;
        std::array<char, 20000> bytes{};
        for (int got = 0;
             (got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))) > 0;)
            all.append(bytes.data(), static_cast<std::size_t>(got));
        return all;
    }
    /// All that the server can read now, in pieces of `room` bytes; how it ended.
    std::pair<std::string, Io> read(std::size_t room = 65536) {
        std::string all;
        std::vector<char> bytes(room);
        while (true) {
            const Channel::Result result = channel->read(bytes);
            if (result.io != Io::moved) return {all, result.io};
            all.append(bytes.data(), result.count);
        }
    }
    void write(std::string text) {
        while (!text.empty()) {
            const Channel::Result result = channel->write(text);
            if (result.io == Io::moved) {
                ASSERT_GT(result.count, 0U);
                text.erase(0, result.count);
            } else {
                ASSERT_EQ(result.io, Io::want_write);
                heard_ += heard();
            }
        }
        heard_ += heard();
    }
    std::string all_heard() { return std::exchange(heard_, {}); }
    [[nodiscard]] SSL* ssl() { return ssl_.get(); }
    void forget_client() { ssl_.reset(); }
    void hang_up() { ::shutdown(ends_[1], SHUT_WR); }
    /// The last alert that the client was told, as OpenSSL names it.
    std::string failure() {
        heard();
        const unsigned long code = ERR_peek_last_error();
        ERR_clear_error();
        return code == 0 ? "" : ERR_reason_error_string(code);
    }

    std::unique_ptr<Channel> channel;

  private:
    std::array<int, 2> ends_{-1, -1};
    std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
    std::string heard_;
};

class AgentHttpTls : public ::testing::Test {
  protected:
    test::Pem made_ = test::make_pem("localhost");
    TlsContext server_ = make_tls_context(made_.certificate, made_.key);
    ContextPtr client_{SSL_CTX_new(TLS_client_method())};
};

std::string patterned(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
    return text;
}

TEST_F(AgentHttpTls, EachSuiteCarriesAllSizesBothWays) {
    for (const char* suite :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
        ASSERT_EQ(SSL_CTX_set_ciphersuites(client_.get(), suite), 1);
        Peer peer(server_, client_);
        EXPECT_STREQ(SSL_CIPHER_get_name(SSL_get_current_cipher(peer.ssl())), suite);
        for (const std::size_t size : {1UL, 16383UL, 16384UL, 16385UL, 65536UL, 150'000UL}) {
            const std::string text = patterned(size);
            peer.deliver(peer.say(text));
            EXPECT_TRUE(peer.read().first == text) << suite << " " << size;
            peer.write(text);
            EXPECT_TRUE(peer.all_heard() == text) << suite << " " << size;
        }
        // A reader with little room, records that come byte by byte.
        const std::string words = patterned(1000);
        peer.deliver(peer.say(words));
        EXPECT_TRUE(peer.read(7).first == words);
        std::string slowly;
        for (const char byte : peer.say(words)) {
            peer.deliver(std::string(1, byte));
            slowly += peer.read().first;
        }
        EXPECT_TRUE(slowly == words);
        peer.channel->finish();
        EXPECT_EQ(peer.heard(), "");
        EXPECT_EQ(SSL_get_shutdown(peer.ssl()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        SSL_shutdown(peer.ssl());
        peer.deliver(peer.taken());
        EXPECT_EQ(peer.read().second, Io::closed);
    }
}

TEST_F(AgentHttpTls, KeysAreUpdatedAsOftenAsTheClientLikes) {
    Peer peer(server_, client_);
    for (int round = 0; round < 5; ++round) {
        for (const int kind : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
            ASSERT_EQ(SSL_key_update(peer.ssl(), kind), 1);
            const std::string text = "round " + std::to_string(round);
            peer.deliver(peer.say(text));
            EXPECT_EQ(peer.read().first, text);
            peer.write("answer " + text);
            EXPECT_EQ(peer.all_heard(), "answer " + text);
        }
    }
}

/// A client that asks for new keys, and reads nothing: one answer waits, however often it asks.
TEST_F(AgentHttpTls, AnswersToKeyUpdatesDoNotPileUp) {
    Peer peer(server_, client_);
    const std::string much(16384, 'x');
    while (peer.channel->write(much).io == Io::moved) {}
    const std::size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 2000; ++i) {
        ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(peer.ssl()), 1);
        peer.deliver(peer.taken());
        EXPECT_EQ(peer.read().second, Io::want_read);
    }
    EXPECT_LT(mallinfo2().uordblks, before + 20'000);
    peer.write(much);
    const std::string heard = peer.all_heard();
    EXPECT_EQ(heard, std::string(heard.size(), 'x'));
    EXPECT_EQ(peer.failure(), "");
}

TEST_F(AgentHttpTls, WhatIsNotAuthenticEndsTheConnectionUnseen) {
    const std::function<std::string(std::string)> changes[] = {
        [](std::string record) {
            record[7] = static_cast<char>(record[7] ^ 1);
            return record;
        },
        [](std::string record) {
            record.back() = static_cast<char>(record.back() ^ 1);
            return record;
        },
        [](std::string record) {
            record[4] = static_cast<char>(record[4] - 1);
            return record;
        },
        [](std::string record) { return record.substr(record.size() / 2) + record; },
    };
    for (const auto& change : changes) {
        Peer peer(server_, client_);
        peer.deliver(peer.say("before"));
        EXPECT_EQ(peer.read().first, "before");
        peer.deliver(change(peer.say("changed on its way")));
        const auto [text, io] = peer.read();
        EXPECT_EQ(text, "");
        EXPECT_EQ(io, Io::closed);
        EXPECT_EQ(peer.read().second, Io::closed) << "nor is anything read after it";
        EXPECT_NE(peer.failure(), "") << "the client is told";
    }
}

TEST_F(AgentHttpTls, ARecordThatComesAgainOrTooEarlyEndsTheConnection) {
    Peer again(server_, client_);
    const std::string record = again.say("once");
    again.deliver(record + record);
    EXPECT_EQ(again.read(), (std::pair<std::string, Io>("once", Io::closed)));
    EXPECT_EQ(again.failure(), "sslv3 alert bad record mac");
    Peer swapped(server_, client_);
    const std::string first = swapped.say("first");
    swapped.deliver(swapped.say("second") + first);
    EXPECT_EQ(swapped.read(), (std::pair<std::string, Io>("", Io::closed)));
}

TEST_F(AgentHttpTls, WhatIsNoRecordEndsTheConnection) {
    const std::string records[] = {
        std::string("\x17\3\3\x41\x01", 5) + std::string(0x4101, 'x'),  // too long
        std::string("\x17\3\3\0\x10", 5) + std::string(16, 'x'),        // no room for a type
        std::string("\x17\3\1\0\x20", 5) + std::string(32, 'x'),        // another version
        std::string("\x14\3\3\0\1\1", 6),                               // ChangeCipherSpec, late
        std::string("\x16\3\3\0\x20", 5) + std::string(32, 'x'),        // an open handshake
        std::string("\x15\3\3\0\2\1\0", 7),                             // an open alert
        "GET / HTTP/1.1\r\n\r\n"};
    for (const std::string& record : records) {
        Peer peer(server_, client_);
        peer.deliver(record);
        EXPECT_EQ(peer.read(), (std::pair<std::string, Io>("", Io::closed)));
    }
}

TEST_F(AgentHttpTls, AnEndWithoutACloseIsAnEnd) {
    Peer peer(server_, client_);
    const std::string record = peer.say("half");
    peer.deliver(record.substr(0, 9));
    EXPECT_EQ(peer.read().second, Io::want_read);
    peer.hang_up();
    EXPECT_EQ(peer.read().second, Io::closed);
}

TEST_F(AgentHttpTls, Tls12GoesOnAsEver) {
    SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
    Peer peer(server_, client_);
    EXPECT_STREQ(SSL_get_version(peer.ssl()), "TLSv1.2");
    const std::string text = patterned(50'000);
    peer.deliver(peer.say(text));
    EXPECT_TRUE(peer.read().first == text);
    peer.write(text);
    EXPECT_TRUE(peer.all_heard() == text);
}

TEST_F(AgentHttpTls, AConnectionThatWaitsHoldsLittle) {
    constexpr std::size_t kCount = 200;
    std::vector<std::unique_ptr<Peer>> peers;
    peers.reserve(kCount);
    Peer warm(server_, client_);
    const std::size_t before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < kCount; ++i) {
        peers.push_back(std::make_unique<Peer>(server_, client_));
        peers.back()->deliver(peers.back()->say("GET"));
        EXPECT_EQ(peers.back()->read().first, "GET");
        peers.back()->forget_client();
    }
    const std::size_t each = (mallinfo2().uordblks - before) / kCount;
    EXPECT_LT(each, 1500U) << "OpenSSL's own object is 13.7 KiB";
}

}  // namespace
}  // namespace leasehold::agent
