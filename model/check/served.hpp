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
    void query_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                    const QueryDone& done);
    void read_done(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                   const ReadDone& done);
    void file_sent(const ReplicaStepped& step, const SendFile& file);
    void file_answered(const ReplicaStepped& step, const FileAnswered& answer);
    void process_ended(ReplicaIndex index);
    /// The tag of its local copy; null = it has none.
    [[nodiscard]] const FileTag* copy(ReplicaIndex index, const ObjectKey& name) const;
    /// Does its local copy have the tag and the bytes that `file` would give it?
    [[nodiscard]] bool holds(ReplicaIndex index, const SendFile& file) const;
    /// When its process learnt that the copy has its tag.
    struct Tagged {
        TrueTime at{};
        std::uint64_t number = 0;
        bool found = false;  ///< on the disk, from a process before
    };
    /// The newest of its process; number 0 = none.
    [[nodiscard]] Tagged tagged(ReplicaIndex index, const ObjectKey& name) const;
    /// Is what its process last said or committed of the key what the bucket holds now: a version,
    /// or that there is none?
    [[nodiscard]] bool saw_present(ReplicaIndex index, const ObjectKey& name,
                                   const KeyContents& key) const;
    [[nodiscard]] bool saw_removed(ReplicaIndex index, const ObjectKey& name,
                                   const KeyContents& key) const;
    /// Will its copy be another than the disk has shown: a change of it is on its way, or is to be
    /// tried again?
    [[nodiscard]] bool unsettled(ReplicaIndex index, const ObjectKey& name) const;
    /// A version that the disk does not take is fetched ever more rarely, as long after the last
    /// try as they have been failing: until then it may be missing.
    [[nodiscard]] TrueTime rests_until(ReplicaIndex index, const ObjectKey& name) const;
    /// Has it asked what lies on its disk, and not been told?
    [[nodiscard]] bool blind(ReplicaIndex index) const {
        return index < stations_.size() && stations_[index].blind;
    }
    /// Is its copy being written or removed?
    [[nodiscard]] bool changing(ReplicaIndex index, const ObjectKey& name) const;
    /// Are its next bytes on their way to the disk?
    [[nodiscard]] bool storing(ReplicaIndex index, const ObjectKey& name) const;

  private:
    struct Said {
        Rank rank;
        std::uint64_t number = 0;  ///< event that said it first
    };
    /// The newest that a process has said of a key. Calls overlap: one that was asked for before
    /// the newest was said is held to what was said before that.
    struct Floor {
        std::optional<Said> committed;
        std::optional<Said> before;
        std::uint64_t asked = 0;  ///< Asked::number of a write of its own that it has shown
        Blob asked_payload;       ///< its content
        std::uint64_t base = 0;   ///< the key's newest commit when that was accepted
        Epoch epoch;              ///< with which it was shown
        std::uint64_t asked_number = 0;
        bool file = false;          ///< there is a local copy
        bool store_failed = false;  ///< the last store of it, in this process
        bool load_failed = false;   ///< it could not be read, and was not stored anew since
        bool retag_failed = false;  ///< it is to have another tag
        bool below = false;         ///< a list showed one that counts for nobody
        TrueTime failing_since{};   ///< its stores, the first of those in a row that failed
        TrueTime failed{};          ///< the last of them
        FileTag tag;                ///< that of the copy
        Blob bytes;                 ///< what it holds, without the bytes themselves
        Tagged tagged;
    };
    struct FileFlight {
        RequestId request;
        FileVerb verb = FileVerb::load;
        ObjectKey key;
        FileTag tag;
        Blob bytes;
    };
    struct Station {
        std::map<ObjectKey, Floor> keys;
        std::vector<FileFlight> flights;
        bool blind = false;  ///< its list of the local files was not answered well yet
        RequestId listing;   ///< that list: an answer to the process before is none to it
    };

    [[nodiscard]] Floor& floor(ReplicaIndex index, const ObjectKey& name);
    /// Null: its process has shown nothing of the key.
    [[nodiscard]] const Floor* find(ReplicaIndex index, const ObjectKey& name) const;
    [[nodiscard]] bool is_newest(ReplicaIndex index, const ObjectKey& name,
                                 const KeyContents& key) const;
    [[nodiscard]] bool known(const KeyContents& key, const Blob& payload) const;
    [[nodiscard]] bool left_behind(const FileEntry& entry, const Floor& floor) const;
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
    [[nodiscard]] static const Committed* unnamed(const KeyContents& key, const Answer& answer,
                                                  const Floor& floor);
    void data(const ReplicaStepped& step, const Answer& answer);
    void show(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
              Floor& floor);
    void show(const ReplicaStepped& step, const Answer& answer, const Asked& own, Floor& floor);
    static void raise(const ReplicaStepped& step, const Committed& commit, Floor& floor);
    void wrong_epoch(const ReplicaStepped& step, const Answer& answer, const Committed& commit,
                     const KeyContents& key);
    void current(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t asked,
                 const ReadDone& done);
    void regressed(const ReplicaStepped& step, const ObjectKey& name, std::uint64_t newer);

    Facts& facts_;
    Contents& contents_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
