// What an exchange, and a client, come to where not all of it is there.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/agent_transfer_rig.hpp"

namespace leasehold::agent::testing {
namespace {

/// An object would be stored empty under the ETag of its bytes.
TEST(AgentTransferEnds, AnAnswerThatEndsWithinItsHeadIsBroken) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nETag: \"v7\"\r\nX-One: 1\r\nContent-Length: 0\r\n\r\n";
    Rig rig([&](const Seen& seen, const PeerPtr& peer) {
        peer->write(head.substr(0, std::stoul(seen.target.substr(1))));
        peer->close();
    });
    for (std::size_t count = 0; count <= head.size(); ++count) {
        const Response response = rig.ask(rig.get("/" + std::to_string(count)));
        const bool whole = count == head.size();
        EXPECT_EQ(response.end, whole ? TransferEnd::answered : TransferEnd::broken) << count;
        EXPECT_EQ(response.error.empty(), whole) << count;
    }
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int number = 0; number < 256; ++number)
        if (::fcntl(number, F_GETFD) != -1) ++count;
    return count;
}

/// A client makes another multi after each failure, also where descriptors are short.
TEST(AgentTransferEnds, AClientThatCannotBeMadeLeavesNoDescriptor) {
    asio::io_context loop;
    { const Client first(loop, {}); }  // what is set up once
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{256, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const std::size_t open = open_descriptors();
    int failed = 0;
    for (std::size_t left = 0; left < 5; ++left) {
        std::vector<int> filling;
        for (int made = 0; (made = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
            filling.push_back(made);
        for (std::size_t i = 0; i < left; ++i) {
            ::close(filling.back());
            filling.pop_back();
        }
        try {
            const Client client(loop, {});
        } catch (const std::exception&) {
            ++failed;
        }
        for (const int made : filling)
            ::close(made);
        EXPECT_EQ(open_descriptors(), open) << left << " were left";
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace leasehold::agent::testing
