#include "agent/http/http2_session.hpp"

#include <array>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "agent/http/wire.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

// Of all uploads of a connection together: each is bounded by itself.
constexpr std::int32_t kConnectionWindow = 4 << 20;
// A head of more than kHeadBytesMax is refused, of more than this not even read.
constexpr std::size_t kHeadBytesEnd = 2 * kHeadBytesMax;
// Frames that wait to be sent.
constexpr std::size_t kQueued = std::size_t{10} * Http2Session::kStreams;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field_of(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// nghttp2 fails for want of memory, or because a stream has closed meanwhile, which is no harm.
/// (It is C: nothing may be thrown through it.)
void done(ssize_t result) {
    if (result == NGHTTP2_ERR_NOMEM) std::terminate();
}

}  // namespace

// ---- what has come ------------------------------------------------------------------------------

struct Http2Session::Callbacks {
    static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }

    static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        Http2Session& own = self(user);
        if (own.stopped_) return NGHTTP2_ERR_CALLBACK_FAILURE;
        own.head_bytes_ = 0;
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // a trailer
        const std::int32_t id = frame->hd.stream_id;
        ++own.requests_;
        if (own.draining_) {
            // GOAWAY says that it was not looked at, and may be on its way still.
            own.put_off(id);
            return 0;
        }
        Http2Port& port = own;
        own.streams_.emplace(id, std::make_shared<Http2Stream>(own.shared_, port, id));
        // By turns. Else whole answers go out one after the other, and a query waits for each that
        // was asked for before.
        const nghttp2_extpri by_turns{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
        done(nghttp2_session_change_extpri_stream_priority(session, id, &by_turns, 1));
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
        Http2Session& own = self(user);
        // A byte of the client's may stand for a field of thousands, which costs us as much as if
        // they had been sent. What is merely too large is told so.
        own.head_bytes_ += name_size + value_size;
        if (own.head_bytes_ > kHeadBytesEnd) return NGHTTP2_ERR_CALLBACK_FAILURE;
        Http2Stream* const stream = own.find(frame->hd.stream_id);
        if (stream != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            stream->field(text_of(name, name_size), text_of(value, value_size));
        return 0;
    }

    static int frame_came(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        Http2Stream* const stream = self(user).find(frame->hd.stream_id);
        if (stream == nullptr) return 0;
        const bool headers = frame->hd.type == NGHTTP2_HEADERS;
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
            (headers || frame->hd.type == NGHTTP2_DATA))
            stream->ended();
        if (headers && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            self(user).come_.push_back(frame->hd.stream_id);
        return 0;
    }

    static int data_came(nghttp2_session* session, std::uint8_t, std::int32_t id,
                         const std::uint8_t* bytes, std::size_t size, void* user) {
        // A stream that is slow to deal with its bytes does not keep others from theirs.
        done(nghttp2_session_consume_connection(session, size));
        Http2Session& own = self(user);
        if (own.stopped_) return NGHTTP2_ERR_CALLBACK_FAILURE;
        if (Http2Stream* const stream = own.find(id)) stream->body(text_of(bytes, size));
        return 0;
    }

    static int frame_went(nghttp2_session* session, const nghttp2_frame* frame, void*) {
        const bool answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        const std::int32_t id = frame->hd.stream_id;
        // Answered before all of the request has come: the rest of it is not wanted.
        if (answer && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
            nghttp2_session_get_stream_remote_close(session, id) == 0)
            done(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR));
        return 0;
    }

    static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
        Http2Session& session = self(user);
        const auto node = session.streams_.extract(id);
        if (!node.empty()) node.mapped()->gone();
        return 0;
    }

    static ssize_t content(nghttp2_session*, std::int32_t id, std::uint8_t* out, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
        Http2Stream* const stream = self(user).find(id);
        if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        const auto [content, count] = stream->read({reinterpret_cast<char*>(out), size});
        if (content == Http2Stream::Content::broken) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (content == Http2Stream::Content::later) return NGHTTP2_ERR_DEFERRED;
        if (content == Http2Stream::Content::last) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    static nghttp2_session* make(Http2Session* user) {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_option* options = nullptr;
        nghttp2_session* session = nullptr;
        done(nghttp2_session_callbacks_new(&callbacks));
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_came);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_came);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_went);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
        done(nghttp2_option_new(&options));
        nghttp2_option_set_no_auto_window_update(options, 1);
        // Closed streams would be kept for the sake of priorities, which nobody sends any more.
        nghttp2_option_set_no_closed_streams(options, 1);
        done(nghttp2_session_server_new2(&session, callbacks, user, options));
        nghttp2_option_del(options);
        nghttp2_session_callbacks_del(callbacks);
        return session;
    }
};

Http2Session::Http2Session(std::shared_ptr<Shared> shared, std::function<void()> queued)
    : shared_(std::move(shared)),
      queued_(std::move(queued)),
      session_(Callbacks::make(this), nghttp2_session_del) {
    // No byte of a body before its upload has a turn: those that wait hold nothing.
    const std::array<nghttp2_settings_entry, 3> settings{{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeadBytesMax},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    }};
    done(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(),
                                 settings.size()));
    allow(kStreamsOfStrangers);
    done(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                               kConnectionWindow));
}

Http2Session::~Http2Session() {
    for (const auto& [id, stream] : std::exchange(streams_, {}))
        stream->gone();
}

void Http2Session::allow(std::uint32_t streams) {
    const nghttp2_settings_entry most{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    done(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &most, 1));
}

Http2Stream* Http2Session::find(std::int32_t stream) const {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : found->second.get();
}

bool Http2Session::feed(std::string_view bytes) {
    const ssize_t taken = nghttp2_session_mem_recv(
        session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    done(taken);
    // A client that reads nothing lets what is to be said to it pile up: of resets nghttp2 itself
    // keeps any number.
    return taken >= 0 && nghttp2_session_get_outbound_queue_size(session_.get()) <= kQueued;
}

/// One at a time, and not as it comes: a packet holds a thousand.
bool Http2Session::serve() {
    if (come_.empty() || stopped_) return false;
    const std::int32_t id = come_.front();
    come_.pop_front();
    // It may have been reset since, or end within.
    if (const auto found = streams_.find(id); found != streams_.end()) {
        const std::shared_ptr<Http2Stream> stream = found->second;
        stream->serve();
    }
    return true;
}

std::string_view Http2Session::next() {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    done(size);
    CHECK(size >= 0);  // only our own callbacks could fail
    return text_of(bytes, static_cast<std::size_t>(size));
}

void Http2Session::drain() {
    draining_ = true;
    done(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                               nghttp2_session_get_last_proc_stream_id(session_.get()),
                               NGHTTP2_NO_ERROR, nullptr, 0));
    queued_();
}

bool Http2Session::over() const {
    return nghttp2_session_want_read(session_.get()) == 0 &&
           nghttp2_session_want_write(session_.get()) == 0;
}

// ---- what goes out ------------------------------------------------------------------------------

void Http2Session::proceed(std::int32_t stream) {
    const nghttp2_nv status = field_of(":status", "100");
    done(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1,
                                nullptr));
    queued_();
}

void Http2Session::open(std::int32_t stream, std::size_t window) {
    done(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, stream,
                                               static_cast<std::int32_t>(window)));
    queued_();
}

void Http2Session::dealt_with(std::int32_t stream, std::size_t count) {
    done(nghttp2_session_consume_stream(session_.get(), stream, count));
    queued_();
}

void Http2Session::begin(std::int32_t stream, int status, const Fields& fields, bool content) {
    const std::string code = std::to_string(status);
    std::vector<nghttp2_nv> head{field_of(":status", code), field_of("date", date_field())};
    for (const auto& [name, value] : fields)
        head.push_back(field_of(name, value));
    nghttp2_data_provider provider{};
    provider.read_callback = Callbacks::content;
    done(nghttp2_submit_response(session_.get(), stream, head.data(), head.size(),
                                 content ? &provider : nullptr));
    queued_();
}

void Http2Session::more(std::int32_t stream) {
    done(nghttp2_session_resume_data(session_.get(), stream));
    queued_();
}

void Http2Session::give_up(std::int32_t stream) {
    reset(stream, NGHTTP2_CANCEL);
}

void Http2Session::put_off(std::int32_t stream) {
    reset(stream, NGHTTP2_REFUSED_STREAM);
}

void Http2Session::reset(std::int32_t stream, std::uint32_t error) {
    done(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, error));
    queued_();
}

void Http2Session::admitted() {
    if (std::exchange(admitted_, true)) return;
    allow(kStreams);
    queued_();
}

}  // namespace leasehold::agent
