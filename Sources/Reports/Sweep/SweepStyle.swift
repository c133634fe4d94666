/// What a pipeline's page adds to the style sheet. Nothing moves, so that there is nothing to still for those who ask for less motion.
let sweepStyle = """
    nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: 1.2rem 0 0; padding: 0; }
    nav a { color: var(--accent); }
    .legend { list-style: none; margin: .8rem 0 0; padding: 0; font-size: .9rem; color: var(--soft); }
    .legend li { overflow-wrap: anywhere; }
    .legend:empty { display: none; }
    .settings {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 0 3rem; margin-top: 1rem;
      border-top: 0;
    }
    .parameters {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1rem; margin-top: 1rem;
    }
    .parameters figcaption strong { text-transform: none; }
    .tall { max-height: min(46rem, 85vh); overflow: auto; border-bottom: 1px solid var(--rule); }
    .tall thead th { position: sticky; top: 0; background: var(--paper); z-index: 1; white-space: normal; min-width: 5.2em; }
    .tall thead th:first-child { min-width: 0; }
    caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .4rem; }
    caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2.2rem); }
    table button {
      all: unset; cursor: pointer; font: inherit; color: inherit; text-align: inherit;
    }
    thead button::after { content: "\\00a0↕"; opacity: .45; }
    th[aria-sort=ascending] button::after { content: "\\00a0↑"; opacity: 1; }
    th[aria-sort=descending] button::after { content: "\\00a0↓"; opacity: 1; }
    th[aria-sort] button { color: var(--ink); }
    tbody button { text-decoration: underline dotted; text-underline-offset: 3px; }
    tbody button[aria-pressed=true] { text-decoration-style: solid; font-weight: 700; }
    button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
    #everything {
      font: inherit; font-size: .9rem; cursor: pointer; color: var(--accent); background: var(--raised);
      border: 1px solid currentColor; border-radius: 99px; padding: .1rem .8rem;
    }
    tr.lit > * { background-color: var(--bar); }
    .swatch.grey { color: var(--rule); }
    .q0 { color: var(--q0); } .q1 { color: var(--q1); } .q2 { color: var(--q2); } .q3 { color: var(--q3); }
    .q4 { color: var(--q4); } .q5 { color: var(--q5); }
    svg rect[class^=q] { fill: currentColor; }
    svg .trials path { fill: none; stroke: currentColor; stroke-width: 2.6; stroke-linejoin: round; stroke-linecap: round; }
    svg .trials path.stopped, svg .trials path.unfinished, svg .trials path.failed { stroke-width: 1.3; stroke-opacity: .75; }
    svg .trials circle { fill: currentColor; stroke: currentColor; stroke-width: 1.4; }
    svg .trials circle:not(.done) { fill: var(--raised); fill-opacity: .6; }
    svg .many path, svg .many path.stopped { stroke-opacity: .4; }
    svg .many circle { fill-opacity: .5; stroke-opacity: .5; }
    svg .trials .grey path { color: var(--soft); stroke-width: 1.3; stroke-opacity: .35; }
    svg.curves .trials .grey path { stroke-width: 1.6; }
    svg .trials path.dot, svg .trials .grey path.dot { stroke-width: 6; }
    svg .trials path.band { fill: currentColor; fill-opacity: .16; stroke: none; }
    svg .trials .out { display: none; }
    svg .trials path.lit, svg .trials .grey path.lit { color: var(--ink); stroke-width: 4; stroke-opacity: 1; }
    svg .trials circle.lit { fill: var(--ink); stroke: var(--ink); fill-opacity: 1; }
    svg .halo { paint-order: stroke; stroke: var(--raised); stroke-width: 4px; stroke-linejoin: round; fill: var(--ink); }
    svg .brush { fill: var(--accent); fill-opacity: .16; }
    svg .grip { fill: transparent; cursor: ns-resize; touch-action: none; }
    svg .handle { fill: var(--raised); stroke: var(--accent); stroke-width: 1.6; cursor: ns-resize; touch-action: none; }
    svg .handle:focus-visible { fill: var(--accent); outline: 2px solid var(--ink); outline-offset: 2px; }
    @media print { .tall { max-height: none; } nav, .script, .handle { display: none; } }
    @media (max-width: 34rem) {
      svg.curves text { font-size: 16px; }
      svg.parameter text { font-size: 13px; }
    }
    """
