import { paintRules } from './palette.ts';

/** All rules of the report, in light and in dark. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--card:#f8f9fa;--ink:#212529;--soft:#5c636a;--grid:#e3e6e9;--rule:#adb5bd}
@media (prefers-color-scheme:dark){:root{--page:#16191d;--card:#1f2429;--ink:#e9ecef;--soft:#9aa4ae;--grid:#31373d;--rule:#5c6670}}
${paintRules()}
*{box-sizing:border-box}
body{margin:0 auto;padding:32px 24px 64px;max-width:1000px;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:28px;line-height:1.2;margin:0 0 8px}h2{font-size:23px;margin:48px 0 4px;padding-top:20px;border-top:1px solid var(--grid)}section:first-of-type h2{margin-top:12px;border:0}h3{font-size:17px;margin:36px 0 4px}
p{margin:6px 0 12px;max-width:76ch}.soft,small{color:var(--soft)}nav a{margin-right:16px}a{color:inherit}
.plot{overflow-x:auto;margin:10px 0}svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
.grid{stroke:var(--grid)}.rule{stroke:var(--rule)}.one{stroke:var(--soft);stroke-dasharray:4 4}
.tick,.axis{fill:var(--soft)}.tick{font-size:11px}.axis{font-size:11.5px}.tiny{font-size:9px}.panel{font-weight:600;font-size:13px}
.mid{text-anchor:middle}.end{text-anchor:end}
.line,.thread{fill:none;stroke:var(--paint)}.line{stroke-width:1.6;stroke-linejoin:round}.thread{stroke-width:.8;opacity:.7}
.strong .line{stroke-width:3.2}.strong .name{font-weight:700}.name{fill:var(--paint);font-size:11.5px}
.mark{fill:var(--paint);stroke:var(--page);stroke-width:.8}.dot .mark{fill-opacity:.75}
.fill{fill:var(--paint);stroke:var(--page);stroke-width:.6}.field{fill:var(--paint)}.count{font-size:11px}.count.tiny{font-size:8.5px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;margin:10px 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px}.legend i{width:13px;height:13px;border-radius:3px;background:var(--paint)}
.legend b{font-weight:600}.sign{width:13px}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:8px 0}
th,td{padding:3px 12px 3px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}th{color:var(--soft);font-weight:600}
th:first-child,td:first-child,.left{text-align:left}.wide{overflow-x:auto}
.facts{background:var(--card);border-radius:8px;padding:12px 16px;margin:14px 0;overflow-x:auto}
details{margin:8px 0 4px}summary{cursor:pointer;color:var(--soft);font-size:13px}
@media print{details{display:none}}
`;
