"""The result of a run as text for a terminal, and as a table of Markdown of the log alone."""
from tools.benchmark import result as results

_HEAD = ("payload", "subject", "durable", "median", "min", "max", "to raw", "min", "max",
         "to best peer", "samples")


def _cells(row):
    peer = "-" if row["best_peer"] is None else (
        f"{results.ratio(row['ratio_to_best_peer'])} {row['best_peer']}")
    used, dropped = row["samples"], len(row["spoiled"])
    unit = row["unit"]
    return (results.size(row["payload"]) if row["payload"] else "-", row["subject"],
            "yes" if row["durable"] else "NO", results.rate(row["median"], unit),
            results.rate(row["min"], unit), results.rate(row["max"], unit),
            results.ratio(row["ratio_to_raw"]), results.ratio(row["ratio_min"]),
            results.ratio(row["ratio_max"]), peer,
            f"{used}, {dropped} spoiled" if dropped else str(used))


def _aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) if i in (0, 1, 9) else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip()


def _about(result):
    place = result["place"]
    yield (f"{place['processor']}, {place['cores']} cores, {place['kernel']}, "
           f"{place['file_system']}")
    if result["quick"]:
        yield "--quick: few and short samples; the full run is the one to quote"
    for subject in result["subjects"]:
        durable = "durable" if subject["durable"] else "NOT DURABLE"
        yield f"{subject['subject']}: {durable}; {subject['how']}"


def _left_out(result):
    for one in result["left_out"]:
        yield f"{one['work']} does not have {one['subject']}: {one['why']}"


def _spoiled(result):
    lines = results.spoiled(result)
    if not lines:
        yield "no sample was spoiled"
        return
    yield f"{len(lines)} samples were spoiled by somebody else on the machine, and not used:"
    for line in lines:
        yield "  " + line


def text(result):
    lines = list(_about(result))
    for group in results.groups(result):
        better = "more" if group.rows[0]["better"] == "more" else "less"
        lines += ["", f"{group.title} ({better} is better)"]
        lines += _aligned([_HEAD, *(_cells(row) for row in group.rows)])
    lines += ["", *_left_out(result), *_spoiled(result)]
    return "\n".join(lines) + "\n"


def _summary(row):
    """What that table says at one kind of work and payload."""
    if row is None or row["median"] is None:
        return "-"
    parts = [results.rate(row["median"], row["unit"])]
    if row["ratio_to_raw"] is not None:
        parts.append(f"{results.ratio(row['ratio_to_raw'])} of raw")
    if row["best_peer"] is not None:
        parts.append(f"{row['ratio_to_best_peer']:.1f} x {row['best_peer']}")
    return ", ".join(parts)


def markdown(result):
    """A line a kind of work, a column a payload: the log, how near to raw, and the best peer."""
    payloads = sorted({row["payload"] for row in result["rows"] if row["payload"]})
    place = result["place"]
    lines = ["| | " + " | ".join(map(results.size, payloads)) + " |",
             "|---|" + "---|" * len(payloads)]
    for group in results.groups(result):
        rows = {row["payload"]: row for row in group.rows if row["subject"] == "file"}
        if not rows:
            continue
        if 0 in rows:  # Without a payload: it stands in the first column.
            cells = [_summary(rows[0])] + [""] * (len(payloads) - 1)
        else:
            cells = [_summary(rows[payload]) if payload in rows else "" for payload in payloads]
        lines.append(f"| {group.title} | " + " | ".join(cells) + " |")
    spoiled = len(results.spoiled(result))
    lines += ["", f"Medians of `tools/bench{' --quick' if result['quick'] else ''}`; durable when "
              f"acknowledged, all of them. {place['processor']}, {place['cores']} cores, "
              f"{place['kernel']}, {place['file_system']}; {spoiled} samples were spoiled and not "
              "used."]
    return "\n".join(lines) + "\n"
