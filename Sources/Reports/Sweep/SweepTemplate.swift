/// A pipeline's page: what is best, how it was found, and all that was tried. How it looks is decided in `SweepStyle.swift`.
let sweepTemplate = """
    <nav aria-label="On this page"><ul>
    {{#best}}<li><a href="#best">Best</a></li>{{/best}}
    <li><a href="#curves">Training</a></li>
    {{#parameters}}<li><a href="#parameters">Hyperparameters</a></li>{{/parameters}}
    {{#table}}<li><a href="#configurations">All configurations</a></li>{{/table}}
    {{#halving}}<li><a href="#halving">Halving</a></li>{{/halving}}
    {{#best}}{{#run}}<li><a href="#closely">The best, closely</a></li>{{/run}}{{/best}}
    <li><a href="#cost">Cost</a></li>
    </ul></nav>
    {{#best}}
    <section aria-labelledby="best">
    <h2 id="best">{{#isChosen}}Best configuration{{/isChosen}}{{^isChosen}}Scores{{/isChosen}}</h2>
    {{#isChosen}}<p class="note">The best of {{count}} by {{metric}} on development, {{score}}. It was chosen by that score, \
    which is flattered by the choice;{{#isTested}} <em>{{split}}</em> had no say in it.{{/isTested}}\
    {{^isTested}} there is no test split to tell by how much.{{/isTested}}</p>{{/isChosen}}
    <div class="headline">
    {{#cards}}
    <article class="card">
    <h3>{{dimension}}</h3>
    <p class="figure c{{colour}}">{{ccc}}</p>
    <p class="caption">CCC on {{split}}{{#interval}}, 95 % interval {{interval}}{{/interval}}\
    {{#seedCount}}, mean of {{seedCount}} seeds ± {{spread}}{{/seedCount}} · {{count}} utterances</p>
    {{{svg}}}
    </article>
    {{/cards}}
    </div>
    <dl class="facts settings">{{#settings}}<div><dt title="{{key}}">{{name}}</dt><dd>{{value}}</dd></div>{{/settings}}</dl>
    </section>
    {{/best}}
    <section aria-labelledby="curves">
    <h2 id="curves">Training</h2>
    <p class="note">{{counts}}.{{#hasSeeds}} Lines are means over the seeds, bands one standard deviation \
    between them.{{/hasSeeds}}{{#isHalved}} At each rung the best go on.{{/isHalved}}</p>
    <div class="charts">
    {{#curves}}
    <figure>
    <figcaption><strong>{{title}}</strong></figcaption>
    {{{svg}}}
    </figure>
    {{/curves}}
    </div>
    {{#curves}}<ul class="legend">{{#legend}}<li><span class="swatch c{{colour}}"></span>{{name}}</li>{{/legend}}</ul>{{/curves}}
    </section>
    {{#parameters}}
    <section aria-labelledby="parameters">
    <h2 id="parameters">Hyperparameters</h2>
    <p class="note">Each line is a configuration, coloured by its {{metric}} on development. \
    {{#isHalved}}Thin lines and rings were stopped early, after fewer epochs: their scores are not those of whole runs.{{/isHalved}}</p>
    <p class="note script" hidden>Drag along an axis to choose a range, or move its ends with the arrow keys. The charts and the \
    table below show what is chosen.</p>
    <p class="chosen script" hidden><span role="status" id="chosen">{{counts}}</span> \
    <button type="button" id="everything" hidden>Choose all</button></p>
    <figure class="wide"><div class="scroll" tabindex="0" role="group" aria-label="Parallel coordinates">
    <div style="min-width:{{width}}px;max-width:{{most}}px">{{{svg}}}</div>
    </div></figure>
    <div class="parameters">
    {{#charts}}<figure><figcaption><strong title="{{key}}">{{title}}</strong></figcaption>
    {{{svg}}}</figure>
    {{/charts}}
    </div>
    </section>
    {{/parameters}}
    {{#table}}
    <section aria-labelledby="configurations">
    <h2 id="configurations">All configurations</h2>
    <div class="scroll tall" tabindex="0" role="group" aria-labelledby="configurations">\
    <table class="sortable" id="trials">
    <caption><span>{{caption}}</span></caption>
    <thead><tr><th scope="col" data-sort aria-sort="ascending">#</th><th scope="col" class="text" data-sort>Configuration</th>{{#headers}}\
    <th scope="col" class="{{kind}}" data-sort{{#high}}="high"{{/high}}>{{title}}</th>{{/headers}}</tr></thead>
    <tbody>
    {{#rows}}<tr data-t="{{index}}" data-tip="{{tip}}"><td data-value="{{rank}}"><span class="swatch {{colour}}"></span>{{rank}}</td>\
    <th scope="row" class="text">{{id}}</th>{{#cells}}<td class="{{kind}}"{{#value}} data-value="{{value}}"{{/value}}>{{text}}</td>{{/cells}}</tr>
    {{/rows}}
    </tbody></table></div>
    </section>
    {{/table}}
    {{#halving}}
    <section aria-labelledby="halving">
    <h2 id="halving">Successive halving</h2>
    <p class="note">Trained: {{share}} of what all configurations would have taken to their end. Which was stopped at which \
    rung is in the table above.</p>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="halving"><table>
    <caption><span>Rungs, by {{metric}} on development at their end</span></caption>
    <thead><tr><th scope="col">Rung</th><th scope="col">After epoch</th><th scope="col">Came to its end</th>\
    <th scope="col">Went on</th><th scope="col">Best</th><th scope="col">Median</th>\
    <th scope="col">Least that went on</th></tr></thead>
    <tbody>{{#rows}}<tr><th scope="row">{{number}}</th><td>{{epochs}}</td><td>{{came}} of {{of}}</td><td>{{wentOn}}</td>\
    <td>{{best}}</td><td>{{median}}</td><td>{{least}}</td></tr>{{/rows}}</tbody>
    </table></div>
    </section>
    {{/halving}}
    {{#best}}
    {{#seeds}}
    <section aria-labelledby="seeds">
    <h2 id="seeds">The best over its seeds</h2>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="seeds"><table class="sortable">
    <caption><span>Mean ± standard deviation between seeds, and the CCC of each seed</span></caption>
    <thead><tr><th scope="col" data-sort>Split</th><th scope="col" class="text" data-sort>Dimension</th>\
    {{#metrics}}<th scope="col" data-sort>{{.}}</th>{{/metrics}}{{#names}}<th scope="col" data-sort>CCC, seed {{.}}</th>{{/names}}\
    </tr></thead>
    <tbody>{{#rows}}<tr><th scope="row">{{split}}</th><td class="text">{{dimension}}</td>\
    {{#cells}}<td data-value="{{value}}">{{text}}</td>{{/cells}}{{#seeds}}<td>{{.}}</td>{{/seeds}}</tr>{{/rows}}</tbody>
    </table></div>
    </section>
    {{/seeds}}
    {{#run}}
    <h2 class="run" id="closely">{{#isChosen}}The best, closely{{/isChosen}}{{^isChosen}}One run, closely{{/isChosen}}</h2>
    {{#typicalSeed}}<p class="note">The run with seed {{typicalSeed}}, whose score on development is nearest to the seeds' mean.</p>{{/typicalSeed}}
    {{>details}}
    {{/run}}
    {{/best}}
    <section aria-labelledby="cost">
    <h2 id="cost">What it took</h2>
    <p class="note">As the runs measured it. Runs side by side count each for itself. Energy was not measured.</p>
    <dl class="facts">{{#cost}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/cost}}</dl>
    </section>
    """
