"""Precompiled headers of the libraries that most sources include.

Half the time of a compiler goes into headers that never change. With --@precompiled_headers//:enabled,
which the configurations say that compile everything once more (.bazelrc), it reads them once. Elsewhere
nothing is different: a header that a source forgot to include is missed there.
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

    # No module map knows of the precompiled file.
    attributes["features"] = attributes.get("features", []) + _when_on(["-layering_check"])
    return attributes
