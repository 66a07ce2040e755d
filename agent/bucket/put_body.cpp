#include "agent/bucket/put_body.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include "agent/base/md5.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kPiece = 256U << 10;

BodyHash broken(std::string problem) {
    BodyHash hash;
    hash.problem = std::move(problem);
    return hash;
}

/// Of a payload in memory, which nothing changes.
BodyHash hash_memory(const PutBody& body, bool with_md5) {
    BodyHash hash;
    hash.sha256 = digest_of(body.parts);
    hash.intact = true;
    if (!with_md5) return hash;
    Md5 md5;
    for (const BytesPtr& part : body.parts)
        md5.add(part->view());
    hash.md5 = md5.finish();
    return hash;
}

/// Of a payload in a file: it may have changed or rotted since its digest was taken.
BodyHash hash_file(const PutBody& body, bool with_md5) {
    Sha256 all;
    Sha256 payload;
    Md5 md5;
    if (body.parts.size() > 1) {
        const std::string head = text_of(*body.parts.front());
        all.add(head);
        md5.add(head);
    }
    std::vector<char> buffer(kPiece);
    for (std::uint64_t offset = 0; offset < body.payload->size();) {
        const std::size_t got = body.payload->read(offset, buffer);
        if (got == 0) return broken("the local copy is shorter than it was");
        const std::string_view piece(buffer.data(), got);
        all.add(piece);
        payload.add(piece);
        if (with_md5) md5.add(piece);
        offset += got;
    }
    if (content_digest(payload.finish()) != body.expected)
        return broken("the local copy is not what its digest says");
    BodyHash hash;
    hash.sha256 = all.finish();
    hash.intact = true;
    if (with_md5) hash.md5 = md5.finish();
    return hash;
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

BodyHash hash_body(const PutBody& body, bool with_md5) noexcept {
    try {
        return body.in_memory ? hash_memory(body, with_md5) : hash_file(body, with_md5);
    } catch (const std::exception& error) {
        return broken(error.what());
    }
}

}  // namespace leasehold::agent
