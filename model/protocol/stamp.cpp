#include "model/protocol/stamp.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {
namespace {

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::uint64_t kTombstoneFlag = 1;
constexpr std::size_t kWords = kHeaderSize / 8;  // magic, version|flags, 6 fields, checksum

void put_word(std::string& out, std::uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8)
        out.push_back(static_cast<char>(static_cast<unsigned char>((word >> shift) & 0xff)));
}

std::uint64_t get_word(std::string_view in, std::size_t index) {
    std::uint64_t word = 0;
    for (std::size_t i = 8; i-- > 0;)
        word = (word << 8) | static_cast<unsigned char>(in[index * 8 + i]);
    return word;
}

constexpr std::string_view kMetadataVersion = "1";

}  // namespace

std::string encode_header(const Stamp& stamp) {
    std::string out;
    out.reserve(kHeaderSize);
    out += kHeaderMagic;
    put_word(out, kFormatVersion | ((stamp.tombstone ? kTombstoneFlag : 0) << 32));
    put_word(out, stamp.epoch.value());
    put_word(out, stamp.writer);
    put_word(out, stamp.write_id);
    put_word(out, stamp.length);
    put_word(out, stamp.digest.high);
    put_word(out, stamp.digest.low);
    put_word(out, hash_text(out));
    CHECK(out.size() == kHeaderSize);
    return out;
}

std::optional<Stamp> decode_header(std::string_view head) {
    if (head.size() != kHeaderSize || !head.starts_with(kHeaderMagic)) return std::nullopt;
    if (get_word(head, kWords - 1) != hash_text(head.substr(0, kHeaderSize - 8)))
        return std::nullopt;
    const std::uint64_t form = get_word(head, 1);
    if ((form & 0xffffffffU) != kFormatVersion || (form >> 32) > kTombstoneFlag)
        return std::nullopt;
    Stamp stamp;
    stamp.tombstone = (form >> 32) == kTombstoneFlag;
    stamp.epoch = Epoch{get_word(head, 2)};
    stamp.writer = get_word(head, 3);
    stamp.write_id = get_word(head, 4);
    stamp.length = get_word(head, 5);
    stamp.digest = {get_word(head, 6), get_word(head, 7)};
    return stamp;
}

std::string encode_metadata(const Stamp& stamp) {
    std::string out(kMetadataVersion);
    const std::array<std::uint64_t, 7> words{stamp.epoch.value(),
                                             stamp.writer,
                                             stamp.write_id,
                                             stamp.length,
                                             stamp.digest.high,
                                             stamp.digest.low,
                                             stamp.tombstone ? kTombstoneFlag : 0};
    for (const std::uint64_t word : words) {
        std::array<char, 16> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), word, 16).ptr;
        out += '-';
        out.append(digits.data(), end);
    }
    return out;
}

std::optional<Stamp> decode_metadata(std::string_view text) {
    if (!text.starts_with(kMetadataVersion)) return std::nullopt;
    std::string_view rest = text.substr(kMetadataVersion.size());
    std::array<std::uint64_t, 7> words{};
    for (std::uint64_t& word : words) {
        if (!rest.starts_with('-')) return std::nullopt;
        rest.remove_prefix(1);
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), word, 16);
        if (error != std::errc{}) return std::nullopt;
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    }
    if (words[6] > kTombstoneFlag) return std::nullopt;
    const Stamp stamp{Epoch{words[0]},           words[1], words[2], words[3], {words[4], words[5]},
                      words[6] == kTombstoneFlag};
    // One text per stamp: what we did not write (leading zeros, upper case, a tail) is damage.
    if (encode_metadata(stamp) != text) return std::nullopt;
    return stamp;
}

namespace {
/// Terms are etcd revisions and epochs grow by one: nothing of ours comes near. A larger number is
/// damage, or somebody's; believed, it would leave no room for a next one.
constexpr std::uint64_t kLargestEpoch = 1ULL << 63;
}  // namespace

std::optional<Stamp> written_stamp(const ObjectBody& body) {
    const std::optional<Stamp> stamp =
        body.head.empty() ? decode_metadata(body.metadata) : decode_header(body.head);
    if (stamp && stamp->epoch.value() > kLargestEpoch) return std::nullopt;
    return stamp;
}

std::optional<Stamp> stamp_of(const ObjectBody& body) {
    if (body.head.empty() && body.metadata.empty())
        return Stamp{Epoch{0}, 0, 0, body.payload.size, body.payload.digest, false};
    const std::optional<Stamp> stamp = written_stamp(body);
    if (!stamp || stamp->length != body.payload.size) return std::nullopt;
    // Nothing has only one content. A removal's writer computed no digest for it, and that of a
    // tombstone which keeps a place is what is to come there.
    if (stamp->length > 0 && stamp->digest != body.payload.digest) return std::nullopt;
    return stamp;
}

}  // namespace leasehold
