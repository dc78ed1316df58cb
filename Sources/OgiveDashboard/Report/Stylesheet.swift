/// The look of all pages: few colours, which colour-blind readers tell apart (Okabe and Ito 2008),
/// light or dark as the reader's system is, and black on white when printed.
enum Stylesheet {
    static let text: StaticString = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --muted: #59626d;
          --rule: #d9dee4; --wash: #f3f5f7; --a: #0072b2; --b: #c04f00; --c: #a03c78; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e8ea;
          --muted: #a4adb7; --rule: #343a41; --wash: #1d2227; --a: #56b4e9; --b: #f2a33a;
          --c: #e79ac9; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 0.75rem 4rem;
          background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; padding-top: 0.5rem;
          border-top: 1px solid var(--rule); }
        h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; overflow-wrap: anywhere; }
        h4 { font-size: 0.9rem; margin: 0.75rem 0 0; overflow-wrap: anywhere; }
        p { margin: 0.5rem 0; max-width: 44rem; overflow-wrap: anywhere; }
        a { color: var(--a); }
        .lede { font-size: 1.05rem; } .note, caption, summary { color: var(--muted); }
        .warning { border-left: 4px solid var(--b); background: var(--wash);
          padding: 0.5rem 0.75rem; }
        .facts { display: grid; gap: 0.5rem 1.5rem; margin: 1rem 0;
          grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
        .facts div { border-top: 2px solid var(--rule); padding-top: 0.25rem; }
        .facts dt { color: var(--muted); font-size: 0.85rem; }
        .facts dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere; }
        .facts small { display: block; color: var(--muted); font-size: 0.8rem; }
        .charts { display: grid; gap: 1rem 2rem;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
        figure { margin: 0.75rem 0; min-width: 0; max-width: 36rem; }
        figcaption { font-size: 0.9rem; }
        @media (min-width: 48rem) { figcaption { min-height: 4.1rem; } }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        .scroll { overflow-x: auto; } details .scroll { max-height: 26rem; }
        table { border-collapse: collapse; min-width: min(100%, 22rem); font-size: 0.85rem;
          margin: 0.5rem 0; }
        caption { text-align: left; max-width: calc(100vw - 2rem); }
        th, td { padding: 0.15rem 0.9rem 0.15rem 0; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; max-width: 28rem; }
        td:not(.number) { min-width: 5.5rem; } th.number { white-space: normal; }
        th { font-weight: 600; overflow-wrap: normal; vertical-align: bottom; }
        td:last-child, th:last-child { padding-right: 0; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .time { white-space: nowrap; }
        .text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate;
          background: var(--wash); padding: 0.5rem 0.75rem; margin: 0.25rem 0 0.75rem;
          max-height: 30rem; overflow-y: auto; font-size: 0.9rem; }
        .example .text { max-height: 8.5rem; } .code { max-height: none; }
        code, .code, .digest { font-family: ui-monospace, "DejaVu Sans Mono", monospace;
          font-size: 0.85em; overflow-wrap: anywhere; }
        .digest { white-space: normal; }
        .escape { border: 1px solid var(--b); border-radius: 2px; padding: 0 1px; }
        summary { cursor: pointer; font-size: 0.85rem; width: fit-content; }
        :focus-visible { outline: 2px solid var(--a); outline-offset: 2px; }
        .label { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
        .strong { fill: var(--ink); } .label.b { fill: var(--b); } .label.c { fill: var(--c); }
        .halo-text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px;
          stroke-linejoin: round; }
        .a { fill: var(--a); } .b { fill: var(--b); } .c { fill: var(--c); }
        rect { shape-rendering: crispEdges; }
        circle { stroke: var(--paper); stroke-width: 1; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .axis { stroke: var(--muted); stroke-width: 1; }
        .mark { stroke: var(--ink); stroke-width: 1; }
        .curve, .curve-a, .halo { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .curve { stroke: var(--ink); } .curve-a { stroke: var(--a); }
        .halo { stroke: var(--paper); stroke-width: 5; } .thin { stroke-width: 1.25; }
        .band { fill: var(--a); fill-opacity: 0.14; }
        .rug { stroke: var(--a); stroke-width: 1; stroke-opacity: 0.55; }
        .drop { stroke: var(--b); stroke-width: 1; stroke-dasharray: 2 3; }
        .interval { stroke: var(--b); stroke-width: 2; stroke-opacity: 0.6; }
        @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444;
          --rule: #bbb; --wash: #fff; --a: #0072b2; --b: #c04f00; --c: #a03c78; }
          body { font-size: 10pt; max-width: none; padding: 0; }
          .charts { grid-template-columns: 1fr 1fr; } h2, h3, h4 { break-after: avoid; }
          figure, .example { break-inside: avoid; } details { display: none; }
          .text, .example .text { max-height: none; } }

        """
}
