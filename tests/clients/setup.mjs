// Shared by all scripts: the server's address, the credentials, and the output of results.
// The tests run a script as `node SCRIPT SERVER`, and read one JSON object: what each flow returned, by its name.

export const url = `${process.argv[2]}/graphql`;
export const socketUrl = url.replace(/^http/, "ws");

/** The credential for drafts. */
export const editor = { authorization: "Bearer editor", "x-include-drafts": "true" };

/** The header that a GET needs, which forms of other sites cannot send. */
export const preflight = { "graphql-require-preflight": "true" };

/** A fetch that records the method and the status of each request. */
export function noting(requests) {
  return async (input, init) => {
    const response = await fetch(input, init);
    requests.push(`${init?.method ?? "GET"} ${response.status}`);
    return response;
  };
}

export const codes = (errors) => errors.map((error) => error.extensions.code);

/** Run the flows in sequence. A flow that throws has its error as its result. */
export async function report(flows) {
  const results = {};
  for (const [name, flow] of Object.entries(flows)) {
    try {
      results[name] = await flow();
    } catch (error) {
      results[name] = { failed: String(error?.stack ?? error) };
    }
  }
  process.stdout.write(JSON.stringify(results));
}
