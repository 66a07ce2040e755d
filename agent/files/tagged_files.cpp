// The layout, and why neither SIGKILL nor a power cut can tear it.
//
//   ROOT/<key>                  the payload's bytes alone: a single install and other tools read
//                               them, and files that they put there are found (untagged)
//   ROOT/.leasehold/tags/<id>   the key's record: size, digest, time of modification and tag
//   ROOT/.leasehold/tmp, spool  what is being written; emptied at each start
//   ROOT/.leasehold/lock        held by the one process that has the store
//
// A payload and a record are two files, and no file system renames two at once. (One extended
// attribute on the payload would do, but NFS before 4.2 and tmpfs before Linux 6.6 have none, and
// copying tools drop them.) So a record names the content that it belongs to, and a new one also
// keeps the content before it:
//
//   1. write the new payload to tmp, or give the file there that it was spooled to a name; fsync
//   2. write the record {new, old} to tmp, fsync, rename to tags, fsync tags
//   3. rename the payload into place, fsync its folder        -> acknowledged
//
// What a cut leaves: before 2 is done, the old record and the old payload. Between 2 and 3, the
// record {new, old} and the old payload: its content says which half applies. After 3, {new, old}
// and the new payload. A rename is atomic, what is renamed was synced before, and each step begins
// when the one before it is on the disk, so there is no other state. Content and tag change in one
// instant, the rename of 3. When both contents are the same bytes, the time of modification tells
// the two files apart, and where it doesn't (a coarse clock), the new tag applies from step 2 on:
// also one instant.
// A new tag alone is one record {content} renamed over the other. A removal unlinks the payload,
// syncs its folder, then unlinks the record; a record that is left without a payload is an orphan.
// New folders are synced into their parents before anything in them counts.
//
// A payload that no half of its record describes was torn by the disk or changed by someone else:
// corrupt, never served. (Whoever lets other programs write below ROOT deletes tags first: then all
// files are untagged.) A load always computes the digest. A list trusts a record whose size and
// time of modification are those of the payload, alone, and computes the digest otherwise: tagged
// files cost less than 0.1 ms each whatever their size, untagged ones are read once (1 GiB in
// 2.8 s; both on two busy cores).
#include "agent/files/tagged_files.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "model/base/check.hpp"

namespace leasehold::agent::files {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0644;
constexpr std::size_t kPiece = 256U << 10;
constexpr int kFolder = O_RDONLY | O_DIRECTORY;
// What a slow reader holds of an answer in any case, and what all that was loaded beyond that may
// hold of memory. More is read from its file as it goes out.
constexpr std::uint64_t kSmall = 64U << 10;
constexpr std::uint64_t kInMemory = 64U << 20;

FileStatus status_of_error(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:  // the limit of the process or of the file system on one file
            return FileStatus::no_space;
        default:
            return FileStatus::io_error;
    }
}

ContentDigest digest_of_bytes(const BytesPtr& bytes) {
    const std::array<BytesPtr, 1> parts{bytes};
    return content_digest(digest_of(parts));
}

std::int64_t modified_of(const struct stat& status) {
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

void copy(const Bytes& bytes, const Descriptor& file, const std::string& name) {
    if (bytes.view().size() == bytes.size()) {
        write_all(file, bytes.view(), name);
        return;
    }
    std::vector<char> buffer(kPiece);
    for (std::uint64_t offset = 0; offset < bytes.size();) {
        const std::size_t got = bytes.read(offset, buffer);
        write_all(file, {buffer.data(), got}, name);
        offset += got;
    }
}

/// `root`, made if it is missing, its name and those of its parents on the disk.
Descriptor open_root(const std::string& root) {
    const Descriptor here(AT_FDCWD);
    std::vector<fs::path> made;
    for (fs::path at = fs::absolute(root).lexically_normal(); !fs::exists(at);
         at = at.parent_path())
        made.push_back(at);
    fs::create_directories(root);
    for (const fs::path& folder : made) {
        const std::string parent = folder.parent_path();
        sync(open_at(here, parent + "/.", kFolder), parent);
    }
    return open_at(here, root + "/.", kFolder);
}

void empty_folder(const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        fs::remove(entry.path());
}

}  // namespace

class TaggedFiles::Temporary {
  public:
    explicit Temporary(TaggedFiles& store)
        : folder_(store.temporary_), name_(std::to_string(++store.temporaries_)) {}
    ~Temporary() {
        if (there_) ::unlinkat(folder_.number(), name_.c_str(), 0);
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    /// An empty file, open for writing.
    void create() {
        file_ = open_at(folder_, name_, O_WRONLY | O_CREAT | O_EXCL, kFileMode);
        there_ = true;
    }
    /// The very file that content was spooled to, which gets its first name: large content is then
    /// not written twice. False where that can't be: on another file system, without O_TMPFILE or
    /// /proc, or when it has a name already (renamed over itself a file would keep both).
    [[nodiscard]] bool adopt(int spool_file) {
        struct stat status {};
        if (spool_file < 0 || ::fstat(spool_file, &status) != 0 || status.st_nlink != 0)
            return false;
        const std::string spooled = "/proc/self/fd/" + std::to_string(spool_file);
        there_ = ::linkat(AT_FDCWD, spooled.c_str(), folder_.number(), name_.c_str(),
                          AT_SYMLINK_FOLLOW) == 0;
        if (there_) file_ = open_at(folder_, name_, O_RDONLY);
        return there_;
    }
    [[nodiscard]] const Descriptor& file() const { return file_; }
    /// Atomic, and on the disk when it returns. The content was synced before.
    void rename_to(const Descriptor& folder, const std::string& name) {
        if (::renameat(folder_.number(), name_.c_str(), folder.number(), name.c_str()) != 0)
            fail_errno("renaming to " + name);
        there_ = false;
        sync(folder, "the folder of " + name);
    }

  private:
    const Descriptor& folder_;
    std::string name_;
    Descriptor file_;
    bool there_ = false;
};

TaggedFiles::TaggedFiles(const std::string& root)
    : root_path_(root),
      spool_directory_(root + "/" + std::string(kOwnFolder) + "/spool"),
      root_(open_root(root)) {
    const Descriptor own = open_folder(root_, std::string(kOwnFolder));
    lock_ = open_at(own, "lock", O_RDWR | O_CREAT, kFileMode);
    if (::flock(lock_.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) fail_errno("locking " + root);
        throw std::runtime_error(root + ": another process has this file store (it holds " +
                                 std::string(kOwnFolder) + "/lock)");
    }
    temporary_ = open_folder(own, "tmp");
    records_ = open_folder(own, "tags");
    (void)open_folder(own, "spool");
    sync(own, "the store's own folder");
    sync(root_, root);
    remove_orphans();
}

void TaggedFiles::remove_orphans() {
    const fs::path own = fs::path(root_path_) / kOwnFolder;
    empty_folder(own / "tmp");
    empty_folder(own / "spool");
    std::set<std::string> wanted;
    try {
        for (const ObjectKey& key : keys(fs::directory_options::none))
            wanted.insert(record_name(key.view()));
    } catch (const fs::filesystem_error&) {
        return;  // what can't be looked at may yet have a payload
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(own / "tags"))
        if (!wanted.contains(entry.path().filename())) fs::remove(entry.path());
}

std::vector<ObjectKey> TaggedFiles::keys(fs::directory_options options) const {
    std::vector<ObjectKey> found;
    const std::size_t skipped = fs::path(root_path_ + "/.").native().size();
    fs::recursive_directory_iterator at(root_path_ + "/.", options);
    for (; at != fs::recursive_directory_iterator(); ++at) {
        const std::string name = at->path().filename();
        // A volume's root has a lost+found that nobody but root may read.
        if (at.depth() == 0 && (name == kOwnFolder || name == "lost+found")) {
            at.disable_recursion_pending();
        } else if (at->symlink_status().type() == fs::file_type::regular) {
            found.emplace_back(at->path().native().substr(skipped + 1));
        }
    }
    return found;
}

Outcome TaggedFiles::perform(const SendFile& request) noexcept {
    Outcome outcome;
    try {
        outcome.reply = answer(request);
        if (outcome.reply.status == FileStatus::corrupt)
            outcome.trouble = "its content is not what was stored";
    } catch (const std::system_error& error) {
        outcome.reply = FileReply{status_of_error(error.code().value()), nullptr};
        outcome.trouble = error.what();
    } catch (const std::bad_alloc& error) {
        outcome.reply = FileReply{FileStatus::io_error, nullptr};
        outcome.trouble = error.what();
    }
    return outcome;
}

FileReply TaggedFiles::answer(const SendFile& request) {
    if (request.verb == FileVerb::list) return list();
    if (!key_path(request.key.view()))
        throw std::system_error(EINVAL, std::generic_category(), "no path below the store");
    switch (request.verb) {
        case FileVerb::load:
            return load(request.key);
        case FileVerb::store:
            store(request);
            break;
        case FileVerb::retag:
            return FileReply{retag(request), nullptr};
        case FileVerb::remove:
            remove(request.key);
            break;
        case FileVerb::list:
            CHECK(false);
    }
    return {};
}

std::optional<Descriptor> TaggedFiles::folder_of(const KeyPath& path) const {
    std::optional<Descriptor> at = open_at(root_, ".", kFolder);
    for (const std::string& name : path.folders) {
        at = open_if_there(*at, name, kFolder);
        if (!at) break;
    }
    return at;
}

Descriptor TaggedFiles::make_folder_of(const KeyPath& path) {
    const auto known = [&] {
        const std::lock_guard lock(durable_mutex_);
        return durable_folders_.contains(path.folders);
    }();
    Descriptor at = open_at(root_, ".", kFolder);
    for (const std::string& name : path.folders) {
        bool made = false;
        Descriptor next = open_folder(at, name, &made);
        // Also one that was there: whoever made it may not have come to this. Also a known one that
        // somebody removed since.
        if (!known || made) sync(at, "the folder of " + name);
        at = std::move(next);
    }
    const std::lock_guard lock(durable_mutex_);
    durable_folders_.insert(path.folders);
    return at;
}

std::optional<TaggedFiles::Payload> TaggedFiles::open_payload(const ObjectKey& key) const {
    const std::optional<KeyPath> path = key_path(key.view());
    if (!path) return std::nullopt;
    const std::optional<Descriptor> folder = folder_of(*path);
    if (!folder) return std::nullopt;
    // Never waits for the other end of a pipe that someone put there.
    std::optional<Descriptor> file = open_if_there(*folder, path->name, O_RDONLY | O_NONBLOCK);
    if (!file) return std::nullopt;
    const struct stat status = status_of(*file, path->name);
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return Payload{std::move(*file), static_cast<std::uint64_t>(status.st_size),
                   modified_of(status)};
}

BytesPtr TaggedFiles::open(const ObjectKey& key) const {
    try {
        std::optional<Payload> payload = open_payload(key);
        if (!payload) return nullptr;
        return file_bytes(payload->file.release(), 0, payload->size);
    } catch (const std::system_error&) {
        return nullptr;
    }
}

std::optional<std::string> TaggedFiles::read_record(const ObjectKey& key) const {
    const std::string name = record_name(key.view());
    std::optional<Descriptor> file = open_if_there(records_, name, O_RDONLY);
    if (!file) return std::nullopt;
    const struct stat status = status_of(*file, name);
    return text_of(*file_bytes(file->release(), 0, static_cast<std::uint64_t>(status.st_size)));
}

void TaggedFiles::write_record(const ObjectKey& key, const TagRecord& record) {
    Temporary file(*this);
    file.create();
    write_all(file.file(), encode(record, key.view()), "a record");
    sync(file.file(), "a record");
    file.rename_to(records_, record_name(key.view()));
}

/// What the key's payload is, as a list sees it: ok, missing or corrupt.
TaggedFiles::Examined TaggedFiles::examine(const ObjectKey& key) const {
    std::optional<Payload> payload = open_payload(key);
    if (!payload) return {FileStatus::missing, {}};
    const std::uint64_t size = payload->size;
    const auto digest = [&] {
        return digest_of_bytes(file_bytes(payload->file.release(), 0, size));
    };
    const std::optional<std::string> text = read_record(key);
    if (!text) {
        Content content{size, digest(), payload->modified, FileTag{}};
        content.tag.tagged = false;
        return {FileStatus::ok, std::move(content)};
    }
    const TagRecord record = decode(*text).value_or(TagRecord{});
    if (auto content = by_look(record, size, payload->modified))
        return {FileStatus::ok, std::move(*content)};
    bool fits = false;
    for (const Content& content : record)
        fits = fits || content.size == size;
    if (!fits) return {FileStatus::corrupt, {}};
    if (auto content = by_digest(record, size, digest(), payload->modified))
        return {FileStatus::ok, std::move(*content)};
    return {FileStatus::corrupt, {}};
}

/// What is corrupt or can't be read is left out: it can't be served, and is fetched again.
FileReply TaggedFiles::list() const {
    auto entries = std::make_shared<FileList>();
    for (const ObjectKey& key : keys(fs::directory_options::skip_permission_denied)) {
        try {
            const Examined found = examine(key);
            if (found.status != FileStatus::ok) continue;
            entries->push_back(
                {key, found.content.tag, Blob{found.content.size, found.content.digest, nullptr}});
        } catch (const std::system_error&) {
            continue;
        }
    }
    return {FileStatus::ok, std::move(entries)};
}

FileReply TaggedFiles::load(const ObjectKey& key) const {
    std::optional<Payload> payload = open_payload(key);
    if (!payload) return {FileStatus::missing, nullptr};
    const std::uint64_t size = payload->size;
    BytesPtr bytes = file_bytes(payload->file.release(), 0, size);
    // What is hashed is what is served. That others might write into a file while it goes out is
    // borne of large ones, and where memory is short: nobody here does.
    if (size <= kSmall)
        bytes = memory_bytes(text_of(*bytes));
    else if (size <= kSpoolInMemory && in_memory_.sum() + size <= kInMemory)
        bytes = in_memory_.counted(memory_bytes(text_of(*bytes)), size);
    const ContentDigest digest = digest_of_bytes(bytes);
    FileTag tag;
    if (const std::optional<std::string> text = read_record(key)) {
        const TagRecord record = decode(*text).value_or(TagRecord{});
        const auto content = by_digest(record, size, digest, payload->modified);
        if (!content) return {FileStatus::corrupt, nullptr};
        tag = content->tag;
    } else {
        tag.tagged = false;
    }
    const FileEntry entry{key, tag, Blob{size, digest, std::move(bytes)}};
    return {FileStatus::ok, std::make_shared<FileList>(1, entry)};
}

void TaggedFiles::store(const SendFile& request) {
    const KeyPath path = *key_path(request.key.view());
    const BytesPtr content = bytes_of(request.payload);
    Temporary file(*this);
    if (!file.adopt(content->spool_file())) {
        file.create();
        copy(*content, file.file(), path.name);
    }
    sync(file.file(), path.name);
    const std::int64_t modified = modified_of(status_of(file.file(), path.name));
    TagRecord record{Content{request.payload.size, request.payload.digest, modified, request.tag}};
    try {
        const Examined before = examine(request.key);
        if (before.status == FileStatus::ok) record.push_back(before.content);
    } catch (const std::system_error& error) {
        if (error.code().value() != EIO) throw;  // a bad sector may be written over
    }
    const Descriptor folder = make_folder_of(path);
    write_record(request.key, record);
    file.rename_to(folder, path.name);
}

FileStatus TaggedFiles::retag(const SendFile& request) {
    Examined found = examine(request.key);
    if (found.status != FileStatus::ok) return found.status;
    found.content.tag = request.tag;
    write_record(request.key, {found.content});
    return FileStatus::ok;
}

void TaggedFiles::remove(const ObjectKey& key) {
    const KeyPath path = *key_path(key.view());
    if (const std::optional<Descriptor> folder = folder_of(path)) {
        unlink_if_there(*folder, path.name);
        // Also when it was gone: whoever removed it may not have come to this.
        sync(*folder, "the folder of " + path.name);
    }
    unlink_if_there(records_, record_name(key.view()));
}

}  // namespace leasehold::agent::files
