// Apollo Client with trusted documents: `node trusted-apollo.mjs SERVER APPLICATION`, whose manifest the server trusts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { codes, noting, report, socketUrl, url } from "./setup.mjs";

const application = process.argv[3];
const { CARDS } = await import(pathToFileURL(join(application, "src/cards.js")));
const cache = () => new InMemoryCache({ possibleTypes: { ContentItem: ["Article", "Related"] } });
const manifest = JSON.parse(readFileSync(join(application, "persisted-query-manifest.json")));

async function titles(http, options) {
  const names = createPersistedQueryLink({
    ...generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest }),
    ...options,
  });
  const client = new ApolloClient({ link: names.concat(http), cache: cache() });
  const { data } = await client.query({ query: CARDS, variables: { first: 2 } });
  return data.articles.nodes.map(({ title }) => title);
}

await report({
  get: () => titles(new HttpLink({ uri: url }), { useGETForHashedQueries: true }),
  post: () => titles(new HttpLink({ uri: url })),

  async socket() {
    const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
    const found = await titles(new GraphQLWsLink(socket));
    await socket.dispose();
    return found;
  },

  async refusals() {
    const requests = [];
    const link = new HttpLink({ uri: url, fetch: noting(requests) });
    const client = new ApolloClient({ link, cache: cache() });
    const { error } = await client.query({ query: gql`{ corpus { articleCount } }`, errorPolicy: "all" });
    return { requests, codes: codes(error.errors) };
  },
});
