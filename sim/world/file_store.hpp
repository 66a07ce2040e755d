// A replica's local store: files with tags, on a disk that survives a crash or doesn't.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::sim {

/// Operations are atomic (temporary file, fsync, rename): a crash leaves the old file or the new.
class FileStore {
  public:
    /// Keeps what is done, so that the disk can be rolled back.
    void keep_past() { keeps_past_ = true; }
    FileReply handle(TrueTime at, const SendFile& request) {
        if (keeps_past_) past_.emplace_back(at, request);
        return handle(request);
    }
    /// What was done after `then` is undone.
    void roll_back(TrueTime then) {
        files_.clear();
        std::erase_if(past_, [then](const auto& one) { return one.first > then; });
        for (const auto& [at, request] : past_)
            static_cast<void>(handle(request));
    }
    void erase_all() {
        files_.clear();
        past_.clear();
    }

  private:
    FileReply handle(const SendFile& request) {
        FileReply reply;
        const auto found = files_.find(request.key);
        switch (request.verb) {
            case FileVerb::list: {
                auto all = std::make_shared<FileList>();
                for (const auto& [key, entry] : files_)
                    all->push_back(entry);
                reply.entries = std::move(all);
                return reply;
            }
            case FileVerb::store:
                files_[request.key] = FileEntry{request.key, request.tag, request.payload};
                return reply;
            default:
                break;
        }
        if (found == files_.end()) {
            reply.status = FileStatus::missing;
            return reply;
        }
        if (request.verb == FileVerb::load)
            reply.entries = std::make_shared<FileList>(1, found->second);
        if (request.verb == FileVerb::retag) found->second.tag = request.tag;
        if (request.verb == FileVerb::remove) files_.erase(found);
        return reply;
    }
    bool keeps_past_ = false;
    std::vector<std::pair<TrueTime, SendFile>> past_;
    std::map<ObjectKey, FileEntry> files_;
};

}  // namespace leasehold::sim
