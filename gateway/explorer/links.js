// Encodes an operation in the fragment of a URL, which browsers do not send to servers.

// The operation in a URL, or null.
export function fromAddress(address) {
  const parts = new URLSearchParams(new URL(address).hash.slice(1));
  const query = parts.get("query");
  if (!query) return null;
  const [variables, operationName] = ["variables", "operationName"].map((name) => parts.get(name) ?? undefined);
  return { query, variables, operationName };
}

// The URL of a page with an operation, or of the page only.
export function toAddress(address, operation = {}) {
  const given = Object.entries(operation).filter(([, value]) => value);
  const url = new URL(address);
  url.hash = new URLSearchParams(given).toString();
  return url.href;
}
