"""What the checks in this folder share: finding files, and reading C++ without comments and strings."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = {"build", ".git", "node_modules", "__pycache__", ".cache"}


def files(root, *extensions):
    """Paths below root, relative to it and sorted, whose names end in one of the extensions."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in names:
            if name.endswith(extensions):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def line_of(text, position):
    return text.count("\n", 0, position) + 1


_CPP = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | (?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
    """,
    re.DOTALL | re.VERBOSE,
)


def blank(text, keep_strings=False):
    """C++ with comments (and what stands in strings) replaced by blanks; every position stays."""

    def replaced(match):
        found = match.group(0)
        if found.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", found)
        if keep_strings:
            return found
        if found.startswith("'"):
            return "'" + re.sub(r"[^\n]", " ", found[1:-1]) + "'"
        return '"' + re.sub(r"[^\n]", " ", found[1:-1]) + '"'

    return _CPP.sub(replaced, text)


def report(tool, problems, checked):
    """Prints one problem a line as file:line: text; the exit status of the tool."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{tool}: {len(problems)} problems in {checked}", file=sys.stderr)
        return 1
    print(f"{tool}: {checked}, no problem")
    return 0
