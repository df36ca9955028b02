// How operations are sent: queries by POST, subscriptions over a WebSocket, with the headers of the pane for both.

const UNFILLED = /^\s*bearer\s*$/i;

// The headers without a credential that nobody has filled in yet, and without the wish that needs it.
export function filled(headers = {}) {
  const names = Object.keys(headers);
  const isWaiting = names.some((name) => name.toLowerCase() === "authorization" && UNFILLED.test(headers[name]));
  const left = names.filter((name) => !isWaiting || !/^(authorization|x-include-drafts)$/i.test(name));
  return Object.fromEntries(left.map((name) => [name, headers[name]]));
}

// GraphiQL's own, which sends the headers of a subscription with `connection_init`.
export function fetcherTo(endpoint) {
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const send = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
  return (operation, options = {}) => send(operation, { ...options, headers: filled(options.headers) });
}
