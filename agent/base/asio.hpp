// Boost.Asio, once: with Boost 1.74 in C++20 it needs <utility> first (std::exchange).
#pragma once

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

namespace leasehold::agent {

namespace asio = boost::asio;

}  // namespace leasehold::agent
