// Recordings, as `leasehold verify` reads them from files of other machines.
//
// fuzz-sources: reports/history_codec.cpp reports/json_archive.cpp reports/utf8.cpp
// fuzz-sources: model/protocol/history.cpp model/base/check.cpp
// fuzz-options: -max_len=16384
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "reports/history_codec.hpp"

namespace {

using namespace leasehold;
using namespace leasehold::reports;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "history: %s\n", what);
    std::abort();
}

struct Read {
    std::string written;  ///< what was read, written again
    std::uint64_t records = 0;
    bool error = false;
    bool cut_off = false;
};

Read read(const std::string& text) {
    Read read;
    std::istringstream input(text);
    HistoryReader reader(input);
    if (!reader.error()) {
        HistoryWriter writer([&](std::string_view line) { read.written += line; }, reader.header());
        while (reader.hand_over(writer))
            ++read.records;
    }
    read.error = reader.error().has_value();
    read.cut_off = reader.cut_off();
    if (read.error) require(!reader.error()->to_string().empty(), "an error without words");
    return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Read first = read(std::string(reinterpret_cast<const char*>(data), size));
    if (first.written.empty()) return 0;
    // What was understood, before an error too, is a history: it reads back as itself.
    const Read second = read(first.written);
    require(!second.error && !second.cut_off, "what was written can't be read");
    require(second.records == first.records, "records were lost");
    require(second.written == first.written, "reads back as something else");
    return 0;
}
