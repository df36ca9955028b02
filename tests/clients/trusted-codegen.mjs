// Clients that send the names which graphql-codegen gave documents: `node trusted-codegen.mjs SERVER DOCUMENTS`, a module
// that it made, as tsc compiled it.
import { pathToFileURL } from "node:url";
import { cacheExchange, Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { GraphQLClient } from "graphql-request";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { codes, noting, report, socketUrl, url } from "./setup.mjs";

const { CardsDocument } = await import(pathToFileURL(process.argv[3]));
const documentId = CardsDocument.__meta__.hash;
const variables = { first: 2, orderBy: [{ field: "TITLE" }] };

const titles = ({ data }) => data.articles.nodes.map(({ title }) => title);

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
    const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
    const found = [];
    for await (const result of socket.iterate({ query: "", documentId, variables })) found.push(...titles(result));
    await socket.dispose();
    return found;
  },

  async refusals() {
    const requests = [];
    const client = new GraphQLClient(url, { fetch: noting(requests) });
    const { response } = await client.request("{ corpus { articleCount } }").catch((error) => error);
    return { requests, codes: codes(response.errors) };
  },
});
