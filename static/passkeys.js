// Asks the device for a passkey, or to make one, and sends what it signed. Only the two pages of passkeys load this file.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const failed = document.getElementById("passkey-failed");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withBytes = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const ask = async () => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (form.dataset.passkey === "create") {
      options.user.id = bytes(options.user.id);
      options.excludeCredentials = withBytes(options.excludeCredentials);
      return navigator.credentials.create({ publicKey: options });
    }
    options.allowCredentials = withBytes(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  };

  const written = (given) => {
    const response = { clientDataJSON: text(given.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given.response[part]) response[part] = text(given.response[part]);
    }
    return JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, response, clientExtensionResults: {} });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      form.elements.answer.value = written(await ask());
    } catch {
      failed.hidden = false;
      return;
    }
    form.submit();
  });
})();
