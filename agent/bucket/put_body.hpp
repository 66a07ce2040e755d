// PutBody: the bytes of a PUT, and whether they are still those that the model means.
#pragma once

#include <cstdint>
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

struct BodyHash {
    Sha256Value sha256{};  ///< over all parts
    std::string md5;       ///< likewise, its 16 bytes; empty unless asked for
    bool intact = false;   ///< the payload is what its digest says
    std::string problem;   ///< for people, when it is not or can't be read
};
/// Reads everything once. Blocks when the payload is a file; any thread.
[[nodiscard]] BodyHash hash_body(const PutBody& body, bool with_md5 = false) noexcept;

}  // namespace leasehold::agent
