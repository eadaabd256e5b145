// Nothing here is needed: every page works without it. It makes the way out faster and offers to copy, to print, or to say where one is.
(() => {
  const way = document.querySelector("form.leave");
  const leave = () => {
    // The page goes at once and is replaced in the history; the session and what the browser keeps go behind it.
    document.documentElement.hidden = true;
    document.title = " ";
    if (navigator.sendBeacon(way.action)) location.replace(way.dataset.to);
    else way.submit();
  };
  if (way) {
    let presses = 0, last = 0;
    way.firstElementChild.title = way.dataset.hint;
    way.addEventListener("submit", (event) => { event.preventDefault(); leave(); });
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape") { presses = 0; return; }
      presses = event.timeStamp - last < 2000 ? presses + 1 : 1;
      last = event.timeStamp;
      if (presses === 3) leave();
    });
  }
  const on = (name, act) => document.querySelectorAll(`[data-${name}]`).forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  });
  on("print", () => print());
  if (navigator.geolocation) on("locate", (button) => {
    const { form } = button;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      form.elements.here.value = `${coords.latitude.toFixed(2)} ${coords.longitude.toFixed(2)}`;
      form.elements.place.value = "";
      form.submit();
    }, () => { button.disabled = true; button.textContent = button.dataset.locate; }, { timeout: 20000, maximumAge: 600000 });
  });
  if (navigator.clipboard) on("copy", async (button) => {
    const rows = document.querySelectorAll(".secret > div");
    await navigator.clipboard.writeText([...rows].map((row) => [...row.children].map((cell) => cell.textContent).join(": ")).join("\n"));
    button.textContent = button.dataset.copy || button.textContent;
  });
})();
