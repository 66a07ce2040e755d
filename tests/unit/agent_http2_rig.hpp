// A server of HTTPS whose clients choose HTTP/2.
#pragma once

#include <string>
#include <utility>

#include "tests/unit/agent_http2_client.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {

class Http2Rig : public HttpRig {
  protected:
    void start_tls(ServerOptions options = {}) {
        const Pem pem = make_pem("localhost");
        options.certificate_file = folder.write("tls.crt", pem.certificate);
        options.key_file = folder.write("tls.key", pem.key);
        start(std::move(options));
    }
    static ServerOptions quick() {
        ServerOptions options;
        options.idle_timeout = 300ms;
        return options;
    }
    std::string stored(const std::string& key) {
        return on_loop([&] { return text_of(*bytes_of(service.written.at(key))); });
    }
    bool waits(std::size_t count) {
        return eventually([this, count] { return service.reads.size() == count; });
    }
    /// The same; some of them the client holds back until it may send them.
    bool waits(std::size_t count, Http2Client& client) {
        for (int i = 0; i < 500; ++i) {
            if (on_loop([this, count] { return service.reads.size() == count; })) return true;
            client.turn(20);
        }
        return false;
    }
    void answer_all(const std::string& text) {
        on_loop([&] {
            for (auto& [call, read] : std::exchange(service.reads, {}))
                read.done(read_data(text, "e", 1));
        });
    }
    std::size_t connections() {
        return on_loop([this] { return server->connections(); });
    }
};

}  // namespace leasehold::agent::test
