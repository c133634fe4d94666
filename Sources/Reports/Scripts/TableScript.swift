/// What makes the page more than a picture of itself. Without it tables stand in their order and nothing is hidden.
let reportScript = """
    \(tipScript)
    \(tableScript)
    \(trialScript)
    """

/// Sorts tables by the columns whose headers carry `data-sort`, which turn into buttons. A first click has the best on top where
/// that is the high end (`data-sort="high"`), else the low end; cells without a value stay last; equal ones stay in order.
let tableScript = """
    (() => {
      const number = cell => {
        const text = cell.dataset.value ?? cell.firstChild?.textContent ?? '';
        const plain = text.replace(/[\\u202f\\u00a0\\s]/g, '').replace('−', '-');
        const value = parseFloat(plain);
        return cell.dataset.value === undefined && /^-?[\\d.]/.test(plain) === false ? NaN : value;
      };
      // Under headers of two rows, columns are not counted by the cells of one.
      const column = (head, wanted) => {
        const taken = [...head.rows].map(() => []);
        for (const [r, row] of [...head.rows].entries()) for (const cell of row.cells) {
          let c = 0;
          while (taken[r][c]) c += 1;
          for (let i = 0; i < cell.rowSpan; i += 1) for (let j = 0; j < cell.colSpan; j += 1) taken[r + i][c + j] = true;
          if (cell === wanted) return c;
        }
      };
      const collator = new Intl.Collator('en', { numeric: true });
      const sort = (table, header) => {
        const first = header.dataset.sort === 'high' ? 'descending' : 'ascending';
        const other = first === 'ascending' ? 'descending' : 'ascending';
        const way = header.getAttribute('aria-sort') === first ? other : first;
        for (const old of table.querySelectorAll('th[aria-sort]')) old.removeAttribute('aria-sort');
        header.setAttribute('aria-sort', way);
        const at = column(table.tHead, header), sign = way === 'ascending' ? 1 : -1;
        const keys = [...table.tBodies[0].rows].map(row => {
          const cell = row.cells[at];
          return { row, text: cell.textContent.trim(), value: number(cell) };
        });
        const none = key => key.text === '' || key.text === '–';
        // One name among numbers makes names of all.
        const words = keys.some(key => isNaN(key.value) && !none(key));
        const missing = key => words ? none(key) : isNaN(key.value);
        keys.sort((a, b) => missing(a) - missing(b)
          || (missing(a) ? 0 : sign * (words ? collator.compare(a.text, b.text) : a.value - b.value)));
        table.tBodies[0].append(...keys.map(key => key.row));
      };
      for (const table of document.querySelectorAll('table.sortable')) {
        for (const header of table.querySelectorAll('th[data-sort]')) {
          const button = document.createElement('button');
          button.type = 'button';
          button.append(...header.childNodes);
          header.append(button);
          button.addEventListener('click', () => sort(table, header));
        }
      }
    })();
    """
