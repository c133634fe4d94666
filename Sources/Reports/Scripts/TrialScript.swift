/// Ties together all that shows the same trial (`data-t`): lines and dots of the charts and the rows of the table. What the pointer is near to is lit
/// in all of them, a row's button keeps it lit, and ranges on the axes of the parallel coordinates choose among trials.
let trialScript = """
    (() => {
      const table = document.getElementById('trials');
      if (!table) return;
      const tip = document.getElementById('tip');
      const marks = [...document.querySelectorAll('svg .trials [data-t]')];
      const rows = [...table.tBodies[0].rows];
      const parts = new Map();
      for (const part of [...marks, ...rows]) {
        if (!parts.has(part.dataset.t)) parts.set(part.dataset.t, []);
        parts.get(part.dataset.t).push(part);
      }
      const tips = new Map(rows.map(row => [row.dataset.t, row.dataset.tip]));

      // What is lit.
      const kept = new Set();
      let near = null;
      const light = trial => {
        if (trial === near) return;
        const before = near;
        near = trial;
        for (const t of [before, near]) {
          for (const part of parts.get(t) ?? []) part.classList.toggle('lit', t === near || kept.has(t));
        }
      };
      for (const row of rows) {
        const header = row.querySelector('th'), button = document.createElement('button');
        button.type = 'button';
        button.setAttribute('aria-pressed', 'false');
        button.title = 'Keep it highlighted in the charts';
        button.append(...header.childNodes);
        header.append(button);
        button.addEventListener('click', () => {
          const t = row.dataset.t, keep = !kept.has(t);
          keep ? kept.add(t) : kept.delete(t);
          button.setAttribute('aria-pressed', String(keep));
          for (const part of parts.get(t)) part.classList.toggle('lit', keep || t === near);
        });
        row.addEventListener('pointerenter', () => light(row.dataset.t));
        row.addEventListener('pointerleave', () => light(null));
      }

      // The nearest line or dot, by the corners of lines in the drawing's own units.
      const corners = mark => {
        if (mark.tagName === 'circle') return [[+mark.getAttribute('cx'), +mark.getAttribute('cy')]];
        const [, ...numbers] = mark.getAttribute('d').split(/[Mh ]/);
        const points = [];
        for (let i = 0; i + 1 < numbers.length; i += 2) points.push([+numbers[i], +numbers[i + 1]]);
        return points;
      };
      const distance = ([px, py], [ax, ay], [bx, by]) => {
        const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
        const at = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
        return Math.hypot(px - ax - at * dx, py - ay - at * dy);
      };
      const place = (svg, event) => {
        const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        return [point.x, point.y];
      };
      for (const svg of document.querySelectorAll('svg.parallel, svg.parameter, svg.curves')) {
        const lines = [...svg.querySelectorAll('.trials [data-t]')].map(mark => ({ mark, points: corners(mark) }));
        svg.addEventListener('pointermove', event => {
          if (event.buttons) return;
          const at = place(svg, event);
          let best = null, least = 14;
          for (const { mark, points } of lines) {
            if (mark.classList.contains('out')) continue;
            for (let i = 0; i < points.length; i += 1) {
              const far = distance(at, points[i], points[Math.min(i + 1, points.length - 1)]);
              if (far < least) { least = far; best = mark; }
            }
          }
          light(best?.dataset.t ?? null);
          tip.hidden = !best;
          if (!best) return;
          tip.textContent = tips.get(best.dataset.t);
          const size = tip.getBoundingClientRect();
          tip.style.left = Math.max(4, Math.min(innerWidth - size.width - 4, event.clientX - size.width / 2)) + 'px';
          tip.style.top = (event.clientY - size.height - 14 < 4 ? event.clientY + 18 : event.clientY - size.height - 14) + 'px';
        });
        svg.addEventListener('pointerleave', () => { light(null); tip.hidden = true; });
      }
    \(brushScript)
    })();
    """
