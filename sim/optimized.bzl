"""Programs that are compiled for speed, in whatever configuration they are asked for.

Runs of the simulator are as long as the compiler lets them be.
"""

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
