#include "agent/bucket/directory_store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/bytes.hpp"
#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/object_reader.hpp"
#include "agent/bucket/put_body.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwnFolder = ".leasehold";
constexpr std::size_t kPageSize = 1000;      // of S3
constexpr std::size_t kMostKnown = 200'000;  // ETags that are kept in memory
constexpr std::size_t kMetadataLimit = 64U << 10;
/// Younger content is hashed each time: with the clock of files at 4 ms and inodes used again,
/// three writes in a row can look like one.
constexpr std::int64_t kSettled = 2'000'000'000;    // ns
constexpr auto kAbandoned = std::chrono::hours(1);  // no request is that old

std::int64_t nanoseconds(const timespec& time) {
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

DirectoryStore::Answer plain(std::int32_t status, BucketCode code = BucketCode::none) {
    DirectoryStore::Answer answer;
    answer.reply.status = status;
    answer.reply.code = code;
    return answer;
}

/// The attempt ended first: nothing was changed.
DirectoryStore::Answer not_done() {
    DirectoryStore::Answer answer;
    answer.reply.not_sent = true;
    return answer;
}

std::string sha256_hex(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return to_hex(hash.finish());
}

/// Of lines "<etag> <metadata>", the one that belongs to the content at hand.
std::string metadata_for(std::string_view lines, std::string_view etag) {
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        const std::string_view line = lines.substr(0, end);
        if (line.starts_with(etag) && line.size() > etag.size() && line[etag.size()] == ' ')
            return std::string(line.substr(etag.size() + 1));
        if (end == std::string_view::npos) break;
        lines.remove_prefix(end + 1);
    }
    return {};
}

std::string small_text(const std::string& path) {
    const auto file = open_regular(path);
    std::string text;
    if (file)
        read_pieces(*file, 0, [&](std::string_view piece) {
            if (text.size() + piece.size() <= kMetadataLimit) text += piece;
        });
    return text;
}

/// The object in the open file: a small one in memory, a large one where it lies, as objects are
/// only ever replaced.
ObjectBodyPtr body_of(Descriptor file, std::string metadata) {
    const auto size = static_cast<std::uint64_t>(status_of(file).st_size);
    if (size <= kSpoolInMemory) {
        ObjectReader reader("");
        read_pieces(file, 0, [&](std::string_view piece) { reader.append(piece); });
        return reader.finish(std::move(metadata));
    }
    auto body = std::make_shared<ObjectBody>();
    body->metadata = std::move(metadata);
    std::array<char, kHeaderSize> first{};
    const ssize_t got = ::pread(file.number(), first.data(), first.size(), 0);
    const bool fenced = got == static_cast<ssize_t>(first.size()) &&
                        std::string_view(first.data(), first.size()).starts_with(kHeaderMagic);
    if (fenced) body->head.assign(first.data(), first.size());
    Sha256 hash;
    read_pieces(file, body->head.size(), [&](std::string_view piece) { hash.add(piece); });
    body->payload.size = size - body->head.size();
    body->payload.digest = content_digest(hash.finish());
    body->payload.bytes = file_bytes(file.release(), body->head.size(), body->payload.size);
    return body;
}

/// A component of the key is a file where a folder is needed, or the other way round: such a key
/// can't be beside the one that is there.
bool blocked(int error) {
    return error == ENOTDIR || error == EISDIR || error == ENOTEMPTY || error == EEXIST ||
           error == ENAMETOOLONG;
}

}  // namespace

DirectoryStore::DirectoryStore(std::string directory, std::string prefix)
    : root_(std::move(directory)), prefix_(std::move(prefix)) {
    while (root_.size() > 1 && root_.ends_with('/'))
        root_.pop_back();
    own_ = root_ + "/" + std::string(kOwnFolder);
    fs::create_directories(own_ + "/tmp");
    fs::create_directories(own_ + "/metadata");
    const Descriptor lock_file(
        ::open((own_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!lock_file.valid())
        throw std::system_error(errno, std::generic_category(), "making " + own_ + "/lock");
    for (const fs::directory_entry& entry : fs::directory_iterator(own_ + "/tmp")) {
        std::error_code ignored;  // another process may be faster
        const auto written = fs::last_write_time(entry.path(), ignored);
        if (!ignored && fs::file_time_type::clock::now() - written > kAbandoned)
            fs::remove(entry.path(), ignored);
    }
}

std::string DirectoryStore::full_key(std::string_view key) const {
    return prefix_.empty() ? std::string(key) : prefix_ + "/" + std::string(key);
}

std::string DirectoryStore::path_of(const std::string& full) const {
    return root_ + "/" + full;
}

std::string DirectoryStore::metadata_path(const std::string& full) const {
    return own_ + "/metadata/" + sha256_hex(full);
}

std::optional<FileLock> DirectoryStore::lock(FileLock::Kind kind, const Attempt& attempt) const {
    return FileLock::take(own_ + "/lock", kind, [&] { return attempt.over(); });
}

DirectoryStore::Answer DirectoryStore::handle(const SendBucket& request, Attempt& attempt) {
    try {
        // Of a volume that is not mounted, the lock file is missing too: that is no empty bucket.
        if (::access((own_ + "/lock").c_str(), F_OK) != 0) {
            Answer answer = plain(404, BucketCode::no_such_bucket);
            answer.problem = own_ + "/lock is missing: is the volume mounted?";
            return answer;
        }
        if (request.verb == BucketVerb::list) return list(request, attempt);
        const std::string full = full_key(request.key.view());
        if (!usable_key(request.key.view()) || !usable_key(full) ||
            full.substr(0, full.find('/')) == kOwnFolder) {
            Answer refused = plain(400, BucketCode::other);
            if (request.verb != BucketVerb::get) refused.problem = kUnusableKey;
            return refused;
        }
        if (request.verb == BucketVerb::get) return get(request, attempt);
        if (request.verb == BucketVerb::put) return put(request, attempt);
        return remove(request, attempt);
    } catch (const std::system_error& error) {
        Answer answer = blocked(error.code().value()) ? plain(400, BucketCode::other)
                                                      : plain(500, BucketCode::internal_error);
        answer.problem = error.what();
        return answer;
    } catch (const std::exception& error) {
        Answer answer = plain(500, BucketCode::internal_error);
        answer.problem = error.what();
        return answer;
    }
}

ETag DirectoryStore::etag_of(const std::string& full, const Descriptor& file) {
    const struct stat status = status_of(file);
    const Identity identity{status.st_dev, status.st_ino, status.st_size,
                            nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
    {
        const std::lock_guard guard(mutex_);
        const auto known = etags_.find(full);
        if (known != etags_.end() && known->second.first == identity) return known->second.second;
    }
    const std::int64_t now = read_now().wall.time_since_epoch().count();
    Sha256 hash;
    read_pieces(file, 0, [&](std::string_view piece) { hash.add(piece); });
    ETag etag(to_hex(hash.finish()));
    const std::lock_guard guard(mutex_);
    if (etags_.size() >= kMostKnown) etags_.clear();
    if (now - identity.changed > kSettled)
        etags_[full] = {identity, etag};
    else
        etags_.erase(full);
    return etag;
}

std::optional<ETag> DirectoryStore::current_etag(const std::string& full) {
    const auto file = open_regular(path_of(full));
    if (!file) return std::nullopt;
    return etag_of(full, *file);
}

DirectoryStore::Answer DirectoryStore::get(const SendBucket& request, Attempt& attempt) {
    const std::string full = full_key(request.key.view());
    std::optional<Descriptor> file;
    std::string lines;
    {
        // Content and metadata of one moment; the content stays what it is in the open file.
        const auto held = lock(FileLock::Kind::shared, attempt);
        if (!held) return not_done();
        file = open_regular(path_of(full));
        if (!file) return plain(404, BucketCode::no_such_key);
        lines = small_text(metadata_path(full));
    }
    Answer answer = plain(200);
    answer.reply.etag = etag_of(full, *file);
    if (answer.reply.etag == request.etag) {
        answer.reply.status = 304;
        return answer;
    }
    answer.reply.content = body_of(*std::move(file), metadata_for(lines, answer.reply.etag.view()));
    return answer;
}

DirectoryStore::Answer DirectoryStore::put(const SendBucket& request, Attempt& attempt) {
    const std::string full = full_key(request.key.view());
    const PutBody body = put_body(*request.body);
    HashesWanted wanted;
    wanted.sha256 = true;
    const BodyHash hash = hash_body(body, wanted);
    if (!hash.intact) {
        Answer answer = not_done();
        answer.problem = hash.problem;
        return answer;
    }
    const ETag etag(to_hex(*hash.sha256));
    TemporaryFile temporary(own_ + "/tmp");
    std::vector<char> buffer(256U << 10);
    for (const BytesPtr& part : body.parts)
        for (std::uint64_t offset = 0; offset < part->size();) {
            if (attempt.over()) return not_done();
            const std::size_t got = part->read(offset, buffer);
            write_all(temporary.file(), {buffer.data(), got}, "an object");
            offset += got;
        }
    sync_file(temporary.file());
    // Hashed before the lock is taken, so that it need not be again while others wait for it.
    if (request.condition == PutCondition::if_match) static_cast<void>(current_etag(full));

    const auto held = lock(FileLock::Kind::exclusive, attempt);
    if (!held) return not_done();
    const std::optional<ETag> before = current_etag(full);
    if (request.condition == PutCondition::if_match) {
        if (!before) return plain(404, BucketCode::no_such_key);
        if (*before != request.etag) return plain(412, BucketCode::precondition_failed);
    }
    if (request.condition == PutCondition::if_none_match && before)
        return plain(412, BucketCode::precondition_failed);
    const std::size_t slash = full.rfind('/');
    if (slash != std::string::npos) make_directories(root_, full.substr(0, slash));
    if (!attempt.begin_commit()) return not_done();
    write_metadata(full, etag, request.body->metadata, before.value_or(ETag()));
    temporary.become(path_of(full));
    Answer answer = plain(200);
    answer.reply.etag = etag;
    return answer;
}

/// Written before the content takes its name: until then the old line still counts.
void DirectoryStore::write_metadata(const std::string& full, const ETag& now,
                                    const std::string& metadata, const ETag& before) {
    const std::string path = metadata_path(full);
    const std::string old = before.empty() ? "" : metadata_for(small_text(path), before.view());
    std::string lines;
    if (!metadata.empty()) lines = now.str() + " " + metadata + "\n";
    if (!old.empty() && before != now) lines += before.str() + " " + old + "\n";
    if (lines.empty()) {
        ::unlink(path.c_str());
        return;
    }
    TemporaryFile file(own_ + "/tmp");
    write_all(file.file(), lines, "an object's metadata");
    sync_file(file.file());
    file.become(path);
}

DirectoryStore::Answer DirectoryStore::remove(const SendBucket& request, Attempt& attempt) {
    const std::string full = full_key(request.key.view());
    const auto held = lock(FileLock::Kind::exclusive, attempt);
    if (!held) return not_done();
    const std::optional<ETag> before = current_etag(full);
    if (!before) return plain(204);
    if (!request.etag.empty() && *before != request.etag)
        return plain(412, BucketCode::precondition_failed);
    if (!attempt.begin_commit()) return not_done();
    if (::unlink(path_of(full).c_str()) != 0 && errno != ENOENT)
        throw std::system_error(errno, std::generic_category(), "removing " + path_of(full));
    ::unlink(metadata_path(full).c_str());
    fs::path parent = fs::path(path_of(full)).parent_path();
    sync_directory(parent.string());
    // Folders are there for their objects; a folder in use stays by itself.
    while (parent.string().size() > root_.size() && ::rmdir(parent.c_str()) == 0)
        parent = parent.parent_path();
    return plain(204);
}

/// Names below `folder` ("" or with a slash at its end) that begin with `prefix`, after `after`.
/// Folders that are links are followed, as a PUT and a GET follow them, but never to one of those
/// `above`, in which the walk would not end.
void DirectoryStore::collect(const std::string& folder, std::string_view prefix,
                             std::string_view after, std::vector<std::string>& keys,
                             const Attempt& attempt, std::vector<FolderId>& above) const {
    const std::optional<FolderId> self = folder_id(root_ + "/" + folder);
    if (!self || std::find(above.begin(), above.end(), *self) != above.end()) return;
    std::error_code error;
    fs::directory_iterator entries(root_ + "/" + folder, error);
    // A folder may go while it is walked, with its last object.
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory)
        return;
    if (error) throw std::system_error(error, "listing " + root_ + "/" + folder);
    above.push_back(*self);
    for (const fs::directory_entry& entry : entries) {
        if (attempt.over()) return;
        const std::string key = folder + entry.path().filename().string();
        if (!usable_key(key) || (folder.empty() && key == kOwnFolder)) continue;
        const fs::file_type type = entry.symlink_status(error).type();
        if (error == std::errc::no_such_file_or_directory) continue;
        // A name that a disk or a server will not tell more of is no object that has gone.
        if (error) throw std::system_error(error, "looking at " + root_ + "/" + key);
        if (type == fs::file_type::regular && key.starts_with(prefix) && key > after)
            keys.push_back(key);
        const std::string inner = key + "/";
        const bool wanted =
            std::string_view(inner).starts_with(prefix) || prefix.starts_with(inner);
        if (!wanted || (type != fs::file_type::directory && type != fs::file_type::symlink))
            continue;
        collect(inner, prefix, after, keys, attempt, above);
    }
    above.pop_back();
}

DirectoryStore::Answer DirectoryStore::list(const SendBucket& request, Attempt& attempt) {
    const std::string prefix = full_key(request.prefix.view());
    const std::string after = request.key.empty() ? "" : full_key(request.key.view());
    std::vector<std::string> keys;
    std::vector<FolderId> above;
    collect("", prefix, after, keys, attempt, above);
    if (attempt.over()) return not_done();  // and the names are some of them only
    std::sort(keys.begin(), keys.end());
    auto page = std::make_shared<ListPage>();
    const std::size_t strip = full_key("").size();
    for (const std::string& full : keys) {
        if (attempt.over()) return not_done();
        if (page->entries.size() == kPageSize) {
            page->truncated = true;
            break;
        }
        const auto file = open_regular(path_of(full));
        if (!file) continue;  // it went meanwhile
        const auto size = static_cast<std::uint64_t>(status_of(*file).st_size);
        page->entries.push_back({ObjectKey(full.substr(strip)), etag_of(full, *file), size});
    }
    Answer answer = plain(200);
    answer.reply.content = std::move(page);
    return answer;
}

}  // namespace leasehold::agent
