// A target with a planted bug: the test of the fuzz test. It must be found and reported.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr char kSecret[] = "bug";
    static constexpr int kTable[3] = {1, 2, 3};
    std::size_t same = 0;
    while (same < 3 && same < size && data[same] == static_cast<std::uint8_t>(kSecret[same]))
        ++same;
    if (same < 3) return 0;
    volatile int read = kTable[same];  // beyond the table
    static_cast<void>(read);
    return 0;
}
