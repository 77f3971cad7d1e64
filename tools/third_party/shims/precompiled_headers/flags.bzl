"""Precompiled headers of the libraries that most sources include.

Most of a compiler's time goes into headers that never change. With --@precompiled_headers//:enabled it
reads them once. A header of these that a source forgot to include is then not missed: lint's rule
"include" looks for that.
"""

_REPOSITORY = "@precompiled_headers//"
_OUTPUT = "$(BINDIR)/external/precompiled_headers/precompiled_"

def _when_on(values):
    return select({
        _REPOSITORY + ":on": values,
        "//conditions:default": [],
    })

def with_precompiled_headers(header, attributes):
    """Makes the sources of a rule begin with a header that is precompiled.

    Args:
      header: library or test
      attributes: of the rule

    Returns:
      the rule's attributes, with what that takes
    """
    if native.repository_name() != "@":
        return attributes
    flags = _when_on(["-include", _OUTPUT + header + ".h"])
    if header == "test":
        flags = flags + select({
            _REPOSITORY + ":tests_are_unoptimized": ["-O0"],
            "//conditions:default": [],
        })
    attributes["copts"] = attributes.get("copts", []) + flags
    attributes["deps"] = attributes.get("deps", []) + _when_on([_REPOSITORY + ":precompiled_" + header])
    attributes["features"] = attributes.get("features", []) + select({
        _REPOSITORY + ":layering_is_checked": [],
        "//conditions:default": ["-layering_check"],
    })
    return attributes
