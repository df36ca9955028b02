// The audits of the GraphQL-over-HTTP specification, from its own package.
import { serverAudits } from "graphql-http";
import { preflight, report, url } from "./setup.mjs";

const fetchFn = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...preflight } });

await report({
  async audits() {
    const results = await Promise.all(serverAudits({ url, fetchFn }).map((audit) => audit.fn()));
    return results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
  },
});
