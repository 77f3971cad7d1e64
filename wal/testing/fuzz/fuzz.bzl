"""cc_fuzz_test: a libFuzzer target that is also an ordinary test of its corpus."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")

def cc_fuzz_test(name, srcs, corpus, deps = [], **kwargs):
    """Declares a fuzz target.

    As a test it runs LLVMFuzzerTestOneInput once on each file of the corpus, with any compiler
    (replay_main.cc); under --config=fuzz by libFuzzer, with ASan and UBSan.

    To fuzz, build it and call the binary. New inputs go to the first directory; copy what is worth
    keeping into the corpus.

        bazel build --config=fuzz //wal/message:record_fuzz
        bazel-bin/wal/message/record_fuzz -max_total_time=60 NEW_DIRECTORY CORPUS_DIRECTORY

    Args:
      name: name of the target.
      srcs: sources that define LLVMFuzzerTestOneInput.
      corpus: a directory of this package, with the seed inputs.
      deps: dependencies.
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
        deps = deps + select({
            "//wal/testing/fuzz:libfuzzer": [],
            "//conditions:default": ["//wal/testing/fuzz:replay_main"],
        }),
        **kwargs
    )
