// StoredETag: an ETag as a large table keeps it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "model/base/text.hpp"

namespace leasehold {

/// An ETag in 16 bytes where it is 32 hexadecimal digits in lower case, as S3's are (MD5 of the
/// content), and its text otherwise. Empty by default. Equal exactly when the texts are.
class StoredETag {
  public:
    StoredETag() = default;
    explicit StoredETag(const ETag& etag);

    [[nodiscard]] bool empty() const { return std::holds_alternative<std::monostate>(value_); }
    [[nodiscard]] ETag etag() const;

    friend bool operator==(const StoredETag&, const StoredETag&) = default;

  private:
    using Digits = std::array<std::uint64_t, 2>;
    std::variant<std::monostate, Digits, ETag> value_;
};

}  // namespace leasehold
