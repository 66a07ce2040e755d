#!/usr/bin/env python3
"""Man pages, and completion for bash, zsh and fish, from what a program's --help says.

    shell_words.py --into SHARE PROGRAM...   below SHARE (/usr/share), where each shell looks

Man pages by help2man, one for the program and one for each command of it; without it there are
none, which is told. Nothing is listed here: what --help has, the shells get.
"""

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

DESCRIPTION_AT = 30  # the column where --help describes; a longer left side has a line of its own
FILES = {"FILE", "DIR"}


@dataclass
class Option:
    names: list
    value: str = ""  # what it takes, "FILE"; empty: nothing
    about: str = ""

    @property
    def words(self):
        """The values that its description lists: "colours: auto, always or never (...)"."""
        plain = re.sub(r"\s*\([^)]*\)|\s*\[[^]]*\]", "", self.about)
        listed = re.fullmatch(r"(?:[^:]*: )?((?:[\w-]+, )*[\w-]+,? or [\w-]+)", plain)
        return re.split(r",? or |, ", listed.group(1)) if self.value and listed else []


@dataclass
class Command:
    name: str  # empty: the program itself
    about: str
    options: list = field(default_factory=list)
    files: bool = False  # it takes some besides its options


def said(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def entries(text):
    """(heading, left side, description) of each line of a list."""
    found, heading = [], ""
    for line in text.splitlines():
        if re.match(r"\S.*:$", line):
            heading = line[:-1]
        elif re.match(r"  \S", line):
            # A left side that is too long for its column goes on to the line's end.
            wide = len(line) > DESCRIPTION_AT and line[DESCRIPTION_AT - 1] != " "
            found.append([heading, line.strip(), ""] if wide else
                         [heading, line[:DESCRIPTION_AT].strip(), line[DESCRIPTION_AT:].strip()])
        elif line.startswith(" " * DESCRIPTION_AT) and found:
            found[-1][2] = f"{found[-1][2]} {line.strip()}".strip()
    return found


def command_of(program, name, about):
    command = Command(name, about)
    for heading, left, description in entries(said(program, *([name] if name else []), "--help")):
        if heading == "Positionals":
            command.files = True
        elif left.startswith("-"):
            names, _, value = left.partition(" ")
            value = "" if value.startswith("[=") else value.removesuffix("...").strip()
            command.options.append(Option(names.split(","), value, description))
    return command


def commands_of(program):
    """The program itself first, then its commands."""
    found = [command_of(program, "", "")]
    for heading, left, description in entries(said(program, "--help")):
        if heading == "Subcommands":
            found.append(command_of(program, left, description))
    return found


# ---- shells -----------------------------------------------------------------------------------


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def bash(name, commands):
    function = "_" + name.replace("-", "_")
    of_values, of_words, with_files = [], [], []
    for command in commands:
        for option in command.options:
            if not option.value:
                continue
            key = "|".join(f"{command.name}:{one}" for one in option.names)
            reply = (f"COMPREPLY=($(compgen -W {quoted(' '.join(option.words))} -- \"$current\"))"
                     if option.words else
                     "COMPREPLY=($(compgen -f -- \"$current\"))" if option.value in FILES else ":")
            of_values.append(f"        {key}) {reply}; return ;;")
        words = [one for option in command.options for one in option.names]
        if not command.name:
            words += [one.name for one in commands[1:]]
        of_words.append(f"        {quoted(command.name)}) words={quoted(' '.join(words))} ;;")
        if command.files:
            with_files.append(command.name)
    names = "|".join(one.name for one in commands[1:]) or "''"
    files = "|".join(f"*:{one}" for one in with_files) or "''"
    return f"""# bash completion of {name}
{function}() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local command='' word words=''
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
        case $word in
        {names}) command=$word; break ;;
        esac
    done
    case $command:$before in
{chr(10).join(of_values)}
    esac
    case $command in
{chr(10).join(of_words)}
    esac
    case $current:$command in
        -*) ;;
        {files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o filenames -F {function} {name}
"""


def zsh_specs(command):
    """What _arguments takes for each option."""
    specs = []
    for option in command.options:
        about = re.sub(r"([][:\\])", r"\\\1", option.about)
        action = f"({' '.join(option.words)})" if option.words else \
            "_files" if option.value in FILES else " "
        value = re.sub(r"([:\\])", r"\\\1", option.value)
        for one in option.names:
            specs.append(f"*{one}[{about}]" + (f":{value}:{action}" if option.value else ""))
    if command.files:
        specs.append("*:file:_files")
    return " ".join(map(quoted, specs))


def zsh(name, commands):
    lines = [f"#compdef {name}", "local state line"]
    if not commands[1:]:
        return "\n".join([*lines, f"_arguments {zsh_specs(commands[0])}", ""])
    named = " ".join(quoted(f"{one.name}:{one.about}") for one in commands[1:])
    lines += [f"local -a commands=({named})",
              f"_arguments -C {zsh_specs(commands[0])} '1:command:->command' '*::argument:->argument'",
              "case $state in", "command) _describe command commands ;;", "argument)",
              "    case $words[1] in"]
    lines += [f"    {one.name}) _arguments {zsh_specs(one)} ;;" for one in commands[1:]]
    return "\n".join([*lines, "    esac ;;", "esac", ""])


def fish(name, commands):
    lines = [f"# fish completion of {name}", f"complete -c {name} -f"]
    for command in commands:
        when = f"__fish_seen_subcommand_from {command.name}" if command.name else \
            "__fish_use_subcommand" if commands[1:] else "true"
        if command.name:
            lines.append(f"complete -c {name} -n __fish_use_subcommand -a {command.name} "
                         f"-d {quoted(command.about)}")
        if command.files:
            lines.append(f"complete -c {name} -n {quoted(when)} -F")
        for option in command.options:
            parts = [f"complete -c {name} -n {quoted(when)}"]
            parts += [f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}"
                      for one in option.names]
            if option.value:
                parts.append("-r -F" if option.value in FILES else "-x")
            if option.words:
                parts.append(f"-a {quoted(' '.join(option.words))}")
            lines.append(" ".join([*parts, f"-d {quoted(option.about)}"]))
    return "\n".join([*lines, ""])


# ---- man pages --------------------------------------------------------------------------------


def man_pages(program, commands, folder):
    helper = shutil.which("help2man")
    if helper is None:
        print("shell_words: no man pages: there is no help2man on PATH (Debian: help2man)",
              file=sys.stderr)
        return
    folder.mkdir(parents=True, exist_ok=True)
    others = [f"{program.name}-{one.name}" for one in commands[1:]]
    for command in commands:
        page = f"{program.name}-{command.name}" if command.name else program.name
        about = command.about or said(program, "--help").split("\n\n")[0].split("Usage:")[0]
        about = " ".join(about.removeprefix(f"{program.name} ").split()).rstrip(".")
        more = folder / f"{page}.more"
        seen = ",\n".join(".BR " + one.replace("-", r"\-") + " (1)"
                          for one in [program.name, *others] if one != page)
        more.write_text(f"[see also]\n{seen}\n")
        subprocess.run([helper, "--no-info", f"--name={about}",
                        *([f"--include={more}"] if seen else []),
                        f"--version-string={said(program, '--version').strip()}",
                        f"--output={folder / page}.1",
                        f"{program} {command.name}".strip()], check=True)
        more.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--into", type=Path, required=True, metavar="SHARE")
    parser.add_argument("programs", nargs="+", type=Path, metavar="PROGRAM")
    arguments = parser.parse_args()
    for program in arguments.programs:
        name, commands = program.name, commands_of(program)
        for place, text in ((f"bash-completion/completions/{name}", bash(name, commands)),
                            (f"zsh/site-functions/_{name}", zsh(name, commands)),
                            (f"fish/vendor_completions.d/{name}.fish", fish(name, commands))):
            target = arguments.into / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        man_pages(program.absolute(), commands, arguments.into / "man" / "man1")


if __name__ == "__main__":
    main()
