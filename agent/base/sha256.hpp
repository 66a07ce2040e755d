// SHA-256 (OpenSSL): content digests of the model, and the content hash that S3 signs.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "model/base/blob.hpp"

namespace leasehold::agent {

using Sha256Value = std::array<unsigned char, 32>;

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void add(std::string_view bytes);
    /// The digest of all that was added; starts anew.
    [[nodiscard]] Sha256Value finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(const Sha256Value& value);
/// The model's digest: the first half, big-endian words.
[[nodiscard]] ContentDigest content_digest(const Sha256Value& value);

}  // namespace leasehold::agent
