#include "agent/bucket/put_body.hpp"

#include <exception>

#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kPiece = 256U << 10;

/// Of a payload in a file: it may have changed or rotted since its digest was taken.
BodyHash hash_file(const PutBody& body) {
    Sha256 all;
    Sha256 payload;
    if (body.parts.size() > 1) all.add(text_of(*body.parts.front()));
    std::vector<char> buffer(kPiece);
    for (std::uint64_t offset = 0; offset < body.payload->size();) {
        const std::size_t got = body.payload->read(offset, buffer);
        if (got == 0) return {"", false, "the local copy is shorter than it was"};
        all.add({buffer.data(), got});
        payload.add({buffer.data(), got});
        offset += got;
    }
    if (content_digest(payload.finish()) != body.expected)
        return {"", false, "the local copy is not what its digest says"};
    return {to_hex(all.finish()), true, ""};
}

}  // namespace

PutBody put_body(const ObjectBody& body) {
    PutBody out;
    out.payload = bytes_of(body.payload);
    CHECK_MSG(out.payload || body.payload.size == 0, "a put without its payload's bytes");
    if (!body.head.empty()) out.parts.push_back(memory_bytes(body.head));
    if (out.payload) out.parts.push_back(out.payload);
    out.size = body.head.size() + body.payload.size;
    out.in_memory = !out.payload || out.payload->view().size() == out.payload->size();
    out.expected = body.payload.digest;
    return out;
}

BodyHash hash_body(const PutBody& body) noexcept {
    try {
        if (!body.in_memory) return hash_file(body);
        return {to_hex(digest_of(body.parts)), true, ""};
    } catch (const std::exception& error) {
        return {"", false, error.what()};
    }
}

}  // namespace leasehold::agent
