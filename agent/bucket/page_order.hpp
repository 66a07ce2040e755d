// The entries of a LIST's page, taken as what was asked for and in order, or not at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

/// Keys are ordered by bytes. A store that shows others than were asked for, or out of order, is
/// not believed: what a LIST leaves out counts as gone.
class PageOrder {
  public:
    /// Keys begin with `prefix` and come behind `after`; `strip` bytes are not the model's.
    PageOrder(std::string_view prefix, std::string_view after, std::size_t strip)
        : prefix_(prefix), last_(after), strip_(strip) {}

    /// Adds the entry of key `full` to the page, unless it is no key of ours. What is wrong with
    /// it, or nothing.
    [[nodiscard]] std::optional<std::string> add(std::string_view full, ListEntry entry,
                                                 ListPage& page);
    /// Of others' keys (folders' markers) nothing else is wanted: s3proxy tells neither ETag nor
    /// Size.
    [[nodiscard]] bool ours(std::string_view full) const;
    /// The last key that came, in full, be it one of ours or not; `after` as long as none did.
    [[nodiscard]] const std::string& last() const { return last_; }

  private:
    std::string_view prefix_;
    std::string last_;
    std::size_t strip_;
};

}  // namespace leasehold::agent
