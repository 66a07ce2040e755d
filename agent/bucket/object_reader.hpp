// ObjectReader: the bytes of a got object on their way to an ObjectBody.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::agent {

/// Parts the header (model/protocol/stamp.hpp) from the payload, and spools the payload.
class ObjectReader {
  public:
    explicit ObjectReader(std::string spool_directory) : payload_(std::move(spool_directory)) {}
    /// Throws std::system_error when the spool has no room.
    void append(std::string_view piece);
    [[nodiscard]] ObjectBodyPtr finish(std::string metadata);

  private:
    std::string head_;
    bool parted_ = false;  ///< what comes now is payload
    Spool payload_;
};

}  // namespace leasehold::agent
