"""Repository rule: a source archive that tools/setup fetched, with the library's own BUILD files."""

_DISTFILES = "tools/third_party/distfiles"

def _source_repository_impl(ctx):
    root = ctx.path(Label("//:WORKSPACE")).dirname
    archive = root.get_child("tools").get_child("third_party").get_child("distfiles").get_child(ctx.attr.archive)
    if not archive.exists:
        fail("@%s: %s/%s not found: run tools/setup" % (ctx.name, _DISTFILES, ctx.attr.archive))
    ctx.extract(archive, stripPrefix = ctx.attr.strip_prefix)

source_repository = repository_rule(
    implementation = _source_repository_impl,
    attrs = {
        "archive": attr.string(mandatory = True, doc = "file under " + _DISTFILES),
        "strip_prefix": attr.string(doc = "directory inside the archive"),
    },
)
