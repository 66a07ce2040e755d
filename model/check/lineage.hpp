// Lineage: whose content a commit is. The part of bucket.acknowledged-survives that looks at
// contents, and the part of bucket.linearizable that looks at answers to writes.
#pragma once

#include "model/check/contents.hpp"

namespace leasehold::check {

/// Old content may come back under a newer epoch: a commit must come from a call accepted later
/// than the one whose content was acknowledged last. And what is said of a write is true: Committed
/// names the version that holds it, or holds what was asked later of its key; Failed and Fenced
/// mean that it never is or will be stored.
class Lineage {
  public:
    Lineage(Facts& facts, Contents& contents) : facts_(facts), contents_(contents) {}

    void committed(const ObjectCommitted& record, const Committed& commit);
    /// Before the contents forget that the write was open.
    void write_done(const ReplicaStepped& step, const WriteDone& done);

  private:
    static void own(KeyContents& key, Asked& asked, const Committed& commit);
    void acknowledged(const ReplicaStepped& step, const WriteDone& done, const ObjectKey& name,
                      Asked& asked);
    void denied(const ReplicaStepped& step, const WriteDone& done, const ObjectKey& name,
                Asked& asked);
    void came_back(const ObjectKey& name, const Acknowledged& newer, const Committed& commit,
                   TrueTime at, std::uint64_t number);

    Facts& facts_;
    Contents& contents_;
};

}  // namespace leasehold::check
