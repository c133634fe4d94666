/// Shows what a dot stands for: the nearest one to the pointer or finger. Without it, the page lacks nothing but
/// that.
let tipScript = """
    (() => {
      const tip = document.getElementById('tip');
      let lit = null;
      const clear = () => { tip.hidden = true; if (lit) lit.classList.remove('lit'); lit = null; };
      for (const svg of document.querySelectorAll('svg.lines, svg.scatter, svg.histogram')) {
        const dots = [...svg.querySelectorAll('[data-tip]')];
        svg.addEventListener('pointermove', event => {
          let best = null, least = 30 * 30;
          for (const dot of dots) {
            const box = dot.getBoundingClientRect();
            // A dot is far as its middle is, a bar as its edge is.
            const reach = dot.tagName === 'rect' ? [box.width / 2, box.height / 2] : [0, 0];
            const dx = Math.max(0, Math.abs(box.x + box.width / 2 - event.clientX) - reach[0]);
            const dy = Math.max(0, Math.abs(box.y + box.height / 2 - event.clientY) - reach[1]);
            if (dx * dx + dy * dy < least) { least = dx * dx + dy * dy; best = dot; }
          }
          if (best === lit) return;
          clear();
          if (!best) return;
          lit = best;
          lit.classList.add('lit');
          tip.textContent = lit.dataset.tip;
          tip.hidden = false;
          const box = lit.getBoundingClientRect(), size = tip.getBoundingClientRect();
          const left = box.x + box.width / 2 - size.width / 2;
          tip.style.left = Math.max(4, Math.min(innerWidth - size.width - 4, left)) + 'px';
          tip.style.top = (box.y - size.height - 8 < 4 ? box.bottom + 8 : box.y - size.height - 8) + 'px';
        });
        svg.addEventListener('pointerleave', clear);
      }
      addEventListener('scroll', clear, { passive: true });
    })();
    """
