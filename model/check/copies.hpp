// Copies: what each process knows of the local files on its disk: their tags and bytes, and what
// failed of them. Bookkeeping for the checkers, judges nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "model/check/contents.hpp"
#include "model/check/floors.hpp"

namespace leasehold::check {

class Copies {
  public:
    Copies(const Facts& facts, Contents& contents, Floors& floors)
        : facts_(facts), contents_(contents), floors_(floors) {}

    void sent(const ReplicaStepped& step, const SendFile& file);
    void answered(const ReplicaStepped& step, const FileAnswered& answer);
    void process_ended(ReplicaIndex index);

    /// The tag of its local copy; null = it has none.
    [[nodiscard]] const FileTag* tag(ReplicaIndex index, const ObjectKey& name) const;
    /// Does its local copy have the tag and the bytes that `file` would give it?
    [[nodiscard]] bool holds(ReplicaIndex index, const SendFile& file) const;
    /// When its process learnt that the copy has its tag.
    struct Tagged {
        TrueTime at{};
        std::uint64_t number = 0;
        bool found = false;      ///< on the disk, from a process before
        std::uint64_t sent = 0;  ///< event that asked for it; 0: it was found
    };
    /// The newest of its process; number 0 = none.
    [[nodiscard]] Tagged tagged(ReplicaIndex index, const ObjectKey& name) const;
    /// Is its copy being written or removed?
    [[nodiscard]] bool changing(ReplicaIndex index, const ObjectKey& name) const;
    /// Are its next bytes on their way to the disk?
    [[nodiscard]] bool storing(ReplicaIndex index, const ObjectKey& name) const {
        return in_flight(index, name, FileVerb::store);
    }
    /// Is it being read?
    [[nodiscard]] bool loading(ReplicaIndex index, const ObjectKey& name) const {
        return in_flight(index, name, FileVerb::load);
    }
    /// Could it not be read, and was not stored anew since?
    [[nodiscard]] bool unreadable(ReplicaIndex index, const ObjectKey& name) const;
    /// Will its copy be another than the disk has shown: a change of it is on its way, or is to be
    /// tried again?
    [[nodiscard]] bool unsettled(ReplicaIndex index, const ObjectKey& name) const;
    /// A version that the disk does not take, or does not give back, is got ever more rarely: as
    /// long after the last try as they have been failing, at most a period doubled for each failure
    /// and an hour. Until then it may be missing.
    [[nodiscard]] TrueTime rests_until(ReplicaIndex index, const ObjectKey& name) const;
    /// Has it asked what lies on its disk, and not been told?
    [[nodiscard]] bool blind(ReplicaIndex index) const {
        return index < disks_.size() && disks_[index].blind;
    }

  private:
    struct Copy {
        bool there = false;
        FileTag tag;
        Blob bytes;  ///< without the bytes themselves
        Tagged tagged;
        bool load_failed = false;   ///< it could not be read, and was not stored anew since
        bool retag_failed = false;  ///< it is to have another tag
        bool below = false;         ///< a list showed one that counts for nobody, or may not
        bool store_failed = false;  ///< the last store of it, in this process
        ETag failing;               ///< the version that could not be stored, or not be read
        std::uint32_t failures = 0;
        TrueTime failing_since{};
        TrueTime failed{};  ///< the last of them
    };
    struct Flight {
        RequestId request;
        FileVerb verb = FileVerb::load;
        ObjectKey key;
        FileTag tag;
        Blob bytes;
        std::uint64_t number = 0;  ///< event that sent it
    };
    struct Disk {
        std::map<ObjectKey, Copy> copies;
        std::vector<Flight> flights;
        bool blind = false;  ///< its list of the local files was not answered well yet
        RequestId listing;   ///< that list: an answer to the process before is none to it
    };

    [[nodiscard]] Disk& disk(ReplicaIndex index) { return part_of(disks_, index); }
    /// Null: its process knows nothing of the file.
    [[nodiscard]] const Copy* find(ReplicaIndex index, const ObjectKey& name) const;
    [[nodiscard]] bool left_behind(ReplicaIndex index, const FileEntry& entry,
                                   const Copy& copy) const;
    [[nodiscard]] bool in_flight(ReplicaIndex index, const ObjectKey& name, FileVerb verb) const;
    [[nodiscard]] bool unsure(ReplicaIndex index, const FileEntry& entry) const;
    void listed(const ReplicaStepped& step, const FileReply& reply);
    void landed(const ReplicaStepped& step, const Flight& flight, bool ok);
    static void failed(TrueTime at, Copy& copy, const FileTag& tag);

    const Facts& facts_;
    Contents& contents_;
    Floors& floors_;
    std::vector<Disk> disks_;
};

}  // namespace leasehold::check
