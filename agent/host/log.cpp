#include "agent/host/log.hpp"

#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

namespace leasehold::agent {
namespace {

/// The message as a JSON string: an identity in a Lease may hold anything.
class JsonMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string text =
            nlohmann::json(std::string(message.payload.data(), message.payload.size()))
                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return spdlog::details::make_unique<JsonMessage>();
    }
};

/// The message in one line: keys are their writers' words, and a line break in one would begin a
/// line that this process never said; an escape would speak to the terminal.
class TextMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        for (const char c : message.payload)
            out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return spdlog::details::make_unique<TextMessage>();
    }
};

}  // namespace

void start_log(LogFormat format, const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>(
        "leasehold", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JsonMessage>('*').add_flag<TextMessage>('~').set_pattern(
        format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","msg":%*})"
                                  : "%Y-%m-%dT%H:%M:%S.%e %^%l%$ %~");
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(logger);
}

void log_duty(bool complaint, const std::string& line) {
    spdlog::log(complaint ? spdlog::level::warn : spdlog::level::info, "{}", line);
}

}  // namespace leasehold::agent
