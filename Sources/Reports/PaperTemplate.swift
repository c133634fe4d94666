/// The frame of a study's page, in Mustache; `PaperPage` decides what it shows.
let paperTemplate = pageFrame(
    generator: "undertone paper", title: "{{title}}", style: "{{{style}}}",
    body: """
        <header class="page">
        <p class="eyebrow">Undertone · the comparison of Sampath, Tavernor and Mower Provost (ICASSP 2025)</p>
        <h1>{{title}}</h1>
        <p class="badges">{{#badges}}<span class="badge {{kind}}">{{text}}</span> {{/badges}}</p>
        {{#description}}<p class="corpus">{{description}}</p>{{/description}}
        {{#statements}}<p class="corpus">{{.}}</p>{{/statements}}
        {{#warnings}}<p class="warning">{{.}}</p>{{/warnings}}
        </header>
        <main>
        <section class="headline" aria-label="Beside the paper">
        {{#cards}}
        <article class="card">
        <h3>{{name}}</h3>
        <p class="figure">{{measured}}</p>
        <p class="caption">{{what}}, measured here · paper: {{paper}}, {{transfers}}</p>
        </article>
        {{/cards}}
        </section>
        {{#chart}}
        <section aria-label="Time">
        <figure>
        <figcaption><strong>{{title}}</strong>\
        {{#legend}}<span class="key"><span class="swatch c{{colour}}"></span>{{name}}</span>{{/legend}}</figcaption>
        {{{svg}}}
        </figure>
        </section>
        {{/chart}}
        {{#sections}}
        <section aria-labelledby="{{id}}">
        <h2 id="{{id}}">{{title}}</h2>
        <p class="note">{{note}}</p>
        <div class="scroll" tabindex="0"><table>
        <thead><tr>{{#headers}}<th scope="col">{{.}}</th>{{/headers}}</tr></thead>
        <tbody>{{#rows}}<tr><th scope="row">{{name}}</th>\
        {{#cells}}<td>{{text}}{{#detail}} <small>{{detail}}</small>{{/detail}}</td>{{/cells}}</tr>
        {{/rows}}</tbody>
        </table></div>
        </section>
        {{/sections}}
        </main>
        <footer>
        <p>CCC, the concordance correlation coefficient, is 1 where every prediction equals the truth and 0 where
        predictions tell nothing about it. Intervals: paired percentile bootstrap, over speakers where they are known.</p>
        <p>{{versions}}</p>
        </footer>
        <div id="tip" role="status" hidden></div>
        <script>
        {{{script}}}
        </script>
        """)

/// What a study's page has otherwise than a report: wide tables, and names that are no headlines.
let paperStyle = """

    h3, figcaption strong { text-transform: none; }
    figure { max-width: 46rem; }
    th, td { padding: .42rem .5rem; }
    .scroll th:first-child { position: sticky; left: 0; background: var(--paper); }
    @media (max-width: 34rem) { tbody th { white-space: normal; min-width: 8.5rem; } }
    """
