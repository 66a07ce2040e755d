// Names that are not there, come later, move, or take long to be looked up.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "tests/unit/agent_transfer_rig.hpp"

namespace {
/// The address of moved.invalid, host order; 0: the name is not there.
std::atomic<std::uint32_t> moved_to = 0;
std::atomic<int> look_ups = 0;
}  // namespace

/// Stands in front of the C library's for libcurl too: no name is there but moved.invalid and
/// late.invalid, when the test says where; that one and slow.invalid take long to be looked up.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    const std::string_view name(node == nullptr ? "" : node);
    if (name == "slow.invalid") ::sleep(5);
    if (name == "late.invalid") ::sleep(3);
    ++look_ups;
    const std::uint32_t address = moved_to;
    if ((name != "moved.invalid" && name != "late.invalid") || address == 0 ||
        hints->ai_family == AF_INET6)
        return EAI_NONAME;
    auto* const socket_address = static_cast<sockaddr_in*>(std::calloc(1, sizeof(sockaddr_in)));
    socket_address->sin_family = AF_INET;
    socket_address->sin_port = htons(static_cast<std::uint16_t>(std::atoi(service)));
    socket_address->sin_addr.s_addr = htonl(address);
    auto* const entry = static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo)));
    entry->ai_family = AF_INET;
    entry->ai_socktype = SOCK_STREAM;
    entry->ai_addrlen = sizeof(sockaddr_in);
    entry->ai_addr = reinterpret_cast<sockaddr*>(socket_address);
    *found = entry;
    return 0;
}

extern "C" void freeaddrinfo(addrinfo* entry) {
    std::free(entry->ai_addr);
    std::free(entry);
}

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

/// libcurl 7.88.1 refuses CURLOPT_BUFFERSIZE for ever on a handle whose look-up failed.
TEST(AgentTransferNames, AfterANameThatIsNotThereTheNextRequestGoesOut) {
    Rig rig(say_hello);
    EXPECT_EQ(rig.ask(rig.get()).status, 200);  // its handle is kept, and used for the next
    Request unknown = rig.get();
    unknown.url = "http://nowhere.invalid/";
    for (int i = 0; i < 3; ++i) {
        const Response response = rig.ask(unknown);
        EXPECT_EQ(response.end, TransferEnd::not_sent);
        EXPECT_EQ(response.error, "Could not resolve host: nowhere.invalid");
        EXPECT_EQ(rig.ask(rig.get()).body, "hello") << "after " << i + 1 << " failures";
    }
}

TEST(AgentTransferNames, ANameThatComesLaterIsFound) {
    moved_to = 0;
    Rig rig(say_hello);
    Request request = rig.get();
    request.url = "http://moved.invalid:" + std::to_string(rig.server.port()) + "/";
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    moved_to = INADDR_LOOPBACK;
    EXPECT_EQ(rig.ask(request).body, "hello");
}

/// libcurl believes a name for a minute; who got no answer there must ask anew.
TEST(AgentTransferNames, AnAddressThatGaveNoAnswerIsNotBelievedAgain) {
    moved_to = INADDR_LOOPBACK + 1;  // 127.0.0.2: nobody listens there
    Rig rig(say_hello);
    Request request = rig.get();
    request.url = "http://moved.invalid:" + std::to_string(rig.server.port()) + "/";
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    moved_to = INADDR_LOOPBACK;
    EXPECT_EQ(rig.ask(request).body, "hello");
    const int before = look_ups;
    EXPECT_EQ(rig.ask(request).body, "hello");
    EXPECT_EQ(look_ups, before) << "a good address is looked up again";
}

TEST(AgentTransferNames, AConnectionMayTakeAsLongAsItsRequestUnlessToldOtherwise) {
    moved_to = INADDR_LOOPBACK;
    Rig rig(say_hello);
    Request request = rig.get();
    request.url = "http://late.invalid:" + std::to_string(rig.server.port()) + "/";
    EXPECT_EQ(rig.ask(request).body, "hello");
    ClientOptions options;
    options.connect_timeout = 300ms;
    rig.client.emplace(rig.loop, options);
    const Instant begin = boottime();
    request.deadline = begin + 10s;
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    EXPECT_LT(boottime() - begin, 2s);
}

TEST(AgentTransferNames, NeitherDeadlineNorDestructionWaitsForANameServer) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.url = "http://slow.invalid/";
    request.deadline = boottime() + 100ms;
    const Instant begin = boottime();
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    request.deadline = kNever;
    rig.client->send(request, [](Response) {});
    rig.loop.restart();
    rig.loop.run_for(50ms);
    rig.client.reset();
    EXPECT_LT(boottime() - begin, 2s);
}

}  // namespace
}  // namespace leasehold::agent::testing
