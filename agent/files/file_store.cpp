// The loop's side: order of each key, answers, and what is told of failures.
#include "agent/files/file_store.hpp"

#include <deque>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"
#include "agent/files/tagged_files.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

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
    State(FilePool& the_pool, const std::string& root, Deliver to, Duties* told)
        : pool(the_pool), files(open_files(root)), deliver(std::move(to)), duties(told) {}

    /// Of one key: what was asked for, in its order, and how many of the first are under way.
    struct Queue {
        std::deque<SendFile> asked;
        std::size_t under_way = 0;
    };

    /// Loads change nothing, so those that stand side by side go side by side: one at a time, two
    /// hundred queries of one window would be two hundred trips to the pool and back. Everything
    /// else is alone.
    void proceed(Queue& queue) {
        const auto may_start = [&queue] {
            if (queue.under_way == 0) return true;
            return queue.asked.front().verb == FileVerb::load &&
                   queue.asked[queue.under_way].verb == FileVerb::load;
        };
        while (queue.under_way < queue.asked.size() && may_start())
            start(queue.asked[queue.under_way++]);
    }

    /// Does the request on the pool, then answers it. The store may be gone by then.
    void start(const SendFile& request) {
        pool.run([request, disk = files] { return disk->perform(request); },
                 [request, state = weak_from_this()](const files::Outcome& outcome) {
                     if (const auto self = state.lock()) self->finish(request, outcome);
                 });
    }

    void finish(const SendFile& request, const files::Outcome& outcome) {
        if (request.verb != FileVerb::list) {
            // Loads under way may end in any order; what follows them waits for the last one.
            const auto at = queues.find(request.key);
            Queue& queue = at->second;
            queue.asked.pop_front();
            --queue.under_way;
            if (queue.asked.empty())
                queues.erase(at);
            else
                proceed(queue);
        }
        tell(request, outcome);
        deliver(FileAnswered{request.request, outcome.reply});
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

    FilePool& pool;
    std::shared_ptr<files::TaggedFiles> files;
    Deliver deliver;
    std::map<ObjectKey, Queue> queues;
    Duties* duties;
};

FileStore::FileStore(asio::io_context& /*loop*/, FilePool& pool, std::string root, Deliver deliver,
                     Duties* duties)
    : state_(std::make_shared<State>(pool, root, std::move(deliver), duties)) {}

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
    State::Queue& queue = state_->queues[request.key];
    queue.asked.push_back(request);
    state_->proceed(queue);
}

BytesPtr FileStore::open(const ObjectKey& key) const {
    return state_->files->open(key);
}

const std::string& FileStore::spool_directory() const {
    return state_->files->spool_directory();
}

}  // namespace leasehold::agent
