"""In sim/, one draw or post an expression.

g++ and clang evaluate arguments in opposite orders, so f(Draw(), Draw()) is two different runs of
one seed.
"""
import re

from tools.lint import cpp
from tools.lint.tree import Finding

RULE = "order"

_EFFECT = re.compile(
    r"(?:\.|->)(?:Next|Below|OneIn|Draw\w*|Pick\w*|Uniform\w*|Post|PostAt|PostAfter|AtIdle"
    r"|Push|push_back|emplace_back)\s*\(")
_DRAW = re.compile(r"(?:\.|->)(?:Next|Below|OneIn|Draw\w*|Pick\w*|Uniform\w*)\s*\(")


def check(source):
    if not source.is_cpp or not source.path.startswith("sim/"):
        return
    code = cpp.Code(source.text)
    lambda_bodies = cpp.lambdas(code)
    reported = set()
    effects = [m for m in _EFFECT.finditer(code.text)]
    for first, second in zip(effects, effects[1:]):
        end = _full_expression_end(code, first.start())
        if second.start() >= end or not (_is_draw(first) or _is_draw(second)):
            continue
        if any(b.open < second.start() < b.close and not b.open < first.start() < b.close
               for b in lambda_bodies):
            continue  # The lambda runs later, or is called by whatever is here.
        if _is_around(code, first, second) and not _is_draw(first):
            continue  # x.push_back(r.Next()): the argument comes first, whoever compiles it.
        line = source.line_at(second.start())
        if line not in reported:
            reported.add(line)
            yield Finding(source.path, line, RULE,
                          "two draws or posts in one expression run in an order that the compiler "
                          "chooses: give the first a name")


def _is_draw(match):
    return _DRAW.match(match.group())


def _is_around(code, first, second):
    opening = first.end() - 1
    return opening < second.start() < code.closing.get(opening, opening)


def _full_expression_end(code, offset):
    """Where the statement around `offset` ends: brackets of blocks do, others do not."""
    position = offset
    bracket = code.around(position)
    while bracket is not None and code.text[bracket] != "{" and bracket in code.closing:
        if ";" in code.text[bracket:code.closing[bracket]] and _is_for(code, bracket):
            break
        position = code.closing[bracket] + 1
        bracket = code.around(position)
    ends = [e for e in (code.text.find(c, position) for c in ";{") if e >= 0]
    return min(ends, default=len(code.text))


def _is_for(code, bracket):
    return re.search(r"\bfor\s*$", code.text[max(0, bracket - 8):bracket])
