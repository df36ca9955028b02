// An operation as a part of an address. It stands behind the "#", so that it reaches no server and no log.

// The operation of an address, or null.
export function fromAddress(address) {
  const parts = new URLSearchParams(new URL(address).hash.slice(1));
  const query = parts.get("query");
  if (!query) return null;
  const [variables, operationName] = ["variables", "operationName"].map((name) => parts.get(name) ?? undefined);
  return { query, variables, operationName };
}

// The address of a page with an operation; without one, that of the page alone.
export function toAddress(address, operation = {}) {
  const given = Object.entries(operation).filter(([, value]) => value);
  const url = new URL(address);
  url.hash = new URLSearchParams(given).toString();
  return url.href;
}
