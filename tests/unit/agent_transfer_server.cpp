#include "tests/unit/agent_transfer_server.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace leasehold::agent::testing {

using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Seen parse_head(const std::string& head) {
    Seen seen;
    const std::size_t first = head.find(' ');
    const std::size_t second = head.find(' ', first + 1);
    seen.method = head.substr(0, first);
    seen.target = head.substr(first + 1, second - first - 1);
    for (std::size_t at = head.find("\r\n"); at + 2 < head.size();) {
        const std::size_t end = std::min(head.find("\r\n", at + 2), head.size());
        const std::string line = head.substr(at + 2, end - at - 2);
        const std::size_t colon = line.find(':');
        if (colon != line.npos)
            seen.headers[lower(line.substr(0, colon))] =
                colon + 2 <= line.size() ? line.substr(colon + 2) : "";
        at = end;
    }
    return seen;
}

}  // namespace

class Session;

struct TestServer::State {
    State(asio::io_context& io, Answer what)
        : loop(io),
          answer(std::move(what)),
          acceptor(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    asio::io_context& loop;
    Answer answer;
    Tcp::acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    std::vector<Seen> seen;
    std::set<Session*> sessions;
    int connections = 0;
    int http2_connections = 0;
    std::size_t body_bytes = 0;
    std::size_t limit = std::numeric_limits<std::size_t>::max();
};

/// One connection, plain or TLS.
class Session : public Peer, public std::enable_shared_from_this<Session> {
  public:
    Session(std::shared_ptr<TestServer::State> server, Tcp::socket socket)
        : server_(std::move(server)), socket_(std::move(socket)) {
        number_ = ++server_->connections;
        server_->sessions.insert(this);
        if (server_->tls) tls_.emplace(std::move(socket_), *server_->tls);
    }
    ~Session() override { server_->sessions.erase(this); }

    void begin() {
        if (!tls_) return read();
        tls_->async_handshake(TlsStream::server, [self = shared_from_this()](error_code error) {
            if (!error) self->choose();
        });
    }

    void write(std::string bytes) override {
        outgoing_.push_back(std::move(bytes));
        if (outgoing_.size() == 1) write_next();
    }
    void close() override {
        closing_ = true;
        if (outgoing_.empty()) end();
    }
    void end() {
        error_code ignored;
        lowest().shutdown(Tcp::socket::shutdown_both, ignored);
        lowest().close(ignored);
    }
    void resume() {
        if (const auto self = std::exchange(paused_, nullptr); self != nullptr) read();
    }

  private:
    Tcp::socket& lowest() { return tls_ ? tls_->next_layer() : socket_; }

    void read() {
        if (server_->body_bytes >= server_->limit) {
            paused_ = shared_from_this();
            return;
        }
        const auto done = [self = shared_from_this()](error_code error, std::size_t count) {
            self->take(error, count);
        };
        if (tls_) {
            tls_->async_read_some(asio::buffer(buffer_), done);
        } else {
            socket_.async_read_some(asio::buffer(buffer_), done);
        }
    }

    /// HTTP/1.1, or HTTP/2 as far as its first frames: empty SETTINGS and the other's ACK.
    void choose() {
        const unsigned char* protocol = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(tls_->native_handle(), &protocol, &size);
        if (size == 2) {
            ++server_->http2_connections;
            http2_ = true;
            write(std::string("\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0", 18));
        }
        read();
    }

    void take(error_code error, std::size_t count) {
        if (http2_ && !error) return read();
        if (error) {
            if (in_body_) {
                request_.whole = false;
                request_.body = incoming_;
                server_->seen.push_back(request_);
            }
            return;
        }
        incoming_.append(buffer_.data(), count);
        if (in_body_) server_->body_bytes += count;
        while (next_request()) {}
        read();
    }

    bool next_request() {
        if (!in_body_) {
            const std::size_t end = incoming_.find("\r\n\r\n");
            if (end == incoming_.npos) return false;
            request_ = parse_head(incoming_.substr(0, end));
            request_.connection = number_;
            incoming_.erase(0, end + 4);
            in_body_ = true;
            server_->body_bytes += incoming_.size();
        }
        const auto length = request_.headers.find("content-length");
        const std::size_t size = length == request_.headers.end() ? 0 : std::stoul(length->second);
        if (incoming_.size() < size) return false;
        request_.body = incoming_.substr(0, size);
        request_.whole = true;
        incoming_.erase(0, size);
        in_body_ = false;
        server_->seen.push_back(request_);
        server_->answer(request_, shared_from_this());
        return true;
    }

    void write_next() {
        const auto done = [self = shared_from_this()](error_code error, std::size_t) {
            self->outgoing_.pop_front();
            if (error) return self->end();
            if (!self->outgoing_.empty()) return self->write_next();
            if (self->closing_) self->end();
        };
        if (tls_) {
            asio::async_write(*tls_, asio::buffer(outgoing_.front()), done);
        } else {
            asio::async_write(socket_, asio::buffer(outgoing_.front()), done);
        }
    }

    std::shared_ptr<TestServer::State> server_;
    Tcp::socket socket_;
    std::optional<TlsStream> tls_;
    int number_ = 0;
    std::array<char, 65536> buffer_{};
    std::string incoming_;
    Seen request_;
    bool in_body_ = false;
    bool http2_ = false;
    std::shared_ptr<Session> paused_;  ///< itself, while nothing else keeps it
    bool closing_ = false;
    std::deque<std::string> outgoing_;
};

namespace {

void accept_next(const std::shared_ptr<TestServer::State>& state) {
    state->acceptor.async_accept([state](error_code error, Tcp::socket socket) {
        if (error) return;
        std::make_shared<Session>(state, std::move(socket))->begin();
        accept_next(state);
    });
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr std::array<unsigned char, 3> kHttp2{2, 'h', '2'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kHttp2.data(), kHttp2.size(), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TestServer::TestServer(asio::io_context& loop, Answer answer, const ServerTls& tls)
    : state_(std::make_shared<State>(loop, std::move(answer))) {
    if (!tls.certificate_file.empty()) {
        state_->tls.emplace(asio::ssl::context::tls_server);
        state_->tls->use_certificate_chain_file(tls.certificate_file);
        state_->tls->use_private_key_file(tls.key_file, asio::ssl::context::pem);
        if (tls.silent_http2)
            SSL_CTX_set_alpn_select_cb(state_->tls->native_handle(), choose_protocol, nullptr);
        if (!tls.client_ca_file.empty()) {
            state_->tls->load_verify_file(tls.client_ca_file);
            state_->tls->set_verify_mode(asio::ssl::verify_peer |
                                         asio::ssl::verify_fail_if_no_peer_cert);
        }
    }
    accept_next(state_);
}

TestServer::~TestServer() {
    error_code ignored;
    state_->acceptor.close(ignored);
    close_all();
}

std::uint16_t TestServer::port() const {
    return state_->acceptor.local_endpoint().port();
}

std::string TestServer::url(const std::string& path) const {
    return (state_->tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) +
           path;
}

const std::vector<Seen>& TestServer::seen() const {
    return state_->seen;
}

int TestServer::connections() const {
    return state_->connections;
}

std::size_t TestServer::open_connections() const {
    return state_->sessions.size();
}

int TestServer::http2_connections() const {
    return state_->http2_connections;
}

std::size_t TestServer::body_bytes() const {
    return state_->body_bytes;
}

void TestServer::read_at_most(std::size_t bytes) {
    state_->limit = bytes;
    const std::set<Session*> sessions = state_->sessions;
    for (Session* session : sessions)
        session->resume();
}

void TestServer::close_all() {
    const std::set<Session*> sessions = state_->sessions;
    for (Session* session : sessions)
        session->end();
    for (Session* session : sessions)
        if (state_->sessions.contains(session)) session->resume();
}

std::string http_answer(int status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) +
           " Said\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
           body;
}

}  // namespace leasehold::agent::testing
