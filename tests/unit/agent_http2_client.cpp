#include "tests/unit/agent_http2_client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

namespace leasehold::agent::test {
namespace {

using Clock = std::chrono::steady_clock;

nghttp2_nv field_of(const std::string& name, const std::string& value) {
    const auto bytes = [](const std::string& text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct Http2Client::Callbacks {
    static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
        Stream& stream = self(user).streams_[frame->hd.stream_id];
        const std::string field = text_of(name, name_size);
        const std::string text = text_of(value, value_size);
        if (field == ":status" && text == "100")
            stream.continued = true;
        else if (field == ":status")
            stream.reply.status = std::stoi(text);
        else
            stream.reply.fields[field] = text;
        return 0;
    }
    static int data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                    const std::uint8_t* bytes, std::size_t size, void* user) {
        Stream& stream = self(user).streams_[id];
        stream.reply.body += text_of(bytes, size);
        if (stream.reads) nghttp2_session_consume(session, id, size);
        return 0;
    }
    static int closed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
        self(user).streams_[id].closed = true;
        self(user).streams_[id].error = error;
        return 0;
    }
    static int frame(nghttp2_session*, const nghttp2_frame* came, void* user) {
        if (came->hd.type == NGHTTP2_GOAWAY) self(user).goaway_ = came->goaway.last_stream_id;
        return 0;
    }
    static ssize_t body(nghttp2_session*, std::int32_t id, std::uint8_t* out, std::size_t size,
                        std::uint32_t* flags, nghttp2_data_source*, void* user) {
        Stream& stream = self(user).streams_[id];
        const std::size_t count = std::min(size, stream.body.size() - stream.sent);
        if (count == 0 && stream.more) return NGHTTP2_ERR_DEFERRED;
        std::copy_n(stream.body.data() + stream.sent, count, out);
        stream.sent += count;
        if (stream.sent == stream.body.size() && !stream.more) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }
};

Http2Client::Http2Client(std::uint16_t port, std::int32_t window)
    : socket_(connected(port)), context_(SSL_CTX_new(TLS_client_method())) {
    // OpenSSL's own socket BIO writes without MSG_NOSIGNAL. Of this thread alone: the server's must
    // need no such thing.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    static constexpr unsigned char kOffer[] = "\x02h2";
    SSL_CTX_set_alpn_protos(context_, kOffer, sizeof kOffer - 1);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_);
    if (SSL_connect(ssl_) != 1) throw std::runtime_error("no TLS");
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &size);
    if (std::string(reinterpret_cast<const char*>(chosen), size) != "h2")
        throw std::runtime_error("no HTTP/2");

    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* options = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_session_client_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry ahead{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                       static_cast<std::uint32_t>(window)};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &ahead, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, window);
}

Http2Client::~Http2Client() {
    close();
    nghttp2_session_del(session_);
    SSL_CTX_free(context_);
}

void Http2Client::close() {
    SSL_free(std::exchange(ssl_, nullptr));
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    gone_ = true;
}

std::int32_t Http2Client::begin(const std::string& method, const std::string& path, Fields fields,
                                std::string body, bool more) {
    fields.insert(
        fields.begin(),
        {{":method", method}, {":path", path}, {":scheme", "https"}, {":authority", "localhost"}});
    std::vector<nghttp2_nv> head;
    for (const auto& [name, value] : fields)
        head.push_back(field_of(name, value));
    nghttp2_data_provider provider{};
    provider.read_callback = Callbacks::body;
    const bool has_body = more || !body.empty();
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, head.data(), head.size(),
                                                   has_body ? &provider : nullptr, nullptr);
    streams_[id].body = std::move(body);
    streams_[id].more = more;
    turn(0);
    return id;
}

void Http2Client::add(std::int32_t stream, std::string_view piece, bool more) {
    streams_[stream].body += piece;
    streams_[stream].more = more;
    nghttp2_session_resume_data(session_, stream);
    turn(0);
}

void Http2Client::cancel(std::int32_t stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    turn(0);
}

void Http2Client::raw(std::string_view bytes) {
    SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
}

/// Sends what there is, and receives what comes within so long. False: nothing came.
bool Http2Client::exchange(int milliseconds) {
    if (gone_) return false;
    const std::uint8_t* out = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &out)) > 0;)
        for (ssize_t at = 0; at < size;) {
            const int sent = SSL_write(ssl_, out + at, static_cast<int>(size - at));
            if (sent <= 0) {
                gone_ = true;
                return false;
            }
            at += sent;
        }
    pollfd waited{socket_, POLLIN, 0};
    if (SSL_pending(ssl_) == 0 && ::poll(&waited, 1, milliseconds) <= 0) return false;
    std::array<std::uint8_t, 65536> bytes{};
    const int got = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    gone_ = got <= 0 ||
            nghttp2_session_mem_recv(session_, bytes.data(), static_cast<std::size_t>(got)) < 0;
    return !gone_;
}

void Http2Client::turn(int milliseconds) {
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (!exchange(std::max(0, static_cast<int>(left))) && (left <= 0 || gone_)) return;
    }
}

const Http2Client::Stream& Http2Client::finish(std::int32_t stream, int seconds) {
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    while (!streams_[stream].closed && !gone_ && Clock::now() < end)
        exchange(20);
    return streams_[stream];
}

Reply Http2Client::ask(const std::string& method, const std::string& path, Fields fields,
                       std::string body) {
    return finish(begin(method, path, std::move(fields), std::move(body))).reply;
}

bool Http2Client::ends(int seconds) {
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    while (!gone_ && Clock::now() < end)
        exchange(20);
    return gone_;
}

}  // namespace leasehold::agent::test
