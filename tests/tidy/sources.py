#!/usr/bin/env python3
"""Rules of the sources that a reader of one file can't see, each with the reason in its message.

    sources.py ROOT        checks the repository
    sources.py --self-test plants a bad sample for each rule in a scratch tree
"""

import os
import re
import sys
import tempfile
from pathlib import Path

CODE_FOLDERS = ("model", "config", "sim", "reports", "bench", "tests", "agent", "examples")
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".txt", ".cmake", ".md", ".yaml", ".json", ".patch", ".sh", ".js",
                 ".css", ".html"}
FILE_LINES_MAX = 450      # the aim is 400
FUNCTION_LINES_MAX = 80   # the aim is 70
LINE_LENGTH_MAX = 100

# What the model may include besides itself: the standard library without clocks that know the
# time, threads, files and the library's unportable distributions.
MODEL_STANDARD = set(
    "algorithm any array bit bitset cassert charconv chrono climits compare "
    "concepts cstddef cstdint cstdlib cstring deque exception functional initializer_list iterator "
    "limits list map memory new numeric optional queue ranges set span stack stdexcept string "
    "string_view tuple type_traits typeinfo utility variant vector version".split()
)

# Who may include whom among our own folders; the entry of the innermost folder counts, and a folder
# without one (bench, tests) includes what it likes. An arrow to a folder is one to all below it, an
# arrow to a header is one to it alone.
ARROWS = {
    "model": (),  # every folder of the model has its place in the order below
    "model/base": ("model/base",),
    "model/protocol": ("model/protocol", "model/base"),
    "model/election": ("model/election", "model/protocol", "model/base"),
    "model/storage": ("model/storage", "model/protocol", "model/base"),
    # Bounds follow from what was configured, so the checkers see the two configurations; and beside a
    # leader stands a single install, which is the production code.
    "model/check": ("model/check", "model/protocol", "model/base",
                    "model/election/elector.hpp", "model/storage/config.hpp",
                    "model/replica/replica.hpp", "model/replica/told.hpp"),
    "model/replica": ("model/replica", "model/storage", "model/election", "model/protocol",
                      "model/base"),
    "config": ("config", "model/base"),
    "reports": ("reports", "model"),
    "sim": ("sim", "reports", "config", "model"),
    # A peer knows nothing of the world; of client-go a scenario sets what its users can set.
    "sim/peers": ("sim/peers", "model"),
    "sim/scenario": ("sim/scenario", "sim/peers/client_go_config.hpp",
                     "sim/peers/library_config.hpp", "config", "model"),
    # On the model and what a server makes of one request: no engine, no world, no scenario.
    "sim/explore": ("sim/explore", "sim/world/lease_rules.hpp", "reports", "config", "model"),
    "sim/testing": ("sim", "reports", "config", "model"),
    "agent": ("agent", "reports", "config", "model"),
}
STORAGE = "model/storage"
# The one room of model/storage that the others may look into.
STORAGE_CATALOG = "catalog"
# The files of the storage controller itself, which wires the rooms.
STORAGE_CONTROLLER = re.compile(r"^(controller|arrows)(_\w+)?\.[ch]pp$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Text that is legal nowhere in code of these folders: (rule, folders, pattern, advice).
BANNED = [
    ("unordered", ("model", "sim"), re.compile(r"\bstd::unordered_\w+"),
     "iteration order would show: use std::map or a sorted vector, or say `// never iterated`"),
    ("distribution", ("model", "sim"), re.compile(r"\bstd::\w+_distribution\b"),
     "differs between libraries: use model/base/random.hpp"),
    ("wall-clock", ("model", "config", "sim/engine", "sim/topology", "sim/world", "sim/scenario",
                    "sim/peers", "reports"),
     re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|random_device|clock_gettime|"
                r"gettimeofday)\b"),
     "time and randomness come as arguments"),
]
# Assembled so that this file passes its own rule.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"])
                        + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(home|root|work|Users|mnt)/\w")


class Tidy:
    def __init__(self, root):
        self.root = Path(root)
        self.found = []  # (rule, "file:line: message")

    def object(self, rule, path, line, message):
        self.found.append((rule, f"{path.relative_to(self.root)}:{line}: {message}"))

    def files(self, *folders):
        for folder in folders:
            for base, subfolders, names in os.walk(self.root / folder):
                subfolders[:] = sorted(s for s in subfolders if s != "__pycache__")
                for name in sorted(names):
                    yield Path(base) / name

    def sources(self):
        return (f for f in self.files(*CODE_FOLDERS) if f.suffix in (".cpp", ".hpp"))

    def folder_of(self, path):
        return path.relative_to(self.root).parent.as_posix()

    def run(self):
        for path in self.sources():
            lines = path.read_text(encoding="utf-8").splitlines()
            self.check_includes(path, lines)
            self.check_banned(path, lines)
            self.check_sizes(path, lines)
        self.check_words()
        self.check_links()
        self.check_image()
        self.check_registered()
        return self.found

    # ---- include directions ---------------------------------------------------------------------

    def check_includes(self, path, lines):
        folder = self.folder_of(path)
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                problem = self.include_problem(folder, path.name, match.group(1) == '"',
                                               match.group(2))
                if problem:
                    self.object("include", path, number, f"{match.group(2)}: {problem}")
        if path.suffix == ".hpp" and not any(l.strip() == "#pragma once" for l in lines):
            self.object("pragma-once", path, 1, "a header needs #pragma once")

    def include_problem(self, folder, file, quoted, name):
        def within(*folders):
            return any(folder == f or folder.startswith(f + "/") for f in folders)

        # An example is a project of its own: what is its own, it includes as such.
        if within("examples") and quoted and (self.root / folder / name).is_file():
            return None
        if quoted and not (self.root / name).is_file():
            return "not a path from the repository's root"
        if within("model") and not quoted and name not in MODEL_STANDARD:
            return "model includes only the standard library, without clocks, threads and files"
        if quoted and name.startswith(("tests/", "bench/")) and not within("tests", "bench"):
            return "nothing includes tests or bench"
        if name.startswith(("simgrid/", "xbt/")) and not within("sim/engine"):
            return "only sim/engine includes SimGrid"
        if name.startswith("boost/graph/") and not within("sim/topology"):
            return "only sim/topology includes Boost.Graph"
        if quoted:
            return arrow_problem(folder, name) or self.storage_problem(f"{folder}/{file}", name)
        return None

    def storage_problem(self, path, name):
        """Rooms of model/storage know nothing of each other, also not through a header between
        them; what wires them is the controller's, and no room includes it."""
        room = storage_room(path)
        if not room or storage_room(name) is None:
            return None
        for seen in sorted(self.storage_reach(name)):
            to_room = storage_room(seen)
            through = "" if seen == name else f", and {seen} comes with it"
            if not to_room and STORAGE_CONTROLLER.match(seen.rpartition("/")[2]):
                return f"a room of {STORAGE} knows no controller{through}"
            if to_room and to_room not in (room, STORAGE_CATALOG):
                return (f"a room of {STORAGE} includes no other room but "
                        f"{STORAGE_CATALOG}{through}")
        return None

    def storage_reach(self, name):
        """The headers of model/storage that come with including `name`, itself among them."""
        reached, ahead = set(), [name]
        while ahead:
            header = ahead.pop()
            if header in reached or not (self.root / header).is_file():
                continue
            reached.add(header)
            for line in (self.root / header).read_text(encoding="utf-8").splitlines():
                match = INCLUDE.match(line)
                if match and match.group(2).startswith(STORAGE + "/"):
                    ahead.append(match.group(2))
        return reached

    # ---- banned words ---------------------------------------------------------------------------

    def check_banned(self, path, lines):
        folder = self.folder_of(path)
        for rule, folders, pattern, advice in BANNED:
            if not any(folder == f or folder.startswith(f + "/") for f in folders):
                continue
            for number, line in enumerate(lines, 1):
                code, _, comment = line.partition("//")
                match = pattern.search(code)
                if match and not (rule == "unordered" and "never iterated" in comment):
                    self.object(rule, path, number, f"{match.group(0)}: {advice}")

    def check_words(self):
        texts = [f for f in self.files(*CODE_FOLDERS, "cmake", "docs", "scenarios", ".ci")
                 if f.suffix in TEXT_SUFFIXES or f.suffix == ""]
        texts += [f for f in sorted(self.root.glob("*")) if f.is_file() and f.name != ".git"]
        for path in texts:
            if path.name == "LICENSE":
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                match = UNFINISHED.search(line)
                if match:
                    self.object("unfinished", path, number,
                                f"{match.group(0)}: finish it, or write it down as a limitation")
                match = MACHINE_PATH.search(line)
                if match:
                    self.object("machine-path", path, number,
                                f"{match.group(0)}...: a path of one machine")

    def check_links(self):
        pages = [f for f in self.files(*CODE_FOLDERS, "deploy", "docs", "findings", "scenarios")
                 if f.suffix == ".md"]
        for path in pages + sorted(self.root.glob("*.md")):
            text = re.sub(r"^```.*?^```|`[^`\n]*`", lambda found: re.sub(r"[^\n]", " ", found[0]),
                          path.read_text(encoding="utf-8"), flags=re.M | re.S)
            for number, line in enumerate(text.splitlines(), 1):
                for target in re.findall(r"\]\(([^)#\s]+)", line):
                    if "://" not in target and not (path.parent / target).exists():
                        self.object("link", path, number, f"{target}: there is no such file")

    def check_image(self):
        """What the image is built of, its context holds."""
        recipe = self.root / "deploy/Dockerfile"
        if not recipe.is_file():
            return
        kept = re.findall(r"^!(\S+)$", Path(f"{recipe}.dockerignore").read_text(), re.M)
        for number, line in enumerate(recipe.read_text().splitlines(), 1):
            words = line.split()
            if words[:1] != ["COPY"] or words[1].startswith("--"):
                continue
            for name in words[1:-1]:
                if name not in kept:
                    self.object("image", recipe, number,
                                f"{name}: Dockerfile.dockerignore keeps it out of the context")

    # ---- sizes ----------------------------------------------------------------------------------

    def check_sizes(self, path, lines):
        if len(lines) > FILE_LINES_MAX:
            self.object("file-length", path, len(lines),
                        f"{len(lines)} lines (at most {FILE_LINES_MAX}): one idea for each file")
        for number, line in enumerate(lines, 1):
            # A table of an X-macro has a text of its own for each entry.
            if len(line) > LINE_LENGTH_MAX and not re.match(r"\s+X\(", line):
                self.object("line-length", path, number,
                            f"{len(line)} columns (at most {LINE_LENGTH_MAX})")
            if "\t" in line or line != line.rstrip():
                self.object("whitespace", path, number, "a tab, or blanks at the end of the line")
        for first, last, name in functions(lines):
            if last - first + 1 > FUNCTION_LINES_MAX:
                self.object("function-length", path, first,
                            f"{name} has {last - first + 1} lines (at most {FUNCTION_LINES_MAX})")

    # ---- every test is run ----------------------------------------------------------------------

    def check_registered(self):
        listed = "\n".join(f.read_text() for f in self.files("tests")
                           if f.suffix == ".cmake" or f.name == "CMakeLists.txt")
        names = set(re.findall(r"[\w.-]+", listed))
        for path in self.files("tests"):
            folder = self.folder_of(path)
            if folder == "tests/unit" and path.suffix == ".cpp" and path.name not in names:
                self.object("unregistered", path, 1, "listed in no tests/unit/*.cmake")
            if folder == "tests/unit" and path.suffix == ".cmake" and path.stem not in names:
                self.object("unregistered", path, 1, "not in the list of areas of tests/CMakeLists")
            if path.name.endswith("_test.py") and path.name not in names:
                self.object("unregistered", path, 1, "listed in no CMakeLists.txt")
            if folder == "tests/mutants" and path.suffix == ".patch" and path.stem not in names:
                self.object("unregistered", path, 1, "listed in tests/mutants/CMakeLists.txt not")
        for path in self.files("model", "config", "sim", "reports", "bench", "agent"):
            if path.suffix == ".cpp":
                lists = path.parent / "CMakeLists.txt"
                top = self.root / path.relative_to(self.root).parts[0] / "CMakeLists.txt"
                text = "".join(f.read_text() for f in {lists, top} if f.is_file())
                if path.relative_to(self.root).as_posix() == "sim/main.cpp":
                    text = (self.root / "sim/cli/CMakeLists.txt").read_text()
                if path.relative_to(self.root).as_posix() == "agent/main.cpp":
                    text = (self.root / "agent/host/CMakeLists.txt").read_text()
                if path.name not in re.findall(r"[\w.-]+", text):
                    self.object("unregistered", path, 1, "built by no CMakeLists.txt")
        index = self.root / "findings" / "README.md"
        indexed = index.read_text() if index.is_file() else ""
        for path in self.files("findings"):
            if path != index and f"`{path.name}`" not in indexed:
                self.object("unregistered", path, 1, "not in the index of findings/README.md")
        scenarios = [f for f in self.files("scenarios") if f.suffix in (".yaml", ".yml")]
        for path in scenarios:
            text = path.read_text(errors="replace")
            if path.suffix == ".yml" or not re.search(r"^scenario: ", text, re.M):
                self.object("unregistered", path, 1, "not a *.yaml with a `scenario:` key")


def arrow_problem(folder, name):
    """Is the include against the direction of dependence between folders?"""
    while folder and folder not in ARROWS:
        folder = folder.rpartition("/")[0]
    allowed = ARROWS.get(folder)
    if allowed is None or any(name == a or name.startswith(a + "/") for a in allowed):
        return None
    if not allowed:
        return f"a new folder of {folder} needs its place in the order of dependence"
    return f"{folder} depends on {', '.join(allowed)} alone"


def storage_room(name):
    """The room of model/storage that a file is in, "" for one directly there, None outside."""
    if not name.startswith(STORAGE + "/"):
        return None
    return name[len(STORAGE) + 1:].rpartition("/")[0].split("/")[0]


def strip_literals(line, in_comment):
    """The line without comments and the content of literals; the state of /* */ after it."""
    out, i = [], 0
    while i < len(line):
        if in_comment:
            end = line.find("*/", i)
            if end < 0:
                return "".join(out), True
            i, in_comment = end + 2, False
        elif line.startswith("//", i):
            break
        elif line.startswith("/*", i):
            i, in_comment = i + 2, True
        elif line[i] in "\"'" and not (line[i] == "'" and i and line[i - 1].isalnum()):
            quote, i = line[i], i + 1
            while i < len(line) and line[i] != quote:
                i += 2 if line[i] == "\\" else 1
            i += 1
            out.append('""')
        else:
            out.append(line[i])
            i += 1
    return "".join(out), in_comment


def functions(lines):
    """(first line, last line, name) of each function body, lambdas within counted as part of it."""
    stack = []     # (opening line, is a function, name)
    in_comment = in_raw = in_macro = False
    statement, started = "", 0  # text since the last ; { or }
    for number, raw in enumerate(lines, 1):
        if in_macro or raw.lstrip().startswith("#"):  # a list in a macro is no function
            in_macro = raw.rstrip().endswith("\\")
            continue
        if in_raw:
            if in_raw not in raw:
                continue
            raw, in_raw = raw.split(in_raw, 1)[1], False
        match = re.search(r'R"(\w*)\((?!.*\)\1")', raw)
        if match:
            in_raw, raw = ")" + match.group(1) + '"', raw[:match.start()]
        text, in_comment = strip_literals(raw, in_comment)
        for char in text:
            if char == "{":
                head = statement.strip()
                is_function = bool(re.search(r"\)[\s\w&:<>*,-]*$|\)\s*:.*$", head)) and not re.match(
                    r"(class|struct|enum|namespace|union|if|for|while|switch|do|else|TEST)\b", head)
                if re.match(r"TEST(_F|_P)?\b", head):
                    is_function = True
                is_function = is_function and not any(s[1] for s in stack)
                name = re.search(r"([\w:~]+)\s*\(", head)
                stack.append((started or number, is_function, name.group(1) if name else "?"))
                statement, started = "", 0
            elif char == "}":
                if stack:
                    first, is_function, name = stack.pop()
                    if is_function:
                        yield first, number, name
                statement, started = "", 0
            elif char == ";":
                statement, started = "", 0
            else:
                if not statement.strip() and not char.isspace():
                    started = number
                statement += char
        statement += " "


# ---- proof that each rule objects ---------------------------------------------------------------

def good_tree(root):
    def put(name, text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    put("model/base/a.hpp", "#pragma once\n#include <vector>\nnamespace x { int a(); }\n")
    put("model/base/a.cpp", '#include "model/base/a.hpp"\nnamespace x {\nint a() { return 1; }\n}\n')
    put("model/CMakeLists.txt", "add_library(m base/a.cpp)\n")
    put("sim/engine/e.hpp", "#pragma once\n")
    put("sim/engine/e.cpp", "#include <simgrid/s4u.hpp>\n")
    put("sim/engine/CMakeLists.txt", "add_library(e e.cpp)\n")
    put("sim/topology/t.hpp", "#pragma once\n#include <boost/graph/adjacency_list.hpp>\n")
    put("tests/helper.hpp", "#pragma once\n")
    for name, included in GOOD_INCLUDES.items():
        put(name, "#pragma once\n" + "".join(f'#include "{i}"\n' for i in included))
    put("tests/CMakeLists.txt", "foreach(area IN ITEMS base)\n")
    put("tests/unit/base.cmake", "leasehold_add_unit_test(b SOURCES base_a_test.cpp)\n")
    put("tests/unit/base_a_test.cpp", '#include "model/base/a.hpp"\nTEST(A, B) {\n}\n')
    put("scenarios/a.yaml", "scenario: a\n")
    put("README.md", "see [a](scenarios/a.yaml)\n```\n[b](b.md)\n```\n")
    put("deploy/Dockerfile", "COPY model model\n")
    put("deploy/Dockerfile.dockerignore", "*\n!model\n")
    return put


# Headers of the good tree: one for each folder, with each arrow that it may have.
GOOD_INCLUDES = {
    "model/protocol/p.hpp": ("model/base/a.hpp",),
    "model/election/elector.hpp": ("model/protocol/p.hpp", "model/base/a.hpp"),
    "model/storage/config.hpp": ("model/base/a.hpp",),
    "model/storage/catalog/c.hpp": ("model/storage/config.hpp", "model/protocol/p.hpp"),
    "model/storage/follower/f.hpp": ("model/storage/catalog/c.hpp", "model/storage/config.hpp"),
    "model/storage/leader/l.hpp": ("model/storage/catalog/c.hpp", "model/storage/config.hpp"),
    "model/storage/queries/q.hpp": ("model/storage/catalog/c.hpp", "model/storage/config.hpp"),
    "model/storage/arrows.hpp": (),
    "model/storage/state.hpp": ("model/storage/leader/l.hpp",),
    "model/storage/controller.hpp": (
        "model/storage/arrows.hpp", "model/storage/state.hpp", "model/storage/catalog/c.hpp",
        "model/storage/follower/f.hpp", "model/storage/leader/l.hpp",
        "model/storage/queries/q.hpp"),
    "model/check/k.hpp": ("model/protocol/p.hpp", "model/base/a.hpp",
                          "model/election/elector.hpp", "model/storage/config.hpp"),
    "model/replica/r.hpp": ("model/storage/controller.hpp", "model/election/elector.hpp",
                            "model/protocol/p.hpp", "model/base/a.hpp"),
    "config/tree.hpp": ("model/base/a.hpp",),
    "reports/text.hpp": ("model/check/k.hpp",),
    "sim/scenario/s.hpp": ("config/tree.hpp", "model/storage/config.hpp"),
    "sim/world/world.hpp": ("sim/engine/e.hpp", "sim/scenario/s.hpp", "reports/text.hpp",
                            "config/tree.hpp", "model/replica/r.hpp"),
    "agent/host/h.hpp": ("reports/text.hpp", "config/tree.hpp", "model/replica/r.hpp"),
}

# Arrows that must not be: (from, to, what the objection says). All targets are in the good tree.
BAD_ARROWS = [
    ("model/base/b.hpp", "model/protocol/p.hpp", "model/base depends on"),
    ("model/protocol/b.hpp", "model/election/elector.hpp", "model/protocol depends on"),
    ("model/protocol/b.hpp", "model/storage/config.hpp", "model/protocol depends on"),
    ("model/election/b.hpp", "model/storage/config.hpp", "model/election depends on"),
    ("model/election/b.hpp", "model/replica/r.hpp", "model/election depends on"),
    ("model/storage/b.hpp", "model/election/elector.hpp", "model/storage depends on"),
    ("model/storage/b.hpp", "model/replica/r.hpp", "model/storage depends on"),
    ("model/storage/leader/b.hpp", "model/election/elector.hpp", "model/storage depends on"),
    ("model/check/b.hpp", "model/storage/controller.hpp", "model/check depends on"),
    ("model/check/b.hpp", "model/replica/r.hpp", "model/check depends on"),
    ("model/check/b.hpp", "reports/text.hpp", "model/check depends on"),
    ("model/check/b.hpp", "sim/engine/e.hpp", "model/check depends on"),
    ("model/replica/b.hpp", "model/check/k.hpp", "model/replica depends on"),
    ("model/other/b.hpp", "model/base/a.hpp", "a new folder of model"),
    ("model/base/b.hpp", "config/tree.hpp", "model/base depends on"),
    ("model/base/b.hpp", "sim/engine/e.hpp", "model/base depends on"),
    ("model/storage/catalog/b.hpp", "model/storage/leader/l.hpp", "no other room"),
    ("model/storage/follower/b.hpp", "model/storage/leader/l.hpp", "no other room"),
    ("model/storage/leader/b.hpp", "model/storage/follower/f.hpp", "no other room"),
    ("model/storage/queries/b.hpp", "model/storage/follower/f.hpp", "no other room"),
    ("model/storage/leader/b.hpp", "model/storage/queries/q.hpp", "no other room"),
    ("model/storage/leader/b.hpp", "model/storage/controller.hpp", "knows no controller"),
    ("model/storage/catalog/b.hpp", "model/storage/arrows.hpp", "knows no controller"),
    ("model/storage/follower/b.hpp", "model/storage/state.hpp", "leader/l.hpp comes with it"),
    ("model/storage/catalog/b.hpp", "model/storage/state.hpp", "leader/l.hpp comes with it"),
    ("config/b.hpp", "model/protocol/p.hpp", "config depends on"),
    ("config/b.hpp", "sim/scenario/s.hpp", "config depends on"),
    ("config/b.hpp", "agent/host/h.hpp", "config depends on"),
    ("reports/b.hpp", "sim/scenario/s.hpp", "reports depends on"),
    ("reports/b.hpp", "sim/engine/e.hpp", "reports depends on"),
    ("reports/b.hpp", "config/tree.hpp", "reports depends on"),
    ("reports/b.hpp", "agent/host/h.hpp", "reports depends on"),
    ("sim/world/b.hpp", "agent/host/h.hpp", "sim depends on"),
    ("sim/scenario/b.hpp", "sim/world/world.hpp", "sim/scenario depends on"),
    ("agent/host/b.hpp", "sim/scenario/s.hpp", "agent depends on"),
    ("agent/host/b.hpp", "sim/engine/e.hpp", "agent depends on"),
    ("sim/world/b.hpp", "tests/helper.hpp", "nothing includes tests"),
    ("agent/host/b.hpp", "tests/helper.hpp", "nothing includes tests"),
    ("sim/engine/b.hpp", "e.hpp", "not a path from"),
]

PLANTED = [
    ("include", "model/base/b.hpp", "#pragma once\n#include <thread>\n"),
    ("include", "model/base/b.hpp", "#pragma once\n#include <random>\n"),
    ("include", "model/check/c.hpp", "#pragma once\n#include <simgrid/s4u.hpp>\n"),
    ("include", "agent/host/b.hpp", "#pragma once\n#include <simgrid/s4u.hpp>\n"),
    ("include", "reports/r.hpp", "#pragma once\n#include <simgrid/s4u.hpp>\n"),
    ("include", "sim/world/w.hpp", "#pragma once\n#include <boost/graph/graph_traits.hpp>\n"),
    ("pragma-once", "model/base/b.hpp", "#include <vector>\n"),
    ("unordered", "model/base/b.hpp", "#pragma once\nstd::unordered_map<int, int> m;\n"),
    ("distribution", "sim/world/w.hpp", "#pragma once\nstd::normal_distribution<double> d;\n"),
    ("wall-clock", "config/w.hpp", "#pragma once\nauto t = std::chrono::system_clock::now();\n"),
    ("wall-clock", "sim/world/w.hpp", "#pragma once\nauto t = std::chrono::steady_clock::now();\n"),
    ("unfinished", "model/base/b.hpp", "#pragma once\n// TO" + "DO: later\n"),
    ("unfinished", "README.md", "FIX" + "ME\n"),
    ("machine-path", "README.md", "see /ho" + "me/someone/x\n"),
    ("link", "docs/a.md", "see [b](b.md), `[c](c.md)` and [d](https://example.org)\n"),
    ("link", "README.md", "see [b](docs/b.md#there)\n"),
    ("image", "deploy/Dockerfile", "COPY model model\nCOPY --from=build /a /b\nCOPY sim sim\n"),
    ("line-length", "model/base/b.hpp", "#pragma once\n// " + "x" * 98 + "\n"),
    ("whitespace", "model/base/b.hpp", "#pragma once\nint a; \n"),
    ("file-length", "model/base/b.hpp", "#pragma once\n" + "int a;\n" * 450),
    ("function-length", "model/base/b.hpp",
     "#pragma once\nnamespace x {\nclass C {\n    int f() const {\n" + "        g({1});\n" * 80
     + "    }\n};\n}\n"),
    ("function-length", "tests/unit/base_a_test.cpp",
     "TEST(A, B) {\n" + "    g([] { if (x) { y(); } });\n" * 80 + "}\n"),
    ("unregistered", "model/base/b.cpp", "int b;\n"),
    ("unregistered", "config/b.cpp", "int b;\n"),
    ("unregistered", "tests/unit/base_b_test.cpp", "int b;\n"),
    ("unregistered", "tests/unit/other.cmake", "\n"),
    ("unregistered", "tests/scenarios/some_test.py", "\n"),
    ("unregistered", "tests/mutants/some.patch", "\n"),
    ("unregistered", "scenarios/b.yaml", "name: b\n"),
    ("unregistered", "findings/other.sh", "\n"),
]


def self_test():
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        good_tree(Path(scratch))
        found = Tidy(scratch).run()
        if found:
            print(f"the good tree was objected to: {found}")
            failed += 1
    planted = [(rule, name, text, "") for rule, name, text in PLANTED]
    planted += [("include", name, f'#pragma once\n#include "{included}"\n', words)
                for name, included, words in BAD_ARROWS]
    for rule, name, text, words in planted:
        with tempfile.TemporaryDirectory() as scratch:
            good_tree(Path(scratch))(name, text)
            found = Tidy(scratch).run()
            if ([r for r, _ in found] != [rule] or not found[0][1].startswith(name + ":")
                    or words not in found[0][1]):
                print(f"{rule} planted in {name}: found {found}")
                failed += 1
    print(f"{len(planted) + 1 - failed} passed, {failed} failed")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    tidy = Tidy(sys.argv[1])
    sources = sum(1 for _ in tidy.sources())
    for rule, message in tidy.run():
        print(f"{message} [{rule}]")
    if not sources:
        print("no source was found: wrong folder?")
    print(f"{sources} sources, {len(tidy.found)} objections")
    return 1 if tidy.found or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
