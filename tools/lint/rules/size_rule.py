"""Budgets: what fits a screen, or a head."""
from tools.lint import cpp
from tools.lint.tree import Finding

RULE = "size"

LINE_COLUMNS_MAX = 100
HEADER_LINES_MAX = 200
SOURCE_LINES_WARN = 500
SOURCE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70

_NARROW = (".h", ".cc", ".proto", ".py", ".sh")


def check(source):
    script = source.text.startswith("#!")
    if source.extension in _NARROW or script:
        for number, line in enumerate(source.lines, 1):
            if len(line) > LINE_COLUMNS_MAX and "://" not in line:
                yield Finding(source.path, number, RULE,
                              f"{len(line)} columns, and {LINE_COLUMNS_MAX} are the limit")
    if not source.is_cpp:
        return
    budget = HEADER_LINES_MAX if source.is_header else SOURCE_LINES_MAX
    if len(source.lines) > budget:
        yield Finding(source.path, budget + 1, RULE,
                      f"{len(source.lines)} lines, and {budget} are the limit: is it one idea?")
    code = cpp.Code(source.text)
    for body in cpp.functions(code):
        lines = code.text.count("\n", body.open, body.close) + 1
        if lines > FUNCTION_LINES_MAX:
            yield Finding(source.path, source.line_at(body.open), RULE,
                          f"a function of {lines} lines, and {FUNCTION_LINES_MAX} are the limit")


def warnings(source):
    if source.extension == ".cc" and SOURCE_LINES_WARN < len(source.lines) <= SOURCE_LINES_MAX:
        yield Finding(source.path, SOURCE_LINES_WARN + 1, RULE,
                      f"{len(source.lines)} lines: a file above {SOURCE_LINES_WARN} is rarely one "
                      "idea")
