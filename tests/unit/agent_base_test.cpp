// Clocks, timers, bytes, the spool and the write gate of the agent.
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/body_buffer.hpp"
#include "agent/base/bytes.hpp"
#include "agent/base/clock.hpp"
#include "agent/base/crc32.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/base/sha256.hpp"
#include "agent/base/socket_set.hpp"
#include "agent/base/timer.hpp"
#include "agent/base/write_gate.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

TEST(AgentClock, BoottimeGrowsAndBootIdIsAUuid) {
    const Instant first = boottime();
    EXPECT_LE(first, boottime());
    EXPECT_EQ(boot_id().size(), 36U);
    EXPECT_GT(read_now().wall.time_since_epoch(), 365 * 24h * 50);
}

TEST(AgentTimer, CallsBackOnceAtItsInstantAndNotWhenDisarmed) {
    asio::io_context loop;
    int calls = 0;
    BoottimeTimer timer(loop, [&] { ++calls; });
    const Instant due = boottime() + 20ms;
    timer.arm(due);
    while (calls == 0)
        loop.run_one();
    EXPECT_GE(boottime(), due);
    timer.arm(boottime() + 10ms);
    timer.arm(kNever);
    loop.run_for(30ms);
    EXPECT_EQ(calls, 1);
    timer.arm(Instant(Duration(0)));  // long past: due at once
    loop.run_for(30ms);
    EXPECT_EQ(calls, 2);
}

TEST(AgentTimer, AnInstantThatIsPutOffAndOneThatIsBroughtForwardAreKept) {
    asio::io_context loop;
    int calls = 0;
    BoottimeTimer timer(loop, [&] { ++calls; });
    timer.arm(boottime() + 10ms);
    const Instant later = boottime() + 60ms;
    timer.arm(later);
    while (calls == 0)
        loop.run_one();
    EXPECT_GE(boottime(), later);
    timer.arm(boottime() + 60s);
    const Instant sooner = boottime() + 20ms;
    timer.arm(sooner);
    while (calls == 1 && boottime() < sooner + 5s)
        loop.run_one_for(100ms);
    EXPECT_EQ(calls, 2);
}

TEST(AgentTimer, MayBeDestroyedInItsOwnCallback) {
    asio::io_context loop;
    std::unique_ptr<BoottimeTimer> timer;
    timer = std::make_unique<BoottimeTimer>(loop, [&] { timer.reset(); });
    timer->arm(boottime());
    loop.run();
    EXPECT_EQ(timer, nullptr);
}

TEST(AgentSha256, KnowsAbc) {
    Sha256 hash;
    hash.add("a");
    hash.add("bc");
    const Sha256Value value = hash.finish();
    EXPECT_EQ(to_hex(value), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(content_digest(value).high, 0xba7816bf8f01cfeaULL);
    EXPECT_EQ(content_digest(value).low, 0x414140de5dae2223ULL);
    EXPECT_EQ(to_hex(hash.finish()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(AgentCrc32, KnowsTheCheckValueInAnyPieces) {
    Crc32 crc;
    EXPECT_EQ(crc.value(), 0U);
    crc.add("1234");
    crc.add("");
    crc.add("56789");
    EXPECT_EQ(crc.value(), 0xCBF43926U);
}

TEST(AgentCrc32, OfTwoPartsComesFromTheirsAlone) {
    std::string text(70'001, ' ');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(i * i % 251);
    const auto of = [](std::string_view bytes) {
        Crc32 crc;
        crc.add(bytes);
        return crc.value();
    };
    for (const std::size_t at : {0UL, 1UL, 7UL, 128UL, 65'536UL, 70'000UL, 70'001UL}) {
        const std::string_view all = text;
        EXPECT_EQ(crc32_of_both(of(all.substr(0, at)), of(all.substr(at)), text.size() - at),
                  of(all))
            << at;
    }
}

TEST(AgentSpool, KeepsSmallContentInMemoryAndLargeInAFileWithTheSameDigest) {
    const std::string directory = std::filesystem::temp_directory_path();
    const std::string large(kSpoolInMemory + 12345, 'x');
    Spool spool(directory);
    spool.append("abc");
    const Blob small = spool.finish();
    EXPECT_EQ(small.size, 3U);
    EXPECT_EQ(bytes_of(small)->view(), "abc");
    EXPECT_EQ(bytes_of(small)->crc32(), 0x352441C2U);
    EXPECT_LT(bytes_of(small)->spool_file(), 0);

    for (std::size_t at = 0; at < large.size(); at += 100'000)
        spool.append(std::string_view(large).substr(at, 100'000));
    const Blob big = spool.finish();
    EXPECT_TRUE(bytes_of(big)->view().empty());
    EXPECT_EQ(big.size, large.size());
    EXPECT_EQ(text_of(*bytes_of(big)), large);
    const Blob same = blob_of(large);
    EXPECT_EQ(big, same);
    EXPECT_GE(bytes_of(big)->spool_file(), 0);
    Crc32 crc;
    crc.add(large);
    EXPECT_EQ(bytes_of(big)->crc32(), crc.value()) << "and not with what was spooled before";
    EXPECT_EQ(memory_bytes("abc")->crc32(), std::nullopt);
    const std::array<BytesPtr, 2> parts{memory_bytes("ab"), memory_bytes("c")};
    EXPECT_EQ(content_digest(digest_of(parts)), small.digest);
}

TEST(AgentSpool, AFileThatBecameShorterIsAnErrorAndNotAnEnd) {
    const std::string name = std::filesystem::temp_directory_path() / "leasehold-spool-test";
    std::ofstream(name) << "0123456789";
    const int descriptor = ::open(name.c_str(), 0);
    const BytesPtr bytes = file_bytes(descriptor, 2, 20);
    std::filesystem::remove(name);
    std::array<char, 32> buffer{};
    EXPECT_THROW((void)bytes->read(0, buffer), std::system_error);
}

TEST(AgentSpool, SaysThatADirectoryIsMissing) {
    Spool spool("/nonexistent/folder");
    EXPECT_THROW(spool.append(std::string(kSpoolInMemory + 1, 'x')), std::system_error);
}

TEST(AgentBodyBuffer, IsHashedWhileItIsFilled) {
    std::string text(1'000'000, 'x');
    for (std::size_t i = 0; i < text.size(); i += 1000)
        text[i] = static_cast<char>('a' + i / 1000 % 26);
    BodyBuffer buffer(text.size());
    buffer.hash();
    EXPECT_EQ(buffer.unhashed(), 0U) << "nothing is there yet";
    buffer.fill(text.copy(buffer.rest().data(), 10));
    EXPECT_EQ(buffer.unhashed(), 10U);
    std::thread other([&] {
        while (buffer.rest().size() != 0)
            buffer.hash();
    });
    for (std::size_t at = 10; at < text.size(); at += 10'000)
        buffer.fill(text.copy(buffer.rest().data(), 10'000, at));
    other.join();
    buffer.hash();
    EXPECT_EQ(buffer.unhashed(), 0U);
    const Blob blob = buffer.finish();
    EXPECT_EQ(blob, blob_of(text));
    EXPECT_EQ(text_of(*bytes_of(blob)), text);
    Crc32 crc;
    crc.add(text);
    EXPECT_EQ(bytes_of(blob)->crc32(), crc.value());
}

TEST(AgentWriteGate, ClosesByTimeAlone) {
    WriteGate gate;
    EXPECT_FALSE(gate.open(boottime()));
    const Instant until = boottime() + 5ms;
    gate.publish(until);
    EXPECT_TRUE(gate.open(until - 1ns));
    EXPECT_FALSE(gate.open(until));
    gate.publish(kNever);
    EXPECT_TRUE(gate.open(until + 1h));
}

TEST(AgentSocketSet, ShutsWhatIsOpenAndForgetsWhatWasClosed) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
    SocketSet sockets;
    sockets.add(pair[0]);
    EXPECT_EQ(sockets.shut_all(), 1U);
    std::array<char, 1> byte{};
    EXPECT_EQ(::read(pair[1], byte.data(), 1), 0);
    EXPECT_EQ(sockets.close(pair[0]), 0);
    EXPECT_EQ(sockets.shut_all(), 0U);
    ::close(pair[1]);
}

TEST(AgentFilePool, WorksOnAThreadAndAnswersOnTheLoop) {
    asio::io_context loop;
    FilePool pool(loop, 2);
    const auto work = asio::make_work_guard(loop);
    std::thread::id worker;
    pool.run([] { return std::this_thread::get_id(); },
             [&](std::thread::id id) {
                 worker = id;
                 loop.stop();
             });
    loop.run();
    EXPECT_NE(worker, std::this_thread::get_id());
    EXPECT_NE(worker, std::thread::id{});
}

}  // namespace
}  // namespace leasehold::agent
