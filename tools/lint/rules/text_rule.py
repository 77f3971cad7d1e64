"""What no file may say, and how text files end."""
import os
import re

from tools.lint.tree import Finding

RULE = "text"

# Written so that the patterns do not match themselves.
_FORBIDDEN = (
    (re.compile(r"(?<![\w.$}/])/(?:w[o]rk|r[o]ot|h[o]me|f[a]rm)/\w"),
     "a path of somebody's machine: name it relative to the root of the tree"),
    (re.compile(r"\.\./s[h]ared\b|/tmp/b[a]sh_jobs|(?<!\w)\.l[i]brary/"),
     "a path that means nothing to a reader of the project"),
    (re.compile(r"\b(?:FIX[M]E|XX[X]|HA[C]K)\b"), "write TODO(#n), and the issue says the rest"),
    (re.compile(r"\bTO[D]O\b(?!\(#\d+\)|\(#n\))"), "name the issue: TODO(#n)"),
    (re.compile(r"D[O] NOT SUBMIT|^(?:<{7}|>{7}) "), "this was not meant to be committed"),
)
_CODE = (".h", ".cc", ".proto", ".py", ".sh", ".bzl")


def check(source):
    # The license is not ours to word.
    if source.path == "LICENSE":
        return
    for number, line in enumerate(source.lines, 1):
        for pattern, why in _FORBIDDEN:
            match = pattern.search(line)
            if match:
                yield Finding(source.path, number, RULE, f"'{match.group()}': {why}")
        if line != line.rstrip():
            yield Finding(source.path, number, RULE, "white space at the end of the line")
        if "\t" in line and source.extension in _CODE:
            yield Finding(source.path, number, RULE, "a tab: indent with spaces")
    if source.text and not source.text.endswith("\n"):
        yield Finding(source.path, len(source.lines), RULE, "the last line has no newline")


def _prose(source):
    """The lines outside of fenced code, with their numbers."""
    fenced = False
    for number, line in enumerate(source.lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def check_markdown(source, paths):
    """One title a page; links within the tree lead somewhere."""
    if source.extension != ".md":
        return
    directories = {os.path.dirname(p) for p in paths}
    titles = [n for n, line in _prose(source) if line.startswith("# ")]
    if len(titles) != 1:
        where = titles[1] if titles else 1
        yield Finding(source.path, where, "markdown",
                      f"{len(titles)} titles ('# '): a page has one")
    for number, line in _prose(source):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", line)):
            if "://" in target or target.startswith("mailto:"):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(source.path), target))
            if path not in paths and path not in directories and not any(
                    d.startswith(path + "/") for d in directories):
                yield Finding(source.path, number, "markdown", f"{target} is not in the tree")
