"""All third-party libraries, under the labels of their upstream BUILD files.

To add one: its Debian packages to tools/setup, one entry here, one line in libraries_test.cc.
"""

load(":debian_repository.bzl", "debian_repository")
load(":source_repository.bzl", "source_repository")

def third_party_repositories():
    """Declares every third-party repository."""

    # From source: Debian 12's Abseil has a string_view that is not std's, neither absl/log nor
    # absl/crc, and a Mutex that TSan does not understand.
    source_repository(
        name = "com_google_absl",
        archive = "abseil_20240722.0.orig.tar.gz",
        strip_prefix = "abseil-20240722.0",
    )
    debian_repository(
        name = "com_google_googletest",
        files = [
            "/usr/include/gmock/gmock.h",
            "/usr/include/gtest/gtest.h",
        ],
        # As upstream: each has GoogleMock as well.
        libraries = {
            "gtest": [
                "-lgmock",
                "-lgtest",
                "-lpthread",
            ],
            "gtest_main": [
                "-lgmock_main",
                ":gtest",
            ],
        },
        packages = [
            "libgmock-dev",
            "libgtest-dev",
        ],
    )
    debian_repository(
        name = "rapidcheck",
        files = ["/usr/include/rapidcheck.h"],
        libraries = {
            "rapidcheck": ["-lrapidcheck"],
            "rapidcheck_gtest": [
                ":rapidcheck",
                "@com_google_googletest//:gtest",
            ],
        },
        packages = ["librapidcheck-dev"],
    )
    debian_repository(
        name = "com_google_protobuf",
        build_file = "//tools/third_party:protobuf.BUILD",
        bzl_files = {
            "//tools/third_party:protobuf/cc_proto_library.bzl": "bazel/cc_proto_library.bzl",
            "//tools/third_party:protobuf/proto_lang_toolchain.bzl": "bazel/toolchains/proto_lang_toolchain.bzl",
            "//tools/third_party:protobuf/proto_library.bzl": "bazel/proto_library.bzl",
        },
        files = [
            "/usr/bin/protoc",
            "/usr/include/google/protobuf/message.h",
        ],
        links = {
            "system/bin/protoc": "/usr/bin/protoc",
            "system/include/google": "/usr/include/google",
        },
        packages = [
            "libprotobuf-dev",
            "protobuf-compiler",
        ],
    )
    debian_repository(
        name = "cli11",
        files = ["/usr/include/CLI/CLI.hpp"],
        libraries = {"cli11": []},
        packages = ["libcli11-dev"],
    )
    debian_repository(
        name = "nlohmann_json",
        files = ["/usr/include/nlohmann/json.hpp"],
        libraries = {"json": []},
        packages = ["nlohmann-json3-dev"],
    )

    # As upstream: //core and //pull.
    debian_repository(
        name = "com_github_jupp0r_prometheus_cpp",
        files = [
            "/usr/include/prometheus/exposer.h",
            "/usr/include/prometheus/text_serializer.h",
        ],
        libraries = {
            "core:core": ["-lprometheus-cpp-core"],
            "pull:pull": [
                "-lprometheus-cpp-pull",
                "//core",
            ],
        },
        packages = ["prometheus-cpp-dev"],
    )

    # What the benchmark compares with, and nothing else uses (tools/lint/dependencies.txt).
    debian_repository(
        name = "rocksdb",
        files = ["/usr/include/rocksdb/db.h"],
        libraries = {"rocksdb": ["-lrocksdb"]},
        packages = ["librocksdb-dev"],
    )
    debian_repository(
        name = "leveldb",
        files = ["/usr/include/leveldb/db.h"],
        libraries = {"leveldb": ["-lleveldb"]},
        packages = ["libleveldb-dev"],
    )
    debian_repository(
        name = "sqlite3",
        files = ["/usr/include/sqlite3.h"],
        libraries = {"sqlite3": ["-lsqlite3"]},
        packages = ["libsqlite3-dev"],
    )
    debian_repository(
        name = "lmdb",
        files = ["/usr/include/lmdb.h"],
        libraries = {"lmdb": ["-llmdb"]},
        packages = ["liblmdb-dev"],
    )
