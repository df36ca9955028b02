// graphql-ws, the client of `graphql-transport-ws`.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { codes, editor, report, socketUrl } from "./setup.mjs";

const TITLE = "query Title($slug: String!) { article(slug: $slug) { title } }";

const connect = (options) =>
  createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true, ...options });

/** All results of one operation, until it is complete. */
async function answers(client, payload) {
  const found = [];
  for await (const result of client.iterate(payload)) found.push(result);
  return found;
}

/** The close code and reason that a client with these parameters gets. */
async function refused(connectionParams) {
  try {
    return await answers(connect({ connectionParams }), { query: "{ __typename }" });
  } catch (closed) {
    return { code: closed.code, reason: closed.reason };
  }
}

await report({
  async queries() {
    let sockets = 0;
    const client = connect({ lazyCloseTimeout: 1000, on: { opened: () => (sockets += 1) } });
    const slugs = ["entry-05", "entry-06", "entry-07"];
    const results = await Promise.all(
      slugs.map((slug) => answers(client, { query: TITLE, variables: { slug } })),
    );
    await client.dispose();
    return { sockets, titles: results.map(([{ data }]) => data.article.title), each: results.map((result) => result.length) };
  },

  async preview() {
    const client = connect({ connectionParams: editor });
    const [{ data }] = await answers(client, { query: TITLE, variables: { slug: "draft" } });
    return data.article.title;
  },

  async errors() {
    const client = connect({ lazyCloseTimeout: 1000 });
    const errors = await answers(client, { query: "{ articles { unknown } }" }).catch((found) => found);
    const [{ data }] = await answers(client, { query: TITLE, variables: { slug: "entry-07" } });
    await client.dispose();
    return { codes: codes(errors), next: data.article.title };
  },

  async forbidden() {
    return refused({ "X-Include-Drafts": "true" });
  },
});
