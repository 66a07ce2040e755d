// TlsRecords: the record layer of an established TLS 1.3 connection (RFC 8446, section 5).
//
// OpenSSL 3.0 keeps 13.7 KiB for each connection, however idle: 7.4 of them in the SSL object
// itself, most of it room for pipelines that nobody uses. Ten thousand reads that wait would be
// 150 MiB. What an established connection needs is two keys and two counters. So OpenSSL does the
// handshake, all of its cryptography is used, and its object goes once the traffic secrets are
// known. A kernel with TLS of its own (kTLS) does the same; containers seldom have one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leasehold::agent {

/// Bytes of a record's head; of the content of one; of one with all that may be around it.
inline constexpr std::size_t kTlsRecordHead = 5;
inline constexpr std::size_t kTlsContentMax = 1U << 14;
inline constexpr std::size_t kTlsRecordMax = kTlsRecordHead + kTlsContentMax + 256;

enum class TlsContent : std::uint8_t { alert = 21, handshake = 22, data = 23 };

/// A cipher suite of TLS 1.3 by its number, if its records can be had here.
struct TlsSuite;
[[nodiscard]] const TlsSuite* tls_suite(std::uint16_t number);

/// One direction: its traffic secret, key, IV and the number of its next record.
class TlsFlow {
  public:
    /// `secret` has the length of the suite's hash.
    TlsFlow(const TlsSuite& suite, std::string_view secret);
    ~TlsFlow();
    TlsFlow(const TlsFlow&) = delete;
    TlsFlow& operator=(const TlsFlow&) = delete;

    /// Appends a record with `content`, at most kTlsContentMax bytes, to `out`.
    void seal(TlsContent type, std::string_view content, std::string& out);
    struct Opened {
        TlsContent type;
        std::string_view content;  ///< in the record, decrypted where it stood
    };
    /// A whole record, head included. Nothing when it is not authentic or no legal record: the
    /// connection must end.
    [[nodiscard]] std::optional<Opened> open(std::string& record);
    /// The next generation of secret, key and IV (KeyUpdate).
    void update();
    [[nodiscard]] std::uint64_t records() const { return next_; }

  private:
    void derive();
    [[nodiscard]] std::string expand(std::string_view label, std::size_t size) const;
    [[nodiscard]] std::array<unsigned char, 12> nonce();

    const TlsSuite& suite_;
    std::array<unsigned char, 48> secret_{};
    std::array<unsigned char, 32> key_{};
    std::array<unsigned char, 12> iv_{};
    std::uint64_t next_ = 0;
};

/// What has come of a connection's bytes so far: the size of the first record with its head, once
/// that is here; nothing when it can be no record of ours.
[[nodiscard]] std::optional<std::size_t> tls_record_size(std::string_view head);

}  // namespace leasehold::agent
