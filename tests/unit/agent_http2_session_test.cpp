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

/// What a client sends: its preface, and requests of each kind.
std::string sent() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session* session = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_client_new(&session, callbacks, nullptr);
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
    for (const auto& [method, path] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"GET", "/healthz"},
             {"GET", "/v1/backup/waits?deadline=30s"},
             {"PUT", "/v1/backup/a"},
             {"GET", "/v1/query/q"},
             {"HEAD", "/v1/status"},
             {"DELETE", "/v1/backup/a"}}) {
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

    /// One session's life: what comes, by pieces of `piece` bytes. False: it was ended.
    bool live(std::string_view bytes, std::size_t piece) {
        Http2Session session(shared, [] {});
        bool goes_on = true;
        for (; goes_on && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
            goes_on = session.feed(bytes.substr(0, piece));
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

    ScratchFolder folder;
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

}  // namespace
}  // namespace leasehold::agent::test
