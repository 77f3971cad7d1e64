"""Include guards are the path: TIDELOG_WAL_STATUS_H_ for wal/status.h."""
import re

from tools.lint.tree import Finding

RULE = "guard"


def guard_of(path):
    return "TIDELOG_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"


def check(source):
    if not source.is_header:
        return
    guard = guard_of(source.path)
    directives = [(n, line.strip()) for n, line in enumerate(source.lines, 1)
                  if line.lstrip().startswith("#")]
    wanted = [f"#ifndef {guard}", f"#define {guard}"]
    found = [line for _, line in directives[:2]]
    if found != wanted:
        number = directives[0][0] if directives else 1
        yield Finding(source.path, number, RULE, f"the guard of this header is {guard}")
    elif not source.lines or source.lines[-1].strip() != f"#endif  // {guard}":
        yield Finding(source.path, len(source.lines), RULE,
                      f"the last line is '#endif  // {guard}'")
