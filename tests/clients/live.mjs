// Subscriptions of each client: `node live.mjs SERVER FOLDER`. Each flow writes its own file into the
// content folder and receives the events.
import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";
import WebSocket from "ws";
import { served } from "./folder.mjs";
import { report, socketUrl, url } from "./setup.mjs";

const ARTICLE = `
  subscription Article($path: String!) {
    articleChanged(filter: { path: { eq: $path } }) { type article { title } }
  }
`;
const CORPUS = "subscription Corpus { corpusChanged { removed } }";

const { begin, remove, write } = served(process.argv[3]);
const socket = () => ws.createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });

/** The values of an observable, as an async iterator. */
function values(observable) {
  let subscription;
  return new ReadableStream({
    start(controller) {
      const [next, error, complete] = ["enqueue", "error", "close"].map((name) => (value) => controller[name](value));
      subscription = observable.subscribe({ next, error, complete });
    },
    cancel: () => subscription.unsubscribe(),
  }).values();
}

/** The next event that satisfies the condition. */
async function next(events, holds) {
  for (;;) {
    const { value, done } = await events.next();
    if (done || !value.data) throw new Error(JSON.stringify(value ?? "the end"));
    if (holds(value.data)) return value.data;
  }
}

/** The events of a file that is saved and then deleted. */
async function article(path, listen) {
  const events = listen(ARTICLE, { path });
  await begin(events, path);
  write(path, "Final");
  const saved = await next(events, ({ articleChanged: { article } }) => article.title === "Final");
  remove(path);
  const deleted = await next(events, ({ articleChanged: { type } }) => type !== "UPDATED");
  await events.return();
  return [saved, deleted].map(({ articleChanged: { type, article } }) => `${type} ${article?.title ?? ""}`.trim());
}

/** The event of the corpus when a file is deleted. */
async function corpus(path, listen) {
  const events = listen(CORPUS);
  await begin(events, path);
  remove(path);
  const { corpusChanged } = await next(events, ({ corpusChanged: { removed } }) => removed > 0);
  await events.return();
  return corpusChanged.removed;
}

/** Run a flow with a client, and dispose of the client. */
async function using(client, flow) {
  try {
    return await flow(client);
  } finally {
    await client.dispose();
  }
}

const overSse = (flow) =>
  using(sse.createClient({ url, retryAttempts: 0 }), (client) =>
    flow("graphql-sse.md", (query, variables) => client.iterate({ query, variables })),
  );
const overWs = (flow) =>
  using(socket(), (client) => flow("graphql-ws.md", (query, variables) => client.iterate({ query, variables })));

/** The results of a subscription as urql's stream. */
const byUrql = (client) => (query, variables) =>
  values({ subscribe: ({ next }) => client.subscription(query, variables).subscribe(next) });

await report({
  graphqlSse: () => overSse(article),
  graphqlSseCorpus: () => overSse(corpus),
  graphqlWs: () => overWs(article),
  graphqlWsCorpus: () => overWs(corpus),

  apollo: () =>
    using(socket(), (socket) => {
      const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
      return article("apollo.md", (text, variables) => values(client.subscribe({ query: gql(text), variables })));
    }),

  urql: () =>
    using(socket(), (socket) => {
      const forwardSubscription = (request) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
      });
      const client = new Client({ url, exchanges: [subscriptionExchange({ forwardSubscription })] });
      return article("urql.md", byUrql(client));
    }),

  urqlSse: () =>
    article("urql-sse.md", byUrql(new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true }))),
});
