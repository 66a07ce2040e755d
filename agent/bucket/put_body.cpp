#include "agent/bucket/put_body.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include "agent/base/crc32.hpp"
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

/// All that is wanted, in one pass.
class Hashes {
  public:
    explicit Hashes(const HashesWanted& wanted) : wanted_(wanted) {}
    void add(std::string_view piece) {
        if (wanted_.sha256) sha256_.add(piece);
        if (wanted_.crc32) crc32_.add(piece);
        if (wanted_.md5) md5_.add(piece);
    }
    BodyHash finish() {
        BodyHash hash;
        if (wanted_.sha256) hash.sha256 = sha256_.finish();
        if (wanted_.crc32) hash.crc32 = crc32_.value();
        if (wanted_.md5) hash.md5 = md5_.finish();
        hash.intact = true;
        return hash;
    }

  private:
    HashesWanted wanted_;
    Sha256 sha256_;
    Crc32 crc32_;
    Md5 md5_;
};

/// Of a payload in memory, which nothing changes.
BodyHash hash_memory(const PutBody& body, Hashes hashes) {
    for (const BytesPtr& part : body.parts)
        hashes.add(part->view());
    return hashes.finish();
}

/// Of a payload in a file: it may have changed or rotted since its digest was taken.
BodyHash hash_file(const PutBody& body, Hashes hashes) {
    Sha256 payload;
    if (body.parts.size() > 1) hashes.add(text_of(*body.parts.front()));
    std::vector<char> buffer(kPiece);
    for (std::uint64_t offset = 0; offset < body.payload->size();) {
        const std::size_t got = body.payload->read(offset, buffer);
        if (got == 0) return broken("the local copy is shorter than it was");
        const std::string_view piece(buffer.data(), got);
        hashes.add(piece);
        payload.add(piece);
        offset += got;
    }
    if (content_digest(payload.finish()) != body.expected)
        return broken("the local copy is not what its digest says");
    return hashes.finish();
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

std::optional<BodyHash> known_hash(const PutBody& body, const HashesWanted& wanted) {
    if (wanted.sha256 || wanted.md5) return std::nullopt;
    // What has one lies where nobody else can change it; and the store compares what it gets.
    const auto payload = body.payload ? body.payload->crc32() : std::optional<std::uint32_t>(0);
    if (!payload) return std::nullopt;
    BodyHash hash;
    hash.intact = true;
    if (!wanted.crc32) return hash;
    Crc32 head;
    if (!body.parts.empty() && body.parts.front() != body.payload)
        head.add(body.parts.front()->view());
    const std::uint64_t size = body.payload ? body.payload->size() : 0;
    hash.crc32 = crc32_of_both(head.value(), *payload, size);
    return hash;
}

BodyHash hash_body(const PutBody& body, const HashesWanted& wanted) noexcept {
    try {
        return body.in_memory ? hash_memory(body, Hashes(wanted)) : hash_file(body, Hashes(wanted));
    } catch (const std::exception& error) {
        return broken(error.what());
    }
}

}  // namespace leasehold::agent
