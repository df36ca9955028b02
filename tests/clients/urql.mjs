// urql, with its document cache. By default it sends a query by GET if the URL is short.
import { cacheExchange, Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { codes, editor, noting, preflight, report, url } from "./setup.mjs";

const TITLE = gql`query Title($slug: String!) { article(slug: $slug) { id title topics { name } } }`;
const PAGE = gql`
  query Page($after: String) {
    articles(first: 10, after: $after) { nodes { id title } pageInfo { hasNextPage endCursor } }
  }
`;
const HASHED = gql`query HashedTitle($slug: String!) { article(slug: $slug) { id title } }`;
const POSTED = gql`query PostedTitle($slug: String!) { article(slug: $slug) { id title } }`;
const UNKNOWN = gql`query Unknown { articles { unknown } }`;

function connect(requests, options = {}) {
  return new Client({
    url,
    fetch: noting(requests),
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: preflight },
    ...options,
  });
}

/** Query two articles by the digest of one document, and a third from a new client. */
async function byDigest(document, preferGetForPersistedQueries) {
  const requests = [];
  const exchanges = [cacheExchange, persistedExchange({ preferGetForPersistedQueries }), fetchExchange];
  const registering = connect(requests, { exchanges });
  const begun = connect(requests, { exchanges, fetchOptions: {} }); // a digest needs no header
  const titles = [];
  for (const [client, slug] of [[registering, "entry-05"], [registering, "entry-06"], [begun, "entry-07"]]) {
    const { data, error } = await client.query(document, { slug });
    if (error) throw error;
    titles.push(data.article.title);
  }
  return { requests, titles };
}

await report({
  persistedByGet: () => byDigest(HASHED, true),
  persistedByPost: () => byDigest(POSTED, false),

  async get() {
    const requests = [];
    const client = connect(requests);
    const result = await client.query(TITLE, { slug: "entry-07" });
    await client.query(TITLE, { slug: "entry-07" }); // from the cache
    return { requests, error: result.error?.message, title: result.data?.article.title };
  },

  async pages() {
    const requests = [];
    const client = connect(requests, { preferGetMethod: false });
    const titles = [];
    let page = { hasNextPage: true, endCursor: undefined };
    while (page.hasNextPage) {
      const { data, error } = await client.query(PAGE, { after: page.endCursor });
      if (error) throw error;
      titles.push(...data.articles.nodes.map((node) => node.title));
      page = data.articles.pageInfo;
    }
    return { requests, titles };
  },

  async preview() {
    const client = connect([], { fetchOptions: { headers: { ...editor, ...preflight } } });
    const { data } = await client.query(TITLE, { slug: "draft" });
    return data.article.title;
  },

  async refusals() {
    const requests = [];
    const { error } = await connect(requests, { preferGetMethod: false }).query(UNKNOWN, {});
    return { requests, codes: codes(error.graphQLErrors) };
  },
});
