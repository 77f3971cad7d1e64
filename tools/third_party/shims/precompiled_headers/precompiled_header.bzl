"""A rule that precompiles a header, with the flags that every source is compiled with."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

# clang keeps the absolute path of whatever it reads in what it precompiles. A sandbox, and another
# machine with the same cache, have other directories: so it reads standard input, and all that the
# header includes in it.
# So there is nothing left to include either, when it is told of modules: that, for layering_check.
_CLANG = """
set -o pipefail
output=$1 header=$2 modules=$3
shift 3
"$@" -w -E -frewrite-includes -x c++-header "$header" |
    "$@" $modules -w -fpch-instantiate-templates -x c++-header - -o "$output"
"""

_GCC = """
output=$1 header=$2
shift 3
"$@" -w -x c++-header "$header" -o "$output"
"""

def _flags(ctx, toolchain, compilation):
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
    )
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        include_directories = compilation.includes,
        preprocessor_defines = compilation.defines,
        quote_include_directories = compilation.quote_includes,
        system_include_directories = compilation.system_includes,
        use_pic = True,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.attr.copts,
    )
    return cc_common.get_memory_inefficient_command_line(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
        variables = variables,
    )

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    clang = "clang" in toolchain.compiler_executable
    compilation = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context

    # Both compilers are told of the header, and look for the precompiled one beside it.
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    output = ctx.actions.declare_file(header.basename + (".pch" if clang else ".gch"))
    ctx.actions.symlink(output = header, target_file = ctx.file.header)
    args = ctx.actions.args()
    args.add_all([output, ctx.file.header])

    # What is precompiled can only be used with the same.
    args.add("-fmodules-strict-decluse" if ctx.attr.layering_check else "")
    args.add(toolchain.compiler_executable)
    args.add_all(_flags(ctx, toolchain, compilation))
    ctx.actions.run_shell(
        arguments = [args],
        command = _CLANG if clang else _GCC,
        inputs = depset(
            [ctx.file.header] + ctx.files.includes,
            transitive = [compilation.headers, ctx.attr._cc_toolchain.files],
        ),
        mnemonic = "PrecompileHeader",
        outputs = [output],
        progress_message = "precompiling " + ctx.file.header.short_path,
    )

    # g++ wants the same macros, and tells of the headers in it as of those that a source includes.
    used = cc_common.create_compilation_context(
        defines = compilation.defines,
        headers = depset([header, output] + ctx.files.includes, transitive = [compilation.headers]),
    )
    return [
        CcInfo(compilation_context = used),
        DefaultInfo(files = depset([header])),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "header": attr.label(allow_single_file = True),
        "layering_check": attr.bool(doc = "for sources that are compiled with that feature"),
        "includes": attr.label_list(allow_files = True, doc = "what the header includes beside it"),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _setting_impl(_):
    return []

setting = rule(
    implementation = _setting_impl,
    build_setting = config.bool(flag = True),
)
