// PutBody: the bytes of a PUT, and whether they are still those that the model means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/bytes.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

struct PutBody {
    std::vector<BytesPtr> parts;  ///< head, payload: sent one after another
    std::uint64_t size = 0;       ///< bytes, of all parts
    bool in_memory = true;        ///< no file has to be read
    BytesPtr payload;             ///< null when it is empty
    ContentDigest expected;       ///< of the payload
};
[[nodiscard]] PutBody put_body(const ObjectBody& body);

/// What a store is told of a body before it comes.
struct HashesWanted {
    bool sha256 = false;
    bool crc32 = false;
    bool md5 = false;
};

struct BodyHash {
    std::optional<Sha256Value> sha256;   ///< over all parts, as the others; if it was wanted
    std::optional<std::uint32_t> crc32;  ///< likewise
    std::string md5;                     ///< likewise, its 16 bytes, else empty
    bool intact = false;                 ///< the payload is what its digest says
    std::string problem;                 ///< for people, when it is not or can't be read
};
/// Without reading the payload, where what is wanted was taken of it as it came in; none: it must
/// be read.
[[nodiscard]] std::optional<BodyHash> known_hash(const PutBody& body, const HashesWanted& wanted);
/// Reads everything once; in memory nothing when nothing is wanted. Blocks when the payload is a
/// file; any thread.
[[nodiscard]] BodyHash hash_body(const PutBody& body, const HashesWanted& wanted) noexcept;

}  // namespace leasehold::agent
