// A file descriptor with an owner, and what is done to files everywhere.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace leasehold::agent {

/// An open file, folder or socket, closed with its owner.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool valid() const { return number_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }

  private:
    int number_ = -1;
};

/// Throws std::system_error of errno; `doing` is what failed.
[[noreturn]] void fail_errno(const std::string& doing);
/// All of `text`. Throws std::system_error, "writing NAME".
void write_all(const Descriptor& file, std::string_view text, const std::string& name);

}  // namespace leasehold::agent
