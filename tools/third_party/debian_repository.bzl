"""Repository rule: an installed Debian -dev package as a Bazel repository.

The repository holds BUILD files only. Headers are found in /usr/include, one of the C++
toolchain's built-in include directories; libraries are linked by -l.

So neither headers nor libraries are inputs of any action, and an upgraded package would rebuild
nothing; with a disk cache not even 'bazel clean' would help. The versions of the packages
therefore stand on the command lines of whatever is compiled or linked with them. (A header with
the version in `hdrs` does not do: Bazel's action cache forgets headers that no source includes.)
"""

_LIBRARY = """
cc_library(
    name = "{name}",
    defines = DEFINES,
    linkopts = LINKOPTS + {linkopts},
    deps = {deps},
)
"""

_HEADER = """load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//:version.bzl", "DEFINES", "LINKOPTS")

package(default_visibility = ["//visibility:public"])
"""

# Package to the text of its BUILD file.
def _libraries_build_files(libraries):
    files = {"": _HEADER}
    for label, needs in libraries.items():
        package, _, name = label.rpartition(":")
        files[package] = files.get(package, _HEADER) + _LIBRARY.format(
            name = name,
            linkopts = [n for n in needs if n.startswith("-")],
            deps = [n for n in needs if not n.startswith("-")],
        )
    return files

def _identifier(text):
    return "".join([c if c.isalnum() else "_" for c in text.elems()])

def _debian_repository_impl(ctx):
    missing = [p for p in ctx.attr.files if not ctx.path(p).exists]
    if missing:
        fail("@%s: %s not found: run tools/setup (it installs %s)" % (
            ctx.name,
            ", ".join(missing),
            " ".join(ctx.attr.packages),
        ))
    versions = ctx.execute(["dpkg-query", "-W", "-f", "${Package}_${Version}/"] + ctx.attr.packages)
    if versions.return_code != 0:
        fail("@%s: dpkg-query: %s" % (ctx.name, versions.stderr.strip()))

    # clang-tidy reads macros' values, so the value is an identifier. The directory does not
    # exist: it changes the command line and nothing else.
    version = _identifier(versions.stdout.strip("/\n"))
    ctx.file("version.bzl", "\n".join([
        "\"\"\"The versions of the Debian packages.\"\"\"",
        "DEFINES = [\"DEBIAN_%s=%s\"]" % (_identifier(ctx.name).upper(), version),
        "LINKOPTS = [\"-L/nonexistent/%s\"]" % version,
        "",
    ]))
    ctx.file("WORKSPACE", "")
    for path, target in ctx.attr.links.items():
        ctx.symlink(target, path)
    for target, path in ctx.attr.bzl_files.items():
        ctx.symlink(target, path)
    for package in {p.rpartition("/")[0]: None for p in ctx.attr.bzl_files.values()}:
        ctx.file(package + "/BUILD.bazel", "")
    if ctx.attr.build_file:
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")
    else:
        for package, text in _libraries_build_files(ctx.attr.libraries).items():
            ctx.file(package + "/BUILD.bazel" if package else "BUILD.bazel", text)

debian_repository = repository_rule(
    implementation = _debian_repository_impl,
    attrs = {
        "build_file": attr.label(
            allow_single_file = True,
            doc = "the repository's BUILD file, where `libraries` does not do",
        ),
        "bzl_files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "file of this workspace to its path, PACKAGE/NAME.bzl, in the repository",
        ),
        "files": attr.string_list(doc = "absolute paths that must exist"),
        "libraries": attr.string_list_dict(
            doc = "cc_library, or PACKAGE:NAME of one, to what it needs: linker options, which " +
                  "begin with '-', and labels",
        ),
        "links": attr.string_dict(
            doc = "path in the repository to the absolute path of what is there",
        ),
        "packages": attr.string_list(mandatory = True, doc = "the Debian packages that provide it"),
    },
    # Looked at again whenever the Bazel server starts: notices an apt upgrade.
    configure = True,
    local = True,
)
