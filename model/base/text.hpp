// Immutable shared text: object keys and ETags travel in events by handle, not by copy.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace leasehold {

/// Immutable text compared by content; copying costs a reference count. Empty by default.
template <class Tag>
class SharedText {
  public:
    SharedText() = default;
    explicit SharedText(std::string text)
        : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}

    [[nodiscard]] std::string_view view() const { return text_ ? std::string_view(*text_) : ""; }
    [[nodiscard]] std::string str() const { return std::string(view()); }
    [[nodiscard]] bool empty() const { return text_ == nullptr; }

    friend bool operator==(const SharedText& a, const SharedText& b) {
        return a.text_ == b.text_ || a.view() == b.view();
    }
    friend std::strong_ordering operator<=>(const SharedText& a, const SharedText& b) {
        return a.text_ == b.text_ ? std::strong_ordering::equal : a.view() <=> b.view();
    }

  private:
    std::shared_ptr<const std::string> text_;
};

/// Key of an object in the bucket and of its file in the local store, without the bucket's prefix.
using ObjectKey = SharedText<struct ObjectKeyTag>;
/// An object's entity tag, opaque, without quotes. For S3 it depends on the content alone.
using ETag = SharedText<struct ETagTag>;

}  // namespace leasehold
