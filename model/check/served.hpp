// Served: payload.never-regresses, and the part of bucket.linearizable that looks at what queries
// and reads are told.
#pragma once

#include <cstdint>

#include "model/check/contents.hpp"
#include "model/check/copies.hpp"
#include "model/check/floors.hpp"

namespace leasehold::check {

/// What one process says of a key never gets older, what it gives is the content of some version
/// of it, a local copy is given to whoever asks, and NotFound is said only if the bucket held
/// nothing at some instant of the call.
class Served {
  public:
    Served(Facts& facts, Contents& contents, Floors& floors, const Copies& copies)
        : facts_(facts), contents_(contents), floors_(floors), copies_(copies) {}

    void write_done(const ReplicaStepped& step, const WriteDone& done);
    /// `asked`: the event that brought the call; `gets`: of its key, sent since a leader has it.
    void query_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                    const QueryDone& done);
    void read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                   std::uint32_t gets, const ReadDone& done);

  private:
    [[nodiscard]] bool known(const KeyContents& key, const Blob& payload) const;
    /// One answer with data; `asked`: the event that brought the call.
    struct Answer {
        const ObjectKey& name;
        std::uint64_t asked = 0;
        const Blob& payload;
        const ETag& etag;
        Epoch epoch;
        bool backup = false;       ///< a backup read, that is: a question about the bucket
        bool from_bucket = false;  ///< certainly got from it: a leader's
    };
    [[nodiscard]] static std::uint64_t behind(const Answer& answer, const Committed& commit,
                                              const Floor& floor);
    [[nodiscard]] static const Committed* named(const KeyContents& key, const Answer& answer,
                                                const Floor& floor);
    [[nodiscard]] static const Committed* unnamed(const KeyContents& key, const Answer& answer,
                                                  const Floor& floor);
    void data(const ReplicaStepped& step, const Answer& answer);
    void show(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
              Floor& floor);
    void show(const ReplicaStepped& step, const Answer& answer, const Asked& write, Shown& own);
    void wrong_epoch(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
                     const KeyContents& key);
    void current(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                 const ReadDone& done);
    void overtaken(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                   const ReadDone& done);
    void regressed(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t newer);

    Facts& facts_;
    Contents& contents_;
    Floors& floors_;
    const Copies& copies_;
};

}  // namespace leasehold::check
