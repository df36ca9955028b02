// Apollo Client, as a site and an app use it.
import { createHash } from "node:crypto";
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { codes, editor, noting, preflight, report, socketUrl, url } from "./setup.mjs";

const PAGE = gql`
  query Page($first: Int!, $after: String) {
    articles(first: $first, after: $after) {
      edges { cursor node { id title } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
const CARDS = gql`
  fragment Card on ContentItem { title provider { id name } }
  query Cards($slug: String!) { article(slug: $slug) { id ...Card related { id ...Card } } }
`;
const HASHED = gql`query Hashed($slug: String!) { article(slug: $slug) { id title } }`;
const POSTED = gql`query Posted($slug: String!) { article(slug: $slug) { id title } }`;
const TITLE = gql`query Title($slug: String!) { article(slug: $slug) { id title } }`;
const TOPICS = gql`query Topics { topics { nodes { id name } } }`;
const PROVIDERS = gql`query Providers { providers { nodes { id name } } }`;
const TYPES = gql`query Types { __schema { types { kind name possibleTypes { name } } } }`;
const UNKNOWN = gql`query Unknown { articles { unknown } }`;

const cached = (options = {}) =>
  new InMemoryCache({ typePolicies: { Query: { fields: { articles: relayStylePagination() } } }, ...options });
const connect = (link, cache = cached()) => new ApolloClient({ link, cache });
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const names = (connection) => connection.nodes.map((node) => node.name);

/** Query two articles by the digest of one document, and a third from a new client. */
async function byDigest(query, options) {
  const requests = [];
  const http = new HttpLink({ uri: url, fetch: noting(requests) });
  const [registering, begun] = [1, 2].map(() => connect(createPersistedQueryLink({ sha256, ...options }).concat(http)));
  const titles = [];
  for (const [client, slug] of [[registering, "entry-05"], [registering, "entry-06"], [begun, "entry-07"]]) {
    const { data } = await client.query({ query, variables: { slug } });
    titles.push(data.article.title);
  }
  return { requests, titles };
}

/** The possible types for the cache, read from the schema as in Apollo's docs. */
async function possibleTypes() {
  const { data } = await connect(new HttpLink({ uri: url })).query({ query: TYPES });
  const abstract = data.__schema.types.filter((type) => type.possibleTypes);
  return Object.fromEntries(abstract.map((type) => [type.name, type.possibleTypes.map((each) => each.name)]));
}

await report({
  async pages() {
    const requests = [];
    const client = connect(new HttpLink({ uri: url, fetch: noting(requests) }));
    const first = { query: PAGE, variables: { first: 10 } };
    await client.query(first);
    const list = client.watchQuery(first);
    const watching = list.subscribe(() => {});
    const articles = () => client.readQuery(first).articles; // all that the cache has joined so far
    while (articles().pageInfo.hasNextPage) {
      await list.fetchMore({ variables: { after: articles().pageInfo.endCursor } });
    }
    watching.unsubscribe();
    return { requests, titles: articles().edges.map((edge) => edge.node.title) };
  },

  async cards() {
    const cache = cached({ possibleTypes: await possibleTypes() });
    const { data } = await connect(new HttpLink({ uri: url }), cache).query({
      query: CARDS,
      variables: { slug: "entry-07" },
    });
    const card = ({ title, provider }) => ({ title, provider: provider.name });
    const kept = cache.readFragment({
      id: cache.identify(data.article),
      fragment: gql`fragment Kept on Article { title related { title } }`,
    });
    return { article: card(data.article), related: data.article.related.map(card), kept: kept.related.length };
  },

  async batch() {
    const requests = [];
    const client = connect(new BatchHttpLink({ uri: url, fetch: noting(requests) }));
    const [article, topics, providers] = await Promise.all([
      client.query({ query: TITLE, variables: { slug: "entry-07" } }),
      client.query({ query: TOPICS }),
      client.query({ query: PROVIDERS }),
    ]);
    return {
      requests,
      title: article.data.article.title,
      topics: names(topics.data.topics),
      providers: names(providers.data.providers),
    };
  },

  persistedByGet: () => byDigest(HASHED, { useGETForHashedQueries: true }), // and without the header of other GETs
  persistedByPost: () => byDigest(POSTED),

  async persistedInBatches() {
    const requests = [];
    const link = createPersistedQueryLink({ sha256 }).concat(new BatchHttpLink({ uri: url, fetch: noting(requests) }));
    const client = connect(link);
    const [topics, providers] = await Promise.all([client.query({ query: TOPICS }), client.query({ query: PROVIDERS })]);
    return { requests, topics: names(topics.data.topics), providers: names(providers.data.providers) };
  },

  async socket() {
    const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: editor });
    const client = connect(new GraphQLWsLink(socket));
    const { data } = await client.query({ query: TITLE, variables: { slug: "draft" } });
    await socket.dispose();
    return data.article.title;
  },

  async get() {
    const requests = [];
    const link = new HttpLink({ uri: url, useGETForQueries: true, headers: preflight, fetch: noting(requests) });
    const { data } = await connect(link).query({ query: TITLE, variables: { slug: "entry-07" } });
    return { requests, title: data.article.title };
  },

  async preview() {
    const draft = { query: TITLE, variables: { slug: "draft" } };
    const everyone = await connect(new HttpLink({ uri: url })).query(draft);
    const seen = await connect(new HttpLink({ uri: url, headers: editor })).query(draft);
    return { everyone: everyone.data.article, editor: seen.data.article.title };
  },

  async refusals() {
    const requests = [];
    const client = connect(new HttpLink({ uri: url, fetch: noting(requests) }));
    const { error } = await client.query({ query: UNKNOWN, errorPolicy: "all" });
    if (!CombinedGraphQLErrors.is(error)) throw error;
    return { requests, codes: codes(error.errors) };
  },
});
