"""Just enough C++ for the rules: text without comments and literals, scopes, functions."""
import bisect
import dataclasses
import re

_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>\b(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>\b\d(?:'?[\w.])*)
      | (?P<char>'(?:\\.|[^'\\\n])*')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    """`text` with comments, strings, characters and preprocessor lines as spaces.

    Quotes of strings stay. Newlines and offsets too.
    """

    def spaces(piece):
        return re.sub(r"[^\n]", " ", piece)

    def replace(match):
        piece = match.group()
        if match.lastgroup == "number":
            return piece
        if match.group("string") or match.group("raw") or match.group("char"):
            return '"' + spaces(piece[1:-1]) + '"'
        return spaces(piece)

    code = _TOKEN.sub(replace, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: spaces(m.group()), code, flags=re.M)


class Code:
    """Blanked code with its brackets matched. Where they do not match, the rest is ignored."""

    def __init__(self, text):
        self.text = blank(text)
        self.closing = {}  # offset of an opening bracket -> of the closing one
        self.opening = {}  # and back
        self.parent = {}   # offset of an opening bracket -> of the one around it, or None
        stack = []
        pairs = {")": "(", "]": "[", "}": "{"}
        for match in re.finditer(r"[()\[\]{}]", self.text):
            offset, bracket = match.start(), match.group()
            if bracket not in pairs:
                self.parent[offset] = stack[-1] if stack else None
                stack.append(offset)
            elif stack and self.text[stack[-1]] == pairs[bracket]:
                self.closing[stack[-1]] = offset
                self.opening[offset] = stack.pop()
        self._brackets = sorted(self.parent)

    def around(self, offset):
        """The innermost bracket that is open at `offset`, or None."""
        index = bisect.bisect_left(self._brackets, offset) - 1
        bracket = self._brackets[index] if index >= 0 else None
        while bracket is not None and self.closing.get(bracket, len(self.text)) < offset:
            bracket = self.parent[bracket]
        return bracket

    def statement_start(self, offset):
        """The offset behind the nearest ';', '{' or '}' before `offset`, in the same bracket."""
        position = offset - 1
        while position >= 0:
            character = self.text[position]
            if character in ";{}([":
                return position + 1
            position = self.opening.get(position, position) - 1
        return 0

    def statement_end(self, offset):
        """The offset of the ';' or closing bracket that ends what is at `offset`."""
        position = offset
        while position < len(self.text):
            character = self.text[position]
            if character in ";)]}":
                return position
            position = self.closing.get(position, position) + 1
        return len(self.text)


@dataclasses.dataclass(frozen=True)
class Body:
    """The braces of a function or lambda; `captures` is None for a function."""

    head: str
    head_at: int
    open: int
    close: int
    captures: str | None


_NOT_A_FUNCTION = re.compile(
    r"^\s*(?:template\s*<.*>\s*)?(?:namespace|extern|class|struct|union|enum|requires|concept)\b",
    re.DOTALL)
_BEFORE_LAMBDA = re.compile(r"(?:^|[(,=;{}?:&|!<>]|\breturn|\bco_return|\bco_await)\s*$")
_AFTER_CAPTURES = re.compile(r"\s*(?:<[^<>]*>\s*)?(?P<parameters>\()?")
_SPECIFIERS = re.compile(r"\s*(?:mutable\b|noexcept\b|constexpr\b|->[\w:<>,*&\s]+?)*\s*\{")


def functions(code):
    """The bodies of functions defined at namespace or class scope."""
    found = []
    for brace in sorted(o for o in code.closing if code.text[o] == "{"):
        parent = code.parent[brace]
        if parent is not None and (code.text[parent] != "{" or any(
                f.open <= parent <= f.close for f in found)):
            continue
        start = code.statement_start(brace)
        head = code.text[start:brace]
        outside = re.sub(r"\([^()]*\)|<[^<>]*>", "", head)
        is_variable = re.search(r"(?<!operator)(?<![=!<>])=(?!=)", outside)
        if "(" in head and not is_variable and not _NOT_A_FUNCTION.match(head):
            found.append(Body(head.strip(), start + len(head) - len(head.lstrip()), brace,
                              code.closing[brace], None))
    return found


def lambdas(code):
    """The bodies of lambda expressions."""
    found = []
    for bracket in sorted(o for o in code.closing if code.text[o] == "["):
        before = code.text[max(0, bracket - 40):bracket]
        if code.text[bracket + 1] == "[" or not _BEFORE_LAMBDA.search(before):
            continue
        end = code.closing[bracket] + 1
        after = _AFTER_CAPTURES.match(code.text, end)
        end = after.end()
        if after.group("parameters"):
            end = code.closing.get(end - 1, end) + 1
        specifiers = _SPECIFIERS.match(code.text, end)
        if specifiers and specifiers.end() - 1 in code.closing:
            brace = specifiers.end() - 1
            captures = code.text[bracket + 1:code.closing[bracket]].strip()
            found.append(Body(code.text[bracket:brace].strip(), bracket, brace,
                              code.closing[brace], captures))
    return found


def own_text(code, body, nested):
    """The text of `body` without that of the bodies among `nested` that are inside it."""
    text = code.text[body.open:body.close]
    for inner in nested:
        if body.open < inner.open and inner.close < body.close:
            start, end = inner.open - body.open, inner.close - body.open
            text = text[:start] + " " * (end - start) + text[end:]
    return text
