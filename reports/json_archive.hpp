// One description of each type's fields, read in both directions: JSON is written and read by
// the same list of names, so that neither side can forget a field of the other.
//
// A type T is described by `template <class A, class T> void fields(A& archive, T& value)`.
// 64-bit integers are JSON integers, times are integer nanoseconds, digests are hexadecimal
// texts, and text that is not UTF-8 is {"hex": "..."}.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"
#include "reports/names.hpp"

namespace leasehold::reports {

/// Keeps the order of fields, for people who read it.
using Json = nlohmann::ordered_json;

/// Input is not what the archive describes; the text names the field.
class JsonError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Text as JSON: a string, or {"hex": ...} where the bytes are not UTF-8.
[[nodiscard]] Json text_to_json(std::string_view text);
[[nodiscard]] std::string text_from_json(const Json& json);
/// JSON on one line.
[[nodiscard]] std::string to_line(const Json& json);
/// Parses one strict document: no duplicate keys, at most 64 levels. Throws JsonError.
[[nodiscard]] Json parse_json(std::string_view text);

/// T is U or const U: what `fields` takes for both directions.
template <class T, class U>
concept Like = std::is_same_v<std::remove_const_t<T>, U>;

class JsonWriter;
class JsonReader;

template <class T>
struct IsStrongId : std::false_type {};
template <class Tag>
struct IsStrongId<StrongId<Tag>> : std::true_type {};
template <class T>
struct IsSharedText : std::false_type {};
template <class Tag>
struct IsSharedText<SharedText<Tag>> : std::true_type {};
template <class T>
struct IsTimePoint : std::false_type {};
template <class Clock>
struct IsTimePoint<std::chrono::time_point<Clock, Duration>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsSharedPtr : std::false_type {};
template <class T>
struct IsSharedPtr<std::shared_ptr<const T>> : std::true_type {};

template <class T>
[[nodiscard]] Json encode(const T& value);
template <class T>
void decode(const Json& json, T& value);

/// Gathers the fields of one object.
class JsonWriter {
  public:
    static constexpr bool kReads = false;
    template <class T>
    void operator()(const char* name, const T& value) {
        object_[name] = encode(value);
    }
    [[nodiscard]] Json take() { return std::move(object_); }

  private:
    Json object_ = Json::object();
};

/// Reads the fields of one object; missing ones and unknown ones are errors.
class JsonReader {
  public:
    static constexpr bool kReads = true;
    explicit JsonReader(const Json& object) : object_(object) {
        if (!object.is_object()) throw JsonError("expected an object");
    }
    template <class T>
    void operator()(const char* name, T& value) {
        const auto found = object_.find(name);
        if (found == object_.end()) throw JsonError(std::string("'") + name + "' is missing");
        ++seen_;
        try {
            decode(*found, value);
        } catch (const JsonError& error) {
            throw JsonError(std::string("'") + name + "': " + error.what());
        }
    }
    /// Fields that the caller has read by itself (a type tag).
    void skip(std::size_t fields) { seen_ += fields; }
    void finish() const {
        if (seen_ != object_.size())
            throw JsonError("unknown fields: " + std::to_string(object_.size() - seen_));
    }

  private:
    const Json& object_;
    std::size_t seen_ = 0;
};

template <class Integer>
void decode_integer(const Json& json, Integer& value) {
    const auto fail = [] { throw JsonError("expected an integer in range"); };
    if (!json.is_number_integer()) fail();
    if (json.is_number_unsigned()) {
        const auto wide = json.get<std::uint64_t>();
        if (!std::in_range<Integer>(wide)) fail();
        value = static_cast<Integer>(wide);
    } else {
        const auto wide = json.get<std::int64_t>();
        if (!std::in_range<Integer>(wide)) fail();
        value = static_cast<Integer>(wide);
    }
}

template <class T>
Json encode(const T& value) {
    if constexpr (std::is_same_v<T, bool> || std::is_integral_v<T>) {
        return Json(value);
    } else if constexpr (std::is_enum_v<T>) {
        if constexpr (std::is_same_v<T, MarkId>)
            return Json(std::string(mark_name(value)));
        else
            return Json(std::string(name_of(value)));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return text_to_json(value);
    } else if constexpr (IsSharedText<T>::value) {
        return text_to_json(value.view());
    } else if constexpr (IsStrongId<T>::value) {
        return Json(value.value());
    } else if constexpr (std::is_same_v<T, Duration>) {
        return Json(value.count());
    } else if constexpr (IsTimePoint<T>::value) {
        return Json(value.time_since_epoch().count());
    } else if constexpr (IsVector<T>::value) {
        Json array = Json::array();
        for (const auto& element : value)
            array.push_back(encode(element));
        return array;
    } else if constexpr (IsOptional<T>::value || IsSharedPtr<T>::value) {
        return value ? encode(*value) : Json(nullptr);
    } else {
        JsonWriter writer;
        fields(writer, value);
        return writer.take();
    }
}

template <class T>
void decode(const Json& json, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        if (!json.is_boolean()) throw JsonError("expected true or false");
        value = json.get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
        decode_integer(json, value);
    } else if constexpr (std::is_enum_v<T>) {
        if (!json.is_string()) throw JsonError("expected a name");
        const auto text = json.get<std::string>();
        std::optional<T> found;
        if constexpr (std::is_same_v<T, MarkId>)
            found = mark_named(text);
        else
            found = named<T>(text);
        if (!found) throw JsonError("unknown name '" + text + "'");
        value = *found;
    } else if constexpr (std::is_same_v<T, std::string>) {
        value = text_from_json(json);
    } else if constexpr (IsSharedText<T>::value) {
        value = T(text_from_json(json));
    } else if constexpr (IsStrongId<T>::value) {
        std::uint64_t number = 0;
        decode_integer(json, number);
        value = T(number);
    } else if constexpr (std::is_same_v<T, Duration>) {
        Duration::rep count = 0;
        decode_integer(json, count);
        value = Duration(count);
    } else if constexpr (IsTimePoint<T>::value) {
        Duration::rep count = 0;
        decode_integer(json, count);
        value = T(Duration(count));
    } else if constexpr (IsVector<T>::value) {
        if (!json.is_array()) throw JsonError("expected a list");
        value.clear();
        for (const Json& element : json)
            decode(element, value.emplace_back());
    } else if constexpr (IsOptional<T>::value) {
        value.reset();
        if (!json.is_null()) decode(json, value.emplace());
    } else if constexpr (IsSharedPtr<T>::value) {
        value.reset();
        if (json.is_null()) return;
        auto content = std::make_shared<std::remove_const_t<typename T::element_type>>();
        decode(json, *content);
        value = std::move(content);
    } else {
        JsonReader reader(json);
        fields(reader, value);
        reader.finish();
    }
}

}  // namespace leasehold::reports
