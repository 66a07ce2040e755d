// Result: a value or an error, with the member names of C++23's std::expected.
#pragma once

#include <utility>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold {

/// Wraps an error so that Result's constructor can tell it from a value.
template <class E>
struct Unexpected {
    E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

/// A T, or the E that says why there is none. Reading the absent one is a CHECK.
template <class T, class E>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Unexpected<E> error) : state_(std::in_place_index<1>, std::move(error.error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    [[nodiscard]] const T& value() const {
        CHECK(has_value());
        return std::get<0>(state_);
    }
    [[nodiscard]] T& value() {
        CHECK(has_value());
        return std::get<0>(state_);
    }
    [[nodiscard]] const E& error() const {
        CHECK(!has_value());
        return std::get<1>(state_);
    }
    const T& operator*() const { return value(); }
    T& operator*() { return value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

  private:
    std::variant<T, E> state_;
};

}  // namespace leasehold
