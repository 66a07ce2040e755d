#include "model/storage/catalog/file_changes.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

void FileChanges::store(KeyId key, const ObjectKey& name, const Blob& payload, const FileTag& tag,
                        Desk& desk) {
    Change& change = changes_[key];
    // Held until the disk has it: queries are answered from here, so a slow disk hides no write. A
    // store that waits is overwritten by a later one, which would replace its file at once.
    change.held = payload;
    change.tag = tag;
    change.next = Next::store;
    send(key, name, change, desk);
}

void FileChanges::retag(KeyId key, const ObjectKey& name, const FileTag& tag, Desk& desk) {
    Change& change = changes_[key];
    change.tag = tag;
    // A store that still waits takes the new tag with it.
    if (change.next == Next::none) change.next = Next::retag;
    send(key, name, change, desk);
}

void FileChanges::remove(KeyId key, const ObjectKey& name, Desk& desk) {
    Change& change = changes_[key];
    // What is to go is served to nobody meanwhile.
    change.held.reset();
    change.next = Next::remove;
    send(key, name, change, desk);
}

void FileChanges::send(KeyId key, const ObjectKey& name, Change& change, Desk& desk) {
    // Two stores of one file at once may end in either order: version 1 last, under the tag of
    // version 2. The disk would then hold bytes that its tag denies, and a restart would upload or
    // serve them.
    if (change.in_flight) return;
    waiting_.erase({change.retry_at, key});
    change.retry_at = kNever;
    SendFile request;
    request.key = name;
    switch (std::exchange(change.next, Next::none)) {
        case Next::store:
            request.verb = FileVerb::store;
            request.tag = change.tag;
            request.payload = *change.held;
            break;
        case Next::retag:
            request.verb = FileVerb::retag;
            request.tag = change.tag;
            break;
        case Next::remove:
            request.verb = FileVerb::remove;
            break;
        case Next::none:
            CHECK_MSG(false, "a change of a file without an aim");
    }
    change.in_flight = true;
    const FileVerb verb = request.verb;
    desk.requests.send(std::move(request), FileChange{key, verb}, desk.out);
}

FileChanges::End FileChanges::answered(KeyId key, const ObjectKey& name, FileVerb verb,
                                       FileStatus status, const Retries& retries, Desk& desk) {
    const auto found = changes_.find(key);
    CHECK(found != changes_.end() && found->second.in_flight);
    Change& change = found->second;
    change.in_flight = false;
    // A file that stays though its key was removed would be served and uploaded by the next
    // process. One whose tag can't be written holds good bytes all the same: the disk may be full
    // for hours, and a leader that forgot its files would have to fetch each for its queries. Both
    // are tried again, unless something newer is to be done with the file.
    const bool removes = verb == FileVerb::remove;
    const bool there = status == FileStatus::no_space || status == FileStatus::io_error;
    const bool again = removes ? status != FileStatus::ok && status != FileStatus::missing &&
                                     change.next == Next::none
                               : verb == FileVerb::retag && there &&
                                     (change.next == Next::none || change.next == Next::retag);
    if (again) {
        change.next = removes ? Next::remove : Next::retag;
        change.retry_at = saturating_add(retries.now, change.failures.fail(retries.limits));
        waiting_.emplace(change.retry_at, key);
        return End::more;
    }
    const bool failed = status != FileStatus::ok && !removes;
    // The tag of a file that isn't there: what is held can still be stored whole.
    if (failed && change.next == Next::retag) change.next = change.held ? Next::store : Next::none;
    if (change.next != Next::none) {
        send(key, name, change, desk);
        return End::more;
    }
    // Only when nothing waits is the disk known to be as it was asked for.
    changes_.erase(found);
    return failed ? End::lost : End::done;
}

std::optional<KeyId> FileChanges::due(Instant now) const {
    if (waiting_.empty() || waiting_.begin()->first > now) return std::nullopt;
    return waiting_.begin()->second;
}

void FileChanges::retry(KeyId key, const ObjectKey& name, Desk& desk) {
    send(key, name, changes_.at(key), desk);
}

const Blob* FileChanges::held(KeyId key) const {
    const auto found = changes_.find(key);
    if (found == changes_.end() || !found->second.held) return nullptr;
    return &*found->second.held;
}

}  // namespace leasehold::storage
