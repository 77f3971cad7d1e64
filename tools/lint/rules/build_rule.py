"""BUILD files: private unless said otherwise, layers checked, flags elsewhere."""
import ast
import re

from tools.lint.tree import Finding

RULE = "build"

# Repositories of their own, and libraries' BUILD files.
_THIRD_PARTY = re.compile(r"^tools/third_party/shims/")
# Packages that must not build: tools/lint/planted/README.md.
_PLANTED = re.compile(r"^tools/lint/planted/")

_FLAGS = ("copts", "nocopts", "includes")
_SOURCES_MAX = 10


def _calls(tree):
    """(name, keywords, line) of each call of a plain name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, {k.arg: k.value for k in node.keywords}, node.lineno


def _strings(node):
    return [n.value for n in ast.walk(node)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)] if node else []


def _sources(keywords):
    return len(_strings(keywords.get("srcs"))) + len(_strings(keywords.get("hdrs")))


def check(source):
    if not source.is_build or _THIRD_PARTY.match(source.path) or _PLANTED.match(source.path):
        return
    if source.name == "BUILD":
        yield Finding(source.path, 1, RULE, "BUILD files are called BUILD.bazel")
    try:
        calls = list(_calls(ast.parse(source.text)))  # Starlark is Python where BUILD files go.
    except SyntaxError as error:
        yield Finding(source.path, error.lineno or 1, RULE, f"cannot be read: {error.msg}")
        return
    package = next((keywords for name, keywords, _ in calls if name == "package"), {})
    if _strings(package.get("default_visibility")) != ["//visibility:private"]:
        yield Finding(source.path, 1, RULE,
                      'begin with package(default_visibility = ["//visibility:private"], ...)')
    compiles = any(name in ("cc_library", "cc_binary", "cc_test") for name, _, _ in calls)
    if compiles and "layering_check" not in _strings(package.get("features")):
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
