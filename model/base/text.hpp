// Immutable shared text: object keys and ETags travel in events by handle, not by copy.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace leasehold {

/// Immutable text compared by content; copying costs a reference count. Empty by default.
///
/// Length and characters lie in one allocation: tables of a hundred thousand keys are made of
/// these, and a second block for each would double what a key costs.
template <class Tag>
class SharedText {
  public:
    SharedText() = default;
    explicit SharedText(std::string_view text) : block_(make(text)) {}

    [[nodiscard]] std::string_view view() const {
        if (!block_) return {};
        Length length = 0;
        std::memcpy(&length, block_.get(), sizeof length);
        return {block_.get() + sizeof length, length};
    }
    [[nodiscard]] std::string str() const { return std::string(view()); }
    [[nodiscard]] bool empty() const { return block_ == nullptr; }

    friend bool operator==(const SharedText& a, const SharedText& b) {
        return a.block_ == b.block_ || a.view() == b.view();
    }
    friend std::strong_ordering operator<=>(const SharedText& a, const SharedText& b) {
        return a.block_ == b.block_ ? std::strong_ordering::equal : a.view() <=> b.view();
    }

  private:
    using Length = std::uint32_t;
    using Block = std::shared_ptr<const char[]>;

    static Block make(std::string_view text) {
        if (text.empty()) return nullptr;
        const auto length = static_cast<Length>(text.size());
        // And a NUL behind them, for calls of the system that want one.
        auto block = std::make_shared_for_overwrite<char[]>(sizeof length + length + 1);
        std::memcpy(block.get(), &length, sizeof length);
        std::memcpy(block.get() + sizeof length, text.data(), length);
        block[sizeof length + length] = '\0';
        return block;
    }

    Block block_;
};

/// Key of an object in the bucket and of its file in the local store, without the bucket's prefix.
using ObjectKey = SharedText<struct ObjectKeyTag>;
/// An object's entity tag, opaque, without quotes. For S3 it depends on the content alone.
using ETag = SharedText<struct ETagTag>;

}  // namespace leasehold
