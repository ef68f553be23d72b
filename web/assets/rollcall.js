// A roll call on a phone that loses its line: marks are kept here (ids and instants, no names), shown at once, and sent
// when the server answers again. Whoever made them sends them: what waits is kept by account and school.
(() => {
  const page = () => document.getElementById('presentes');
  if (!page()) return;
  const { escuela, persona, zona } = page().dataset;
  const MINE = `pase/${persona}/${escuela}/`;
  const TOGETHER = 100;
  const AGAIN_AFTER = 3000;
  const SILENT_AFTER = 13000;
  // A row stays under the thumb for so long after a tap, and lists do not move between taps.
  const CALM_AFTER = 1500;

  // The server's clock as far as this page knows it: a phone's own may be wrong.
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const meet = () => { ahead = Number(page().dataset.ahora) - Date.now(); };
  meet();

  // What waits: for each roll call `{student: [safe, at, refused]}`.
  const calls = () => Object.keys(localStorage).filter((key) => key.startsWith(MINE));
  const waiting = (key) => {
    try { return JSON.parse(localStorage.getItem(key)) ?? {}; } catch { return {}; }
  };
  const keep = (key, marks) => {
    if (Object.keys(marks).length) localStorage.setItem(key, JSON.stringify(marks));
    else localStorage.removeItem(key);
  };
  const unsent = (key) => Object.entries(waiting(key)).filter(([, mark]) => !mark[2]);
  const every = (of) => calls().flatMap((key) => Object.values(waiting(key))).filter(of).length;

  // What was sent and is not in the page yet, by pupil: [safe, position].
  const sent = new Map();
  const tapped = new Map();
  let lastTap = 0;
  const calm = () => performance.now() - lastTap > CALM_AFTER;

  // The line.
  let heard = performance.now();
  let since = now();
  let broken = false;
  let signedOut = false;
  const reached = () => {
    [heard, since, broken] = [performance.now(), now(), false];
  };

  const $ = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString(document.documentElement.lang);
  const clock = (at) =>
    new Date(at).toLocaleTimeString('es-CL', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zona });

  // Each row where it belongs, by what the server said and what was tapped here since.
  const place = () => {
    const list = $('lista');
    if (!list) return;
    const here = waiting(MINE + page().dataset.pase);
    for (const row of list.querySelectorAll('li[data-alumno]')) {
      const id = row.dataset.alumno;
      const own = here[id] && !here[id][2] ? here[id] : sent.get(id);
      const safe = own ? !!own[0] : row.dataset.salvo === 'si';
      row.dataset.es = safe ? 'salvo' : 'falta';
      const button = row.querySelector('button');
      const fresh = tapped.has(id) && !calm();
      const from = row.parentElement;
      if (!fresh) {
        tapped.delete(id);
        const into = list.querySelector(
          `ul[data-lista="${safe ? 'salvos' : 'faltan'}"][data-curso="${from.dataset.curso}"]`);
        if (into && into !== from) into.append(row);
      }
      row.classList.toggle('fresh', fresh);
      if (!button) continue;
      const word = fresh && safe ? list.dataset.hecho : safe ? list.dataset.deshacer : list.dataset.salvo;
      button.name = safe ? 'deshacer' : 'salvo';
      // The second half of a double tap undoes nothing.
      button.disabled = fresh;
      if (button.textContent.trim() !== word) {
        button.textContent = word;
        button.setAttribute('aria-label', `${word}: ${row.querySelector('b').textContent}`);
      }
    }
    count(list);
  };

  const count = (list) => {
    let [safe, all, doubt] = [0, 0, 0];
    const missing = {};
    for (const row of list.querySelectorAll('li[data-alumno]')) {
      const found = row.dataset.es === 'salvo';
      safe += found;
      all += found || row.dataset.donde === 'adentro';
      doubt += !found && row.dataset.donde === 'duda';
      const { curso } = row.parentElement.dataset;
      missing[curso] = (missing[curso] ?? 0) + (!found && row.dataset.donde !== 'afuera');
    }
    $('salvos').textContent = number(safe);
    $('total').textContent = number(all);
    $('avance').max = Math.max(all, 1);
    $('avance').value = safe;
    $('dudas').hidden = doubt === 0;
    $('dudas').querySelector('b').textContent = number(doubt);
    for (const [curso, n] of Object.entries(missing)) {
      const chip = document.querySelector(`[data-faltan="${curso}"]`);
      if (chip) chip.textContent = number(n);
    }
  };

  // One course alone, without asking the server.
  let chosen = page().dataset.curso ?? '';
  const filter = () => {
    for (const section of document.querySelectorAll('[data-seccion]')) {
      section.hidden = chosen !== '' && section.dataset.seccion !== chosen;
    }
    for (const link of document.querySelectorAll('a[data-ver]')) {
      if (link.dataset.ver === chosen) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };

  const tell = () => {
    const silent = broken || (!document.hidden && performance.now() - heard > SILENT_AFTER);
    const banner = $('sin-conexion');
    const aside = every((mark) => mark[2]);
    const words = signedOut ? banner.dataset.fuera
      : silent ? banner.dataset.lejos.replace('{hora}', clock(since))
      : aside ? banner.dataset.rechazadas.replace('{n}', number(aside)) : '';
    const line = banner.querySelector('p');
    if (line.textContent !== words) line.textContent = words;
    banner.hidden = words === '';
    document.documentElement.classList.toggle('offline', silent);
    const n = every((mark) => !mark[2]);
    const told = n === 0 ? '' : n === 1 ? $('por-enviar').dataset.una
      : $('por-enviar').dataset.varias.replace('{n}', number(n));
    if ($('por-enviar').textContent !== told) $('por-enviar').textContent = told;
    $('por-enviar').hidden = n === 0;
    return silent;
  };

  const show = () => {
    place();
    filter();
    tell();
  };

  // A UUID of version 4. `crypto.randomUUID` is not there without TLS.
  const fresh = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
  };

  const put = (call, marks) =>
    fetch(`/api/v1/roll-calls/${call}/marks?school=${escuela}`, {
      method: 'PUT', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(10000),
      headers: { 'content-type': 'application/json', 'idempotency-key': fresh() },
      body: JSON.stringify({
        marks: marks.map(([student_id, [safe, at]]) => ({ student_id, safe: !!safe, at: new Date(at).toISOString() })),
      }),
    });

  // What was not tapped again meanwhile goes, or is set aside with the reason that it is not taken.
  const settle = (key, some, then) => {
    const marks = waiting(key);
    for (const [id, [, at]] of some) {
      if (marks[id]?.[1] !== at) continue;
      then(id, marks);
    }
    keep(key, marks);
  };

  let sending = false;
  let tried = -AGAIN_AFTER;
  const send = async () => {
    if (sending) return;
    sending = true;
    tried = performance.now();
    let size = TOGETHER;
    try {
      for (const key of calls()) {
        for (let some; (some = unsent(key).slice(0, size)).length; ) {
          const answer = await put(key.slice(MINE.length), some);
          if (answer.ok) {
            const { position } = await answer.json();
            settle(key, some, (id, marks) => {
              if (key === MINE + page().dataset.pase) sent.set(id, [marks[id][0], position ?? 0]);
              delete marks[id];
            });
            reached();
            signedOut = false;
          } else if (answer.status === 401) {
            signedOut = true;
            return;
          } else if ([403, 404, 422].includes(answer.status)) {
            reached();
            // Alone, so that one that cannot be taken keeps no other back.
            if (some.length > 1) size = 1;
            else settle(key, some, (id, marks) => { marks[id][2] = answer.status; });
          } else {
            return;
          }
          show();
        }
      }
    } catch {
      // Sent again in a moment: the same mark twice is one.
      broken = true;
    } finally {
      sending = false;
      show();
    }
  };

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!page().contains(form)) return;
    if (form.id !== 'marca') {
      // Without a line the form would take the page away.
      if (tell()) event.preventDefault();
      return;
    }
    const { name, value } = event.submitter ?? {};
    if (!value || !page().dataset.pase) return;
    const key = MINE + page().dataset.pase;
    try {
      keep(key, { ...waiting(key), [value]: [name === 'salvo' ? 1 : 0, Math.round(now())] });
    } catch {
      // A browser that keeps nothing: the form goes by itself.
      return;
    }
    event.preventDefault();
    tapped.set(value, true);
    lastTap = performance.now();
    show();
    setTimeout(show, CALM_AFTER + 50);
    send();
  });

  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[data-ver]');
    if (!link) return;
    event.preventDefault();
    chosen = link.dataset.ver;
    history.replaceState(null, '', link.href);
    for (const field of document.querySelectorAll('#presentes input[name="curso"]')) field.value = chosen;
    filter();
  });

  // The page as the server has it now: what is in it is no longer this phone's to say.
  document.addEventListener('htmx:after:swap', () => {
    if (!page()) return;
    reached();
    signedOut = false;
    meet();
    const position = Number(page().dataset.posicion);
    for (const [id, mark] of sent) if (mark[1] <= position) sent.delete(id);
    for (const field of document.querySelectorAll('#presentes input[name="curso"]')) field.value = chosen;
    show();
  });
  // No list moves under a thumb that taps on.
  document.addEventListener('htmx:before:request', (event) => {
    if (!calm()) event.preventDefault();
  });
  document.addEventListener('htmx:before:response', (event) => {
    if (calm()) return;
    reached();
    event.preventDefault();
  });
  document.addEventListener('htmx:error', () => {
    broken = true;
    tell();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) heard = Math.max(heard, performance.now() - SILENT_AFTER + 5000);
  });
  addEventListener('online', send);
  setInterval(() => {
    tell();
    if (performance.now() - tried > AGAIN_AFTER && every((mark) => !mark[2])) send();
  }, 1000);
  show();
  send();
})();
