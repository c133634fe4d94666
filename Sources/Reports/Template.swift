/// The page's frame, in Mustache. What it shows is decided in `ReportContext.swift`, how it looks in `Style.swift`.
let reportTemplate = pageFrame(
    generator: "undertone report", title: "{{title}}", style: "{{{style}}}",
    body: """
        <header class="page">
        <p class="eyebrow">Undertone · dimensional speech emotion recognition</p>
        <h1>{{title}}</h1>
        <p class="badges">{{#badges}}<span class="badge {{kind}}">{{text}}</span> {{/badges}}</p>
        {{#corpus}}
        <p class="corpus">{{#name}}<strong>{{name}}.</strong> {{/name}}{{description}}</p>
        {{/corpus}}
        {{#warnings}}<p class="warning">{{.}}</p>{{/warnings}}
        </header>
        <main>
        {{#sweep}}{{>sweep}}{{/sweep}}
        {{^sweep}}
        {{#comparison}}
        <section aria-labelledby="comparison">
        <h2 id="comparison">Runs compared</h2>
        <p class="note">CCC on <em>{{split}}</em> with its 95 % interval. The best of each column is set in bold.</p>
        <div class="scroll" tabindex="0"><table class="sortable">
        <thead><tr>{{#headers}}<th scope="col" data-sort>{{.}}</th>{{/headers}}</tr></thead>
        <tbody>{{#rows}}<tr>\
        <th scope="row"><span class="swatch c{{colour}}"></span>{{name}}</th>\
        {{#cells}}<td{{#best}} class="best"{{/best}}{{#value}} data-value="{{value}}"{{/value}}>{{text}}\
        {{#detail}} <small>{{detail}}</small>{{/detail}}</td>{{/cells}}</tr>{{/rows}}</tbody>
        </table></div>
        </section>
        {{/comparison}}
        {{#single}}{{#runs}}{{>headline}}{{/runs}}{{/single}}
        <section aria-labelledby="curves">
        <h2 id="curves">Training</h2>
        <div class="charts">
        {{#curves}}
        <figure>
        <figcaption><strong>{{title}}</strong>\
        {{#legend}}<span class="key"><span class="swatch c{{colour}}"></span>{{name}}</span>{{/legend}}</figcaption>
        {{{svg}}}
        </figure>
        {{/curves}}
        </div>
        </section>
        {{#runs}}
        {{^single}}<h2 class="run"><span class="swatch c{{colour}}"></span>{{name}}</h2>{{>headline}}{{/single}}
        {{>details}}
        {{/runs}}
        {{/sweep}}
        {{#caches}}
        <section aria-labelledby="{{id}}">
        <h2 id="{{id}}">The cache{{#name}} of {{name}}{{/name}} it was trained from</h2>
        <div class="two">
        <dl class="facts">{{#facts}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/facts}}</dl>
        {{#durations}}
        <figure>
        <figcaption><strong>{{title}}</strong>\
        <span class="key">shortest {{shortest}}, median {{median}}, longest {{longest}}</span></figcaption>
        {{{svg}}}
        </figure>
        {{/durations}}
        </div>
        {{>cacheTables}}
        </section>
        {{/caches}}
        </main>
        <footer>
        <p>CCC, the concordance correlation coefficient, is 1 where every prediction equals the truth and 0 where
        predictions tell nothing about it.{{#intervalMethod}} Intervals: {{intervalMethod}}.{{/intervalMethod}}</p>
        <p>{{versions}}</p>
        </footer>
        <div id="tip" role="status" hidden></div>
        <script>
        {{{script}}}
        </script>
        """)

/// A card per dimension with the number that everybody looks for first.
let headlineTemplate = """
    <section class="headline" aria-label="Scores on {{split}}">
    {{#cards}}
    <article class="card">
    <h3>{{dimension}}</h3>
    <p class="figure c{{colour}}">{{ccc}}</p>
    <p class="caption">CCC on {{split}}\
    {{#interval}}, 95 % interval {{interval}}{{/interval}} · {{count}} utterances</p>
    {{{svg}}}
    </article>
    {{/cards}}
    </section>
    """

/// What a cache's corpus and rows look like.
let cacheTablesTemplate = """
    {{#splits}}
    <h3>Splits</h3>
    <p class="note">Of the labels, mean ± standard deviation, and how many utterances have one.</p>
    <div class="scroll" tabindex="0"><table>
    <thead><tr><th scope="col">Split</th><th scope="col">Utterances</th><th scope="col">Speakers</th>\
    <th scope="col">Speech</th><th scope="col">Frames</th>\
    {{#labels}}<th scope="col">{{.}}</th>{{/labels}}</tr></thead>
    <tbody>{{#rows}}<tr><th scope="row">{{split}}</th><td>{{utterances}}</td><td>{{speakers}}</td>\
    <td>{{speech}}</td><td>{{frames}}</td>\
    {{#cells}}<td>{{text}} <small>{{count}}</small></td>{{/cells}}</tr>{{/rows}}</tbody>
    </table></div>
    {{/splits}}
    {{#speakers}}
    <h3>Speakers</h3>
    <details><summary>{{count}} speakers</summary>
    <div class="scroll" tabindex="0"><table class="sortable">
    <thead><tr><th scope="col" data-sort>Speaker</th><th scope="col" data-sort>Utterances</th>\
    <th scope="col" data-sort>Speech</th></tr></thead>
    <tbody>{{#rows}}<tr><th scope="row">{{speaker}}</th><td>{{utterances}}</td><td>{{speech}}</td></tr>{{/rows}}</tbody>
    </table></div>
    </details>
    {{/speakers}}
    {{#fidelity}}
    <h3>Against float32</h3>
    <p class="note">On {{sample}}, {{frames}} rows of each cut. The worst row is utterance/cut/frame.</p>
    <div class="scroll" tabindex="0"><table>
    <thead><tr><th scope="col">Cut</th><th scope="col">Relative error</th><th scope="col">Cosine, mean</th>\
    <th scope="col">Cosine, worst row</th><th scope="col" class="text">Worst row</th></tr></thead>
    <tbody>{{#cuts}}<tr><th scope="row">{{cut}}</th><td>{{error}}</td><td>{{mean}}</td><td>{{minimum}}</td>\
    <td class="text">{{worst}}</td></tr>{{/cuts}}</tbody>
    </table></div>
    {{/fidelity}}
    {{#rows}}
    <h3>Rows</h3>
    <p class="note">Of {{read}} frames out of {{all}}. Dead channels hardly change; the root mean square of exploding ones
    is more than twenty times the median channel's.</p>
    <div class="scroll" tabindex="0"><table>
    <thead><tr><th scope="col">Cut</th><th scope="col">Channels</th><th scope="col">Mean</th>\
    <th scope="col">Std. deviation</th><th scope="col">Minimum</th><th scope="col">Maximum</th>\
    <th scope="col">Dead channels</th><th scope="col">Exploding channels</th></tr></thead>
    <tbody>{{#cuts}}<tr><th scope="row">{{cut}}</th><td>{{channels}}</td><td>{{mean}}</td><td>{{deviation}}</td>\
    <td>{{minimum}}</td><td>{{maximum}}</td><td>{{dead}}</td><td>{{exploding}}</td></tr>{{/cuts}}</tbody>
    </table></div>
    {{/rows}}
    {{#rejects}}
    <h3>Rejected recordings: {{count}}</h3>
    <div class="scroll" tabindex="0"><table>
    <thead><tr><th scope="col">Reason</th><th scope="col">Recordings</th><th scope="col" class="text">Such as</th></tr></thead>
    <tbody>{{#reasons}}<tr><th scope="row">{{reason}}</th><td>{{count}}</td>\
    <td class="text">{{example}}</td></tr>{{/reasons}}</tbody>
    </table></div>
    {{/rejects}}
    """

/// Everything else about one run.
let detailsTemplate = """
    {{#hasScatters}}
    <section aria-labelledby="{{id}}-scatter">
    <h2 id="{{id}}-scatter">Truth against prediction</h2>
    <p class="note">On <em>{{split}}</em>, in the labels' own scale.\
    {{#thinning}} One dot for every {{thinning}} utterances.{{/thinning}}</p>
    <div class="scatters">
    {{#scatters}}
    <figure><figcaption><strong>{{dimension}}</strong>\
    <span class="key"><span class="dash"></span>truth = prediction</span></figcaption>
    {{{svg}}}
    </figure>
    {{/scatters}}
    </div>
    </section>
    {{/hasScatters}}
    <section aria-labelledby="{{id}}-scores">
    <h2 id="{{id}}-scores">All scores</h2>
    <p class="note">Each with its 95 % interval.</p>
    {{#hygiene}}<p class="{{kind}}">{{text}}.</p>
    {{/hygiene}}    <div class="scroll" tabindex="0"><table>
    <thead><tr><th scope="col">Split</th><th scope="col" class="text">Dimension</th>\
    <th scope="col">CCC</th><th scope="col">Pearson</th><th scope="col">RMSE</th><th scope="col">MAE</th>\
    <th scope="col">n</th></tr></thead>
    <tbody class="splits">{{#scores}}<tr{{#first}} class="first"{{/first}}>\
    <th scope="row">{{split}}</th><td class="text">{{dimension}}</td>\
    {{#values}}<td{{#reason}} title="{{reason}}"{{/reason}}>{{text}}\
    {{#interval}} <small>{{interval}}</small>{{/interval}}</td>{{/values}}\
    <td>{{count}}</td></tr>{{/scores}}</tbody>
    </table></div>
    </section>
    {{#groupings}}
    <section aria-labelledby="{{id}}">
    <h2 id="{{id}}">By {{column}}</h2>
    <details{{#open}} open{{/open}}><summary>{{count}} {{what}}</summary>
    <div class="scroll" tabindex="0"><table class="sortable">
    <thead><tr><th scope="col" rowspan="2" data-sort>{{column}}</th><th scope="col" class="text" rowspan="2" data-sort>Split</th>\
    {{#dimensions}}<th scope="colgroup" colspan="3">{{.}}</th>{{/dimensions}}</tr>
    <tr>{{#dimensions}}\
    <th scope="col" data-sort>CCC</th><th scope="col" data-sort>MAE</th><th scope="col" data-sort>n</th>{{/dimensions}}</tr></thead>
    <tbody>{{#rows}}<tr><th scope="row">{{group}}</th><td class="text">{{split}}</td>\
    {{#values}}<td class="bar" style="--v:{{bar}}"{{#reason}} title="{{reason}}"{{/reason}}>{{text}}\
    {{#interval}} <small>{{interval}}</small>{{/interval}}</td>\
    <td>{{mae}}</td><td>{{count}}</td>{{/values}}</tr>{{/rows}}</tbody>
    </table></div>
    </details>
    </section>
    {{/groupings}}
    <section class="two" aria-label="What was trained, and how long it took">
    <div><h2>What was trained</h2>
    <dl class="facts">{{#trained}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/trained}}</dl></div>
    <div><h2>How long it took</h2>
    <dl class="facts">{{#timing}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/timing}}</dl></div>
    </section>
    <details class="configuration"><summary>The whole configuration</summary><pre>{{configuration}}</pre></details>
    """
