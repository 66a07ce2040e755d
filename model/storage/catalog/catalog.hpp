// Catalog: all that is known of the keys, locally and in the bucket. Its only writer.
//
// Every other machine reads it and tells facts; the controller writes them down here. So there is
// one place that orders versions (version.hpp), one that says whether an answer came too late, and
// one that decides what may replace a local file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "model/base/chunked.hpp"
#include "model/base/key_table.hpp"
#include "model/storage/catalog/entry.hpp"
#include "model/storage/catalog/file_changes.hpp"
#include "model/storage/config.hpp"
#include "model/storage/desk.hpp"

namespace leasehold::storage {

class Catalog {
  public:
    // ---- looks ----
    [[nodiscard]] std::optional<KeyId> find(const ObjectKey& key) const;
    [[nodiscard]] const ObjectKey& name(KeyId key) const { return keys_.name(key); }
    [[nodiscard]] const Entry& at(KeyId key) const { return entries_[index_of(key)]; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// The newest version of the key that this process committed, kept or served; epoch 0 = none.
    [[nodiscard]] VersionId newest(KeyId key) const;
    /// May the local file answer? Not if something newer than it was served or seen.
    [[nodiscard]] bool servable(KeyId key) const;
    /// Was something given to a caller since that the file lies below, or has no place beside?
    [[nodiscard]] bool outdone(KeyId key) const { return outdone_.contains(key); }
    /// Is there something to learn from a GET of the version that the view shows?
    [[nodiscard]] bool needs_fetch(KeyId key) const;
    /// Is what the bucket lost with this torn object here? A clean copy of the very version that
    /// its header names, or of a newer one. A header that can't be read may be a newer format's,
    /// and its version newer than any copy.
    [[nodiscard]] bool outlives(KeyId key, const Found& found) const;
    /// Is the dirty file the very object that was found? The answer to its PUT was lost, or its tag
    /// could not be written before the process ended.
    [[nodiscard]] bool uploaded(KeyId key, const Found& found) const;
    /// Is the dirty file newer than this object, so that it may be uploaded over it?
    [[nodiscard]] bool goes_over(KeyId key, const Found& found) const;
    /// The payload of a file that is still being stored; null = none.
    [[nodiscard]] const Blob* held(KeyId key) const { return files_.held(key); }
    [[nodiscard]] bool file_busy(KeyId key) const { return files_.busy(key); }
    /// Of the larger of file and object, bytes: how long a GET may travel.
    [[nodiscard]] std::uint64_t size_of(KeyId key) const;
    /// The keys that begin with `prefix`, in their order; removed ones are left out.
    [[nodiscard]] std::vector<IndexEntry> index(std::string_view prefix) const;

    // ---- the bucket ----
    KeyId key(const ObjectKey& name);
    /// The number of a LIST that begins now.
    std::uint32_t begin_list();
    /// A LIST shows the key. True if it shows another version than the view did. `named`: an ETag
    /// covers the stamp too, so that of a clean copy names its version.
    bool listed(KeyId key, const ListEntry& shown, std::uint32_t number, bool named);
    /// A complete LIST didn't show the key. True if it is the second in a row: the key is gone.
    bool unlisted(KeyId key, Desk& desk);
    /// A GET of the key was answered; `generation` is the key's when it left. What it shows is
    /// noted if it is current, or if `binding` (the writer's own look, which it acts upon).
    Found show(KeyId key, std::uint32_t generation, BucketOutcome outcome, const BucketReply& reply,
               bool binding, Desk& desk);
    /// A PUT of ours was stored (`etag` empty: a DELETE).
    void committed(const Committed& fact, bool ha, Desk& desk);
    void placed(const Placed& fact);
    /// A caller was given this version: nothing older is served from now on.
    void served(KeyId key, const Stamp& stamp, bool ha = true);
    /// Nobody has the newer bytes any more: what the bucket holds is the truth again.
    void give_in(KeyId key) {
        floors_.erase(key);
        // The write that waits counts again; a copy is what it was.
        if (at(key).dirty) outdone_.erase(key);
    }
    /// A purge was answered: the object is gone, or nothing is known of it any more.
    void purged(KeyId key, bool removed);

    // ---- the local files ----
    /// Asks the file store for its list.
    void ask_index(Desk& desk);
    /// It could not be read: it is asked for again. That is no empty disk; until it is loaded()
    /// nothing is polled, reconciled or kept of what a GET brings.
    void index_failed(const Retries& retries);
    /// The file store's list, taken in portions.
    void begin_index(std::shared_ptr<const FileList> list);
    void load_portion();
    [[nodiscard]] bool loaded() const { return loaded_; }
    [[nodiscard]] bool loading() const { return index_ != nullptr; }
    void store(KeyId key, const Blob& payload, const FileTag& tag, Desk& desk);
    void retag(KeyId key, const FileTag& tag, Desk& desk);
    void drop(KeyId key, Desk& desk);
    /// The file is unusable: forgotten, so that its object is fetched again.
    void lose(KeyId key);
    /// The dirty file is the object that was found: it waits no longer.
    void is_object(KeyId key, const Found& found, Desk& desk);
    /// The file follows what a GET brought, unless the file is newer, or the key changed meanwhile
    /// and no order says that what was brought is newer than the file.
    void adopt(KeyId key, const Found& found, bool ha, Desk& desk);
    void file_changed(const FileChange& change, FileStatus status, const Retries& retries,
                      Desk& desk);
    /// Asks the file store again for what failed, when it is due.
    void retry(Instant now, Desk& desk);
    [[nodiscard]] Instant next_retry() const {
        return std::min(index_retry_at_, files_.next_deadline());
    }

    /// The highest epoch of all versions that this process has had or was shown. What a leader
    /// writes under no higher one is older to whoever has them.
    [[nodiscard]] Epoch highest() const { return highest_; }

    friend bool operator==(const Catalog& a, const Catalog& b);

  private:
    Entry& entry(KeyId key) { return entries_[index_of(key)]; }
    void see(KeyId key, const Found& found);
    [[nodiscard]] VersionId shown(KeyId key) const;
    void keep_floor(KeyId key, const VersionId& before);
    void changes(KeyId key);

    KeyTable keys_;
    Chunked<Entry> entries_;  ///< by KeyId
    FileChanges files_;
    /// The newest version where neither file nor view shows it any more: a copy was lost, or the
    /// bucket went back.
    std::map<KeyId, VersionId> floors_;
    std::map<KeyId, VersionId> accepted_over_;  ///< the newest then, of dirty files below it
    std::set<KeyId> outdone_;  ///< keys whose file is not to be given after what was served since
    Epoch highest_;
    std::shared_ptr<const FileList> index_;  ///< being taken in
    std::size_t index_at_ = 0;
    bool loaded_ = false;
    // Until it is loaded:
    std::set<KeyId> places_;   ///< keys whose tombstone keeps the place of what is to come
    std::set<KeyId> dropped_;  ///< keys whose file was to go: the list may name it still
    Backoff index_failures_;
    Instant index_retry_at_ = kNever;
    std::uint32_t lists_ = 0;  ///< begun so far
};

}  // namespace leasehold::storage
