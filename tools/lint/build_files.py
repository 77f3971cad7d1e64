"""BUILD files as data. Starlark is Python where BUILD files go, so Python's parser reads them."""
import ast
import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Target:
    """What one call in a BUILD file, or one rule of a query, declares."""

    package: str
    name: str
    kind: str
    path: str  # Of the BUILD file.
    line: int
    labels: tuple  # Everything it refers to, as absolute labels; third-party ones begin with '@'.
    visibility: tuple | None  # None: the package's default.
    testonly: bool

    @property
    def label(self):
        return f"//{self.package}:{self.name}"


def calls(tree):
    """(name, keyword arguments, line) of each call of a plain name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, {k.arg: k.value for k in node.keywords}, node.lineno


def strings(node):
    if node is None:
        return []
    return [n.value for n in ast.walk(node)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def is_true(node):
    return isinstance(node, ast.Constant) and bool(node.value)


def absolute(label, package):
    """//a/b:c for each way of writing it; None for what is no label."""
    if label.startswith("@"):
        return label
    if label.startswith(":"):
        return f"//{package}{label}"
    if not label.startswith("//"):
        return None
    return label if ":" in label else f"{label}:{label.rsplit('/', 1)[-1]}"


_NO_LABELS = ("name", "visibility", "default_visibility", "tags", "args", "features", "defines")


def targets_of(source):
    """The targets that a BUILD file declares by name."""
    package = os.path.dirname(source.path)
    found = list(calls(ast.parse(source.text)))
    defaults = next((keywords for name, keywords, _ in found if name == "package"), {})
    for kind, keywords, line in found:
        names = strings(keywords.get("name"))
        if not names or kind in ("package", "package_group", "workspace"):
            continue
        labels = [absolute(s, package) for keyword, node in keywords.items()
                  if keyword not in _NO_LABELS for s in strings(node)]
        visibility = None
        if "visibility" in keywords:
            visibility = tuple(absolute(v, package) for v in strings(keywords["visibility"]))
        testonly = kind.endswith("_test") or is_true(
            keywords.get("testonly", defaults.get("default_testonly")))
        yield Target(package, names[0], kind, source.path, line,
                     tuple(sorted({label for label in labels if label})), visibility, testonly)
