/// Ranges on the axes of the parallel coordinates. Each axis has two handles, which are sliders for the keyboard and for those who do not
/// see them: arrow keys move one by a twentieth, Home and End to the ends, Escape forgets the range. Part of the trials' script.
let brushScript = """
      const parallel = document.querySelector('svg.parallel');
      if (!parallel) return;
      for (const part of document.querySelectorAll('.script')) part.hidden = false;
      const make = (name, attributes, parent) => {
        const element = document.createElementNS('http' + '://www.w3.org/2000/svg', name);
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        parent.append(element);
        return element;
      };
      const said = document.getElementById('chosen'), everything = document.getElementById('everything');
      const all = said.textContent;
      const lines = new Map([...parallel.querySelectorAll('path[data-t]')].map(path =>
        [path.dataset.t, new Map(corners(path).map(([x, y]) => [x, y]))]));
      // Of a picture with parts to operate, readers of screens must be told of the parts.
      parallel.setAttribute('role', 'group');

      const axes = [...parallel.querySelectorAll('.column')].map(group => {
        const x = +group.dataset.x, spine = group.querySelector('line.axis');
        // Up is the high end.
        const bottom = +spine.getAttribute('y1'), top = +spine.getAttribute('y2');
        return { group, x, bottom, top, low: bottom + 8, high: top - 8 };
      });
      const value = (axis, y) => {
        const { from, to, low, high, log, names, absent } = axis.group.dataset;
        const share = (y - from) / (to - from);
        if (absent && share < 0) return absent;
        if (names !== undefined) {
          const list = names.split('\\n');
          return list[Math.max(0, Math.min(list.length - 1, Math.floor(share * list.length)))];
        }
        const number = +low + Math.max(0, Math.min(1, share)) * (high - low);
        return String(+(log ? 10 ** number : number).toPrecision(3));
      };
      const isWhole = axis => axis.low >= axis.bottom && axis.high <= axis.top;
      const show = () => {
        const limits = axes.filter(axis => !isWhole(axis));
        let count = 0;
        for (const [t, points] of lines) {
          const isChosen = limits.every(axis => {
            const y = points.get(axis.x);
            return y !== undefined && y <= axis.low && y >= axis.high;
          });
          count += isChosen;
          for (const part of parts.get(t)) {
            if (part.tagName === 'TR') part.hidden = !isChosen; else part.classList.toggle('out', !isChosen);
          }
        }
        said.textContent = limits.length ? `${count} of ${lines.size} chosen` : all;
        everything.hidden = !limits.length;
        for (const axis of axes) {
          axis.brush.setAttribute('y', axis.high);
          axis.brush.setAttribute('height', isWhole(axis) ? 0 : Math.max(0, axis.low - axis.high));
          for (const end of ['low', 'high']) {
            const handle = axis.handles[end];
            handle.setAttribute('y', axis[end] - (end === 'low' ? 0 : 7));
            handle.setAttribute('aria-valuenow', Math.round(100 * (axis.bottom - axis[end]) / (axis.bottom - axis.top)));
            handle.setAttribute('aria-valuetext', value(axis, axis[end]));
          }
        }
      };
      const clear = axis => { axis.low = axis.bottom + 8; axis.high = axis.top - 8; };
      const put = (axis, end, y) => {
        const within = Math.max(axis.top - 8, Math.min(axis.bottom + 8, y));
        axis[end] = end === 'low' ? Math.max(within, axis.high) : Math.min(within, axis.low);
      };
      for (const axis of axes) {
        axis.brush = make('rect', { class: 'brush', x: axis.x - 10, width: 20, y: 0, height: 0 }, axis.group);
        const grip = make('rect', {
          class: 'grip', x: axis.x - 16, width: 32, y: axis.top - 12, height: axis.bottom - axis.top + 24
        }, axis.group);
        axis.handles = {};
        for (const end of ['low', 'high']) {
          const handle = make('rect', {
            class: 'handle', x: axis.x - 10, width: 20, height: 7, rx: 2, tabindex: 0, role: 'slider',
            'aria-orientation': 'vertical', 'aria-valuemin': 0, 'aria-valuemax': 100,
            'aria-label': `${axis.group.dataset.title}, ${end} end`
          }, axis.group);
          axis.handles[end] = handle;
          handle.addEventListener('keydown', event => {
            const step = (axis.bottom - axis.top + 16) / 20;
            const moves = { ArrowUp: -step, ArrowRight: -step, ArrowDown: step, ArrowLeft: step };
            if (event.key in moves) put(axis, end, axis[end] + moves[event.key]);
            else if (event.key === 'Home') put(axis, end, axis.bottom + 8);
            else if (event.key === 'End') put(axis, end, axis.top - 8);
            else if (event.key === 'Escape') clear(axis);
            else return;
            event.preventDefault();
            show();
          });
          handle.addEventListener('pointerdown', event => drag(event, handle, y => put(axis, end, y)));
        }
        grip.addEventListener('pointerdown', event => {
          const begin = place(parallel, event)[1];
          drag(event, grip, y => {
            // A click is not a range.
            if (Math.abs(y - begin) < 4) { clear(axis); return; }
            axis.low = Math.min(axis.bottom + 8, Math.max(y, begin));
            axis.high = Math.max(axis.top - 8, Math.min(y, begin));
          });
        });
      }
      const drag = (event, element, move) => {
        event.preventDefault();
        element.setPointerCapture(event.pointerId);
        const moved = event => { move(place(parallel, event)[1]); show(); };
        moved(event);
        element.addEventListener('pointermove', moved);
        element.addEventListener('lostpointercapture', () => element.removeEventListener('pointermove', moved), { once: true });
      };
      everything.addEventListener('click', () => {
        for (const axis of axes) clear(axis);
        show();
        axes[0].handles.low.focus();
      });
      show();
    """
