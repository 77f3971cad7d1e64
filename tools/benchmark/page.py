"""The result of a run as one self-contained page: plots of each kind of work, and all numbers."""
import html
import math

from tools.benchmark import result as results

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b2430; --dim: #5b6774; --line: #dfe5eb;
  --panel: #f6f8fa; --log: #0b6bcb; --backend: #7db3e8; --peer: #9aa5b1; --raw: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --page: #12171d; --ink: #e6ebf0; --dim: #98a4b1; --line: #2a333d; --panel: #1a2129;
    --log: #4aa3f5; --backend: #2b6299; --peer: #5d6975; --raw: #f59e5b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 28px 22px 64px; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; }
h1 { font-size: 25px; margin: 0 0 6px; }
h2 { font-size: 18px; margin: 38px 0 8px; }
p, li, dd { color: var(--dim); margin: 2px 0; }
p b, li b { color: var(--ink); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr));
  gap: 16px; margin-top: 18px; }
figure { margin: 0; padding: 14px 16px 8px; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; }
figcaption { font-weight: 650; }
figcaption span { color: var(--dim); font-weight: 400; font-size: 13px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 13px system-ui, "Segoe UI", sans-serif; fill: var(--ink); }
svg .payload { font-weight: 650; }
svg .dim { fill: var(--dim); font-size: 12px; }
svg .axis { stroke: var(--line); }
svg .limit { stroke: var(--raw); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg .limit-name { fill: var(--raw); font-size: 12px; }
svg .spread { stroke: var(--ink); stroke-width: 1.5; opacity: .65; }
.file { fill: var(--log); } .backend { fill: var(--backend); } .peer { fill: var(--peer); }
.raw { fill: var(--raw); }
.numbers { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; width: 100%; }
caption { text-align: left; font-weight: 650; padding: 16px 0 4px; }
th, td { text-align: right; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--dim); font-weight: 500; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
tr.ours td { font-weight: 650; }
dt { font-weight: 650; margin-top: 8px; } dd { margin: 0 0 0 18px; }
"""

# Of a plot, in its own units.
_WIDTH, _NAMES, _VALUES, _BAR, _STEP, _HEAD = 560, 78, 150, 15, 20, 24

_ANCHOR = '<text x="{x:.1f}" y="{y:.1f}" class="{css}"{more}>{text}</text>'


def _text(x, y, css, text, anchor=None):
    more = f' text-anchor="{anchor}"' if anchor else ""
    return _ANCHOR.format(x=x, y=y, css=css, more=more, text=html.escape(text))


def _class(row):
    return "peer" if row["peer"] else html.escape(row["subject"], quote=True)


def _measure(row, has_raw):
    """(median, min, max) of what the bars show; None if everything was spoiled."""
    keys = ("ratio_to_raw", "ratio_min", "ratio_max") if has_raw else ("median", "min", "max")
    values = tuple(row[key] for key in keys)
    return None if None in values else values


def _shown(group, payload):
    """Raw is a line where there are ratios, not a bar."""
    return [row for row in group.at(payload) if not (group.has_raw and row["subject"] == "raw")]


def _ticks(top):
    """A few round numbers up to `top`."""
    step = 10.0 ** math.floor(math.log10(top))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if top / s <= 6)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


class _Plot:
    """Bars of one kind of work."""

    def __init__(self, group):
        self.group = group
        measures = [_measure(row, group.has_raw) for p in group.payloads
                    for row in _shown(group, p)]
        self.top = max((m[2] for m in measures if m), default=1.0) or 1.0
        if group.has_raw:
            self.top = max(self.top, 1.0)
        self.parts = []
        self.y = 6.0

    def x(self, value):
        return _NAMES + value / self.top * (_WIDTH - _NAMES - _VALUES)

    def bar(self, row):
        middle = self.y + _BAR / 2
        self.parts.append(_text(_NAMES - 8, middle + 4.5, "name", row["subject"], "end"))
        measure = _measure(row, self.group.has_raw)
        value = results.rate(row["median"], row["unit"])
        if measure is None:
            self.parts.append(_text(_NAMES + 4, middle + 4.5, "dim", "every sample was spoiled"))
        else:
            median, low, high = measure
            label = f"{results.ratio(median)}  {value}" if self.group.has_raw else value
            told = (f"{row['subject']}, {results.size(row['payload'])}: {label.strip()}, "
                    f"{row['samples']} samples")
            width = max(self.x(median) - _NAMES, 1)
            self.parts.append(
                f'<rect class="{_class(row)}" x="{_NAMES}" y="{self.y:.1f}" width="{width:.1f}" '
                f'height="{_BAR}" rx="2"><title>{html.escape(told)}</title></rect>')
            self.parts.append(f'<line class="spread" x1="{self.x(low):.1f}" y1="{middle:.1f}" '
                              f'x2="{self.x(high):.1f}" y2="{middle:.1f}"/>')
            self.parts.append(_text(self.x(max(median, high)) + 6, middle + 4.5, "value", label))
        self.y += _STEP

    def axis(self):
        lines = []
        for tick in _ticks(self.top):
            x = self.x(tick)
            lines.append(f'<line class="axis" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{self.y:.1f}"/>')
            text = f"{tick:g}" if self.group.has_raw else results.number(tick) if tick else "0"
            self.parts.append(_text(x, self.y + 14, "dim", text, "middle"))
        if self.group.has_raw:
            x = self.x(1.0)
            lines.append(f'<line class="limit" x1="{x:.1f}" y1="0" x2="{x:.1f}" '
                         f'y2="{self.y:.1f}"/>')
            self.parts.append(_text(x, self.y + 28, "limit-name", "raw", "middle"))
        self.parts[:0] = lines

    def svg(self, name):
        for payload in self.group.payloads:
            if payload:
                self.parts.append(_text(2, self.y + 13, "payload", results.size(payload)))
                self.y += _HEAD
            for row in _shown(self.group, payload):
                self.bar(row)
            self.y += 6
        self.axis()
        return (f'<svg viewBox="0 0 {_WIDTH} {self.y + 34:.0f}" role="img" '
                f'aria-labelledby="{name}">' + "".join(self.parts) + "</svg>")


def _figure(group, index):
    better = group.rows[0]["better"]
    if group.has_raw:
        what = "share of the raw limit; more is better"
    else:
        what = f"{group.rows[0]['unit']}; {better} is better"
    name = f"plot-{index}"
    return (f'<figure><figcaption id="{name}">{html.escape(group.title)} <span>{html.escape(what)}'
            f"</span></figcaption>{_Plot(group).svg(name)}</figure>")


def _table(group):
    head = ("payload", "subject", "durable", "median", "min", "max", "raw beside it", "to raw",
            "min", "max", "to best peer", "samples")
    out = [f"<table><caption>{html.escape(group.title)}</caption><thead><tr>"]
    out += [f'<th scope="col">{cell}</th>' for cell in head]
    out.append("</tr></thead><tbody>")
    for row in group.rows:
        unit = row["unit"]
        peer = "-" if row["best_peer"] is None else (
            f"{results.ratio(row['ratio_to_best_peer'])} {row['best_peer']}")
        dropped = f", {len(row['spoiled'])} spoiled" if row["spoiled"] else ""
        cells = (results.size(row["payload"]) if row["payload"] else "-", row["subject"],
                 "yes" if row["durable"] else "NO",
                 *(results.rate(row[k], unit) for k in ("median", "min", "max", "raw_median")),
                 *(results.ratio(row[k]) for k in ("ratio_to_raw", "ratio_min", "ratio_max")),
                 peer, f"{row['samples']}{dropped}")
        ours = ' class="ours"' if row["subject"] == "file" else ""
        out.append(f"<tr{ours}>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
    out.append("</tbody></table>")
    return "".join(out)


def _list(lines):
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _subjects(result):
    out = ["<dl>"]
    for subject in result["subjects"]:
        durable = "durable when acknowledged" if subject["durable"] else "NOT DURABLE"
        out.append(f"<dt>{html.escape(subject['subject'])}</dt>"
                   f"<dd>{durable}; {html.escape(subject['how'])}</dd>")
    return "".join(out) + "</dl>"


def page(result):
    place, noise = result["place"], result["noise"]
    where = (f"{place['processor']}, {place['cores']} cores, {place['kernel']}, "
             f"{place['file_system']}")
    quick = "<p><b>--quick:</b> few and short samples; the full run is the one to quote.</p>"
    groups = results.groups(result)
    spoiled = results.spoiled(result)
    left_out = [f"{one['work']} does not have {one['subject']}: {one['why']}"
                for one in result["left_out"]]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Tidelog beside its peers</title><style>{_STYLE}</style></head><body>",
        "<header><h1>Tidelog beside its peers</h1>", f"<p>{html.escape(where)}</p>",
        "<p>Each sample has one of the raw machine just before it; a bar is the median of the "
        "ratios, the line across it reaches from the least to the greatest. Only ratios travel to "
        "other machines.</p>", quick if result["quick"] else "", "</header><main>",
        '<div class="plots">', *(_figure(g, i) for i, g in enumerate(groups)), "</div>",
        '<h2>All numbers</h2><div class="numbers">', *(_table(g) for g in groups), "</div>",
        "<h2>What was measured</h2>", _subjects(result), _list(left_out),
        "<h2>Spoiled samples</h2>",
        f"<p>Not used: while others took more than {100 * noise['stolen_max']:.0f}% of the "
        f"processor, or raw was more than {noise['raw_ratio_max']:g} times above or below its "
        "median.</p>", _list(spoiled) if spoiled else "<p>None.</p>", "</main></body></html>\n"]
    return "".join(parts)
