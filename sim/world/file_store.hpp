// A replica's local store: files with tags, on a disk that survives a crash or doesn't.
#pragma once

#include <utility>
#include <vector>

#include "model/base/time.hpp"
#include "model/check/file_table.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::sim {

/// Operations are atomic: a crash leaves the old file or the new.
class FileStore {
  public:
    /// Keeps what is done, so that the disk can be rolled back.
    void keep_past() { keeps_past_ = true; }
    FileReply handle(TrueTime at, const SendFile& request) {
        if (keeps_past_) past_.emplace_back(at, request);
        return files_.handle(request);
    }
    /// What was done after `then` is undone.
    void roll_back(TrueTime then) {
        files_.clear();
        std::erase_if(past_, [then](const auto& one) { return one.first > then; });
        for (const auto& [at, request] : past_)
            static_cast<void>(files_.handle(request));
    }
    void erase_all() {
        files_.clear();
        past_.clear();
    }

  private:
    bool keeps_past_ = false;
    std::vector<std::pair<TrueTime, SendFile>> past_;
    check::FileTable files_;
};

}  // namespace leasehold::sim
