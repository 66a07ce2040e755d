// The file store's answers, each to the machine that asked.
#include <variant>

#include "model/storage/arrows.hpp"

namespace leasehold::storage {

namespace {

/// One overload for each owner of a request: one that is missing doesn't compile.
struct FileArrows {
    Step& step;
    const FileReply& reply;

    void operator()(const FileIndex&) const {
        // A list that failed is no empty disk: files that it hides could be older than what the
        // bucket holds, or all that is left of a write. It is asked for again.
        if (reply.status == FileStatus::ok)
            step.s.catalog.begin_index(reply.entries);
        else
            step.s.catalog.index_failed(retries());
    }
    void operator()(const FileChange& owner) const {
        Desk desk = step.desk();
        step.s.catalog.file_changed(owner, reply.status, retries(), desk);
    }
    void operator()(const ReadLoad& owner) const {
        // Loads of a role that ended are Forgotten, so a role that isn't there is not waited
        // for.
        Following* follower = step.s.following();
        Desk desk = step.desk();
        const bool read =
            follower == nullptr || follower->reads.step(step.sight(), owner, reply, desk);
        if (!read) lose(owner.key);
    }
    void operator()(const QueryLoad& owner) const {
        Desk desk = step.desk();
        // A query belongs to no role: it is answered through every change of it.
        if (!step.s.queries.step(step.sight(), owner, reply, desk)) lose(owner.key);
    }
    void operator()(const ReconcileLoad& owner) const {
        Leading* leader = step.s.leading();
        Desk desk = step.desk();
        const bool read =
            leader == nullptr || leader->reconciler.step(step.sight(), owner, reply,
                                                         leader->writer.busy(owner.key), desk);
        if (!read) lose(owner.key);
    }
    void operator()(const Forgotten&) const { mark(step.out, MarkId::stale_answer); }

  private:
    [[nodiscard]] Retries retries() const { return {step.now, step.sight().retries()}; }
    /// A file that can't be read is forgotten, unless another one is being stored in its place.
    void lose(KeyId key) const {
        // A load finds the old file torn while a store of a newer version is under way:
        // forgetting the entry now would forget the newer one.
        if (step.s.catalog.file_busy(key)) return;
        step.s.catalog.lose(key);
        // A follower's next pass finds that it has no copy.
        if (Leading* leads = step.s.leading(); leads != nullptr)
            leads->reconciler.again(step.sight(), key);
    }
};

}  // namespace

void on(Step& step, const FileAnswered& event) {
    const std::optional<FileOwner> owner = step.s.requests.take_file(event.request);
    if (!owner) {
        mark(step.out, MarkId::stale_answer);
        return;
    }
    // The type of the owner says whose answer it is; no machine has to guess whether it is
    // meant.
    std::visit(FileArrows{step, event.reply}, *owner);
    tell(step);
}

}  // namespace leasehold::storage
