"""A source includes, itself or by a header of ours, what it names of the libraries.

The compiler does not see that where headers are precompiled: a source that forgot one builds here,
and not in somebody else's project.
"""
import re

from tools.lint import cpp
from tools.lint.tree import Finding

RULE = "include"

# Header -> what it declares; only what has one home, or a list of homes with '|' between them.
_STD = {
    "algorithm": "all_of any_of none_of find_if count_if sort stable_sort lower_bound "
                 "upper_bound binary_search max min clamp max_element min_element copy copy_n "
                 "fill fill_n equal "
                 "mismatch reverse rotate unique set_difference set_symmetric_difference merge "
                 "includes is_sorted transform for_each partition_point shuffle",
    "array": "array",
    "atomic": "atomic atomic_thread_fence memory_order_relaxed memory_order_acquire "
              "memory_order_release memory_order_acq_rel",
    "bit": "bit_cast bit_width bit_ceil countl_zero countr_zero has_single_bit popcount endian",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "coroutine": "coroutine_handle suspend_always suspend_never noop_coroutine",
    "cstring": "memcpy memset memcmp memmove strlen strerror",
    "deque": "deque",
    "filesystem": "filesystem",
    "fstream": "ifstream ofstream fstream",
    "functional": "function hash",
    "iostream": "cout cerr cin",
    "iterator": "back_inserter next prev distance make_move_iterator",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map multimap",
    "memory": "unique_ptr make_unique shared_ptr make_shared weak_ptr enable_shared_from_this",
    "mutex": "mutex lock_guard unique_lock once_flag call_once",
    "numeric": "accumulate iota gcd",
    "optional": "optional nullopt",
    "queue": "queue priority_queue",
    "set": "set multiset",
    "span": "span",
    "sstream": "ostringstream istringstream stringstream",
    "string": "string to_string",
    "string_view|string": "string_view",
    "thread": "thread this_thread",
    "tuple": "tuple tie make_tuple",
    "type_traits": "is_same_v remove_cvref_t enable_if_t conditional_t invoke_result_t decay_t "
                   "is_trivially_copyable_v true_type false_type",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "utility": "move forward exchange swap as_const declval",
    "variant": "variant visit get_if holds_alternative monostate",
    "vector": "vector",
}
_ABSL = {
    "absl/container/btree_map.h": "btree_map btree_multimap",
    "absl/container/btree_set.h": "btree_set btree_multiset",
    "absl/container/flat_hash_map.h": "flat_hash_map",
    "absl/container/flat_hash_set.h": "flat_hash_set",
    "absl/container/inlined_vector.h": "InlinedVector",
    "absl/crc/crc32c.h": "ComputeCrc32c ExtendCrc32c crc32c_t",
    "absl/functional/any_invocable.h": "AnyInvocable",
    "absl/functional/function_ref.h": "FunctionRef",
    "absl/status/status.h|absl/status/statusor.h": "Status OkStatus StatusCode",
    "absl/status/statusor.h": "StatusOr",
    "absl/strings/match.h": "StartsWith EndsWith StrContains",
    "absl/strings/numbers.h": "SimpleAtoi SimpleAtod",
    "absl/strings/str_cat.h": "StrCat StrAppend",
    "absl/strings/str_format.h": "StrFormat StrAppendFormat",
    "absl/strings/str_join.h": "StrJoin",
    "absl/strings/str_split.h": "StrSplit",
    "absl/synchronization/mutex.h": "Mutex MutexLock CondVar",
    "absl/time/time.h": "Duration ZeroDuration InfiniteDuration Nanoseconds Milliseconds Seconds",
}
_PLAIN = {
    "absl/log/check.h": "CHECK CHECK_OK CHECK_EQ CHECK_NE CHECK_LT CHECK_LE CHECK_GT CHECK_GE "
                        "DCHECK",
    "absl/log/log.h": "LOG",
    "cstdint": "uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t",
}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def _homes():
    homes = {}
    for prefix, table in (("std::", _STD), ("absl::", _ABSL), ("", _PLAIN)):
        for headers, names in table.items():
            for name in names.split():
                homes[prefix + name] = headers.split("|")
    return homes


_HOMES = _homes()
_NAME = re.compile(r"(?<![\w:.>])(?:" + "|".join(
    re.escape(name) for name in sorted(_HOMES, key=len, reverse=True)) + r")(?!\w)")


def check_tree(files):
    sources = {source.path: source for source in files if source.is_cpp}
    direct = {path: set(_INCLUDE.findall(source.text)) for path, source in sources.items()}
    for path, source in sources.items():
        included = _closure(path, direct)
        reported = set()
        for match in _NAME.finditer(cpp.Code(source.text).text):
            homes = _HOMES[match.group()]
            if homes[0] in reported or included.intersection(homes):
                continue
            reported.add(homes[0])
            yield Finding(path, source.line_at(match.start()), RULE,
                          f"{match.group()} is of {homes[0]}, which nothing here includes")


def _closure(path, direct):
    """All that `path` includes, itself or by files of ours."""
    included, waiting = set(), [path]
    while waiting:
        new = direct.get(waiting.pop(), set()) - included
        included |= new
        waiting.extend(new)
    return included
