// MD5 (OpenSSL): what S3's Content-MD5 is made of. Nothing here trusts it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace leasehold::agent {

class Md5 {
  public:
    Md5();
    ~Md5();
    Md5(const Md5&) = delete;
    Md5& operator=(const Md5&) = delete;

    void add(std::string_view bytes);
    /// The 16 bytes of all that was added; nothing may be added after.
    [[nodiscard]] std::string finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// As headers carry digests and keys (RFC 4648, with padding).
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace leasehold::agent
