"""Programs that are compiled for speed, in whatever configuration they are asked for.

Runs of the simulator are as long as the compiler lets them be.
"""

def _transition_impl(settings, attr):
    copts = settings["//command_line_option:copt"]
    if attr.mutants:
        copts = copts + ["-DTIDELOG_MUTANTS=1"]
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": copts,
    }

_optimized = transition(
    implementation = _transition_impl,
    inputs = ["//command_line_option:copt"],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:copt",
    ],
)

def _optimized_binary_impl(ctx):
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = binary.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(executable = executable, runfiles = binary.default_runfiles)]

optimized_binary = rule(
    implementation = _optimized_binary_impl,
    attrs = {
        "binary": attr.label(cfg = _optimized, mandatory = True),
        "mutants": attr.bool(doc = "Whether bugs can be switched on: wal/base/mutant.h."),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
