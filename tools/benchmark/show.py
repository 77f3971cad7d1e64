"""Shows the result of a run.

usage: python3 -m tools.benchmark.show text|markdown|html RESULT
"""
import sys

from tools.benchmark import page, result, tables

_FORMS = {"text": tables.text, "markdown": tables.markdown, "html": page.page}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in _FORMS:
        sys.stderr.write(__doc__)
        return 2
    try:
        with open(arguments[1], encoding="utf-8") as f:
            shown = _FORMS[arguments[0]](result.parse(f.read()))
    except (OSError, UnicodeDecodeError, result.BadResult) as error:
        sys.stderr.write(f"bench: {arguments[1]} cannot be shown: {error}\n")
        return 2
    sys.stdout.write(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
