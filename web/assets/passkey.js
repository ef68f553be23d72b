// Passkeys. A form that wants one asks the server what to sign, the device to sign it, and goes on as a form.
(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const known = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));

  // The server's options, with bytes where the browser wants bytes.
  const asked = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    user: options.user && { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
    allowCredentials: known(options.allowCredentials),
  });

  // The device's answer, with text where it has bytes.
  const answered = ({ id, rawId, type, response }) => {
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (response[part]) said[part] = text(response[part]);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: said, extensions: {} });
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    const { passkey: act, options, origin } = form.dataset;
    const send = form.querySelector('button');
    const line = form.querySelector('[data-said]');
    const say = (what) => {
      line.textContent = what ? form.dataset[what] : '';
      line.hidden = !what;
    };
    const possible = window.PublicKeyCredential !== undefined && window.isSecureContext;
    if (location.origin !== origin) say('elsewhere');
    else if (!possible) say('unable');
    else send.disabled = false;

    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      send.disabled = true;
      say('waiting');
      try {
        const answer = await fetch(options, { method: 'POST', redirect: 'manual', cache: 'no-store' });
        // Signed out, or the password is asked for again: the page itself leads there, and back.
        if (answer.type === 'opaqueredirect' || answer.status === 401) return location.reload();
        if (!answer.ok) return say(answer.status === 429 ? 'often' : 'failed');
        const { reto, opciones } = await answer.json();
        const key = await navigator.credentials[act]({ publicKey: asked(opciones) });
        form.elements.reto.value = reto;
        form.elements.respuesta.value = answered(key);
        form.submit();
      } catch (error) {
        say({ NotAllowedError: 'cancelled', InvalidStateError: 'already' }[error.name] ?? 'failed');
      } finally {
        send.disabled = false;
      }
    });
  }
})();
