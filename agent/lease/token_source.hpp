// TokenSource: the bearer token, read again when it may have been replaced.
#pragma once

#include <string>

#include "model/base/time.hpp"

namespace leasehold::agent {

class TokenSource {
  public:
    /// A token file's content goes before a token given by value, once it could be read.
    TokenSource(std::string token, std::string file)
        : token_(std::move(token)), file_(std::move(file)) {}

    /// The token in force; empty = none. Reads the file if that was a minute ago. A file that
    /// cannot be read leaves the token as it was: a rotation may be under way.
    [[nodiscard]] const std::string& token(Instant now);
    /// The server refused it: the file is read before the next use.
    void refused() { read_at_ = Instant::min(); }

  private:
    std::string token_;
    std::string file_;
    Instant read_at_ = Instant::min();
};

/// A token without the white space around it; empty when it is none (a control character or a blank
/// in it, more than 64 KiB).
[[nodiscard]] std::string clean_token(std::string text);
/// The text of a token file without the white space around it; empty when it cannot be read, is
/// empty, or cannot be a token (a control character, more than 64 KiB).
[[nodiscard]] std::string read_token_file(const std::string& file);

}  // namespace leasehold::agent
