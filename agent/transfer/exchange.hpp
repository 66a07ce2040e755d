// Exchange: one request, its answer so far, and libcurl's callbacks about it.
//
// Internal to agent/transfer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/transfer/client.hpp"
#include "agent/transfer/curl.hpp"
#include "agent/transfer/multi.hpp"

namespace leasehold::agent {

class Exchange {
  public:
    Exchange(TransferId id, Request request, Client::Done done);

    /// Makes `easy` ready to be added to a multi. Throws std::exception.
    void prepare(EasyHandle easy, const ClientOptions& options);
    /// The exchange that a prepared handle belongs to.
    [[nodiscard]] static Exchange& of(CURL* easy);
    /// Nothing more is sent, and the sink is not called again.
    void give_up() { given_up_ = true; }
    /// A stalled body may leave whole; a paused handle has to be told besides.
    void resume() { held_back_ = 0; }
    /// Bytes of the request may have left.
    [[nodiscard]] bool sent() const { return sent_; }
    /// The kept connection that it got has bytes of the server's already, and nothing was sent: it
    /// may begin again on another one.
    [[nodiscard]] bool answered_unasked() const { return answered_unasked_; }
    /// Another prepare() may follow.
    void begin_again();
    /// The write gate ended it.
    [[nodiscard]] bool gate_closed() const { return gate_closed_; }
    /// The answer when libcurl ended the transfer with `code`.
    [[nodiscard]] Response finish(CURLcode code);
    /// The answer when this process ended it.
    [[nodiscard]] Response finish(TransferEnd end, std::string error);

    const TransferId id;
    const Request request;
    Client::Done done;
    EasyHandle easy;               ///< set by prepare()
    std::shared_ptr<Multi> multi;  ///< set while it is part of one

  private:
    static int about_to_send(void* self, char*, char*, int peer_port, int local_port);
    static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* piece, std::size_t size, std::size_t count, void* self);

    void set_connect_timeout(const ClientOptions& options);
    void set_headers(const ClientOptions& options);
    void set_method_and_body();
    [[nodiscard]] bool gate_open();
    [[nodiscard]] bool unasked(int local_port, int peer_port);
    std::size_t next_piece(char* out, std::size_t room);
    bool take_header(std::string_view line);
    bool take_body(std::string_view piece);
    [[nodiscard]] bool whole(CURLcode code) const;
    [[nodiscard]] TransferEnd end_of(CURLcode code) const;

    Response response_;
    CurlList headers_;
    CurlList connect_to_;
    std::array<char, CURL_ERROR_SIZE> curl_error_{};
    std::string error_;            ///< ours, in place of libcurl's
    std::size_t part_ = 0;         ///< of the upload: the part that is being sent
    std::uint64_t offset_ = 0;     ///< in that part
    std::uint64_t to_send_ = 0;    ///< bytes of the upload that libcurl has not taken yet
    std::uint64_t held_back_ = 0;  ///< of those, how many wait for resume()
    std::size_t header_bytes_ = 0;
    std::int32_t status_line_ = 0;
    bool headers_done_ = false;
    bool sent_ = false;  ///< bytes of the request may have left
    bool given_up_ = false;
    bool gate_closed_ = false;
    bool shares_ = false;  ///< it may get a connection that other requests are under way on
    bool answered_unasked_ = false;
    bool refused_ = false;  ///< by the sink or a limit
};

}  // namespace leasehold::agent
