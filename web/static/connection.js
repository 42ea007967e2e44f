// The one WebSocket: whole views come in. A drop, or silence, is told, then the connection is tried again,
// each time after twice the wait and a random part of it, so that many browsers do not return at once.

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 8000;
const SILENCE_MS = 5000; // the server sends at least one view a second

export function connect(url, { onView, onState }) {
  let attempts = 0;

  function open() {
    onState("connecting", "connecting");
    const socket = new WebSocket(url);
    let watchdog = setTimeout(drop, SILENCE_MS);

    function drop() {
      clearTimeout(watchdog);
      socket.onmessage = socket.onclose = null;
      socket.close();
      retry();
    }

    socket.onclose = drop;
    socket.onmessage = (event) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(drop, SILENCE_MS);
      attempts = 0;
      onState("live", "live");
      onView(JSON.parse(event.data));
    };
  }

  function retry() {
    const longest = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** attempts);
    const wait = longest * (0.5 + 0.5 * Math.random());
    attempts += 1;
    onState("lost", `connection lost, retry in ${(wait / 1000).toFixed(1)} s`);
    setTimeout(open, wait);
  }

  open();
}
