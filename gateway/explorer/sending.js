// Sends queries by POST and subscriptions over a WebSocket, both with the headers of the headers pane.

const UNFILLED = /^\s*bearer\s*$/i;

// Removes an empty credential, and X-Include-Drafts, which needs the credential.
export function filled(headers = {}) {
  const names = Object.keys(headers);
  const isWaiting = names.some((name) => name.toLowerCase() === "authorization" && UNFILLED.test(headers[name]));
  const left = names.filter((name) => !isWaiting || !/^(authorization|x-include-drafts)$/i.test(name));
  return Object.fromEntries(left.map((name) => [name, headers[name]]));
}

// GraphiQL's fetcher. It sends the headers of a subscription with `connection_init`.
export function fetcherTo(endpoint) {
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const send = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
  return (operation, options = {}) => send(operation, { ...options, headers: filled(options.headers) });
}
