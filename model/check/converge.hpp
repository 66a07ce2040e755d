// Converge: replicas.converge.
#pragma once

#include <cstddef>
#include <vector>

#include "model/check/contents.hpp"
#include "model/check/copies.hpp"
#include "model/check/writes.hpp"

namespace leasehold::check {

/// At the end of a history that healed: every replica that ran with healthy paths for as long as
/// the bound has a copy of each live key, in a version not older than what the bucket held that
/// long ago, and none of a key that has been removed for so long; and it knows what lies on its
/// disk. Of an object that was torn where it lay, the copies of before are as good. Own writes that
/// the bucket has not got are as good, but not at whoever has led for so long: what it found on its
/// disk is in the bucket, or has given way to what is; and what it answered Committed is marked so.
class Converge {
  public:
    Converge(Facts& facts, const Writes& writes, const Contents& contents, const Copies& copies)
        : facts_(facts), writes_(writes), contents_(contents), copies_(copies) {}

    void changed(TrueTime at, ReplicaIndex index);
    void disturbed(TrueTime at, ReplicaIndex index);
    void role_changed(TrueTime at) { led_since_ = at; }
    void finish(TrueTime end);
    [[nodiscard]] bool applies() const;

  private:
    struct Station {
        bool able = false;
        TrueTime since{};
    };
    [[nodiscard]] Duration bound() const;
    void judge(TrueTime end, TrueTime then, ReplicaIndex index, const ObjectKey& name,
               const KeyContents& key);
    void unmarked(TrueTime end, TrueTime then, ReplicaIndex index, const ObjectKey& name,
                  const KeyContents& key);
    void judge_disk(TrueTime end, ReplicaIndex index);
    /// Where the versions begin of which a replica with healthy paths since `since` may have a
    /// copy.
    struct Oldest {
        std::size_t index = 0;
        bool none = false;  ///< it may have no copy at all
    };
    [[nodiscard]] static Oldest oldest(const KeyContents& key, TrueTime then, TrueTime since,
                                       Duration allowed);
    [[nodiscard]] Oldest unheard_of(Oldest from, const KeyContents& key, TrueTime end,
                                    ReplicaIndex index) const;
    [[nodiscard]] bool left_behind(TrueTime end, TrueTime then, ReplicaIndex index,
                                   const ObjectKey& name) const;

    Facts& facts_;
    const Writes& writes_;
    const Contents& contents_;
    const Copies& copies_;
    std::vector<Station> stations_;
    TrueTime led_since_{};
};

}  // namespace leasehold::check
