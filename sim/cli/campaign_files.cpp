#include "sim/cli/campaign_files.hpp"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "model/base/random.hpp"
#include "reports/text.hpp"
#include "sim/cli/least.hpp"
#include "sim/search/signature.hpp"

namespace leasehold::cli {

namespace fs = std::filesystem;

std::string least_name(const std::string& signature) {
    std::string name(search::invariant_of(signature));
    for (char& c : name)
        c = c >= 'a' && c <= 'z' ? c : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : '-';
    return derived_name(name, "-" + reports::format_hex(hash_text(signature)).substr(0, 4));
}

std::string bytes_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool holds_other(const fs::path& path, const std::string& text) {
    return fs::exists(path) && bytes_of(path) != text;
}

Result<Earlier, std::string> read_earlier(const fs::path& path, const search::Header& header) {
    if (!fs::exists(path)) return Unexpected{path.string() + ": no results to go on with"};
    const std::string text = bytes_of(path);
    // Ended before it had played anything: there is nothing to lose, so it begins.
    if (text.find('\n') == std::string::npos && search::header_line(header).starts_with(text))
        return Earlier{};
    auto results = search::parse_results(text, search::Tail::resumed);
    if (!results) return Unexpected{path.string() + ": " + results.error()};
    if (results->header.united)
        return Unexpected{path.string() +
                          ": united results of shards can't be gone on with (--resume the shards, "
                          "then unite them again with leasehold merge)"};
    std::vector<std::string> lacking;
    search::Results now;
    now.header = header;
    if (auto same = search::unite({now, *results}, {"this command", path.string()}, lacking); !same)
        return Unexpected{same.error()};
    if (results->header.shard != header.shard)
        return Unexpected{path.string() + ": results of shard " +
                          std::to_string(results->header.shard) + ", not of " +
                          std::to_string(header.shard)};
    const std::size_t keep = results->bytes;
    return Earlier{std::move(*results), keep};
}

}  // namespace leasehold::cli
