// TlsStream: an established TLS 1.3 connection on its socket, without OpenSSL's object.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "agent/http/channel.hpp"
#include "agent/http/tls_records.hpp"

namespace leasehold::agent {

class TlsStream {
  public:
    /// The server's end, right after the handshake: no record has gone either way, and no session
    /// ticket will. The socket is non-blocking and stays open until the stream is gone.
    TlsStream(int socket, const TlsSuite& suite, std::string_view client_secret,
              std::string_view server_secret);

    /// As Channel's.
    Channel::Result read(std::span<char> out);
    Channel::Result write(std::string_view bytes);
    void finish();

  private:
    [[nodiscard]] Channel::Io receive();
    [[nodiscard]] bool take(std::span<char> out, std::size_t& count);
    [[nodiscard]] bool take_update(std::string_view message);
    void rekey(char answer_wanted);
    bool fail(char alert);
    [[nodiscard]] Channel::Io flush();

    int socket_;
    TlsFlow in_;
    TlsFlow out_;
    std::string received_;      ///< of one record, as far as it came; never more
    std::string plain_;         ///< of one that was longer than the reader's room
    std::string sending_;       ///< records that have not gone out whole
    std::size_t sent_ = 0;      ///< of these
    std::size_t promised_ = 0;  ///< bytes of the writer's that they hold
    bool rekeyed_ = false;      ///< an unsent one among them tells of a new key
    bool ended_ = false;        ///< nothing more is read
};

}  // namespace leasehold::agent
