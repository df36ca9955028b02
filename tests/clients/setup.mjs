// What every client's script shares: where the server is, who asks, and how its flows are told to the tests.
// The tests run a script as `node SCRIPT SERVER`, and read one JSON object: what each flow returned, by its name.

export const url = `${process.argv[2]}/graphql`;
export const socketUrl = url.replace(/^http/, "ws");

/** Whom drafts are shown to. */
export const editor = { authorization: "Bearer editor", "x-include-drafts": "true" };

/** What no form of another site can send along, and what a GET has to bring. */
export const preflight = { "graphql-require-preflight": "true" };

/** A fetch that notes the method and the status of each request. */
export function noting(requests) {
  return async (input, init) => {
    const response = await fetch(input, init);
    requests.push(`${init?.method ?? "GET"} ${response.status}`);
    return response;
  };
}

export const codes = (errors) => errors.map((error) => error.extensions.code);

/** Run the flows one after another. One that throws tells so in its place, and costs no other. */
export async function report(flows) {
  const told = {};
  for (const [name, flow] of Object.entries(flows)) {
    try {
      told[name] = await flow();
    } catch (error) {
      told[name] = { failed: String(error?.stack ?? error) };
    }
  }
  process.stdout.write(JSON.stringify(told));
}
