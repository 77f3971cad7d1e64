"""An aspect that runs clang-tidy on our own C++ sources but tests, each an action with a cached result.

A test takes twice the time of any other source, and shows by failing what clang-tidy would guess.

bazel build --config=tidy //...
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

_KINDS = ["cc_binary", "cc_library", "cc_test"]

def _sources(target, ctx):
    if CcInfo not in target or ctx.label.workspace_name or ctx.rule.kind not in _KINDS:
        return []
    return [
        f
        for src in ctx.rule.attr.srcs
        for f in src.files.to_list()
        if f.is_source and f.extension == "cc" and not f.basename.endswith("_test.cc")
    ]

def _compiler_flags(target, ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        # Its module maps are not inputs here.
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps"],
    )
    compilation = target[CcInfo].compilation_context
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        include_directories = compilation.includes,
        preprocessor_defines = compilation.defines,
        quote_include_directories = compilation.quote_includes,
        system_include_directories = compilation.system_includes,
        use_pic = True,  # As what is precompiled.
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts,
    )
    return cc_common.get_memory_inefficient_command_line(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
        variables = variables,
    )

def _clang_tidy_impl(target, ctx):
    outputs = []
    sources = _sources(target, ctx)
    flags = _compiler_flags(target, ctx) if sources else []
    precompiled = ctx.attr._precompiled[CcInfo].compilation_context.headers
    for source in sources:
        output = ctx.actions.declare_file("%s.%s.clang-tidy" % (ctx.label.name, source.basename))
        outputs.append(output)
        args = ctx.actions.args()
        args.add_all([output, source])
        args.add_all(flags)
        args.add_all(ctx.files._precompiled, before_each = "-include")
        ctx.actions.run(
            arguments = [args],
            executable = ctx.executable._runner,
            inputs = depset(
                [source, ctx.file._config],
                transitive = [target[CcInfo].compilation_context.headers, precompiled],
            ),
            mnemonic = "ClangTidy",
            outputs = [output],
            progress_message = "clang-tidy " + source.short_path,
        )
    return [OutputGroupInfo(clang_tidy = depset(outputs))]

clang_tidy_aspect = aspect(
    implementation = _clang_tidy_impl,
    attrs = {
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
        "_precompiled": attr.label(default = "@precompiled_headers//:precompiled_library"),
        "_runner": attr.label(
            default = "//tools/lint:clang_tidy_runner",
            cfg = "exec",
            executable = True,
        ),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
