// Keeps the start page up to date: hears of each new generation, and puts the new main part in the old one's place.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const HEARTBEAT = 20_000;
const CHANGED = "subscription { corpusChanged { revision } }";
const NOW = "{ corpus { revision } }";

const address = new URL("graphql", document.baseURI);
address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
const credential = document.body.dataset.drafts ? { "X-Include-Drafts": "true" } : {};

const main = () => document.getElementById("main");
const say = (id, text) => { document.getElementById(id).textContent = text; };
const tell = (isLive) => {
  say("live", isLive ? "Live" : "Not connected");
  document.getElementById("live").classList.toggle("on", isLive);
};

let wait = FIRST_WAIT;
let following = Promise.resolve();
let newest;

// The protocol is graphql-transport-ws.
function connect() {
  const socket = new WebSocket(address, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  let asked = 0;
  const ask = (query) => send({ id: String(asked++), type: "subscribe", payload: { query } });
  let heartbeat;

  function begin() {
    wait = FIRST_WAIT;
    tell(true);
    ask(CHANGED);
    // What changed before the subscription began, or while the machine slept, is noticed by the revision.
    ask(NOW);
    heartbeat = setInterval(ask, HEARTBEAT, NOW);
  }

  socket.addEventListener("open", () => send({ type: "connection_init", payload: credential }));
  socket.addEventListener("message", ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === "connection_ack") begin();
    else if (type === "ping") send({ type: "pong" });
    else if (type === "next" && payload.data) follow(Object.values(payload.data)[0].revision, socket);
    else if (type === "next" || type === "error") socket.close();
  });
  socket.addEventListener("close", () => {
    clearInterval(heartbeat);
    tell(false);
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  });
}

// One fetch after the other, and none for what is shown already.
function follow(revision, socket) {
  newest = revision;
  following = following
    .then(() => (newest === main().dataset.revision ? undefined : refresh()))
    .catch(() => socket.close());
}

async function refresh() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  replace(document.adoptNode(fresh.getElementById("main")));
  document.title = fresh.title;
  say("told", `Updated: ${main().dataset.summary}.`);
}

// Whoever reads goes on where he was: what is open stays open, and what has the focus keeps it.
function replace(fresh) {
  const old = main();
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const { id } of old.querySelectorAll("details[open]")) {
    fresh.querySelector(`#${id}`)?.setAttribute("open", "");
  }
  old.replaceWith(fresh);
  if (focused) {
    const same = [...fresh.querySelectorAll("a, summary")].find((each) => name(each) === name(focused));
    (same ?? fresh).focus({ preventScroll: true });
  }
}

// A link by what it says and where it leads, for two may lead to the same; what opens and closes by what that is.
const name = (element) => (element.matches("a") ? `${element.textContent} ${element.href}` : element.parentElement.id);

connect();
