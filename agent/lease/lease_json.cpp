#include "agent/lease/lease_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "agent/lease/micro_time.hpp"
#include "agent/lease/strict_json.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kApiVersion = "coordination.k8s.io/v1";

/// Removes `key` from `object` and gives its value; null is absence, as the API server has it.
std::optional<Json> take(Json& object, std::string_view key) {
    const auto found = object.find(key);
    if (found == object.end()) return std::nullopt;
    Json value = std::move(*found);
    object.erase(found);
    if (value.is_null()) return std::nullopt;
    return value;
}

[[noreturn]] void wrong(std::string_view key, const char* expected) {
    throw JsonError(std::string(key) + ": expected " + expected);
}

std::optional<std::string> take_text(Json& object, std::string_view key) {
    std::optional<Json> value = take(object, key);
    if (!value) return std::nullopt;
    if (!value->is_string()) wrong(key, "a text");
    return std::move(value->get_ref<std::string&>());
}

Json take_object(Json& object, std::string_view key) {
    std::optional<Json> value = take(object, key);
    if (!value) return Json::object();
    if (!value->is_object()) wrong(key, "an object");
    return *std::move(value);
}

std::int32_t take_count(Json& object, std::string_view key) {
    const std::optional<Json> value = take(object, key);
    if (!value) return 0;
    // 15.0 is no integer for the API server either.
    const bool integer = value->is_number_integer();
    const auto number = integer ? value->get<std::int64_t>() : -1;
    if (number < 0 || number > std::numeric_limits<std::int32_t>::max())
        wrong(key, "a whole number of 31 bits");
    return static_cast<std::int32_t>(number);
}

std::optional<WallTime> take_time(Json& object, std::string_view key) {
    const std::optional<std::string> text = take_text(object, key);
    if (!text) return std::nullopt;
    const std::optional<WallTime> time = parse_micro_time(*text);
    if (!time) wrong(key, "a time with six digits of a second");
    return time;
}

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::uint64_t take_mark(Json& annotations, std::string_view key) {
    const std::optional<std::string> text = take_text(annotations, key);
    if (!text) return 0;
    const auto mark = number_in<std::uint64_t>(*text, 16);
    return mark && *mark != 0 ? *mark : kForeignMark;
}

std::string mark_text(std::uint64_t mark) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mark, 16).ptr;
    const std::string text(digits.data(), end);
    return std::string(digits.size() - text.size(), '0') + text;
}

Version take_version(Json& metadata) {
    const std::optional<std::string> text = take_text(metadata, "resourceVersion");
    const auto number = text ? number_in<std::uint64_t>(*text, 10) : std::nullopt;
    if (!number || *number == 0) wrong("metadata.resourceVersion", "a decimal number in quotes");
    return Version(*number);
}

void take_identity(Json& value, Json& metadata, const LeaseName& name) {
    if (take_text(value, "kind").value_or("Lease") != "Lease") wrong("kind", "Lease");
    if (take_text(value, "apiVersion").value_or(std::string(kApiVersion)) != kApiVersion)
        wrong("apiVersion", "coordination.k8s.io/v1");
    if (take_text(metadata, "name") != name.name) wrong("metadata.name", "the Lease asked for");
    if (take_text(metadata, "namespace").value_or(name.namespace_name) != name.namespace_name)
        wrong("metadata.namespace", "the namespace asked for");
}

LeaseRecord take_record(Json& spec, Json& annotations) {
    LeaseRecord record;
    record.holder = take_text(spec, "holderIdentity").value_or("");
    record.duration_seconds = take_count(spec, "leaseDurationSeconds");
    record.transitions = take_count(spec, "leaseTransitions");
    record.acquire_time = take_time(spec, "acquireTime");
    record.renew_time = take_time(spec, "renewTime");
    record.nonce = take_mark(annotations, kNonceAnnotation);
    record.acquisition = take_mark(annotations, kAcquisitionAnnotation);
    record.released = take_mark(annotations, kReleasedAnnotation);
    record.container.pod = take_text(annotations, kHolderPodAnnotation).value_or("");
    record.container.pod_uid = take_text(annotations, kHolderPodUidAnnotation).value_or("");
    record.container.id = take_text(annotations, kHolderContainerAnnotation).value_or("");
    record.container_mark = take_mark(annotations, kHolderMarkAnnotation);
    const std::string longest = take_text(annotations, kMaxLeaseAnnotation).value_or("0");
    // A number that somebody spoilt: whoever waits knows its own and the record's anyway.
    record.max_lease_seconds = std::max(0, number_in<std::int32_t>(longest, 10).value_or(0));
    return record;
}

/// Puts `part` back under `key` unless nothing is left of it.
void keep(Json& value, std::string_view key, Json part) {
    if (!part.empty()) value[std::string(key)] = std::move(part);
}

Lease lease_in(Json value, const LeaseName& name) {
    if (!value.is_object()) throw JsonError("expected an object");
    Json metadata = take_object(value, "metadata");
    Json annotations = take_object(metadata, "annotations");
    Json spec = take_object(value, "spec");
    take_identity(value, metadata, name);
    Lease lease;
    lease.version = take_version(metadata);
    lease.uid = take_text(metadata, "uid").value_or("");
    if (lease.uid.empty()) wrong("metadata.uid", "a text");
    lease.record = take_record(spec, annotations);
    metadata.erase("managedFields");
    keep(metadata, "annotations", std::move(annotations));
    keep(value, "metadata", std::move(metadata));
    keep(value, "spec", std::move(spec));
    if (!value.empty()) lease.extra = value.dump();
    return lease;
}

void put_mark(Json& annotations, std::string_view key, std::uint64_t mark) {
    if (mark != 0) annotations[std::string(key)] = mark_text(mark);
}

void put_text(Json& annotations, std::string_view key, const std::string& text) {
    if (!text.empty()) annotations[std::string(key)] = text;
}

void put_record(Json& value, const LeaseRecord& record) {
    Json& annotations = value["metadata"]["annotations"];
    put_mark(annotations, kNonceAnnotation, record.nonce);
    put_mark(annotations, kAcquisitionAnnotation, record.acquisition);
    put_mark(annotations, kReleasedAnnotation, record.released);
    if (record.max_lease_seconds != 0)
        annotations[std::string(kMaxLeaseAnnotation)] = std::to_string(record.max_lease_seconds);
    put_text(annotations, kHolderPodAnnotation, record.container.pod);
    put_text(annotations, kHolderPodUidAnnotation, record.container.pod_uid);
    put_text(annotations, kHolderContainerAnnotation, record.container.id);
    put_mark(annotations, kHolderMarkAnnotation, record.container_mark);
    if (annotations.is_null()) value["metadata"].erase("annotations");
    Json& spec = value["spec"];
    spec["holderIdentity"] = record.holder;
    // 0 is not a duration on the wire: the field of a Lease that has none.
    if (record.duration_seconds != 0) spec["leaseDurationSeconds"] = record.duration_seconds;
    spec["leaseTransitions"] = record.transitions;
    if (record.acquire_time) spec["acquireTime"] = format_micro_time(*record.acquire_time);
    if (record.renew_time) spec["renewTime"] = format_micro_time(*record.renew_time);
}

}  // namespace

Result<Lease, std::string> decode_lease(std::string_view text, const LeaseName& name) {
    try {
        return lease_in(parse_json(text), name);
    } catch (const JsonError& error) {
        return Unexpected{std::string(error.what())};
    }
}

Result<Lease, std::string> lease_from_json(Json value, const LeaseName& name) {
    try {
        return lease_in(std::move(value), name);
    } catch (const JsonError& error) {
        return Unexpected{std::string(error.what())};
    }
}

Result<Version, std::string> decode_version(const Json& metadata) {
    try {
        if (!metadata.is_object()) wrong("metadata", "an object");
        Json copy = metadata;
        return take_version(copy);
    } catch (const JsonError& error) {
        return Unexpected{std::string(error.what())};
    }
}

std::string encode_lease(const Lease& lease, const LeaseName& name, LeaseVerb verb) {
    CHECK(verb != LeaseVerb::get);
    Json value = lease.extra.empty() ? Json::object() : Json::parse(lease.extra);
    value["apiVersion"] = kApiVersion;
    value["kind"] = "Lease";
    Json& metadata = value["metadata"];
    metadata["name"] = name.name;
    metadata["namespace"] = name.namespace_name;
    if (verb == LeaseVerb::update) {
        // Without a uid a PUT would create a Lease that was deleted.
        CHECK(!lease.uid.empty() && lease.version != Version());
        metadata["uid"] = lease.uid;
        metadata["resourceVersion"] = std::to_string(lease.version.value());
    }
    put_record(value, lease.record);
    return value.dump();
}

}  // namespace leasehold::agent
