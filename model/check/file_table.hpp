// FileTable: a local store that does at once what it is asked, and never fails.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::check {

/// Each operation is whole (temporary file, fsync, rename).
class FileTable {
  public:
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
    void clear() { files_.clear(); }

  private:
    std::map<ObjectKey, FileEntry> files_;
};

}  // namespace leasehold::check
