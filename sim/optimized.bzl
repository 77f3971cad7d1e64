"""Programs that are compiled for speed, in whatever configuration they are asked for.

Runs of the simulator are as long as the compiler lets them be.
"""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

# Tags of a test that is compiled in its own way, whatever the lane: once is enough.
IN_ONE_LANE = [
    "no-asan",
    "no-gcc",
    "no-tsan",
]

# An output directory for each compiler, which is the same from wherever it is asked for: nothing is
# compiled twice.
def _suffix(settings):
    return "-fast-gcc" if "gcc" in settings["//command_line_option:platform_suffix"] else "-fast"

def _transition_impl(settings, attr):
    copts = settings["//command_line_option:copt"]
    if attr.mutants:
        copts = copts + ["-DTIDELOG_MUTANTS=1"]
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": copts,
        # As in other configurations that compile everything once more: .bazelrc.
        "@precompiled_headers//:enabled": True,
        "@precompiled_headers//:layering_check": False,
        "//command_line_option:platform_suffix": _suffix(settings),
    }

_optimized = transition(
    implementation = _transition_impl,
    inputs = [
        "//command_line_option:copt",
        "//command_line_option:platform_suffix",
    ],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
        "//command_line_option:platform_suffix",
        "@precompiled_headers//:enabled",
        "@precompiled_headers//:layering_check",
    ],
)

def _impl(ctx):
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = binary.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(executable = executable, runfiles = binary.default_runfiles)]

_ATTRS = {
    "binary": attr.label(cfg = _optimized, mandatory = True),
    "mutants": attr.bool(doc = "Whether bugs can be switched on: wal/base/mutant.h."),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

optimized_binary = rule(
    implementation = _impl,
    attrs = _ATTRS,
    executable = True,
)

optimized_test = rule(
    implementation = _impl,
    attrs = _ATTRS,
    test = True,
)

# Unoptimized, one case of so many: enough for what a sanitizer or another compiler sees. Odd, as
# tests do one thing at even steps and another at odd ones.
_SAMPLE_STRIDE = 7

def exhaustive_test(name, srcs, deps, size, shard_count = 1):
    """A test of very many cases (//wal/testing:sample): all of them optimized, some in each lane."""
    cc_binary(
        name = name + "_program",
        testonly = True,
        srcs = srcs,
        tags = ["manual"],
        deps = deps,
    )
    optimized_test(
        name = name,
        size = size,
        binary = ":" + name + "_program",
        # What other tests are optimized with: nothing is compiled twice.
        mutants = True,
        shard_count = shard_count,
        tags = IN_ONE_LANE,
    )
    cc_test(
        name = name + "_sample",
        size = size,
        srcs = srcs,
        env = {"TIDELOG_SAMPLE_STRIDE": str(_SAMPLE_STRIDE)},
        deps = deps,
    )
