"""The files that are linted, and what is found in them."""
import dataclasses
import fnmatch
import os
import subprocess


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One line for a person: where, which rule, what is wrong, and the way out."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class SourceFile:
    """A text file: `path` is relative to the root of the tree."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()

    @property
    def name(self):
        return os.path.basename(self.path)

    @property
    def extension(self):
        return os.path.splitext(self.path)[1]

    @property
    def is_header(self):
        return self.extension == ".h"

    @property
    def is_cpp(self):
        return self.extension in (".h", ".cc")

    @property
    def is_build(self):
        return self.name in ("BUILD", "BUILD.bazel")

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1


def list_paths(root):
    """All files that are tracked, or new and not ignored."""
    if os.path.exists(os.path.join(root, ".git")):
        command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
        command += ["--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
        paths = set(listed.split("\0")) - {""}
    else:
        paths = set(_walk(root))  # A source archive.
    return sorted(p for p in paths if os.path.isfile(os.path.join(root, p)))


def _walk(root):
    unwanted = ["bazel-*", ".git", "distfiles", "__pycache__", "user.bazelrc"]
    for directory, names, files in os.walk(root):
        names[:] = [n for n in names if not any(fnmatch.fnmatch(n, u) for u in unwanted)]
        for name in files:
            if name not in unwanted:
                yield os.path.relpath(os.path.join(directory, name), root)


def read_tree(root):
    """The text files among list_paths(), as SourceFiles."""
    files = []
    for path in list_paths(root):
        if os.path.dirname(path).endswith("_corpus"):
            continue  # What fuzzers are fed and found: bytes, whatever they look like.
        with open(os.path.join(root, path), "rb") as f:
            content = f.read()
        if b"\0" in content:
            continue
        try:
            files.append(SourceFile(path, content.decode()))
        except UnicodeDecodeError:
            continue
    return files
