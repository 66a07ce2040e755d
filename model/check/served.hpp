// Served: payload.never-regresses, and the part of bucket.linearizable that looks at what queries
// and reads are told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/check/contents.hpp"

namespace leasehold::check {

/// What one process says of a key never gets older, what it gives is the content of some version
/// of it, a local copy is given to whoever asks, and NotFound is said only if the bucket held
/// nothing at some instant of the call.
class Served {
  public:
    Served(Facts& facts, Contents& contents) : facts_(facts), contents_(contents) {}

    void write_done(const ReplicaStepped& step, const WriteDone& done);
    /// `asked`: the event that brought the call.
    void query_done(const ReplicaStepped& step, const ObjectKey& name, const QueryDone& done);
    void read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                   const ReadDone& done);
    void file_sent(const ReplicaStepped& step, const SendFile& file);
    void file_answered(const ReplicaStepped& step, const FileAnswered& answer);
    void process_ended(ReplicaIndex index);

  private:
    /// The newest that a process has said of a key.
    struct Floor {
        std::optional<Rank> committed;
        std::uint64_t committed_number = 0;
        std::uint64_t asked = 0;  ///< Asked::number of a write of its own that it has shown
        std::uint64_t base = 0;   ///< the key's newest commit when that was accepted
        std::uint64_t asked_number = 0;
        bool file = false;  ///< there is a local copy
    };
    struct FileFlight {
        RequestId request;
        FileVerb verb = FileVerb::load;
        ObjectKey key;
    };
    struct Station {
        std::map<ObjectKey, Floor> keys;
        std::vector<FileFlight> flights;
    };

    [[nodiscard]] Floor& floor(ReplicaIndex index, const ObjectKey& name);
    [[nodiscard]] bool known(const KeyContents& key, const Blob& payload) const;
    void data(const ReplicaStepped& step, const ObjectKey& name, const Blob& payload,
              const ETag& etag, Epoch epoch, bool from_bucket);
    void show(const ReplicaStepped& step, const ObjectKey& name, const Committed& commit,
              Floor& floor, bool from_bucket);
    void show(const ReplicaStepped& step, const ObjectKey& name, const Asked& asked, Floor& floor);
    void regressed(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t newer);

    Facts& facts_;
    Contents& contents_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
