#include "sim/cli/campaign_files.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
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

Result<std::string, std::string> bytes_of(const fs::path& path) {
    const auto fail = [&](int why) {
        return Unexpected{path.string() + ": cannot be read: " + std::strerror(why)};
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
    if (!in) return fail(errno);
    std::string text;
    std::array<char, 1 << 16> part;
    while (const std::size_t size = std::fread(part.data(), 1, part.size(), in.get()))
        text.append(part.data(), size);
    if (std::ferror(in.get()) != 0) return fail(errno);
    return text;
}

bool holds_other(const fs::path& path, const std::string& text) {
    if (!fs::exists(path)) return false;
    const auto there = bytes_of(path);
    return !there || *there != text;
}

Result<Earlier, std::string> read_earlier(const fs::path& path, const search::Header& header) {
    const auto read = bytes_of(path);
    if (!read) return Unexpected{read.error()};
    const std::string& text = *read;
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
