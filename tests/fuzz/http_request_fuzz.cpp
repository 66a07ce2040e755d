// Raw bytes of an HTTP connection: the request reader (Beast's parser) and the router behind it.
//
// fuzz-sources: agent/http/route.cpp agent/http/wire.cpp model/base/check.cpp
// fuzz-sources: agent/base/percent.cpp agent/base/utf8.cpp config/units.cpp
// fuzz-options: -max_len=20000
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/base/utf8.hpp"
#include "agent/http/route.hpp"
#include "agent/http/wire.hpp"

namespace {

using namespace leasehold::agent;

constexpr std::uint64_t kBodyLimit = 10'000;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "http_request: %s\n", what);
    std::abort();
}

struct Read {
    RequestReader reader{kBodyLimit};
    std::string body;
    std::size_t taken = 0;
};

/// Reads one request as a connection does, by pieces of at most `piece` bytes.
Read read_one(std::string_view bytes, std::size_t piece) {
    Read read;
    std::string unread;
    std::size_t received = 0;
    while (read.reader.state() < RequestReader::State::complete) {
        const std::string_view more = bytes.substr(received, piece);
        unread += more;
        received += more.size();
        for (std::size_t taken = 1; taken != 0 && !unread.empty();) {
            taken = read.reader.take(unread);
            require(taken <= unread.size(), "took more than there is");
            read.taken += taken;
            unread.erase(0, taken);
            read.body += read.reader.take_body();
        }
        if (more.empty()) break;
    }
    return read;
}

std::string encoded(std::string_view key) {
    std::string text;
    for (const char c : key) {
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02x", static_cast<unsigned char>(c));
        text += hex;
    }
    return text;
}

void check_route(const Head& head) {
    const auto asked = route(head.method, head.target);
    if (!asked) {
        const int status = asked.error().status;
        require(status == 400 || status == 404 || status == 405, "an unknown refusal");
        require((status == 405) == !asked.error().allow.empty(), "Allow goes with 405 alone");
        require(is_utf8(asked.error().error), "a message that is no text");
        return;
    }
    require(asked->route != Route::none, "asked for nothing");
    if (asked->route == Route::read_backup || asked->route == Route::query) {
        require(key_problem(asked->key).empty(), "a key that may name nothing");
        const bool reads = asked->route == Route::read_backup;
        const std::string folder = reads ? "/v1/backup/" : "/v1/query/";
        const auto again = route(Method::get, folder + encoded(asked->key));
        require(again && again->key == asked->key, "a key that doesn't survive its encoding");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = 1U + data[0] % 97U;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    while (!bytes.empty()) {
        const Read whole = read_one(bytes, bytes.size());
        const Read pieces = read_one(bytes, piece);
        const auto state = whole.reader.state();
        // Pieces may show later that a request can't be read; never that one can.
        const auto complete = RequestReader::State::complete;
        require((state == complete) == (pieces.reader.state() == complete),
                "pieces end elsewhere than the whole");
        require(whole.body.size() <= kBodyLimit, "a body beyond the limit");
        if (state == RequestReader::State::refused)
            require(whole.reader.refusal().status >= 400, "a refusal without a status");
        if (state != complete) return 0;
        require(whole.taken == pieces.taken, "pieces take another length");
        require(whole.body == pieces.body, "pieces give another body");
        require(whole.reader.head().target == pieces.reader.head().target, "another target");
        check_route(whole.reader.head());
        bytes.remove_prefix(whole.taken);
    }
    return 0;
}
