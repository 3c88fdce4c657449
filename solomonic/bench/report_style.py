"""The report's style sheet: light and dark, narrow and wide, printable; no script, nothing fetched."""

from __future__ import annotations

from .palette import GRID, INK, LOOKS, MUTED

_SHARED = {"ink": INK, "muted": MUTED, "grid": GRID, **LOOKS}

VARIABLES = {look.light: f"var(--{name})" for name, look in _SHARED.items()}
"""The light colours of the pictures, each with the variable that replaces it in the page."""


def style() -> str:
    """Return the style sheet."""
    light = "".join(f"--{name}:{look.light};" for name, look in _SHARED.items())
    dark = "".join(f"--{name}:{look.dark};" for name, look in _SHARED.items())
    return f":root{{color-scheme:light dark;{light}{_LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{dark}{_DARK}}}}}{_RULES}"


_LIGHT = (
    "--paper:#fbfbfa;--card:#fff;--line:#e0e1e5;--soft:#f3f4f6;--differ:#0b5d36;--differ-bg:#e2f4e9;--same-bg:#e4eefa;--unsure-bg:#f0eff3;"
)
_DARK = "--paper:#141518;--card:#1c1d21;--line:#33353c;--soft:#24262b;--differ:#7fdcab;--differ-bg:#143525;--same-bg:#16304a;--unsure-bg:#2b2c33;"
_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main,header,footer{max-width:1160px;margin:0 auto;padding:0 24px}
header{padding-top:40px}
h1{font-size:1.05rem;font-weight:600;color:var(--muted);margin:0 0 6px;letter-spacing:.01em}
h2{font-size:1.45rem;line-height:1.25;margin:0;text-wrap:balance}
h3{font-size:1rem;margin:32px 0 8px}
p{margin:8px 0;max-width:75ch}
a{color:var(--inductive)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--inductive);outline-offset:2px}
.lead{font-size:1.4rem;line-height:1.35;font-weight:500;max-width:46ch;margin:0 0 12px;text-wrap:pretty}
.meta{color:var(--muted);font-size:.9rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px;margin:24px 0}
.verdict{font-size:1.1rem;margin:10px 0 4px}
.badge{display:inline-block;border-radius:999px;padding:1px 11px;font-size:.85rem;font-weight:600;white-space:nowrap}
.differ{background:var(--differ-bg);color:var(--differ)}
.equivalent{background:var(--same-bg);color:var(--inductive)}
.unsure{background:var(--unsure-bg);color:var(--ink)}
.scroll{overflow-x:auto;margin:6px -24px 12px;padding:0 24px}
table{border-collapse:separate;border-spacing:0;font-size:.9rem;font-variant-numeric:tabular-nums;width:100%}
.caption{color:var(--muted);font-size:.85rem;margin:10px 0 0;max-width:95ch}
table.compact{width:auto}
th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:middle}
thead th{font-weight:600;color:var(--muted);font-size:.8rem;vertical-align:bottom;line-height:1.3}
tbody tr:last-child>*{border-bottom:0}
th[scope=row],.left{text-align:left}
th[scope=row]{font-weight:400;position:sticky;left:-24px;background:var(--card);z-index:1;max-width:15rem;overflow:hidden;text-overflow:ellipsis}
tr.champion th[scope=row]{font-weight:700}
tr.floor>*{color:var(--muted)}
.wrap{white-space:normal;min-width:15rem;text-align:left}
.interval{color:var(--muted)}
.family{white-space:nowrap}
td.names{white-space:normal;min-width:9em}
.sign{display:inline-block;width:1.2em;text-align:center}
.under{display:block;font-size:.8rem;font-weight:600;line-height:1.1}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:24px 32px;margin:20px 0 8px}
figure{margin:0;min-width:0}
figcaption{font-size:.9rem;font-weight:600;margin-bottom:4px}
figure p{font-size:.85rem;color:var(--muted);margin:2px 0 0}
svg{display:block;max-width:100%;height:auto}
.pictures svg{width:100%;max-width:500px}
td svg{display:inline-block;vertical-align:middle;max-width:none}
details{margin:10px 0;border-top:1px solid var(--line);padding-top:10px}
summary{cursor:pointer;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:8px 0;font-size:.9rem}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
ul{padding-left:1.2em;max-width:75ch}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
footer{padding-bottom:48px;color:var(--muted);font-size:.85rem}
@media (max-width:640px){
main,header,footer{padding:0 14px}header{padding-top:24px}section{padding:16px;border-radius:10px;margin:16px 0}
.scroll{margin:6px -16px 10px;padding:0 16px}th[scope=row]{left:-16px;max-width:8.5rem}.lead{font-size:1.2rem}h2{font-size:1.25rem}
th,td{padding:6px 7px}dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media print{section{break-inside:avoid;border:0;padding:0}.scroll{overflow:visible}}
"""

FRAGMENT = """
.solomonic table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:4px 0 14px}
.solomonic th,.solomonic td{padding:3px 10px;text-align:right;white-space:nowrap}
.solomonic caption{text-align:left;font-weight:600;padding:4px 0}
.solomonic th[scope=row],.solomonic .left{text-align:left;font-weight:400}
.solomonic tr.champion th[scope=row]{font-weight:700}
.solomonic tr.floor>*,.solomonic .interval{opacity:.75}
.solomonic p{margin:4px 0;max-width:75ch}
"""
"""Style of the table that a notebook shows; colours are the notebook's own."""
