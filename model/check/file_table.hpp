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
                for (const auto& [key, file] : files_)
                    all->push_back(file->front());
                reply.entries = std::move(all);
                return reply;
            }
            case FileVerb::store:
                put(files_[request.key], {request.key, request.tag, request.payload});
                return reply;
            default:
                break;
        }
        if (found == files_.end()) {
            reply.status = FileStatus::missing;
            return reply;
        }
        if (request.verb == FileVerb::load) reply.entries = found->second;
        if (request.verb == FileVerb::retag)
            put(found->second, {request.key, request.tag, found->second->front().payload});
        if (request.verb == FileVerb::remove) files_.erase(found);
        return reply;
    }
    void clear() { files_.clear(); }

  private:
    /// A file as a load answers it: it is loaded far more often than it is changed.
    using File = std::shared_ptr<const FileList>;
    static void put(File& file, FileEntry entry) {
        file = std::make_shared<const FileList>(1, std::move(entry));
    }

    std::map<ObjectKey, File> files_;
};

}  // namespace leasehold::check
