// Keeps the start page and article pages up to date: fetches the page again after each new generation, and replaces
// its main element. It also handles the copy buttons.

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
    // The revision reveals changes from before the subscription, or from while the machine slept.
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

// Fetches run one after the other. A revision that is already shown is not fetched.
function follow(revision, socket) {
  newest = revision;
  following = following
    .then(() => (newest === main().dataset.revision ? undefined : refresh()))
    .catch(() => socket.close());
}

async function refresh() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok && response.status !== 404) throw new Error(response.statusText); // 404: the article is gone
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  replace(document.adoptNode(fresh.getElementById("main")));
  document.title = fresh.title;
  say("told", `Updated: ${main().dataset.summary}.`);
}

// Replaces the main element. Open details stay open, and the focused element keeps the focus.
function replace(fresh) {
  const old = main();
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const { id } of old.querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
  old.replaceWith(fresh);
  if (focused) {
    const same = [...fresh.querySelectorAll("a, summary, button")].find((each) => name(each) === name(focused));
    (same ?? fresh).focus({ preventScroll: true });
  }
}

// Identifies a link by its text and target, because two may share a target, and a summary by the id of its details.
function name(element) {
  return element.matches("summary") ? element.parentElement.id : `${element.textContent} ${element.href ?? ""}`;
}

// Pages over plain HTTP from another machine lack the clipboard API. The text is then selected.
async function copy({ dataset, textContent }) {
  const source = document.getElementById(dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    say("told", `${textContent.replace("Copy", "Copied")}.`);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    say("told", "Selected. Copy it with the keyboard.");
    return "Selected";
  }
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button[data-copies]");
  if (!button) return;
  button.dataset.done = await copy(button);
  setTimeout(() => delete button.dataset.done, 2000);
});

connect();
