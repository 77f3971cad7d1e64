"""One co_await a statement, alone; coroutines own what they use.

g++ 12 destroys temporaries of an awaited expression twice, and a reader of any compiler's code
needs to see where other code runs in between. A coroutine outlives the call that started it, and
with it the caller's temporaries and the lambda object.
"""
import re

from tools.lint import cpp
from tools.lint.tree import Finding

RULE = "await"

# What may stand before a statement without ending one.
_HEAD = (r"(?:else\b|do\b|case\b(?:::|[^:])+?:(?!:)|default\s*:"
         r"|(?:if|while|for)\s*(?:constexpr\s*)?\(\))\s*")
_ALONE = re.compile(
    r"^\s*(?:%s)*"
    r"(?:\(\)\s*"  # (void)
    r"|(?:static\s+|const\s+)*(?:[\w:<>,*&()]+\s+)*[\w:<>,*&]*[&*>\w]\s+[&*]*\w+\s*=\s*"
    r"|\*?[\w.:]+(?:(?:->|\.)\w+)*\s*=\s*"
    r")?$" % _HEAD, re.DOTALL)
_OPERAND = re.compile(
    r"^\s*\*?(?:[\w:]+(?:<[^;]*?>)?(?:\(\))*|\(\)(?=\s*(?:->|\.)))"
    r"(?:\s*(?:->|\.)\s*\w+(?:<[^;]*?>)?(?:\(\))*|\[\])*\s*$")


def _without_groups(code, start, end):
    """The text between, where (...) is () and so on."""
    pieces, position = [], start
    while position < end:
        character = code.text[position]
        if character in "([{" and position in code.closing:
            pieces.append(character + code.text[code.closing[position]])
            position = code.closing[position] + 1
        else:
            pieces.append(character)
            position += 1
    return "".join(pieces)


def _check_await(source, code, offset):
    def finding(text):
        return Finding(source.path, source.line_at(offset), RULE, text)

    around = code.around(offset)
    if around is not None and code.text[around] != "{":
        return finding("co_await inside an expression: give the awaited result a name of its own")
    start = code.statement_start(offset)
    prefix = _without_groups(code, start, offset)
    if not _ALONE.match(prefix) or re.match(r"\s*(?:co_return|return|co_yield)\b", prefix):
        return finding("co_await is not alone in its statement: write 'T x = co_await f();'")
    if start > 0 and code.text[start - 1] == "{" and re.search(
            r"(?:[\w>]\s*|=\s*)$", code.text[:start - 1][-80:]) and not re.search(
            r"(?:\b(?:else|do|try|const|noexcept|override|final|mutable)|>)\s*$",
            code.text[:start - 1][-80:]):
        return finding("co_await inside braces: give the awaited result a name of its own")
    operand_at = offset + len("co_await")
    end = code.statement_end(operand_at)
    if not _OPERAND.match(_without_groups(code, operand_at, end)):
        return finding("only a call or a future is awaited: name what is computed around it")
    operand = code.text[operand_at:end]
    if "co_await" in operand:
        return None  # The inner one is reported.
    if "{" in operand:
        return finding("name the aggregate or lambda before the awaited call: g++ 12 destroys a "
                       "temporary one twice")
    return None


def _check_lambdas(source, code, lambdas):
    for body in lambdas:
        if body.captures and re.search(r"\bco_(?:await|return|yield)\b",
                                       cpp.own_text(code, body, lambdas)):
            yield Finding(source.path, source.line_at(body.head_at), RULE,
                          "a coroutine lambda with captures dangles when the lambda dies first: "
                          "write a function, pass what it needs by value")


def _check_parameters(source, code, lambdas):
    for body in cpp.functions(code) + lambdas:
        if not re.search(r"\bco_(?:await|return|yield)\b", cpp.own_text(code, body, lambdas)):
            continue
        parameters = body.head[body.head.find("(") + 1:]
        parameters = re.sub(r"->[^{]*$|\)[^)]*$", "", parameters)
        parameters = re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*>", "", parameters))
        if "&" in parameters.replace("&&", "&") or "string_view" in parameters:
            yield Finding(source.path, source.line_at(body.head_at), RULE,
                          "a coroutine's parameter is a reference or a view, and may dangle at "
                          "its first co_await: take it by value, or a pointer and say how long it "
                          "lives")


def check(source):
    if not source.is_cpp or not re.search(r"\bco_(?:await|return|yield)\b", source.text):
        return
    code = cpp.Code(source.text)
    for match in re.finditer(r"(?<!operator )\bco_await\b", code.text):
        finding = _check_await(source, code, match.start())
        if finding:
            yield finding
    lambdas = cpp.lambdas(code)
    yield from _check_lambdas(source, code, lambdas)
    yield from _check_parameters(source, code, lambdas)
