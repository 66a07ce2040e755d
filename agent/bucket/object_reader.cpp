#include "agent/bucket/object_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "model/protocol/stamp.hpp"

namespace leasehold::agent {

void ObjectReader::append(std::string_view piece) {
    if (!parted_) {
        const std::size_t taken = std::min(piece.size(), kHeaderSize - head_.size());
        head_ += piece.substr(0, taken);
        piece.remove_prefix(taken);
        if (head_.size() < kHeaderSize) return;
        parted_ = true;
        if (!head_.starts_with(kHeaderMagic)) payload_.append(std::exchange(head_, {}));
    }
    payload_.append(piece);
}

ObjectBodyPtr ObjectReader::finish(std::string metadata) {
    // An object cut off inside its header keeps what there is as head: the model finds it corrupt.
    if (!parted_ && !head_.starts_with(kHeaderMagic)) payload_.append(std::exchange(head_, {}));
    auto body = std::make_shared<ObjectBody>();
    body->head = std::move(head_);
    body->metadata = std::move(metadata);
    body->payload = payload_.finish();
    return body;
}

}  // namespace leasehold::agent
