"""cc_fuzz_test: a libFuzzer target that is also an ordinary test of its corpus."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")

def cc_fuzz_test(name, srcs, corpus, deps = [], tags = [], **kwargs):
    """Declares a fuzz target.

    As a test it runs LLVMFuzzerTestOneInput once on each file of the corpus, with any compiler
    (replay_main.cc); under --config=fuzz by libFuzzer, with ASan and UBSan.

    tools/fuzz runs all of them, and keeps what it finds in their corpora. To run one by hand, build
    it and call the binary; new inputs go to the first directory.

        bazel build --config=fuzz //wal/message:record_fuzz
        bazel-bin/wal/message/record_fuzz -max_total_time=60 NEW_DIRECTORY CORPUS_DIRECTORY

    Args:
      name: name of the target.
      srcs: sources that define LLVMFuzzerTestOneInput.
      corpus: a directory of this package, with the seed inputs.
      deps: dependencies.
      tags: tags.
      **kwargs: passed to cc_test.
    """
    cc_test(
        name = name,
        srcs = srcs,
        args = [
            "-runs=0",
            native.package_name() + "/" + corpus,
        ],
        data = native.glob([corpus + "/**"]),
        linkopts = select({
            "//wal/testing/fuzz:libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        linkstatic = True,
        tags = tags + ["fuzz"],  # By which tools/fuzz finds it.
        deps = deps + select({
            "//wal/testing/fuzz:libfuzzer": [],
            "//conditions:default": ["//wal/testing/fuzz:replay_main"],
        }),
        **kwargs
    )
