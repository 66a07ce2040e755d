// HolderProof: the container whose end is waited for, and whether that was proven (clause 13).
#pragma once

#include <memory>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/lease.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold::election {

/// At most one container is watched. Its end is a fact about that container and about nothing else:
/// it stays true for each record that names it, and is forgotten with the last one.
class HolderProof {
  public:
    /// The present record's holder runs in `holder`; null: nobody knows, or it does not matter.
    void follow(const Container* holder, Effects& out) {
        if (holder && (is(watched_, *holder) || is(ended_, *holder))) return;
        ended_ = nullptr;
        if (watched_) out.emplace_back(StopHolderWatch{});
        watched_ = holder ? std::make_shared<const Container>(*holder) : nullptr;
        if (watched_) out.emplace_back(WatchHolder{watched_});
    }
    /// It has ended. False: that is not the one that is watched.
    bool learn(const HolderEnded& end, Effects& out) {
        if (!watched_ || !end.container || *end.container != *watched_) return false;
        ended_ = watched_;
        finished_ = end.finished;
        watched_ = nullptr;
        // There is nothing more to be learned of it.
        out.emplace_back(StopHolderWatch{});
        return true;
    }
    /// Has the holder of `record`, which runs in its container, ended since it wrote it?
    ///
    /// A second defence, should a record name a container that is not its writer's: the one before
    /// that ended before its writer was forked, by the clock of the node that both ran on. Whole
    /// seconds, so within the renewal's own second it counts.
    [[nodiscard]] bool ended(const LeaseRecord& record) const;

    /// Shows what still matters (StateVisitor); `present`: the record known, null if there is none.
    template <class Visitor>
    void visit(Visitor& visitor, const LeaseRecord* present) const {
        visitor.name(watched_ ? watched_->id : std::string());
        visitor.name(ended_ ? ended_->id : std::string());
        // What a dead process left on its way was sent before its end.
        visitor.value(present && ended(*present));
    }

    friend bool operator==(const HolderProof& a, const HolderProof& b) {
        return same(a.watched_, b.watched_) && same(a.ended_, b.ended_) &&
               a.finished_ == b.finished_;
    }

  private:
    static bool is(const ContainerPtr& one, const Container& other) { return one && *one == other; }
    static bool same(const ContainerPtr& a, const ContainerPtr& b) {
        return a == b || (a && b && *a == *b);
    }

    ContainerPtr watched_;
    ContainerPtr ended_;
    WallTime finished_{};  ///< ended_
};

}  // namespace leasehold::election
