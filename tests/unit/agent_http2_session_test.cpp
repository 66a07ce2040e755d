// Frames alone, without a socket: what a client sends comes back as answers, and whatever else
// comes ends the session or is answered, and nothing worse.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "agent/http/http2_session.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

/// What a client sends: its preface, and requests of each kind, so often.
std::string sent(int times = 1) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session* session = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_peer_max_concurrent_streams(options, 1U << 20);
    nghttp2_session_client_new2(&session, callbacks, nullptr, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    static constexpr auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    static constexpr auto field = [](std::string_view name, std::string_view value) {
        return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(), 0};
    };
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t,
                            std::uint32_t* flags, nghttp2_data_source*, void*) -> ssize_t {
        std::fill_n(out, 1000, std::uint8_t{'b'});
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 1000;
    };
    const std::vector<std::pair<std::string_view, std::string_view>> requests{
        {"GET", "/healthz"},     {"GET", "/v1/backup/waits?deadline=30s"},
        {"PUT", "/v1/backup/a"}, {"GET", "/v1/query/q"},
        {"HEAD", "/v1/status"},  {"DELETE", "/v1/backup/a"}};
    for (std::size_t i = 0; i < requests.size() * static_cast<std::size_t>(times); ++i) {
        const auto& [method, path] = requests[i % requests.size()];
        const std::array<nghttp2_nv, 6> head{
            field(":method", method),         field(":scheme", "https"), field(":path", path),
            field(":authority", "localhost"), field("accept", "*/*"),    field("x", "y")};
        nghttp2_submit_request(session, nullptr, head.data(), head.size(),
                               method == "PUT" ? &body : nullptr, nullptr);
    }
    std::string all;
    const std::uint8_t* frame = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session, &frame)) > 0;)
        all.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(size));
    nghttp2_session_del(session);
    return all;
}

class AgentHttp2Session : public ::testing::Test {
  protected:
    AgentHttp2Session() {
        ServerOptions options;
        options.spool_directory = folder.path();
        shared = std::make_shared<Shared>(loop, options, service, metrics);
        service.query_answers["q"] = query_data(std::string(100'000, 'q'), "e", 1);
    }

    ~AgentHttp2Session() override { end(); }
    /// As the server does it: what the pool has under way ends on the loop, before that ends.
    void end() {
        shared->pool.reset();
        loop.restart();
        loop.poll();
        shared->deadlines.reset();
    }

    /// One session's life: what comes, by pieces of `piece` bytes. False: it was ended.
    bool live(std::string_view bytes, std::size_t piece) {
        Http2Session session(shared, [] {});
        bool goes_on = true;
        for (; goes_on && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
            goes_on = session.feed(bytes.substr(0, piece));
            while (goes_on && session.serve()) {}
            while (!session.next().empty()) {}
        }
        const Instant patience = boottime() + 10s;
        while (goes_on && !service.written.contains("a") && boottime() < patience && wants_upload) {
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(10));
        }
        while (!session.next().empty()) {}
        return goes_on;
    }

    leasehold::test::OwnFolder folder;
    asio::io_context loop;
    FakeService service;
    Metrics metrics;
    std::shared_ptr<Shared> shared;
    bool wants_upload = false;
};

TEST_F(AgentHttp2Session, InPiecesOfAnySizeItIsTheSame) {
    wants_upload = true;
    for (const std::size_t piece : {1U, 7U, 100U, 100'000U}) {
        service.written.clear();
        service.removed.clear();
        const std::uint64_t before = service.calls;
        EXPECT_TRUE(live(sent(), piece));
        EXPECT_EQ(service.written.count("a"), 1U);
        EXPECT_EQ(service.removed.size(), 1U);
        EXPECT_EQ(service.calls - before, 4U);
        EXPECT_TRUE(service.reads.empty()) << "the session's end cancels what waits";
        EXPECT_EQ(shared->streams, 0U);
    }
}

TEST_F(AgentHttp2Session, BytesThatWereChangedOnTheWayDoNoHarm) {
    const std::string whole = sent();
    std::uint64_t state = 1;
    const auto draw = [&state](std::size_t below) -> std::size_t {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return (state >> 33U) % below;
    };
    std::size_t fewer = 0;
    constexpr std::size_t kRuns = 10'000;
    for (std::size_t run = 0; run < kRuns; ++run) {
        std::string bytes = whole;
        for (std::size_t changes = 1 + draw(4); changes > 0; --changes) {
            const std::size_t at = draw(bytes.size());
            if (draw(4) == 0)
                bytes.erase(at, 1 + draw(20));
            else if (draw(4) == 0)
                bytes.insert(at, bytes.substr(draw(bytes.size()), draw(60)));
            else
                bytes[at] = static_cast<char>(draw(256));
        }
        const std::uint64_t before = service.calls;
        live(bytes, 1 + draw(2000));
        if (service.calls - before < 3) ++fewer;  // the upload's has not come yet
        ASSERT_TRUE(service.reads.empty());
        ASSERT_EQ(shared->streams, 0U);
        loop.restart();
        loop.poll();
    }
    EXPECT_GT(fewer, kRuns / 4) << "nothing was broken";
    EXPECT_LT(fewer, kRuns) << "nothing was asked";
}

TEST_F(AgentHttp2Session, AClientThatReadsNothingIsLetGo) {
    Http2Session session(shared, [] {});
    const std::string many = sent(5000);
    std::string_view rest = many;
    bool goes_on = true;
    for (; goes_on && !rest.empty(); rest.remove_prefix(std::min<std::size_t>(1000, rest.size())))
        goes_on = session.feed(rest.substr(0, 1000));
    EXPECT_FALSE(goes_on) << "what is to be said to it piles up";
    EXPECT_EQ(session.requests(), Http2Session::kStreamsOfStrangers) << "the others are resets";
}

/// What a stream asked its connection for.
struct Port final : Http2Port {
    std::vector<int> statuses;
    int put_offs = 0;
    int windows = 0;
    void proceed(std::int32_t) override {}
    void open(std::int32_t, std::size_t) override { ++windows; }
    void dealt_with(std::int32_t, std::size_t) override {}
    void begin(std::int32_t, int status, const Fields&, bool) override {
        statuses.push_back(status);
    }
    void more(std::int32_t) override {}
    void give_up(std::int32_t) override {}
    void put_off(std::int32_t) override { ++put_offs; }
    void admitted() override {}
};

TEST_F(AgentHttp2Session, BodiesThatComeBeforeTheirTurnAreBoundedTogether) {
    ServerOptions options;
    options.spool_directory = folder.path();
    options.upload_limit = 1;
    end();
    shared = std::make_shared<Shared>(loop, options, service, metrics);
    Port port;
    std::vector<std::shared_ptr<Http2Stream>> streams;
    for (std::int32_t id = 1; id < 8; id += 2) {
        streams.push_back(std::make_shared<Http2Stream>(shared, port, id));
        streams.back()->field(":method", "PUT");
        streams.back()->field(":path", "/v1/backup/" + std::to_string(id));
        streams.back()->serve();
    }
    EXPECT_EQ(port.windows, 1) << "the first has its turn";
    const std::string piece(Shared::kEarlyBytes / 2, 'x');
    for (const auto& stream : streams)
        stream->body(piece);
    EXPECT_EQ(port.put_offs, 1) << "the fourth; the first is spooled";
    EXPECT_EQ(shared->early_bytes, Shared::kEarlyBytes);
    for (const auto& stream : streams)
        stream->gone();
    EXPECT_EQ(shared->early_bytes, 0U);
    EXPECT_EQ(shared->streams, 0U);
}

}  // namespace
}  // namespace leasehold::agent::test
