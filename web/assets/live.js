// The gate around htmx, and the watch over the live stream. Runs last in the bundle.
(() => {
  const key = document.currentScript.nonce;
  // The only elements that a message of the live stream may change.
  const panels = new Set(['alerts', 'answer', 'courses', 'stream', 'gates', 'fresh', 'spoken']);
  // hx-csp does not look at hx-sse: refuse every request of an element without this page's nonce,
  // and every swap of the stream into anything but a panel.
  htmx.registerExtension('gate', {
    htmx_config_request: (element) =>
      element.getAttribute('hx-nonce') === key ? undefined : false,
    htmx_before_swap: (element, detail) => {
      if (element.id !== 'live') return;
      for (let i = detail.tasks.length; i--; ) {
        if (!panels.has(detail.tasks[i].target?.id)) detail.tasks.splice(i, 1);
      }
    },
  });

  // A stream that is accepted and closed at once would be opened twice a second for ever: after
  // three empty ones leave it to the slow trigger of the page.
  let empty = 0;
  let heard = performance.now();
  document.addEventListener('htmx:sse:after:message', () => {
    empty = 0;
    heard = performance.now();
    show(false);
  });
  document.addEventListener('htmx:sse:before:connection', (event) => {
    if (event.detail.connection.attempt === 1 && ++empty > 3) event.preventDefault();
  });

  // A one-time link: its secret goes from the address, which keeps it from servers, into the form, and leaves
  // the address.
  const link = document.querySelector('input[name="enlace"]');
  if (link && location.hash.startsWith('#t=')) {
    link.value = location.hash.slice(3);
    // Where there is nothing else to fill in, nobody needs to see it.
    if (link.dataset.alone !== undefined) link.closest('.field').hidden = true;
    history.replaceState(null, '', location.pathname + location.search);
  }
  // The page in the other language is another address: the secret goes along in its fragment.
  if (link) {
    const carry = () => {
      const secret = link.value.trim().split('#t=').pop();
      for (const other of document.querySelectorAll('a[hreflang]')) {
        other.hash = /^[\w-]+$/.test(secret) ? `t=${secret}` : '';
      }
    };
    carry();
    link.addEventListener('input', carry);
  }

  // Signed out meanwhile: the page itself leads to the sign-in page, and back.
  document.addEventListener('htmx:sse:error', (event) => {
    if (event.detail.status === 401) location.reload();
  });

  // A server that is alive sends at least every two seconds, and answers a page that fetches itself
  // every ten. Silence is said aloud; when the server answers again but the stream stays silent (a
  // dead connection), the page is loaded afresh.
  const streams = document.getElementById('live') !== null;
  const watched = streams || document.querySelector('#course, #kiosks') !== null;
  const SAY_AFTER = streams ? 8000 : 22000;
  const HEAL_AFTER = 30000;
  let probed = 0;
  const show = (silent) => {
    const banner = document.getElementById('offline');
    if (banner && banner.hidden === silent) banner.hidden = !silent;
    document.documentElement.classList.toggle('offline', silent);
  };
  if (!streams) document.addEventListener('htmx:after:swap', () => { heard = performance.now(); });
  document.addEventListener('visibilitychange', () => {
    // A hidden page has no stream; give it time to come back before calling it silent.
    if (!document.hidden) heard = Math.max(heard, performance.now() - SAY_AFTER + 3000);
  });
  setInterval(async () => {
    if (document.hidden || !watched) return;
    const silent = performance.now() - heard;
    show(silent > SAY_AFTER);
    if (!streams || silent < HEAL_AFTER || performance.now() - probed < HEAL_AFTER) return;
    probed = performance.now();
    try {
      if ((await fetch('/healthz', { cache: 'no-store' })).ok) location.reload();
    } catch {
      // Still away; ask again later.
    }
  }, 1000);
})();
