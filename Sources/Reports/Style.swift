/// Colours, light and dark. The first six of `c` differ in lightness as well as in hue, so that they can be told apart with any
/// colour vision (in Oklab, after Machado et al. 2009, by 0.12 or more); `q` goes from the worst scores to the best.
let paletteStyle = """
    :root {
      color-scheme: light dark;
      --paper: #fbfaf7; --raised: #ffffff; --ink: #1b2127; --soft: #59636e; --rule: #e2ded5; --grid: #ebe7de;
      --accent: #0f6e66; --synthetic: #8a4b00; --synthetic-paper: #fff1dc; --bar: #0f6e6624;
      --c0: #1a3661; --c1: #dd2700; --c2: #028261; --c3: #a740d8;
      --c4: #84220b; --c5: #63508d; --c6: #a83a6b; --c7: #566270;
      --q0: #8a939b; --q1: #5f88ab; --q2: #3a6ea5; --q3: #2a4f96; --q4: #3b2a82; --q5: #4a0e63;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14181c; --raised: #1b2026; --ink: #e8e6e1; --soft: #a2acb6; --rule: #2e353d; --grid: #262c33;
        --accent: #62c4b8; --synthetic: #ffc979; --synthetic-paper: #382a14; --bar: #62c4b830;
        --c0: #34e0ff; --c1: #d46f28; --c2: #37b7a5; --c3: #b181ff;
        --c4: #edac00; --c5: #d3eaa6; --c6: #ee93bb; --c7: #aab4be;
        --q0: #707a85; --q1: #6f8fb5; --q2: #6aabc9; --q3: #7cc9b8; --q4: #b5e08a; --q5: #ffee70;
      }
    }
    """

/// How charts look, on a page and in a picture of their own.
let chartStyle = """
    svg.chart { display: block; width: 100%; height: auto; overflow: visible; }
    svg text { font-family: inherit; font-size: 12.5px; fill: var(--soft); }
    svg .tick { font-variant-numeric: tabular-nums; }
    svg .name { font-weight: 600; fill: currentColor; }
    svg .grid { stroke: var(--grid); stroke-width: 1; }
    svg .zero, svg .axis { stroke: var(--soft); stroke-width: 1; }
    svg .identity, svg line.best { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; }
    svg .line {
      fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round;
    }
    svg .dot { fill: currentColor; }
    svg .kept { stroke: var(--raised); stroke-width: 2; }
    svg .bar { fill: currentColor; fill-opacity: .75; }
    svg .bar.open { fill-opacity: .4; }
    svg .point { fill: currentColor; fill-opacity: .5; stroke: currentColor; stroke-opacity: .8; stroke-width: .8; }
    svg .lit { fill-opacity: 1; stroke: var(--ink); stroke-opacity: 1; stroke-width: 1.6; }
    svg .track { stroke: var(--grid); stroke-width: 6; stroke-linecap: round; }
    svg .range { stroke: currentColor; stroke-opacity: .38; stroke-width: 6; stroke-linecap: round; }
    svg .seed { stroke: currentColor; stroke-opacity: .7; stroke-width: 2; }
    svg .mark { fill: currentColor; stroke: var(--raised); stroke-width: 2; }
    svg.interval { max-width: 20rem; }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
    .c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
    """

/// The style sheet. Fonts are the reader's own, so that the page needs nothing but itself.
let reportStyle = """
    \(paletteStyle)
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
    body {
      margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 2rem; max-width: 72rem;
      background: var(--paper); color: var(--ink);
      font: 1rem/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto,
        "Helvetica Neue", "DejaVu Sans", sans-serif;
    }
    h1, h2, h3 {
      font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, "DejaVu Serif", serif;
      line-height: 1.15; text-wrap: balance;
    }
    h1 {
      font-size: clamp(2rem, 6vw, 3rem); font-weight: 600; letter-spacing: -.015em; margin: .1em 0 .35em;
      overflow-wrap: anywhere;
    }
    h2 { font-size: 1.4rem; font-weight: 600; margin: 0 0 .6rem; }
    h2.run { font-size: 1.9rem; margin: 3.5rem 0 0; padding-top: 1.2rem; border-top: 2px solid var(--ink); }
    h3 { font-size: 1.1rem; font-weight: 600; margin: 0; }
    section > h3 { margin: 1.8rem 0 .4rem; text-transform: none; }
    h3, figcaption strong { text-transform: capitalize; }
    .charts figcaption strong, .two figcaption strong { text-transform: none; }
    p { margin: 0 0 .6rem; }
    section { margin-top: 2.75rem; }
    .eyebrow { color: var(--accent); font-size: .85rem; font-weight: 600; letter-spacing: .04em; }
    .badges { display: flex; flex-wrap: wrap; gap: .45rem; margin-bottom: 1rem; }
    .badge {
      border: 1px solid var(--rule); border-radius: 99px; padding: .12rem .75rem; font-size: .85rem;
      color: var(--soft); overflow-wrap: anywhere;
    }
    .badge.synthetic, .badge.alarm {
      background: var(--synthetic-paper); color: var(--synthetic); border-color: currentColor; font-weight: 650;
    }
    .corpus { max-width: 62ch; color: var(--soft); }
    .corpus strong { color: var(--ink); }
    .note, .caption, footer { color: var(--soft); font-size: .9rem; }
    .warning {
      border-left: 3px solid var(--synthetic); padding-left: .8rem; font-size: .9rem; overflow-wrap: anywhere;
    }
    .headline {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem;
      margin-top: 1.75rem;
    }
    .card, figure {
      background: var(--raised); border: 1px solid var(--rule); border-radius: 12px; padding: 1.1rem 1.25rem;
      margin: 0;
    }
    .figure {
      font-size: 3.1rem; line-height: 1.1; font-weight: 650; letter-spacing: -.03em; margin: .25rem 0;
      font-variant-numeric: tabular-nums;
    }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
    .scatters { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
    .scatters figure { max-width: 34rem; }
    figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; align-items: baseline; margin-bottom: .4rem; }
    .key { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
    .swatch {
      display: inline-block; width: .75em; height: .75em; border-radius: 3px; background: currentColor;
      margin-right: .45em;
    }
    .dash {
      display: inline-block; width: 1.6em; border-top: 2px dashed currentColor; vertical-align: .28em;
      margin-right: .45em;
    }
    .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 2rem 3rem; }
    .two figure { align-self: start; }
    .facts { margin: 0; border-top: 1px solid var(--rule); }
    .facts div {
      display: flex; justify-content: space-between; gap: 1.5rem; padding: .42rem 0;
      border-bottom: 1px solid var(--rule);
    }
    .facts dt { color: var(--soft); }
    .facts dd {
      margin: 0; text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; min-width: 0;
    }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .95rem; }
    th, td { padding: .42rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
    thead th {
      color: var(--soft); font-weight: 550; font-size: .85rem; vertical-align: bottom;
      border-bottom-color: var(--soft);
    }
    th:first-child, .text { text-align: left; }
    thead tr + tr th { text-align: right !important; }
    thead th[scope=colgroup] { text-align: center; }
    thead th[rowspan] { text-transform: capitalize; }
    tbody th { font-weight: 500; }
    .splits tr:not(.first) th { color: transparent; }
    .splits tr:has(+ tr:not(.first)) > * { border-bottom-color: transparent; }
    td.best { font-weight: 700; }
    .splits td:nth-child(3) { font-weight: 700; }
    td small { color: var(--soft); font-weight: 400; }
    td.bar {
      background: linear-gradient(to right, var(--bar) calc(var(--v) * 1%), transparent 0) left center / 100% 62% no-repeat;
    }
    details summary { cursor: pointer; color: var(--accent); font-size: .95rem; padding: .3rem 0; }
    summary:focus-visible, .scroll:focus-visible {
      outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px;
    }
    .configuration { margin-top: 1.5rem; }
    pre {
      overflow-x: auto; background: var(--raised); border: 1px solid var(--rule); border-radius: 12px;
      padding: 1rem 1.25rem; font-size: .85rem; line-height: 1.5;
    }
    footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
    \(chartStyle)
    \(sweepStyle)
    #tip {
      position: fixed; z-index: 1; pointer-events: none;
      background: var(--ink); color: var(--paper); border-radius: 6px;
      padding: .2rem .6rem; font-size: .85rem; max-width: min(22rem, 90vw); font-variant-numeric: tabular-nums;
    }
    @media (max-width: 34rem) {
      th, td { padding: .42rem .45rem; }
      .card, figure { padding: .9rem; }
      svg.scatter text { font-size: 15px; }
      svg.lines text { font-size: 16px; }
      svg.lines text.name { font-size: 12.5px; }
    }
    @media print { body { max-width: none; padding: 0; } section, figure, .card { break-inside: avoid; } }
    """
