// graphql-sse, with a connection for each operation. Its subscriptions are in `live.mjs`.
import { createClient } from "graphql-sse";
import { codes, editor, report, url } from "./setup.mjs";

const TITLE = "query Title($slug: String!) { article(slug: $slug) { title } }";

const connect = (options) => createClient({ url, retryAttempts: 0, ...options });

/** All results of one operation, until it is complete. */
async function answers(client, payload) {
  const found = [];
  for await (const result of client.iterate(payload)) found.push(result);
  return found;
}

await report({
  async query() {
    return answers(connect(), { query: TITLE, variables: { slug: "entry-07" } });
  },

  async preview() {
    return answers(connect({ headers: editor }), { query: TITLE, variables: { slug: "draft" } });
  },

  async refusals() {
    const [{ errors }, ...others] = await answers(connect(), { query: "subscription { unknown }" });
    return { codes: codes(errors), others };
  },
});
