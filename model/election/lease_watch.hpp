// LeaseWatch: the one watch of the Lease, and whether it still tells what happens (clause 9).
#pragma once

#include <algorithm>
#include <optional>

#include "model/base/check.hpp"
#include "model/base/strong.hpp"
#include "model/base/time.hpp"

namespace leasehold::election {

/// At most one watch is open. It shortens detection and proves nothing.
class LeaseWatch {
  public:
    [[nodiscard]] bool open() const { return open_; }
    [[nodiscard]] bool is(WatchId id) const { return open_ && id_ == id; }
    /// The open watch, or the last one.
    [[nodiscard]] WatchId id() const { return id_; }
    /// When the open watch last gave a sign of life.
    [[nodiscard]] Instant last_heard() const { return last_heard_; }

    /// Opens one that tells what is newer than `from`; none may be open (CHECK).
    WatchId start(Instant now, Version from) {
        CHECK(!open_);
        open_ = true;
        id_ = WatchId(id_.value() + 1);
        last_heard_ = now;
        // It was not asked for anything older, so it owes nothing of that.
        told_ = from;
        return id_;
    }
    void end() { open_ = false; }
    /// Anything came from it; `told` is the newest version that it has shown or passed.
    void heard(Instant now, Version told) {
        last_heard_ = now;
        told_ = std::max(told_, told);
    }
    /// An answer to a request of `asked_at` shows that there was `shown`. Should the watch have
    /// told so? Silence alone is no loss: a healthy holder may renew more rarely than `patience`.
    [[nodiscard]] bool owes(Version shown, Instant asked_at, Duration patience) const {
        // Half-open connections look like quiet ones. What tells them apart is an answer that shows
        // a version which the watch, silent since before it was asked for, has never mentioned.
        return open_ && shown > told_ && last_heard_ + patience <= asked_at;
    }

    /// Shows what still matters (StateVisitor); `asked_at`: of the request in flight, if any.
    template <class Visitor>
    void visit(Visitor& visitor, std::optional<Instant> asked_at, Duration patience) const {
        visitor.value(open_);
        // Even, where requests' are odd: they are never compared.
        if (!open_) return;  // the next one has an id and a beginning of its own
        visitor.id(2 * id_.value());
        visitor.since(last_heard_, patience);
        visitor.value(asked_at && last_heard_ + patience <= *asked_at);
        visitor.version(told_);
    }

    friend bool operator==(const LeaseWatch&, const LeaseWatch&) = default;

  private:
    bool open_ = false;
    WatchId id_;
    Instant last_heard_{};
    Version told_;
};

}  // namespace leasehold::election
