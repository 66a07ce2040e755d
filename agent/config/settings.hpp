// The settings by name: which flags exist, which variables stand for them. Internal.
//
// One table, so that the command line, the environment, the messages and README.md agree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace leasehold::agent {

enum class SettingKind : std::uint8_t {
    text,    ///< one value
    toggle,  ///< --x, --x=true or --x=false
    list     ///< repeatable
};

/// Which commands know a flag.
enum class Serves : std::uint8_t { serve, record_world, both };

struct Setting {
    std::string_view flag;         ///< without dashes
    std::string_view variable;     ///< of the environment; empty = none
    std::string_view placeholder;  ///< of the value in the help; toggles have none
    std::string_view help;
    std::string_view group;
    SettingKind kind = SettingKind::text;
    Serves serves = Serves::serve;
};

/// Every flag except --help and --version, in the order of the help.
[[nodiscard]] std::span<const Setting> all_settings();

/// Variables that stand for no flag.
inline constexpr std::array<std::string_view, 9> kOtherVariables{"RELEASE_NAME",
                                                                 "ETL_FILE_STORE_ENABLED",
                                                                 "ETL_STORE_READ_ONLY",
                                                                 "ETL_READ_ONLY",
                                                                 "KUBERNETES_SERVICE_HOST",
                                                                 "KUBERNETES_SERVICE_PORT",
                                                                 "HTTP_PROXY",
                                                                 "HTTPS_PROXY",
                                                                 "NO_PROXY"};
/// Of those, also known in lower case, which counts where the other is not set.
inline constexpr std::array<std::string_view, 3> kProxyVariables{"HTTP_PROXY", "HTTPS_PROXY",
                                                                 "NO_PROXY"};

}  // namespace leasehold::agent
