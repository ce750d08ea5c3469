// Asks the browser for a passkey and sends what it says with the form it stands in. Without this file a page offers a
// code instead.
(() => {
  "use strict";

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const make = async (asked) => {
    const publicKey = { ...asked, challenge: bytes(asked.challenge), excludeCredentials: named(asked.excludeCredentials) };
    publicKey.user = { ...asked.user, id: bytes(asked.user.id) };
    const made = await navigator.credentials.create({ publicKey });
    return answer(made, {
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    });
  };

  const show = async (asked) => {
    const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: named(asked.allowCredentials) };
    const shown = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = shown.response;
    return answer(shown, {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle && userHandle.byteLength ? text(userHandle) : null,
    });
  };

  const answer = (credential, response) => ({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  });

  // Browsers tell a press on Cancel, a missing passkey and a time that ran out by one and the same name.
  const reason = (error, kind, waited, limit) => {
    if (waited >= limit) return "The time for it ran out. Press the button to try again.";
    switch (error.name) {
      case "NotAllowedError":
        return kind === "make"
          ? "No passkey was made: it was cancelled, or this device has no place for one. Nothing has changed."
          : "No passkey was shown: it was cancelled, or this device has none for Postern. Try again, or use a code.";
      case "InvalidStateError":
        return "This device has a passkey for you already. Use that one, or another device.";
      case "SecurityError":
        return "Passkeys are not allowed at this address. Open Postern at the address that your office uses.";
      case "NotSupportedError":
      case "ConstraintError":
        return "This device cannot make or show the kind of passkey that is needed. Try another device.";
      case "AbortError":
        return "It was broken off. Press the button to try again.";
      default:
        return "The browser could not do it. Try again, or another browser or device.";
    }
  };

  const serve = (form) => {
    const kind = form.dataset.passkey;
    const button = form.querySelector("[data-passkey-go]");
    const says = form.querySelector("[data-passkey-says]");
    const data = form.querySelector("script[type='application/json']");
    if (!button || !data || form.dataset.served) return;
    form.dataset.served = "1";
    if (!window.PublicKeyCredential) {
      says.textContent = "This browser knows no passkeys. Use a code, or another browser.";
      button.remove();
      return;
    }
    const asked = JSON.parse(data.textContent);
    button.addEventListener("click", async () => {
      if (!form.reportValidity()) return;
      says.textContent = kind === "make" ? "Follow what your browser asks." : "Waiting for your passkey.";
      button.disabled = true;
      const begun = Date.now();
      try {
        const given = await (kind === "make" ? make(asked) : show(asked));
        form.querySelector("[data-passkey-answer]").value = JSON.stringify(given);
        says.textContent = "One moment.";
        button.disabled = false;
        form.requestSubmit();
      } catch (error) {
        says.textContent = reason(error, kind, Date.now() - begun, asked.timeout || Infinity);
        button.disabled = false;
        button.focus();
      }
    });
  };

  const serveAll = (part) => part.querySelectorAll("form[data-passkey]").forEach(serve);
  serveAll(document);
  // A question that came in the place of the page.
  document.body.addEventListener("htmx:afterSwap", (event) => serveAll(event.detail.target));
})();
