#!/usr/bin/env python3
"""Completion and man pages as their readers read them: shell_words_test.py PROGRAM..."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = [os.path.abspath(path) for path in sys.argv[1:]]
results = {"passed": 0, "failed": 0}


def expect(what, found, wanted):
    if found == wanted:
        results["passed"] += 1
        return
    results["failed"] += 1
    print(f"{what}: expected {wanted!r}, found {found!r}")


def output(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60,
                          **options).stdout


def by_bash(share, line):
    """What a tab offers at the end of `line`."""
    words = line.split(" ")
    function = "_" + words[0].replace("-", "_")
    script = (f"source {share}/bash-completion/completions/{words[0]}; COMP_WORDS=("
              + " ".join(f"'{word}'" for word in words)
              + f"); COMP_CWORD={len(words) - 1}; {function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return sorted(output("bash", "--noprofile", "--norc", "-c", script).split())


def by_fish(share, line):
    name = line.split(" ")[0]
    script = f"source {share}/fish/vendor_completions.d/{name}.fish; complete -C '{line}'"
    return sorted(one.split("\t")[0]
                  for one in output("fish", "--no-config", "-c", script).splitlines())


def by_zsh(share, line, wanted):
    """Types a tab at a terminal; True once the line ends with `wanted`."""
    with tempfile.TemporaryDirectory() as home:
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "HOME": home,
                                                    "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        seen, end = "", time.monotonic() + 20
        os.write(terminal, f"fpath=({share}/zsh/site-functions $fpath); autoload -Uz compinit; "
                           f"compinit -u -D; echo re''ady\n".encode())
        typed = False
        while time.monotonic() < end and not (typed and wanted in seen):
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 4096).decode(errors="replace")
            if not typed and re.search(r"^ready", seen, re.M):
                typed, seen = True, ""
                os.write(terminal, f"{line}\t".encode())
        os.close(terminal)
        os.waitpid(process, 0)
        if wanted not in seen:
            print(f"zsh showed {seen!r}")
        return wanted in seen


def options_of(program, *command):
    listed = re.findall(r"^  (-\S+)", output(program, *command, "--help"), re.M)
    return {name for names in listed for name in names.split(",")}


def check_leasehold(share, program):
    for shell in (by_bash, by_fish):
        name = shell.__name__
        expect(f"{name}: commands", shell(share, "leasehold ch"), ["check"])
        expect(f"{name}: options of a command", shell(share, "leasehold check --cov"),
               ["--coverage"])
        expect(f"{name}: none of another's", shell(share, "leasehold list --cov"), [])
        expect(f"{name}: values", shell(share, "leasehold run x.yaml --color a"),
               ["always", "auto"])
        expect(f"{name}: files", shell(share, "leasehold check --exempt scenarios/sch"),
               ["scenarios/schema.json"])
        expect(f"{name}: positionals", shell(share, "leasehold validate scenarios/READ"),
               ["scenarios/README.md"])
    expect("zsh: commands", by_zsh(share, "leasehold che", "check "), True)
    expect("zsh: options", by_zsh(share, "leasehold check --cov", "--coverage "), True)
    expect("bash: every option of a command", set(by_bash(share, "leasehold check -")),
           options_of(program, "check"))
    page = output("man", "-l", f"{share}/man/man1/leasehold-check.1",
                  env={**os.environ, "MANWIDTH": "100", "MANPAGER": "cat", "MANROFFOPT": ""})
    page = " ".join(re.sub(".\b", "", page).split())  # bold is struck twice
    for part in ("NAME", "SYNOPSIS", "--coverage", "Exit codes", "leasehold-run"):
        expect(f"the page has {part}", part in page, True)


def check_agent(share, program):
    expect("bash: every option of the agent", set(by_bash(share, "leasehold-agent -")),
           options_of(program))
    for shell in (by_bash, by_fish):
        expect(f"{shell.__name__}: profiles", shell(share, "leasehold-agent --profile f"), ["fast"])


def main():
    absent = [tool for tool in ("bash", "zsh", "fish", "help2man", "man") if not shutil.which(tool)]
    if absent:
        print(f"there is no {', '.join(absent)} on PATH")
        return 1 if os.environ.get("CI") == "true" else 77
    os.chdir(ROOT)  # file names are completed from here
    with tempfile.TemporaryDirectory() as share:
        subprocess.run([sys.executable, "cmake/shell_words.py", "--into", share, *PROGRAMS],
                       check=True, timeout=120)
        for program in PROGRAMS:
            checks = {"leasehold": check_leasehold, "leasehold-agent": check_agent}
            checks[os.path.basename(program)](share, program)
        for page in sorted(os.listdir(f"{share}/man/man1")):
            done = subprocess.run(["man", "--warnings", "-l", f"{share}/man/man1/{page}"],
                                  capture_output=True, text=True, check=False, timeout=60,
                                  env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
            expect(f"complaints about {page}", (done.returncode, done.stderr), (0, ""))
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] or not results["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
