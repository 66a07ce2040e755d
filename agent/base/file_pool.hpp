// FilePool: a few threads for work that may block (files, fsync, hashing of large payloads).
#pragma once

#include <functional>
#include <utility>

#include <boost/asio/thread_pool.hpp>

#include "agent/base/asio.hpp"

namespace leasehold::agent {

class FilePool {
  public:
    FilePool(asio::io_context& loop, std::size_t threads) : loop_(loop), threads_(threads) {}
    /// Waits for the work under way; what has not begun is dropped.
    ~FilePool() {
        threads_.stop();
        threads_.join();
    }
    FilePool(const FilePool&) = delete;
    FilePool& operator=(const FilePool&) = delete;

    /// Runs `work` on a thread and then `done(result)` on the loop. `work` must not throw.
    template <class Work, class Done>
    void run(Work work, Done done) {
        asio::post(threads_, [this, work = std::move(work), done = std::move(done)]() mutable {
            asio::post(loop_, [result = work(), done = std::move(done)]() mutable {
                done(std::move(result));
            });
        });
    }

  private:
    asio::io_context& loop_;
    asio::thread_pool threads_;
};

}  // namespace leasehold::agent
