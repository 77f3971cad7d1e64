"""BUILD files: private unless said otherwise, layers checked, no flags, no file forgotten."""
import ast
import fnmatch
import os
import re

from tools.lint import build_files
from tools.lint.tree import Finding

RULE = "build"

# Repositories of their own, and packages that must not build (tools/test).
_NOT_OURS = re.compile(r"^tools/(?:third_party/shims|presubmit/planted)/")

_FLAGS = ("copts", "nocopts", "includes")
_SOURCES_MAX = 10


def _is_ours(source):
    return source.is_build and not _NOT_OURS.match(source.path)


def _sources(keywords):
    return sum(len(build_files.strings(keywords.get(k))) for k in ("srcs", "hdrs"))


def check(source):
    if not _is_ours(source):
        return
    if source.name == "BUILD":
        yield Finding(source.path, 1, RULE, "BUILD files are called BUILD.bazel")
    try:
        calls = list(build_files.calls(ast.parse(source.text)))
    except SyntaxError as error:
        yield Finding(source.path, error.lineno or 1, RULE, f"cannot be read: {error.msg}")
        return
    package = next((keywords for name, keywords, _ in calls if name == "package"), {})
    if build_files.strings(package.get("default_visibility")) != ["//visibility:private"]:
        yield Finding(source.path, 1, RULE,
                      'begin with package(default_visibility = ["//visibility:private"], ...)')
    compiles = any(name in ("cc_library", "cc_binary", "cc_test") for name, _, _ in calls)
    if compiles and "layering_check" not in build_files.strings(package.get("features")):
        yield Finding(source.path, 1, RULE, 'package() of C++ has features = ["layering_check"]')
    for name, keywords, line in calls:
        for flag in _FLAGS:
            if flag in keywords:
                yield Finding(source.path, line, RULE,
                              f"no {flag} in a BUILD file: flags are in .bazelrc")
        if name.startswith("cc_") and _sources(keywords) > _SOURCES_MAX:
            yield Finding(source.path, line, RULE,
                          f"{_sources(keywords)} sources, and {_SOURCES_MAX} are the limit: "
                          "a target is one idea")


def check_tree(files):
    """Every C++ and proto file is named by the BUILD file of its package."""
    named = {}
    for source in files:
        if source.is_build:
            try:
                tree = ast.parse(source.text)
            except SyntaxError:
                continue
            named[os.path.dirname(source.path)] = build_files.strings(tree)
    for source in files:
        if not (source.is_cpp or source.extension == ".proto"):
            continue
        package = os.path.dirname(source.path)
        while package and package not in named:
            package = os.path.dirname(package)
        relative = os.path.relpath(source.path, package or ".")
        if not any(fnmatch.fnmatch(relative, name) or name == ":" + relative
                   for name in named.get(package, [])):
            build = os.path.join(package, "BUILD.bazel")
            yield Finding(source.path, 1, RULE,
                          f"{build} does not name this file: nobody builds it")
