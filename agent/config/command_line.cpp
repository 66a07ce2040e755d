// The only file of the agent that includes CLI11. Its exit codes never leave it.
#include "agent/config/command_line.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <CLI/CLI.hpp>

#include "agent/config/refused.hpp"
#include "agent/config/settings.hpp"
#include "config/nearest.hpp"

namespace leasehold::agent {
namespace {

constexpr std::array<std::string_view, 2> kCommands{"serve", "record-world"};

constexpr const char* kAboutServe =
    "leasehold-agent is one replica of a leader/follower group: it contends for a Kubernetes\n"
    "Lease, writes to the bucket while it leads, and serves backups and queries over HTTP.";
constexpr const char* kAboutRecord =
    "leasehold-agent record-world records the Lease's changes and the bucket's, for\n"
    "leasehold verify. It writes to neither.";
constexpr const char* kFooter =
    "Commands:\n"
    "  leasehold-agent [FLAGS]                 serve; what this page is about\n"
    "  leasehold-agent record-world [FLAGS]    record the Lease and the bucket (has its own "
    "--help)\n"
    "\n"
    "Examples:\n"
    "  leasehold-agent --standalone --bucket-dir backup\n"
    "  leasehold-agent --values values.yaml --check-config\n"
    "\n"
    "The chart's environment variables are read; a flag wins over them, and they win over\n"
    "--values and --set. Exit code 64: a mistake in flags, variables or files. All of it:\n"
    "agent/README.md.";

std::string option_name(const Setting& setting) {
    return (setting.flag == "values" ? "-f,--" : "--") + std::string(setting.flag);
}

std::string help_of(const Setting& setting) {
    if (setting.variable.empty()) return std::string(setting.help);
    return std::string(setting.help) + " [" + std::string(setting.variable) + "]";
}

bool known_to(const Setting& setting, AgentCommand command) {
    if (setting.serves == Serves::both) return true;
    return (setting.serves == Serves::record_world) == (command == AgentCommand::record_world);
}

const Setting* setting_of(std::string_view flag) {
    const auto all = all_settings();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Setting& one) { return one.flag == flag; });
    return found == all.end() ? nullptr : &*found;
}

/// A toggle takes no word of its own, so that "--x" is "--x=true" and nothing after it is
/// swallowed; an empty value is a mistake and not a default.
std::vector<std::string> prepared(const std::vector<std::string>& arguments) {
    std::vector<std::string> out;
    std::set<std::string, std::less<>> seen;
    for (const std::string& argument : arguments) {
        if (argument.empty())
            refuse("an argument is empty: every file and value has at least one character");
        const std::string name = argument.substr(0, argument.find('='));
        if (argument.starts_with("--") && argument.size() == name.size() + 1)
            refuse(name + ": expected a value after '='");
        const Setting* setting = name.starts_with("--") ? setting_of(name.substr(2)) : nullptr;
        if (setting != nullptr && setting->kind != SettingKind::list && !seen.insert(name).second)
            refuse(name + " is given more than once");
        const bool bare =
            setting != nullptr && setting->kind == SettingKind::toggle && name == argument;
        // As Helm reads it.
        const bool short_equals = argument.starts_with("-f=") && argument.size() > 3;
        out.push_back(bare           ? argument + "=true"
                      : short_equals ? "-f" + argument.substr(3)
                                     : argument);
    }
    return out;
}

/// The first word that no flag took.
[[noreturn]] void refuse_word(const std::string& full, AgentCommand command) {
    const std::string help =
        command == AgentCommand::record_world ? "record-world --help" : "--help";
    const std::string word = full.substr(0, full.find('='));
    if (!word.starts_with("-")) {
        const std::string near = config::nearest(word, kCommands);
        if (near == word) refuse("'" + word + "' must be the first argument");
        refuse("unexpected '" + word + "'" +
               (near.empty() ? "; a toggle is written --x=true or --x=false"
                             : "; did you mean '" + near + "'?") +
               " (leasehold-agent " + help + ")");
    }
    for (const Setting& setting : all_settings())
        if ("--" + std::string(setting.flag) == word)
            refuse("'" + word + "' means nothing " +
                   (command == AgentCommand::record_world ? "to" : "without") +
                   " record-world (leasehold-agent " + help + ")");
    std::vector<std::string> names{"--help", "--version"};
    for (const Setting& setting : all_settings())
        if (known_to(setting, command)) names.push_back("--" + std::string(setting.flag));
    const std::string near =
        config::nearest(word, std::vector<std::string_view>(names.begin(), names.end()));
    refuse("unknown flag '" + word + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?") +
           " (leasehold-agent " + help + ")");
}

/// Where CLI11 puts the words; map nodes keep their addresses.
struct Raw {
    std::map<std::string_view, std::string> texts;
    CommandLine line;
};

/// Where the texts of a repeatable flag go.
std::vector<std::string>& list_of(std::string_view flag, config::ValueSources& values) {
    if (flag == "set") return values.sets;
    if (flag == "set-json") return values.jsons;
    if (flag == "set-string") return values.strings;
    if (flag == "set-file") return values.from_files;
    if (flag == "set-literal") return values.literals;
    return values.files;
}

void declare(CLI::App& app, Raw& raw) {
    app.set_help_flag("-h,--help", "print this help");
    app.set_version_flag("--version", "leasehold-agent " LEASEHOLD_VERSION, "print the version");
    for (const Setting& setting : all_settings()) {
        if (!known_to(setting, raw.line.command)) continue;
        CLI::Option* option = nullptr;
        if (setting.kind == SettingKind::list) {
            option = app.add_option(option_name(setting), list_of(setting.flag, raw.line.values),
                                    help_of(setting));
        } else {
            option =
                app.add_option(option_name(setting), raw.texts[setting.flag], help_of(setting));
        }
        // CLI11's default would swallow the words after it, and split "[a,b]".
        option->allow_extra_args(false)
            ->type_name(setting.kind == SettingKind::toggle ? "[=true|false]"
                                                            : std::string(setting.placeholder))
            ->group(std::string(setting.group));
    }
}

std::variant<CommandLine, AgentExit> parse(std::vector<std::string> arguments) {
    Raw raw;
    if (!arguments.empty() &&
        (arguments.front() == kCommands[0] || arguments.front() == kCommands[1])) {
        if (arguments.front() == kCommands[1]) raw.line.command = AgentCommand::record_world;
        arguments.erase(arguments.begin());
    }
    const bool records = raw.line.command == AgentCommand::record_world;
    CLI::App app(records ? kAboutRecord : kAboutServe,
                 records ? "leasehold-agent record-world" : "leasehold-agent");
    if (!records) app.footer(kFooter);
    declare(app, raw);
    arguments = prepared(arguments);
    try {
        // CLI11 takes arguments from the back.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        return AgentExit{0, app.help(), ""};
    } catch (const CLI::CallForVersion&) {
        return AgentExit{0, "leasehold-agent " LEASEHOLD_VERSION "\n", ""};
    } catch (const CLI::ExtrasError&) {
        refuse_word(app.remaining(true).front(), raw.line.command);
    } catch (const CLI::ParseError& error) {
        refuse(std::string(error.what()) + " (leasehold-agent --help)");
    }
    for (auto& [flag, text] : raw.texts)
        if (app.count("--" + std::string(flag)) > 0) raw.line.flags.emplace(flag, std::move(text));
    return std::move(raw.line);
}

}  // namespace

std::variant<CommandLine, AgentExit> parse_command_line(const std::vector<std::string>& arguments) {
    return parse(arguments);
}

}  // namespace leasehold::agent
