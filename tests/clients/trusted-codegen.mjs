// Clients that send document names from graphql-codegen: `node trusted-codegen.mjs SERVER DOCUMENTS FOLDER`. The
// documents are a module of graphql-codegen, compiled by tsc. The folder is the content folder.
import { pathToFileURL } from "node:url";
import { cacheExchange, Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { GraphQLClient } from "graphql-request";
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";
import WebSocket from "ws";
import { served } from "./folder.mjs";
import { codes, noting, report, socketUrl, url } from "./setup.mjs";

const { CardsDocument, ChangesDocument } = await import(pathToFileURL(process.argv[3]));
const documentId = CardsDocument.__meta__.hash;
const variables = { first: 2, orderBy: [{ field: "TITLE" }] };

const { begin } = served(process.argv[4]);
const socket = () => ws.createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
const titles = ({ data }) => data.articles.nodes.map(({ title }) => title);

/** The event of a subscription that sends the name of its document. */
async function change(path, client) {
  const named = { query: "", documentId: ChangesDocument.__meta__.hash, variables: { path } };
  const { data, errors } = await begin(client.iterate(named), path);
  await client.dispose();
  return errors ?? data.articleChanged.article.title.startsWith("Draft");
}

await report({
  async fetch() {
    const body = JSON.stringify({ documentId, variables });
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return titles(await response.json());
  },

  async urql() {
    const named = persistedExchange({
      enforcePersistedQueries: true,
      generateHash: async (_, document) => document.__meta__.hash,
    });
    const client = new Client({ url, exchanges: [cacheExchange, named, fetchExchange] });
    return titles(await client.query(CardsDocument, variables));
  },

  async graphqlWs() {
    const client = socket();
    const { value } = await client.iterate({ query: "", documentId, variables }).next();
    await client.dispose();
    return titles(value);
  },

  graphqlWsChange: () => change("graphql-ws.md", socket()),
  graphqlSseChange: () => change("graphql-sse.md", sse.createClient({ url, retryAttempts: 0 })),

  async refusals() {
    const requests = [];
    const client = new GraphQLClient(url, { fetch: noting(requests) });
    const { response } = await client.request("{ corpus { articleCount } }").catch((error) => error);
    return { requests, codes: codes(response.errors) };
  },
});
