// The loop's side: order of each key, answers, and what is told of failures.
#include "agent/files/file_store.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"
#include "agent/base/timer.hpp"
#include "agent/files/tagged_files.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr Duration kPatience = std::chrono::seconds(1);

std::string_view name_of(FileVerb verb) {
    switch (verb) {
        case FileVerb::list:
            return "listing";
        case FileVerb::load:
            return "loading";
        case FileVerb::store:
            return "storing";
        case FileVerb::retag:
            return "tagging";
        case FileVerb::remove:
            return "removing";
    }
    return "";
}

std::shared_ptr<files::TaggedFiles> open_files(const std::string& root) {
    try {
        return std::make_shared<files::TaggedFiles>(root);
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), root + ": this folder can't hold the local files");
    }
}

}  // namespace

struct FileStore::State : std::enable_shared_from_this<FileStore::State> {
    State(asio::io_context& io, FilePool& the_pool, const std::string& root, Deliver to,
          Duties* told)
        : loop(io),
          pool(the_pool),
          files(open_files(root)),
          deliver(std::move(to)),
          duties(told),
          patience(io, [this] { give_way_no_more(boottime()); }) {}

    /// One operation, and who waits for its answer: loads that came while it waited or was done.
    struct Work {
        SendFile request;
        std::vector<RequestId> also;
    };

    /// Operations of one key are done one after the other. Loads that stand side by side are one
    /// load: nothing of ours changes the file between them, and two hundred queries of one window
    /// would open, read and hash the same file two hundred times.
    void ask(const SendFile& request) {
        std::deque<Work>& queue = queues[request.key];
        const auto loads = [](const SendFile& one) { return one.verb == FileVerb::load; };
        if (!queue.empty() && loads(request) && loads(queue.back().request)) {
            queue.back().also.push_back(request.request);
            return;
        }
        queue.push_back({request, {}});
        if (queue.size() == 1) begin(request);
    }

    /// Its turn has come. A store looks first whether it has to give way, and not at once: the
    /// upload of the same bytes leaves in the same step as it, after it.
    void begin(const SendFile& request) {
        if (request.verb != FileVerb::store) return start(request);
        asio::post(loop, [request, weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->start_or_give_way(request);
        });
    }

    void start_or_give_way(const SendFile& request) {
        const bool gives_way = std::any_of(uploads.begin(), uploads.end(), [&](const auto& upload) {
            return upload.second == request.key;
        });
        if (!gives_way) return start(request);
        held_back.emplace(request.key, boottime() + kPatience);
        if (held_back.size() == 1) patience.arm(held_back.begin()->second);
    }

    /// Stores that have given way until `now`, or whose upload was answered.
    void give_way_no_more(Instant now) {
        Instant next = kNever;
        for (auto at = held_back.begin(); at != held_back.end();) {
            if (at->second > now) {
                next = std::min(next, at->second);
                ++at;
            } else {
                start(queues.at(at->first).front().request);
                at = held_back.erase(at);
            }
        }
        patience.arm(next);
    }

    void upload_answered(RequestId upload) {
        const auto node = uploads.extract(upload);
        if (node.empty()) return;
        const auto held = held_back.find(node.mapped());
        if (held == held_back.end()) return;
        held_back.erase(held);
        start(queues.at(node.mapped()).front().request);
    }

    /// Does the request on the pool, then answers it. The store may be gone by then.
    void start(const SendFile& request) {
        pool.run([request, disk = files] { return disk->perform(request); },
                 [request, state = weak_from_this()](const files::Outcome& outcome) {
                     if (const auto self = state.lock()) self->finish(request, outcome);
                 });
    }

    void finish(const SendFile& request, const files::Outcome& outcome) {
        std::vector<RequestId> also;
        if (request.verb != FileVerb::list) {
            const auto at = queues.find(request.key);
            also = std::move(at->second.front().also);
            at->second.pop_front();
            if (at->second.empty())
                queues.erase(at);
            else
                begin(at->second.front().request);
        }
        tell(request, outcome);
        deliver(FileAnswered{request.request, outcome.reply});
        for (const RequestId one : also)
            deliver(FileAnswered{one, outcome.reply});
    }

    /// A full disk fails each attempt, and is news once; a file that is not there is no failure.
    void tell(const SendFile& request, const files::Outcome& outcome) {
        const FileStatus status = outcome.reply.status;
        if (status == FileStatus::missing) return;
        if (status == FileStatus::corrupt) {
            spdlog::warn("local file '{}': {}", request.key.view(), outcome.trouble);
            return;
        }
        if (duties == nullptr) return;
        const std::string work(name_of(request.verb));
        if (status == FileStatus::ok) return duties->worked(read_now(), Duty::local_files, work);
        const bool lists = request.verb == FileVerb::list;
        std::string line = "local files: " + work;
        if (!lists) line += " '" + request.key.str() + "'";
        line += ": " + outcome.trouble;
        if (lists) line += "; no polling, and nothing is uploaded from here, until they are known";
        duties->failed(read_now(), Duty::local_files, work,
                       "status " + std::to_string(static_cast<int>(status)), line);
    }

    asio::io_context& loop;
    FilePool& pool;
    std::shared_ptr<files::TaggedFiles> files;
    Deliver deliver;
    std::map<ObjectKey, std::deque<Work>> queues;
    std::map<RequestId, ObjectKey> uploads;  ///< on their way
    std::map<ObjectKey, Instant> held_back;  ///< stores at the head of their queues; until when
    Duties* duties;
    BoottimeTimer patience;
};

FileStore::FileStore(asio::io_context& loop, FilePool& pool, std::string root, Deliver deliver,
                     Duties* duties)
    : state_(std::make_shared<State>(loop, pool, root, std::move(deliver), duties)) {}

FileStore::~FileStore() = default;

void FileStore::send(const SendFile& request) {
    if (request.verb == FileVerb::list) {
        state_->start(request);
        return;
    }
    if (request.verb == FileVerb::store) {
        const BytesPtr bytes = bytes_of(request.payload);
        CHECK_MSG(bytes != nullptr, "a payload without bytes for the local store");
        CHECK(bytes->size() == request.payload.size);
    }
    state_->ask(request);
}

void FileStore::upload_left(RequestId upload, const ObjectKey& key) {
    state_->uploads.emplace(upload, key);
}

void FileStore::upload_answered(RequestId upload) {
    state_->upload_answered(upload);
}

BytesPtr FileStore::open(const ObjectKey& key) const {
    return state_->files->open(key);
}

const std::string& FileStore::spool_directory() const {
    return state_->files->spool_directory();
}

}  // namespace leasehold::agent
