// Relay's runtime, with the artifacts of its compiler: `node relay.mjs SERVER ARTIFACTS`.
import { createRequire } from "node:module";
import { join } from "node:path";
import relay from "relay-runtime";
import { noting, report, url } from "./setup.mjs";

const { createOperationDescriptor, Environment, fetchQuery, getSelector, Network, RecordSource, Store } = relay;
const require = createRequire(import.meta.url);
const artifact = (name) => require(join(process.argv[3], `${name}.graphql.js`));

function environment(requests = []) {
  const send = noting(requests);
  const network = Network.create(async ({ text: query }, variables) => {
    const body = JSON.stringify({ query, variables });
    return (await send(url, { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
  });
  return new Environment({ network, store: new Store(new RecordSource()) });
}

/** The data of a fragment, as a component gets it from the store. */
function read(within, fragment, parent) {
  const selector = getSelector(fragment, parent);
  return within.lookup(selector).data;
}

await report({
  async pages() {
    const requests = [];
    const within = environment(requests);
    const [query, page, fragment] = ["listQuery", "listPageQuery", "list_articles"].map(artifact);
    const first = createOperationDescriptor(query, { count: 10 });
    within.retain(first);
    await fetchQuery(within, query, { count: 10 }).toPromise();
    // Like `usePaginationFragment`: fetch the next page, which the store appends to the connection.
    const list = () => read(within, fragment, within.lookup(first.fragment).data).articles;
    while (list().pageInfo.hasNextPage) {
      await fetchQuery(within, page, { count: 10, cursor: list().pageInfo.endCursor }).toPromise();
    }
    const cards = list().edges.map(({ node }) => read(within, artifact("list_card"), node));
    return { requests, titles: list().edges.map(({ node }) => node.title), providers: cards.map((c) => c.provider.name) };
  },

  async refetch() {
    const within = environment();
    const { articles } = await fetchQuery(within, artifact("listPageQuery"), { count: 1 })
      .toPromise()
      .then((data) => read(within, artifact("list_articles"), data));
    const [{ node }] = articles.edges;
    const refetched = await fetchQuery(within, artifact("listArticleQuery"), { id: node.id }).toPromise();
    const article = read(within, artifact("list_article"), refetched.node);
    return { title: article.title, related: article.related.map((each) => read(within, artifact("list_card"), each)) };
  },
});
