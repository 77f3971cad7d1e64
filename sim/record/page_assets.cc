#include "sim/record/page_assets.h"

namespace tidelog::sim {

constexpr std::string_view kPageStyle = R"css(
:root { --ink: #1f2933; --dim: #66727f; --line: #e3e8ee; --red: #c81e1e; }
* { box-sizing: border-box; }
body { margin: 0; padding: 18px 22px 64px; background: #fff; color: var(--ink);
  font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; }
h1 { font-size: 20px; margin: 0 0 4px; font-weight: 650; }
h2 { font-size: 15px; margin: 26px 0 8px; }
header p { margin: 1px 0; color: var(--dim); font-size: 13px; overflow-wrap: anywhere; }
.violations { margin: 12px 0 0; padding: 0; list-style: none; counter-reset: n; }
.violation { counter-increment: n; margin: 5px 0; padding: 7px 12px 7px 40px; position: relative;
  background: #fdf1f0; border-radius: 6px; }
.violation::before { content: counter(n); position: absolute; left: 11px; top: 8px; width: 19px;
  height: 19px; border-radius: 50%; background: var(--red); color: #fff; text-align: center;
  font: 600 12px/19px system-ui, sans-serif; }
.violation b { color: #8f1515; margin-right: 6px; }
.violation a { color: var(--red); white-space: nowrap; }
header p.fine { color: #19703a; margin-top: 10px; font-size: 14px; }
.legend { margin: 16px 0 8px; font-size: 12px; color: var(--dim); }
.legend span { margin-right: 15px; white-space: nowrap; }
.legend b { display: inline-block; width: 14px; height: 10px; border-radius: 2px;
  margin-right: 5px; background: var(--c); border: 1px solid var(--e); }
.legend .failed b, .legend .unknown b, .legend .never b { background: var(--c); }
main { display: flex; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.names { flex: 0 0 258px; background: #f8fafb; border-right: 1px solid var(--line); }
.lane { display: flex; gap: 8px; padding: 4px 10px 0; font-size: 12px; line-height: 15px;
  border-top: 1px solid var(--line); overflow: hidden; }
.lane.first { border-top: 1px solid #a9b4c0; }
.lane i { flex: 0 0 52px; font-style: normal; font-weight: 650; }
.lane span { color: var(--dim); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.drawing { flex: 1; overflow-x: auto; }
svg { display: block; }
svg text { font: 10px/1 ui-monospace, Menlo, Consolas, monospace; fill: var(--ink);
  pointer-events: none; }
svg path { stroke: var(--line); fill: none; }
svg path.first { stroke: #a9b4c0; }
.axis path { stroke: #eef1f4; }
.axis text { fill: var(--dim); }
rect { fill: var(--c); stroke: var(--e); }
.open { --c: #dcd3f7; --e: #8c79cf; }
.append { --c: #cfe3fb; --e: #5b93d3; }
.scan { --c: #e2f1e6; --e: #9ccbab; }
.batch { --c: #56a873; --e: #3d8a59; }
.ask { --c: #e9ecef; --e: #a6b0ba; }
.record { --c: #cdeff0; --e: #4ba6ab; }
.notice { --c: #fbe6b8; --e: #d0a23c; }
.alive { --c: #eef1f4; --e: #ccd3da; }
.pause { --c: #cbd3dc; --e: #94a1ae; }
.crash { --c: #3b4754; --e: #1f2933; }
.fault { --c: #f9c9a4; --e: #d87a2c; }
.failed { --c: #f8d3d0; --e: #cf6a62; }
.alive.failed { --c: #eef1f4; --e: #ccd3da; }
.unknown { --c: #fdeebd; --e: #cf9f1d; }
.append.never rect, .open.never rect, .ask.never rect { stroke-dasharray: 3 3; fill-opacity: .45; }
.legend .never b { border-style: dashed; opacity: .7; }
.bad rect { stroke: var(--red); stroke-width: 2; }
[data-e]:hover rect { stroke: #000; }
.anomaly path { stroke: var(--red); stroke-dasharray: 2 3; opacity: .75; }
.anomaly circle { fill: var(--red); }
.anomaly text { fill: #fff; text-anchor: middle; font-weight: 700; font-size: 11px; }
.anomaly:target path { stroke-width: 4; stroke-dasharray: none; opacity: .45; }
.events { border-collapse: collapse; font: 12px/1.5 ui-monospace, Menlo, Consolas, monospace; }
.events td { padding: 1px 14px 1px 0; vertical-align: top; overflow-wrap: anywhere; }
.events td:nth-child(-n+2) { text-align: right; white-space: nowrap; color: var(--dim); }
.events td:nth-child(3) { white-space: nowrap; color: var(--dim); }
.events tr.bad td { background: #fdf1f0; }
.events tr.bad td:last-child, .events tr:target td { color: #8f1515; font-weight: 600; }
#told { position: fixed; left: 0; right: 0; bottom: 0; padding: 9px 22px; min-height: 38px;
  background: #1f2933; color: #f3f6f8; font: 12.5px/1.5 ui-monospace, Menlo, Consolas, monospace; }
#told:empty { display: none; }
)css";

constexpr std::string_view kPageScript = R"js(
(() => {
  const told = document.getElementById('told');
  const tell = mark => {
    const row = document.getElementById('e' + mark.dataset.e);
    told.textContent = row ? [...row.cells].map(cell => cell.textContent).join('   ')
                           : mark.dataset.t;
  };
  const drawing = document.querySelector('.drawing');
  drawing.addEventListener('pointerover', event => {
    const mark = event.target.closest('[data-e]');
    if (mark) tell(mark); else told.textContent = '';
  });
  drawing.addEventListener('click', event => {
    const mark = event.target.closest('[data-e]');
    if (mark && mark.dataset.e >= 0) location.hash = 'e' + mark.dataset.e;
  });
  const show = event => {
    const mark = document.getElementById('a' + event);
    const x = mark.querySelector('circle').cx.baseVal.value;
    drawing.scrollLeft = Math.max(0, x - drawing.clientWidth / 2);
  };
  document.querySelectorAll('.violation a').forEach(link => link.addEventListener('click', () => {
    show(link.hash.slice(2));
  }));
  const first = document.querySelector('.anomaly');
  if (first) show(first.dataset.e);
  document.body.dataset.bars = document.querySelectorAll('g[data-e]:not(.anomaly)').length;
})();
)js";

}  // namespace tidelog::sim
