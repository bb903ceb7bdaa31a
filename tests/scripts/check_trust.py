#!/usr/bin/env python3
"""Holds docs/trust.md against the sources: every rule, attack and published vulnerability has its
function and its test, and what the tables name is there.

  check_trust.py SOURCE_DIRECTORY
"""
import fnmatch
import pathlib
import re
import sys

RULES = {f"R{n}" for n in range(1, 73)} - {"R20"}  # the specification has no R20
ATTACKS = {f"A{n}" for n in range(1, 18)}
VULNERABILITIES = re.compile(r"CVE-\d+-\d+|GHSA(?:-\w{4}){3}")
CASE = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
SUITE = re.compile(r"^INSTANTIATE_TEST_SUITE_P\(\s*(\w*),\s*(\w+)", re.M)
CTEST = re.compile(r"add_test\(NAME\s+([\w.]+)|^updog_interop_test\((\w+)", re.M)


def read(folders, *endings):
    return [path.read_text() for folder in folders for path in sorted(folder.rglob("*"))
            if path.name.endswith(endings)]


def names_of_tests(tests):
    names = set()
    for text in read([tests], ".cc", ".h"):
        names.update(f"{suite}.{case}" for suite, case in CASE.findall(text))
    for text in read([tests], ".cc", ".h"):  # of a suite with parameters
        for prefix, suite in SUITE.findall(text):
            cases = {name for name in names if name.startswith(suite + ".")}
            names.update(f"{prefix}/{name}/0".lstrip("/") for name in cases)
    for text in read([tests], "CMakeLists.txt"):
        names.update(name for name, _ in CTEST.findall(text))
        names.update(f"Interop.{name}" for _, name in CTEST.findall(text) if name)
    return names


def rows(text):
    """The cells of each row of a table, with its heading, its number of columns and its line."""
    columns, heading = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            heading = line[3:]
        if not line.startswith("|"):
            columns = 0
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if columns == 0:
            columns = len(cells)
        elif not set(line) <= set("|-"):
            yield heading, columns, number, cells


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def is_defined(name, sources):
    """Whether one source has every word of NAME; a word that ends in "…" is the beginning of one."""
    words = [re.escape(word.rstrip("…")) + ("" if word.endswith("…") else r"\b")
             for word in name.split("::")]
    return any(all(re.search(r"\b" + word, text) for word in words) for text in sources)


def main():
    root = pathlib.Path(sys.argv[1])
    sources = read([root / "base", root / "tough"], ".cc", ".h")
    tests = names_of_tests(root / "tests")
    faults, seen = [], {}
    for heading, columns, line, cells in rows((root / "docs/trust.md").read_text()):
        def fault(text):
            faults.append(f"docs/trust.md:{line}: {text}")
        if len(cells) != columns:
            fault(f"{len(cells)} cells under a head of {columns}")
            continue
        if columns == 3:
            faults += [f"docs/trust.md:{line}: no such function: {name}"
                       for name in quoted(cells[1]) if not is_defined(name, sources)]
        named = [name.replace("…", "*") for name in quoted(cells[-1])]
        found = {test for name in named for test in fnmatch.filter(tests, name)}
        for name in named:
            if not fnmatch.filter(tests, name):
                fault(f"no such test: {name}")
        for rule in re.findall(r"\b[RA]\d+\b", cells[0]):
            # A rule's row names a function, an attack has one in the table of attacks.
            complete = bool(cells[1]) and columns == 3 if rule[0] == "R" else heading == "Attacks"
            if found and complete:
                seen[rule] = line
        for vulnerability in VULNERABILITIES.findall(cells[0]):
            letters = vulnerability.replace("-", "").lower()
            if not any(letters in test.replace("_", "").lower() for test in found):
                fault(f"no test has the name of {vulnerability}")
    faults += [f"docs/trust.md: no row for {rule}" for rule in sorted((RULES | ATTACKS) - set(seen))]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
